"""What the sync may not change: it stands in the plan as kept, with the rule and both values, and becomes a pin."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from by_hand import LINKS, PEOPLE, School, delivered

from rosterkit.store.database import connect, transaction


def signed_in(school: School, *keys: str) -> None:
    with closing(connect(school.ws.database)) as connection, transaction(connection):
        for key in keys:
            connection.execute("insert into sign_in select id, '2026-10-01' from user where sourced_id=?", (key,))


def with_values(**values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return PEOPLE | {k.replace("_", "-"): PEOPLE[k.replace("_", "-")] | v for k, v in values.items()}


NEW = {"email": "tova.new@home.example"}


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_c37_c39_contact_details_of_who_has_signed_in_are_kept(school: School, key: str) -> None:
    signed_in(school, key)
    plan = school.sync(delivered(with_values(**{key.replace("-", "_"): NEW})))
    assert ("User", key, "email", f"{key}@cedar.example", NEW["email"], "policy") in school.lines(plan)
    assert school.rows("User")[key]["email"] == f"{key}@cedar.example"
    assert school.stored("User", key)["email"] == NEW["email"]
    again = school.plan(delivered(with_values(**{key.replace("-", "_"): NEW})))
    assert again.total.total == 0


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_c38_c39_with_the_setting_on_the_sync_updates_them(school: School, key: str) -> None:
    signed_in(school, key)
    school.configure("# sync_updates_active_contacts = false", "sync_updates_active_contacts = true")
    school.sync(delivered(with_values(**{key.replace("-", "_"): NEW})))
    assert school.rows("User")[key]["email"] == NEW["email"]
    assert school.ws.pins().is_empty()


def test_who_has_not_signed_in_and_students_follow_the_source(school: School) -> None:
    signed_in(school, "st-1")
    school.sync(delivered(with_values(gu_1=NEW, st_1={"email": "wren.new@cedar.example"})))
    assert school.rows("User")["gu-1"]["email"] == NEW["email"]
    assert school.rows("User")["st-1"]["email"] == "wren.new@cedar.example"


def test_a_pin_of_the_policy_is_lifted_as_a_planned_change_when_the_setting_changes(school: School) -> None:
    signed_in(school, "gu-1")
    changed = delivered(with_values(gu_1=NEW))
    school.sync(changed)
    school.configure("# sync_updates_active_contacts = false", "sync_updates_active_contacts = true")
    plan = school.plan(changed)
    assert ("User", "gu-1", "email", "gu-1@cedar.example", NEW["email"], "") in school.lines(plan)
    assert school.rows("User")["gu-1"]["email"] == "gu-1@cedar.example"
    school.sync(changed)
    assert school.rows("User")["gu-1"]["email"] == NEW["email"]
    assert school.ws.pins().is_empty()


def test_the_setting_may_differ_between_schools(school: School) -> None:
    signed_in(school, "gu-1")
    school.settings("\n[policy.schools.S]\nsync_updates_active_contacts = true\n")
    school.sync(delivered(with_values(gu_1=NEW)))
    assert school.rows("User")["gu-1"]["email"] == NEW["email"]


def test_c31_people_of_roles_that_a_source_does_not_manage_are_never_archived(school: School) -> None:
    school.configure('kind = "oneroster"\n', 'kind = "oneroster"\nmanages = ["student", "teacher"]\n')
    left = {k: v for k, v in PEOPLE.items() if k not in ("gu-3", "te-2")}
    plan = school.plan(delivered(left, links=LINKS[:2]))
    held = {(entity, key, held) for entity, key, *_, held in school.lines(plan)}
    assert ("User", "gu-3", "policy") in held
    assert ("GuardianLink", "st-2:gu-3", "policy") in held
    assert ("User", "te-2", "") in held


def test_c31_without_manages_a_source_archives_every_role(school: School) -> None:
    left = {k: v for k, v in PEOPLE.items() if k != "gu-3"}
    plan = school.plan(delivered(left, links=LINKS[:2]))
    assert ("User", "gu-3", "") in {(entity, key, held) for entity, key, *_, held in school.lines(plan)}


ANOTHER = {"given_name": "Lior", "family_name": "Castellan", "sms": "+12175550190", "email": "lior@home.example"}
"""The id of gu-2, who has no number, given to a parent of st-3."""
MOVED = (LINKS[0], ("gu-2", "st-3"), LINKS[2])


@pytest.mark.parametrize("how", ["signed in", "pinned", "linked"])
def test_an_account_of_whom_both_names_change_waits_with_the_links_for_a_person(school: School, how: str) -> None:
    """Policy would keep the old name and address, and show the other child to whoever has that account."""
    signed_in(school, *(["gu-2"] if how == "signed in" else []), "st-2")
    if how == "linked":
        school.ws.link("gu-2", "st-2", actor="noa:leader")
    if how == "pinned":
        school.ws.pin("User", "gu-2", "email", reason="from the family", actor="noa:users_manager")
    people = with_values(gu_2=ANOTHER, st_2={"given_name": "Ilja", "family_name": "Brand"})
    lines = school.lines(school.plan(delivered(people, links=MOVED)))
    assert {held for _, key, *_, held in lines if key == "gu-2"} == {"case"}
    assert [held for _, key, *_, held in lines if key == "st-3:gu-2"] == ["dependant"]
    assert {held for _, key, *_, held in lines if key == "st-2"} == {""}, "the number agrees"


def test_nothing_of_the_earlier_person_lies_over_an_id_that_is_another_persons_now(school: School) -> None:
    signed_in(school, "gu-2")
    school.sync(delivered(with_values(gu_2={"sms": "+12175550177"})))
    assert school.ws.pins()["field"].to_list() == ["sms"]
    changed = delivered(with_values(gu_2=ANOTHER), links=MOVED)
    plan = school.plan(changed)
    school.ws.approve_held(plan.id, reason="the office says so", actor="noa", sourced_id="gu-2")
    plan = school.sync(changed)
    assert ("User", "gu-2", "sms", "+12175550102", ANOTHER["sms"], "") in school.lines(plan)
    row = school.rows("User")["gu-2"]
    assert {name: row[name] for name in ANOTHER} == ANOTHER
    assert school.ws.pins().is_empty()
    school.sync(delivered(with_values(gu_2=ANOTHER | NEW), links=MOVED))
    assert school.rows("User")["gu-2"]["email"] == NEW["email"], "the other person has not signed in"


def test_what_was_added_by_hand_to_the_earlier_person_of_an_id_leaves_it(school: School) -> None:
    """Else a guardian whom somebody linked with one child would see another."""
    school.ws.link("gu-3", "st-1", actor="noa:leader")
    school.ws.link("gu-3", "st-3", actor="noa:leader")
    school.ws.enroll(school.ws.add_class("S", "Choir", actor="noa:leader").text.split()[1], "st-1", actor="noa:leader")
    changed = delivered(with_values(st_1={"given_name": "Ayo", "family_name": "Fofana", "identifier": "50009"}))
    plan = school.plan(changed)
    assert "archive" not in {action for _, action, *_ in school.lines(plan)}
    school.ws.approve_held(plan.id, reason="the office says so", actor="noa", sourced_id="st-1")
    school.sync(changed)
    by_hand = [row for row in school.rows("GuardianLink").values() if row["source"] == "manual"]
    st_3 = school.rows("User")["st-3"]["id"]
    assert [row["student_id"] for row in by_hand] == [st_3]
    assert [row for row in school.rows("Enrollment").values() if row["source"] == "manual"] == []


def test_explain_shows_the_stored_value_and_the_pin(school: School) -> None:
    signed_in(school, "gu-1")
    school.sync(delivered(with_values(gu_1=NEW)))
    (email,) = [value for value in school.ws.explain("User", "gu-1").values if value.field == "email"]
    assert (email.value, email.pinned_value, email.pinned_by) == (
        NEW["email"],
        "gu-1@cedar.example",
        "contact.after-sign-in",
    )
    plans = {event.plan for event in school.ws.history("User", "gu-1")}
    held = {line for event in school.ws.history("User", "gu-1") for line in event.lines["held"]}
    assert (len(plans), "policy" in held) == (2, True)
