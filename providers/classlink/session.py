"""One run of the source ``classlink``: the way in, a pull that does not change under us, and what is worth a remark."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date

import httpx
import polars as pl

from providers.classlink.applications import Application, application
from providers.classlink.settings import ClassLinkSettings
from providers.oneroster.rest.auth import OAuth1
from providers.oneroster.rest.cells import moment
from providers.oneroster.rest.extract import extract_of
from providers.oneroster.rest.fields import Collection
from providers.oneroster.rest.paging import Pages, Pulled, Server
from providers.oneroster.rest.pull import Pull, pull_all
from providers.oneroster.rest.session import ROOTS, ca_file, collections, reading
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.http import Answer, Api, HttpLimits, checked_address, shown_address

LIMITS = HttpLimits(wait_initial=1, wait_max=32)
"""ClassLink asks for waits that grow from a second to 32, with jitter."""

_ATTEMPTS = 3


def extract(settings: ClassLinkSettings, context: Context) -> Extract:
    """Reads the roster. Raises SourceUnreadable where nothing is shown, UsageError where a setting is wrong."""
    with ExitStack() as stack:
        server, name = _server(settings, context, stack)
        pulled = _steady_pull(server, settings, context)
    _remark(pulled, settings, context)
    return extract_of(
        pulled,
        reading(settings),
        context.findings,
        name=name,
        version=settings.version,
        guardians=settings.guardians,
    )


def _server(settings: ClassLinkSettings, context: Context, stack: ExitStack) -> tuple[Server, str]:
    """The district's server, and what people call it."""
    trusted = ca_file(settings, context)
    root = ROOTS[settings.version]
    if settings.access == "direct":
        key, secret = context.secret(settings.client_id), context.secret(settings.client_secret)
        base = checked_address(settings.url, "url")
        auth = OAuth1(key, secret, method=settings.signature)
        return Server(stack.enter_context(Api(base, auth=auth, limits=LIMITS, ca_file=trusted)), root), shown_address(
            base
        )
    base = checked_address(settings.proxy_url, "proxy_url")
    partner = {"Authorization": f"Bearer {context.secret(settings.partner_key)}"}
    listing = stack.enter_context(Api(base, headers=partner, limits=LIMITS, ca_file=trusted))
    share = application(listing, settings)
    if not share.active:
        context.findings.add("classlink.tenant-status", file="applications")
    district = DistrictBearer(share, lambda: application(listing, settings))
    api = stack.enter_context(Api(base, auth=district, limits=LIMITS, ca_file=trusted))
    return Server(api, f"{share.path}/{root}"), f"{shown_address(base)} (tenant {settings.tenant_id})"


class DistrictBearer(httpx.Auth):
    """Sends the district's token. On a 401 the list is read again; a token that changed is tried once.

    The same token again means that the district withdrew its permission: the 401 stays.
    """

    def __init__(self, share: Application, read_again: Callable[[], Application]) -> None:
        self._bearer = share.bearer
        self._read_again = read_again

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends the request with the token, and once more where another token took its place."""
        request.headers["Authorization"] = f"Bearer {self._bearer}"
        response = yield request
        if response.status_code != 401:
            return
        try:
            bearer = self._read_again().bearer
        except SourceUnreadable:
            return  # the share is gone, or cannot be looked up: what came until now stays
        if bearer != self._bearer:
            self._bearer = bearer
            request.headers["Authorization"] = f"Bearer {bearer}"
            yield request


class _ChangedError(Exception):
    """The revision of data and permissions is another than at the start."""


class _Revision:
    """Compares ``x-perm-rev`` of all answers of one pull."""

    def __init__(self, *, stop: bool) -> None:
        self._stop = stop
        self._first: str | None = None
        self.changed = False

    def check(self, answer: Answer, _collection: Collection) -> None:
        """Notes or, to ``stop`` the pull, raises that the revision changed. An answer without one says nothing."""
        found = answer.headers.get("x-perm-rev")
        if found is None:
            return
        if self._first is None:
            self._first = found
        if found != self._first:
            self.changed = True
            if self._stop:
                raise _ChangedError


def _steady_pull(server: Server, settings: ClassLinkSettings, context: Context) -> list[Pulled]:
    """What came in one piece. Where data or permissions change on the way it starts again, three times in all."""
    for attempt in range(1, _ATTEMPTS + 1):
        revision = _Revision(stop=attempt < _ATTEMPTS)
        job = Pull(collections(settings, context), Pages(settings.page_size, check=revision.check))
        try:
            pulled = pull_all(server, job, context.progress)
        except _ChangedError:
            context.findings.add("classlink.started-again", detail=f"attempt {attempt} of {_ATTEMPTS}")
            continue
        return [_doubted(one) for one in pulled] if revision.changed else pulled
    raise AssertionError("the last attempt does not stop")


def _doubted(pulled: Pulled) -> Pulled:
    """What came, of which nobody knows whether it belongs together."""
    if not pulled.whole:
        return pulled
    reason = "the district's data or permissions changed while they were read"
    return replace(pulled, rule="classlink.perm-rev", reason=reason)


def _remark(pulled: list[Pulled], settings: ClassLinkSettings, context: Context) -> None:
    """Findings about the share as a whole."""
    users = next((one for one in pulled if one.collection.name == "users" and one.whole), None)
    if users is not None and users.records and not _has_unenrolled(users.raw.rows):
        context.findings.add("classlink.unenrolled-users", file="users")
    times = [latest for one in pulled if (latest := _latest(one.raw.rows)) is not None]
    if times and (context.as_of - max(times)).days > settings.stale_days:
        detail = f"the latest change is of {max(times)}"
        context.findings.add("classlink.stale", detail=detail)


def _has_unenrolled(users: pl.DataFrame) -> bool:
    """Whether somebody is there whom no class brings: an administrator or a guardian."""
    words = pl.concat([users["role"], users["roles"].explode().struct.field("role")]).drop_nulls().str.to_lowercase()
    return bool((words.str.contains("admin|principal") | words.is_in(["guardian", "parent", "relative"])).any())


def _latest(rows: pl.DataFrame) -> date | None:
    latest = rows.select(at=moment(pl.col("dateLastModified")))["at"].max()
    return date.fromisoformat(str(latest)[:10]) if latest is not None else None
