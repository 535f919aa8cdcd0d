"""The whole answers of the limits: which records, in which columns, and the sentence that a person reads."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError, create_model
from test_limits import Group, group, together
from test_limits_on_changes import arrivals, base, changes

from rosterkit.plan import limits as settings
from rosterkit.plan.limits import Limits, emptied_schools, exceeded, few_removed, halved_classes, over_the_week
from rosterkit.plan.limits_on_creates import overcrowded, reissued, too_many_created, zero_stripped
from rosterkit.plan.limits_on_updates import may_exceed, over_the_limit, renamed, restructured

ANSWER = {"node": pl.Int64, "reason": pl.String}
OF_FIELDS = {"node": pl.Int64, "field": pl.String, "reason": pl.String}
Rows = list[tuple[Any, ...]]


def answer(found: pl.DataFrame, schema: dict[str, type[pl.DataType]] | None = None) -> Rows:
    """The rows, in order of their nodes, of an answer that has these columns and no others."""
    assert dict(found.schema) == (schema or ANSWER)
    assert found["node"].n_unique() == found.height or "field" in found.columns
    return sorted(found.rows())


def all_of(nodes: range, reason: str) -> Rows:
    return [(node, reason) for node in nodes]


# ---- what is removed


def test_what_a_group_loses() -> None:
    reason = "at this school, 6 of 100 would be removed, above the limit of 5 % and 5"
    assert answer(exceeded(*group(100, 6), Limits())) == all_of(range(10_000, 10_006), reason)
    assert answer(exceeded(*group(100, 5), Limits())) == []


def test_what_leaves_less_than_half_or_none() -> None:
    off = Limits(min_removed=100, min_removed_overall=100)
    half = "over all, 6 of 10 would be removed, which leaves less than half: the file may be cut short"
    assert answer(exceeded(*group(10, 6), off)) == all_of(range(10_000, 10_006), half)
    none = "over all, 10 of 10 would be removed, which leaves none: the file may be incomplete"
    assert answer(exceeded(*group(10, 10), off)) == all_of(range(10_000, 10_010), none)


@pytest.mark.parametrize("size", range(8))
def test_what_is_counted_as_few_exceeds_nothing_and_one_more_may(size: int) -> None:
    limits = Limits(halving_min_size=size, min_removed=100, min_removed_overall=100)
    most = next(count for count in range(9, -1, -1) if few_removed(count, limits))
    assert all(answer(exceeded(*group(there, most), limits)) == [] for there in range(max(most, 1), 2 * most + 2))
    assert len(answer(exceeded(*group(max(size, most + 1), most + 1), limits))) == most + 1
    assert not few_removed(3, limits.model_copy(update={"min_removed": 2}))
    assert not few_removed(3, limits.model_copy(update={"min_removed_overall": 2}))


def test_a_share_that_is_no_whole_number_is_written_so() -> None:
    found = exceeded(*group(100, 6), Limits(max_removed_percent=2.5, min_removed_overall=100))
    assert {reason for _, reason in answer(found)} == {
        "at this school, 6 of 100 would be removed, above the limit of 2.5 % and 5"
    }


def test_over_all_is_the_sentence_of_a_record_that_both_hold() -> None:
    found = exceeded(*together(*(group(100, 30, school=school) for school in (1, 2))), Limits())
    assert {reason for _, reason in answer(found)} == {
        "over all, 60 of 200 would be removed, above the limit of 5 % and 25"
    }


def test_a_group_of_which_nobody_is_counted_has_none_to_lose() -> None:
    """Who leaves with no active role at that school: 6 of 0."""
    rows, _ = group(0, 6)
    counts = base(100, 100).filter(pl.col("school_id").ne_missing(1))
    reason = "at this school, 6 of 0 would be removed, above the limit of 5 % and 5"
    assert answer(exceeded(rows, counts, Limits())) == all_of(range(10_000, 10_006), reason)


def members(*parts: Group) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Enrollments that move, and how many there are, by class and role."""
    rows, counts = together(*parts)
    of_classes = counts.drop_nulls().rename({"school_id": "class_id"}).select("class_id", "role", "base")
    return rows.rename({"school_id": "class_id"}), of_classes


def test_a_class_that_is_halved() -> None:
    reason = "in this class, 6 of 10 would be removed, which leaves less than half: the file may be cut short"
    found = halved_classes(*members(group(10, 6), group(10, 5, school=2), group(4, 4, school=3)), Limits())
    assert answer(found) == all_of(range(10_000, 10_006), reason)


