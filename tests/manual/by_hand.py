"""An invented school for the manual verbs: four students, their guardians, two teachers, two classes, five feeds."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from feed_settings import read_settings

from providers import connect, edlio, handshake, oneroster, uconnect
from rosterkit import Workspace, extraction
from rosterkit.feeds.base import Feed, FeedContext
from rosterkit.plan.plan import Plan
from rosterkit.registry import rules
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Extract
from rosterkit.sources.findings import Findings
from rosterkit.store.database import connect as open_store
from rosterkit.store.effective import overlay
from rosterkit.store.roster import StoredRoster
from rosterkit.testing.memory import MemorySource, extract, table

__all__ = ["DAY", "FEEDS", "LINKS", "PEOPLE", "School", "delivered", "feed_bytes"]

DAY = date(2026, 10, 6)
PEOPLE: dict[str, dict[str, Any]] = {
    "st-1": {"given_name": "Wren", "family_name": "Adeyemi", "identifier": "50001", "grades": '["09"]'},
    "st-2": {"given_name": "Ilya", "family_name": "Brandt", "identifier": "50002", "grades": '["09"]'},
    "st-3": {"given_name": "Noor", "family_name": "Castellan", "identifier": "50003", "grades": '["12"]'},
    "te-1": {"given_name": "Paz", "family_name": "Duarte", "identifier": "60001"},
    "te-2": {"given_name": "Rafe", "family_name": "Engstrom", "identifier": "60002"},
    "gu-1": {"given_name": "Tova", "family_name": "Adeyemi", "sms": "+12175550101"},
    "gu-2": {"given_name": "Omar", "family_name": "Adeyemi", "sms": "+12175550102"},
    "gu-3": {"given_name": "Vera", "family_name": "Brandt", "sms": "+12175550103"},
}
LINKS = (("gu-1", "st-1"), ("gu-2", "st-1"), ("gu-3", "st-2"))
_ROLES = {"st": "student", "te": "teacher", "gu": "guardian"}
_EDLIO = {"file_names_agreed": True, "removal": "absent_removed", "stage": "active", "guardians": "file"}
FEEDS: dict[str, tuple[Feed, dict[str, Any]]] = {
    "oneroster": (oneroster.FEED, {}),
    "uconnect": (
        uconnect.FEED,
        {"identity": "email", "populations": [{"name": "All", "roles": ["student", "teacher", "guardian"]}]},
    ),
    "handshake": (
        handshake.FEED,
        {"username": "identifier", "auth_identifier": "username", "students": {"roles": ["student", "teacher"]}},
    ),
    "edlio": (edlio.FEED, _EDLIO),
    "connect": (connect.FEED, {"guardians": "users"}),
}


def _person(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    row = {"email": f"{key}@cedar.example", "username": f"{key}-login", "primary_org": "S", "enabled": True}
    return {"sourced_id": key, **row, **values}


def delivered(
    people: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    links: tuple[tuple[str, str], ...] = LINKS,
    titles: Mapping[str, str] | None = None,
) -> Extract:
    """The school as the source delivers it; ``people`` takes the place of PEOPLE."""
    whole = PEOPLE if people is None else people
    roles = {key: _ROLES[key[:2]] for key in whole}
    orgs = [{"sourced_id": "D", "name": "Cedar", "type": "district"}]
    orgs += [{"sourced_id": s, "name": f"School {s}", "type": "school", "parent": "D"} for s in ("S", "T")]
    classes = [
        {"sourced_id": c, "title": (titles or {}).get(c, f"Class {c}"), "type": "scheduled", "school": "S"}
        for c in ("C-1", "C-2")
    ]
    enrolled = [
        {"sourced_id": f"{c}:{k}", "class": c, "user": k, "school": "S", "role": roles[k]}
        for c in ("C-1", "C-2")
        for k in whole
        if roles[k] != "guardian" and k != "te-2"
    ]
    kept = [(g, s) for g, s in links if g in whole and s in whole]
    stated = [
        {"sourced_id": f"{s}:{g}", "asserted_by": "student", "guardian": g, "student": s, "relationship": "parent"}
        for g, s in kept
    ]
    return extract(
        {
            "Org": table("Org", orgs),
            "Class": table("Class", classes),
            "User": table("User", [_person(k, v) for k, v in whole.items()]),
            "Role": table(
                "Role",
                [
                    {"sourced_id": f"{k}:S", "user": k, "org": "S", "role": r, "type": "primary"}
                    for k, r in roles.items()
                ],
            ),
            "Enrollment": table("Enrollment", enrolled),
            "GuardianLink": table("GuardianLink", stated),
        }
    )


class School:
    """A workspace into which the school was synced, and what a source delivers next."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.ws = Workspace(folder)
        self._patch = patch

    def plan(self, extract_: Extract | None = None) -> Plan:
        source = MemorySource(extract_ or delivered())
        self._patch.setattr(extraction, "source", lambda _kind: source)
        return self.ws.plan(Path("by-hand"), as_of=DAY)

    def sync(self, extract_: Extract | None = None) -> Plan:
        plan = self.plan(extract_)
        self.ws.approve(plan.id, reason="compared with the office", actor="noa")
        if plan.total_held.total:
            self.ws.approve_held(plan.id, reason="compared with the office", actor="noa")
        self.ws.apply(plan.id, actor="noa")
        return plan

    def settings(self, text: str) -> None:
        """Adds tables to rosterkit.toml."""
        path = self.ws.folder / "rosterkit.toml"
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
        self.ws = Workspace(self.ws.folder)

    def configure(self, old: str, new: str) -> None:
        """Changes rosterkit.toml."""
        path = self.ws.folder / "rosterkit.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.ws = Workspace(self.ws.folder)

    def rows(self, entity: str, feed: str = "") -> dict[str, dict[str, Any]]:
        """The effective rows of an entity, as a feed gets them, by sourced id."""
        with closing(open_store(self.ws.database)) as connection:
            roster = StoredRoster(self.ws.database, 1, overlay(self.ws.database, connection, feed))
            found = roster.table(entity).collect()
        return {row["sourced_id"]: row for row in found.iter_rows(named=True)}

    def stored(self, entity: str, key: str) -> dict[str, Any]:
        """The row as the source delivered it."""
        found = StoredRoster(self.ws.database, 1).table(entity).collect()
        return next(row for row in found.iter_rows(named=True) if row["sourced_id"] == key)

    def links(self, feed: str = "") -> set[tuple[str, str]]:
        """Guardian and student of the links that a feed gets."""
        people = {row["id"]: key for key, row in self.rows("User", feed).items()}
        found = self.rows("GuardianLink", feed).values()
        return {(people[row["guardian_id"]], people[row["student_id"]]) for row in found}

    def lines(self, plan: Plan) -> set[tuple[str, ...]]:
        """entity, sourced id, field, before, after and what holds it."""
        shown = self.ws.show(plan.id).lines
        return set(shown.select("entity", "sourced_id", "field", "before", "after", "held").rows())


def feed_bytes(school: School) -> dict[str, bytes]:
    """What each feed would send."""
    known: tuple[Rule, ...] = tuple(rules().values())
    out = {}
    with closing(open_store(school.ws.database)) as connection, tempfile.TemporaryDirectory() as scratch:
        for name, (feed, given) in FEEDS.items():
            over = overlay(school.ws.database, connection, name)
            roster = StoredRoster(school.ws.database, 1, over)
            context = FeedContext(Findings(known), DAY, Path(scratch), None, over.suppressed)
            made = feed.build(roster, read_settings(feed.Settings, given, where=name), context)
            out[name] = b"".join(_readable(file.content) for file in made)
    return out


def _readable(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return b"".join(package.read(name) for name in package.namelist())
