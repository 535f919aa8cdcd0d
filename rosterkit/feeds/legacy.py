"""The contract of a feed: a pure function of (revision, settings, as-of date) to files (``rosterkit.feeds``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol, runtime_checkable

import polars as pl

from rosterkit.registry import installed
from rosterkit.roster.rules import Rule

__all__ = ["Body", "Feed", "FeedFile", "FeedInput", "Frames", "Rendered", "feed"]

Body = bytes | Callable[[IO[bytes]], None]
"""The bytes of a file, or what writes them to a new file that can seek: a large file is never whole in memory."""


class Frames(Protocol):
    """The active rows by entity: ``sourced_id`` and the business columns that are asked for by label.

    An entity that others refer to numbers its sourced ids in their order: there ``sourced_id``, and every reference to
    it, is such a number (UInt32), the place in ``ids``. So they are compared, joined and sorted as integers.
    """

    def ids(self, entity: str) -> pl.Series:
        """The distinct sourced ids of an entity that others refer to, in order."""
        ...

    def read(self, entity: str, columns: Sequence[str]) -> pl.DataFrame:
        """All rows, in no particular order."""
        ...

    def slices(self, entity: str, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows a portion at a time, in the order of ``sourced_id``; all rows of a sourced id are in one slice."""
        ...


@dataclass(frozen=True)
class FeedInput:
    """What a feed is given: never the store.

    ``scratch``: a private folder for what is put away until it is written; none: where the system has such files.
    """

    frames: Frames
    settings: Mapping[str, object]
    revision: int
    as_of: date
    scratch: Path | None = None


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