def test_a_class_is_judged_by_role() -> None:
    both = members(group(10, 6), group(2, 2, school=2, role="teacher"))
    rows, counts = (frame.with_columns(class_id=pl.lit(1, pl.Int64)) for frame in both)
    assert {node for node, _ in answer(halved_classes(rows, counts, Limits()))} == set(range(10_000, 10_006))


def test_a_school_of_which_less_than_half_stay() -> None:
    """Four of five students and three of four teachers of school 1 are gone; of school 2 half stay."""
    parts = [group(5, 4), group(4, 3, role="teacher"), group(10, 5, school=2), group(9, 5, school=3)]
    reason = "of all people at this school, {}, which leaves less than half: the file may be cut short"
    expected = [(1, reason.format("7 of 9 would be removed")), (3, reason.format("5 of 9 would be removed"))]
    found = emptied_schools(*together(*parts), Limits())
    assert dict(found.schema) == {"school_id": pl.Int64, "reason": pl.String}
    assert sorted(found.rows()) == expected
    who_comes = [group(5, 4, 3), group(4, 3, role="teacher")]
    assert emptied_schools(*together(*who_comes), Limits()).is_empty()
    at_district = together(group(9, 8, school=0))
    assert emptied_schools(*at_district, Limits()).is_empty()


def week(gone: int, archived: int = 0, role: str = "student") -> pl.DataFrame:
    return pl.DataFrame({"role": [role], "gone": [gone], "archived": [archived]})


def away(earlier: int, today: int, role: str = "student") -> pl.DataFrame:
    rows = [(node, role, node < earlier) for node in range(earlier + today)]
    return pl.DataFrame(rows, schema={"node": pl.Int64, "role": pl.String, "earlier": pl.Boolean}, orient="row")


@pytest.mark.parametrize(
    ("earlier", "today", "archived", "size", "held"),
    [
        (20, 6, 0, 200, 26),
        (1, 25, 0, 200, 26),
        (20, 5, 0, 200, 0),  # 25 are not above the minimum
        (20, 6, 0, 259, 26),
        (20, 6, 0, 260, 0),  # 26 are 10 % of 260
        (20, 6, 60, 200, 0),  # and of 200 with 60 who are archived by now
        (0, 30, 0, 200, 0),  # nobody was gone before: the limit of the day counts
    ],
)
def test_what_a_week_loses(earlier: int, today: int, archived: int, size: int, held: int) -> None:
    found = answer(over_the_week(away(earlier, today), week(earlier, archived), base(size), Limits()))
    gone, of = earlier + today, size + archived
    reason = f"over all, {gone} of {of} were removed within 7 school days, above the limit of 10 % and 25"
    assert found == all_of(range(held), reason)


def test_a_week_is_judged_by_role_and_counts_who_has_two_once() -> None:
    twice = pl.concat([away(30, 0), away(30, 0), away(10, 0, "aide").with_columns(pl.col("node") + 100)])
    before = pl.concat([week(26), week(10, role="aide")])
    counts = pl.concat([base(260), base(400, role="aide")])
    assert answer(over_the_week(twice, before, counts, Limits())) == []
    counts = pl.concat([base(200), base(400, role="aide")])
    assert {node for node, _ in answer(over_the_week(twice, before, counts, Limits()))} == set(range(30))


def test_who_has_two_roles_that_lose_too_many_has_one_reason_in_any_order() -> None:
    both = pl.concat([away(30, 0, "aide"), away(30, 0)])
    before, counts = pl.concat([week(30), week(40, role="aide")]), pl.concat([base(200), base(200, role="aide")])
    reason = "over all, 30 of 200 were removed within 7 school days, above the limit of 10 % and 25"
    for rows in (both, both.reverse()):
        assert over_the_week(rows, before, counts, Limits()).rows() == all_of(range(30), reason)


def test_who_leaves_two_schools_has_one_reason_in_any_order() -> None:
    there, _ = group(100, 8)
    here = there.head(7).with_columns(school_id=pl.lit(2, pl.Int64))
    both, off = pl.concat([there, here]), Limits(min_removed_overall=100)
    for rows in (both, both.reverse()):
        found: dict[int, str] = dict(answer(exceeded(rows, base(100, 100), off)))
        assert found[10_000] == "at this school, 7 of 100 would be removed, above the limit of 5 % and 5"
        assert found[10_007] == "at this school, 8 of 100 would be removed, above the limit of 5 % and 5"


