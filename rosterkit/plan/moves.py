"""What applying a plan changes in how many records are active, so that they need not be counted anew every night."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.model.schema import Entity, by_name
from rosterkit.model.vocabulary import is_school
from rosterkit.plan.judge import bit, proposed
from rosterkit.plan.limits import BY_CLASS, CENSUS, PEOPLE, PLACE, people_census
from rosterkit.plan.snapshot import Snapshot

__all__ = ["moves"]

Judged = Mapping[str, pl.DataFrame]


def moves(judged: Judged, snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """Differences of COUNTS by entity in PLACE, and BY_CLASS; of CENSUS by entity in PEOPLE.

    What cannot be told is not there.
    """
    out = {name: _by_place(by_name(name), judged[name], place) for name, place in PLACE.items()}
    out[BY_CLASS] = _by_place(by_name("Enrollment"), judged["Enrollment"], "class_id")
    return out | _of_people(judged, snapshot)


def _by_place(entity: Entity, rows: pl.DataFrame, place: str) -> pl.DataFrame:
    role = ["role"] if entity.name in ("Role", "Enrollment") else []
    found = _changes(entity, rows, [*role, place]).rename({place: "place"})
    role_told = pl.col("role") if role else pl.lit("").alias("role")
    return found.select(role_told, pl.col("place").fill_null(0), "base")


def _changes(entity: Entity, rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How many more or fewer records will be active by these columns, and ``base``, which is never 0."""

    def after(name: str) -> pl.Expr:
        if name == "id":
            return pl.col(name)
        held = (pl.col("field_hold") & bit(entity, entity.column(name))) != 0
        return pl.when(held).then(pl.col(f"s.{name}")).otherwise(pl.col(name)).alias(name)

    going = rows.filter(proposed())
    before = [pl.col("id" if name == "id" else f"s.{name}").alias(name) for name in by]
    gone = going.filter("active").select(*before, base=pl.lit(-1))
    stays = going.filter(pl.col("action") != "archive").select(*(after(n) for n in by), base=pl.lit(1))
    return _sum([gone, stays], by)


def _sum(frames: list[pl.DataFrame], by: list[str]) -> pl.DataFrame:
    every = pl.concat([frame.select(*by, pl.col("base").cast(pl.Int64)) for frame in frames])
    return every.group_by(by).agg(pl.col("base").sum()).filter(pl.col("base") != 0)


def _of_people(judged: Judged, snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    """Of what counts where a person does; nothing where an org becomes a school, or ceases to be one."""
    orgs = judged["Org"].select("id", "known", before=is_school(pl.col("s.type")), now=is_school(pl.col("type")))
    if orgs.filter(pl.col("known") & (pl.col("before") != pl.col("now"))).height:
        return {}
    schools = orgs.filter("now")["id"]
    roles = ["person_id", "role", "org_id"]
    moved = {name: _changes(by_name(name), judged[name], [of]).rename({of: "person_id"}) for name, of in PEOPLE.items()}
    moving = _changes(by_name("Role"), judged["Role"], roles)
    people = pl.concat([frame["person_id"] for frame in (moving, *moved.values())]).drop_nulls().unique()
    if people.is_empty():
        return dict.fromkeys(PEOPLE, pl.DataFrame(schema=CENSUS))
    stored = people if snapshot.revision else people.clear()  # in an empty store nobody need be looked for
    before = snapshot.roles_of(stored).with_columns(base=pl.lit(1))
    seats = [_seats(frame, schools) for frame in (before, _sum([before, moving], roles))]
    out = {}
    for name, of in PEOPLE.items():
        rows = _owned(by_name(name), of, stored, snapshot)
        there = rows.filter(pl.col("status") == "active").select(pl.col(of).alias("person_id"), base=pl.lit(1))
        both = zip((there, _sum([there, moved[name]], ["person_id"])), seats, (-1, 1), strict=True)
        counts = [people_census(name, r, s).with_columns(pl.col("base") * sign) for r, s, sign in both]
        out[name] = _sum(counts, ["role", "school_id"])
    return out


def _owned(entity: Entity, of: str, people: pl.Series, snapshot: Snapshot) -> pl.DataFrame:
    """The stored records of these people."""
    if of == "id":
        return snapshot.some(entity, people, pl.Series([], dtype=pl.String))
    return snapshot.children(entity, next(column for column in entity.refs if column.name == of), people)


def _seats(roles: pl.DataFrame, schools: pl.Series) -> pl.DataFrame:
    """Where each person counts, and as what: person_id, role, school_id."""
    org = pl.col("org_id")
    school = pl.when(org.is_in(schools.implode())).then(org).otherwise(0)
    return roles.select("person_id", "role", school_id=school).unique()
