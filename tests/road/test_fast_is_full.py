"""The filter of unchanged records changes nothing that a plan says: drawn nights on both roads, five and more in a row.

``HYPOTHESIS_PROFILE=deep`` walks forty times as many. What happened, night by night, is told where a walk fails.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import event, given, note
from hypothesis import strategies as st
from nights import District, Package, bulk, delta, tiny_district
from nights_alike import facts
from nights_events import EVENTS, Dice, mend
from nights_roads import LIMITS, TwoRoads, few, harm, two_roads

from rosterkit.model.schema import by_name
from rosterkit.plan.plan import Plan

STATES = ("absent", "undeclared", "header", "cut", "not text")
KINDS = (*["bulk"] * 8, "delta", "again", "made again", "folder")
OUTCOMES = ("apply", "apply", "apply", "apply", "apply", "leave", "approve", "reject", "free")


class Walk:
    """The nights of one example: what happens to the district, to the packages and to the two workspaces."""

    def __init__(self, roads: TwoRoads, district: District, dice: Dice) -> None:
        self.roads = roads
        self.district = district
        self.dice = dice
        self.before = copy.deepcopy(district)  # as the last package said it
        self.package = bulk(district)
        self.path: Path | None = None
        self.caches: list[Path] = []
        self.found: list[str] = []  # hashes of unreadable lines

    def night(self) -> None:
        self.caches.append(self.roads.copy_cache())
        for _ in range(self.dice.number(0, 2)):
            between = self.dice.one(BETWEEN)
            note(f"  {between.__name__}: {between(self) or '-'}")
        kind = self.dice.one(KINDS)
        if kind in ("bulk", "delta"):
            for _ in range(self.dice.one((2, 3, 4, 5, 1))):
                happens = self.dice.one(EVENTS)
                note(f"  {happens.__name__}: {happens(self.district, self.dice) or '-'}")
            self.package = self._said(kind)
            self.before = copy.deepcopy(self.district)
        note(f"night {self.roads.nights}, {kind}")
        plan = self._plan(kind)
        if plan is not None:
            self._after(plan)

    def _said(self, kind: str) -> Package:
        if kind == "delta":
            names = self.dice.one([("users",), ("enrollments",), ("users", "enrollments"), ("classes", "orgs")])
            return delta(self.district, self.before, day=self.roads.nights + 1, only=names)
        states = {}
        if self.dice.rarely(6):
            states[self.dice.one(sorted(self.district.sheets))] = self.dice.one(STATES)
            note(f"  {states}")
        package = bulk(self.district, states)
        if self.dice.rarely(20):
            note("  no manifest")
            return package.without_manifest()
        return package

    def _plan(self, kind: str) -> Plan | None:
        if kind != "again" or self.path is None:
            made_again = kind == "made again"
            self.path = self.roads.write(
                self.package, level=1 if made_again else 6, backwards=made_again, folder=kind == "folder"
            )
        return self.roads.plan(self.path)

    def _after(self, plan: Plan) -> None:
        for name, reading in getattr(plan, "reading", {}).items():
            event(f"{name} {reading.road}")
        shown = self.roads.fast.show(plan.id).findings["detail"]
        self.found = [text for detail in shown for text in re.findall(r"line hash ([0-9a-f]{16})", detail)]
        outcome = self.dice.one(OUTCOMES)
        note(f"  {outcome}: {plan.total}, held {plan.total_held}, {dict(plan.findings)}")
        if outcome in ("apply", "approve"):
            self.roads.approve()
        if outcome == "apply":
            self.roads.apply()
        elif outcome == "reject":
            self.roads.do_with_plan(lambda ws, plan: ws.reject(plan, reason="no", actor="kim"))
        elif outcome == "free":
            entity = self.dice.one([None, *(name for name, count in plan.held.items() if count.total)])
            self.roads.do_with_plan(lambda ws, plan: ws.approve_held(plan, reason="true", actor="kim", entity=entity))


def hold(walk: Walk) -> str:
    keys = sorted(key for key in facts(walk.roads.full) if key[0] in ("Person", "Class", "Enrollment", "Role"))
    entity, _, sourced_id = walk.dice.one(keys)
    action = walk.dice.one(["", "", "archive", "update"])
    field = walk.dice.one([c.label for c in by_name(entity).columns]) if walk.dice.maybe() and not action else ""
    walk.roads.do(lambda ws: ws.hold(entity, sourced_id, reason="wait", actor="kim", action=action, field=field))
    return f"{entity} {sourced_id} {action} {field}"


def release(walk: Walk) -> str:
    holds = walk.roads.full.holds()
    if not holds:
        return ""
    one = walk.dice.one(holds)
    walk.roads.do(lambda ws: ws.release(one.entity, one.sourced_id, reason="enough", actor="kim"))
    return f"{one.entity} {one.sourced_id}"


def accept(walk: Walk) -> str:
    if not walk.found:
        return ""
    line = walk.dice.one(walk.found)
    walk.roads.do(lambda ws: ws.accept(line, reason="looked at", actor="kim"))
    return line


def undo(walk: Walk) -> str:
    revisions = [revision.revision for revision in walk.roads.full.history()]
    if len(revisions) == 1 and not walk.dice.rarely(4):
        return ""  # it would take the whole district away
    number = walk.dice.one([revisions[0], *revisions[:-1]])
    if walk.roads.undo(number) is not None and walk.dice.maybe():
        walk.roads.approve()
        return f"revision {number}, applied {walk.roads.apply()}"
    return f"revision {number}"


def apply_late(walk: Walk) -> str:
    """A plan that was left is applied after all, if it still may be."""
    number = walk.dice.number(max(-3, -len(walk.roads.plans)), -1) if walk.roads.plans else 0
    if not number:
        return ""
    approved = walk.roads.approve(number)
    return f"plan {number}: approved {approved}, applied {walk.roads.apply(number)}"


def change_settings(walk: Walk) -> str:
    name = walk.dice.one(["demographics", "dates", "strict", "limits"])
    texts = {"dates": ["iso", "month-first", "day-first"], "limits": sorted(LIMITS)}
    value = walk.dice.one(texts[name]) if name in texts else walk.dice.maybe()
    walk.roads.configure(**{name: value})
    return f"{name} = {value}"


def lose_cache(walk: Walk) -> str:
    walk.roads.lose_cache()
    return "all of it"


def harm_cache(walk: Walk) -> str:
    files = walk.roads.cached()
    if not files:
        return ""
    path, how = walk.dice.one(files), walk.dice.one(["delete", "empty", "truncate", "garble", "garble", "stray"])
    place = walk.dice.number(0, 99)
    harm(path, how, place)
    return f"{how} {path.relative_to(walk.roads.cache)} at {place} %"


def go_back(walk: Walk) -> str:
    """The process that kept the cache died, now and again: it is older than the store."""
    age = walk.dice.number(1, min(3, len(walk.caches)))
    walk.roads.put_back(walk.caches[-age])
    return f"the cache of {age} nights ago"


def crash(walk: Walk) -> str:
    """A plan of another package dies before it is stored."""
    other = copy.deepcopy(walk.district)
    happens = walk.dice.one(EVENTS)
    told = happens(other, walk.dice)
    walk.roads.crash_while_planning(bulk(other))
    return f"planning {told}"


def tidy(walk: Walk) -> str:
    return mend(walk.district, walk.dice)


BETWEEN: tuple[Callable[[Walk], str], ...] = (
    *(hold, hold, release, accept, accept, undo, undo, apply_late, change_settings),
    *(lose_cache, harm_cache, harm_cache, go_back, crash, tidy),
)


@few(3)
@given(data=st.data(), version=st.sampled_from(["1.1", "1.2"]), nights=st.integers(5, 9))
def test_the_fast_road_says_what_the_full_one_says(data: st.DataObject, version: str, nights: int) -> None:
    with two_roads(version) as roads:
        walk = Walk(roads, tiny_district(version), Dice(data))
        for _ in range(nights):
            walk.night()
