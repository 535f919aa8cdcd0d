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
from dataclasses import dataclass

import polars as pl

from providers.oneroster.feed_rules import RULES
from rosterkit.roster.findings import FINDINGS

__all__ = ["GUID", "ROLES_IN_11", "Seats", "agents", "found", "roles_of_12", "users_of_11", "with_columns_of"]

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


def with_columns_of(rows: pl.DataFrame, key: str, table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """``rows`` with the columns of ``table`` but its first, which has no key twice: a left join by places of ``ids``.

    A join would copy the columns of ``rows``, and those of all people are the largest part of a feed.
    """
    keyed = table.drop_nulls(table.columns[0]).with_row_index("_at")
    at = pl.select(pl.repeat(None, ids.len(), dtype=pl.UInt32)).to_series()
    found_at = at.scatter(keyed[table.columns[0]], keyed["_at"]).gather(rows[key])
    return rows.with_columns(keyed[name].gather(found_at) for name in table.columns[1:])


def agents(statements: pl.DataFrame) -> pl.DataFrame:
    """``sourced_id`` and ``agentSourcedIds``, in order: whom each person's row lists.

    What the guardian said stands in the guardian's row; what the student or a file said, in the student's.
    """
    by_guardian = pl.col("asserted_by") == "guardian"
    listed = statements.select(
        sourced_id=pl.when(by_guardian).then("guardian").otherwise("student"),
        agentSourcedIds=pl.when(by_guardian).then("student").otherwise("guardian"),
    )
    return (
        listed.sort("sourced_id", "agentSourcedIds").group_by("sourced_id", maintain_order=True).agg("agentSourcedIds")
    )


@dataclass(frozen=True)
class Seats:
    """Which row of users.csv a person is meant by, where there are several: ``person``, ``kind`` and ``seat``, its id.

    Empty where everybody has one row; otherwise it has the first rows, too, of people who may have several. A person is
    the place of their id among the ``people``, a seat that of its id among the ``ids`` of all rows.
    """

    people: pl.Series
    ids: pl.Series
    of: pl.DataFrame

    def own(self, people: pl.Series) -> pl.Series:
        """Their own rows."""
        if self.of.is_empty():
            return people
        return self.ids.search_sorted(self.people).gather(people).alias(people.name)

    def enrolled(self, enrollments: pl.DataFrame) -> pl.DataFrame:
        """The enrollments, in their order, each naming the row of its role."""
        return self._seated(enrollments, "user", self.of, pl.col("role"))

    def family(self, statements: pl.DataFrame) -> pl.DataFrame:
        """The statements naming the student's row as a student, and the guardian's first row by the alphabet as one."""
        seated = self._seated(statements, "student", self.of, pl.lit("student"))
        guardians = self.of.filter(pl.col("kind").is_in(_GUARDIANS)).sort("user", "kind")
        guardians = guardians.unique("user", keep="first").with_columns(kind=pl.lit("guardian"))
        return self._seated(seated, "guardian", guardians, pl.lit("guardian"))

    def _seated(self, rows: pl.DataFrame, column: str, seats: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
        """The rows with ``column`` naming the seat of that kind, where the person has one."""
        if self.of.is_empty():
            return rows
        to = seats.select(pl.col("user").alias(column), pl.col("kind").alias("_kind"), pl.col("seat").alias("_seat"))
        joined = rows.with_columns(_kind=kind).join(to, on=[column, "_kind"], how="left", maintain_order="left")
        own = self.own(joined[column])
        return joined.with_columns(pl.coalesce("_seat", own).alias(column)).drop("_kind", "_seat")


def roles_of_12(given: Frames, people: pl.Series) -> tuple[Seats, list[pl.DataFrame]]:
    """Puts roles into the words of 1.2, each with an id that roles.csv can hold."""
    schools = given["Org"].filter(pl.col("type") == "school")["sourced_id"]
    administrator = (
        pl.when(pl.col("org").is_in(schools.implode()))
        .then(pl.lit("siteAdministrator"))
        .otherwise(pl.lit("districtAdministrator"))
    )
    roles = given["Role"].with_columns(
        role=pl.when(pl.col("role") == "administrator").then(administrator).otherwise("role")
    )
    given["Role"] = _minted(roles)
    return _one_each(people), []


def _one_each(people: pl.Series) -> Seats:
    return Seats(people, people, pl.DataFrame(schema={"user": pl.UInt32, "kind": pl.String, "seat": pl.UInt32}))


def _minted(roles: pl.DataFrame) -> pl.DataFrame:
    """Ids that a GUID column cannot hold, as those derived from a row of 1.1, give way to a digest of themselves."""
    odd = roles.filter(~pl.col("sourced_id").str.contains(GUID))["sourced_id"].unique()
    minted = pl.DataFrame(
        {"sourced_id": odd, "minted": [hashlib.sha256(i.encode()).hexdigest()[:32] for i in odd]},
        schema={"sourced_id": pl.String, "minted": pl.String},
    )
    joined = roles.join(minted, on="sourced_id", how="left")
    return joined.with_columns(sourced_id=pl.coalesce("minted", "sourced_id")).drop("minted")


def users_of_11(given: Frames, ids: pl.Series) -> tuple[Seats, list[pl.DataFrame]]:
    """Puts one row per person and kind of role into ``User``; how everything that names people finds its row."""
    people = given["User"]
    known = given.pop("Role").with_columns(
        kind=pl.col("role").replace_strict(ROLES_IN_11, default=None, return_dtype=pl.String)
    )
    wordless = known.filter(pl.col("kind").is_null())
    keys = ids.gather(wordless["user"])
    findings = [found("feed.role", "users", keys, column="role", detail="the role has no word in 1.1")]
    known = known.filter(pl.col("kind").is_not_null())
    several = known["user"].is_duplicated()
    kinds = _kinds(known.filter(several), people)
    seats, clashes = _seats(kinds, people["sourced_id"], ids)
    findings.append(found("feed.id-clash", "users", clashes, column="sourcedId"))
    first = known.filter(~several).select("user", role="kind", orgSourcedIds=pl.concat_list("org"))
    first = pl.concat([first, kinds.filter("own").select(first.columns)])
    rows = with_columns_of(people, "sourced_id", first, ids)
    given["User"] = rows.with_columns(seats.own(rows["sourced_id"]))
    if not seats.of.is_empty():
        others = kinds.filter(~pl.col("own")).join(seats.of, left_on=["user", "role"], right_on=["user", "kind"])
        more = people.join(others.drop("own"), left_on="sourced_id", right_on="user").with_columns(sourced_id="seat")
        given["User"] = pl.concat([given["User"], more.select(rows.columns)])
    return seats, findings


def _kinds(roles: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """``person``, ``role``, ``orgSourcedIds``, and whether that kind of role is the person's ``own`` row."""
    at_home = people.unique("sourced_id", keep="none").select(user="sourced_id", home="primary_org")
    primary = pl.col("type") == "primary"
    return (
        roles.join(at_home, on="user", how="left")
        .group_by("user", role="kind")
        .agg(
            orgSourcedIds=pl.col("org"),
            at_home=(primary & (pl.col("org") == pl.col("home"))).fill_null(False).any(),
            primaries=primary.sum(),
            times=pl.len(),
        )
        .sort("user", "at_home", "primaries", "times", "role", descending=[False, True, True, True, False])
        .select("user", "role", "orgSourcedIds", own=pl.int_range(pl.len()).over("user") == 0)
    )


def _seats(kinds: pl.DataFrame, people: pl.Series, ids: pl.Series) -> tuple[Seats, pl.Series]:
    """The seats, and the ids of people whose further id is taken."""
    named = kinds.select("user", "own", kind="role", id=ids.gather(kinds["user"]))
    named = named.with_columns(seat=pl.when("own").then("id").otherwise(pl.format("{}-{}", "id", "kind")))
    further = named.filter(~pl.col("own"))
    taken = further.filter(pl.col("seat").is_in(ids.gather(people).implode()))
    if further.height == taken.height:
        return _one_each(ids), taken["id"]
    all_ids = pl.concat([ids, further["seat"].alias(ids.name)]).unique().sort()
    seats = named.join(taken, on=["user", "kind"], how="anti").select("user", "kind", "seat")
    return Seats(ids, all_ids, seats.with_columns(all_ids.search_sorted(seats["seat"]).alias("seat"))), taken["id"]
