"""What the limits hold in a whole plan: beside the field that exceeds one, what goes with it."""

from __future__ import annotations

import polars as pl
import pytest
from school import MONDAY, School, opened, run


def test_where_one_field_was_misread_every_misread_value_is_held() -> None:
    """A file in another encoding: family names are fewer than a limit, and no more right than given names."""
    school = School()
    school.changed = {key: {"given_name": f"José {key}"} for key in school.students[:40]}
    with opened(since=MONDAY) as ws:
        wrong = School(changed={key: {"given_name": f"JosÃ© {key}"} for key in school.students[:40]})
        wrong.changed |= {key: {"family_name": f"MuÃ±oz {key}"} for key in school.students[40:43]}
        plan = run(ws, wrong, MONDAY, apply=False)
        lines = ws.show(plan.id).lines.select("field", "held").unique().rows()
        assert sorted(lines) == [("family_name", "limit"), ("given_name", "limit")]


def test_a_single_value_that_was_misread_is_held_however_few_there_are() -> None:
    """José as JosÃ© is wrong by itself; a name that really changed, and one that was put right, are not held."""
    new = {"st-000": "JosÃ©", "st-001": "Åukasz", "st-002": "João", "st-003": "Zoë"}
    old = {"st-000": "José", "st-001": "Łukasz", "st-002": "JoÃ£o", "st-003": "Zoé"}
    with opened() as ws:
        run(ws, School(changed={key: {"given_name": name} for key, name in old.items()}), MONDAY)
        plan = run(ws, School(changed={key: {"given_name": name} for key, name in new.items()}), MONDAY, apply=False)
        lines = ws.show(plan.id).lines
        held = lines.filter(pl.col("held") == "limit")
        assert sorted(lines["sourced_id"]) == sorted(new)
        assert sorted(held["sourced_id"]) == ["st-000", "st-001"]
        assert held["held_why"].str.contains("written in another encoding").all()


def test_a_school_that_is_missing_takes_its_only_teacher_with_it_for_a_person_to_look_at() -> None:
    school = School()
    with opened({"limits": "max_removed_overall_percent = 100"}, since=MONDAY) as ws:  # else that would hold her too
        students = [key for key in school.students if school.of(key) == "B"]
        plan = run(ws, School(students=students, staff=["te-1"], classes={"C-B": "Y"}), MONDAY, apply=False)
        teacher = ws.show(plan.id).lines.filter(pl.col("sourced_id") == "te-2")
        assert teacher.select("action", "held").rows() == [("archive", "limit")]
        assert "of all people at this school" in teacher["held_why"][0]


@pytest.mark.parametrize(("setting", "code"), [("hold", ""), ("hold_all", "limit")])
def test_an_exceeded_limit_holds_the_whole_plan_where_the_setting_says_so(setting: str, code: str) -> None:
    """But a guardian link that is gone goes: nothing else delays it."""
    with opened({"limits": f'on_limit = "{setting}"'}, since=MONDAY) as ws:
        wrong = School(changed={f"st-{i:03}": {"email": f"new{i}@birch.example"} for i in range(40)})
        wrong.students.append("st-100")
        wrong.guardians["gu-1"] = "st-003"
        wrong.changed["te-1"] = {"given_name": "Ines"}
        plan = run(ws, wrong, MONDAY, apply=False)
        lines = ws.show(plan.id).lines
        found = {(key, name): why for key, name, why in lines.select("sourced_id", "field", "held").rows()}
        assert found["st-000", "email"] == "limit"
        assert (found["st-100", ""], found["te-1", "given_name"]) == (code, code)
        assert found["st-001|gu-1", ""] == ""
        reasons = set(lines.filter(sourced_id="te-1")["held_why"])
        assert reasons == ({"the whole plan waits, as a limit was exceeded in it"} if code else {""})


def test_a_plan_that_exceeds_no_limit_waits_for_none() -> None:
    with opened({"limits": 'on_limit = "hold_all"'}, since=MONDAY) as ws:
        plan = run(ws, School(changed={"te-1": {"given_name": "Ines"}}), MONDAY, apply=False)
        assert (plan.total.update, plan.total_held.total) == (1, 0)
