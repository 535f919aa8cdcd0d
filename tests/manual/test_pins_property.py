"""P6: no effective value that a person pinned changes, whatever comes in, is undone or is set otherwise afterwards."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from by_hand import PEOPLE, School, delivered
from depth import DEEP
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from test_kept_by_policy import signed_in

LEADER = "noa:leader"
_values = st.fixed_dictionaries(
    {},
    optional={
        "given_name": st.sampled_from(["Wren", "Wrenna", "Pinned", "Ren"]),
        "email": st.sampled_from(["other@cedar.example", None]),
        "grades": st.sampled_from(['["10"]', None]),
    },
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), _values, _values, st.sampled_from(["Biology", "Class C-1"])),
        st.tuples(st.just("undo"), st.integers(0, 3)),
        st.tuples(st.just("setting")),
        st.tuples(st.just("gone")),
    ),
    min_size=2,
    max_size=4,
)


def _do(school: School, step: Any) -> None:
    if step[0] == "undo":
        past = school.ws.history()
        undo = school.ws.undo(past[min(step[1], len(past) - 2)].revision)
        school.ws.approve(undo.id, reason="a try", actor="noa")
        school.ws.apply(undo.id, actor="noa")
    elif step[0] == "setting":
        text = (school.ws.folder / "rosterkit.toml").read_text(encoding="utf-8")
        off, on = "# sync_updates_active_contacts = false", "sync_updates_active_contacts = true"
        school.configure(*((off, on) if off in text else (on, off)))
    elif step[0] == "gone":
        school.sync(delivered({k: v for k, v in PEOPLE.items() if k != "st-1"}))
    else:
        people = PEOPLE | {"st-1": PEOPLE["st-1"] | step[1], "gu-1": PEOPLE["gu-1"] | step[2]}
        school.sync(delivered(people, titles={"C-1": step[3]}))


@pytest.mark.deep
@given(steps=_steps)
@example(steps=[("sync", {"given_name": "Ren"}, {"email": None}, "Biology"), ("setting",), ("undo", 0), ("gone",)])
@settings(
    max_examples=50 if DEEP else 4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_p6_no_value_that_a_person_pinned_changes(steps: list[Any], synced_folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        shutil.copytree(synced_folder, Path(scratch, "ws"))
        school = School(Path(scratch, "ws"), patch)
        school.configure("# edit_students = false", "edit_students = true")
        signed_in(school, "gu-1")
        school.ws.pin("User", "st-1", "given_name", value="Pinned", reason="as spelt at home", actor=LEADER)
        school.ws.edit("User", "gu-1", {"email": "mine@home.example"}, actor="ari:users_manager")
        school.ws.edit("Class", "C-1", {"title": "Pinned title"}, actor=LEADER)
        for step in steps:
            _do(school, step)
            users = school.rows("User")
            assert users.get("st-1", {}).get("given_name", "Pinned") == "Pinned"
            assert users["gu-1"]["email"] == "mine@home.example"
            assert school.rows("Class")["C-1"]["title"] == "Pinned title"
