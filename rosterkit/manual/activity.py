"""What happened at a vendor, from a file: who has signed in, who joined by a code, what people edited there.

The file is CSV in UTF-8 with the columns event, user, at, field, value and student. Event is signed_in (user, at),
edited (user, field, value) or joined (student, and the person's fields as further columns: given_name, family_name,
email, sms, phone).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rosterkit.errors import RosterkitError, UsageError
from rosterkit.manual.additions import add_guardian
from rosterkit.manual.edits import edit
from rosterkit.manual.revision import Actor, Done, ManualRun
from rosterkit.roster.schema import by_name
from rosterkit.store.activity import remember_sign_in
from rosterkit.store.lookup import find_record

__all__ = ["import_activity"]

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
    if event == "signed_in":
        remember_sign_in(run.connection, found.id, row["at"])
        run.about.add(f"User {found.sourced_id}")
        return None
    # The vendor let the person edit it: the person is the actor, by the sourced id.
    there = replace(run, actor=Actor(found.sourced_id, "viewer"))
    return edit(there, by_name("User"), row["user"], {row["field"]: row.get("value", "")}, "edited at the vendor")
