"""One browser for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import started
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its file: playwright's loop would stand in the way of tests that run one of their own."""
    with started() as browser:
        yield browser
