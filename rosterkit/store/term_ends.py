"""What ends with its term, of the stored records."""

from __future__ import annotations

import json
import sqlite3
from datetime import date

import polars as pl


def ended(connection: sqlite3.Connection, as_of: date) -> dict[str, pl.Series]:
    """By entity the ids of active sessions, classes and courses that are over on that day.

    A session counts whose end was stored before it came: one that was moved into the past, or came so, does not.
    """
    sessions = _ids(
        connection,
        "select s.id from academic_session s join revision r on r.id=s.updated_revision "
        "where s.status='active' and s.end_date<=? and r.as_of<s.end_date",
        as_of.isoformat(),
    )
    if sessions.is_empty():
        return {}
    over = json.dumps(sessions.to_list())
    classes = _ids(
        connection,
        "select t.class_id from class_term t join class c on c.id=t.class_id where t.status='active' "
        "and c.status='active' group by t.class_id "
        "having sum(t.session_id in (select value from json_each(?)))=count(*)",
        over,
    )
    courses = _ids(
        connection,
        "select id from course where status='active' and school_year_id in (select value from json_each(?)) "
        "and id not in (select course_id from class where status='active' and course_id is not null "
        "and id not in (select value from json_each(?)))",
        over,
        json.dumps(classes.to_list()),
    )
    return {"AcademicSession": sessions, "Class": classes, "Course": courses}


def any_over(connection: sqlite3.Connection, as_of: date) -> bool:
    """Whether any session, active or archived, is over on that day."""
    query = "select 1 from academic_session where end_date<=? limit 1"
    return connection.execute(query, (as_of.isoformat(),)).fetchone() is not None


def school_year(connection: sqlite3.Connection, as_of: date) -> str:
    """The last school year that began by that day; "" where none is known."""
    query = "select max(school_year) from academic_session where start_date<=?"
    return str(connection.execute(query, (as_of.isoformat(),)).fetchone()[0] or "")


def _ids(connection: sqlite3.Connection, query: str, *values: str) -> pl.Series:
    return pl.Series("id", [row[0] for row in connection.execute(query, values)], pl.Int64)
