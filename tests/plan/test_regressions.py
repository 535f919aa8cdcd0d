"""What the oracle found once, as small runs: each compared with the oracle line by line, and applied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from districts import Package, first_truth
from driving import Pair, copied, workspace
from happenings import Truth

from rosterkit.plan.limits import Limits

TRUTH = first_truth(2, 6, 4, extras=True)
PERCENTS = [name for name in Limits.model_fields if name.endswith("_percent") and "removed" not in name]
ON_REMOVALS = Limits.model_validate({**dict.fromkeys(PERCENTS, 100), "max_renamed_people": 1000})
"""In so small a district every other limit is soon exceeded."""


@pytest.fixture(scope="module")
def first() -> Iterator[Pair]:
    with workspace() as ws:
        made = Pair(ws, limits=ON_REMOVALS)
        assert made.apply(made.plan(Package(TRUTH, TRUTH).extract()))
        yield made


@pytest.fixture
def pair(first: Pair) -> Iterator[Pair]:
    """The truth is stored."""
    with copied(first) as made:
        yield made


def planned(
    pair: Pair, change: Callable[[Truth], object], **named: Any
) -> tuple[Truth, dict[tuple[str, str, str, str], str]]:
    """Plans and applies what the district says after a change; the lines by entity, action, sourced id and field."""
    truth = deepcopy(named.pop("before", TRUTH))
    before = deepcopy(truth)
    change(truth)
    plan = pair.plan(Package(truth, before, **named).extract())
    found = {line[:4]: code for line, code in pair.proposals[plan.id].lines().items()}
    assert pair.apply(plan)
    return truth, found


def test_an_optional_reference_to_a_record_that_leaves_is_cleared_though_its_row_is_said(pair: Pair) -> None:
    _, lines = planned(pair, lambda truth: truth["Org"].pop("D"))
    assert lines["Org", "update", "S0", "parent"] == ""
    assert ("Org", "S0") in pair.model.pending  # and comes back with the district


def test_a_record_without_a_reference_is_not_protected_by_what_others_refer_to(pair: Pair) -> None:
    profile = next(iter(TRUTH["UserProfile"]))
    _, lines = planned(pair, lambda truth: truth["User"].pop("P1"), unreadable={"UserProfile": {profile}})
    assert TRUTH["Role"]["P1|S1"].get("user_profile") is None
    assert lines["Role", "archive", "P1|S1", ""] == ""


def test_a_protected_record_that_moves_away_keeps_nothing_where_it_was(pair: Pair) -> None:
    def move(truth: Truth) -> None:
        del truth["Org"]["S1"]
        truth["Course"]["K1"]["org"] = "D"  # its year is unreadable in this run, its own row is not
        for name in ("Class", "ClassTerm", "Role", "Enrollment"):
            truth[name] = {
                key: row for key, row in truth[name].items() if "S1" not in str(row) and "C1" not in str(row)
            }
        for person in truth["User"].values():
            person["primary_org"] = "S0"

    _, lines = planned(pair, move, unreadable={"AcademicSession": {"Y"}})
    assert lines["Org", "archive", "S1", ""] in ("", "dependant")
    assert lines["Course", "update", "K1", "org"] == ""


@pytest.mark.parametrize(("entity", "key", "label"), [("Role", "P0|S0", "role"), ("Enrollment", "C00-P0", "class")])
def test_a_blank_in_a_required_column_changes_nothing(pair: Pair, entity: str, key: str, label: str) -> None:
    _, lines = planned(pair, lambda truth: truth[entity][key].update({label: None}))
    assert lines == {}


def test_a_row_that_left_with_its_parent_comes_back_with_it(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["Class"]["C00"]  # its enrollments are not said again in a delta

    gone, lines = planned(pair, leave, states={"Enrollment": "partial"})
    assert lines["Enrollment", "archive", "C00-P0", ""] == ""
    assert ("Enrollment", "C00-P0") in pair.model.pending
    _, lines = planned(pair, lambda truth: truth["Class"].update(C00=TRUTH["Class"]["C00"]), before=gone, delta=True)
    assert lines["Enrollment", "restore", "C00-P0", ""] == ""


def test_a_delete_that_waits_is_done_once_its_record_leaves_with_its_parent(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["Enrollment"]["C00-P0"], truth["User"]["P0"]

    _, lines = planned(pair, leave, delta=True, states={"Enrollment": "partial"})
    assert lines["Enrollment", "archive", "C00-P0", ""] == ""
    assert ("Enrollment", "C00-P0") not in pair.model.pending  # stored as said


def test_a_delete_that_waits_is_done_though_its_record_also_lost_an_optional_reference(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["Class"]["C10"], truth["Course"]["K1"], truth["Org"]["S1"]

    _, lines = planned(pair, leave, delta=True, states={"Class": "partial"})
    assert lines["Class", "archive", "C10", ""] == ""
    assert ("Class", "C10") not in pair.model.pending  # stored as said


def test_a_delete_waits_on_while_its_record_loses_a_reference_that_it_does_not_state(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["User"]["P0"], truth["Org"]["S0"]

    gone, lines = planned(pair, leave, delta=True, states={"User": "partial"}, without={"User": ["primary_org"]})
    assert lines["User", "update", "P0", "primary_org"] == ""
    assert ("User", "P0") in pair.model.pending
    _, lines = planned(pair, lambda _: None, before=gone, delta=True)
    assert lines["User", "archive", "P0", ""] == ""


def test_a_case_is_a_case_in_every_field(pair: Pair) -> None:
    def reuse(truth: Truth) -> None:
        truth["User"]["P0"] |= {"given_name": "Wren", "family_name": "Okafor", "identifier": "z9"}
        del truth["Org"]["S0"]

    _, lines = planned(pair, reuse)
    assert {code for (_, action, key, _), code in lines.items() if (action, key) == ("update", "P0")} == {"case"}


def test_an_older_approved_plan_is_stale_once_a_newer_one_is_applied(pair: Pair) -> None:
    changed = deepcopy(TRUTH)
    changed["User"]["P0"]["email"] = "new@x.example"
    older = pair.plan(Package(changed, TRUTH, delta=True, name="first").extract())
    pair.ws.approve(older.id, reason="fine", actor="kim")
    assert pair.apply(pair.plan(Package(TRUTH, changed, delta=True, name="second").extract()))
    assert not pair.apply_signed(older)


def test_a_held_field_of_a_course_is_told_by_the_hold_and_not_by_the_course_code(pair: Pair) -> None:
    coded, _ = planned(pair, lambda truth: truth["Course"]["K0"].update(code="A1"))

    def leave(truth: Truth) -> None:
        del truth["Org"]["D"]  # held, as an unreadable school still belongs to it

    _, lines = planned(pair, leave, before=coded, unreadable={"Org": {"S1"}})
    assert lines["Course", "update", "K0", "org"] == "dependant"


def test_a_record_that_only_protection_keeps_leaves_with_what_a_readable_row_takes_away(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["User"]["P0"], truth["Enrollment"]["C00-P0"]  # absent, but its class cannot be read

    _, lines = planned(pair, leave, marked={("User", "P0")}, unreadable={"Class": {"C00"}})
    assert lines["Enrollment", "archive", "C00-P0", ""] == ""
    assert lines["User", "archive", "P0", ""] == ""


def test_a_record_that_only_protection_keeps_refers_no_more_to_what_a_readable_row_takes_away(pair: Pair) -> None:
    def leave(truth: Truth) -> None:
        del truth["Org"]["D"], truth["Course"]["K0"]  # the course is absent, but its year cannot be read
        for group in truth["Class"].values():
            group["course"] = "K1"

    gone, lines = planned(pair, leave, marked={("Org", "D")}, unreadable={"AcademicSession": {"Y"}})
    assert lines["Org", "archive", "D", ""] == ""
    assert lines["Course", "update", "K0", "org"] == ""
    _, lines = planned(pair, lambda _: None, before=gone)
    assert lines["Course", "archive", "K0", ""] == ""  # its absence counts once the year is read


def test_a_link_that_is_gone_waits_for_no_case(pair: Pair) -> None:
    """A link that the SIS removed waits for no other hold, whether a row took it away or a full table lacks it."""
    link, row = next(iter(TRUTH["GuardianLink"].items()))

    def reuse(truth: Truth) -> None:
        truth["User"][row["student"]] |= {"given_name": "Wren", "family_name": "Okafor", "identifier": "z9"}
        del truth["GuardianLink"][link]

    _, lines = planned(pair, reuse)
    assert lines["User", "update", row["student"], "given_name"] == "case"
    assert lines["GuardianLink", "archive", link, ""] == ""


def test_a_record_that_comes_back_between_two_archived_parents_waits() -> None:
    """Its new class waits for its school, and the one to which its reference would go back is no longer delivered."""

    def point(truth: Truth) -> None:
        del truth["Class"]["C10"]
        truth["Enrollment"] = {key: row for key, row in truth["Enrollment"].items() if row["class"] != "C10"}
        truth["ClassTerm"]["C10|T1"]["class"] = "C11"

    percents = dict.fromkeys([name for name in Limits.model_fields if name.endswith("_percent")], 100)
    with workspace() as ws:
        pair = Pair(
            ws, limits=Limits.model_validate({**percents, "halving_min_size": 1000, "max_renamed_people": 1000})
        )
        assert pair.apply(pair.plan(Package(TRUTH, TRUTH).extract()))
        without, lines = planned(pair, lambda truth: truth["Org"].pop("S1"))
        assert lines["ClassTerm", "archive", "C10|T1", ""] == ""
        _, lines = planned(pair, point, before=without)
        assert [line for line in lines if line[0] == "ClassTerm"] == []
