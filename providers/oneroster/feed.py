"""The OneRoster feed: the roster as a strictly valid bulk package of CSV 1.1 or 1.2, always the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from providers.oneroster.feed_rules import RULES
from providers.oneroster.feed_settings import FeedSettings
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, VendorFacts, Verdict
from rosterkit.roster.rules import Rule


class OneRosterFeed:
    """Writes OneRoster CSV 1.1 and 1.2 (as 1.2.1 has it)."""

    kind: str = "oneroster"
    rules: Sequence[Rule] = RULES
    Settings: type[BaseModel] = FeedSettings
    vendor = VendorFacts(
        name="Any product that reads OneRoster CSV",
        files="oneroster.zip, or the CSV files in a folder",
        transports=("folder", "sftp", "s3", "https"),
        clock="set by the product that reads it",
        leaver="absent from the file: a bulk package holds everybody who is there",
        absence_deletes=True,
        people_by=("users.csv", "sourcedId"),
        recall="Send the package again: the product takes it as a whole.",
    )

    def build(self, roster: Roster, settings: FeedSettings, context: FeedContext) -> Sequence[FeedFile]:
        """One zip, or manifest.csv and the rostering files in its order; no file where no row can be sent.

        ``FeedFile.rows`` counts the records of the files (of manifest.csv its properties; a zip does not count them).
        """
        from providers.oneroster.feed_files import feed_files  # noqa: PLC0415 - 30 ms of every verb that builds nothing

        return feed_files(roster, settings, context)

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: FeedSettings) -> Verdict:
        """The verdict of strict reading: a package with an error is rejected, a header without rows is ignored."""
        from providers.oneroster.preflight import preflight  # noqa: PLC0415 - as in build

        return preflight(files, last_sent, settings)

    def identifiers(self, settings: FeedSettings) -> Mapping[str, str]:
        """None: a product that reads OneRoster takes a record by its sourcedId, which the source keeps."""
        del settings
        return {}