def test_a_week_without_a_base() -> None:
    """All who were there have left: 26 of 26 who were archived by now."""
    none = base(5, role="aide")
    assert answer(over_the_week(away(26, 0), week(26, 260), none, Limits())) == []
    assert len(answer(over_the_week(away(26, 0), week(26, 259), none, Limits()))) == 26
    assert len(answer(over_the_week(away(27, 0), week(27, 100), none, Limits(week_days=3)))) == 27


# ---- what comes


def test_what_comes_to_a_school() -> None:
    reason = "at this school, 26 would come to 100, above the limit of 5 % and 25"
    found = too_many_created(arrivals(26), base(100, 1000), Limits())
    assert answer(found) == all_of(range(10_000, 10_026), reason)


def test_what_comes_over_all() -> None:
    reason = "over all, 90 would come to 900, above the limit of 5 % and 25"
    rows = pl.concat([arrivals(10, school=school) for school in range(1, 10)])
    assert {text for _, text in answer(too_many_created(rows, base(*[100] * 9), Limits()))} == {reason}


def test_who_comes_to_two_schools_counts_once_over_all() -> None:
    many = pl.concat([arrivals(31), arrivals(31).with_columns(school_id=pl.lit(2, pl.Int64))])
    assert answer(too_many_created(many, base(600, 600), Limits(max_created_percent=100))) == []
    rows = pl.concat([arrivals(26), arrivals(26).with_columns(school_id=pl.lit(2, pl.Int64))])
    assert answer(too_many_created(rows, base(600, 600), Limits())) == []
    found = answer(too_many_created(rows, base(600, 600), Limits(max_created_percent=1, min_created_overall=26)))
    assert {text for _, text in found} == {"at this school, 26 would come to 600, above the limit of 1 % and 25"}


@pytest.mark.parametrize(("guardians", "students", "named"), [(30, 60, 60), (60, 30, 60), (30, 30, 30)])
def test_the_sentence_is_that_of_the_role_of_which_most_come(guardians: int, students: int, named: int) -> None:
    """Of two that are as many, the first by name."""
    both = pl.concat([arrivals(guardians, role="guardian"), arrivals(students, school=2)])
    counts = pl.concat([base(101, role="guardian"), base(0, 100)])
    of = 100 if students > guardians else 101
    reason = f"over all, {named} would come to {of}, above the limit of 5 % and 25"
    assert {text for _, text in answer(too_many_created(both, counts, Limits()))} == {reason}


ROLES = ("aide", "clerk", "guardian", "parent", "proctor", "relative", "student", "teacher")


def test_of_many_roles_of_which_as_many_come_or_change_the_first_by_name_is_named() -> None:
    counts = pl.concat([base(101 + at, role=role) for at, role in enumerate(ROLES)])
    coming = [arrivals(30, role=role).with_columns(pl.col("node") + at * 1000) for at, role in enumerate(ROLES)]
    moved = [changes(30, role=role).with_columns(pl.col("node") + at * 1000) for at, role in enumerate(ROLES)]
    for step in (1, -1):
        found = too_many_created(pl.concat(coming[::step]), counts, Limits())
        assert {text.split(",")[1] for _, text in answer(found)} == {" 30 would come to 101"}
        changed = over_the_limit(pl.concat(moved[::step]), counts, Limits())
        assert {text.split(" would")[0] for *_, text in answer(changed, OF_FIELDS)} == {"over all, 30 of 101"}


def test_a_school_that_is_new_counts_none_before() -> None:
    counts = base(1000).filter(pl.col("school_id").is_null())
    off = Limits(max_created_overall_percent=100)
    reason = "at this school, 26 would come to 0, above the limit of 5 % and 25"
    assert answer(too_many_created(arrivals(26), counts, off)) == all_of(range(10_000, 10_026), reason)


def test_announced_students_may_come_to_a_school_that_is_new() -> None:
    counts = base(1000).filter(pl.col("school_id").is_null())
    off = Limits(max_created_overall_percent=100)
    for school in (1, None):
        allowed = pl.DataFrame([(school, 80)], schema={"school_id": pl.Int64, "allowed": pl.Int64}, orient="row")
        assert answer(too_many_created(arrivals(80), counts, off, allowed)) == []


def test_who_leaves_while_as_many_come() -> None:
    reason = "over all, 26 would leave and 27 would come, above the limit of 2 % and 25 for both together"
    found = reissued(arrivals(27, 26), base(1000), Limits())
    assert answer(found) == all_of(range(10_000, 10_053), reason)


