"""A small canonical roster that any version can send whole, and ways to render it with changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from providers.oneroster.feed import OneRosterFeed
from providers.oneroster.feed_settings import FeedSettings
from rosterkit.feeds.base import FeedContext, FeedFile, Roster
from rosterkit.roster.schema import by_name
from rosterkit.sources.findings import Findings
from rosterkit.testing.frames import roster_of

Rows = dict[str, list[dict[str, Any]]]
TERM = {"title": "Fall", "type": "term", "start_date": "2026-08-10", "end_date": "2027-01-16", "school_year": "2027"}


def person(sourced_id: str, given: str, family: str, **more: Any) -> dict[str, Any]:
    names = {"given_name": given, "family_name": family, "username": f"{given}.{family}".lower(), "enabled": True}
    return {"sourced_id": sourced_id, **names, **more}


def role(sourced_id: str, of: str, org: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"sourced_id": sourced_id, "user": of, "org": org, "role": kind, "type": "primary", **more}


def roster() -> Rows:
    """A district, two schools, two classes, five people; every optional column is filled somewhere."""
    return {
        "Org": [
            {"sourced_id": "D", "name": "Plainfield, Unified", "type": "district", "identifier": "0612"},
            {"sourced_id": "S1", "name": "Elm", "type": "school", "parent": "D",
             "attributes": '{"metadata.city":"Elm, MN"}'},
            {"sourced_id": "S2", "name": 'The "Oak"', "type": "school", "parent": "D"},
        ],
        "AcademicSession": [
            {"sourced_id": "Y", **TERM, "type": "schoolYear", "end_date": "2027-06-11"},
            {"sourced_id": "T1", **TERM, "parent": "Y"},
        ],
        "Course": [
            {"sourced_id": "K", "title": "Biology", "code": "B1", "org": "D", "school_year": "Y",
             "grades": '["09","10"]', "subjects": '["Life","Earth"]', "subject_codes": '["03051","03008"]'},
        ],
        "Class": [
            {"sourced_id": "C1", "title": "Biology 1", "type": "scheduled", "course": "K", "school": "S1",
             "code": "B-1", "grades": '["09"]', "subjects": '["Life"]', "subject_codes": '["03051"]',
             "periods": '["3","1"]', "location": "Room 4"},
            {"sourced_id": "C2", "title": "Homeroom", "type": "homeroom", "course": "K", "school": "S2"},
        ],
        "ClassTerm": [
            {"sourced_id": "C1|T1", "class": "C1", "session": "T1"},
            {"sourced_id": "C1|Y", "class": "C1", "session": "Y"},
            {"sourced_id": "C2|T1", "class": "C2", "session": "T1"},
        ],
        "User": [
            person("ana", "Ana", "Ibáñez", grades='["09"]', user_ids='["{LDAP:ana}","{SIS:5}"]', identifier="1001",
                   email="ana@plainfield.example", middle_name="Luz",
                   attributes='{"metadata.bus":"7","program":"dual"}'),
            person("bo", "Bo", "Nakamura", grades='["10"]', phone="5550101", sms="5550102"),
            person("gus", "Gus", "Ibáñez", enabled=False),
            person("tess", "Tess", "Okafor", primary_org="S1", preferred_given_name="Tessy", pronouns="she/her"),
            person("pia", "Pia", "Lindqvist"),
        ],
        "Role": [
            role("ana|S1|student", "ana", "S1", "student"),
            role("bo|S1|student", "bo", "S1", "student"),
            role("bo|S2|student", "bo", "S2", "student"),
            role("gus|S1|guardian", "gus", "S1", "guardian"),
            role("tess|S1|teacher", "tess", "S1", "teacher"),
            role("pia|D|administrator", "pia", "D", "administrator"),
        ],
        "Enrollment": [
            {"sourced_id": "E1", "class": "C1", "user": "ana", "school": "S1", "role": "student",
             "begin_date": "2026-08-10", "end_date": "2027-01-16"},
            {"sourced_id": "E2", "class": "C2", "user": "bo", "school": "S2", "role": "student"},
            {"sourced_id": "E3", "class": "C1", "user": "tess", "school": "S1", "role": "teacher", "primary": True},
        ],
        "GuardianLink": [
            {"sourced_id": "g1", "asserted_by": "student", "guardian": "gus", "student": "ana"},
            {"sourced_id": "g2", "asserted_by": "guardian", "guardian": "gus", "student": "bo"},
        ],
        "Demographics": [
            {"sourced_id": "ana", "user": "ana", "birth_date": "2011-02-28", "sex": "female", "asian": False,
             "white": True, "country_of_birth_code": "US", "city_of_birth": "Elm"},
        ],
        "UserProfile": [],
    }  # fmt: skip


def frames(rows: Rows) -> dict[str, pl.DataFrame]:
    """The rows as tables."""
    made = {}
    for name, records in rows.items():
        schema: dict[str, type[pl.DataType]] = {"sourced_id": pl.String, "modified_at": pl.String}
        schema |= by_name(name).incoming_schema
        assert not {key for row in records for key in row} - set(schema)
        made[name] = pl.DataFrame([{key: row.get(key) for key in schema} for row in records], schema=schema)
    return made


@dataclass(frozen=True)
class Rendered:
    files: tuple[FeedFile, ...]
    findings: pl.DataFrame


def built(given: Roster, **settings: object) -> Rendered:
    feed = OneRosterFeed()
    context = FeedContext(Findings(feed.rules), date(2026, 9, 1), Path())
    files = feed.build(given, FeedSettings.model_validate(settings), context)
    return Rendered(tuple(files), context.findings.frame())


def render(rows: Rows, version: str = "1.2", **settings: object) -> Rendered:
    given = {"version": version, "form": "folder", "demographics": True, **settings}
    return built(roster_of(frames(rows)), **given)


def contents(rendered: Rendered) -> dict[str, bytes]:
    return {file.name: file.content for file in rendered.files}
