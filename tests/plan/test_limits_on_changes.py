"""Limits on what comes and on what changes, field by field: pure functions over counts."""

from __future__ import annotations

import polars as pl
import pytest

from rosterkit.plan.limits import GROUPS, Limits
from rosterkit.plan.limits_on_creates import overcrowded, reissued, too_many_created, zero_stripped
from rosterkit.plan.limits_on_updates import CHANGED, over_the_limit, renamed, restructured
from rosterkit.plan.snapshot import GROUP_COUNTS


def base(*schools: int, role: str = "student") -> pl.DataFrame:
    """So many active records at schools 1, 2, …, and over all."""
    rows: list[tuple[str, int | None, int]] = [(role, i, n) for i, n in enumerate(schools, start=1)]
    return pl.DataFrame([*rows, (role, None, sum(schools))], schema=GROUP_COUNTS, orient="row")


def changes(count: int, kind: str = "names", *, school: int = 1, role: str = "student") -> pl.DataFrame:
    rows = [(school * 10_000 + i, "some_field", kind, role, school) for i in range(count)]
    return pl.DataFrame(rows, schema=CHANGED, orient="row")


def arrivals(count: int, gone: int = 0, *, school: int = 1, role: str = "student") -> pl.DataFrame:
    rows = [(school * 10_000 + i, role, school, i >= count, i < count) for i in range(count + gone)]
    return pl.DataFrame(rows, schema=GROUPS, orient="row")


@pytest.mark.parametrize(
    ("kind", "percent"),
    [
        ("names", 5),
        ("email", 5),
        ("identifiers", 5),
        ("links", 5),
        ("cleared", 5),
        ("new column", 5),
        ("school", 10),
        ("phone", 10),
        ("grade", 10),
        ("other", 75),
    ],
)
def test_a_field_changes_in_more_than_its_share_of_a_group(kind: str, percent: int) -> None:
    counts = base(1000, 100_000)
    allowed = 10 * percent
    assert over_the_limit(changes(allowed, kind), counts, Limits()).height == 0
    assert over_the_limit(changes(allowed + 1, kind), counts, Limits()).height == allowed + 1


def test_up_to_five_records_of_a_small_group_may_change() -> None:
    assert over_the_limit(changes(5), base(10), Limits()).height == 0
    assert over_the_limit(changes(6), base(10), Limits()).height == 6


def test_ten_percent_of_501_students_are_fifty() -> None:
    """The vendor's own example: at a setting of 10 %, 501 students allow 50."""
    limits = Limits(max_changed_names_percent=10)
    assert over_the_limit(changes(50), base(501), limits).height == 0
    assert over_the_limit(changes(51), base(501), limits).height == 51


def test_small_changes_at_many_schools_are_held_everywhere() -> None:
    rows = pl.concat([changes(5, school=school) for school in range(1, 7)])
    held = over_the_limit(rows, base(*[90] * 6), Limits())
    assert held.height == 30
    assert set(held["reason"].str.slice(0, 8)) == {"over all"}


def test_over_all_holds_the_field_in_every_role() -> None:
    rows = pl.concat([changes(60), changes(1, school=2, role="aide")])
    counts = pl.concat([base(1000), base(0, 30, role="aide")])
    assert over_the_limit(rows, counts, Limits()).height == 61


@pytest.mark.parametrize(("count", "held"), [(5, 0), (6, 6)])
def test_both_names_change_at_more_than_five_people(count: int, held: int) -> None:
    people = changes(count).select("node", "role", "school_id")
    assert renamed(people, Limits()).height == held


@pytest.mark.parametrize(("moved", "orgs", "held"), [(1, 1, 0), (2, 3, 2), (2, 4, 0)])
def test_more_than_half_of_the_orgs_get_another_parent(moved: int, orgs: int, held: int) -> None:
    assert restructured(pl.Series(range(moved)), orgs, Limits()).height == held


@pytest.mark.parametrize(("count", "size", "held"), [(25, 100, 0), (26, 100, 26), (50, 1000, 0), (51, 1000, 51)])
def test_more_come_than_the_limit(count: int, size: int, held: int) -> None:
    assert too_many_created(arrivals(count), base(size), Limits()).height == held


def test_a_first_load_is_not_counted() -> None:
    assert too_many_created(arrivals(500), base(0), Limits()).height == 0


@pytest.mark.parametrize(
    ("coming", "gone", "size", "held"),
    [(26, 26, 1000, 52), (26, 25, 1000, 0), (26, 26, 1350, 0), (2, 2, 2, 4), (1, 1, 1, 0), (2, 2, 3, 0)],
)
def test_as_many_leave_as_come(coming: int, gone: int, size: int, held: int) -> None:
    assert reissued(arrivals(coming, gone), base(size), Limits()).height == held