@pytest.mark.parametrize(("coming", "gone", "held"), [(52, 51, 103), (51, 52, 103), (51, 51, 102), (50, 51, 0)])
def test_both_count_that_are_fewer(coming: int, gone: int, held: int) -> None:
    """2 % of 2,549 are 50."""
    assert len(answer(reissued(arrivals(coming, gone), base(2549), Limits()))) == held


def test_two_percent_of_2550_are_51() -> None:
    assert answer(reissued(arrivals(51, 51), base(2550), Limits())) == []


def test_who_counts_at_two_schools_is_exchanged_once() -> None:
    rows = arrivals(26, 26)
    both = pl.concat([rows, rows.with_columns(school_id=pl.lit(2, pl.Int64))])
    assert len(answer(reissued(both, base(1000, 1000), Limits(min_reissued=30)))) == 0
    assert len(answer(reissued(both, base(1000, 200), Limits()))) == 52


def test_an_exchange_of_everything_is_held_unless_the_limit_is_off() -> None:
    assert len(answer(reissued(arrivals(2, 2), base(2), Limits(max_reissued_percent=99)))) == 4
    assert answer(reissued(arrivals(2, 2), base(2), Limits(max_reissued_percent=100))) == []
    assert answer(reissued(arrivals(1, 1), base(1), Limits(max_reissued_percent=99))) == []  # one is no exchange


def test_one_that_leaves_while_one_comes_may_be_too_many() -> None:
    assert len(answer(reissued(arrivals(1, 1), base(1000), Limits(max_reissued_percent=0, min_reissued=0)))) == 2


def test_who_has_two_roles_that_are_exchanged_has_one_reason() -> None:
    both = pl.concat([arrivals(26, 26), arrivals(26, 26, role="aide")])
    counts = pl.concat([base(1000), base(900, role="aide")])
    assert len(answer(reissued(both, counts, Limits()))) == 52


def test_more_than_a_role_had_may_be_exchanged() -> None:
    """26 of 0 are too many."""
    rows = arrivals(26, 26, role="proctor")
    reason = "over all, 26 would leave and 26 would come, above the limit of 2 % and 25 for both together"
    assert {text for _, text in answer(reissued(rows, base(1000), Limits()))} == {reason}


def keys(*ids: str, first: int = 0) -> pl.DataFrame:
    return pl.DataFrame({"node": range(first, first + len(ids)), "key": [f"main//{one}" for one in ids]})


def test_ids_that_are_alike_but_for_zeros() -> None:
    new, old = keys(*(f"{i}" for i in range(1, 7))), keys(*(f"00{i}" for i in range(1, 7)), first=100)
    reason = "the ids of 6 that would come are those of others but for leading zeros"
    expected = [*all_of(range(6), reason), *all_of(range(100, 106), reason)]
    assert answer(zero_stripped(new, old, 100, Limits())) == expected
    assert answer(zero_stripped(new, new.with_columns(pl.col("node") + 100), 100, Limits())) == []
    other_space = old.with_columns(pl.col("key").str.replace("main//", "main/staff/"))
    assert answer(zero_stripped(new, other_space, 100, Limits())) == []


@pytest.mark.parametrize(("size", "held"), [(299, 12), (300, 0), (303, 0)])
def test_two_percent_may_be_alike(size: int, held: int) -> None:
    new, old = keys(*(f"{i}" for i in range(1, 7))), keys(*(f"0{i}" for i in range(1, 7)), first=100)
    assert len(answer(zero_stripped(new, old, size, Limits()))) == held


def test_parts_of_an_id_are_stripped_too() -> None:
    new, old = keys(*(f"5:0{i}" for i in range(1, 7))), keys(*(f"05:{i}" for i in range(1, 7)), first=100)
    assert len(answer(zero_stripped(new, old, 100, Limits()))) == 12


def links(students: int, each: int) -> pl.DataFrame:
    rows = [(student * 100 + i, student) for student in range(students) for i in range(each)]
    return pl.DataFrame(rows, schema={"node": pl.Int64, "student_id": pl.Int64}, orient="row")


NO_LINKS = pl.DataFrame(schema={"student_id": pl.Int64, "base": pl.UInt32})


