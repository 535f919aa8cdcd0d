"""Adding by hand: students, staff, guardians, classes, enrollments and guardian links that no source owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rosterkit.errors import Refused, UsageError
from rosterkit.manual.edits import check, refuse, synced
from rosterkit.manual.revision import Done, ManualRun, create_rows
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

_REFERENCES = {c.label for c in by_name("User").columns if c.to}


def _source_at(run: ManualRun, school: Found) -> str:
    """The enabled source that syncs this school; "" where none does."""
    off = switched_off(run.connection)
    for source in synced_by(run.connection, [school.id]):
        entry = run.config.sources.get(source)
        disabled = off.get(source, frozenset())
        if entry is not None and entry.enabled and not disabled & {"", school.sourced_id}:
            return source
    return ""


def _new(run: ManualRun, entity: str, source: str = "manual") -> dict[str, object]:
    number = next_id(run.connection, entity)
    return {"id": number, "sourced_id": fresh_key(run.connection, entity, number), "source": source}


def _person(run: ManualRun, values: Mapping[str, str], key: str, source: str) -> dict[str, object]:
    columns = {c.label: c for c in by_name("User").columns}
    for label in values:
        if label not in columns or label in _REFERENCES:
            raise UsageError(f'A person has no field "{label}" that can be given here.')
    if not values.get("given_name") or not values.get("family_name"):
        raise UsageError("A person needs given_name and family_name.")
    row = _new(run, "User", source)
    if key:
        row["sourced_id"] = key
        if is_taken(run.connection, source, key):
            raise Refused(f"There is a {source} person {key} already.", why="exists")
    texts = {label: value.strip() or None for label, value in values.items()}
    flags = {label: value == "true" for label, value in texts.items() if columns[label].kind == "bool"}
    return row | {"enabled": True} | texts | flags


def _role(run: ManualRun, user: Mapping[str, object], org: int, role: str) -> dict[str, object]:
    own = {"user_id": user["id"], "org_id": org, "role": role, "type": "primary"}
    return _new(run, "Role", str(user["source"])) | own


def _created(run: ManualRun, rows: Mapping[str, Sequence[dict[str, object]]], text: str) -> Done:
    frames = {name: create_rows(by_name(name), some) for name, some in rows.items() if some}
    return run.record(Changes(create=frames), text)


def add_student(run: ManualRun, school: str, values: Mapping[str, str], key: str = "") -> Done:
    """Adds a student; refused while a source syncs the school."""
    run.permit("add student")
    at = find_record(run.connection, by_name("Org"), school)
    if source := _source_at(run, at):
        check(run, "student.add", [at.sourced_id], source)
    user = _person(run, values, key, "manual") | {"primary_org_id": at.id}
    rows = {"User": [user], "Role": [_role(run, user, at.id, "student")]}
    return _created(run, rows, f"Student {user['sourced_id']} added.")


def add_staff(run: ManualRun, school: str, values: Mapping[str, str], role: str = "teacher", key: str = "") -> Done:
    """Adds a member of staff beside the sync."""
    run.permit("add staff")
    if role in ("student", *GUARDIAN_ROLES):
        raise UsageError(f"{role} is no role of staff.")
    at = find_record(run.connection, by_name("Org"), school)
    if source := _source_at(run, at):
        check(run, "staff.add", [at.sourced_id], source)
    user = _person(run, values, key, "manual") | {"primary_org_id": at.id}
    rows = {"User": [user], "Role": [_role(run, user, at.id, role)]}
    return _created(run, rows, f"Member of staff {user['sourced_id']} added.")


def _may_manage_guardians(run: ManualRun, verb: str, student: Found) -> None:
    run.permit(verb)
    schools = [key for _, key in schools_of(run.connection, student)]
    if run.actor.role == "staff":
        check(run, "guardian.staff", schools, student.source)
    if synced(run, student):
        check(run, "guardian.add", schools, student.source)


def add_guardian(
    run: ManualRun,
    student: str,
    values: Mapping[str, str],
    relationship: str = "guardian",
    key: str = "",
    *,
    joined: bool = False,
) -> Done:
    """Adds a guardian of a student; ``joined``: by a join code, which takes no permission."""
    whom = find_record(run.connection, by_name("User"), student)
    if not joined:
        _may_manage_guardians(run, "add guardian", whom)
    user = _person(run, values, key, "joined" if joined else "manual")
    roles = [_role(run, user, org, "guardian") for org, _ in schools_of(run.connection, whom)]
    rows = {"User": [user], "Role": roles, "GuardianLink": [_link(run, user, whom, relationship)]}
    return _created(run, rows, f"Guardian {user['sourced_id']} of {whom.sourced_id} added.")


def _link(run: ManualRun, guardian: Mapping[str, object], student: Found, relationship: str) -> dict[str, object]:
    own = {
        "asserted_by": "manual",
        "guardian_id": guardian["id"],
        "student_id": student.id,
        "relationship": relationship,
    }
    return _new(run, "GuardianLink", str(guardian["source"])) | own


def link(run: ManualRun, guardian: str, student: str, relationship: str = "guardian") -> Done:
    """Links a guardian with a student by hand; refused where a person blocked that link."""
    user = by_name("User")
    who, whom = find_record(run.connection, user, guardian), find_record(run.connection, user, student)
    _may_manage_guardians(run, "link", whom)
    for row in blocks(run.connection).to_dicts():
        if row["kind"] == "link" and (row["record"], row["student"]) == (who.id, whom.id):
            raise Refused("A person blocked this link. Lift the block first: rosterkit unblock link.", why="blocked")
    if are_linked(run.connection, who.id, whom.id):
        raise Refused(f"{guardian} and {student} are linked already.", why="exists")
    rows = {"GuardianLink": [_link(run, {"id": who.id, "source": "manual"}, whom, relationship)]}
    return _created(run, rows, f"{who.sourced_id} is linked with {whom.sourced_id}.")


def add_class(run: ManualRun, school: str, title: str, type_: str = "scheduled", key: str = "") -> Done:
    """Adds a manual class, which people own."""
    run.permit("add class")
    at = find_record(run.connection, by_name("Org"), school)
    row = _new(run, "Class") | {"title": title.strip(), "type": type_, "school_id": at.id}
    if not title.strip():
        raise UsageError("A class needs a title.")
    if key:
        row["sourced_id"] = key
    return _created(run, {"Class": [row]}, f"Class {row['sourced_id']} added.")


def enroll(run: ManualRun, class_: str, person: str, role: str = "student") -> Done:
    """Enrolls a person: in a manual class anybody, in a synced class co-teachers."""
    run.permit("enroll")
    where = find_record(run.connection, by_name("Class"), class_)
    who = find_record(run.connection, by_name("User"), person)
    if role not in ("student", "teacher", "administrator", "proctor"):
        raise UsageError(f'"{role}" is no role in a class: student, teacher, administrator or proctor.')
    if role != "student" and roles_of(run.connection, who.id) == {"student"}:
        raise refuse("class.co-teachers", who.source, f"{person} is a student.")
    schools = schools_of(run.connection, where)
    if synced(run, where):
        code = "class.students" if role == "student" else "class.co-teachers"
        check(run, code, [key for _, key in schools], where.source)
    if is_enrolled(run.connection, where.id, who.id, role):
        raise Refused(f"{person} is {role} of {class_} already.", why="exists")
    own = {"class_id": where.id, "user_id": who.id, "school_id": schools[0][0] if schools else None, "role": role}
    return _created(run, {"Enrollment": [_new(run, "Enrollment") | own]}, f"{person} is {role} of {class_}.")
