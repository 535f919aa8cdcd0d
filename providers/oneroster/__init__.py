"""OneRoster: the source (CSV 1.1 and 1.2) and the feed that writes it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from providers.oneroster.feed import OneRosterFeed
from providers.oneroster.rules import RULES
from providers.oneroster.settings import OneRosterSettings
from rosterkit.sources.base import Capabilities, OwnPull

if TYPE_CHECKING:
    from rosterkit.roster.rules import Rule
    from rosterkit.sources.base import Context, Extract


class OneRosterSource:
    """Reads OneRoster CSV packages: a zip, a folder, or one folder inside either."""

    kind = "oneroster"
    rules: Sequence[Rule] = RULES
    Settings: type[BaseModel] = OneRosterSettings
    capabilities = Capabilities(
        entities=(
            "Org",
            "AcademicSession",
            "Course",
            "Class",
            "ClassTerm",
            "User",
            "UserProfile",
            "Role",
            "Enrollment",
            "GuardianLink",
            "Demographics",
        ),
        guardians="linked",
        stable_contact_ids=True,
        demographics=True,
        incremental="delta-files",
        sso="none",
        filters=(),
        set_up_by="The district, with an export of its Student Information System.",
        needs=("A package in a folder that rosterkit can read, by SFTP or on a disk.",),
        cannot=("The kind of a guardian's relationship has no column of the standard.",),
        own_pull=OwnPull(
            name="OneRoster files",
            sign_on=False,
            primary_school_only=False,
            splits_schools=True,
            guardians_need_schools=True,
            district_staff=False,
            files_by_district=True,
        ),
    )

    def extract(self, settings: OneRosterSettings, context: Context) -> Extract:
        """Reads the package. Raises SourceUnreadable where it is refused as a whole."""
        from providers.oneroster.source import extract_package  # noqa: PLC0415 - polars is imported when it is needed

        return extract_package(settings, context)


SOURCE = OneRosterSource()
FEED = OneRosterFeed()