def test_students_with_too_many_guardians() -> None:
    reason = "6 of 200 students would have more than 6 guardians"
    found = answer(overcrowded(pl.concat([links(6, 7), links(7, 2).tail(2)]), NO_LINKS, 200, Limits()))
    assert found == [(student * 100 + i, reason) for student in range(6) for i in range(7)]
    assert answer(overcrowded(links(5, 7), NO_LINKS, 200, Limits())) == []


def test_guardians_who_stay_count_too() -> None:
    stay = pl.DataFrame({"student_id": range(6), "base": [6] * 6}, schema_overrides={"base": pl.UInt32})
    assert len(answer(overcrowded(links(6, 1), stay, 200, Limits()))) == 6
    assert answer(overcrowded(links(6, 1), stay.with_columns(base=pl.lit(5, pl.UInt32)), 200, Limits())) == []


@pytest.mark.parametrize(("students", "held"), [(299, 42), (300, 0), (303, 0)])
def test_two_percent_of_the_students_may_have_more(students: int, held: int) -> None:
    assert len(answer(overcrowded(links(6, 7), NO_LINKS, students, Limits()))) == held


# ---- what changes


def test_a_field_that_changes_too_often_at_a_school() -> None:
    reason = "at this school, 6 of 100 would change their some_field, above the limit of 5 % and 5"
    found = over_the_limit(changes(6), base(100, 1000), Limits())
    assert answer(found, OF_FIELDS) == [(node, "some_field", reason) for node in range(10_000, 10_006)]
    assert answer(over_the_limit(changes(5), base(100, 1000), Limits()), OF_FIELDS) == []


def test_a_field_that_becomes_blank() -> None:
    reason = "over all, 30 of 100 would lose their some_field, above the limit of 5 % and 25"
    found = over_the_limit(changes(30, "cleared"), base(100), Limits())
    assert {text for *_, text in answer(found, OF_FIELDS)} == {reason}


@pytest.mark.parametrize(("students", "aides", "named", "of"), [(30, 40, 40, 99), (40, 30, 40, 100), (30, 30, 30, 99)])
def test_the_sentence_is_that_of_the_role_of_which_most_change(students: int, aides: int, named: int, of: int) -> None:
    """Of two that are as many, the first by name."""
    rows = pl.concat([changes(students), changes(aides, school=2, role="aide")])
    counts = pl.concat([base(100), base(0, 99, role="aide")])
    reason = f"over all, {named} of {of} would change their some_field, above the limit of 5 % and 25"
    assert {text for *_, text in answer(over_the_limit(rows, counts, Limits()), OF_FIELDS)} == {reason}


KINDS = ("cleared", "email", "grade", "identifiers", "links", "names", "phone", "school")


@pytest.mark.parametrize("kinds", [KINDS, KINDS[::-1]])
def test_of_kinds_that_are_as_many_the_first_by_name_is_named(kinds: tuple[str, ...]) -> None:
    rows = pl.concat([changes(30, kind) for kind in kinds])
    reason = "over all, 30 of 100 would lose their some_field, above the limit of 5 % and 25"
    found = over_the_limit(rows, base(100), Limits())
    assert answer(found, OF_FIELDS) == [(node, "some_field", reason) for node in range(10_000, 10_030)]


def at_school(count: int, of: int, verb: str = "change") -> str:
    return f"at this school, {count} of {of} would {verb} their some_field, above the limit of 5 % and 5"


def of_node(rows: pl.DataFrame, counts: pl.DataFrame, node: int) -> str:
    """The sentence of a record, where no limit over all counts, in any order of the rows."""
    off = Limits(min_changed_overall=1000)
    found = [
        {n: text for n, _, text in answer(over_the_limit(r, counts, off), OF_FIELDS)} for r in (rows, rows.reverse())
    ]
    assert found[0] == found[1]
    return str(found[0][node])


def test_of_several_groups_of_a_record_the_largest_is_named() -> None:
    two = base(90, 100)

    def here(count: int, school: int, role: str = "student", kind: str = "names") -> pl.DataFrame:
        return changes(count, kind, role=role).with_columns(school_id=pl.lit(school, pl.Int64))

    assert of_node(pl.concat([here(7, 1), here(8, 2)]), two, 10_000) == at_school(8, 100)
    assert of_node(pl.concat([here(8, 1), here(7, 2)]), two, 10_000) == at_school(8, 90)
    assert of_node(pl.concat([here(7, 1), here(7, 2)]), two, 10_000) == at_school(7, 90)  # the first school
    roles = pl.concat([two, base(80, 80, role="aide")])
    assert of_node(pl.concat([here(7, 1), here(7, 2, "aide")]), roles, 10_000) == at_school(7, 80)  # by its name
    kinds = pl.concat([here(7, 1, kind="links"), here(7, 1, kind="cleared")])
    assert of_node(kinds, two, 10_000) == at_school(7, 90, "lose")
    assert of_node(pl.concat([kinds, here(9, 2, kind="links")]), two, 10_000) == at_school(9, 100)


