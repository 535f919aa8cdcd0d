"""Looking around in the stored roster: people and classes by name, and what belongs to one of them.

Rows are dictionaries of texts. ``schools``: sourced ids of the only schools that may be seen; None: all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from rosterkit.roster.schema import by_name, entities
from rosterkit.roster.vocabulary import NO_SCHOOLS
from rosterkit.store.schools import schools_of_records

Row = dict[str, Any]


def _rows(connection: sqlite3.Connection, query: str, values: Sequence[object] = ()) -> list[Row]:
    done = connection.execute(query, tuple(values))
    names = [column[0] for column in done.description]
    return [dict(zip(names, row, strict=True)) for row in done]


_NONE = ",".join(f"'{one}'" for one in NO_SCHOOLS)
_IS_SCHOOL = f"o.type is not null and o.type not in ({_NONE})"
_SEEN = "(?1 is null or {} in (select value from json_each(?1)))"


def _asked(schools: Sequence[str] | None) -> str | None:
    return None if schools is None else json.dumps(list(schools))


def schools(connection: sqlite3.Connection, seen: Sequence[str] | None = None) -> list[Row]:
    """The active schools by name: sourced_id, name, identifier, students, staff, classes."""
    query = f"""
        select o.sourced_id, coalesce(o.name, o.sourced_id) name, coalesce(o.identifier, '') identifier,
          (select count(distinct user_id) from role r where r.org_id=o.id and r.status='active' and r.role='student')
            students,
          (select count(*) from class c where c.school_id=o.id and c.status='active') classes
        from org o where o.status='active' and {_IS_SCHOOL} and {_SEEN.format("o.sourced_id")} order by name"""
    return _rows(connection, query, (_asked(seen),))


def words_of_schools(connection: sqlite3.Connection, *, besides: Sequence[str]) -> set[str]:
    """The ids, names and numbers of every school but these, without what these have too."""
    mine = "o.sourced_id in (select value from json_each(?1))"
    query = f"select {mine} or not coalesce({_IS_SCHOOL}, 0), o.sourced_id, o.name, o.identifier from org o"
    own: set[str] = set()
    others: set[str] = set()
    for shown, *words in connection.execute(query, (_asked(besides),)):
        (own if shown else others).update(word for word in words if word)
    return others - own


def schools_of(connection: sqlite3.Connection, entity: str, sourced_id: str) -> list[frozenset[str]]:
    """The schools of each record of that id; [] where there is none, also of an unknown entity."""
    try:
        kind = by_name(entity)
    except KeyError:
        return []
    return schools_of_records(connection, kind, sourced_id)


def keys_seen(connection: sqlite3.Connection, keys: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Of these sourced ids, those of which some record is known and every record is at one of the schools."""
    mine = frozenset(seen)
    out = []
    for key in keys:
        found = [schools for entity in entities() for schools in schools_of_records(connection, entity, key)]
        if found and all(schools & mine for schools in found):
            out.append(key)
    return out


_PEOPLE = """
    from user u where (?2='' or u.status=?2)
      and (?3='' or lower(coalesce(u.given_name,'')||' '||coalesce(u.family_name,'')) like ?4 escape '\\'
        or lower(coalesce(u.username,'')) like ?4 escape '\\' or u.sourced_id=?3 or u.identifier=?3
        or lower(u.email)=?3)
      and (?5='' or exists (select 1 from role r where r.user_id=u.id and r.status='active' and r.role=?5))
      and (?6='' or exists (select 1 from role r join org o on o.id=r.org_id where r.user_id=u.id
        and r.status='active' and o.sourced_id=?6))
      and (?1 is null or exists (select 1 from role r join org o on o.id=r.org_id where r.user_id=u.id
          and r.status='active' and o.sourced_id in (select value from json_each(?1)))
        or exists (select 1 from guardian_link g join role r on r.user_id=g.student_id and r.status='active'
          and r.role='student' join org o on o.id=r.org_id where g.guardian_id=u.id and g.status='active'
          and o.sourced_id in (select value from json_each(?1))))"""


def people(
    connection: sqlite3.Connection,
    *,
    search: str = "",
    role: str = "",
    school: str = "",
    status: str = "active",
    page: int = 1,
    size: int = 50,
    seen: Sequence[str] | None = None,
) -> tuple[int, list[Row]]:
    """How many users match, and one page of them by name: sourced_id, source, name, roles, schools, status."""
    text = search.strip().lower()
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    values = (_asked(seen), status, text, like, role, school)
    total = int(connection.execute(f"select count(*) {_PEOPLE}", values).fetchone()[0])
    query = f"""
        select u.sourced_id, u.source, u.status, trim(coalesce(u.given_name,'')||' '||coalesce(u.family_name,'')) name,
          (select group_concat(distinct r.role) from role r where r.user_id=u.id and r.status='active') roles,
          (select group_concat(o.name, '; ') from (select distinct o.name from role r join org o on o.id=r.org_id
            where r.user_id=u.id and r.status='active' and {_IS_SCHOOL} and {_SEEN.format("o.sourced_id")}) o) schools
        {_PEOPLE} order by u.family_name, u.given_name, u.sourced_id limit ?7 offset ?8"""
    return total, _rows(connection, query, (*values, size, (max(page, 1) - 1) * size))


