"""The source of kind "clever": a district's roster from Clever's API (Secure Sync), in full or by events."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

from pydantic import BaseModel

from providers.clever.assemble import absent_tables, tables
from providers.clever.capabilities import API_CAPABILITIES
from providers.clever.client import page_pull, pull, unwrapped
from providers.clever.conversion import Reading
from providers.clever.events import Changes, cursor_text, newest_event, read_changes, why_full
from providers.clever.pull import Pull, report_problems
from providers.clever.rules import API_RULES
from providers.clever.settings import ApiSettings
from providers.clever.tokens import DistrictToken
from rosterkit.errors import SourceUnreadable
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Capabilities, Context, Coverage, Extract, Table
from rosterkit.sources.http import Api, HttpLimits, checked_address, shown_address

_FROZEN = {
    "paused": "the district has paused its sync, so what Clever shows is frozen",
    "pending": "the district must first act in Clever's dashboard (pending), so what Clever shows is frozen",
    "error": "Clever reports an error in the district's sync, so what it shows is frozen",
}
"""States of a district in which Clever goes on showing old data."""

_ALWAYS_FULL = ("schools", "terms", "courses")


class CleverApi:
    """Reads a district's roster from Clever's API."""

    kind = "clever"
    rules: Sequence[Rule] = API_RULES
    capabilities: Capabilities = API_CAPABILITIES
    Settings: type[BaseModel] = ApiSettings
    limits = HttpLimits()

    def extract(self, settings: ApiSettings, context: Context) -> Extract:
        """The district's roster, by events where a cursor allows it. Raises as ``Source.extract`` says."""
        token = DistrictToken(settings, context.secret, self.limits)
        base = checked_address(f"{settings.address.rstrip('/')}/{settings.version}", "address")
        with Api(
            base,
            auth=token,
            limits=self.limits,
            reset_header="X-RateLimit-Reset",
            ca_file=settings.ca_file,
            progress=context.progress,
        ) as api:
            return _Run(api, settings, context).extract(token.district)


class _Run:
    """One run against one district."""

    def __init__(self, api: Api, settings: ApiSettings, context: Context) -> None:
        self._api = api
        self._settings = settings
        self._context = context
        self._reading = Reading(
            settings.last_day, settings.staff_role, tuple(settings.attributes), demographics=context.demographics
        )

    def extract(self, expected: str | None) -> Extract:
        districts = page_pull("districts", unwrapped(self._api.read("districts")), self._reading)
        district, state, system = self._district(districts, expected)
        if reason := _FROZEN.get(state):
            self._context.findings.add("clever.district-frozen", file="districts", value=state, detail=reason)
            frozen = absent_tables(reason, demographics=self._context.demographics)
            return self._extract(district, system, {"districts": districts}, frozen, self._context.cursor)
        pulls, event = self._pulls()
        pulls["districts"] = districts
        report_problems(pulls.values(), self._context.findings)
        made = tables(
            pulls,
            district,
            self._settings.scope,
            self._context.findings,
            keep_full_name="full_name" in self._settings.attributes,
            demographics=self._context.demographics,
        )
        cursor = cursor_text(event, self._settings, demographics=self._context.demographics) if event else None
        return self._extract(district, system, pulls, made, cursor)

    def _district(self, districts: Pull, expected: str | None) -> tuple[str, str, str]:
        """Id, state and system of the one district of the token; SourceUnreadable where it is not the one meant."""
        found = districts.table("district")
        rows = 0 if found is None else found.height
        if found is None or rows != 1:
            raise SourceUnreadable(
                f"The token shows {rows} districts, and a district's token shows one. Use the token of the district "
                "and the application, not that of a signed-in user.",
                rule="clever.not-one-district",
                file="districts",
            )
        district, state, system = found.row(0)
        if expected not in (None, district):
            raise SourceUnreadable(
                f"The token is that of district {district}, and the settings name {expected}. Nothing was read.",
                rule="clever.other-district",
                file="districts",
            )
        return district, (state or "").lower(), system or ""

    def _pulls(self) -> tuple[dict[str, Pull], str]:
        """What is read of each resource, and the last event that it covers ("" where events are of no use)."""
        changes = self._changes()
        if changes.why_full:
            if self._context.cursor and self._settings.events:
                self._context.findings.add("clever.read-in-full", file="events", detail=changes.why_full)
            event = newest_event(self._api) if self._settings.events else ""
            return self._together([*_ALWAYS_FULL, "sections", "users"]), event
        pulls = self._together(_ALWAYS_FULL) | changes.pulls
        if changes.contacts:
            pulls["contacts"] = self._pull("users", name="contacts", role="contact")
        else:
            pulls["contacts"] = Pull("events", Coverage.DELTA, "a set of events", changes=True)
        return pulls, changes.cursor

    def _changes(self) -> Changes:
        """The events since the last applied run; taken before anything else, so that none falls between."""
        context, settings = self._context, self._settings
        if context.full or not settings.events:
            return Changes(why_full="everything is to be read in full")
        reason = why_full(context.cursor, settings, context.as_of, demographics=context.demographics)
        if reason:
            return Changes(why_full=reason)
        return read_changes(self._api, context.cursor or "", settings, self._reading)

    def _together(self, resources: Sequence[str]) -> dict[str, Pull]:
        found = self._api.together([partial(self._pull, resource) for resource in resources])
        return dict(zip(resources, found, strict=True))

    def _pull(self, resource: str, name: str = "", **params: str) -> Pull:
        return pull(
            self._api, resource, self._reading, self._settings.page_size, self._context.findings, name=name, **params
        )

    def _extract(
        self, district: str, system: str, pulls: Mapping[str, Pull], made: tuple[Table, ...], cursor: str | None
    ) -> Extract:
        digests = "\n".join(f"{name} {pull.digest}" for name, pull in sorted(pulls.items()))
        return Extract(
            id=hashlib.sha256(f"{district}\n{digests}".encode()).hexdigest(),
            name=f"{shown_address(self._api.base)} district {district}",
            version=self._settings.version.removeprefix("v"),
            tables=made,
            findings=self._context.findings.frame(),
            system=system,
            rows_read={name: pull.rows for name, pull in sorted(pulls.items())},
            cursor=cursor,
        )
