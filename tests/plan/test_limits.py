"""Limits on what is removed: a share and a minimum must both be passed, or a group fall to less than half."""

from __future__ import annotations

import polars as pl
import pytest

from rosterkit.plan.limits import GROUPS, Limits, emptied_schools, exceeded, halved_classes
from rosterkit.plan.snapshot import GROUP_COUNTS

Group = tuple[pl.DataFrame, pl.DataFrame]


def group(base: int, removed: int, added: int = 0, *, school: int = 1, role: str = "student") -> Group:
    """So many active records in one group, of which so many are removed; others are added. And the counts."""
    rows = [(school * 10_000 + i, role, school, True, False) for i in range(removed)]
    rows += [(school * 10_000 + base + i, role, school, False, True) for i in range(added)]
    counts = [(role, school, base), (role, None, base)]
    return pl.DataFrame(rows, schema=GROUPS, orient="row"), pl.DataFrame(counts, schema=GROUP_COUNTS, orient="row")


def together(*parts: Group) -> Group:
    """Several groups, whose records are all different."""
    counts = pl.concat([counts for _, counts in parts])
    return pl.concat([rows for rows, _ in parts]), counts.group_by("role", "school_id").agg(pl.col("base").sum())


@pytest.mark.parametrize(
    ("base", "removed", "held"),
    [
        (100, 5, 0),
        (100, 6, 6),
        (139, 6, 0),
        (119, 6, 6),
        (120, 6, 0),
        (200, 10, 0),
        (200, 11, 11),
        (12, 5, 0),
        (12, 6, 6),
    ],
)
def test_a_group_loses_more_than_five_percent_and_more_than_five(base: int, removed: int, held: int) -> None:
    assert exceeded(*group(base, removed), Limits()).height == held


@pytest.mark.parametrize(
    ("base", "percent", "most"),
    [(501, 10, 50), (509, 10, 50), (510, 10, 51), (1_000_000, 5, 50_000), (1_000_019, 5, 50_000), (10, 5, 5)],
)
def test_a_share_is_rounded_down_whatever_the_size(base: int, percent: float, most: int) -> None:
    """501 students allow 50 at 10 %: the example of Connect."""
    limits = Limits(max_removed_percent=percent, max_removed_overall_percent=percent, min_removed_overall=5)
    assert exceeded(*group(base, most), limits).height == 0
    assert exceeded(*group(base, most + 1), limits).height == most + 1


def test_a_file_that_lacks_too_many_of_one_role_is_not_believed_about_the_few_of_another() -> None:
    aides = group(40, 1, role="aide")
    aides = aides[0].with_columns(pl.col("node") + 500_000), aides[1]
    assert exceeded(*together(group(1000, 51), aides), Limits()).height == 52
    assert exceeded(*together(group(1000, 50), aides), Limits(min_removed=1000)).height == 0
    halved = Limits(min_removed=1000, min_removed_overall=1000)
    assert exceeded(*together(group(10, 8), aides), halved).height == 8  # a role that is halved speaks for itself


@pytest.mark.parametrize(
    ("students", "teachers", "reason"),
    [((200, 40), (100, 30), "40 of 200"), ((200, 40), (300, 60), "60 of 300"), ((200, 40), (300, 40), "40 of 200")],
)
def test_the_few_of_another_role_are_held_for_the_role_that_lacks_most(
    students: tuple[int, int], teachers: tuple[int, int], reason: str
) -> None:
    """Of two that lack as many, for the first by its name."""
    parts = [group(*students), group(*teachers, school=2, role="teacher"), group(90, 1, school=3, role="aide")]
    found = exceeded(*together(*parts), Limits())
    aide = found.filter(pl.col("node") == 30_000)["reason"].item()
    assert aide.startswith(f"over all, {reason} would be removed")


@pytest.mark.parametrize(
    ("base", "removed", "added", "held"),
    [(4, 4, 0, 0), (5, 5, 0, 5), (5, 3, 0, 3), (5, 2, 0, 0), (8, 4, 0, 0), (8, 5, 0, 5), (8, 5, 1, 0), (5, 5, 5, 0)],
)
def test_five_or_more_fall_to_none_or_to_less_than_half(base: int, removed: int, added: int, held: int) -> None:
    assert exceeded(*group(base, removed, added), Limits(min_removed=1000, min_removed_overall=1000)).height == held


@pytest.mark.parametrize(
    ("students", "teachers", "emptied"),
    [((10, 6), (3, 0), False), ((10, 10), (3, 3), True), ((10, 7), (3, 0), True), ((2, 2), (2, 2), False)],
)
def test_a_school_that_keeps_less_than_half_of_its_people_is_emptied_whatever_their_roles(
    students: tuple[int, int], teachers: tuple[int, int], emptied: bool
) -> None:
    """How many there are and are removed: those of one role may be too few for a limit of their own."""
    groups, counts = together(group(*students), group(*teachers, role="teacher"))
    found = emptied_schools(groups, counts, Limits())
    assert found.height == emptied
    assert not emptied or "of all people at this school" in found["reason"][0]


@pytest.mark.parametrize(("each", "held"), [(2, 0), (3, 27)])
def test_over_all_many_small_losses_are_held_everywhere(each: int, held: int) -> None:
    schools = together(*(group(20, each, school=school) for school in range(1, 10)))
    assert exceeded(*schools, Limits()).height == held


def test_one_role_is_not_judged_by_another() -> None:
    both = together(group(100, 6), group(100, 1, school=2, role="teacher"))
    assert set(exceeded(*both, Limits())["node"]) == {10_000 + i for i in range(6)}


def test_who_is_at_two_schools_counts_once_over_all() -> None:
    there, counts = group(26, 13, school=1)
    here = there.with_columns(school_id=pl.lit(2, pl.Int64))
    at_both = pl.concat([counts, counts.head(1).with_columns(school_id=pl.lit(2, pl.Int64))])
    limits = Limits(min_removed=1000, min_removed_overall=13)
    assert exceeded(pl.concat([there, here]), at_both, limits).height == 0


def test_a_class_is_held_only_where_it_is_halved() -> None:
    rows, counts = together(group(10, 6, school=1), group(10, 5, school=2))
    members = rows.rename({"school_id": "class_id"})
    of_classes = counts.drop_nulls().rename({"school_id": "class_id"}).select("class_id", "role", "base")
    assert halved_classes(members, of_classes, Limits())["node"].to_list() == [10_000 + i for i in range(6)]


@pytest.mark.parametrize("percent", [5, 10, 20, 50])
def test_p7_raising_a_limit_never_adds_a_hold(percent: int) -> None:
    groups = together(*(group(60, lost, school=lost) for lost in range(1, 12)))
    low, high = Limits(), Limits(max_removed_percent=percent, max_removed_overall_percent=percent)
    assert set(exceeded(*groups, high)["node"]) <= set(exceeded(*groups, low)["node"])
