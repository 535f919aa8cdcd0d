"""A block outlasts what a source makes of the people: other ids, spellings and numbers, an id given away."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from by_hand import PEOPLE, School, delivered

from rosterkit.store.database import connect
from rosterkit.store.effective import overlay

BLOCK = {"reason": "court order 12", "actor": "noa:approver"}
OTHER_CHILD = {"given_name": "Zed", "family_name": "Quill", "identifier": "59999", "email": "zq@cedar.example"}
OTHER_CHILD |= {"username": "zq", "grades": '["09"]'}


def reissued(school: School, old: str, new: dict[str, Any], links: tuple[tuple[str, str], ...] = ()) -> None:
    """The person comes under the id "XX-91", and under the earlier id nobody."""
    people = {key: row for key, row in PEOPLE.items() if key != old}
    school.sync(delivered(people | {f"{old[:2]}-91": new}, links=links))


def test_a_blocked_adult_under_a_new_id_and_name(school: School) -> None:
    """Spellings and evidence: tests/store/test_humans.py."""
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    new = {"given_name": "Omar", "family_name": "Fofana", "phone": "217-555-0102"}
    reissued(school, "gu-2", {"email": "new@home.example", "username": None, **new}, (("gu-91", "st-1"),))
    assert "gu-91" in school.rows("User")
    assert school.links() == set()


@pytest.mark.parametrize("changed", [{"given_name": "Wrennie"}, {"identifier": "70001"}])
def test_a_student_of_a_blocked_link_under_a_new_id(school: School, changed: dict[str, Any]) -> None:
    """By the number, or by the names among the students of the adult."""
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    new = PEOPLE["st-1"] | {"email": None, "username": None} | changed
    reissued(school, "st-1", new, (("gu-1", "st-91"), ("gu-2", "st-91")))
    assert school.links() == {("gu-1", "st-91")}


def test_a_suppressed_person_and_value_under_a_new_id(school: School) -> None:
    school.ws.suppress("st-1", field="grades", **BLOCK)
    school.ws.suppress("st-2", **BLOCK)
    people = {key: row for key, row in PEOPLE.items() if key not in ("st-1", "st-2")}
    people |= {"st-91": PEOPLE["st-1"] | {"given_name": "Wrennie"}, "st-92": PEOPLE["st-2"] | {"family_name": "Okoro"}}
    school.sync(delivered(people))
    assert school.rows("User")["st-91"]["grades"] is None
    assert "st-92" not in school.rows("User")


def test_an_id_that_another_child_gets_leaves_the_block_with_the_first(school: School) -> None:
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    school.ws.suppress("st-1", field="email", **BLOCK)
    was = {"email": "st-1@cedar.example", "username": "st-1-login"}
    people = PEOPLE | {"st-1": OTHER_CHILD, "st-91": PEOPLE["st-1"] | was}
    plan = school.plan(delivered(people, links=(("gu-1", "st-91"), ("gu-2", "st-91"))))
    school.ws.approve(plan.id, reason="seen", actor="noa")
    school.ws.approve_held(plan.id, sourced_id="st-1", reason="another child", actor="noa")
    school.ws.apply(plan.id, actor="noa")
    school.sync(delivered(people, links=(("gu-1", "st-91"), ("gu-2", "st-91"))))
    assert school.stored("User", "st-1")["given_name"] == "Zed"
    assert school.links() == {("gu-1", "st-91")}
    assert school.rows("User")["st-91"]["email"] is None


def test_a_suppressed_number_in_other_punctuation(school: School) -> None:
    more = {"phone": "(217) 555-0101", "attributes": '{"bus":"7","cell":"217.555.0101"}'}
    school.sync(delivered(PEOPLE | {"gu-1": PEOPLE["gu-1"] | more}))
    school.ws.suppress("gu-1", field="sms", **BLOCK)
    row = school.rows("User")["gu-1"]
    assert (row["sms"], row["phone"], row["attributes"]) == (None, None, '{"bus":"7"}')


def test_a_person_archived_by_hand_does_not_come_back_under_a_new_id(school: School) -> None:
    school.sync(delivered(PEOPLE | {"st-4": PEOPLE["st-1"]}))
    school.ws.archive("User", "st-1", **BLOCK)
    assert "st-4" in school.rows("User"), "a second row that a person saw there, and left"
    people = {key: row for key, row in PEOPLE.items() if key != "st-1"}
    school.sync(delivered(people | {"st-4": PEOPLE["st-1"], "st-91": PEOPLE["st-1"]}))
    assert {"st-4", "st-91"} & set(school.rows("User")) == {"st-4"}


def test_no_older_row_of_whom_a_hidden_record_is_about_is_sent(school: School) -> None:
    school.ws.archive("Role", "te-2:S", **BLOCK)
    school.ws.archive("Class", "C-1", **BLOCK)
    with closing(connect(school.ws.database)) as connection:
        suppressed = overlay(school.ws.database, connection).suppressed
    assert {"main/te-2", "main/st-1"} <= suppressed
    assert "main/gu-1" not in suppressed
