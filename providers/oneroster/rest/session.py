"""One run of the source ``oneroster-rest``: credentials, what to ask for, the pull, and where the next run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from providers.oneroster.rest.auth import ClientCredentials, OAuth1
from providers.oneroster.rest.cells import moment
from providers.oneroster.rest.convert import Reading
from providers.oneroster.rest.cursor import Cursor, mark_of
from providers.oneroster.rest.extract import extract_of
from providers.oneroster.rest.paging import Pages, Pulled, Server
from providers.oneroster.rest.pull import Pull, pull_all
from providers.oneroster.rest.settings import ReadingSettings, RestSettings
from rosterkit.errors import UsageError
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.http import Api, HttpLimits, checked_address, shown_address

ROOTS = {"1.1": "ims/oneroster/v1p1/", "1.2": "ims/oneroster/rostering/v1p2/"}
"""The path of the rostering service below a server's address."""

LIMITS = HttpLimits()

_SCOPES = "https://purl.imsglobal.org/spec/or/{version}/scope/"


def extract(settings: RestSettings, context: Context) -> Extract:
    """Reads the server. Raises SourceUnreadable where it shows nothing, UsageError where a setting is wrong."""
    base, root = _address(settings)
    known = Cursor.of(context.cursor) if settings.incremental and not context.full else None
    if known and not _continues(known, settings, context):
        known = None
    filters = known.filters(timedelta(hours=settings.overlap_hours)) if known else {}
    with Api(base, auth=_auth(settings, context), limits=LIMITS, ca_file=ca_file(settings, context)) as api:
        job = Pull(collections(settings, context), Pages(settings.page_size), filters)
        pulled = pull_all(Server(api, root), job, context.progress)
    name = shown_address(base)
    made = extract_of(
        pulled,
        reading(settings),
        context.findings,
        name=name,
        version=settings.version,
        guardians=settings.guardians,
    )
    return replace(made, cursor=_next_cursor(settings, context, known, pulled).text()) if settings.incremental else made


def collections(settings: ReadingSettings, context: Context) -> list[str]:
    """The names of the collections to read; demographics only where the workspace asks for it."""
    return [name for name in settings.collections if name != "demographics" or context.demographics]


def reading(settings: ReadingSettings) -> Reading:
    """How records are read."""
    return Reading(inclusive_ends=settings.end_dates == "inclusive", state_id_type=settings.state_id_type)


def ca_file(settings: ReadingSettings, context: Context) -> Path | None:
    """The file of certificates, if one is set."""
    return context.folder / settings.ca_file if settings.ca_file else None


def _address(settings: RestSettings) -> tuple[httpx.URL, str]:
    """The server's address and the path of the collections below it."""
    base = checked_address(settings.url, "url")
    if "/ims/oneroster" not in base.path:
        return base, ROOTS[settings.version]
    given = base.path.partition("/ims/oneroster/")[2]
    if given and not ROOTS[settings.version].endswith(given):
        raise UsageError(f'url names another version than version = "{settings.version}". Change one of them.')
    return base, "" if given else ROOTS[settings.version].removeprefix("ims/oneroster/")


def _auth(settings: RestSettings, context: Context) -> httpx.Auth:
    key, secret = context.secret(settings.client_id), context.secret(settings.client_secret)
    if settings.auth == "oauth1":
        return OAuth1(key, secret, method=settings.signature)
    token_url = checked_address(settings.token_url, "token_url")
    token_url = token_url.copy_with(path=token_url.path.rstrip("/"))
    form = {"grant_type": "client_credentials"} | (
        {"scope": _scope(settings, context)} if _scope(settings, context) else {}
    )
    verify = ca_file(settings, context)

    def fetch() -> Any:
        with Api(token_url, limits=LIMITS, ca_file=verify) as api:
            return api.read(str(token_url), method="POST", form=form, auth=httpx.BasicAuth(key, secret)).body

    return ClientCredentials(fetch, shown_address(token_url))


def _scope(settings: RestSettings, context: Context) -> str:
    if settings.oauth_scope:
        return "" if settings.oauth_scope == "none" else settings.oauth_scope
    prefix = _SCOPES.format(version={"1.1": "v1p1", "1.2": "v1p2"}[settings.version])
    wanted = ["roster-core.readonly"] + (["roster-demographics.readonly"] if context.demographics else [])
    return " ".join(prefix + name for name in wanted)


def _digest(settings: RestSettings) -> str:
    """What the marks of a cursor depend on."""
    parts = [settings.url, settings.version, settings.client_id, settings.end_dates, settings.state_id_type]
    parts += [str(settings.guardians)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _continues(cursor: Cursor, settings: RestSettings, context: Context) -> bool:
    age = (context.as_of - cursor.full).days
    return cursor.settings == _digest(settings) and 0 <= age < settings.full_every_days


def _next_cursor(settings: RestSettings, context: Context, known: Cursor | None, pulled: list[Pulled]) -> Cursor:
    """Where the next run goes on. A collection that did not come whole keeps its mark, or is read in full next time."""
    before: Mapping[str, str] = known.marks if known else {}
    marks = {}
    for one in pulled:
        name = one.collection.name
        mark = mark_of(_latest(one), context.as_of) if one.whole else None
        mark = max(filter(None, (mark, before.get(name))), default=None)
        if mark is not None:
            marks[name] = mark
    return Cursor(_digest(settings), known.full if known else context.as_of, marks)


def _latest(pulled: Pulled) -> str | None:
    """The latest dateLastModified; None where a record has none, since its changes could not be seen."""
    times = pulled.raw.rows.select(at=moment(pl.col("dateLastModified")))["at"]
    latest = times.max() if len(times) and not times.null_count() else None
    return str(latest) if latest is not None else None
