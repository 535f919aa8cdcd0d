"""OneRoster: the source (CSV 1.1 and 1.2) and the feed that writes it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from providers.oneroster.feed import OneRosterFeed
from providers.oneroster.rules import RULES
from providers.oneroster.source_settings import SourceSettings

if TYPE_CHECKING:
    from rosterkit.roster.rules import Rule
    from rosterkit.sources.bundle import Bundle
    from rosterkit.sources.reading import ReadOptions

__all__ = ["FEED", "SOURCE", "OneRosterSource"]


class OneRosterSource:
    """Reads OneRoster CSV packages: a zip, a folder, or one folder inside either."""

    kind = "oneroster"
    rules: tuple[Rule, ...] = RULES
    Settings = SourceSettings

    def read(self, package: Path, options: ReadOptions) -> Bundle:
        """Reads the package; raises SourceUnreadable when it is refused whole. Never writes anything."""
        from providers.oneroster.source import read_package  # noqa: PLC0415 - polars is imported when it is needed

        return read_package(package, options)


SOURCE = OneRosterSource()
FEED = OneRosterFeed()
