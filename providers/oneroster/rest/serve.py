"""The fake OneRoster server as ``rosterkit fake oneroster-rest`` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from providers.oneroster.rest.fake import KEY, SECRET, FakeServer, serving
from providers.oneroster.rest.fake_roster import invented, plant
from rosterkit.testing.fakes import Fake, Running

__all__ = ["FAKE"]


@contextmanager
def _serve(students: int, defects: bool, port: int) -> Iterator[Running]:
    roster = invented(students)
    planted = plant(roster) if defects else {}
    with serving(FakeServer(roster), port) as server:
        settings = {
            "kind": "oneroster-rest",
            "url": server.base,
            "client_id": KEY,
            "client_secret": "env:ONEROSTER_SECRET",
            "token_url": f"{server.base}/token",
        }
        yield Running(server.base, settings, {"ONEROSTER_SECRET": SECRET}, planted)


FAKE = Fake("oneroster-rest", _serve)
