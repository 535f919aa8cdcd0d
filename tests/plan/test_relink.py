"""Records that come under other ids are the stored ones: nobody is archived, nobody is doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from driving import plan_extract
from school import MONDAY, School, opened

from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import INVALID, Extract
from rosterkit.testing.memory import extract, table

TUESDAY = MONDAY + timedelta(days=1)
MOVED = {"st-004": "X-104"}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with opened(since=date(2026, 9, 11)) as made:
        yield made


def under_other_ids(package: Extract, ids: Mapping[str, str]) -> Extract:
    """The extract with these texts replaced in all ids and references."""
    tables = []
    for one in package.tables:
        labels = ["sourced_id", *(c.label for c in by_name(one.entity).refs)]
        mine = [name for name in labels if name in one.rows.collect_schema().names()]
        moved = pl.col(mine).str.replace_many(list(ids), list(ids.values()))
        tables.append(replace(one, rows=one.rows.with_columns(moved)))
    return replace(package, tables=tuple(tables), id=f"{package.id}-{len(ids)}")


def planned(ws: Workspace, extract: Extract, day: date, *, apply: bool = False) -> Plan:
    plan = plan_extract(ws, extract, as_of=day)
    if apply:
        ws.approve(plan.id, reason="looked at", actor="kim")
        ws.apply(plan.id, actor="kim")
    return plan


def changes(ws: Workspace, plan: Plan) -> dict[tuple[str, str, str], str]:
    """By entity, action and field of a plan what holds it; "" = it will be applied."""
    rows = ws.show(plan.id).lines.select("entity", "action", "field", "held").rows()
    return {row[:3]: row[3] for row in rows}


def ids(ws: Workspace, entity: str = "User") -> dict[str, int]:
    """The active records of an entity: sourced id and integer id."""
    with closing(sqlite3.connect(ws.database)) as connection:
        query = f"select sourced_id, id from {by_name(entity).table} where status='active'"
        return dict(connection.execute(query).fetchall())


def test_one_student_under_another_id_stays_the_same_record(ws: Workspace) -> None:
    before = {e.name: ids(ws, e.name) for e in entities()}
    plan = planned(ws, under_other_ids(School().extract(), MOVED), MONDAY)
    assert changes(ws, plan) == {(name, "update", "sourced_id"): "" for name in ("User", "Role", "Enrollment")}
    line = ws.show(plan.id).lines.filter(entity="User").row(0, named=True)
    assert (line["sourced_id"], line["before"], line["after"]) == ("X-104", "st-004", "X-104")
    ws.approve(plan.id, reason="looked at", actor="kim")
    ws.apply(plan.id, actor="kim")
    assert ids(ws)["X-104"] == before["User"]["st-004"]
    for name, rows in before.items():
        assert sorted(ids(ws, name).values()) == sorted(rows.values())
    again = planned(ws, under_other_ids(School().extract("again"), MOVED), TUESDAY)
    assert not changes(ws, again)


def test_all_ids_issued_anew_wait_for_a_person_and_nobody_leaves(ws: Workspace) -> None:
    anew = {"st-": "N", "te-": "T", "gu-": "G", "C-A": "K1", "C-B": "K2"}
    before = {e.name: ids(ws, e.name) for e in entities()}
    plan = planned(ws, under_other_ids(School().extract(), anew), MONDAY)
    found = changes(ws, plan)
    assert {action for _, action, _ in found} == {"update"}
    assert found["User", "update", "sourced_id"] == "limit"
    ws.approve_held(plan.id, reason="the SIS issued new ids", actor="kim")
    second = planned(ws, under_other_ids(School().extract("second"), anew), MONDAY, apply=True)
    assert not any(changes(ws, second).values())
    for name, rows in before.items():
        assert sorted(ids(ws, name).values()) == sorted(rows.values())
    assert not [key for key in ids(ws) if key.startswith(("st-", "te-", "gu-"))]


def person(**values: Any) -> dict[str, dict[str, Any]]:
    """What of the student with the other id is another value."""
    return {"st-004": values}


SAME: dict[str, dict[str, Any]] = {
    "a surname after a wedding": {"family_name": "Okonkwo"},
    "a name with an accent": {"given_name": "GIVÉNST-004"},
    "another number, the same address and names": {"identifier": "9999"},
    "no number": {"identifier": None},
    "a telephone and the names": {"identifier": None, "email": None},
}
OTHERS: dict[str, dict[str, Any]] = {
    "the address of the family": {"identifier": "9999", "given_name": "Bram"},
    "the names, and no more": {"identifier": "9999", "email": "other@birch.example", "phone": None},
    "nothing": {"identifier": "9999", "given_name": "Bram", "family_name": "Sund", "email": None},
}


@pytest.mark.parametrize("values", SAME.values(), ids=SAME)
def test_the_same_person(ws: Workspace, values: dict[str, Any]) -> None:
    before = ids(ws)["st-004"]
    planned(ws, under_other_ids(School(changed={"st-004": values}).extract(), MOVED), MONDAY, apply=True)
    assert ids(ws)["X-104"] == before
    assert "st-004" not in ids(ws)


@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
def test_another_person(ws: Workspace, values: dict[str, Any]) -> None:
    plan = planned(ws, under_other_ids(School(changed={"st-004": values}).extract(), MOVED), MONDAY)
    found = changes(ws, plan)
    assert (found["User", "create", ""], found["User", "archive", ""]) == ("", "grace")


@pytest.mark.parametrize("names", [("Maria Elena", "Maria José"), ("Juan", "Juana")])
@pytest.mark.parametrize("family_has", [{"email": "ortega@birch.example", "phone": None}, {"phone": "555-010"}])
def test_a_brother_or_sister_with_nearly_the_same_name_is_a_case(
    ws: Workspace, names: tuple[str, str], family_has: dict[str, Any]
) -> None:
    numbers = ("st1004", "st7777")
    one, other = (
        School(changed=person(given_name=name, family_name="Ortega", identifier=number, **family_has))
        for name, number in zip(names, numbers, strict=True)
    )
    planned(ws, one.extract("one"), MONDAY, apply=True)
    found = changes(ws, planned(ws, under_other_ids(other.extract("other"), MOVED), TUESDAY))
    assert (found["User", "create", ""], found["User", "archive", ""]) == ("case", "case")


def test_who_agrees_by_chance_with_a_package_of_strangers_is_a_case_too(ws: Workspace) -> None:
    """Six with the numbers of others, and one whose names are the same."""
    keys = [f"st-{i:03}" for i in range(7)]
    names = {"given_name": "Bram", "family_name": "Sund", "email": None, "phone": None}
    school = School(changed=dict.fromkeys(keys[:6], names))
    for key in keys:
        school.changed.setdefault(key, {})
    plan = planned(ws, under_other_ids(school.extract(), {key: f"X-{key[3:]}" for key in keys}), MONDAY)
    users = ws.show(plan.id).lines.filter(entity="User")
    assert set(users.select("action", "held").rows()) == {("create", "case"), ("archive", "case")}
    assert users.height == 14


@pytest.mark.parametrize("family", ["Sund", "Familyst-004"])
def test_a_number_that_comes_with_another_name_is_a_case(ws: Workspace, family: str) -> None:
    other = School(changed={"st-004": {"given_name": "Bram", "family_name": family, "email": "bram@birch.example"}})
    plan = planned(ws, under_other_ids(other.extract(), MOVED), MONDAY)
    found = changes(ws, plan)
    assert (found["User", "create", ""], found["User", "archive", ""]) == ("case", "case")
    assert {found["Role", "create", ""], found["Enrollment", "create", ""]} == {"dependant"}
    assert ws.show(plan.id).findings.filter(rule="identity.unclear-person")["key"].to_list() == ["X-104"]
    for key in ("X-104", "st-004"):
        ws.approve_held(plan.id, reason="two persons", actor="kim", entity="User", sourced_id=key)
    second = planned(ws, under_other_ids(other.extract("second"), MOVED), MONDAY, apply=True)
    assert not any(changes(ws, second).values())
    assert "X-104" in ids(ws)
    assert "st-004" not in ids(ws)


def test_the_same_id_in_another_spelling_with_both_names(ws: Workspace) -> None:
    nothing_else = School(changed={"st-004": {"identifier": None, "email": None}})
    planned(ws, nothing_else.extract("bare"), MONDAY, apply=True)
    before = ids(ws)["st-004"]
    planned(ws, under_other_ids(nothing_else.extract(), {"st-004": "00ST-004"}), TUESDAY, apply=True)
    assert ids(ws)["00ST-004"] == before


def test_two_new_persons_who_may_be_one_who_is_stored_are_a_case(ws: Workspace) -> None:
    twins = School()
    twins.students += ["st-904"]
    number = "st1004"
    twins.changed = {
        "st-904": {"identifier": number, "given_name": "Givenst-004", "family_name": "Familyst-004", "school": "A"}
    }
    plan = planned(ws, under_other_ids(twins.extract(), MOVED), MONDAY)
    users = ws.show(plan.id).lines.filter(entity="User").select("action", "sourced_id", "held").rows()
    assert set(users) == {("create", "X-104", "case"), ("create", "st-904", "case"), ("archive", "st-004", "case")}


def test_a_student_is_not_matched_with_a_guardian_of_the_same_name_and_address(ws: Workspace) -> None:
    son = {"given_name": "Luis", "family_name": "Ortega", "email": "ortega@birch.example", "identifier": None}
    planned(ws, School(changed={"gu-1": son}).extract("father"), MONDAY, apply=True)
    school = School(changed={"st-500": son}, guardians={"gu-2": "st-002"})
    school.students += ["st-500"]
    found = changes(ws, planned(ws, school.extract(), TUESDAY))
    assert (found["User", "create", ""], found["User", "archive", ""]) == ("", "grace")


def test_who_was_archived_and_comes_under_another_id_is_restored(ws: Workspace) -> None:
    before = ids(ws)["st-004"]
    gone = School()
    gone.students.remove("st-004")
    for day in range(4):
        planned(ws, gone.extract(f"gone {day}"), MONDAY + timedelta(days=day), apply=True)
    assert "st-004" not in ids(ws)
    planned(ws, under_other_ids(School().extract("back"), MOVED), MONDAY + timedelta(days=4), apply=True)
    assert ids(ws)["X-104"] == before


def test_the_number_of_somebody_who_left_may_go_to_another(ws: Workspace) -> None:
    gone = School()
    gone.students.remove("st-004")
    for day in range(4):
        planned(ws, gone.extract(f"gone {day}"), MONDAY + timedelta(days=day), apply=True)
    other = School(changed={"st-004": {"given_name": "Bram", "family_name": "Sund", "email": "bram@birch.example"}})
    plan = planned(ws, under_other_ids(other.extract("back"), MOVED), MONDAY + timedelta(days=4))
    assert changes(ws, plan)["User", "create", ""] == ""


def test_a_hold_on_the_old_id_holds_the_new_one(ws: Workspace) -> None:
    ws.hold("User", "st-004", reason="we ask the family", actor="kim")
    plan = planned(ws, under_other_ids(School().extract(), MOVED), MONDAY, apply=True)
    assert changes(ws, plan)["User", "update", "sourced_id"] == "person"
    assert "st-004" in ids(ws)


def test_undo_gives_the_old_id_back_and_the_source_does_not_take_it_again(ws: Workspace) -> None:
    before = ids(ws)
    planned(ws, under_other_ids(School().extract(), MOVED), MONDAY, apply=True)
    undone = ws.undo(as_of=MONDAY)
    ws.approve(undone.id, reason="it was a mistake", actor="kim")
    ws.apply(undone.id, actor="kim")
    assert ids(ws) == before
    plan = planned(ws, under_other_ids(School().extract("again"), MOVED), TUESDAY, apply=True)
    assert changes(ws, plan)["User", "update", "sourced_id"] == "undo"
    assert ids(ws) == before


def test_an_undone_id_stays_undone_beside_others_of_other_entities(ws: Workspace) -> None:
    """Users and organisations have the same integer ids: what one delivers ends no hold of the other."""
    before = {name: ids(ws, name) for name in ("User", "Org")}
    moved = {"D": "D9", **{key: f"X{key}" for key, record in before["User"].items() if record <= len(before["Org"])}}
    planned(ws, under_other_ids(School().extract(), moved), MONDAY, apply=True)
    undone = ws.undo(as_of=MONDAY)
    ws.approve(undone.id, reason="it was a mistake", actor="kim")
    ws.apply(undone.id, actor="kim")
    for name in ("again", "and again"):
        planned(ws, under_other_ids(School().extract(name), moved), TUESDAY, apply=True)
        assert {name: ids(ws, name) for name in ("User", "Org")} == before


def test_an_id_that_another_has_by_now_is_not_given_back(ws: Workspace) -> None:
    planned(ws, under_other_ids(School().extract(), MOVED), MONDAY, apply=True)
    with_another = School(changed={"st-004": {"identifier": "77", "given_name": "Bram", "email": None}})
    tables = under_other_ids(School().extract(), MOVED).tables
    new = with_another.extract().table("User")
    assert new
    row = new.rows.filter(pl.col("sourced_id") == "st-004")
    users = [replace(t, rows=pl.concat([t.rows, row])) if t.entity == "User" else t for t in tables]
    planned(ws, replace(School().extract("another"), tables=tuple(users)), TUESDAY, apply=True)
    undone = ws.undo(2, as_of=TUESDAY)
    line = ws.show(undone.id).lines.filter(entity="User", field="sourced_id").row(0, named=True)
    assert (line["held"], line["held_why"]) == ("referenced", "another record has that id now")


def test_an_old_id_still_finds_the_record(ws: Workspace) -> None:
    planned(ws, under_other_ids(School().extract(), MOVED), MONDAY, apply=True)
    assert ws.explain("User", "st-004").status == "active"
    assert len(ws.history("User", "st-004")) == 2


@pytest.mark.parametrize("verb", ["hold", "release", "suppress", "archive", "block_link"])
def test_who_names_an_old_id_is_told_the_new_one(ws: Workspace, verb: str) -> None:
    """To decide by it is refused: the source may give the old id to somebody else."""
    planned(ws, under_other_ids(School().extract(), MOVED), MONDAY, apply=True)
    named = {"suppress": ("st-004",), "block_link": ("gu-1", "st-004")}.get(verb, ("User", "st-004"))
    with pytest.raises((UsageError, Refused), match="was the id of X-104"):
        getattr(ws, verb)(*named, reason="we ask the family", actor="kim")


def test_next_years_class_of_the_same_title_is_another_class(ws: Workspace) -> None:
    year = {"type": "schoolYear", "start_date": "2027-08-24", "end_date": "2028-06-12", "school_year": "2028"}
    school = School(sessions=School().sessions | {"Z": year}, classes={"C-A": "Z", "C-B": "Y"})
    plan = planned(ws, under_other_ids(school.extract(), {"C-A": "D-A"}), MONDAY)
    assert ("Class", "create", "") in changes(ws, plan)


def test_another_source_that_takes_over_links_the_records_of_the_former(ws: Workspace) -> None:
    before = ids(ws)
    ws.config = ws.config.model_copy(update={"sources": {"new": next(iter(ws.config.sources.values()))}})
    anew = {"st-": "N", "te-": "T", "gu-": "G"}
    plan = planned(ws, under_other_ids(School().extract("taken over"), anew), MONDAY)
    assert {action for entity, action, _ in changes(ws, plan) if entity == "User"} == {"update"}
    ws.approve_held(plan.id, reason="another provider", actor="kim")
    planned(ws, under_other_ids(School().extract("again"), anew), MONDAY, apply=True)
    assert sorted(ids(ws).values()) == sorted(before.values())


def test_a_row_that_cannot_be_read_is_nobody_who_left(ws: Workspace) -> None:
    tables = under_other_ids(School().extract(), MOVED).tables
    lost = pl.DataFrame({"sourced_id": ["st-004"], "column": [None], "_file": ["User.csv"], "_line": [9]}, INVALID)
    unread = [replace(t, invalid=lost) if t.entity == "User" else t for t in tables]
    found = changes(ws, planned(ws, replace(School().extract("unread"), tables=tuple(unread)), MONDAY))
    assert found["User", "create", ""] == ""
    assert ("User", "update", "sourced_id") not in found


def in_a_delta(name: str) -> Extract:
    """The old id is deleted, and the new one comes."""
    new = under_other_ids(School().extract(), MOVED)
    parts = {}
    for entity in ("User", "Role", "Enrollment"):
        rows = new.table(entity)
        assert rows
        parts[entity] = rows.rows.filter(pl.col("sourced_id").str.contains("X-104")).collect().to_dicts()
    parts["User"].append({"sourced_id": "st-004", "deleted": True})
    return extract([table(entity, rows) for entity, rows in parts.items()], delta=True, name=name)


ANEW = {(entity, "update", "sourced_id"): "" for entity in ("User", "Role", "Enrollment")}


def test_a_delta_that_deletes_the_old_id_and_brings_the_new_one(ws: Workspace) -> None:
    before = ids(ws)["st-004"]
    plan = planned(ws, in_a_delta("delta"), MONDAY, apply=True)
    assert changes(ws, plan) == ANEW
    assert ids(ws)["X-104"] == before


def test_a_delta_whose_new_id_is_held_is_not_lost(ws: Workspace) -> None:
    before = ids(ws)["st-004"]
    ws.hold("User", "st-004", reason="we ask the family", actor="kim")
    planned(ws, in_a_delta("delta"), MONDAY, apply=True)
    nothing = extract([], delta=True, name="nothing")
    assert set(changes(ws, planned(ws, nothing, TUESDAY, apply=True)).values()) == {"person", "dependant"}
    ws.release("User", "st-004", reason="it is right", actor="kim")
    assert changes(ws, planned(ws, nothing, TUESDAY, apply=True)) == ANEW
    assert ids(ws)["X-104"] == before


def test_a_delta_that_brings_the_new_id_and_a_later_one_that_deletes_the_old(ws: Workspace) -> None:
    before = ids(ws)["st-004"]
    both = in_a_delta("delta").tables
    new = [replace(one, rows=one.rows.filter(~pl.col("_deleted"))) for one in both]
    found = changes(ws, planned(ws, replace(in_a_delta("new"), tables=tuple(new)), MONDAY, apply=True))
    assert found["User", "create", ""] == "case"
    assert set(found.values()) == {"case", "dependant"}
    deleted = extract([table("User", [{"sourced_id": "st-004", "deleted": True}])], delta=True, name="deleted")
    assert changes(ws, planned(ws, deleted, TUESDAY, apply=True)) == ANEW
    assert ids(ws)["X-104"] == before
