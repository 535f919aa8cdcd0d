"""The filter takes records, not lines of CSV: a made-up source of JSON goes the same two roads, night after night.

The named tests say besides which road was taken and how many records were read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st
from nights_alike import facts
from nights_events import Dice
from nights_roads import TwoRoads, few, harm
from record_events import EVENTS, mend
from record_nights import RecordRoads, Records, contact, person, record_roads

from rosterkit.intake import cache
from rosterkit.intake.places import Places
from rosterkit.plan.plan import Counts, Plan

NOTHING = Counts()
OUTCOMES = ("apply", "apply", "apply", "apply", "apply", "leave", "approve", "reject", "free")


@pytest.fixture
def roads() -> Iterator[RecordRoads]:
    with record_roads() as both:
        yield both


@pytest.fixture
def records() -> Records:
    return Records()


def read(plan: Plan, **parsed: int) -> None:
    """Asserts that the big kinds were filtered, and how many records were read; none, unless it is said."""
    for kind in ("sections", "staff", "people"):
        reading = plan.reading[kind]
        assert (reading.road, reading.parsed, reading.why) == ("filtered", parsed.get(kind, 0), "")


def changes(plan: Plan) -> dict[str, Counts]:
    assert plan.total_held == NOTHING
    return {entity: count for entity, count in plan.changes.items() if count.total}


def rules(roads: TwoRoads, plan: Plan) -> dict[str, list[int]]:
    """The lines of the plan's findings by rule."""
    found = roads.fast.show(plan.id).findings.group_by("rule").agg(pl.col("line").sort())
    return dict(found.iter_rows())


# --- drawn nights


class Walk:
    """The nights of one example."""

    def __init__(self, roads: RecordRoads, dice: Dice) -> None:
        self.roads, self.dice, self.records = roads, dice, Records()
        self.path: Path | None = None
        self.caches: list[Path] = []

    def night(self) -> None:
        self.caches.append(self.roads.copy_cache())
        if self.dice.rarely(3):
            between = self.dice.one(BETWEEN)
            note(f"  {between.__name__}: {between(self) or '-'}")
        if self.path is None or not self.dice.rarely(8):
            for _ in range(self.dice.number(1, 4)):
                happens = self.dice.one(EVENTS)
                note(f"  {happens.__name__}: {happens(self.records, self.dice) or '-'}")
            self.path = self.roads.tonight(self.records)
        note(f"night {self.roads.nights}")
        plan = self.roads.plan(self.path)
        if plan is not None:
            self._after(plan)

    def _after(self, plan: Plan) -> None:
        for kind, reading in plan.reading.items():
            event(f"{kind} {reading.road}")
        outcome = self.dice.one(OUTCOMES)
        note(f"  {outcome}: {plan.total}, held {plan.total_held}, {dict(plan.findings)}")
        if outcome in ("apply", "approve"):
            self.roads.approve()
        if outcome == "apply":
            self.roads.apply()
        elif outcome == "reject":
            self.roads.do_with_plan(lambda ws, plan: ws.reject(plan, reason="no", actor="kim"))
        elif outcome == "free":
            self.roads.do_with_plan(lambda ws, plan: ws.approve_held(plan, reason="true", actor="kim"))


def undo(walk: Walk) -> str:
    revisions = [revision.revision for revision in walk.roads.full.history()][:-1]
    if not revisions:
        return ""  # it would take the whole district away
    number = walk.dice.one(revisions)
    done = walk.roads.undo(number) is not None and walk.roads.approve() and walk.roads.apply()
    return f"revision {number}, applied {done}"


def apply_late(walk: Walk) -> str:
    """A plan that was left is applied after all, if it still may be."""
    if not walk.roads.plans:
        return ""
    number = walk.dice.number(max(-3, -len(walk.roads.plans)), -1)
    return f"plan {number}: approved {walk.roads.approve(number)}, applied {walk.roads.apply(number)}"


def hold(walk: Walk) -> str:
    keys = sorted(key for key in facts(walk.roads.full) if key[0] in ("Person", "Class", "Enrollment", "Role"))
    entity, _, key = walk.dice.one(keys)
    walk.roads.do(lambda ws: ws.hold(entity, key, reason="wait", actor="kim"))
    return f"{entity} {key}"


