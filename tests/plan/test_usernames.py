"""A username that passes to another person is a case, by the oracle and by the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from districts import Package, first_truth
from driving import Pair, copied, workspace
from test_regressions import ON_REMOVALS

from rosterkit.errors import Refused
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan import Plan

TRUTH = first_truth(1, 4, 2, extras=False)  # P0 to P3 are students, P4 is a teacher, P5 a guardian
NEW: dict[str, Any] = {"given_name": "Noor", "family_name": "Haddad", "identifier": "n9", "primary_org": "S0"}


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


def planned(pair: Pair, people: Mapping[str, dict[str, Any] | None]) -> Plan:
    """Plans the truth with these people changed (None: gone); who is new is a student, if no ``role`` is named."""
    truth = deepcopy(TRUTH)
    for key, values in people.items():
        if values is None:
            truth["User"].pop(key)
            continue
        role = values.get("role", "student")
        truth["User"][key] = truth["User"].get(key, {}) | {k: v for k, v in values.items() if k != "role"}
        if key not in TRUTH["User"]:
            truth["Role"][f"{key}|S0"] = {"user": key, "org": "S0", "role": role, "type": "primary"}
    return pair.plan(Package(truth, TRUTH).extract())


def codes(pair: Pair, plan: Plan, key: str) -> dict[tuple[str, str, str], str]:
    """What holds the lines of a person and of that person's roles, by entity, action and field."""
    lines = pair.proposals[plan.id].lines()
    return {(line[0], line[1], line[3]): code for line, code in lines.items() if line[2].split("|")[0] == key}


WAITS = {("User", "create", ""): "case", ("Role", "create", ""): "dependant"}
COMES = {("User", "create", ""): "", ("Role", "create", ""): ""}


def test_who_comes_with_the_username_of_another_waits(pair: Pair) -> None:
    waits: dict[str, dict[str, Any]] = {
        "P11": {"username": "u1"},
        "P12": {"username": "u4"},  # of a teacher
        "P13": {"username": "u1", "role": "teacher"},
    }
    comes: dict[str, dict[str, Any]] = {
        "P21": {"username": "u9"},
        "P22": {"username": None},
        "P23": {"username": "u1", "role": "guardian"},  # families share one
        "P24": {"username": "u5"},  # of a guardian
        "P25": {"username": "u1", "given_name": " kofi", "family_name": "MENSAH"},  # the same human
    }
    plan = planned(pair, {key: NEW | values for key, values in (waits | comes).items()})
    assert {key: codes(pair, plan, key) for key in waits} == dict.fromkeys(waits, WAITS)
    assert {key: codes(pair, plan, key) for key in comes} == dict.fromkeys(comes, COMES)
    found = pair.ws.show(plan.id).findings.filter(rule="identity.taken-username")
    assert found.select("severity", "key").rows() == [("error", key) for key in waits]


def test_only_the_username_is_held_where_somebody_gets_one_who_is_known(pair: Pair) -> None:
    plan = planned(pair, {"P2": {"username": "u3", "email": "new@x.example"}})
    assert codes(pair, plan, "P2") == {("User", "update", "username"): "case", ("User", "update", "email"): ""}
    why = pair.ws.show(plan.id).lines.filter(held="case")["held_why"].to_list()
    assert why == ["the username is that of another person, whose name differs: was it given to somebody else?"]


def test_a_username_of_somebody_who_left_is_not_free_either(pair: Pair) -> None:
    assert pair.apply(planned(pair, {"P1": None}))
    assert not pair.model.rows["User"]["P1"].active
    assert codes(pair, planned(pair, {"P1": None, "P9": NEW | {"username": "u1"}}), "P9") == WAITS


def test_who_comes_back_to_a_username_that_another_has_now_waits(pair: Pair) -> None:
    assert pair.apply(planned(pair, {"P1": None}))
    pair.approve_held(planned(pair, {"P1": None, "P9": NEW | {"username": "u1"}}), sourced_id="P9")
    assert pair.apply(planned(pair, {"P1": None, "P9": NEW | {"username": "u1"}}))
    assert set(codes(pair, planned(pair, {"P9": NEW | {"username": "u1"}}), "P1").values()) <= {"case", "dependant"}


def test_a_case_is_approved_by_its_record_alone_and_only_as_it_was(pair: Pair) -> None:
    coming = {"P9": NEW | {"username": "u1"}, "P2": {"username": "u3"}}
    plan = planned(pair, coming)
    with pytest.raises(Refused, match="An id, number or username of P2, P9 may have been reused") as refused:
        pair.ws.approve_held(plan.id, reason="all of them", actor="kim", entity="User")
    assert refused.value.why == "suspected-reuse"
    pair.approve_held(plan, sourced_id="P9")
    pair.approve_held(plan, sourced_id="P2")
    freed = planned(pair, coming)
    assert codes(pair, freed, "P9") == COMES
    assert codes(pair, freed, "P2") == {("User", "update", "username"): ""}
    assert set(codes(pair, planned(pair, {"P2": {"username": "u0"}}), "P2").values()) == {"case"}


def test_what_a_limit_holds_is_no_case_beside(pair: Pair) -> None:
    low = {"max_changed_identifiers_percent": 5.0, "min_changed": 1, "min_changed_overall": 1}
    pair.config = pair.ws.config = pair.config.model_copy(
        update={"limits": Limits.model_validate(ON_REMOVALS.model_dump() | low)}
    )
    plan = planned(pair, {f"P{n}": {"username": f"u{(n + 1) % 4}"} for n in range(4)})
    assert {code for line, code in pair.proposals[plan.id].lines().items() if line[3] == "username"} == {"limit"}
    assert pair.ws.show(plan.id).findings.filter(rule="identity.taken-username").is_empty()
