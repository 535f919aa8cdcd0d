"""Reads the collections of a server one after the other, and gives up where going on makes no sense."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from providers.oneroster.rest.decode import joined
from providers.oneroster.rest.fields import COLLECTIONS, Collection
from providers.oneroster.rest.paging import Pages, Pulled, Server, pull
from rosterkit.sources.base import Progress
from rosterkit.sources.http import ApiError


@dataclass(frozen=True)
class Pull:
    """What to read: the names of collections, how pages are asked for, and the filters of an incremental run."""

    names: Sequence[str]
    pages: Pages
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Ended:
    """Why no further collection is read."""

    reason: str


def pull_all(server: Server, job: Pull, progress: Progress) -> list[Pulled]:
    """The collections, in the standard's order, each as far as it could be read.

    Raises ApiError where the server shows nothing at all.
    """
    done: list[Pulled] = []
    ended: _Ended | None = None
    for collection in COLLECTIONS:
        if collection.name not in job.names:
            continue
        if ended is not None:
            done.append(_unread(collection, ended.reason))
            continue
        done.append(_pull(server, collection, job, progress))
        error = done[-1].error
        if error is not None and _is_final(error):
            if not any(pulled.records or pulled.whole for pulled in done):
                raise error
            ended = _Ended(f"reading ended with {collection.name}: {error}")
    errors = [pulled.error for pulled in done if pulled.error is not None]
    if errors and not any(pulled.records or pulled.whole for pulled in done):
        raise errors[0]
    return done


def _is_final(error: ApiError) -> bool:
    """Whether the other collections would fail like this one: no connection, no permission, too many requests."""
    return error.status in (None, 401, 429)


def _unread(collection: Collection, reason: str) -> Pulled:
    return Pulled(collection, joined([], collection), b"", "rest.unread", reason)


def _pull(server: Server, collection: Collection, job: Pull, progress: Progress) -> Pulled:
    """The collection; where the server refuses the filter or the order (400, 422), without them."""
    asked = replace(job.pages, filter=job.filters.get(collection.name, ""))
    pulled = pull(server, collection, asked, progress)
    if not _is_refused(pulled):
        return pulled
    for rules, simpler in (
        (["rest.filter-refused"], replace(asked, filter="")),
        (["rest.sort-refused"], replace(asked, sort=False)),
        (["rest.filter-refused", "rest.sort-refused"], replace(asked, filter="", sort=False)),
    ):
        if simpler == asked:
            continue
        again = pull(server, collection, simpler, progress)
        if not _is_refused(again):
            return replace(again, notes=(*again.notes, *((rule, "") for rule in rules)))
    return pulled


def _is_refused(pulled: Pulled) -> bool:
    return pulled.error is not None and pulled.error.status in (400, 422) and not pulled.records
