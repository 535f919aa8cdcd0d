"""Reads one collection page by page, and knows whether everything came.

Everything came when the server says so (no further ``Link``, or ``X-Total-Count`` records) or sends an empty page; a
page that is merely short proves nothing, since servers cap ``limit`` without a word. Offsets advance by the records
that came, so that a page may become smaller on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import polars as pl

from providers.oneroster.rest.answers import error_code, records_in
from providers.oneroster.rest.decode import Page, Raw, decoded, joined
from providers.oneroster.rest.fields import Collection
from rosterkit.sources.base import Progress
from rosterkit.sources.http import Answer, Api, ApiError, Walked

HALVED = frozenset({502, 504})
"""Statuses that usually mean that a page is too heavy: the next attempt asks for half of it."""

_SMALLEST = 100
_NO_SUCH_PAGE = frozenset({400, 404, 416, 422})
_MOST_DIGITS = 18  # of a count; Python refuses to read a number of thousands of digits
_PAGING_LINKS = frozenset({"next", "prev", "first", "last"})


@dataclass(frozen=True)
class Server:
    """The collections of one OneRoster server: ``root`` is their path below the base address of ``api``."""

    api: Api
    root: str

    def read(self, address: str, params: Mapping[str, str | int], final: Container[int]) -> Answer:
        """The answer of a collection, or of an address that ``resolve`` gave; ApiError where there is none."""
        relative = not address.startswith(("http:", "https:"))
        return self.api.read(
            self.root + address if relative else address, params=params, final=final, types=(dict, list)
        )

    def resolve(self, collection: str, link: str) -> str | None:
        """The absolute address of a link in an answer of that collection, or None where it leads to another host."""
        try:
            return str(self.api.url(str(self.api.url(self.root + collection).join(link))))
        except (ApiError, httpx.InvalidURL, ValueError):
            return None


@dataclass(frozen=True)
class Pages:
    """How pages are asked for."""

    size: int
    sort: bool = True
    filter: str = ""
    check: Callable[[Answer, Collection], None] = lambda _answer, _collection: None
    """Called with each answer that holds records; may raise to stop everything."""


@dataclass(frozen=True)
class Pulled:
    """What came of one collection. ``rule`` and ``reason`` say why it is not whole, where it is not."""

    collection: Collection
    raw: Raw
    digest: bytes  # over the records as they came
    rule: str = ""
    reason: str = ""
    error: ApiError | None = None
    notes: tuple[tuple[str, str], ...] = ()  # further rules that were met, with a detail
    filtered: bool = False  # only what changed was asked for

    @property
    def whole(self) -> bool:
        """Whether everything came."""
        return not self.rule

    @property
    def records(self) -> int:
        """How many records came."""
        return self.raw.rows.height


@dataclass
class _Walk:
    """What is known of a collection while its pages are read."""

    collection: Collection
    limit: int
    filtered: bool = False
    pages: list[Page] = field(default_factory=list)
    seen: dict[bytes, int] = field(default_factory=dict)  # digests of the ids of each page
    latest: bytes = b""
    received: int = 0
    totals: list[int] = field(default_factory=list)
    linked: bool = False  # the server sends Link headers
    offsets: bool = False  # a page after the first was asked for by its offset
    confirming: bool = False  # everything should have come: the next page has to be empty
    notes: dict[str, str] = field(default_factory=dict)
    hash: Any = field(default_factory=hashlib.sha256)  # over the records as they came

    def add(self, page: Page) -> bool:
        """Adds a page; False where a page with the same ids came before."""
        self.latest = hashlib.sha256("\0".join(page.rows["sourcedId"].fill_null("").to_list()).encode()).digest()
        if self.latest in self.seen:
            return False
        self.seen[self.latest] = len(self.pages)
        text = ("," if self.pages else "") + page.text[1:-1]
        self.hash.update(text.encode("utf-8", "surrogatepass"))  # however the records are cut into pages
        self.pages.append(replace(page, text=""))  # it would double the memory
        self.received += page.rows.height
        return True

    def is_confirmed(self) -> bool:
        """Whether the page that came twice is the first, asked for behind the last: the server ignores the offset."""
        return self.confirming and self.seen[self.latest] == 0

    def end(self, rule: str = "", reason: str = "", error: ApiError | None = None) -> Pulled:
        """What came, checked as a whole."""
        raw = joined(self.pages, self.collection)
        if not rule:
            rule, reason = self._doubt()
        return Pulled(
            self.collection, raw, self.hash.digest(), rule, reason, error, tuple(self.notes.items()), self.filtered
        )

    def _doubt(self) -> tuple[str, str]:
        """Why not everything may have come, although the last page did."""
        if len(set(self.totals)) > 1:
            return "rest.changed", f"the server announced {self.totals[0]:,} records, and then {self.totals[-1]:,}"
        if self.totals and self.totals[0] != self.received:
            return "rest.count", f"the server announced {self.totals[0]:,} records, and {self.received:,} came"
        twice = self._twice()
        if twice:
            return "rest.changed", f"{twice:,} records came more than once, and others may be missing for them"
        return "", ""

    def _twice(self) -> int:
        """How many records came on two pages, or twice on one page after which the offset of the next was counted."""
        by_offset = self.offsets and (len(self.pages) > 1 or not self.totals)
        if len(self.pages) < 2 and not by_offset:
            return 0
        ids = pl.concat([page.rows.select("sourcedId", page=pl.lit(i)) for i, page in enumerate(self.pages)])
        times = ids.drop_nulls().group_by("sourcedId").agg(pl.len(), pages=pl.col("page").n_unique())
        several = (pl.col("pages") > 1) | ((pl.col("len") > 1) & by_offset)
        return times.filter(several).height


def pull(server: Server, collection: Collection, pages: Pages, progress: Progress) -> Pulled:
    """Reads the collection as far as it goes. Raises only what ``pages.check`` raises, and UsageError."""
    walk = _Walk(collection, pages.size, bool(pages.filter))
    walked = Walked(server.api.limits)
    link: str | None = ""  # "" while pages are asked for by their offset
    while link is not None:
        halve = not link and walk.limit > _SMALLEST
        try:
            answer = server.read(
                link or collection.name, {} if link else _params(walk, pages), HALVED if halve else frozenset()
            )
            walked.add(answer)
        except ApiError as error:
            if halve and error.status in HALVED:
                walk.limit = max(walk.limit // 2, _SMALLEST)
                continue
            if walk.confirming and error.status in _NO_SUCH_PAGE:
                return walk.end()
            return _failed(walk, error)
        ended = _take(walk, answer, pages)
        if ended is not None:
            return ended
        progress(collection.name, walk.received, walk.totals[-1] if walk.totals else 0)
        link = _next(walk, answer, server)
    return walk.end()


def _params(walk: _Walk, pages: Pages) -> dict[str, str | int]:
    walk.offsets = walk.received > 0
    params: dict[str, str | int] = {"limit": walk.limit, "offset": walk.received}
    if pages.sort:
        params |= {"sort": "sourcedId", "orderBy": "asc"}
    if pages.filter:
        params["filter"] = pages.filter
    return params


def _failed(walk: _Walk, error: ApiError) -> Pulled:
    code = error_code(error.body)
    what = f"{error} ({code})" if code else str(error)
    if walk.pages:
        return walk.end("rest.broken-off", f"it was broken off after {walk.received:,} records: {what}", error)
    return walk.end("rest.not-shared" if error.status in (403, 404) else "rest.unread", what, error)


def _take(walk: _Walk, answer: Answer, pages: Pages) -> Pulled | None:
    """Adds the records of an answer; what came, where that ends it."""
    found = records_in(answer.body, walk.collection)
    if found.records is None:
        why = f" ({found.code})" if found.code else ""
        error = ApiError(
            f"{answer.address} answers 200 without a list of records{why}.",
            rule="http.not-json",
            address=answer.address,
            status=200,
        )
        return _failed(walk, error)
    if found.key:
        walk.notes["rest.envelope"] = found.key if found.key.isalnum() else ""
    if found.code:
        walk.notes["rest.warning"] = found.code
    pages.check(answer, walk.collection)
    walk.totals += _number(answer, "x-total-count")
    if found.records and not walk.add(decoded(found.records, walk.collection, first=walk.received + 1)):
        if walk.is_confirmed():
            return walk.end()
        return walk.end("rest.repeated-page", f"a page of {len(found.records):,} records came twice")
    announced = _number(answer, "x-count")
    if announced and announced[0] != len(found.records):
        came = f"a page of {announced[0]:,} records was announced, and {len(found.records):,} came"
        return walk.end("rest.count", came)
    links = _links(answer)
    if not found.records and links is not None and "next" in links:
        return walk.end("rest.broken-off", "an empty page came, with a link to a further one")
    if not found.records:
        return walk.end()
    unpaged = walk.pages[-1].rows["sourcedId"].n_unique() > walk.limit and not walk.totals and links is None
    return walk.end() if unpaged else None


def _number(answer: Answer, header: str) -> list[int]:
    text = answer.headers.get(header, "").strip()
    return [int(text)] if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else []


def _next(walk: _Walk, answer: Answer, server: Server) -> str | None:
    """The link to the next page, "" where it is to be asked for by its offset, or None where this was the last."""
    links = _links(answer)
    total = walk.totals[-1] if walk.totals else None
    if links is not None and "next" in links:
        walk.linked = True
        found = server.resolve(walk.collection.name, links["next"])
        if found is not None:
            return found
        walk.notes["rest.link-elsewhere"] = ""
        links = None
    if total is not None:
        walk.confirming = walk.received == total and _may_be_a_page_count(walk, answer)
        return None if walk.received == total and not walk.confirming else ""
    if links is not None:
        return None
    walk.confirming = walk.linked  # the last page often has no links, and neither has one whose header was lost
    return ""


def _may_be_a_page_count(walk: _Walk, answer: Answer) -> bool:
    """Whether the total may be only the number of records on this page, as some servers send it."""
    return len(walk.pages) == 1 and "x-count" not in answer.headers


def _links(answer: Answer) -> Mapping[str, str] | None:
    """The links of the answer to other pages by their ``rel``, or None where it has none."""
    if "link" not in answer.headers:
        return None
    links = httpx.Response(200, headers=answer.headers).links
    found = {rel: link.get("url", "") for rel, link in links.items() if rel in _PAGING_LINKS}
    return found or None
