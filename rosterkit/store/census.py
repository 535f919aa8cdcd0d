"""How many records are active, by unit of the limits: counted where they are kept.

A record counts at its school; where it names none, or an org that is no school, at the district (school 0). What
belongs to a person counts at every school of the person's active roles (docs/how-the-road-works.md, Limits).
"""

from __future__ import annotations

from rosterkit.model.schema import Entity
from rosterkit.model.vocabulary import NO_SCHOOLS

__all__ = ["CLASS_CENSUS_OF", "census_of"]

_WORDS = ",".join(f"'{word}'" for word in NO_SCHOOLS)
_SCHOOLS = f"schools(id) as (select id from org where type not in ({_WORDS}))"
_PLACE = {"Role": "org_id", "Course": "org_id", "Class": "school_id", "Enrollment": "school_id"}
_PEOPLE = {"Person": "id", "UserProfile": "person_id", "Demographics": "person_id", "GuardianStatement": "student_id"}

CLASS_CENSUS_OF = (
    "select class_id, role, count(*) as base from enrollment "
    "where origin=? and status='active' and class_id in (select value from json_each(?)) group by class_id, role"
)


def census_of(entity: Entity) -> str:
    """The statement that counts the records of an origin (its only value): role, school_id, base."""
    table = f'"{entity.table}"'
    if entity.name in _PEOPLE:
        return _through_people(table, _PEOPLE[entity.name], by_role=entity.name == "Person")
    role = "e.role" if entity.name in ("Role", "Enrollment") else "''"
    place, join = "null", ""
    if entity.name == "ClassTerm":
        place, join = "c.school_id", "join class c on c.id=e.class_id"
    elif entity.name in _PLACE:
        place = f"e.{_PLACE[entity.name]}"
    return (
        f"with {_SCHOOLS}, counted as (select {role} as role, {place} as place, count(*) as base from {table} e {join} "
        "where e.origin=? and e.status='active' group by 1, 2), "
        "placed as (select role, iif(place in (select id from schools), place, 0) as school_id, base from counted) "
        "select role, school_id, sum(base) as base from placed group by 1, 2 "
        "union all select role, null, sum(base) from placed group by 1"
    )


def _through_people(table: str, person: str, *, by_role: bool) -> str:
    """Who has several roles counts in each unit once, and over all once for each role."""
    role = "coalesce(r.role, '')" if by_role else "''"
    return (
        f"with {_SCHOOLS}, seats as (select distinct person_id, {'role' if by_role else chr(39) * 2} as role, "
        "iif(org_id in (select id from schools), org_id, 0) as school_id from role where status='active'), "
        f"counted as (select e.id as id, {role} as role, coalesce(r.school_id, 0) as school_id "
        f"from {table} e left join seats r on r.person_id=e.{person} where e.origin=? and e.status='active') "
        "select role, school_id, count(*) as base from counted group by 1, 2 "
        "union all select role, null, count(distinct id) from counted group by 1"
    )
