"""Roles and family links in the vocabulary of the version that is written (1.1 has one role per row of users.csv).

1.1 is written from roles like this. Each role is mapped to a role of 1.1 (``ROLES_IN_11``). A person whose roles are
all of one kind has one row. A person with several kinds has their own row under their own id, for the kind that is
primary at their primary organisation (otherwise the most frequent kind, then the first by name), and one further row
for every other kind under the id ``{user}-{role}``, with the same names and username, by which products know
the two as one human. Enrollments go to the row of their role, family links to the row of the guardian's or student's
role, where there is such a row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import polars as pl

from providers.oneroster.feed_rules import RULES
from rosterkit.roster.findings import FINDINGS

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
"""Every role of both versions as a role of 1.1; ``ext:…`` has none there."""

FAMILY = ("guardian", "parent", "relative")
"""The roles of guardians, in both versions."""
_SEVERITY = {rule.code: rule.lenient for rule in RULES}

Frames = dict[str, pl.DataFrame]


def feed_findings(rule: str, file: str, keys: pl.Series, *, column: str = "", detail: str = "") -> pl.DataFrame:
    """One finding of the feed per key."""
    values = {"rule": rule, "severity": _SEVERITY[rule], "file": f"{file}.csv", "line": 0, "column": column}
    values |= {"value": "", "detail": detail}
    columns = [pl.lit(value, FINDINGS[name]).alias(name) for name, value in values.items()]
    return keys.fill_null("").alias("key").to_frame().with_columns(columns).select(*FINDINGS)


def with_columns_of(rows: pl.DataFrame, key: str, table: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """``rows`` with the columns of ``table`` but its first, whose keys are unique: a left join by positions of ``ids``.

    A join would copy the columns of ``rows``, and those of all people are the largest part of a feed.
    """
    keyed = table.drop_nulls(table.columns[0]).with_row_index("_at")
    at = pl.select(pl.repeat(None, ids.len(), dtype=pl.UInt32)).to_series()
    found_at = at.scatter(keyed[table.columns[0]], keyed["_at"]).gather(rows[key])
    return rows.with_columns(keyed[name].gather(found_at) for name in table.columns[1:])


def agents(links: pl.DataFrame) -> pl.DataFrame:
    """``sourced_id`` and ``agentSourcedIds``, in order: the agents in each person's row.

    A link that the guardian's record asserted is in the guardian's row; any other is in the student's.
    """
    by_guardian = pl.col("asserted_by") == "guardian"
    listed = links.select(
        sourced_id=pl.when(by_guardian).then("guardian").otherwise("student"),
        agentSourcedIds=pl.when(by_guardian).then("student").otherwise("guardian"),
    )
    return (
        listed.sort("sourced_id", "agentSourcedIds").group_by("sourced_id", maintain_order=True).agg("agentSourcedIds")
    )


@dataclass(frozen=True)
class UserRows:
    """The rows of users.csv of people who have several, as ``by_kind``: ``user``, ``kind`` and ``row``, the row's id.

    ``by_kind`` is empty where everybody has one row; otherwise it has their first rows too. ``user`` is the position of
    an id in ``people``, ``row`` one in ``ids``, the ids of all rows.
    """

    people: pl.Series
    ids: pl.Series
    by_kind: pl.DataFrame

    def own(self, people: pl.Series) -> pl.Series:
        """The rows of these people under their own ids."""
        if self.by_kind.is_empty():
            return people
        return self.ids.search_sorted(self.people).gather(people).alias(people.name)

    def enrolled(self, enrollments: pl.DataFrame) -> pl.DataFrame:
        """The enrollments, in their order, each with the row of its role as ``user``."""
        return self._with_rows(enrollments, "user", self.by_kind, pl.col("role"))

    def family(self, links: pl.DataFrame) -> pl.DataFrame:
        """The links with the student's row as a student, and the guardian's first row by kind as a guardian."""
        with_student = self._with_rows(links, "student", self.by_kind, pl.lit("student"))
        guardians = self.by_kind.filter(pl.col("kind").is_in(FAMILY)).sort("user", "kind")
        guardians = guardians.unique("user", keep="first").with_columns(kind=pl.lit("guardian"))
        return self._with_rows(with_student, "guardian", guardians, pl.lit("guardian"))

    def _with_rows(self, rows: pl.DataFrame, column: str, by_kind: pl.DataFrame, kind: pl.Expr) -> pl.DataFrame:
        """The rows with ``column`` set to the row of that kind, where the person has one."""
        if self.by_kind.is_empty():
            return rows
        to = by_kind.select(pl.col("user").alias(column), pl.col("kind").alias("_kind"), pl.col("row").alias("_row"))
        joined = rows.with_columns(_kind=kind).join(to, on=[column, "_kind"], how="left", maintain_order="left")
        own = self.own(joined[column])
        return joined.with_columns(pl.coalesce("_row", own).alias(column)).drop("_kind", "_row")


def roles_of_12(given: Frames, people: pl.Series) -> tuple[UserRows, list[pl.DataFrame]]:
    """Maps roles to those of 1.2, each with an id that is valid in roles.csv."""
    schools = given["Org"].filter(pl.col("type") == "school")["sourced_id"]
    administrator = (
        pl.when(pl.col("org").is_in(schools.implode()))
        .then(pl.lit("siteAdministrator"))
        .otherwise(pl.lit("districtAdministrator"))
    )
    roles = given["Role"].with_columns(
        role=pl.when(pl.col("role") == "administrator").then(administrator).otherwise("role")
    )
    given["Role"] = _with_generated_ids(roles)
    return _one_row_each(people), []


def _one_row_each(people: pl.Series) -> UserRows:
    return UserRows(people, people, pl.DataFrame(schema={"user": pl.UInt32, "kind": pl.String, "row": pl.UInt32}))


def _with_generated_ids(roles: pl.DataFrame) -> pl.DataFrame:
    """Replaces ids that are invalid in a GUID column, as those derived from a row of 1.1, by a digest of themselves."""
    invalid = roles.filter(~pl.col("sourced_id").str.contains(GUID))["sourced_id"].unique()
    generated = pl.DataFrame(
        {"sourced_id": invalid, "generated": [hashlib.sha256(i.encode()).hexdigest()[:32] for i in invalid]},
        schema={"sourced_id": pl.String, "generated": pl.String},
    )
    joined = roles.join(generated, on="sourced_id", how="left")
    return joined.with_columns(sourced_id=pl.coalesce("generated", "sourced_id")).drop("generated")


def users_of_11(given: Frames, ids: pl.Series) -> tuple[UserRows, list[pl.DataFrame]]:
    """Makes one row per person and kind of role in ``User``; returns the rows for references to people."""
    people = given["User"]
    known = given.pop("Role").with_columns(
        kind=pl.col("role").replace_strict(ROLES_IN_11, default=None, return_dtype=pl.String)
    )
    unmapped = known.filter(pl.col("kind").is_null())
    keys = ids.gather(unmapped["user"])
    findings = [feed_findings("feed.role", "users", keys, column="role", detail="the role does not exist in 1.1")]
    known = known.filter(pl.col("kind").is_not_null())
    several = known["user"].is_duplicated()
    kinds = _kinds(known.filter(several), people)
    user_rows, clashes = _user_rows(kinds, people["sourced_id"], ids)
    findings.append(feed_findings("feed.id-clash", "users", clashes, column="sourcedId"))
    first = known.filter(~several).select("user", role="kind", orgSourcedIds=pl.concat_list("org"))
    first = pl.concat([first, kinds.filter("own").select(first.columns)])
    rows = with_columns_of(people, "sourced_id", first, ids)
    given["User"] = rows.with_columns(user_rows.own(rows["sourced_id"]))
    if not user_rows.by_kind.is_empty():
        others = kinds.filter(~pl.col("own")).join(
            user_rows.by_kind, left_on=["user", "role"], right_on=["user", "kind"]
        )
        more = people.join(others.drop("own"), left_on="sourced_id", right_on="user").with_columns(sourced_id="row")
        given["User"] = pl.concat([given["User"], more.select(rows.columns)])
    return user_rows, findings


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


def _user_rows(kinds: pl.DataFrame, people: pl.Series, ids: pl.Series) -> tuple[UserRows, pl.Series]:
    """The rows, and the ids of people for whom the id of a further row is taken."""
    named = kinds.select("user", "own", kind="role", id=ids.gather(kinds["user"]))
    named = named.with_columns(row=pl.when("own").then("id").otherwise(pl.format("{}-{}", "id", "kind")))
    further = named.filter(~pl.col("own"))
    taken = further.filter(pl.col("row").is_in(ids.gather(people).implode()))
    if further.height == taken.height:
        return _one_row_each(ids), taken["id"]
    all_ids = pl.concat([ids, further["row"].alias(ids.name)]).unique().sort()
    rows = named.join(taken, on=["user", "kind"], how="anti").select("user", "kind", "row")
    return UserRows(ids, all_ids, rows.with_columns(all_ids.search_sorted(rows["row"]).alias("row"))), taken["id"]
