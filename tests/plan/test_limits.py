"""Limits on what vanishes: a share and a floor must both be passed, or a unit fall to less than half."""

from __future__ import annotations

import polars as pl
import pytest

from rosterkit.plan.limits import CENSUS, CLASS_CENSUS, UNITS, Limits, halved_classes, trips

Unit = tuple[pl.DataFrame, pl.DataFrame]


def unit(base: int, vanished: int, added: int = 0, *, school: int = 1, role: str = "student") -> Unit:
    """So many active records in one unit, of which so many vanish, and others that come: these, and the census."""
    rows = [(school * 10_000 + i, role, school, True, False) for i in range(vanished)]
    rows += [(school * 10_000 + base + i, role, school, False, True) for i in range(added)]
    census = [(role, school, base), (role, None, base)]
    return pl.DataFrame(rows, schema=UNITS, orient="row"), pl.DataFrame(census, schema=CENSUS, orient="row")


def together(*parts: Unit) -> Unit:
    """Several units, whose records are all different."""
    census = pl.concat([census for _, census in parts])
    return pl.concat([rows for rows, _ in parts]), census.group_by("role", "school_id").agg(pl.col("base").sum())


@pytest.mark.parametrize(
    ("base", "vanished", "held"),
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
def test_a_unit_loses_more_than_five_percent_and_more_than_five(base: int, vanished: int, held: int) -> None:
    assert trips(*unit(base, vanished), Limits()).height == held


@pytest.mark.parametrize(
    ("base", "vanished", "added", "held"),
    [(4, 4, 0, 0), (5, 5, 0, 5), (5, 3, 0, 3), (5, 2, 0, 0), (8, 4, 0, 0), (8, 5, 0, 5), (8, 5, 1, 0), (5, 5, 5, 0)],
)
def test_five_or_more_fall_to_none_or_to_less_than_half(base: int, vanished: int, added: int, held: int) -> None:
    assert trips(*unit(base, vanished, added), Limits(vanished_floor=1000, vanished_overall_floor=1000)).height == held


@pytest.mark.parametrize(("each", "held"), [(2, 0), (3, 27)])
def test_over_all_many_small_losses_are_held_everywhere(each: int, held: int) -> None:
    schools = together(*(unit(20, each, school=school) for school in range(1, 10)))
    assert trips(*schools, Limits()).height == held


def test_one_role_is_not_judged_by_another() -> None:
    both = together(unit(100, 6), unit(100, 1, school=2, role="teacher"))
    assert set(trips(*both, Limits())["id"]) == {10_000 + i for i in range(6)}


def test_who_is_at_two_schools_counts_once_over_all() -> None:
    there, census = unit(26, 13, school=1)
    here = there.with_columns(school_id=pl.lit(2, pl.Int64))
    at_both = pl.concat([census, census.head(1).with_columns(school_id=pl.lit(2, pl.Int64))])
    limits = Limits(vanished_floor=1000, vanished_overall_floor=13)
    assert trips(pl.concat([there, here]), at_both, limits).height == 0


def test_a_class_is_held_only_where_it_is_halved() -> None:
    rows, census = together(unit(10, 6, school=1), unit(10, 5, school=2))
    members = rows.rename({"school_id": "class_id"})
    of_classes = census.drop_nulls().rename({"school_id": "class_id"}).select(list(CLASS_CENSUS))
    assert halved_classes(members, of_classes, Limits())["id"].to_list() == [10_000 + i for i in range(6)]


@pytest.mark.parametrize("percent", [5, 10, 20, 50])
def test_p7_raising_a_limit_never_adds_a_hold(percent: int) -> None:
    units = together(*(unit(60, lost, school=lost) for lost in range(1, 12)))
    low, high = Limits(), Limits(vanished_percent=percent, vanished_overall_percent=percent)
    assert set(trips(*units, high)["id"]) <= set(trips(*units, low)["id"])
