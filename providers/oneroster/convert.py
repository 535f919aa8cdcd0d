"""Roles and family links in the words of the version that is written (1.1 has one role per row of users.csv).

1.1 is written from roles like this. Each role is put into the words of 1.1 (``ROLES_IN_11``). A person whose roles are
all of one kind has one row. A person with several kinds has their own row under their own id, for the kind that is
primary at their primary organisation (otherwise the most frequent kind, ties by the alphabet), and one further row for
every other kind under the id ``{user}-{role}``, with the same names and the same username, which is how products know
the two as one human. Enrollments go to the row of their role, family links to the row of the guardian's or student's
role, where there is such a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import polars as pl

from providers.oneroster.feed_rules import RULES
from rosterkit.intake.findings import FINDINGS

__all__ = ["GUID", "ROLES_IN_11", "agents", "found", "roles_of_12", "users_of_11"]

GUID = r"^[0-9A-Za-z./@_-]{1,255}$"
"""What a sourced id may be (CSV binding 1.2, data types)."""

ROLES_IN_11 = {
    "administrator": "administrator",
    "aide": "aide",
    "counselor": "aide",
    "districtAdministrator": "administrator",
    "guardian": "guardian",
    "parent": "parent",
    "principal": "administrator",
    "proctor": "proctor",
    "relative": "relative",
    "siteAdministrator": "administrator",
    "student": "student",
    "systemAdministrator": "administrator",
    "teacher": "teacher",
}
"""Every role of both versions in the words of 1.1; ``ext:…`` has no word there."""

_GUARDIANS = ("guardian", "parent", "relative")
_SEVERITY = {rule.code: rule.lenient for rule in RULES}

Frames = dict[str, pl.DataFrame]


def found(rule: str, file: str, keys: pl.Series, *, column: str = "", detail: str = "") -> pl.DataFrame:
    """One finding of the feed per key."""
    said = {"rule": rule, "severity": _SEVERITY[rule], "file": f"{file}.csv", "line": 0, "column": column}
    said |= {"value": "", "detail": detail}
    columns = [pl.lit(value, FINDINGS[name]).alias(name) for name, value in said.items()]
    return keys.fill_null("").alias("key").to_frame().with_columns(columns).select(*FINDINGS)


def agents(statements: pl.DataFrame) -> pl.DataFrame:
    """``sourced_id`` and ``agentSourcedIds``, in no order: whom each person's row lists.

    What the guardian said stands in the guardian's row; what the student or a file said, in the student's.
    """
    by_guardian = pl.col("stated_by") == "guardian"
    listed = statements.select(
        sourced_id=pl.when(by_guardian).then("guardian").otherwise("student"),
        agentSourcedIds=pl.when(by_guardian).then("student").otherwise("guardian"),
    )
    return listed.group_by("sourced_id").agg("agentSourcedIds")


def roles_of_12(given: Frames) -> tuple[Frames, list[pl.DataFrame]]:
    """The tables with roles in the words of 1.2, each with an id that roles.csv can hold."""
    schools = given["Org"].filter(pl.col("type") == "school")["sourced_id"]
    administrator = (
        pl.when(pl.col("org").is_in(schools.implode()))
        .then(pl.lit("siteAdministrator"))
        .otherwise(pl.lit("districtAdministrator"))
    )
    roles = given["Role"].with_columns(
        role=pl.when(pl.col("role") == "administrator").then(administrator).otherwise("role")
    )
    return given | {"Role": _minted(roles)}, []


def _minted(roles: pl.DataFrame) -> pl.DataFrame:
    """Ids that a GUID column cannot hold, as those derived from a row of 1.1, give way to a digest of themselves."""
    odd = roles.filter(~pl.col("sourced_id").str.contains(GUID))["sourced_id"].unique()
    minted = pl.DataFrame(
        {"sourced_id": odd, "minted": [hashlib.sha256(i.encode()).hexdigest()[:32] for i in odd]},
        schema={"sourced_id": pl.String, "minted": pl.String},
    )
    joined = roles.join(minted, on="sourced_id", how="left")
    return joined.with_columns(sourced_id=pl.coalesce("minted", "sourced_id")).drop("minted")


def users_of_11(given: Frames) -> tuple[Frames, list[pl.DataFrame]]:
    """The tables with one person row per kind of role, and everything that names people pointing to the right one."""
    people = given["Person"]
    known = given["Role"].with_columns(
        kind=pl.col("role").replace_strict(ROLES_IN_11, default=None, return_dtype=pl.String)
    )
    wordless = known.filter(pl.col("kind").is_null())
    findings = [found("feed.role", "users", wordless["person"], column="role", detail="the role has no word in 1.1")]
    seats, clashes = _seats(known.filter(pl.col("kind").is_not_null()), people)
    findings.append(found("feed.id-clash", "users", clashes, column="sourcedId"))
    rows = people.rename({"sourced_id": "person"}).join(seats, on="person", how="left")
    rows = rows.with_columns(sourced_id=pl.coalesce("seat", "person")).rename({"kind": "role"}).drop("seat", "person")
    changed = {
        "Person": rows,
        "Enrollment": _seated(given["Enrollment"], "person", seats, pl.col("role")),
        "GuardianStatement": _family(given["GuardianStatement"], seats),
    }
    return given | changed, findings


def _seats(roles: pl.DataFrame, people: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """``person``, ``kind``, ``orgSourcedIds``, ``seat`` (the row's id); and the people whose further id is taken."""
    at_home = people.unique("sourced_id", keep="none").select(pl.col("sourced_id").alias("person"), home="primary_org")
    primary = pl.col("type") == "primary"
    kinds = (
        roles.join(at_home, on="person", how="left")
        .group_by("person", "kind")
        .agg(
            orgSourcedIds=pl.col("org"),
            at_home=(primary & (pl.col("org") == pl.col("home"))).fill_null(False).any(),
            primaries=primary.sum(),
            times=pl.len(),
        )
        .sort("person", "at_home", "primaries", "times", "kind", descending=[False, True, True, True, False])
    )
    own = pl.int_range(pl.len()).over("person") == 0
    seat = pl.when(own).then("person").otherwise(pl.format("{}-{}", "person", "kind"))
    seats = kinds.select("person", "kind", "orgSourcedIds", seat=seat)
    taken = (pl.col("seat") != pl.col("person")) & pl.col("seat").is_in(people["sourced_id"].implode())
    return seats.filter(~taken), seats.filter(taken)["person"]


def _seated(rows: pl.DataFrame, column: str, seats: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
    """The rows with ``column`` naming the seat of that kind, where the person has one."""
    to = seats.select(pl.col("person").alias(column), pl.col("kind").alias("_kind"), pl.col("seat").alias("_seat"))
    joined = rows.with_columns(_kind=kind).join(to, on=[column, "_kind"], how="left")
    return joined.with_columns(pl.coalesce("_seat", column).alias(column)).drop("_kind", "_seat")


def _family(statements: pl.DataFrame, seats: pl.DataFrame) -> pl.DataFrame:
    seated = _seated(statements, "student", seats, pl.lit("student"))
    guardians = _first_kind(seats, _GUARDIANS).with_columns(kind=pl.lit("guardian"))
    return _seated(seated, "guardian", guardians, pl.lit("guardian"))


def _first_kind(seats: pl.DataFrame, kinds: Iterable[str]) -> pl.DataFrame:
    """One seat of these kinds for each person: the first by the alphabet."""
    return seats.filter(pl.col("kind").is_in(list(kinds))).sort("person", "kind").unique("person", keep="first")