@pytest.mark.parametrize(("count", "held"), [(5, 0), (6, 12)])
def test_ids_are_equal_once_zeros_are_stripped(count: int, held: int) -> None:
    new = pl.DataFrame({"node": range(count), "key": [f"main//{i + 1}" for i in range(count)]})
    old = pl.DataFrame({"node": range(100, 100 + count), "key": [f"main//00{i + 1}" for i in range(count)]})
    assert zero_stripped(new, old, 100, Limits()).height == held


@pytest.mark.parametrize(("students", "each", "held"), [(5, 7, 0), (6, 7, 42), (6, 6, 0)])
def test_students_with_more_than_six_guardians(students: int, each: int, held: int) -> None:
    rows = [(s * 100 + i, s) for s in range(students) for i in range(each)]
    links = pl.DataFrame(rows, schema=["node", "student_id"], orient="row")
    none = pl.DataFrame(schema={"student_id": pl.Int64, "base": pl.UInt32})
    assert overcrowded(links, none, 200, Limits()).height == held


@pytest.mark.parametrize("percent", [10, 20, 50, 100])
def test_p7_raising_a_limit_never_adds_a_hold(percent: int) -> None:
    rows = pl.concat([changes(lost, school=lost) for lost in range(1, 12)])
    counts = base(*[60] * 11)
    high = Limits(max_changed_names_percent=percent)
    assert set(over_the_limit(rows, counts, high)["node"]) <= set(over_the_limit(rows, counts, Limits())["node"])
    coming = pl.concat([arrivals(20 + lost, school=lost) for lost in range(1, 12)])
    more = Limits(max_created_percent=percent, max_created_overall_percent=percent)
    held = [set(too_many_created(coming, counts, limits)["node"]) for limits in (more, Limits())]
    assert held[0] <= held[1]


@pytest.mark.parametrize("seed", range(5))
def test_p3_the_reason_of_a_limit_is_the_same_in_any_order_of_the_rows(seed: int) -> None:
    """A record that counts in several groups and kinds has the reason of the largest."""
    groups = [
        (node, "primary_org", kind, role, school)
        for node in range(12)
        for kind in ("cleared", "links")
        for role, school in (("student", 1), ("teacher", 1), ("teacher", 2))
        if node < 10 or role == "student"
    ]
    rows = pl.DataFrame(groups, schema=CHANGED, orient="row")
    counts = pl.concat([base(12, 9), base(12, 12, role="teacher")])
    first = over_the_limit(rows, counts, Limits()).sort("node")
    again = over_the_limit(rows.sample(fraction=1, shuffle=True, seed=seed), counts, Limits()).sort("node")
    assert first.height == 12
    assert again.equals(first)
    people = rows.filter(pl.col("kind") == "cleared").select("node", "role", "school_id")
    some = renamed(people, Limits(max_renamed_people=3)).sort("node")
    assert (
        renamed(people.sample(fraction=1, shuffle=True, seed=seed), Limits(max_renamed_people=3))
        .sort("node")
        .equals(some)
    )


def allowed(count: int, school: int | None = None) -> pl.DataFrame:
    """So many students were announced, at a school or anywhere."""
    return pl.DataFrame(
        {"school_id": [school], "allowed": [count]}, schema={"school_id": pl.Int64, "allowed": pl.Int64}
    )


@pytest.mark.parametrize("school", [None, 1])
@pytest.mark.parametrize(("count", "held"), [(55, 0), (56, 56)])
def test_announced_students_are_not_counted(school: int | None, count: int, held: int) -> None:
    assert too_many_created(arrivals(count), base(100), Limits(), allowed(30, school)).height == held


def test_students_announced_elsewhere_are_counted_at_their_school() -> None:
    off = Limits(max_created_overall_percent=100, min_created_overall=10_000)
    assert too_many_created(arrivals(26), base(100, 100), off, allowed(30, 2)).height == 26


def test_announced_students_spare_no_other_role() -> None:
    teachers = arrivals(26).with_columns(role=pl.lit("teacher"))
    assert too_many_created(teachers, base(100, role="teacher"), Limits(), allowed(30)).height == 26


def test_one_that_is_there_makes_it_no_first_load() -> None:
    assert too_many_created(arrivals(26), base(1), Limits()).height == 26


def test_the_sentence_is_that_of_the_role_of_which_most_come() -> None:
    more = arrivals(60).with_columns(pl.col("node") + 100_000, role=pl.lit("guardian"))
    counts = pl.concat([base(100), base(100, role="guardian")])
    reasons = too_many_created(pl.concat([arrivals(30), more]), counts, Limits())["reason"].unique().to_list()
    assert reasons == ["over all, 60 would come to 100, above the limit of 5 % and 25"]
