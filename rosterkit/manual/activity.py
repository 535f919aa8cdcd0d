"""What happened at a vendor, from a file: who has signed in, who joined by a code, what people edited there.

The file is CSV in UTF-8 with the columns event, user, at, field, value and student. Event is signed_in (user, at),
edited (user, field, value, and at where it is known) or joined (student, and the person's fields as further columns:
given_name, family_name, email, sms, phone).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import polars as pl

from rosterkit.errors import Refused, RosterkitError, UsageError
from rosterkit.manual.additions import add_guardian
from rosterkit.manual.edits import edit
from rosterkit.manual.revision import Actor, Done, ManualRun
from rosterkit.roster.schema import by_name
from rosterkit.store.activity import remember_sign_in
from rosterkit.store.blocks import date_pin, pins
from rosterkit.store.database import transaction
from rosterkit.store.lookup import Found, find_record
from rosterkit.store.plans import now

_PERSON = ("given_name", "family_name", "email", "sms", "phone")
_NEEDED = {"signed_in": ("user", "at"), "joined": ("student", "given_name", "family_name"), "edited": ("user", "field")}


def import_activity(run: ManualRun, path: Path) -> tuple[list[Done], list[str]]:
    """Takes in the file; returns what became revisions, and a sentence for each line that was refused.

    Raises UsageError, before anything is written, where the file cannot be read.
    """
    run.permit("activity import")
    done, problems = [], []
    for number, row in _rows(path):
        try:
            made = _one(run, row)
        except RosterkitError as problem:
            problems.append(f"Line {number}: {problem}")
            continue
        done += [made] if made else []
    return done, problems


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader]
            heads = set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise UsageError(f"{path} cannot be read as CSV in UTF-8: {type(problem).__name__}.") from None
    if "event" not in heads:
        raise UsageError(f'{path} has no column "event". It needs event, user, at, field, value and student.')
    return rows


def _one(run: ManualRun, row: Mapping[str, str]) -> Done | None:
    event = row["event"]
    if event not in _NEEDED:
        raise UsageError(f"The event is none of {', '.join(_NEEDED)}.")
    if missing := [name for name in _NEEDED[event] if not row.get(name)]:
        raise UsageError(f"{event} needs {', '.join(missing)}.")
    if event == "joined":
        values = {name: row[name] for name in _PERSON if row.get(name)}
        return add_guardian(run, row["student"], values, joined=True)
    found = find_record(run.connection, by_name("User"), row["user"])
    at = _moment(row["at"], run.config.zone) if row.get("at") else None
    if event == "edited":
        return _edited(run, found, row["field"], row.get("value", ""), at)
    if at is not None:
        remember_sign_in(run.connection, found.id, at)
        run.about.add(f"User {found.sourced_id}")
    return None


def _moment(text: str, zone: tzinfo) -> datetime:
    """The time in UTC; one without an offset is of the district's zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("The time must be in ISO 8601, such as 2026-09-15 or 2026-09-15T08:30:00+00:00.") from None
    at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    if at > now() + timedelta(days=1):
        raise UsageError(f"The time {at:%Y-%m-%d %H:%M} UTC lies in the future. Correct it.")
    return at


def _edited(run: ManualRun, found: Found, field: str, value: str, at: datetime | None) -> Done:
    """The edit as one of the person, who is the actor, by the sourced id: the vendor let the person edit it.

    Refused where a person has edited that field since ``at``.
    """
    mine = (pl.col("entity") == "User") & (pl.col("record") == found.id) & (pl.col("field") == field)
    newest = pins(run.connection).filter(mine & (pl.col("code") == "person"))["since"].max()
    if at is not None and newest is not None and at < datetime.fromisoformat(str(newest)):
        what = f"A person edited the {field} of {found.sourced_id} later than that, so it stays as it is."
        raise Refused(f"{what} Edit it by hand where this one is right.", why="older")
    there = replace(run, actor=Actor(found.sourced_id, "viewer"))
    done = edit(there, by_name("User"), found.sourced_id, {field: value}, "edited at the vendor")
    if at is not None:
        with transaction(run.connection):
            date_pin(run.connection, found.id, field, done.revision, at.isoformat())
    return done
