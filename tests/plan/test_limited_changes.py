"""Limits on what is changed, on few records in memory: which fields are held, and in which words."""

from __future__ import annotations

from typing import cast

import polars as pl
import pytest
from limited import NOTHING, SIGN, STUDENTS, bits, fields_held, held, off, renamed, student
from small_records import Rec, Stored, counts, fields_of, records

from rosterkit.plan import causes
from rosterkit.plan.limit_exemptions import Exempt
from rosterkit.plan.limit_holds import hold_over_limits
from rosterkit.plan.limited_records import Facts
from rosterkit.plan.limits import Limits
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import by_name


def run(*some: Rec, stored: Stored, limits: Limits, facts: Facts | None = None) -> tuple[dict[int, int], set[str]]:
    """The held bits by id, and the reasons of NEW_HOLDS."""
    made, new, _ = hold_over_limits(records(*some), cast("Snapshot", stored), limits, NOTHING, fields_of(*some), facts)
    assert new.select("key", "field").is_unique().all()
    return fields_held(made), set(new["reason"])


def test_a_field_that_changes_in_too_many_is_held_and_the_others_are_not() -> None:
    rows = [*renamed(5, email="n"), student(5, "update", email="q", family_name="Mbeki")]
    found, why = run(*rows, stored=STUDENTS, limits=off(max_changed_email_percent=5))
    assert found == dict.fromkeys(range(6), bits("email"))
    assert why == {"at this school, 6 of 100 would change their email, above the limit of 5 % and 5"}
    assert run(*rows[:5], stored=STUDENTS, limits=off(max_changed_email_percent=5)) == ({}, set())


def test_what_becomes_blank_has_a_limit_of_its_own() -> None:
    rows = [student(i, "update", email=None) for i in range(6)]
    found, why = run(*rows, stored=STUDENTS, limits=off(max_cleared_percent=5))
    assert (len(found), why) == (
        6,
        {f"at this school, 6 of 100 would lose their email, above the limit of 5 % and 5{SIGN}{causes.BLANK}"},
    )


def test_another_value_is_no_blank_one() -> None:
    assert run(*renamed(6, email="n"), stored=STUDENTS, limits=off(max_cleared_percent=5))[0] == {}


@pytest.mark.parametrize(("hold", "count"), [(None, 6), ("limit", 6), ("case", 6), ("person", 0), ("policy", 0)])
def test_a_change_that_a_limit_or_a_case_holds_counts_still(hold: str | None, count: int) -> None:
    one = student(5, "update", email="n5")
    one = Rec(one.entity, one.id, one.action, one.old, one.new, one.key, {"hold": hold})
    found, _ = run(*renamed(5, email="n"), one, stored=STUDENTS, limits=off(max_changed_email_percent=5))
    assert len(found) == count


def test_a_restore_does_not_count_as_a_change() -> None:
    rows = [Rec("User", i, "restore", student(i).old, {"email": "n"}) for i in range(6)]
    assert run(*rows, stored=STUDENTS, limits=off(max_changed_email_percent=5))[0] == {}


def test_a_change_that_was_announced_does_not_count() -> None:
    rows = renamed(6, email="n")
    node = fields_of(rows[0]).select("node", "field")
    facts = Facts(exempt=Exempt(fields=node))
    assert run(*rows, stored=STUDENTS, limits=off(max_changed_email_percent=5), facts=facts)[0] == {}
    others = renamed(7, email="n")
    found, _ = run(*others, stored=STUDENTS, limits=off(max_changed_email_percent=5), facts=facts)
    assert sorted(found) == [1, 2, 3, 4, 5, 6]


def test_where_both_names_change_in_too_many_every_change_of_theirs_is_held() -> None:
    rows = renamed(6, given_name="Bo", family_name="Lund", email="n")
    limits = off(max_renamed_people=5)
    found, why = run(*rows, stored=STUDENTS, limits=limits)
    assert found == dict.fromkeys(range(6), bits("given_name", "family_name", "email"))
    assert why == {"over all, both names would change at 6 people, above the limit of 5"}
    assert run(*rows[:5], stored=STUDENTS, limits=limits)[0] == {}
    assert len(run(*rows[:3], stored=STUDENTS, limits=off(max_renamed_people=2))[0]) == 3, "whatever the other limits"
    same = [student(i, "update", given_name=f" ANA{i} ", family_name="Lund") for i in range(6)]
    assert run(*same, stored=STUDENTS, limits=limits)[0] == {}, "capital letters and spaces are no other name"
    blank = [student(i, "update", given_name=None, family_name="Lund") for i in range(6)]
    assert run(*blank, stored=STUDENTS, limits=limits)[0] == {}


