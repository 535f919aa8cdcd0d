"""Everything that may happen to a workspace, in any order, with the oracle beside it."""

from __future__ import annotations

from contextlib import ExitStack
from copy import deepcopy
from datetime import timedelta

import pytest
from districts import Package, first_truth, graces, limit_settings, next_package, raised
from driving import Pair, announcements, workspace
from happenings import happens
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rosterkit.errors import Refused
from rosterkit.plan.calendar import GraceSettings
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import by_name


class Runs(RuleBasedStateMachine):
    """Plans that wait make deltas queue: not every plan is applied."""

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.pair: Pair
        self.plans: list[Plan] = []

    def teardown(self) -> None:
        self.open.close()

    @initialize(
        schools=st.integers(1, 2),
        students=st.integers(2, 10),
        adults=st.integers(0, 4),
        extras=st.booleans(),
        limits=limit_settings(),
        grace=graces(),
    )
    def first_package(
        self, schools: int, students: int, adults: int, extras: bool, limits: Limits, grace: GraceSettings
    ) -> None:
        self.pair = Pair(self.open.enter_context(workspace()), limits=limits, grace=grace)
        self.truth = first_truth(schools, students, adults, extras=extras)
        self.last = Package(self.truth, self.truth)
        assert self.pair.apply(self.pair.plan(self.last.extract()))

    @rule(data=st.data(), kind=st.sampled_from(["full", "delta", "delta"]), at_once=st.booleans())
    def package(self, data: st.DataObject, kind: str, at_once: bool) -> None:
        self.last = next_package(data.draw, self.truth, len(self.plans), kinds=(kind,))
        self.truth = self.last.truth
        self.plans.append(self.pair.plan(self.last.extract()))
        if at_once:
            assert self.pair.apply(self.plans[-1])

    @rule(data=st.data())
    def promote(self, data: st.DataObject) -> None:
        """Grades rise, some students move on to another school, and that is one named plan."""
        truth = deepcopy(self.truth)
        happens(truth, data.draw, "rise")
        self.last = Package(truth, self.truth, name=f"promotion {len(self.plans)}")
        self.truth = truth
        plan = self.pair.promote(self.last.extract())
        self.plans += [plan] if plan else []

    @rule(days=st.integers(1, 4))
    def days_pass(self, days: int) -> None:
        self.pair.day += timedelta(days=days)

    @rule(data=st.data())
    def announce(self, data: st.DataObject) -> None:
        self.pair.expect(**data.draw(announcements(self.pair)))

    @rule()
    def plan_again(self) -> None:
        self.plans.append(self.pair.plan(self.last.extract()))

    @rule(data=st.data())
    def raise_a_limit(self, data: st.DataObject) -> None:
        """P7: raising a limit never adds a hold."""
        limits = self.pair.config.limits
        held = self.pair.held_under(self.last.extract(), limits)
        assert self.pair.held_under(self.last.extract(), raised(data.draw, limits)) <= held, "P7"

    @precondition(lambda self: any(row.active for row in self.pair.model.rows["User"].values()))
    @rule(data=st.data(), label=st.sampled_from(["email", "given_name", "identifier"]))
    def pin(self, data: st.DataObject, label: str) -> None:
        """P6, which ``Pair.compare_state`` looks at: no effective value that a person pinned changes."""
        people = sorted(key for key, row in self.pair.model.rows["User"].items() if row.active)
        self.pair.pin(data.draw(st.sampled_from(people)), label)

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def apply_some(self, data: st.DataObject) -> None:
        plan = data.draw(st.sampled_from(self.plans[-3:]))
        state = self.pair.ws.show(plan.id).plan.state
        if state in ("proposed", "approved"):
            self.pair.apply(plan)
        else:
            with pytest.raises(Refused) as refused:
                self.pair.ws.apply(plan.id, actor="kim")
            assert refused.value.why == state

    @precondition(lambda self: self.plans)
    @rule(approve=st.booleans())
    def sign_newest(self, approve: bool) -> None:
        plan = self.plans[-1]
        if self.pair.ws.show(plan.id).plan.state in ("proposed", "approved"):
            if approve:
                self.pair.ws.approve(plan.id, reason="so", actor="kim")
            else:
                self.pair.reject(plan)

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def approve_held(self, data: st.DataObject) -> None:
        plan = self.plans[-1]
        held = sorted({line[:3] for line, code in self.pair.proposals[plan.id].lines().items() if code})
        if held and plan.kind == "sync":
            entity, action, sourced_id = data.draw(st.sampled_from(held))
            which = data.draw(
                st.sampled_from(
                    [{}, {"entity": entity}, {"entity": entity, "action": action, "sourced_id": sourced_id}]
                )
            )
            self.pair.approve_held(plan, **which)

    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        keys = {(name, key) for name, rows in self.pair.model.rows.items() for key in rows} | set(
            self.pair.model.pending
        )
        newest = next((plan for plan in reversed(self.plans) if plan.kind == "sync"), None)
        lines = self.pair.proposals[newest.id].lines() if newest else {}
        keys |= {(entity, key) for entity, action, key, *_ in lines if action == "create"}
        name, key = data.draw(st.sampled_from(sorted(keys)))
        action = data.draw(st.sampled_from(["", "", "create", "archive", "update", "restore"]))
        label = (
            data.draw(st.sampled_from(["", *(c.label for c in by_name(name).columns)]))
            if action in ("", "update")
            else ""
        )
        self.pair.hold(name, key, action, label)

    @precondition(lambda self: self.pair.model.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(self.pair.model.holds))
        self.pair.release(hold.entity, hold.sourced_id)

    @rule(data=st.data(), at_once=st.booleans())
    def undo(self, data: st.DataObject, at_once: bool) -> None:
        revision = data.draw(st.sampled_from([max(self.pair.done), max(self.pair.done), min(self.pair.done)]))
        self.plans.append(self.pair.undo(revision))
        if at_once:
            assert self.pair.apply(self.plans[-1])

    @rule()
    def restart(self) -> None:
        self.pair.restart()

    @invariant()
    def alike(self) -> None:
        self.pair.compare_state()
