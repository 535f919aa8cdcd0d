"""Runs of the OneRoster REST source against its fake server, and ways to break an answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from providers.oneroster.rest import SOURCE
from providers.oneroster.rest.fake import KEY, SECRET, Ask, FakeServer, Reply
from rosterkit.sources.base import Context, Extract, Source
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import HttpLimits

QUICK = HttpLimits(attempts=3, wait_initial=0.001, wait_max=0.01, wait_asked=1, read=2, whole=3)
AS_OF = date(2026, 11, 26)


def context(source: Source = SOURCE, **more: Any) -> Context:
    given: dict[str, Any] = {"findings": Findings(source.rules), "as_of": AS_OF, "demographics": True}
    given["secret"] = lambda text: SECRET if text == "env:SECRET" else text.removeprefix("env:")
    return Context(**{**given, "scratch": Path("unused"), "folder": Path(), **more})


def settings(fake: FakeServer, **more: Any) -> Any:
    given: dict[str, Any] = {
        "url": fake.base,
        "version": fake.version,
        "auth": "oauth2" if fake.auth == "oauth2" else "oauth1",
        "client_id": KEY,
        "client_secret": "env:SECRET",
        "token_url": f"{fake.base}/token",
        "signature": "HMAC-SHA1" if fake.auth == "oauth1-sha1" else "HMAC-SHA256",
    }
    return SOURCE.Settings(**given | more)


def read(fake: FakeServer, *, at: dict[str, Any] | None = None, **more: Any) -> Extract:
    """The extract of that server; ``more`` are settings, ``at`` parts of the context."""
    return SOURCE.extract(settings(fake, **more), context(**at or {}))


def rows(extract: Extract, entity: str) -> pl.DataFrame:
    table = extract.table(entity)
    assert table is not None, f"no table of {entity}"
    return table.rows.collect()


def coverage(extract: Extract) -> dict[str, str]:
    return {table.entity: str(table.coverage) for table in extract.tables}


def met(extract: Extract) -> Counter[str]:
    """How many findings there are of each rule."""
    return Counter(extract.findings["rule"].to_list())


def on(collection: str, answer: Callable[[Ask, Reply], Reply], *, fake: FakeServer, page: int = 1) -> None:
    """From that page of the collection on, the server's answers are changed."""
    seen = 0

    def fault(ask: Ask, _count: int) -> Reply | None:
        nonlocal seen
        if not ask.path.endswith(f"/{collection}"):
            return None
        seen += 1
        return answer(ask, fake.data(ask)) if seen >= page else None

    fake.fault = fault


def with_body(reply: Reply, change: Callable[[Any], Any]) -> Reply:
    return Reply(reply.status, json.dumps(change(json.loads(reply.body))).encode(), reply.headers)
