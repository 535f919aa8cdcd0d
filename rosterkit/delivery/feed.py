"""The contract of a feed: a pure function of (revision, settings, as-of date) to files (``rosterkit.feeds``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

import polars as pl

from rosterkit.intake.installed import installed
from rosterkit.intake.rules import Rule

__all__ = ["Feed", "FeedFile", "FeedInput", "Rendered", "feed"]


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
    content: bytes
    rows: int


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