def test_values_of_other_records_hold_every_change_of_theirs_and_what_refers_to_them() -> None:
    """Each e-mail address is that of the line above."""
    rows = [student(i, "update", email=f"a{(i - 1) % 30}@x.example", family_name="Lund") for i in range(30)]
    links = [
        Rec("GuardianLink", 1, "create", {}, {"student_id": 3, "guardian_id": 90}),
        Rec("GuardianLink", 2, "archive", {"student_id": 4, "guardian_id": 90}, {}, state={"cause": "removed"}),
        Rec("GuardianLink", 3, "create", {}, {"student_id": 77, "guardian_id": 90}),
        Rec("Role", 4, "update", {"user_id": 5, "org_id": 1, "type": "primary"}, {"type": "secondary"}),
        Rec("Role", 5, "create", {}, {"user_id": 5, "org_id": 1}, state={"hold": "person"}),
    ]
    found, new, _ = held(*rows, *links, stored=STUDENTS, limits=off(max_changed_email_percent=5))
    assert {key: why for key, why in found.items() if why} == {
        ("GuardianLink", 1): "over all, 30 of 100 would change their email, above the limit of 5 % and 25"
        f"{SIGN}{causes.SHIFTED}"
    }
    assert set(new.filter(pl.col("entity") == "User")["field"]) == {"email", "family_name"}
    assert new.filter(pl.col("entity") == "Role").select("key", "field").rows() == [("main//Role-4", "type")]


def test_values_of_other_classes_hold_nothing_of_the_people_who_have_their_numbers() -> None:
    """Each title is that of the line above; the roles are of users 0 to 29."""
    rows = [
        Rec("Class", i, "update", {"title": f"T{i}", "school_id": 1}, {"title": f"T{(i - 1) % 30}"}) for i in range(30)
    ]
    roles = [Rec("Role", i, "create", {}, {"user_id": i, "org_id": 1, "role": "student"}) for i in range(30)]
    stored = Stored({"Class": counts(("", 1, 100), ("", None, 100))})
    found, new, _ = held(*rows, *roles, stored=stored, limits=off(max_changed_other_percent=5))
    assert {reason.split(SIGN)[1] for reason in new["reason"]} == {causes.SHIFTED}
    assert (found, set(new["entity"])) == ({}, {"Class"})


def test_names_that_were_misread_take_every_misread_value_with_them() -> None:
    rows = [
        Rec("User", i, "update", student(i).old | {"given_name": f"José{i}"}, {"given_name": f"JosÃ©{i}"})
        for i in range(26)
    ]
    rows.append(Rec("User", 50, "update", student(50).old | {"family_name": "Muñoz"}, {"family_name": "MuÃ±oz"}))
    rows.append(student(51, "update", family_name="Lund"))
    found, why = run(*rows, stored=STUDENTS, limits=off(max_changed_names_percent=5))
    assert sorted(found) == [*range(26), 50]
    assert why == {
        f"over all, 26 of 100 would change their given_name, above the limit of 5 % and 25{SIGN}{causes.ENCODING}"
    }
    alone, why = run(rows[26], stored=STUDENTS, limits=Limits())
    assert alone == {50: bits("family_name")}
    assert why == {f"the value is the stored one with other characters{SIGN}{causes.ENCODING}"}
    assert run(rows[26], stored=STUDENTS, limits=off())[0] == {}, "a limit of 100 % holds none"


def test_a_column_that_nobody_had_beside_one_that_is_missing() -> None:
    kind = [c.label for c in by_name("User").columns]
    unset = sum(1 << kind.index(label) for label in ("email", "phone"))
    new = {"attributes": '{"emailAddress":"x"}'}
    rows = [Rec("User", i, "update", student(i).old, new, state={"unset": unset}) for i in range(6)]
    _, why = run(*rows, stored=STUDENTS, limits=off(max_new_column_percent=5))
    reason = "at this school, 6 of 100 would change their attributes, above the limit of 5 % and 5"
    assert why == {f'{reason}{SIGN}the column "emailAddress" is new, and "email" is missing: a misspelt header?'}
    known = [Rec("User", i, "update", student(i).old, {"attributes": '{"givenNames":"x"}'}) for i in range(6)]
    _, why = run(*known, stored=STUDENTS, limits=off(max_new_column_percent=5))
    assert why == {f'{reason}{SIGN}the column "givenNames" is new: a misspelt header?'}, "the file lacks no column"
    gone = [Rec("User", i, "update", student(i).old | new, {"attributes": None}) for i in range(6)]
    _, why = run(*gone, stored=STUDENTS, limits=off(max_cleared_percent=5))
    assert why == {f"{reason.replace('change', 'lose')}{SIGN}{causes.BLANK}"}
    known = [Rec("User", i, "update", student(i).old | new, {"attributes": '{"emailAddress":"y"}'}) for i in range(6)]
    assert run(*known, stored=STUDENTS, limits=off(max_new_column_percent=5))[0] == {}


def test_more_than_half_of_the_orgs_under_another_parent() -> None:
    def org(i: int, parent: int) -> Rec:
        return Rec("Org", i, "update", {"name": f"S{i}", "type": "school", "parent_id": 9}, {"parent_id": parent})

    stored = Stored({"Org": counts(("", 0, 3), ("", None, 3))})
    limits = off(max_changed_links_percent=99)
    _, why = run(org(1, 8), org(2, 8), stored=stored, limits=limits)
    assert {one.partition(SIGN)[0] for one in why} == {
        "2 of 3 orgs would get another parent, above the limit of one half"
    }
    assert run(org(1, 8), stored=stored, limits=limits)[0] == {}
    assert run(org(1, 8), org(2, 8), stored=stored, limits=off())[0] == {}
    stored = Stored({"Org": counts(("", 0, 4), ("", None, 4))})
    assert run(org(1, 8), org(2, 8), stored=stored, limits=limits)[0] == {}
