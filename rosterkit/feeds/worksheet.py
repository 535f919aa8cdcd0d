"""Worksheets: which records that a vendor has already may be which of the roster, for a person to confirm."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import polars as pl

from rosterkit.feeds.base import FeedContext, Roster
from rosterkit.feeds.csvout import CsvTable


@runtime_checkable
class MakesWorksheets(Protocol):
    """A feed whose vendor may hold records that were made by hand before the first file."""

    def worksheet(self, existing: CsvTable, roster: Roster, settings: Any, context: FeedContext) -> pl.DataFrame:
        """The vendor's list as it came, and beside each line what it may be in the roster.

        Raises UsageError where the list is not one that can be matched.
        """
        ...
