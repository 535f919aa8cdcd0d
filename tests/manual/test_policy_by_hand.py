"""What people may do by hand while a source is synced: C34-C39 and C41-C44, each refused once and allowed once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from by_hand import LINKS, PEOPLE, School, delivered
from test_kept_by_policy import signed_in

from rosterkit.errors import Refused

LEADER, STAFF, MANAGER = "noa:leader", "kit:staff", "ari:users_manager"
NAMED = {"given_name": "Sana", "family_name": "Okoye", "email": "sana@home.example"}


def refused(rule: str, act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert (caught.value.exit_code, caught.value.why) in {(4, "policy"), (4, "permission")}
    assert rule in str(caught.value)
    return str(caught.value)


def test_c34_who_may_adds_a_class_and_fills_it(school: School) -> None:
    school.ws.add_class("S", "Chess club", actor=STAFF, key="club")
    school.ws.enroll("club", "st-1", actor=STAFF)
    school.ws.enroll("club", "te-2", actor=STAFF, role="teacher")
    school.ws.edit("Class", "club", {"title": "Chess and Go"}, actor=STAFF)
    assert school.rows("Class")["club"]["title"] == "Chess and Go"
    school.sync(delivered(titles={"C-1": "Renamed"}))
    assert {"club", "C-1", "C-2"} == set(school.rows("Class"))
    assert sum(row["source"] == "manual" for row in school.rows("Enrollment").values()) == 2


def test_c34_a_viewer_adds_no_class(school: School) -> None:
    refused("staff, leader", lambda: school.ws.add_class("S", "Chess club", actor="lu:viewer"))


def test_c35_c44_a_co_teacher_and_a_title_survive_the_sync(school: School) -> None:
    school.ws.enroll("C-1", "te-2", actor=LEADER, role="teacher")
    school.ws.edit("Class", "C-1", {"title": "Biology, mornings"}, actor=LEADER)
    school.sync(delivered(titles={"C-1": "BIO 1"}))
    assert school.rows("Class")["C-1"]["title"] == "Biology, mornings"
    assert school.stored("Class", "C-1")["title"] == "BIO 1"
    assert any(row["source"] == "manual" for row in school.rows("Enrollment").values())


def test_c35_no_student_is_put_into_a_synced_class_by_hand(school: School) -> None:
    text = refused("class.students", lambda: school.ws.enroll("C-1", "st-1", actor=LEADER))
    assert "students_in_synced_classes = true" in text
    assert "source main" in text


def test_c35_nothing_else_of_a_synced_class_is_edited(school: School) -> None:
    refused("record.edit", lambda: school.ws.edit("Class", "C-1", {"location": "Room 4"}, actor=LEADER))


def test_c35_the_title_is_not_edited_where_the_setting_forbids_it(school: School) -> None:
    school.configure("# edit_class_titles = true", "edit_class_titles = false")
    refused("class.title", lambda: school.ws.edit("Class", "C-1", {"title": "Biology"}, actor=LEADER))


def test_c35_c44_co_teachers_are_not_added_where_the_setting_forbids_it(school: School) -> None:
    school.configure("# add_co_teachers = true", "add_co_teachers = false")
    refused("class.co-teachers", lambda: school.ws.enroll("C-1", "te-2", actor=LEADER, role="teacher"))


def test_c36_leaders_add_guardians_and_the_sync_leaves_them(school: School) -> None:
    school.ws.add_guardian("st-3", NAMED, actor=LEADER, key="extra")
    school.sync(delivered(PEOPLE | {"st-1": PEOPLE["st-1"] | {"grades": '["10"]'}}))
    assert ("extra", "st-3") in school.links()


def test_c36_all_staff_manage_guardians_or_none_does(school: School) -> None:
    refused("staff_manage_guardians = true", lambda: school.ws.add_guardian("st-3", NAMED, actor=STAFF))
    school.configure("# staff_manage_guardians = false", "staff_manage_guardians = true")
    school.ws.add_guardian("st-3", NAMED, actor=STAFF)


def test_c36_guardians_are_not_added_where_the_setting_forbids_it(school: School) -> None:
    school.configure("# add_guardians = true", "add_guardians = false")
    refused("guardian.add", lambda: school.ws.add_guardian("st-3", NAMED, actor=LEADER))


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
@pytest.mark.parametrize("who", [MANAGER, None])
def test_c37_c39_the_person_or_a_users_manager_edits_contact_details(school: School, key: str, who: str | None) -> None:
    signed_in(school, key)
    school.ws.edit("User", key, {"email": "mine@home.example"}, actor=who or f"{key}:viewer")
    school.sync(delivered(PEOPLE | {key: PEOPLE[key] | {"email": "sis@cedar.example"}}))
    assert school.rows("User")[key]["email"] == "mine@home.example"


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_c37_c39_nobody_else_does(school: School, key: str) -> None:
    signed_in(school, key)
    refused("users_manager", lambda: school.ws.edit("User", key, {"email": "x@home.example"}, actor=LEADER))


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_c37_c44_who_has_not_signed_in_is_edited_in_the_source(school: School, key: str) -> None:
    text = refused(
        "contact.before-sign-in", lambda: school.ws.edit("User", key, {"sms": "+12175550199"}, actor=MANAGER)
    )
    assert "edit_contacts_before_sign_in = true" in text


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_c38_c39_where_the_sync_updates_active_people_nobody_else_does(school: School, key: str) -> None:
    signed_in(school, key)
    school.configure("# sync_updates_active_contacts = false", "sync_updates_active_contacts = true")
    text = refused(
        "contact.after-sign-in", lambda: school.ws.edit("User", key, {"email": "x@home.example"}, actor=MANAGER)
    )
    assert "sync_updates_active_contacts = false" in text


def test_c41_no_student_is_added_while_a_source_is_synced(school: School) -> None:
    text = refused("student.add", lambda: school.ws.add_student("S", NAMED, actor=LEADER))
    assert "add_students = true" in text
    assert "source main" in text
    assert len(school.rows("User")) == len(PEOPLE)


def test_c41_students_are_added_where_the_setting_allows_it_or_no_source_syncs(school: School) -> None:
    school.settings("\n[policy.schools.S]\nadd_students = true\n")
    school.ws.add_student("S", NAMED, actor=LEADER, key="own")
    assert school.rows("User")["own"]["source"] == "manual"
    refused("student.add", lambda: school.ws.add_student("T", NAMED, actor=LEADER))


def test_c42_a_student_gets_an_account_and_a_manual_class(school: School) -> None:
    school.ws.edit("User", "st-1", {"account_enabled": "false"}, actor=LEADER)
    assert school.rows("User")["st-1"]["account_enabled"] is False
    school.ws.edit("User", "st-1", {"account_enabled": "true"}, actor=LEADER)
    assert school.rows("User")["st-1"]["account_enabled"] is True
    school.ws.add_class("S", "Chess club", actor=LEADER, key="club")
    school.ws.enroll("club", "st-1", actor=LEADER)


@pytest.mark.parametrize("field", ["given_name", "email", "grades", "primary_org"])
def test_c42_nothing_else_of_a_synced_student_is_edited(school: School, field: str) -> None:
    value = "T" if field == "primary_org" else "x"
    refused("student.edit", lambda: school.ws.edit("User", "st-1", {field: value}, actor=MANAGER))


def test_c43_staff_are_added_beside_the_sync(school: School) -> None:
    school.ws.add_staff("S", NAMED, actor=LEADER, key="sub")
    school.ws.enroll("C-1", "sub", actor=LEADER, role="teacher")
    school.sync(delivered(titles={"C-1": "Renamed"}))
    assert "sub" in school.rows("User")


def test_c43_staff_are_not_added_where_the_setting_forbids_it(school: School) -> None:
    school.configure("# add_staff = true", "add_staff = false")
    refused("staff.add", lambda: school.ws.add_staff("S", NAMED, actor=LEADER))


@pytest.mark.parametrize("key", ["gu-1", "te-1"])
def test_nothing_but_contact_details_of_guardians_and_staff_is_edited(school: School, key: str) -> None:
    signed_in(school, key)
    refused("contact.other", lambda: school.ws.edit("User", key, {"identifier": "7"}, actor=MANAGER))


def test_c40_the_role_of_an_actor_is_given_by_a_setting(school: School) -> None:
    signed_in(school, "gu-1")
    school.settings('\n[policy.actors]\nbo = "users_manager"\nlu = "viewer"\n')
    school.ws.edit("User", "gu-1", {"email": "mine@home.example"}, actor="bo")
    refused("policy.actors", lambda: school.ws.block_link(*LINKS[0], reason="x", actor="lu:approver"))


def test_a_pin_stays_whatever_the_source_delivers_until_it_is_lifted(school: School) -> None:
    school.configure("# edit_students = false", "edit_students = true")
    school.ws.pin("User", "st-1", "given_name", value="Wrenna", reason="as the family spells it", actor=LEADER)
    plan = school.sync(delivered(PEOPLE | {"st-1": PEOPLE["st-1"] | {"given_name": "Wren M"}}))
    assert ("User", "st-1", "given_name", "Wrenna", "Wren M", "pinned") in school.lines(plan)
    assert school.rows("User")["st-1"]["given_name"] == "Wrenna"
    school.ws.unpin("User", "st-1", "given_name", reason="corrected in the SIS", actor=LEADER)
    assert school.rows("User")["st-1"]["given_name"] == "Wren M"


def test_a_blocked_link_is_not_made_by_hand(school: School) -> None:
    school.ws.block_link("gu-3", "st-3", reason="court order", actor=LEADER)
    with pytest.raises(Refused, match="Lift the block first"):
        school.ws.link("gu-3", "st-3", actor=LEADER)
    school.ws.link("gu-3", "st-1", actor=LEADER)
    assert ("gu-3", "st-1") in school.links()


def test_an_undo_of_an_added_person_archives_it(school: School) -> None:
    done = school.ws.add_staff("S", NAMED, actor=LEADER, key="sub")
    undo = school.ws.undo(done.revision)
    school.ws.approve(undo.id, reason="a mistake", actor="noa")
    school.ws.apply(undo.id, actor="noa")
    assert "sub" not in school.rows("User")
