"""ClassLink Roster Server: the source ``classlink``, through the OAuth 2 proxy or directly with OAuth 1.0a."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from providers.classlink.rules import RULES
from providers.classlink.settings import ClassLinkSettings
from providers.oneroster.rest.rules import RULES as REST_RULES
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Capabilities, Context, Extract, OwnPull
from rosterkit.sources.http_rules import HTTP_RULES


class ClassLinkSource:
    """Reads one district's Roster Server."""

    kind = "classlink"
    rules: Sequence[Rule] = (*RULES, *REST_RULES, *HTTP_RULES)
    Settings: type[BaseModel] = ClassLinkSettings
    capabilities = Capabilities(
        entities=(
            "Org",
            "AcademicSession",
            "Course",
            "Class",
            "ClassTerm",
            "User",
            "Role",
            "Enrollment",
            "GuardianLink",
            "Demographics",
        ),
        guardians="linked",
        stable_contact_ids=True,
        demographics=True,
        incremental="",
        sso="ClassLink LaunchPad (OAuth 2, OpenID Connect, SAML); its SourcedId is the sourcedId of the roster.",
        filters=("school", "course", "class", "unenrolled users", "demographics"),
        set_up_by="The district shares its roster in Roster Server; the vendor's partner account gets a key.",
        needs=(
            "Roster Server with a daily import from the SIS.",
            "The permission Full, or Custom with all schools, and Unenrolled Users for guardians and administrators.",
            "Demographics switched on, if birth dates are wanted.",
        ),
        cannot=(
            "It does not tell how a guardian is related to a student, nor who has custody.",
            "By default it sends only people who are enrolled in a shared class: no guardians, no administrators.",
            "Asking for changes only would miss purged records and withdrawn permissions, so all is read every time.",
            "Where a product reads ClassLink itself, guardians whose organisation is the district do not arrive.",
        ),
        own_pull=OwnPull(
            name="ClassLink",
            sign_on=True,
            primary_school_only=False,
            splits_schools=False,
            guardians_need_schools=True,
            district_staff=False,
            files_by_district=False,
        ),
    )

    def extract(self, settings: ClassLinkSettings, context: Context) -> Extract:
        """Reads the roster, as far as it goes; SourceUnreadable where nothing is shown, UsageError for a setting."""
        from providers.classlink.session import extract  # noqa: PLC0415 - httpx is imported when it is needed

        return extract(settings, context)


SOURCE = ClassLinkSource()
