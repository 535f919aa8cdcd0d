"""The turn of a term: what ends with it closes, whatever the source still lists; what begins waits for its day.

A session ends when its last day, which was stored before that day came, is over. A class ends with its sessions, a
course with its school year once no class needs it, an enrollment and a class's term with the class or the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import polars as pl

from rosterkit.plan.ids import NO_IDS, among, minus
from rosterkit.plan.plan_day import PlanDay
from rosterkit.plan.records import (
    ACTION,
    CAUSE,
    HOLD,
    Records,
    comes,
    delivered_row,
    ids_by_entity,
    leaves,
    links,
    node,
    set_hold,
)
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Entity, by_name

_SESSION, _CLASS, _TERM = "AcademicSession", "Class", "ClassTerm"


def close_ended(records: Records, plan_day: PlanDay | None, snapshot: Snapshot) -> Records:
    """Archives what ended, and drops what the source would bring back of it."""
    if plan_day is None or not plan_day.rollover.close_ended:
        return records
    records = _closed(records, plan_day, snapshot)
    return _not_brought_back(records, plan_day, snapshot)


def _closed(records: Records, plan_day: PlanDay, snapshot: Snapshot) -> Records:
    if not any(ids.len() for ids in plan_day.ended.values()) or _SESSION not in records.values:
        return records
    today = plan_day.as_of.isoformat()
    over = records.of(_SESSION).filter(pl.col("end_date") <= today, among(pl.col("id"), plan_day.ended[_SESSION]))
    sessions = _closing(records, _SESSION, over["id"])
    kept = minus(plan_day.ended[_SESSION], sessions)  # it goes on after all
    term = by_name(_TERM)
    going_on = (
        [snapshot.rows(term, snapshot.children(term, term.column("session"), kept))["class_id"]] if kept.len() else []
    )
    going_on.append(_taken_up(records, today, snapshot))
    classes = _closing(records, _CLASS, minus(plan_day.ended.get(_CLASS, NO_IDS), *going_on))
    courses = minus(plan_day.ended.get("Course", NO_IDS), _needed(records, classes))
    if "Course" in records.values:
        elsewhere = records.of("Course").filter(~among(pl.col("school_year_id"), sessions).fill_null(value=False))["id"]
        courses = minus(courses, elsewhere)
    for name, ids in ((_SESSION, sessions), (_CLASS, classes), ("Course", _closing(records, "Course", courses))):
        records = _archived(records, by_name(name), ids)
    return records


def _closing(records: Records, entity: str, ids: pl.Series) -> pl.Series:
    """Of these ids, those of active records whose row is not one that cannot be read."""
    mine = (pl.col("entity") == entity) & pl.col("active") & ~pl.col("protected") & among(pl.col("id"), ids)
    return records.states.filter(mine)["id"]


def _taken_up(records: Records, today: str, snapshot: Snapshot) -> pl.Series:
    """Ids of classes that get a term which is not over."""
    if _TERM not in records.values:
        return NO_IDS
    comes_or_moves = pl.col("action").is_in(["create", "restore", "update"]).fill_null(value=False)
    mine = records.states.lazy().filter((pl.col("entity") == _TERM) & comes_or_moves).select("id")
    terms = records.of(_TERM).lazy().join(mine, on="id", how="semi").select("class_id", "session_id").collect()
    ends = _days(records, snapshot, terms["session_id"], "end_date")
    open_ = ends.filter(pl.col("day").is_null() | (pl.col("day") > today))["id"]
    return terms.filter(among(pl.col("session_id"), open_))["class_id"]


def _needed(records: Records, closing: pl.Series) -> pl.Series:
    """Ids of courses that classes which do not close refer to."""
    if _CLASS not in records.values:
        return NO_IDS
    return records.of(_CLASS).filter(~among(pl.col("id"), closing))["course_id"].drop_nulls()


def _days(records: Records, snapshot: Snapshot, sessions: pl.Series, column: str) -> pl.DataFrame:
    """id, ``day`` and school_year of sessions, as they are proposed."""
    here = pl.DataFrame(schema={"id": pl.Int64, "day": pl.String, "school_year": pl.String})
    wanted = sessions.drop_nulls().unique()
    if _SESSION in records.values:
        rows = records.of(_SESSION).filter(among(pl.col("id"), wanted))
        here = rows.select("id", pl.col(column).alias("day"), "school_year")
    rest = minus(wanted, here["id"])
    if rest.is_empty():
        return here
    stored = snapshot.rows(by_name(_SESSION), rest)
    return pl.concat([here, stored.select("id", pl.col(column).alias("day"), "school_year")])


def _archived(records: Records, entity: Entity, ids: pl.Series) -> Records:
    """The records archived, as their term is over; their values are the stored ones."""
    if ids.is_empty():
        return records
    mine = (pl.col("entity") == entity.name) & among(pl.col("id"), ids)
    rows = records.of(entity.name)
    here = among(pl.col("id"), ids)
    stored = [pl.when(here).then(f"s.{c.name}").otherwise(c.name).alias(c.name) for c in entity.columns]
    records = replace(records, values={**records.values, entity.name: rows.with_columns(stored)})
    none = pl.lit(0, pl.UInt32)
    return records.with_states(
        action=pl.when(mine).then(pl.lit("archive", ACTION)).otherwise("action"),
        cause=pl.when(mine).then(pl.lit("ended", CAUSE)).otherwise("cause"),
        hold=pl.when(mine).then(pl.lit(None, HOLD)).otherwise("hold"),
        hold_reason=pl.when(mine).then(pl.lit(None, pl.String)).otherwise("hold_reason"),
        changed=pl.when(mine).then(none).otherwise("changed"),
        dangling=pl.when(mine).then(none).otherwise("dangling"),
    )


def _not_brought_back(records: Records, plan_day: PlanDay, snapshot: Snapshot) -> Records:
    """Drops the restores of sessions that are over and of what belongs to none but those, and new enrollments there."""
    if not plan_day.over:
        return records
    back = (pl.col("action") == "restore").fill_null(value=False)
    returning = ids_by_entity(records.states.lazy().filter(back).select("entity", "id").collect())
    names = {_SESSION, _CLASS, _TERM, "Course", "Enrollment"} & set(returning)
    ending = _ending(records, _CLASS)
    if not names and (ending.is_empty() or "Enrollment" not in records.values):
        return records
    today = plan_day.as_of.isoformat()
    closing = _ending(records, _SESSION)
    over = {_SESSION: _over(records, snapshot, returning.get(_SESSION, NO_IDS), today)}
    past = pl.concat([over[_SESSION], closing])
    over[_TERM], over[_CLASS] = _past_classes(records, snapshot, returning, past, today)
    gone = pl.concat([over[_CLASS], ending])
    for name, column, ids in (("Enrollment", "class_id", gone), ("Course", "school_year_id", past)):
        if name in records.values:
            over[name] = records.of(name).filter(among(pl.col(column), ids).fill_null(value=False))["id"]
    nodes = [ids.to_frame("id").select(node(name, pl.col("id")).alias("node"))["node"] for name, ids in over.items()]
    mine = comes() & among(pl.col("node"), pl.concat(nodes)) & (back | (pl.col("entity") == "Enrollment"))
    return records.with_states(
        action=pl.when(mine).then(pl.lit(None, ACTION)).otherwise("action"),
        cause=pl.when(mine).then(pl.lit("ended", CAUSE)).otherwise("cause"),
    )


def _ending(records: Records, entity: str) -> pl.Series:
    """Ids of the records of an entity that leave because their term is over."""
    cause = (pl.col("cause") == "ended").fill_null(value=False)
    return records.states.filter((pl.col("entity") == entity) & leaves() & cause)["id"]


def _over(records: Records, snapshot: Snapshot, sessions: pl.Series, today: str) -> pl.Series:
    return _days(records, snapshot, sessions, "end_date").filter(pl.col("day") <= today)["id"]


def _past_classes(
    records: Records, snapshot: Snapshot, returning: Mapping[str, pl.Series], past: pl.Series, today: str
) -> tuple[pl.Series, pl.Series]:
    """Ids of terms of classes that lead to sessions which are over, and of classes that return with none but those."""
    if _TERM not in records.values:
        return NO_IDS, NO_IDS
    states = records.states.lazy().filter((pl.col("entity") == _TERM) & delivered_row()).select("id")
    terms = records.of(_TERM).lazy().join(states, on="id", how="semi").select("id", "class_id", "session_id").collect()
    archived = _over(records, snapshot, terms["session_id"], today)
    done = among(pl.col("session_id"), pl.concat([past, archived])).fill_null(value=False)
    old = terms.filter(done)
    listed = terms.filter(among(pl.col("class_id"), returning.get(_CLASS, NO_IDS)))
    classes = listed.group_by("class_id").agg(over=done.all()).filter("over")["class_id"].alias("id")
    return old["id"], classes


def ended_too(records: Records, plan_day: PlanDay | None) -> Records:
    """Names the reason of what follows what ended: no limit counts it."""
    if plan_day is None or not plan_day.ended:
        return records
    ended = leaves() & (pl.col("cause") == "ended").fill_null(value=False)
    parents = records.states.lazy().filter(ended).select("node", "entity", "id").collect()
    if parents.is_empty():
        return records
    found = links(records, to=ids_by_entity(parents), names=(_TERM, "Enrollment"))
    children = found.filter(pl.col("required") & among(pl.col("old"), parents["node"]))["node"].unique()
    mine = leaves() & among(pl.col("node"), children)
    return records.with_states(cause=pl.when(mine).then(pl.lit("ended", CAUSE)).otherwise("cause"))


def _sessions_of(records: Records, snapshot: Snapshot, classes: pl.Series) -> pl.DataFrame:
    """class_id and session_id of these classes: stored terms and those that come."""
    parts = [pl.DataFrame(schema={"class_id": pl.Int64, "session_id": pl.Int64})]
    term = by_name(_TERM)
    stored = snapshot.children(term, term.column("class"), classes)
    if stored.len():
        parts.append(snapshot.rows(term, stored).select("class_id", "session_id"))
    if _TERM in records.values:
        coming = records.states.lazy().filter((pl.col("entity") == _TERM) & comes()).select("id")
        rows = records.of(_TERM).lazy().join(coming, on="id", how="semi").select("class_id", "session_id")
        parts.append(rows.filter(among(pl.col("class_id"), classes)).collect())
    return pl.concat(parts).unique()


def beginning(records: Records, snapshot: Snapshot, plan_day: PlanDay, entity: Entity, rows: pl.DataFrame) -> pl.Series:
    """Of rows that come (node, and values), the nodes of those whose every session is about to begin, or just did."""
    none = NO_IDS.alias("node")
    since = (plan_day.as_of - timedelta(days=plan_day.rollover.settling_days)).isoformat()
    if entity.name == "Course":
        starts = _days(records, snapshot, rows["school_year_id"], "start_date")
        new = starts.filter(pl.col("day") > since)["id"]
        return rows.filter(among(pl.col("school_year_id"), new).fill_null(value=False))["node"]
    own = {_CLASS: "id", _TERM: "class_id", "Enrollment": "class_id"}.get(entity.name)
    if own is None:
        return none
    terms = _sessions_of(records, snapshot, rows[own].drop_nulls().unique().alias("id"))
    starts = _days(records, snapshot, terms["session_id"], "start_date")
    each = terms.join(starts, left_on="session_id", right_on="id", how="left")
    whole = each.group_by("class_id").agg(begins=(pl.col("day") > since).fill_null(value=False).all())
    classes = whole.filter("begins")["class_id"]
    return rows.filter(among(pl.col(own), classes).fill_null(value=False))["node"]


def hold_early(records: Records, snapshot: Snapshot, plan_day: PlanDay | None) -> Records:
    """Holds the new classes of the next school year until the release date."""
    release = plan_day.rollover.release_date if plan_day else ""
    if plan_day is None or not release or plan_day.as_of.isoformat() >= release or _CLASS not in records.values:
        return records
    coming = records.states.filter((pl.col("entity") == _CLASS) & comes())
    terms = _sessions_of(records, snapshot, coming["id"])
    if terms.is_empty():
        return records
    starts = _days(records, snapshot, terms["session_id"], "start_date")
    each = terms.join(starts, left_on="session_id", right_on="id", how="left")
    later = (pl.col("day") > plan_day.as_of.isoformat()) & (
        pl.col("school_year").is_null() | (pl.col("school_year") > plan_day.school_year)
    )
    classes = each.group_by("class_id").agg(later=later.fill_null(value=False).all()).filter("later")["class_id"]
    found = coming.filter(among(pl.col("id"), classes)).select(
        "node", reason=pl.lit(f"it is of the next school year, which is released on {release} (rollover.release_date)")
    )
    return set_hold(records, found, "early")
