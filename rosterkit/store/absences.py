"""Who disappeared, and on which days a run saw so."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import polars as pl

from rosterkit.plan.plan_day import ABSENCES
from rosterkit.roster.schema import by_name
from rosterkit.store.plans import newest_day

_KEPT_DAYS = 90
_KEY = "a.source||'/'||a.id_space||'/'||a.sourced_id"


def absences(connection: sqlite3.Connection) -> pl.DataFrame:
    """The absences that are known: ABSENCES."""
    rows: list[tuple[object, ...]] = []
    for (name,) in connection.execute("select distinct entity from absence order by entity").fetchall():
        query = (
            f"select a.entity, {_KEY}, a.role, a.day, coalesce(r.status='active', 0) from absence a "
            f'left join "{by_name(name).table}" r using (source, id_space, sourced_id) '
            "where a.entity=? order by 2, 4"
        )
        rows += [(*row[:4], bool(row[4])) for row in connection.execute(query, (name,))]
    return pl.DataFrame(rows, schema=ABSENCES, orient="row")


def remember(
    connection: sqlite3.Connection, plan: str, as_of: date, absent: pl.DataFrame, returned: pl.DataFrame
) -> None:
    """Adds the day for what is absent (entity, key, role), inside the caller's transaction; ends it for what is back.

    A person has a row for each day, any other record one for the first. Old days are forgotten by the day of the newest
    applied plan: a plan that somebody makes for a day far off forgets nothing.
    """
    day = as_of.isoformat()
    connection.executemany(
        "delete from absence where entity=? and source=? and id_space=? and sourced_id=?",
        ((entity, *key.split("/", 2)) for entity, key in returned.iter_rows()),
    )
    connection.executemany(
        "insert or ignore into absence (entity, source, id_space, sourced_id, day, role, plan) "
        "select ?1,?2,?3,?4,?5,?6,?7 where ?1='User' or not exists (select 1 from absence where "
        "entity=?1 and source=?2 and id_space=?3 and sourced_id=?4 and day<=?5)",
        ((entity, *key.split("/", 2), day, role, plan) for entity, key, role in absent.iter_rows()),
    )
    last = min(as_of, newest_day(connection) or date.min + timedelta(days=_KEPT_DAYS))
    connection.execute("delete from absence where day < ?", ((last - timedelta(days=_KEPT_DAYS)).isoformat(),))


def forget_plan(connection: sqlite3.Connection, plan: str) -> None:
    """What a plan saw does not count where a person rejects it; inside the caller's transaction."""
    connection.execute("delete from absence where plan=?", (plan,))