def roles_of(connection: sqlite3.Connection, user: str, seen: Sequence[str] | None = None) -> list[Row]:
    """The roles of a user: sourced_id, role, type, org, org_key, begin_date, end_date, status."""
    query = f"""
        select r.sourced_id, r.role, r.type, coalesce(o.name, o.sourced_id) org, o.sourced_id org_key,
          r.begin_date, r.end_date, r.status
        from role r join user u on u.id=r.user_id join org o on o.id=r.org_id
        where u.sourced_id=?2 and {_SEEN.format("o.sourced_id")} order by r.status, o.name, r.role"""
    return _rows(connection, query, (_asked(seen), user))


def classes_of(connection: sqlite3.Connection, user: str, seen: Sequence[str] | None = None) -> list[Row]:
    """The classes of a user: sourced_id, title, role, school, begin_date, end_date, status of the enrollment."""
    query = f"""
        select c.sourced_id, coalesce(c.title, c.sourced_id) title, e.role, o.name school, e.begin_date, e.end_date,
          e.status
        from enrollment e join user u on u.id=e.user_id join class c on c.id=e.class_id join org o on o.id=c.school_id
        where u.sourced_id=?2 and {_SEEN.format("o.sourced_id")} order by e.status, title, c.sourced_id"""
    return _rows(connection, query, (_asked(seen), user))


def family_of(connection: sqlite3.Connection, user: str, seen: Sequence[str] | None = None) -> list[Row]:
    """The links of a user as guardian or student: sourced_id and name of the other, who, relationship, asserted_by.

    A link is active while one assertion of it is.
    """
    query = """
        select o.sourced_id, trim(coalesce(o.given_name,'')||' '||coalesce(o.family_name,'')) name,
          case when g.guardian_id=u.id then 'student' else 'guardian' end who, max(g.relationship) relationship,
          group_concat(distinct g.asserted_by) asserted_by, min(g.status) status
        from user u join guardian_link g on u.id in (g.guardian_id, g.student_id)
          join user o on o.id = case when g.guardian_id=u.id then g.student_id else g.guardian_id end
        where u.sourced_id=?2 and (?1 is null or exists (select 1 from role r join org s on s.id=r.org_id
          where r.user_id=g.student_id and r.status='active' and s.sourced_id in (select value from json_each(?1))))
        group by o.id, who, name order by status, who, name, o.sourced_id"""
    return _rows(connection, query, (_asked(seen), user))


def sources_of(connection: sqlite3.Connection, user: str) -> list[str]:
    """The sources that know a user by that id."""
    return [row["source"] for row in _rows(connection, "select distinct source from user where sourced_id=?1", (user,))]


_CLASSES = f"""
    from class c join org o on o.id=c.school_id left join course k on k.id=c.course_id
    where c.status='active' and {_SEEN.format("o.sourced_id")}
      and (?2='' or lower(coalesce(c.title,'')) like ?3 escape '\\' or lower(coalesce(c.code,'')) like ?3 escape '\\'
        or c.sourced_id=?2) and (?4='' or o.sourced_id=?4)"""


def classes(
    connection: sqlite3.Connection,
    *,
    search: str = "",
    school: str = "",
    page: int = 1,
    size: int = 50,
    seen: Sequence[str] | None = None,
) -> tuple[int, list[Row]]:
    """How many active classes match, and one page: sourced_id, title, code, type, school, course, students."""
    text = search.strip().lower()
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    values = (_asked(seen), text, like, school)
    total = int(connection.execute(f"select count(*) {_CLASSES}", values).fetchone()[0])
    query = f"""
        select c.sourced_id, coalesce(c.title, c.sourced_id) title, c.code, c.type, o.name school, k.title course,
          (select count(*) from enrollment e where e.class_id=c.id and e.status='active' and e.role='student') students
        {_CLASSES} order by o.name, title, c.sourced_id limit ?5 offset ?6"""
    return total, _rows(connection, query, (*values, size, (max(page, 1) - 1) * size))


def members_of(connection: sqlite3.Connection, class_: str) -> list[Row]:
    """Who is in a class: sourced_id, name, role, status of the enrollment; teachers first."""
    query = """
        select u.sourced_id, trim(coalesce(u.given_name,'')||' '||coalesce(u.family_name,'')) name, e.role, e.status
        from enrollment e join class c on c.id=e.class_id join user u on u.id=e.user_id
        where c.sourced_id=?1 order by e.status, e.role='student', u.family_name, u.given_name, u.sourced_id"""
    return _rows(connection, query, (class_,))
