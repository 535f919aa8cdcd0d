"""The contract of a feed: a pure function of (revision, settings, as-of date) to files (``rosterkit.feeds``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import IO, Protocol, runtime_checkable

import polars as pl

from rosterkit.intake.installed import installed
from rosterkit.intake.rules import Rule

__all__ = ["Body", "Feed", "FeedFile", "FeedInput", "Rendered", "feed"]

Body = bytes | Callable[[IO[bytes]], None]
"""The bytes of a file, or what writes them to a new file that can seek: a large file is never whole in memory."""


@dataclass(frozen=True)
class FeedInput:
    """What a feed is given: never the store.

    ``frames``: by entity name, the active rows with columns ``sourced_id``, ``modified_at`` and every business column
    by its label (references as sourced ids, ``said_dtype``), in no particular order.
    """

    frames: Mapping[str, pl.DataFrame]
    settings: Mapping[str, object]
    revision: int
    as_of: date


@dataclass(frozen=True)
class FeedFile:
    """One file as the vendor would get it."""

    name: str
    body: Body
    rows: int

    @property
    def content(self) -> bytes:
        """All bytes of the file; for small ones."""
        out = BytesIO()
        self.write(out)
        return out.getvalue()

    def write(self, out: IO[bytes]) -> None:
        """Writes the file to ``out``, which is empty and can seek."""
        if isinstance(self.body, bytes):
            out.write(self.body)
        else:
            self.body(out)


@dataclass(frozen=True)
class Rendered:
    """The files, and the rows that were left out as findings (``file`` is the feed's file, ``key`` the sourced id)."""

    files: tuple[FeedFile, ...]
    findings: pl.DataFrame


@runtime_checkable
class Feed(Protocol):
    """Renders one vendor's files."""

    kind: str
    rules: tuple[Rule, ...]

    def render(self, given: FeedInput) -> Rendered:
        """The files; equal input gives equal bytes. Raises UsageError when a setting is wrong."""
        ...


def feed(kind: str) -> Feed:
    """The feed of that kind, found through the entry points; UsageError when none is installed."""
    return installed("feed", kind, Feed)  # type: ignore[type-abstract]  # a protocol is what is asked for
