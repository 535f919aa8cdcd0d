"""The same people in two sources: who is in both, by what they were matched, who is in one only, and what differs.

Tiers, first to last: an id that both know (the source's own, or one among the user's other ids), the number, the state
id, e-mail with name. Each looks at whom the ones before left over, and only at values that one person alone has on
either side. Where the two names contradict each other, nobody is matched: the pair is shown as contradicting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from rosterkit.compare.delivered import Roster
from rosterkit.compare.people_questions import folded
from rosterkit.compare.question import shown

GROUPS = {"student": "students", "staff": "staff", "guardian": "guardians"}
TIERS = {"id": "id", "number": "number", "state_id": "state id", "email": "e-mail and name", "name": "name and student"}
FIELDS = ("given_name", "family_name", "email", "username", "identifier", "state_id", "grades", "school", "phones")
"""What is compared of two records of one person."""

_AS_SHOWN = {"phones": "phone", "school": "school_number"}


@dataclass(frozen=True)
class Difference:
    """How many matched people differ in one field: of all, by school, and up to ten examples."""

    field: str
    count: int
    only_left: int  # blank in the second
    only_right: int  # blank in the first
    by_school: Sequence[tuple[str, int]]
    examples: pl.DataFrame


@dataclass(frozen=True)
class Matched:
    """One group of people in two sources."""

    group: str
    left: str
    right: str
    both: int
    by: dict[str, int]  # tier → people matched by it
    left_only: int
    right_only: int
    contradicting: int
    left_by_school: Sequence[tuple[str, int]]
    right_by_school: Sequence[tuple[str, int]]
    left_examples: pl.DataFrame
    right_examples: pl.DataFrame
    differences: tuple[Difference, ...]
    not_carried: Sequence[tuple[str, str]]  # field, and the source that has it for nobody


@dataclass(frozen=True)
class SchoolDifference:
    """A school that two sources do not have alike (C9)."""

    kind: str  # left only | right only | other name | other number
    number: str
    left: str
    right: str


def matched(group: str, left: Roster, right: Roster, *, show_values: bool) -> Matched:
    """The people of that group in two sources."""
    a, b = _people(left, group), _people(right, group)
    pairs, contradicting = _pairs(a, b, _tiers(group, left, right, a, b))
    gone_left = a.join(pairs, left_on="key", right_on="left", how="anti")
    gone_right = b.join(pairs, left_on="key", right_on="right", how="anti")
    counts = dict(pairs.group_by("by").len().iter_rows())
    columns = ["key", "identifier", "school_name"]
    return Matched(
        group,
        left.name,
        right.name,
        pairs.height,
        {tier: counts[tier] for tier in TIERS if tier in counts},
        gone_left.height,
        gone_right.height,
        contradicting.height,
        _by_school(gone_left),
        _by_school(gone_right),
        shown(gone_left.select(columns), show_values=show_values),
        shown(gone_right.select(columns), show_values=show_values),
        _differences(pairs, a, b, show_values=show_values),
        [(name, roster.name) for roster, side in ((left, a), (right, b)) for name in _blank(side)],
    )


def _blank(people: pl.DataFrame) -> list[str]:
    """The fields that nobody has."""
    return [name for name in FIELDS if people.height and people[name].null_count() == people.height]


def _people(roster: Roster, group: str) -> pl.DataFrame:
    schools = roster.schools.select(school="key", number=pl.coalesce("identifier", folded("name")))
    return (
        roster.of(group)
        .join(schools, on="school", how="left", maintain_order="left")
        .with_columns(
            given=folded("given_name"),
            family=folded("family_name"),
            phones=pl.coalesce("sms", "phone").str.replace_all(r"\D", "").str.tail(10),
            school=pl.col("number"),
        )
    )


def _tiers(group: str, left: Roster, right: Roster, a: pl.DataFrame, b: pl.DataFrame) -> dict[str, list[pl.DataFrame]]:
    """Tier → (key, value) of either side."""
    mail = pl.concat_str(pl.col("email").str.to_lowercase(), "given", "family", separator="\x1f")
    tiers = {
        "id": [_ids(side) for side in (a, b)],
        "number": [side.select("key", value="identifier") for side in (a, b)],
        "state_id": [side.select("key", value="state_id") for side in (a, b)],
        "email": [side.select("key", value=mail) for side in (a, b)],
    }
    if group == "guardian":
        tiers["name"] = [_with_student(roster, side) for roster, side in ((left, a), (right, b))]
    return tiers


def _ids(people: pl.DataFrame) -> pl.DataFrame:
    """Every id by which a source knows a person: its own and those of other systems."""
    others = people.select("key", value=pl.col("user_ids").str.extract_all(r":([^}]+)\}")).explode("value").drop_nulls()
    others = others.with_columns(pl.col("value").str.strip_prefix(":").str.strip_suffix("}"))
    return pl.concat([people.select("key", value="sourced_id"), others]).unique(maintain_order=True)


def _with_student(roster: Roster, guardians: pl.DataFrame) -> pl.DataFrame:
    """A guardian's names with the number of a student: for people whom the source gives no id."""
    numbers = roster.people.select(student="key", number="identifier").drop_nulls()
    links = roster.links.select("guardian", "student").join(numbers, on="student")
    known = guardians.join(links, left_on="key", right_on="guardian")
    return known.select("key", value=pl.concat_str("number", "given", "family", separator="\x1f"))


