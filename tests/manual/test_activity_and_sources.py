"""``activity import``, and sources that a person disables."""

from __future__ import annotations

from pathlib import Path

import pytest
from by_hand import LINKS, PEOPLE, School, delivered

from rosterkit.errors import Refused, UsageError

LEADER = "noa:leader"
NAMED = {"given_name": "Sana", "family_name": "Okoye"}


def imported(school: School, tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "activity.csv"
    path.write_text(text, encoding="utf-8")
    return school.ws.activity_import(path, actor=LEADER)[1]


def test_c37_an_edit_at_the_vendor_by_who_has_signed_in_survives_the_sync(school: School, tmp_path: Path) -> None:
    text = "event,user,at,field,value\nsigned_in,gu-1,2026-10-01,,\nedited,gu-1,,email,mine@home.example\n"
    assert imported(school, tmp_path, text) == []
    school.sync(delivered(PEOPLE | {"gu-1": PEOPLE["gu-1"] | {"email": "sis@cedar.example"}}))
    assert school.rows("User")["gu-1"]["email"] == "mine@home.example"


def test_an_edit_that_arrives_late_does_not_undo_a_later_one(school: School, tmp_path: Path) -> None:
    head, first = "event,user,at,field,value\n", "signed_in,gu-1,2026-10-01,,\n"
    late = "edited,gu-1,2026-10-03T09:00:00+02:00,email,late@home.example\n"
    newer = "edited,gu-1,2026-10-03T08:00:00+00:00,email,newer@home.example\n"
    (refused,) = imported(school, tmp_path, head + first + newer + late)
    assert refused.startswith("Line 4: A person edited the email of gu-1 later")
    newest = "edited,gu-1,2026-10-04,email,newest@home.example\nedited,gu-1,2099-01-01,sms,\n"
    (refused,) = imported(school, tmp_path, head + newest)
    assert "in the future" in refused
    assert school.rows("User")["gu-1"]["email"] == "newest@home.example"


def test_c36_who_joined_by_a_code_is_never_archived_by_the_sync(school: School, tmp_path: Path) -> None:
    text = "event,student,given_name,family_name,email\njoined,st-3,Sana,Okoye,sana@home.example\n"
    assert imported(school, tmp_path, text) == []
    school.sync(delivered(titles={"C-1": "Renamed"}))
    (joined,) = [row for row in school.rows("User").values() if row["source"] == "joined"]
    assert (joined["given_name"], len(school.links())) == ("Sana", len(LINKS) + 1)


def test_a_line_that_is_refused_is_named_and_the_others_are_taken_in(school: School, tmp_path: Path) -> None:
    text = "event,user,at,field,value\nedited,gu-1,,email,x@home.example\nsigned_in,gu-2,2026-10-01,,\nleft,gu-1,,,\n"
    first, second = imported(school, tmp_path, text)
    assert first.startswith("Line 2: ")
    assert "contact.before-sign-in" in first
    assert second.startswith("Line 4: ")
    assert imported(school, tmp_path, "event,user,field,value\nedited,gu-2,email,x@home.example\n") == []


@pytest.mark.parametrize("text", ["who,when\n", "\0"])
def test_a_file_of_another_kind_is_wrong_usage(school: School, tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        imported(school, tmp_path, text)


def test_c45_a_disabled_source_archives_nobody_and_people_go_on_by_hand(school: School) -> None:
    with pytest.raises(Refused, match=r"student\.add"):
        school.ws.add_student("S", NAMED, actor=LEADER)
    school.ws.source_disable("main", reason="we leave", actor=LEADER)
    school.ws.add_student("S", NAMED, actor=LEADER, key="own")
    school.ws.edit("User", "st-1", {"given_name": "Wrenna"}, actor=LEADER)
    assert school.rows("User")["st-1"]["given_name"] == "Wrenna"
    assert {*PEOPLE, "own"} == set(school.rows("User"))
    school.ws.source_enable("main", reason="we stay", actor=LEADER)
    with pytest.raises(Refused, match=r"student\.add"):
        school.ws.add_student("S", NAMED, actor=LEADER)
    with pytest.raises(Refused, match="not disabled"):
        school.ws.source_enable("main", reason="we stay", actor=LEADER)


def test_c45_a_source_may_be_disabled_for_one_school(school: School) -> None:
    school.ws.source_disable("main", school="S", reason="merger", actor=LEADER)
    left = {k: v for k, v in PEOPLE.items() if k != "gu-3"} | {"st-1": PEOPLE["st-1"] | {"grades": '["10"]'}}
    plan = school.plan(delivered(left, links=LINKS[:2], titles={"C-1": "Renamed"}))
    lines = school.lines(plan)
    assert {held for *_, held in lines} <= {"policy", "dependant"}
    assert {("User", "gu-3"), ("Class", "C-1"), ("User", "st-1")} <= {(entity, key) for entity, key, *_ in lines}
    assert plan.total.total == 0
    school.ws.source_disable("main", school="T", reason="merger", actor=LEADER)
    school.ws.source_enable("main", school="S", reason="merged", actor=LEADER)
    plan = school.plan(delivered(left, links=LINKS[:2], titles={"C-1": "Renamed"}))
    assert {held for *_, held in school.lines(plan)} == {""}
