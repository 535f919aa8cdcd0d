"""No blocked link and no suppressed value is in any of the five feeds, whatever comes in afterwards."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from by_hand import FEEDS, LINKS, PEOPLE, School, delivered, feed_bytes
from depth import DEEP
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

BLOCK = {"reason": "court order 12", "actor": "noa:approver"}
SECRET = b"hidden.address@cedar.example"

_values = {
    "email": st.sampled_from(["other@cedar.example", None]),
    "sms": st.sampled_from(["+12175550177", None]),
    "grades": st.sampled_from(['["10"]', None]),
}
_people = st.fixed_dictionaries(
    {},
    optional={
        "st-1": st.fixed_dictionaries({}, optional=_values | {"username": st.sampled_from(["wren", SECRET.decode()])}),
        "gu-1": st.fixed_dictionaries({}, optional=_values),
        "gu-2": st.fixed_dictionaries({}, optional=_values),
    },
)
_gone = st.sets(st.sampled_from(["st-1", "gu-2", "gu-1", "st-2"]), max_size=2)
_links = st.sets(st.sampled_from([*LINKS, ("gu-2", "st-2"), ("gu-1", "st-2")]), max_size=4)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), _people, _gone, _links),
        st.tuples(st.just("undo"), st.integers(0, 3)),
        st.tuples(st.just("reissue")),
    ),
    min_size=1,
    max_size=3,
)


def _do(school: School, step: Any) -> None:
    if step[0] == "undo":
        past = school.ws.history()
        undo = school.ws.undo(past[min(step[1], len(past) - 2)].revision)
        school.ws.approve(undo.id, reason="a try", actor="noa")
        school.ws.apply(undo.id, actor="noa")
        return
    people = {k: dict(v) for k, v in _known().items()}
    links: set[tuple[str, str]] = set(LINKS)
    if step[0] == "reissue":
        people = {{"st-1": "st-91", "gu-2": "gu-92"}.get(k, k): v for k, v in people.items()}
        links = {("gu-92", "st-91"), ("gu-1", "st-91")}
    else:
        _, changed, gone, links = step
        people = {k: v | changed.get(k, {}) for k, v in people.items() if k not in gone}
    school.sync(delivered(people, links=tuple(sorted(links))))


def _known() -> dict[str, dict[str, Any]]:
    return PEOPLE | {"st-1": PEOPLE["st-1"] | {"email": SECRET.decode()}}


def _blocked(school: School) -> set[tuple[str, str]]:
    names = {(PEOPLE["gu-2"]["given_name"], PEOPLE["st-1"]["given_name"])}
    people = {row["id"]: row["given_name"] for row in school.rows("User").values()}
    stated = {(people[r["guardian_id"]], people[r["student_id"]]) for r in school.rows("GuardianLink").values()}
    return stated & names


_few = settings(
    max_examples=40 if DEEP else 2,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MOVED: list[Any] = [
    ("sync", {"st-1": {"email": "other@cedar.example"}}, set(), set()),
    ("sync", {"st-1": {"email": "other@cedar.example", "username": SECRET.decode()}}, set(), set(LINKS)),
]
"""The suppressed address goes to another column."""


@given(steps=_steps)
@example(steps=[("reissue",), ("undo", 0)])
@example(steps=MOVED)
@pytest.mark.deep
@_few
def test_nothing_blocked_is_in_any_feed(steps: list[Any], synced_folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as patch:
        shutil.copytree(synced_folder, Path(scratch, "ws"))
        school = School(Path(scratch, "ws"), patch)
        school.sync(delivered(_known()))
        assert all(SECRET in content for content in feed_bytes(school).values())
        school.ws.block_link("gu-2", "st-1", **BLOCK)
        school.ws.suppress("st-1", field="email", **BLOCK)
        for step in steps:
            _do(school, step)
            assert {name for name, content in feed_bytes(school).items() if SECRET in content.lower()} == set()
            assert _blocked(school) == set()
        assert len(FEEDS) == 5
