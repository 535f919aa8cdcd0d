"""What the planner makes of it that a person said whose a new id is; and when that is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from school import MONDAY, School, opened
from test_relink import MOVED, changes, ids, in_a_delta, planned, under_other_ids

from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import entities
from rosterkit.sources.base import INVALID, Extract
from rosterkit.store import plans
from rosterkit.testing.memory import extract

TUESDAY = MONDAY + timedelta(days=1)
WHY: dict[str, Any] = {"reason": "married, the office confirmed", "actor": "kim"}
OTHER = {"given_name": "Bram", "family_name": "Sund", "email": "bram@birch.example"}
"""Names and address that contradict those of st-004."""
ANEW = {(entity, "update", "sourced_id"): "" for entity in ("User", "Role", "Enrollment")}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with opened() as made:
        planned(made, School().extract("first"), date(2026, 9, 11), apply=True)
        yield made


def other(name: str = "other", **values: Any) -> Extract:
    """st-004 under another id, with other names and the same number."""
    return under_other_ids(School(changed={"st-004": OTHER | values}).extract(name), MOVED)


def refused(ws: Workspace, new: str = "X-104", old: str = "st-004", **named: Any) -> str:
    with pytest.raises(Refused) as problem:
        ws.match(new, old, **(WHY | named))
    return problem.value.why


def findings(ws: Workspace, plan: Plan) -> dict[str, list[str]]:
    found = ws.show(plan.id).findings
    return {rule: found.filter(rule=rule)["key"].to_list() for rule in found["rule"].unique()}


def test_a_doubt_is_one_person_once_somebody_says_so(ws: Workspace) -> None:
    before = {e.name: ids(ws, e.name) for e in entities()}
    doubt = planned(ws, other(), MONDAY)
    assert changes(ws, doubt)["User", "create", ""] == "case"
    done = ws.match("X-104", "st-004", **WHY)
    assert (done.new.name, done.new.number, done.new.kind) == ("Bram Sund", "st1004", "student")
    assert (done.old.name, done.old.number, done.old.schools) == ("Givenst-004 Familyst-004", "st1004", ("School A",))
    plan = planned(ws, other("again"), MONDAY, apply=True)
    names = {("User", "update", field): "" for field in ("given_name", "family_name", "email")}
    assert changes(ws, plan) == ANEW | names
    assert findings(ws, plan) == {}
    line = ws.show(plan.id).lines.filter(entity="User", field="sourced_id").row(0, named=True)
    assert (line["before"], line["after"]) == ("st-004", "X-104")
    assert ids(ws)["X-104"] == before["User"]["st-004"]
    for name, rows in before.items():
        assert sorted(ids(ws, name).values()) == sorted(rows.values())
    assert not changes(ws, planned(ws, other("later"), TUESDAY))
    (stated,) = ws.explain("User", "X-104").matches
    assert (stated.sourced_id, stated.actor, stated.used_in) == ("X-104", "kim", plan.id)


def test_names_and_number_may_all_differ_and_what_people_set_stays(ws: Workspace) -> None:
    """Without the match this would be a reused id, and what lies over the earlier person would go."""
    record = ids(ws)["st-004"]
    policy = ws.config.policy.model_copy(update={"edit_students": True})
    ws.config = ws.config.model_copy(update={"policy": policy})
    ws.pin("User", "st-004", "phone", value="555-9999", reason="asked by the family", actor="kim")
    ws.suppress("st-004", reason="harassment", actor="kim", field="email")
    planned(ws, other(identifier="7777"), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    plan = planned(ws, other("again", identifier="7777"), MONDAY, apply=True)
    assert not any(changes(ws, plan).values())
    assert findings(ws, plan) == {}
    assert ids(ws)["X-104"] == record
    with closing(sqlite3.connect(ws.database)) as store:
        assert store.execute("select record, field from pin where ended_at is null").fetchall() == [(record, "phone")]
        assert store.execute("select record from block where ended_at is null").fetchall() == [(record,)]


def test_a_hold_of_the_stored_person_holds_it(ws: Workspace) -> None:
    ws.hold("User", "st-004", reason="we ask the family", actor="kim")
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    assert changes(ws, planned(ws, other("again"), MONDAY))["User", "update", "sourced_id"] == "person"


def test_names_that_are_held_hold_the_new_id(ws: Workspace) -> None:
    ws.hold("User", "st-004", reason="we ask the family", actor="kim", field="family_name")
    planned(ws, other(identifier="7777"), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    found = changes(ws, planned(ws, other("again", identifier="7777"), MONDAY))
    assert found["User", "update", "sourced_id"] == "dependant"


def test_it_is_refused_where_both_are_delivered(ws: Workspace) -> None:
    both = School(changed={"st-904": OTHER})
    both.students += ["st-904"]
    planned(ws, both.extract(), MONDAY)
    assert refused(ws, "st-904") == "delivered"


def test_it_is_not_used_where_both_are_delivered_later(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    both = School(changed={"st-904": OTHER | {"school": "A"}})
    both.students += ["st-904"]
    extract = under_other_ids(both.extract("both"), {"st-904": "X-104"})
    plan = planned(ws, extract, MONDAY, apply=True)
    assert findings(ws, plan) == {"identity.unused-match": ["X-104"]}
    assert changes(ws, plan)["User", "create", ""] == "case"
    assert ("User", "update", "sourced_id") not in changes(ws, plan)
    assert "X-104" not in ids(ws)


def test_who_stands_in_a_row_that_cannot_be_read_may_be_delivered(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    unread = other("unread")
    plan = planned(ws, without_reading(unread, "st-004"), MONDAY)
    assert findings(ws, plan)["identity.unused-match"] == ["X-104"]
    assert ("User", "update", "sourced_id") not in changes(ws, plan)


def test_a_table_that_is_cut_short_may_lack_the_stored_person(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    short = under_other_ids(School(changed={"st-004": OTHER}, states={"User": "partial"}).extract("short"), MOVED)
    plan = planned(ws, short, MONDAY)
    assert findings(ws, plan)["identity.unused-match"] == ["X-104"]
    assert ("User", "update", "sourced_id") not in changes(ws, plan)


def without_reading(package: Extract, key: str) -> Extract:
    lost = pl.DataFrame({"sourced_id": [key], "column": [None], "_file": ["User.csv"], "_line": [9]}, INVALID)
    tables = tuple(replace(t, invalid=lost) if t.entity == "User" else t for t in package.tables)
    return replace(package, tables=tables)


def test_only_a_student_is_a_student(ws: Workspace) -> None:
    mother = School(guardians={"gu-9": "st-001", "gu-2": "st-002"}, changed={"gu-9": {"identifier": "st1004"}})
    mother.students.remove("st-004")
    planned(ws, mother.extract(), MONDAY)
    assert refused(ws, "gu-9") == "other-kind"


def test_who_comes_as_another_kind_later_is_not_matched(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    mother = School(guardians={"gu-9": "st-001", "gu-2": "st-002"})
    mother.students.remove("st-004")
    plan = planned(ws, under_other_ids(mother.extract("mother"), {"gu-9": "X-104"}), MONDAY)
    assert findings(ws, plan)["identity.unused-match"] == ["X-104"]
    assert ("User", "update", "sourced_id") not in changes(ws, plan)


def test_each_person_is_matched_once(ws: Workspace) -> None:
    two = School(changed={"st-904": OTHER | {"school": "A", "identifier": "1"}, "st-004": OTHER})
    two.students += ["st-904"]
    planned(ws, under_other_ids(two.extract(), MOVED), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    assert refused(ws, "st-904") == "matched"
    assert refused(ws) == "matched"
    ws.match("X-104", "st-004", revoke=True, **WHY)
    ws.match("st-904", "st-004", **WHY)


def test_who_is_matched_is_nobody_elses_match(ws: Workspace) -> None:
    """Another new person with the same number and names is a person of their own."""
    twins = School(changed={"st-904": {"identifier": "st1004", "family_name": "Familyst-004", "school": "A"}})
    twins.changed["st-904"]["given_name"] = "Givenst-004"
    twins.students += ["st-904"]
    planned(ws, under_other_ids(twins.extract(), MOVED), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    plan = planned(ws, under_other_ids(twins.extract("again"), MOVED), MONDAY)
    users = ws.show(plan.id).lines.filter(entity="User").select("action", "sourced_id", "held").rows()
    assert set(users) == {("update", "X-104", ""), ("create", "st-904", "")}


def test_a_record_that_another_source_or_a_person_keeps_is_not_matched(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.add_staff("A", {"given_name": "Sana", "family_name": "Okoye"}, actor="kim", key="te-9")
    assert refused(ws, old="te-9") == "by-hand"
    ws.config = ws.config.model_copy(update={"sources": {**ws.config.sources, "next": ws.config.sources["main"]}})
    with closing(sqlite3.connect(ws.database)) as store, store:
        store.execute("update user set source='next' where sourced_id='st-004'")
    assert refused(ws) == "other-source"


def test_what_is_revoked_is_a_doubt_again(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    ws.match("X-104", "st-004", revoke=True, **WHY)
    plan = planned(ws, other("again"), MONDAY)
    assert findings(ws, plan) == {"identity.unclear-person": ["X-104"]}
    assert refused(ws, revoke=True) == "not-matched"


def test_who_is_not_known_is_not_matched(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    for new, old in (("X-105", "st-004"), ("X-104", "st-704")):
        with pytest.raises(UsageError, match=new if new != "X-104" else old):
            ws.match(new, old, **WHY)


def test_two_who_are_stored_do_not_become_one(ws: Workspace) -> None:
    doubt = planned(ws, other(), MONDAY)
    for key in ("X-104", "st-004"):
        ws.approve_held(doubt.id, reason="two persons", actor="kim", entity="User", sourced_id=key)
    planned(ws, other("second"), MONDAY, apply=True)
    assert "X-104" in ids(ws)
    assert refused(ws) == "stored"


def test_who_may_not_approve_may_not_match(ws: Workspace) -> None:
    planned(ws, other(), MONDAY)
    assert refused(ws, actor="sam:users_manager") == "permission"


def test_an_undone_match_stays_undone(ws: Workspace) -> None:
    before = ids(ws)
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    planned(ws, other("again"), MONDAY, apply=True)
    undone = ws.undo(as_of=MONDAY)
    ws.approve(undone.id, reason="it was a mistake", actor="kim")
    ws.apply(undone.id, actor="kim")
    assert ids(ws) == before
    plan = planned(ws, other("third"), TUESDAY, apply=True)
    assert changes(ws, plan)["User", "update", "sourced_id"] == "undo"
    assert ids(ws) == before


def test_a_used_match_says_nothing_of_a_later_use_of_the_id(ws: Workspace) -> None:
    """X-104 is st-004 by a match; the source gives st-004 a third id and X-104 to another child."""
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    planned(ws, other("again"), MONDAY, apply=True)
    record = ids(ws)["X-104"]
    third = under_other_ids(School(changed={"st-004": OTHER}).extract("third"), {"st-004": "Y-104"})
    planned(ws, third, TUESDAY, apply=True)
    assert ids(ws)["Y-104"] == record
    gone = School(changed={"st-904": {"given_name": "Mo", "family_name": "Lind", "school": "A"}})
    gone.students[4] = "st-904"
    plan = planned(ws, under_other_ids(gone.extract("gone"), {"st-904": "X-104"}), TUESDAY)
    assert ("User", "update", "sourced_id") not in changes(ws, plan)


def test_a_match_that_no_plan_used_expires(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    planned(ws, other(), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    later = plans.now() + timedelta(days=ws.config.plan_days, seconds=1)
    monkeypatch.setattr("rosterkit.store.matches.now", lambda: later)
    plan = planned(ws, other("again"), TUESDAY)
    assert findings(ws, plan) == {"identity.unclear-person": ["X-104"]}


def test_a_match_ends_where_the_new_id_is_stored_as_another_person(ws: Workspace) -> None:
    """A plan of two persons was approved before, and is applied after it."""
    doubt = planned(ws, other(), MONDAY)
    for key in ("X-104", "st-004"):
        ws.approve_held(doubt.id, reason="two persons", actor="kim", entity="User", sourced_id=key)
    second = planned(ws, other("second"), MONDAY)
    ws.match("X-104", "st-004", **WHY)
    ws.approve(second.id, reason="looked at", actor="kim")
    ws.apply(second.id, actor="kim")
    assert refused(ws, revoke=True) == "not-matched"


def test_a_delta_that_does_not_delete_the_old_id(ws: Workspace) -> None:
    before = ids(ws)["st-004"]
    tables = [replace(one, rows=one.rows.filter(~pl.col("_deleted"))) for one in in_a_delta("delta").tables]
    planned(ws, replace(in_a_delta("new"), tables=tuple(tables)), MONDAY, apply=True)
    ws.match("X-104", "st-004", **WHY)
    assert changes(ws, planned(ws, extract([], delta=True, name="nothing"), TUESDAY, apply=True)) == ANEW
    assert ids(ws)["X-104"] == before


def test_dozens_of_doubts_are_matched_and_limits_still_count(ws: Workspace) -> None:
    keys = [f"st-{i:03}" for i in range(8)]
    moved = {key: f"X-{key[3:]}" for key in keys}
    school = School(changed={key: OTHER | {"email": f"{key}@new.example"} for key in keys})
    planned(ws, under_other_ids(school.extract(), moved), MONDAY)
    for key in keys:
        ws.match(moved[key], key, **WHY)
    before = ids(ws)
    plan = planned(ws, under_other_ids(school.extract("again"), moved), MONDAY)
    assert {action for entity, action, _ in changes(ws, plan) if entity == "User"} == {"update"}
    assert "limit" in changes(ws, plan).values()
    ws.approve_held(plan.id, reason="all looked at", actor="kim")
    planned(ws, under_other_ids(school.extract("third"), moved), MONDAY, apply=True)
    assert {key: ids(ws)[moved[key]] for key in keys} == {key: before[key] for key in keys}
