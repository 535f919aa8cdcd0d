"""The rules "Announced changes" and "Promotion" of docs/architecture.md, slow and plain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from oracle_words import Key, Planned, Record, every

from rosterkit.plan.expectations import Expectation

OWN_SCHOOL = {"User": ("primary_org",), "Role": ("org", "role"), "Enrollment": ("school", "class")}
PERSONAL = ("GuardianLink", "UserProfile", "Demographics")


@dataclass
class Announced:
    """``students``: how many new ones may come, by school (None: anywhere). ``marks``, by expectation: what shows that
    it came.
    """

    students: Counter[str | None] = field(default_factory=Counter)
    marks: dict[int, set[Key]] = field(default_factory=dict)

    def seen(self, planned: Planned) -> dict[int, int]:
        going = {(r.entity.name, r.key) for r in every(planned) if r.action and not r.hold}
        return {number: len(keys & going) for number, keys in self.marks.items() if keys & going}


def leaves(record: Record) -> bool:
    return record.action == "archive" and not record.hold


def comes(record: Record) -> bool:
    return record.action in ("create", "restore") and not record.hold


def announce(planned: Planned, expected: list[Expectation], as_of: date) -> Announced:
    """Marks what was announced: no limit counts it, and it has no grace."""
    out = Announced()
    for one in expected:
        if one.by < as_of:
            continue
        if one.kind == "school":
            close_school(planned, one.school)
            org = planned["Org"].get(one.school)
            out.marks[one.id] = {("Org", one.school)} if org and leaves(org) else set()
        elif one.kind == "domain":
            out.marks[one.id] = rename(planned, one)
        elif one.count > one.seen:
            new = new_students(planned, one.school)
            out.students[one.school or None] += one.count - one.seen
            out.marks[one.id] = {("User", key) for key in new}
            if len(new) <= one.count - one.seen:
                bring_guardians(planned, new)
    return out


NEXT = ["PK", "KG", *(f"{n:02}" for n in range(1, 14))]


def rises(old: str | None, new: str | None) -> bool:
    """Whether the only grade is the next one."""
    before, after = (one[2:-2] if one and len(one) == len('["00"]') else "" for one in (old, new))
    if before in ("PR", "TK"):
        return after == {"PR": "PK", "TK": "KG"}[before]
    return (before, after) in set(pairwise(NEXT))


def promote(planned: Planned) -> set[str]:
    """The rise of grades, and with whom it rises the school, of the person and in the roles. Returns these people."""
    acting = [r for r in planned["User"].values() if r.action in ("update", "restore")]
    people = {r.key for r in acting if rises(r.old["grades"], r.new["grades"])}
    for key in people:
        planned["User"][key].announced_labels |= {"grades", "primary_org"}
    for role in planned["Role"].values():
        if role.new["user"] in people:
            role.announced = role.announced or leaves(role) or comes(role)
            role.announced_labels.add("org")
    return people


def refers(record: Record, name: str, keys: set[str]) -> bool:
    return any(str(c.to) == name and {record.old[c.label], record.new[c.label]} & keys for c in record.entity.refs)


def close_school(planned: Planned, school: str) -> None:
    """What is its own may leave once it leaves or left; its people may get other roles, enrollments and schools."""
    org = planned["Org"].get(school)
    closes = org is not None and (leaves(org) or not org.was_active)
    roles = [r for r in planned["Role"].values() if r.was_active]
    people = {str(r.old["user"]) for r in roles if r.old["org"] == school}
    whole = people - {str(r.old["user"]) for r in roles if r.old["org"] != school}
    classes = {r.key for r in planned["Class"].values() if leaves(r) and refers(r, "Org", {school})}
    for record in every(planned):
        name = record.entity.name
        if closes and leaves(record):
            own = refers(record, "Org", {school}) or refers(record, "Class", classes)
            own = own or (name == "Org" and record.key == school) or (name == "User" and record.key in whole)
            record.announced = record.announced or own or (name in PERSONAL and refers(record, "User", whole))
        if comes(record) and name in ("Role", "Enrollment") and refers(record, "User", people):
            record.announced = True
        owner = record.key if name == "User" else record.new.get("user")
        if owner in people:
            record.announced_labels |= set(OWN_SCHOOL.get(name, ()))


def split(address: str | None) -> tuple[str, str]:
    local, _, domain = (address or "").lower().rpartition("@")
    return local, domain


def rename(planned: Planned, one: Expectation) -> set[Key]:
    """Addresses in which the domain alone changes, from the old one to the new one."""
    found = set()
    for record in planned["User"].values():
        for label in ("email", "username") if record.action in ("update", "restore") else ():
            old, new = split(record.old[label]), split(record.new[label])
            if (old[0], old[1], new[1]) == (new[0], one.old, one.new) and "@" in str(record.old[label]):
                record.announced_labels.add(label)
                found.add(("User", record.key))
    return found


def new_students(planned: Planned, school: str) -> set[str]:
    roles = [r for r in planned["Role"].values() if r.new["role"] == "student"]
    who = {r.new["user"] for r in roles if not school or r.new["org"] == school}
    return {key for key, record in planned["User"].items() if comes(record) and key in who}


def bring_guardians(planned: Planned, students: set[str]) -> None:
    of = {r.new["guardian"] for r in planned["GuardianLink"].values() if r.new["student"] in students}
    for key, record in planned["User"].items():
        if key in of and comes(record):
            record.announced = True
