"""Clever's lists, page by page: each ends in full, or says why it does not.

Pages follow each other by the id of the last record (``starting_after``), in ascending order of ids, so a record that
is created meanwhile comes later and none is skipped. That a list is complete is not taken from a missing link: after
the last page one more is asked for, which must be empty. An empty page where a further one was announced is no end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from providers.clever.conversion import Reading
from providers.clever.convert import converted
from providers.clever.pull import Pull
from providers.clever.records import canonical, raw_frame
from rosterkit.sources.base import Coverage
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import Answer, Api, ApiError, Walked

_SMALLEST_PAGE = 100


class Pages:
    """The pages of one list, as lists of records. ``trouble`` says why the walk ended before the list did."""

    def __init__(self, api: Api, resource: str, size: int, *, after: str = "", **params: str) -> None:
        self._api = api
        self._resource = resource
        self._size = size
        self._params = params
        self._walked = Walked(api.limits)
        self.last = after
        self.trouble: ApiError | None = None
        self.pages = 0

    def __iter__(self) -> Iterator[list[Any]]:
        seen: set[str] = set()
        goes_on = False
        while True:
            try:
                announced, (records, goes_on) = goes_on, self._page()
                if announced and not records:
                    raise self._error("clever.cut-short", "no record, after a page that has a link to a further one")
                ids = [r["id"].strip() for r in records if isinstance(r, dict) and isinstance(r.get("id"), str)]
                if records and not ids:
                    raise self._error("clever.page-repeated", "a page without a single id, so that the next is unknown")
                if not seen.isdisjoint(ids) or len(set(ids)) < len(ids):
                    raise self._error("clever.page-repeated", "records that it gave before, so the list never ends")
            except ApiError as error:
                self.trouble = error
                return
            if not records:
                return
            seen.update(ids)
            self.last = ids[-1]
            self.pages += 1
            yield records

    def _page(self) -> tuple[list[Any], bool]:
        """The records behind the last one, and whether more are announced.

        A page that is too large for the server is asked for in a smaller size.
        """
        while True:
            after = {"starting_after": self.last} if self.last else {}
            try:
                answer = self._api.read(self._resource, params={**self._params, "limit": self._size, **after})
            except ApiError as error:
                too_large = error.rule == "http.too-large" or error.status == 413
                if not too_large or self._size <= _SMALLEST_PAGE:
                    raise
                self._size = max(_SMALLEST_PAGE, self._size // 4)
                continue
            self._walked.add(answer)
            links = answer.body.get("links")
            rels = [link.get("rel") for link in links if isinstance(link, dict)] if isinstance(links, list) else []
            return unwrapped(answer), "next" in rels

    def _error(self, rule: str, what: str) -> ApiError:
        return ApiError(f"{self._resource}: Clever gave {what}.", rule=rule, address=self._resource)


def unwrapped(answer: Answer) -> list[Any]:
    """The records of a list: each is wrapped as ``{"data": {...}}``. ApiError where the answer is no list."""
    data = answer.body.get("data")
    if not isinstance(data, list):
        raise ApiError(
            f"{answer.address} answers 200 without a list of records.",
            rule="http.not-json",
            address=answer.address,
            status=200,
        )
    return [entry.get("data", entry) if isinstance(entry, dict) else entry for entry in data]


def page_pull(resource: str, records: list[Any], reading: Reading) -> Pull:
    """A resource of which one answer is everything."""
    texts = [canonical(record) for record in records]
    digest = hashlib.sha256("\n".join(texts).encode("utf-8", "replace")).hexdigest()
    page = converted(resource, raw_frame(texts, resource, 0), reading)
    return Pull(resource, pages=[page], rows=len(texts), digest=digest)


def pull(
    api: Api, resource: str, reading: Reading, size: int, findings: Findings, *, name: str = "", **params: str
) -> Pull:
    """Everything that Clever shows of that resource, converted page by page."""
    found = Pull(resource)
    digest = hashlib.sha256()
    walk = Pages(api, resource, size, **params)
    for records in walk:
        texts = [canonical(record) for record in records]
        for text in texts:
            digest.update(text.encode("utf-8", "replace") + b"\n")
        found.pages.append(converted(resource, raw_frame(texts, resource, found.rows), reading))
        found.rows += len(records)
        api.progress(name or resource, found.rows)
    found.digest = digest.hexdigest()
    if walk.trouble is not None:
        _not_full(found, walk, findings)
    return found


def _not_full(found: Pull, walk: Pages, findings: Findings) -> None:
    """What came before the trouble is used, and nothing is archived because it is absent."""
    error = walk.trouble
    assert error is not None
    if found.rows:
        found.coverage = Coverage.PARTIAL
        found.reason = f"the list of {found.resource} ended after {found.rows:,} records: {error}"
        rule = error.rule if error.rule.startswith("clever.") else "clever.cut-short"
    else:
        found.coverage = Coverage.ABSENT
        missing = error.status == 404
        found.reason = (
            f"the district does not share {found.resource} with the application"
            if missing
            else f"{found.resource} cannot be read: {error}"
        )
        rule = "clever.not-shared" if missing else error.rule
    findings.add(rule, file=found.resource, detail=found.reason)