def release(walk: Walk) -> str:
    holds = walk.roads.full.holds()
    if holds:
        one = walk.dice.one(holds)
        walk.roads.do(lambda ws: ws.release(one.entity, one.sourced_id, reason="enough", actor="kim"))
    return f"one of {len(holds)}"


def lose_cache(walk: Walk) -> str:
    walk.roads.lose_cache()
    return "all of it"


def harm_cache(walk: Walk) -> str:
    files = walk.roads.cached()
    if not files:
        return ""
    path, how = walk.dice.one(files), walk.dice.one(["delete", "truncate", "garble"])
    harm(path, how, walk.dice.number(0, 99))
    return f"{how} {path.relative_to(walk.roads.cache)}"


def go_back(walk: Walk) -> str:
    age = walk.dice.number(1, min(3, len(walk.caches)))
    walk.roads.put_back(walk.caches[-age])
    return f"the cache of {age} nights ago"


def tighten(walk: Walk) -> str:
    limits = walk.dice.one(["usual", "tight", "loose"])
    walk.roads.configure(limits=limits)
    return limits


def tidy(walk: Walk) -> str:
    return mend(walk.records, walk.dice)


BETWEEN: tuple[Callable[[Walk], str], ...] = (
    *(undo, undo, apply_late, hold, release, lose_cache, harm_cache, go_back, tighten, tidy),
)


@few(3)
@given(data=st.data(), nights=st.integers(5, 8))
def test_records_that_are_filtered_say_what_all_of_them_say(data: st.DataObject, nights: int) -> None:
    with record_roads() as roads:
        walk = Walk(roads, Dice(data))
        for _ in range(nights):
            walk.night()


# --- which road was taken, and what was read


def test_the_first_night_is_read_whole_and_the_same_again_not_at_all(roads: RecordRoads, records: Records) -> None:
    plan = roads.said(records)  # the keys of every object come in another order
    assert changes(plan) == {}
    read(plan)
    assert plan.reading["schools"].road == "full"
    roads.lose_cache()
    plan = roads.said(records)
    assert {kind: one.road for kind, one in plan.reading.items()} == dict.fromkeys(plan.reading, "full")
    assert plan.reading["people"].why == "nothing is remembered of an earlier package"


def test_a_section_that_loses_one_enrollment_is_the_only_record_read(roads: RecordRoads, records: Records) -> None:
    lost = records.find("sections", "S1-c1")["seats"].pop()
    plan = roads.said(records)
    read(plan, sections=1)
    assert changes(plan) == {"Enrollment": Counts(archive=1)}
    shown = roads.fast.show(plan.id).lines["sourced_id"].to_list()
    assert shown == [f"S1-c1|{lost['person']}|student"]


def test_a_section_in_the_middle_of_the_pages_moves_the_others_unread(roads: RecordRoads, records: Records) -> None:
    new = {"id": "S1-new", "name": "Choir", "school": "S1", "terms": ["autumn"], "seats": []}
    records.sections.insert(2, new)
    plan = roads.said(records)
    read(plan, sections=1)
    assert changes(plan) == {"Class": Counts(create=1), "ClassTerm": Counts(create=1)}
    records.sections.reverse()
    read(roads.said(records))
    records.sections.remove(new)
    plan = roads.said(records)
    read(plan)
    assert changes(plan) == {"Class": Counts(archive=1), "ClassTerm": Counts(archive=1)}


def test_the_lines_of_a_person_in_any_order_are_the_same_record(roads: RecordRoads, records: Records) -> None:
    records.people.reverse()
    plan = roads.said(records)
    assert changes(plan) == {}
    read(plan)
    records.people.append(dict(records.people[0]))  # a line twice says nothing new
    read(roads.said(records))


