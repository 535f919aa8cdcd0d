"""Adding by hand: students, staff, guardians, classes, enrollments and guardian links that no source owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rosterkit.errors import Refused, UsageError
from rosterkit.manual.edits import check, refuse, synced
from rosterkit.manual.revision import Desk, Done, create_rows
from rosterkit.plan.changes import Changes
from rosterkit.plan.policy import GUARDIAN_ROLES
from rosterkit.roster.schema import by_name
from rosterkit.store.blocks import blocks
from rosterkit.store.lookup import (
    Found,
    are_linked,
    find_record,
    fresh_key,
    is_enrolled,
    is_taken,
    next_id,
    roles_of,
    schools_of,
    switched_off,
    synced_by,
)

__all__ = ["add_class", "add_guardian", "add_staff", "add_student", "enroll", "link"]

_REFERENCES = {c.label for c in by_name("User").columns if c.to}


def _source_at(desk: Desk, school: Found) -> str:
    """The enabled source that syncs this school; "" where none does."""
    off = switched_off(desk.connection)
    for source in synced_by(desk.connection, [school.id]):
        entry = desk.config.sources.get(source)
        disabled = off.get(source, frozenset())
        if entry is not None and entry.enabled and not disabled & {"", school.sourced_id}:
            return source
    return ""


def _new(desk: Desk, entity: str, source: str = "manual") -> dict[str, object]:
    number = next_id(desk.connection, entity)
    return {"id": number, "sourced_id": fresh_key(desk.connection, entity, number), "source": source}


def _person(desk: Desk, values: Mapping[str, str], key: str, source: str) -> dict[str, object]:
    columns = {c.label: c for c in by_name("User").columns}
    for label in values:
        if label not in columns or label in _REFERENCES:
            raise UsageError(f'A person has no field "{label}" that can be given here.')
    if not values.get("given_name") or not values.get("family_name"):
        raise UsageError("A person needs given_name and family_name.")
    row = _new(desk, "User", source)
    if key:
        row["sourced_id"] = key
        if is_taken(desk.connection, source, key):
            raise Refused(f"There is a {source} person {key} already.", why="exists")
    texts = {label: value.strip() or None for label, value in values.items()}
    flags = {label: value == "true" for label, value in texts.items() if columns[label].kind == "bool"}
    return row | {"enabled": True} | texts | flags


def _role(desk: Desk, user: Mapping[str, object], org: int, role: str) -> dict[str, object]:
    own = {"user_id": user["id"], "org_id": org, "role": role, "type": "primary"}
    return _new(desk, "Role", str(user["source"])) | own


def _created(desk: Desk, rows: Mapping[str, Sequence[dict[str, object]]], text: str) -> Done:
    frames = {name: create_rows(by_name(name), some) for name, some in rows.items() if some}
    return desk.record(Changes(create=frames), text)


def add_student(desk: Desk, school: str, values: Mapping[str, str], key: str = "") -> Done:
    """Adds a student; refused while a source syncs the school."""
    desk.permit("add student")
    at = find_record(desk.connection, by_name("Org"), school)
    if source := _source_at(desk, at):
        check(desk, "student.add", [at.sourced_id], source)
    user = _person(desk, values, key, "manual") | {"primary_org_id": at.id}
    rows = {"User": [user], "Role": [_role(desk, user, at.id, "student")]}
    return _created(desk, rows, f"Student {user['sourced_id']} added.")


def add_staff(desk: Desk, school: str, values: Mapping[str, str], role: str = "teacher", key: str = "") -> Done:
    """Adds a member of staff beside the sync."""
    desk.permit("add staff")
    if role in ("student", *GUARDIAN_ROLES):
        raise UsageError(f"{role} is no role of staff.")
    at = find_record(desk.connection, by_name("Org"), school)
    if source := _source_at(desk, at):
        check(desk, "staff.add", [at.sourced_id], source)
    user = _person(desk, values, key, "manual") | {"primary_org_id": at.id}
    rows = {"User": [user], "Role": [_role(desk, user, at.id, role)]}
    return _created(desk, rows, f"Member of staff {user['sourced_id']} added.")


def _may_manage_guardians(desk: Desk, verb: str, student: Found) -> None:
    desk.permit(verb)
    schools = [key for _, key in schools_of(desk.connection, student)]
    if desk.actor.role == "staff":
        check(desk, "guardian.staff", schools, student.source)
    if synced(desk, student):
        check(desk, "guardian.add", schools, student.source)


def add_guardian(
    desk: Desk,
    student: str,
    values: Mapping[str, str],
    relationship: str = "guardian",
    key: str = "",
    *,
    joined: bool = False,
) -> Done:
    """Adds a guardian of a student; ``joined``: by a join code, which takes no permission."""
    whom = find_record(desk.connection, by_name("User"), student)
    if not joined:
        _may_manage_guardians(desk, "add guardian", whom)
    user = _person(desk, values, key, "joined" if joined else "manual")
    roles = [_role(desk, user, org, "guardian") for org, _ in schools_of(desk.connection, whom)]
    rows = {"User": [user], "Role": roles, "GuardianLink": [_link(desk, user, whom, relationship)]}
    return _created(desk, rows, f"Guardian {user['sourced_id']} of {whom.sourced_id} added.")


def _link(desk: Desk, guardian: Mapping[str, object], student: Found, relationship: str) -> dict[str, object]:
    own = {
        "asserted_by": "manual",
        "guardian_id": guardian["id"],
        "student_id": student.id,
        "relationship": relationship,
    }
    return _new(desk, "GuardianLink", str(guardian["source"])) | own


def link(desk: Desk, guardian: str, student: str, relationship: str = "guardian") -> Done:
    """Links a guardian with a student by hand; refused where a person blocked that link."""
    user = by_name("User")
    who, whom = find_record(desk.connection, user, guardian), find_record(desk.connection, user, student)
    _may_manage_guardians(desk, "link", whom)
    for row in blocks(desk.connection).to_dicts():
        if row["kind"] == "link" and (row["record"], row["student"]) == (who.id, whom.id):
            raise Refused("A person blocked this link. Lift the block first: rosterkit unblock link.", why="blocked")
    if are_linked(desk.connection, who.id, whom.id):
        raise Refused(f"{guardian} and {student} are linked already.", why="exists")
    rows = {"GuardianLink": [_link(desk, {"id": who.id, "source": "manual"}, whom, relationship)]}
    return _created(desk, rows, f"{who.sourced_id} is linked with {whom.sourced_id}.")


def add_class(desk: Desk, school: str, title: str, type_: str = "scheduled", key: str = "") -> Done:
    """Adds a manual class, which people own."""
    desk.permit("add class")
    at = find_record(desk.connection, by_name("Org"), school)
    row = _new(desk, "Class") | {"title": title.strip(), "type": type_, "school_id": at.id}
    if not title.strip():
        raise UsageError("A class needs a title.")
    if key:
        row["sourced_id"] = key
    return _created(desk, {"Class": [row]}, f"Class {row['sourced_id']} added.")


def enroll(desk: Desk, class_: str, person: str, role: str = "student") -> Done:
    """Enrolls a person: in a manual class anybody, in a synced class co-teachers."""
    desk.permit("enroll")
    where = find_record(desk.connection, by_name("Class"), class_)
    who = find_record(desk.connection, by_name("User"), person)
    if role not in ("student", "teacher", "administrator", "proctor"):
        raise UsageError(f'"{role}" is no role in a class: student, teacher, administrator or proctor.')
    if role != "student" and roles_of(desk.connection, who.id) == {"student"}:
        raise refuse("class.co-teachers", who.source, f"{person} is a student.")
    schools = schools_of(desk.connection, where)
    if synced(desk, where):
        code = "class.students" if role == "student" else "class.co-teachers"
        check(desk, code, [key for _, key in schools], where.source)
    if is_enrolled(desk.connection, where.id, who.id, role):
        raise Refused(f"{person} is {role} of {class_} already.", why="exists")
    own = {"class_id": where.id, "user_id": who.id, "school_id": schools[0][0] if schools else None, "role": role}
    return _created(desk, {"Enrollment": [_new(desk, "Enrollment") | own]}, f"{person} is {role} of {class_}.")
