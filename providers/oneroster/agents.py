"""Who is whose guardian, from the agents that rows of users.csv list."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from providers.oneroster.mapping import absent, derived_key, listed, listing_coverage, parents_of, provenance
from providers.oneroster.rows import FileRead
from providers.oneroster.validation import Check, report
from providers.oneroster.values import KEY, LINE
from rosterkit.sources.base import Coverage, Table
from rosterkit.sources.findings import Findings

_FAMILY = ("guardian", "parent", "relative")
_LIST = "agentSourcedIds"

# By the kind of the person with the list, then by that of the agent: who asserts the link, or the rule that it breaks.
# "both" is a student who is also a guardian, "neither" a teacher, "unknown" one whose roles are not in the package.
_CLASSIFICATIONS = {
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


def roles_of(users: FileRead, roles: FileRead | None) -> pl.LazyFrame:
    """``user`` and ``role`` of every role in the package that could be read."""
    if users.has("role"):
        found = users.rows.select(user=KEY, role="role")
    elif roles is not None and roles.has("userSourcedId", "role"):
        found = roles.remaining.select(user="userSourcedId", role="role")
    else:
        found = pl.LazyFrame(schema={"user": pl.String, "role": pl.String})
    return found.drop_nulls()


def people_of(roles: pl.DataFrame) -> pl.DataFrame:
    """``user``, ``kind`` (student, guardian, both, neither) and ``relation`` (the first of their family roles)."""
    return _kinds(roles.lazy()).collect(engine="in-memory")


def _kinds(roles: pl.LazyFrame) -> pl.LazyFrame:
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


def classification(user: pl.Expr, item: pl.Expr) -> pl.Expr:
    """Who asserts that ``item`` is an agent of ``user``, or the rule that this breaks.

    The rows need the kinds of both (``people_of``) as ``kind`` and ``kind_other``.
    """
    table = {f"{one} {other}": v for one, others in _CLASSIFICATIONS.items() for other, v in others.items()}
    by_kinds = pl.concat_str("kind", "kind_other", separator=" ").replace_strict(table, return_dtype=pl.String)
    return pl.when(user == item).then(pl.lit("agents.self")).otherwise(by_kinds)


def guardian_links(users: FileRead, roles: FileRead | None, findings: Findings) -> Table:
    """The links that users.csv asserts. An agent that makes no link is reported."""
    if not users.has(_LIST):
        coverage, reason = listing_coverage(users, (_LIST,))
        return absent("GuardianLink", users, reason)
    people = _kinds(roles_of(users, roles)).collect(engine="in-memory")
    pairs = _pairs(users, people.lazy())
    report(_checks(users, pairs), findings)
    links = pairs.filter(pl.col("classification").is_in(["student", "guardian"])).with_row_index("\0at")
    unclear = pairs.filter(pl.col("classification") == "agents.role-unknown")[KEY]
    understood = ~users.is_invalid(_LIST) & ~pl.col(KEY).is_in(unclear.implode())
    coverage, reason = Coverage.FULL, ""
    if users.coverage is not Coverage.FULL or unclear.len() or _LIST in users.bad_columns:
        coverage, reason = listing_coverage(users, (_LIST,), users.remaining.filter(~understood))
    rows = _link_rows(users, links)
    unknown = rows.filter(pl.col("relationship").is_null())
    invalid = unknown.select("sourced_id", column=pl.lit("relationship"), _file="_file", _line="_line")
    parents = _parents(users, people.lazy(), users.remaining.filter(understood))
    return Table("GuardianLink", rows.lazy(), coverage, reason, invalid=invalid, parents=parents, changes=users.delta)


def _pairs(users: FileRead, people: pl.LazyFrame) -> pl.DataFrame:
    """A row for each item of each list, with the kinds of both people."""
    email = (pl.col("email") if users.has("email") else pl.lit(None, pl.String)).str.to_lowercase()
    pairs = listed(users, _LIST, *(["email"] if users.has("email") else [])).with_columns(email=email)
    people = people.join(users.rows.select(user=KEY, email=email), on="user", how="left")
    pairs = pairs.join(people.drop("email"), left_on=KEY, right_on="user", how="left", maintain_order="left")
    pairs = pairs.join(people, left_on="item", right_on="user", how="left", suffix="_other", maintain_order="left")
    pairs = pairs.with_columns(pl.col("kind", "kind_other").fill_null("unknown"))
    return pairs.with_columns(classification=classification(pl.col(KEY), pl.col("item"))).collect(engine="in-memory")


def _checks(users: FileRead, pairs: pl.DataFrame) -> Iterator[Check]:
    for rule in sorted(rule for rule in pairs["classification"].unique() if rule.startswith("agents.")):
        yield Check(rule, users, _LIST, pairs.lazy().filter(pl.col("classification") == rule))
    if users.has("email") and pairs.height:
        same = pl.col("classification").is_in(["student", "guardian"]) & (pl.col("email") == pl.col("email_other"))
        yield Check(
            "semantic.guardian-email", users, "email", pairs.lazy().filter(same).unique(LINE, maintain_order=True)
        )


def _link_rows(users: FileRead, links: pl.DataFrame) -> pl.DataFrame:
    by_student = pl.col("classification") == "student"
    return links.select(
        *provenance(users, derived_key(pl.col(KEY), pl.col("item"))),
        pl.col("classification").alias("asserted_by"),
        pl.when(by_student).then("item").otherwise(KEY).alias("guardian"),
        pl.when(by_student).then(KEY).otherwise("item").alias("student"),
        pl.when(by_student).then("relation_other").otherwise("relation").alias("relationship"),
    )


def _parents(users: FileRead, people: pl.LazyFrame, readable: pl.LazyFrame) -> tuple[pl.DataFrame, ...]:
    """The owners of readable lists whose kind is known, as students and as guardians."""
    owners = readable.select(KEY, LINE).join(people, left_on=KEY, right_on="user", maintain_order="left")
    sides = [
        parents_of(users, owners.filter(pl.col("kind").is_in([side, "both"])), side).with_columns(
            asserted_by=pl.lit(side)
        )
        for side in ("student", "guardian")
    ]
    return tuple(pl.collect_all(sides, engine="in-memory"))
