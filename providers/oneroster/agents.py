"""Who is whose guardian, as rows of users.csv say it from either side."""

from __future__ import annotations

import polars as pl

from providers.oneroster.celltable import DELETED, KEY, LINE, MODIFIED, note_rows
from providers.oneroster.mapping import derived_key, listed, row_keys
from providers.oneroster.rows import FileRead
from rosterkit.sources.bundle import UNREADABLE, Listing, Table

__all__ = ["guardian_statements", "people_of", "roles_of", "verdict"]

_FAMILY = ("guardian", "parent", "relative")
_LIST = "agentSourcedIds"

# By what the one who states is, then by what the other is: who states it, or the rule that it breaks. "both" is a
# student who is somebody's guardian too, "neither" a teacher, "unknown" one whose roles are not in the package.
_VERDICTS = {
    "student": {
        "student": "agents.two-students",
        "guardian": "student",
        "both": "student",
        "neither": "agents.not-family",
        "unknown": "student",
    },
    "guardian": {
        "student": "guardian",
        "guardian": "agents.two-guardians",
        "both": "guardian",
        "neither": "agents.not-family",
        "unknown": "guardian",
    },
    "both": {
        "student": "guardian",
        "guardian": "student",
        "both": "agents.role-unknown",
        "neither": "agents.not-family",
        "unknown": "agents.role-unknown",
    },
    "neither": dict.fromkeys(("student", "guardian", "both", "neither", "unknown"), "agents.not-family"),
    "unknown": {
        "student": "guardian",
        "guardian": "student",
        "both": "agents.role-unknown",
        "neither": "agents.not-family",
        "unknown": "agents.role-unknown",
    },
}


def roles_of(users: FileRead, roles: FileRead | None) -> pl.DataFrame:
    """``person`` and ``role`` of every role that the package states and that could be read."""
    if "role" in users.present:
        said = users.rows.select(user=KEY, role="role")
    elif roles is not None and not roles.rows.is_empty():
        said = roles.rows.filter(~pl.col(DELETED)).select(user="userSourcedId", role="role")
    else:
        said = pl.DataFrame(schema={"user": pl.String, "role": pl.String})
    return said.drop_nulls()


def guardian_statements(users: FileRead, people: pl.DataFrame) -> tuple[Table, pl.DataFrame]:
    """The statements of users.csv, and the rows whose list of agents could not be read or understood.

    ``people``: what everybody is, as ``people_of`` has it. What makes no statement is noted.
    """
    pairs = listed(users, _LIST).select(KEY, DELETED, MODIFIED, LINE, _LIST, "item")  # no column that a district added
    pairs = pairs.join(people, left_on=KEY, right_on="user", how="left", maintain_order="left")
    pairs = pairs.join(people, left_on="item", right_on="user", how="left", suffix="_other", maintain_order="left")
    pairs = pairs.with_columns(pl.col("kind", "kind_other").fill_null("unknown"))
    pairs = pairs.with_columns(verdict=verdict(pl.col(KEY), pl.col("item")))
    for (rule,), found in pairs.filter(pl.col("verdict").str.starts_with("agents.")).group_by("verdict"):
        note_rows(found, str(rule), _LIST, users.file.name, users.notes)
    stated = pairs.filter(pl.col("verdict").is_in(["student", "guardian"]))
    by_student = pl.col("verdict") == "student"
    rows = stated.select(
        *row_keys(users, derived_key(pl.col(KEY), pl.col("item"))),
        pl.col("verdict").alias("asserted_by"),
        pl.when(by_student).then("item").otherwise(KEY).alias("guardian"),
        pl.when(by_student).then(KEY).otherwise("item").alias("student"),
        pl.when(by_student).then("relation_other").otherwise("relation").alias("relationship"),
    )
    unclear = pairs.filter(pl.col("verdict") == "agents.role-unknown")[KEY]
    heard = ~users.unread(_LIST) & ~pl.col(KEY).is_in(unclear.implode())
    staying = users.rows.filter(~pl.col(DELETED))
    table = Table(_with_unread(rows), pl.DataFrame(schema=UNREADABLE), _listings(users, people, staying.filter(heard)))
    return table, staying.filter(~heard)


def people_of(roles: pl.DataFrame) -> pl.DataFrame:
    """``person``, ``kind`` (student, guardian, both, neither) and ``relation`` (the first of their family roles)."""
    family = pl.col("role").is_in(_FAMILY)
    people = roles.group_by("user").agg(
        student=(pl.col("role") == "student").any(),
        family=family.any(),
        relation=pl.col("role").filter(family).min(),
    )
    kind = (
        pl.when(pl.col("student") & pl.col("family"))
        .then(pl.lit("both"))
        .when("student")
        .then(pl.lit("student"))
        .when("family")
        .then(pl.lit("guardian"))
        .otherwise(pl.lit("neither"))
    )
    return people.select("user", "relation", kind=kind)


def verdict(person: pl.Expr, item: pl.Expr) -> pl.Expr:
    """Who states that ``item`` is an agent of ``person``, or the rule that this breaks.

    Asked of rows with the kinds of both (``people_of``) as ``kind`` and ``kind_other``.
    """
    verdicts = {f"{one} {other}": v for one, others in _VERDICTS.items() for other, v in others.items()}
    by_kinds = pl.concat_str("kind", "kind_other", separator=" ").replace_strict(verdicts, return_dtype=pl.String)
    return pl.when(person == item).then(pl.lit("agents.self")).otherwise(by_kinds)


def _with_unread(rows: pl.DataFrame) -> pl.DataFrame:
    """Where the package does not tell the relationship, the stored one stays."""
    untold = pl.when(pl.col("relationship").is_null()).then(pl.lit(["relationship"]))
    return rows.with_columns(unread=untold)


def _listings(users: FileRead, people: pl.DataFrame, heard: pl.DataFrame) -> tuple[Listing, ...]:
    """Those whose list of agents was read and whose side is known, as students and as guardians."""
    owners = heard.select(KEY, LINE).join(people, left_on=KEY, right_on="user", maintain_order="left")

    def of(side: str) -> Listing:
        found = owners.filter(pl.col("kind").is_in([side, "both"]))
        told = {"asserted_by": pl.lit(side), side: pl.col(KEY), "file": pl.lit(users.member), "line": pl.col(LINE)}
        return Listing(found.select(**told))

    return of("student"), of("guardian")
