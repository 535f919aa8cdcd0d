# The schedule of one workspace in a container. Build it:  docker build -t rosterkit .
# Run it: see "In a container" in README.md.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY rosterkit ./rosterkit
COPY providers ./providers
COPY fixtures ./fixtures
RUN python -m venv /opt/rosterkit && /opt/rosterkit/bin/pip install --no-cache-dir .

FROM python:3.13-slim
# The workspace is private to this user; a volume that is mounted there must belong to it.
RUN useradd --uid 10001 --no-create-home --home-dir /workspace --shell /usr/sbin/nologin rosterkit \
    && install --directory --owner=rosterkit --group=rosterkit --mode=700 /workspace
COPY --from=build /opt/rosterkit /opt/rosterkit
ENV PATH=/opt/rosterkit/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER rosterkit
WORKDIR /workspace
VOLUME /workspace
# SIGTERM ends the schedule: the stage that is running gives up, and the next start goes on with it.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 CMD ["rosterkit", "-C", "/workspace", "status", "--alive"]
ENTRYPOINT ["rosterkit", "-C", "/workspace"]
CMD ["schedule"]