def _pairs(a: pl.DataFrame, b: pl.DataFrame, tiers: dict[str, list[pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(left, right, by), and those of one value whose names contradict each other."""
    schema = {"left": pl.String, "right": pl.String, "by": pl.String}
    pairs, contradicting = pl.DataFrame(schema=schema), pl.DataFrame(schema=schema)
    names = ["given", "family"]
    for tier, (left, right) in tiers.items():
        rest = left.join(pairs, left_on="key", right_on="left", how="anti")
        others = right.join(pairs, left_on="key", right_on="right", how="anti")
        found = _alone(rest).rename({"key": "left"}).join(_alone(others).rename({"key": "right"}), on="value")
        found = found.select("left", "right", by=pl.lit(tier))
        found = found.join(a.select("key", *names), left_on="left", right_on="key")
        found = found.join(b.select("key", *names), left_on="right", right_on="key", suffix="_of_right")
        differ = [(pl.col(name) != pl.col(f"{name}_of_right")).fill_null(value=False) for name in names]
        against = pl.all_horizontal(differ)
        contradicting = pl.concat([contradicting, found.filter(against).select(*schema)])
        agreeing = found.filter(~against).select(*schema)
        once = agreeing.unique("left", keep="first", maintain_order=True)
        pairs = pl.concat([pairs, once.unique("right", keep="first", maintain_order=True)])
    still = contradicting.join(pairs, on="left", how="anti").join(pairs, on="right", how="anti")
    return pairs, still.unique(["left", "right"], maintain_order=True)


def _alone(values: pl.DataFrame) -> pl.DataFrame:
    known = values.drop_nulls("value").unique(["key", "value"], maintain_order=True)
    return known.filter(~pl.col("value").is_duplicated())


def _by_school(people: pl.DataFrame) -> list[tuple[str, int]]:
    names = people.select(school=pl.col("school_name").fill_null("(no school)"))
    counts = names.group_by("school").len().sort("len", "school", descending=[True, False])
    return [(str(school), int(count)) for school, count in counts.iter_rows()]


def _differences(pairs: pl.DataFrame, a: pl.DataFrame, b: pl.DataFrame, *, show_values: bool) -> tuple[Difference, ...]:
    both = pairs.join(a.select("key", "school_name", *FIELDS), left_on="left", right_on="key")
    both = both.join(b.select("key", *FIELDS), left_on="right", right_on="key", suffix="_of_right")
    found = []
    for name in FIELDS:
        if name in {*_blank(a), *_blank(b)}:
            continue
        left, right = _compared(name), _compared(f"{name}_of_right")
        rows = both.filter(left.ne_missing(right))
        if rows.is_empty():
            continue
        value = _AS_SHOWN.get(name, name)
        examples = rows.select(pl.col("left").alias("key"), pl.col(name).alias(value), pl.col("school_name"))
        other = shown(
            rows.select(pl.col("left").alias("key"), pl.col(f"{name}_of_right").alias(value)), show_values=show_values
        )
        seen = shown(examples, show_values=show_values)
        found.append(
            Difference(
                name,
                rows.height,
                rows.filter(right.is_null()).height,
                rows.filter(left.is_null()).height,
                _by_school(rows),
                seen.with_columns(other=other[value]).select("id", first=value, second="other", school="school_name"),
            )
        )
    return tuple(sorted(found, key=lambda difference: -difference.count))


def _compared(name: str) -> pl.Expr:
    """A value as it is compared: e-mail addresses and usernames without case."""
    return pl.col(name).str.to_lowercase() if name.startswith(("email", "username")) else pl.col(name)


def schools_matched(left: Roster, right: Roster) -> tuple[SchoolDifference, ...]:
    """Schools that differ in number or name, and those that one source alone has."""
    columns = {"number": pl.col("identifier"), "name": pl.col("name"), "folded": folded("name")}
    a, b = (roster.schools.select("key", **columns) for roster in (left, right))
    by_number = _schools_by("number", a, b)
    rest_a = a.join(by_number, left_on="key", right_on="key", how="anti")
    rest_b = b.join(by_number, left_on="key", right_on="key_right", how="anti")
    by_name = _schools_by("folded", rest_a, rest_b)
    found = [
        SchoolDifference("other name", row["number"], row["name"] or "", row["name_right"] or "")
        for row in by_number.filter(pl.col("folded").ne_missing(pl.col("folded_right"))).iter_rows(named=True)
    ]
    found += [
        SchoolDifference("other number", row["name"] or "", row["number"] or "", row["number_right"] or "")
        for row in by_name.filter(pl.col("number").ne_missing(pl.col("number_right"))).iter_rows(named=True)
    ]
    alone = (
        ("left only", rest_a.join(by_name, on="key", how="anti")),
        ("right only", rest_b.join(by_name, left_on="key", right_on="key_right", how="anti")),
    )
    for kind, rows in alone:
        for number, name in rows.select("number", "name").iter_rows():
            sides = (name or "", "") if kind == "left only" else ("", name or "")
            found.append(SchoolDifference(kind, number or "", *sides))
    return tuple(sorted(found, key=lambda one: (one.kind, one.number, one.left, one.right)))


def _schools_by(column: str, a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Schools of both sides that share a value which one school alone has on either side."""
    alone = [side.drop_nulls(column).filter(~pl.col(column).is_duplicated()) for side in (a, b)]
    right = alone[1].with_columns(key_right=pl.col("key")).drop("key")
    renamed = {name: f"{name}_right" for name in ("number", "name", "folded")}
    right = right.with_columns(_on=pl.col(column)).rename(renamed)
    return alone[0].with_columns(_on=pl.col(column)).join(right, on="_on").drop("_on")