def test_a_contact_that_goes_takes_their_own_rows_with_them(roads: RecordRoads, records: Records) -> None:
    line = next(r for r in records.people if r["id"] == "S1-p1" and r["contact"]["id"] == "S1-aunt0")
    records.people.remove(line)
    plan = roads.said(records)
    read(plan, people=1)
    gone = Counts(archive=1)
    assert changes(plan) == {"Person": gone, "Role": gone, "GuardianStatement": gone}
    records.people.insert(0, line)
    plan = roads.said(records)
    read(plan, people=1)
    assert {entity: count.restore for entity, count in changes(plan).items()} == dict.fromkeys(changes(plan), 1)


def test_a_contact_of_two_students_is_a_person_of_each(roads: RecordRoads, records: Records) -> None:
    for key in ("S1-p0", "S1-p1"):
        assert records.find("people", key)["contact"]["id"] == "S1-mother0"
    records.find("people", "S1-p0")["contact"]["email"] = "rowan@lk.example"
    plan = roads.said(records)
    read(plan, people=1)
    assert changes(plan) == {"Person": Counts(update=1)}
    assert roads.fast.show(plan.id).lines["sourced_id"].to_list() == ["S1-p0|S1-mother0"]


def test_a_namesake_of_an_unchanged_record_is_seen(roads: RecordRoads, records: Records) -> None:
    other = records.find("sections", "S1-c0") | {"name": "Another"}
    records.sections.append(other)
    plan = roads.said(records)
    read(plan, sections=2)
    assert (plan.total, rules(roads, plan)) == (NOTHING, {"record.conflict": [1, 7]})
    read(roads.said(records), sections=2)  # two that contradict each other are read every night
    records.sections.remove(other)
    plan = roads.said(records)
    read(plan, sections=1)
    assert (changes(plan), rules(roads, plan)) == ({}, {})


def test_a_record_that_stands_twice_is_read_once(roads: RecordRoads, records: Records) -> None:
    records.sections.append(records.sections[1])
    plan = roads.said(records)
    assert (changes(plan), rules(roads, plan)) == ({}, {"record.repeated": [7]})
    plan = roads.said(records)
    read(plan, sections=2)
    assert (changes(plan), rules(roads, plan)) == ({}, {"record.repeated": [7]})


def test_a_record_that_cannot_be_read_keeps_what_it_stated(roads: RecordRoads, records: Records) -> None:
    before = business(roads)
    section, line = records.find("sections", "S1-c0"), records.find("people", "S1-p1")
    section["school"] = line["school"] = None
    plan = roads.said(records)
    read(plan, sections=1, people=1)
    assert plan.total == NOTHING
    assert list(rules(roads, plan)) == ["record.unreadable"]
    teacher = records.staff.pop()
    plan = roads.said(records)  # the kind is whole all the same: others may leave
    read(plan, sections=1, people=1)
    assert plan.changes["Person"] == Counts(archive=1)
    records.staff.append(teacher)
    section["school"] = line["school"] = "S1"
    roads.said(records)
    assert before.keys() == business(roads).keys()


def business(roads: TwoRoads) -> dict[object, object]:
    """The active records of the store."""
    return {key: row for key, row in facts(roads.fast).items() if row.get("status") == "active"}


def test_a_line_that_is_no_json_keeps_everybody_until_it_is_accepted(roads: RecordRoads, records: Records) -> None:
    records.staff[0] = '{"id": "S1-t0", "given": '
    package = roads.tonight(records)
    plan = roads.night(package)
    read(plan, staff=1)
    assert plan.total == NOTHING
    detail = roads.fast.show(plan.id).findings["detail"][0]
    roads.do(lambda ws: ws.accept(detail.split()[-1], reason="a stray line", actor="kim"))
    plan = roads.night(package)
    read(plan, staff=1)
    assert plan.changes["Person"] == Counts(archive=1)


def test_the_findings_of_unread_records_move_with_them(roads: RecordRoads, records: Records) -> None:
    del records.find("sections", "S2-c2")["seats"][0]
    assert rules(roads, roads.said(records)) == {"section.no-teacher": [6]}
    records.sections.insert(0, records.sections.pop())
    plan = roads.said(records)
    read(plan)
    assert rules(roads, plan) == {"section.no-teacher": [1]}


