"""Each limit is switched off in turn: what it alone holds is then let through. So no limit does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from test_limits import group, together
from test_limits_on_changes import arrivals, base, changes

from rosterkit.plan.limits import Limits, exceeded, halved_classes, over_the_week
from rosterkit.plan.limits_on_creates import overcrowded, reissued, too_many_created, zero_stripped
from rosterkit.plan.limits_on_updates import over_the_limit, renamed, restructured

Held = Callable[[Limits], pl.DataFrame]
MANY = 1 << 40


def removed(lost: int, base_: int = 100) -> Held:
    return lambda limits: exceeded(*group(base_, lost), limits)


def removed_everywhere(limits: Limits) -> pl.DataFrame:
    return exceeded(*together(*(group(20, 3, school=school) for school in range(1, 10))), limits)


def in_a_week(limits: Limits) -> pl.DataFrame:
    gone = pl.DataFrame({"node": range(26), "role": ["student"] * 26, "earlier": [True] * 26})
    before = pl.DataFrame({"role": ["student"], "gone": [26], "archived": [0]})
    return over_the_week(gone, before, base(200), limits)


def halved_class(limits: Limits) -> pl.DataFrame:
    rows, counts = group(10, 6)
    of_classes = counts.drop_nulls().rename({"school_id": "class_id"}).select("class_id", "role", "base")
    return halved_classes(rows.rename({"school_id": "class_id"}), of_classes, limits)


def come(limits: Limits) -> pl.DataFrame:
    return too_many_created(arrivals(26), base(100, 1000), limits)


def come_everywhere(limits: Limits) -> pl.DataFrame:
    rows = pl.concat([arrivals(10, school=school) for school in range(1, 10)])
    return too_many_created(rows, base(*[100] * 9), limits)


def under_new_ids(limits: Limits) -> pl.DataFrame:
    return reissued(arrivals(26, 26), base(1000), limits)


def all_exchanged(limits: Limits) -> pl.DataFrame:
    return reissued(arrivals(2, 2), base(2), limits)


def without_zeros(limits: Limits) -> pl.DataFrame:
    new = pl.DataFrame({"node": range(6), "key": [f"main//{i + 1}" for i in range(6)]})
    old = pl.DataFrame({"node": range(100, 106), "key": [f"main//00{i + 1}" for i in range(6)]})
    return zero_stripped(new, old, 100, limits)


def with_seven_guardians(limits: Limits) -> pl.DataFrame:
    rows = [(student * 100 + i, student) for student in range(6) for i in range(7)]
    links = pl.DataFrame(rows, schema=["node", "student_id"], orient="row")
    return overcrowded(links, pl.DataFrame(schema={"student_id": pl.Int64, "base": pl.UInt32}), 200, limits)


def changed(kind: str, percent: int) -> Held:
    """One more than the share, at a school of many."""
    return lambda limits: over_the_limit(changes(10 * percent + 1, kind), base(1000, 100_000), limits)


def changed_everywhere(limits: Limits) -> pl.DataFrame:
    rows = pl.concat([changes(5, school=school) for school in range(1, 7)])
    return over_the_limit(rows, base(*[90] * 6), limits)


def other_names(limits: Limits) -> pl.DataFrame:
    return renamed(changes(6).select("node", "role", "school_id"), limits)


def other_parents(limits: Limits) -> pl.DataFrame:
    return restructured(pl.Series(range(2)), 3, limits)


OFF: dict[str, list[tuple[dict[str, Any], Held]]] = {
    "max_removed_percent": [({}, removed(6))],
    "min_removed": [({}, removed(6))],
    "max_removed_overall_percent": [({}, removed_everywhere)],
    "min_removed_overall": [({}, removed_everywhere), ({}, in_a_week)],
    "max_removed_week_percent": [({}, in_a_week)],
    "halving_min_size": [({"min_removed": 100, "min_removed_overall": 100}, removed(6, 10)), ({}, halved_class)],
    "max_created_percent": [({}, come)],
    "min_created": [({}, come)],
    "max_created_overall_percent": [({}, come_everywhere)],
    "min_created_overall": [({}, come_everywhere)],
    "max_reissued_percent": [({}, under_new_ids), ({}, all_exchanged)],
    "min_reissued": [({}, under_new_ids)],
    "max_changed_names_percent": [({}, changed("names", 5))],
    "max_changed_email_percent": [({}, changed("email", 5))],
    "max_changed_identifiers_percent": [({}, changed("identifiers", 5))],
    "max_changed_links_percent": [({}, changed("links", 5)), ({}, other_parents)],
    "max_cleared_percent": [({}, changed("cleared", 5))],
    "max_changed_school_percent": [({}, changed("school", 10))],
    "max_changed_phone_percent": [({}, changed("phone", 10))],
    "max_changed_grade_percent": [({}, changed("grade", 10))],
    "max_changed_other_percent": [({}, changed("other", 75))],
    "max_new_column_percent": [({}, changed("new column", 5))],
    "min_changed": [({}, changed("names", 5))],
    "min_changed_overall": [({}, changed_everywhere)],
    "max_renamed_people": [({}, other_names)],
    "max_guardians": [({}, with_seven_guardians)],
    "max_shape_percent": [({}, without_zeros), ({}, with_seven_guardians)],
    "min_shape": [({}, without_zeros), ({}, with_seven_guardians)],
}
ELSEWHERE = {"week_days", "on_limit"}
"""How many days the week has is tested in test_grace.py, and what is held beside in test_limit_holds.py."""


def test_every_limit_is_here() -> None:
    assert set(OFF) | ELSEWHERE == set(Limits.model_fields)


@pytest.mark.parametrize("setting", OFF)
def test_what_a_limit_holds_is_let_through_without_it(setting: str) -> None:
    for others, held in OFF[setting]:
        limits = Limits.model_validate(others)
        assert held(limits).height > 0
        off = {setting: 100.0 if setting.endswith("_percent") else MANY}
        assert held(Limits.model_validate(others | off)).height == 0
