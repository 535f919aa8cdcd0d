"""What changed since the last applied run, from Clever's list of events (30 days of them, oldest first).

Events give users and sections. Schools, courses and terms are read in full in every run: they are few, and Clever makes
courses and terms up from sections, so their ids may be new without an event. Contacts are read in full as soon as one
of them is in an event: who a contact without an id is cannot be seen from that contact alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from providers.clever.client import Pages, unwrapped
from providers.clever.conversion import Reading
from providers.clever.convert import converted
from providers.clever.pull import Pull
from providers.clever.records import canonical, raw_frame
from providers.clever.settings import ApiSettings
from rosterkit.sources.base import Coverage
from rosterkit.sources.http import Api, ApiError

_KEPT_DAYS = 29  # Clever keeps events for 30 days; a day is left for clocks and time zones
_CURSOR = re.compile(r"^([0-9a-f]{24}) ([0-9a-f]{16})$")
_PAGE = 1000


@dataclass
class Changes:
    """The events since the cursor, the last event of each record only."""

    pulls: dict[str, Pull] = field(default_factory=dict)
    contacts: bool = False  # a contact changed
    cursor: str = ""  # the last event that was read
    why_full: str = ""  # why they cannot be used, and everything is to be read in full


def _settings_digest(settings: ApiSettings) -> str:
    """What the last run read: other settings read other rows, and that needs a full read."""
    text = settings.model_dump_json(include={"scope", "version", "last_day", "staff_role", "attributes"})
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cursor_text(event: str, settings: ApiSettings, *, demographics: bool) -> str:
    """The cursor of an extract: the last event that it covers, and what its settings were."""
    return f"{event} {_with_demographics(settings, demographics=demographics)}"


def _with_demographics(settings: ApiSettings, *, demographics: bool) -> str:
    return hashlib.sha256(f"{_settings_digest(settings)} {demographics}".encode()).hexdigest()[:16]


def newest_event(api: Api) -> str:
    """The id of the newest event, or "" where there is none or events are not switched on."""
    try:
        events = unwrapped(api.read("events", params={"ending_before": "last", "limit": 1}))
    except ApiError:
        return ""
    last = events[-1].get("id") if events and isinstance(events[-1], dict) else None
    return last if isinstance(last, str) else ""


def why_full(cursor: str | None, settings: ApiSettings, as_of: date, *, demographics: bool) -> str:
    """Why everything must be read in full before events are even asked for, or ""."""
    match = _CURSOR.match(cursor or "")
    if match is None:
        return "no cursor of an applied run is known"
    event, digest = match.groups()
    if digest != _with_demographics(settings, demographics=demographics):
        return "the settings of the source have changed"
    made = datetime.fromtimestamp(int(event[:8], 16), tz=UTC).date()  # an ObjectId starts with its time
    if as_of - made > timedelta(days=_KEPT_DAYS):
        return f"the last applied run read events up to {made}, and Clever keeps them for 30 days"
    return ""


def read_changes(api: Api, cursor: str, settings: ApiSettings, reading: Reading) -> Changes:
    """The events behind the cursor. Where they cannot be used, ``why_full`` says so."""
    start = cursor.split(" ", maxsplit=1)[0]
    changes = Changes(cursor=start)
    try:
        api.read(f"events/{start}")  # Clever does not say what it does with a cursor that it no longer knows
    except ApiError as error:
        changes.why_full = f"Clever does not know the event of the last applied run: {error}"
        return changes
    walk = Pages(api, "events", _PAGE, after=start)
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    count, before = 0, start
    for events in walk:
        count += len(events)
        ids = [before, *(event.get("id", "") for event in events if isinstance(event, dict))]
        if ids != sorted(ids):  # they begin with their time: an older event would undo a newer one of its record
            changes.why_full = "events did not come in the order in which they happened"
            return changes
        before = ids[-1]
        api.progress("events", count)
        if count > settings.events_limit:
            changes.why_full = f"more than {settings.events_limit:,} events are waiting"
            return changes
        if not _collect(events, latest):
            changes.why_full = "an event has no type or no record that could be read"
            return changes
    if walk.trouble is not None:
        changes.why_full = f"the list of events ended after {count:,}: {walk.trouble}"
        return changes
    changes.cursor = walk.last
    for resource in ("users", "sections"):
        changes.pulls[resource] = _delta(resource, latest, reading, changes)
    return changes


def _collect(events: Iterable[Any], latest: dict[tuple[str, str], dict[str, Any]]) -> bool:
    """Keeps the last event of each record; False where one cannot be read."""
    for event in events:
        try:
            resource, action = event["type"].split(".")
            record = event["data"]["object"]
            key = record["id"]
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        if not isinstance(key, str):
            return False
        latest[resource, key] = {"deleted": action == "deleted", "record": record}
    return True


def _delta(resource: str, latest: dict[tuple[str, str], dict[str, Any]], reading: Reading, changes: Changes) -> Pull:
    found = Pull(resource, Coverage.DELTA, "a set of events", changes=True)
    digest = hashlib.sha256()
    texts = []
    for (kind, key), event in latest.items():
        if kind != resource:
            continue
        record = event["record"]
        if resource == "users" and _may_be_contact(record):
            changes.contacts = True
            if record.get("roles"):  # without roles it may be anybody: it is gone from either id space
                continue
        digest.update(f"{key} {event['deleted']} {canonical(record)}\n".encode("utf-8", "replace"))
        if event["deleted"]:
            found.deleted.append(key)
        else:
            texts.append(canonical(record))
    found.pages.append(converted(resource, raw_frame(texts, resource, 0), reading))
    found.rows = len(texts)
    found.digest = digest.hexdigest()
    return found


def _may_be_contact(record: dict[str, Any]) -> bool:
    roles = record.get("roles")
    return not isinstance(roles, dict) or not roles or "contact" in roles