def test_an_enrollment_that_waits_comes_in_when_its_person_does(roads: RecordRoads, records: Records) -> None:
    records.find("sections", "S1-c0")["seats"].append({"person": "late", "role": "student"})
    plan = roads.said(records)
    assert (plan.total, list(rules(roads, plan))) == (NOTHING, ["reference.missing"])
    plan = roads.said(records)
    read(plan, sections=1)  # part of what it states is not stored: it is read every night
    records.people.insert(3, person("late", "S1", contact=contact("late-uncle")))
    plan = roads.said(records)
    assert plan.changes["Enrollment"] == Counts(create=1)
    read(plan, sections=1, people=1)
    read(roads.said(records))


def test_a_school_that_leaves_takes_unread_records_with_it(roads: RecordRoads, records: Records) -> None:
    school = records.schools.pop()
    plan = roads.said(records)
    read(plan)
    assert plan.changes["Class"] == Counts(archive=3)
    records.schools.append(school)
    plan = roads.said(records)
    assert plan.changes["Class"] == Counts(restore=3)


def test_what_an_undo_took_back_stays_though_its_record_is_the_same(roads: RecordRoads, records: Records) -> None:
    records.find("sections", "S1-c0")["name"] = "Undone"
    package = roads.tonight(records)
    roads.night(package)
    assert roads.undo() is not None
    assert roads.approve()
    assert roads.apply()
    plan = roads.night(package)
    read(plan, sections=1)
    assert (plan.total, plan.total_held) == (NOTHING, Counts(update=1))


def test_a_plan_that_is_not_applied_leaves_its_records_to_the_next(roads: RecordRoads, records: Records) -> None:
    records.find("sections", "S1-c0")["name"] = "Twice"
    package = roads.tonight(records)
    roads.plan(package)
    plan = roads.night(package)
    read(plan, sections=1)
    assert changes(plan) == {"Class": Counts(update=1)}


def test_persons_of_two_kinds_are_filtered_each_by_itself(roads: RecordRoads, records: Records) -> None:
    teacher = records.staff.pop()
    assert teacher["id"] == records.find("people", "S2-p0")["id"]
    plan = roads.said(records)
    read(plan)
    assert plan.changes["Person"] == Counts(archive=1)
    staff, records.staff = records.staff, []
    plan = roads.said(records)
    assert ("staff" in plan.reading, plan.reading["people"].parsed) == (False, 0)
    assert plan.total == NOTHING  # who is not said may be staff
    records.staff = [*staff, teacher]
    records.find("people", "S1-p0")["given"] = "Noor"
    plan = roads.said(records)
    assert (plan.reading["staff"].road, plan.reading["people"].parsed) == ("full", 1)
    assert plan.changes["Person"] == Counts(update=1, restore=1)


def test_a_seat_that_an_undo_brought_back_is_still_not_listed(roads: RecordRoads, records: Records) -> None:
    del records.find("sections", "S1-c0")["seats"][0]
    roads.said(records)
    assert roads.undo(roads.full.history()[0].revision) is not None
    assert roads.approve()
    assert roads.apply()
    records.people = records.people[1:]
    plan = roads.said(records)
    assert plan.reading["sections"].parsed == 1


def test_a_seat_that_is_held_is_not_listed_any_more_on_the_next_night_either(
    roads: RecordRoads, records: Records
) -> None:
    roads.configure(limits="tight")
    del records.find("sections", "S1-c0")["seats"][0]
    assert roads.said(records).total_held == Counts(archive=1)
    plan = roads.said(records)
    assert plan.total_held == Counts(archive=1)
    assert plan.reading["sections"].parsed == 1


# --- the guards


def test_without_doubt_what_a_record_no_longer_states_would_stay(
    roads: RecordRoads, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = cache.Cache.unchanged

    def without(self: cache.Cache, entity: str, filtered: dict[str, Places]) -> cache.Unchanged:
        said = unchanged(self, entity, filtered)
        return cache.Unchanged(said.doubt.clear(), said.places)

    monkeypatch.setattr(cache.Cache, "unchanged", without)
    del records.sections[0]
    with pytest.raises(AssertionError, match="the plans"):
        roads.said(records)
