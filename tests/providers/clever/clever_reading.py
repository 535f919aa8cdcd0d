"""A fake Clever server for each test that asks for one, and a source that does not wait long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from providers.clever import SOURCE
from providers.clever.fake import FakeClever, invent
from providers.clever.settings import ApiSettings
from providers.clever.source import CleverApi
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import HttpLimits

QUICK = HttpLimits(attempts=3, wait_initial=0.001, wait_max=0.01, wait_asked=5, read=5)
Read = Callable[..., Extract]


@pytest.fixture
def clever() -> Iterator[FakeClever]:
    with FakeClever(invent(60)) as server:
        yield server


@pytest.fixture
def read(clever: FakeClever, tmp_path: Path) -> Read:
    """Reads the fake's district; keywords are settings, but ``context`` holds fields of the context."""
    source = CleverApi()
    source.limits = QUICK
    secrets = {"env:TOKEN": clever.token, "env:ID": clever.client[0], "env:SECRET": clever.client[1]}

    def run(*, context: dict[str, Any] | None = None, **settings: Any) -> Extract:
        base: dict[str, Any] = {"address": clever.address, "token_address": clever.address}
        chosen = ApiSettings.model_validate({**base, "token": "env:TOKEN"} | settings)
        plain = Context(
            Findings(SOURCE.rules), datetime.now(tz=UTC).date(), tmp_path, tmp_path, secret=secrets.__getitem__
        )
        return source.extract(chosen, replace(plain, **(context or {})))

    return run