def test_two_fields_have_a_sentence_each() -> None:
    rows = pl.concat([changes(30), changes(40).with_columns(field=pl.lit("other_field"))])
    found = answer(over_the_limit(rows, base(100), Limits()), OF_FIELDS)
    assert {(field, text.split(" of ")[0]) for _, field, text in found} == {
        ("some_field", "over all, 30"),
        ("other_field", "over all, 40"),
    }


def test_a_school_of_which_nobody_is_counted() -> None:
    counts = base(1000).filter(pl.col("school_id").is_null())
    reason = "at this school, 6 of 0 would change their some_field, above the limit of 5 % and 5"
    found = answer(over_the_limit(changes(6), counts, Limits()), OF_FIELDS)
    assert {text for *_, text in found} == {reason}


def test_a_record_counts_once_in_each_group() -> None:
    twice = pl.concat([changes(5), changes(5)])
    assert answer(over_the_limit(twice, base(10), Limits()), OF_FIELDS) == []
    both = pl.concat([changes(31), changes(31).with_columns(school_id=pl.lit(2, pl.Int64))])
    assert answer(over_the_limit(both, base(600, 600), Limits(min_changed=1000)), OF_FIELDS) == []


def people(count: int, school: int = 1, role: str = "student") -> pl.DataFrame:
    return changes(count, school=school, role=role).select("node", "role", "school_id")


def test_people_whose_names_both_change() -> None:
    reason = "over all, both names would change at 6 people, above the limit of 5"
    assert answer(renamed(people(6), Limits())) == all_of(range(10_000, 10_006), reason)
    assert answer(renamed(people(5), Limits())) == []


def test_people_of_two_schools_are_renamed_over_all() -> None:
    found = answer(renamed(pl.concat([people(4), people(3, school=2)]), Limits()))
    assert {text for _, text in found} == {"over all, both names would change at 7 people, above the limit of 5"}
    one = people(6)
    both = pl.concat([one, one.with_columns(school_id=pl.lit(2, pl.Int64)), people(7, role="aide")])
    assert answer(renamed(both, Limits())) == [
        *all_of(range(10_000, 10_006), "over all, both names would change at 6 people, above the limit of 5"),
        *all_of(range(10_006, 10_007), "over all, both names would change at 7 people, above the limit of 5"),
    ]


def test_orgs_that_get_another_parent() -> None:
    reason = "2 of 3 orgs would get another parent, above the limit of one half"
    found = answer(restructured(pl.Series(range(2)), 3, Limits()), OF_FIELDS)
    assert found == [(0, "parent", reason), (1, "parent", reason)]
    assert answer(restructured(pl.Series(range(2)), 4, Limits()), OF_FIELDS) == []
    assert answer(restructured(pl.Series(range(2)), 3, Limits(max_changed_links_percent=100)), OF_FIELDS) == []


@pytest.mark.parametrize(
    ("count", "group_", "over_all", "may"),
    [(6, 5, 25, True), (5, 5, 25, False), (26, 100, 25, True), (25, 100, 25, False), (0, 0, 0, False)],
)
def test_whether_a_limit_on_changes_could_be_passed(count: int, group_: int, over_all: int, may: bool) -> None:
    fields = pl.concat([changes(count), changes(count).with_columns(field=pl.lit("other_field")).head(1)])
    assert may_exceed(fields, Limits(min_changed=group_, min_changed_overall=over_all)) is may


# ---- the settings


def test_a_share_is_between_nothing_and_all() -> None:
    made = create_model("Made", share=(float, settings._share(5, "Of all.")), count=(int, settings._number(3, "Some.")))
    assert made().model_dump() == {"share": 5, "count": 3}
    assert made(share=0, count=0).model_dump() == {"share": 0, "count": 0}
    assert made(share=100, count=10**9).model_dump() == {"share": 100, "count": 10**9}
    assert [field.description for field in made.model_fields.values()] == ["Of all.", "Some."]
    for wrong in ({"share": -0.1}, {"share": 100.1}, {"count": -1}):
        with pytest.raises(ValidationError):
            made(**wrong)
