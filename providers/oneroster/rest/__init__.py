"""OneRoster over REST, 1.1 and 1.2: the source ``oneroster-rest``, and what sources of the same standard share."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from providers.oneroster.rest.rules import RULES
from providers.oneroster.rest.settings import RestSettings
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Capabilities, Context, Extract
from rosterkit.sources.http_rules import HTTP_RULES


class OneRosterRestSource:
    """Reads a OneRoster server."""

    kind = "oneroster-rest"
    rules: Sequence[Rule] = (*RULES, *HTTP_RULES)
    Settings: type[BaseModel] = RestSettings
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
        incremental="modified-since",
        sso="OneRoster has no sign-on of its own.",
        filters=("what the SIS lets an application see",),
        set_up_by="The administrator of the SIS makes an application with a client id and a secret.",
        needs=(
            "A server address, a client id and a secret.",
            "Permission to read rosters, and demographics if wanted.",
        ),
        cannot=(
            "It does not tell how a guardian is related to a student.",
            "Asking for changes only does not show what was purged or is no longer shared.",
            "1.1 has one role for each record, so that a person with two roles has two records.",
        ),
    )

    def extract(self, settings: RestSettings, context: Context) -> Extract:
        """Reads the server, as far as it goes; SourceUnreadable where it shows nothing, UsageError for a setting."""
        from providers.oneroster.rest.session import extract  # noqa: PLC0415 - httpx is imported when it is needed

        return extract(settings, context)


SOURCE = OneRosterRestSource()
