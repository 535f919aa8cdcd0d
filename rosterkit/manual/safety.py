"""Child safety by hand: block a link, suppress a person or a value, archive a record; and lift each by name.

These are revisions that take effect at once in every feed. No source, undo or restore lifts them.
"""

from __future__ import annotations

from rosterkit.errors import Refused, UsageError
from rosterkit.manual.revision import Done, ManualRun, block_rows
from rosterkit.plan.changes import Changes
from rosterkit.plan.policy import GUARDIAN_ROLES
from rosterkit.review import required_reason
from rosterkit.roster.schema import Entity, by_name
from rosterkit.store.blocks import blocks
from rosterkit.store.lookup import Found, find_record, roles_of


def block_link(run: ManualRun, adult: str, student: str, reason: str) -> Done:
    """Blocks the link between an adult and a student, whether a source states one or not."""
    run.permit("block")
    who, whom = _people(run, adult, student)
    row: dict[str, object] = {"kind": "link", "student": whom.id, "student_key": whom.sourced_id}
    return _set(run, who, row, reason, f"The link between {who.sourced_id} and {whom.sourced_id} is blocked")


def unblock_link(run: ManualRun, adult: str, student: str, reason: str) -> Done:
    """Lifts the block of a link."""
    run.permit("unblock")
    who, whom = _people(run, adult, student)
    row: dict[str, object] = {"kind": "link", "student": whom.id, "student_key": whom.sourced_id}
    text = f"The link between {who.sourced_id} and {whom.sourced_id} is no longer blocked"
    return _lift(run, who, row, reason, text)


def suppress(run: ManualRun, person: str, reason: str, *, feed: str = "", field: str = "") -> Done:
    """Keeps a person, or one value of the person, from every feed, or from one."""
    run.permit("suppress")
    who, row = _suppression(run, person, feed, field)
    return _set(run, who, row, reason, f"{_what(who, row)} is suppressed")


def unsuppress(run: ManualRun, person: str, reason: str, *, feed: str = "", field: str = "") -> Done:
    """Lifts the suppression of that person, field and feed."""
    run.permit("unsuppress")
    who, row = _suppression(run, person, feed, field)
    return _lift(run, who, row, reason, f"{_what(who, row)} is no longer suppressed")


def archive(run: ManualRun, entity: Entity, name: str, reason: str) -> Done:
    """Archives a record by hand: no feed gets it, nor what refers to it, whatever a source delivers."""
    run.permit("archive")
    found = find_record(run.connection, entity, name)
    return _set(run, found, {"kind": "archive"}, reason, f"{entity.name} {found.sourced_id} is archived by hand")


def unarchive(run: ManualRun, entity: Entity, name: str, reason: str) -> Done:
    """Lifts an archive by hand: the record is again what its source delivers."""
    run.permit("unarchive")
    found = find_record(run.connection, entity, name)
    text = f"{entity.name} {found.sourced_id} is no longer archived by hand"
    return _lift(run, found, {"kind": "archive"}, reason, text)


def _people(run: ManualRun, adult: str, student: str) -> tuple[Found, Found]:
    user = by_name("User")
    who, whom = find_record(run.connection, user, adult), find_record(run.connection, user, student)
    if who.id == whom.id:
        raise UsageError(f"{adult} and {student} are one record: name the adult, then the student.")
    roles = roles_of(run.connection, whom.id)
    if roles and roles <= set(GUARDIAN_ROLES):
        raise UsageError(f"{student} is a guardian: name the adult first, then the student.")
    return who, whom


def _suppression(run: ManualRun, person: str, feed: str, field: str) -> tuple[Found, dict[str, object]]:
    if feed:
        run.config.feed(feed)
    known = [c.label for name in ("User", "Demographics") for c in by_name(name).columns if not c.required]
    if field and field not in known and not field.startswith("attributes."):
        raise UsageError(f'A person has no field "{field}". It is attributes.NAME, or one of {", ".join(known)}.')
    found = find_record(run.connection, by_name("User"), person)
    return found, {"kind": "suppress", "feed": feed, "field": field}


def _what(found: Found, row: dict[str, object]) -> str:
    where = f"in {row['feed']}" if row["feed"] else "in every feed"
    what = f"{row['field']} of {found.sourced_id}" if row["field"] else f"User {found.sourced_id}"
    return f"{what}, {where},"


def _in_force(run: ManualRun, found: Found, row: dict[str, object]) -> int | None:
    mine = {"student": None, "feed": "", "field": ""} | row
    for other in blocks(run.connection).to_dicts():
        same = other["entity"] == found.entity.name and other["record"] == found.id
        if same and all(other[name] == mine[name] for name in ("kind", "student", "feed", "field")):
            return int(other["block_id"])
    return None


def _set(run: ManualRun, found: Found, row: dict[str, object], reason: str, text: str) -> Done:
    why = required_reason(reason)
    if _in_force(run, found, row) is not None:
        raise Refused(f"{text} already.", why="in-force")
    whole = {"op": "set", "feed": "", "field": "", "reason": why} | row
    return run.record(Changes(blocks=block_rows([(found, whole)])), f"{text}.")


def _lift(run: ManualRun, found: Found, row: dict[str, object], reason: str, text: str) -> Done:
    why = required_reason(reason)
    which = _in_force(run, found, row)
    if which is None:
        raise Refused('Nothing like that is in force. See "rosterkit blocks".', why="not-in-force")
    whole = {"op": "lift", "feed": "", "field": "", "reason": why, "block_id": which} | row
    return run.record(Changes(blocks=block_rows([(found, whole)])), f"{text}.")
