"""The promises of a plan (P1-P11; P6 in ``machine``), each on drawn districts and packages."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from districts import Package, districts, give_terms, graces, limit_settings, next_package, next_year, raised
from driving import FIRST, Pair, announcements, dangling_rows, few, lines, plan_extract, stored, workspace
from happenings import Truth, happens
from hypothesis import given
from hypothesis import strategies as st
from machine import Runs
from oracle_words import Row

from providers.oneroster import FEED
from providers.oneroster.feed_settings import FeedSettings
from rosterkit import Workspace
from rosterkit.feeds.base import FeedContext, Roster
from rosterkit.plan.calendar import GraceSettings, RolloverSettings
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan import PlanView
from rosterkit.roster.schema import FINGERPRINT, entities
from rosterkit.sources.base import Extract
from rosterkit.sources.findings import Findings
from rosterkit.store import plans
from rosterkit.store.apply import write_changes
from rosterkit.store.database import connect, migrate
from rosterkit.store.roster import StoredRoster

pytestmark = pytest.mark.deep

Stored = dict[str, dict[str, Row]]


def loaded(pair: Pair, truth: Truth) -> None:
    assert pair.apply(pair.plan(Package(truth, truth).extract()))


def apply(ws: Workspace, plan_id: str) -> None:
    ws.approve(plan_id, reason="looked at", actor="kim")
    ws.apply(plan_id, actor="kim")


@few(10)
@given(truth=districts(), limits=limit_settings(), grace=graces(), data=st.data())
def test_the_engine_says_what_the_oracle_says_run_after_run(
    truth: Truth, limits: Limits, grace: GraceSettings, data: st.DataObject
) -> None:
    """Lines, holds, pending and stored rows are compared after every verb; P9 too (``Pair.compare_state``)."""
    with workspace() as ws:
        pair = Pair(ws, limits=limits, grace=grace)
        loaded(pair, truth)
        for number in range(3):
            pair.day += timedelta(days=data.draw(st.integers(0, 3)))
            package = next_package(data.draw, truth, number)
            truth = package.truth
            plan = pair.plan(package.extract())
            if data.draw(st.booleans()):
                pair.apply(plan)


@few(6)
@given(truth=districts(), limits=limit_settings(), grace=graces(), data=st.data())
def test_what_was_announced_is_what_the_oracle_lets_pass(
    truth: Truth, limits: Limits, grace: GraceSettings, data: st.DataObject
) -> None:
    """A school closes, a domain is renamed, students come: announced in time, too late, or something else instead.

    Grades rise, as a promotion that somebody asked for or as any other change.
    """
    with workspace() as ws:
        pair = Pair(ws, limits=limits, grace=grace)
        loaded(pair, truth)
        for number in range(2):
            for _ in range(data.draw(st.integers(1, 2))):
                pair.expect(**data.draw(announcements(pair)))
            pair.day += timedelta(days=data.draw(st.integers(0, 3)))
            package = next_package(data.draw, truth, number, kinds=("full",))
            what = data.draw(st.sampled_from(["close", "domain", "crowd", "rise"]))
            happens(package.truth, data.draw, what)
            truth = package.truth
            promotes = what == "rise" and data.draw(st.sampled_from([True, True, False]))
            plan = pair.promote(package.extract()) if promotes else pair.plan(package.extract())
            if plan:
                pair.apply(plan)


@few(6)
@given(
    truth=districts(),
    limits=limit_settings(),
    release=st.sampled_from(["", "2026-09-17", "2027-01-01"]),
    data=st.data(),
)
def test_the_turn_of_a_term_is_the_oracles(truth: Truth, limits: Limits, release: str, data: st.DataObject) -> None:
    give_terms(truth, data.draw, FIRST)
    turn = RolloverSettings(close_ended=data.draw(st.sampled_from([True, True, False])), release_date=release)
    with workspace() as ws:
        pair = Pair(ws, limits=limits, grace=data.draw(graces()), rollover=turn)
        loaded(pair, truth)
        for number in range(3):
            pair.day += timedelta(days=data.draw(st.integers(0, 3)))
            package = next_package(data.draw, truth, number)
            if data.draw(st.booleans()):
                next_year(package.truth, data.draw)
            truth = package.truth
            plan = pair.plan(package.extract())
            if data.draw(st.sampled_from([True, True, False])):
                pair.apply(plan)


TestRuns = Runs.TestCase
TestRuns.settings = few(6, stateful_step_count=8)


@few(5)
@given(truth=districts(), data=st.data())
def test_p1_the_same_input_again_holds_no_applicable_change(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        loaded(Pair(ws), truth)
        delivered = next_package(data.draw, truth, 1).extract()
        apply(ws, plan_extract(ws, delivered).id)
        again = ws.show(plan_extract(ws, delivered).id)
        assert [line for line, code in lines(again).items() if not code] == []


@few(6)
@given(truth=districts(), data=st.data())
def test_p2_undo_restores_the_business_columns_of_all_active_rows(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        pair = Pair(ws)
        loaded(pair, truth)
        before = actives(stored(ws))
        if pair.ws.apply(signed(pair, next_package(data.draw, truth, 1).extract()), actor="kim").wrote:
            apply(ws, ws.undo().id)
        assert actives(stored(ws)) == before


def signed(pair: Pair, delivered: Extract) -> str:
    plan = pair.plan(delivered)
    pair.ws.approve(plan.id, reason="looked at", actor="kim")
    return plan.id


def actives(rows: Stored) -> dict[tuple[str, str], object]:
    return {(name, key): row.values for name, mine in rows.items() for key, row in mine.items() if row.active}


@few(5)
@given(truth=districts(), data=st.data(), seed=st.integers(0, 99))
def test_p3_shuffled_rows_and_files_give_the_same_content_hash(truth: Truth, data: st.DataObject, seed: int) -> None:
    delivered = next_package(data.draw, truth, 1).extract()
    with workspace() as ws:
        loaded(Pair(ws), truth)
        other = ws.folder.parent / "other"
        shutil.copytree(ws.folder, other)
        first = plan_extract(ws, delivered)
        second = plan_extract(Workspace(other), shuffled(delivered, seed))
        assert second.content_hash == first.content_hash
        assert (second.changes, second.held) == (first.changes, first.held)


def shuffled(delivered: Extract, seed: int) -> Extract:
    tables = list(delivered.tables)
    random.Random(seed).shuffle(tables)

    def mixed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.sample(fraction=1, shuffle=True, seed=seed)

    return replace(
        delivered,
        tables=tuple(
            replace(
                table,
                rows=mixed(table.rows.collect()).lazy(),
                invalid=mixed(table.invalid),
                parents=tuple(mixed(owners) for owners in table.parents),
            )
            for table in tables
        ),
    )


@few(6)
@given(truth=districts(), data=st.data())
def test_p4_nothing_that_an_unreadable_row_protects_is_archived_by_absence(truth: Truth, data: st.DataObject) -> None:
    package = next_package(data.draw, truth, 1, kinds=("full",))
    keys = [(name, key) for name, rows in truth.items() for key in rows]
    for name, key in data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4)):
        package.truth[name].setdefault(key, {})  # its row is there
        package.unreadable.setdefault(name, set()).add(key)
    with workspace() as ws:
        loaded(Pair(ws), truth)
        rows = stored(ws)
        view = ws.show(plan_extract(ws, package.extract()).id)
        assert archived(view, "no longer in the source") & protected(package, rows) == set()


def archived(view: PlanView, why: str) -> set[tuple[str, str]]:
    going = view.lines.filter((pl.col("action") == "archive") & (pl.col("held") == "") & (pl.col("why") == why))
    return set(going.select("entity", "sourced_id").rows())


def protected(package: Package, rows: Stored) -> set[tuple[str, str]]:
    """Unreadable records and whatever refers to one, over any number of steps; a file that did not come has none."""
    came = {name: keys for name, keys in package.unreadable.items() if package.states.get(name) != "absent"}
    found = {(name, key) for name, keys in came.items() for key in keys}
    while True:
        more = {
            (e.name, key)
            for e in entities()
            for key, row in rows[e.name].items()
            if any((str(c.to), row.values[c.label]) in found for c in e.refs)
        }
        if more <= found:
            return found
        found |= more


@few(6)
@given(truth=districts(), data=st.data())
def test_p5_an_absent_or_partial_table_never_archives_by_absence(truth: Truth, data: st.DataObject) -> None:
    package = next_package(data.draw, truth, 1, kinds=("full",))
    for entity in data.draw(st.lists(st.sampled_from(entities()), min_size=1, max_size=4)):
        package.states[entity.name] = data.draw(st.sampled_from(["absent", "partial"]))
    with workspace() as ws:
        loaded(Pair(ws), truth)
        view = ws.show(plan_extract(ws, package.extract()).id)
        assert {name for name, _ in archived(view, "no longer in the source")} & set(package.states) == set()
        assert {name for name, _ in archived(view, "the source says that it is gone")} & set(package.states) == set()


@few(8)
@given(truth=districts(), limits=limit_settings(), grace=graces(), data=st.data())
def test_p7_raising_a_limit_never_adds_a_hold(
    truth: Truth, limits: Limits, grace: GraceSettings, data: st.DataObject
) -> None:
    with workspace() as ws:
        pair = Pair(ws, limits=limits, grace=grace)
        loaded(pair, truth)
        package = next_package(data.draw, truth, 1)
        if data.draw(st.booleans()):  # what is held already stays so
            pair.apply(pair.plan(package.extract()))
            package = next_package(data.draw, package.truth, 2)
        held = pair.held_under(package.extract(), limits)
        assert pair.held_under(package.extract(), raised(data.draw, limits)) <= held


@few(6)
@given(truth=districts(), data=st.data())
def test_p8_what_is_executed_is_what_was_shown_and_approved(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        loaded(Pair(ws), truth)
        before = stored(ws)
        package = next_package(data.draw, truth, 1)
        child = data.draw(st.sampled_from(sorted(truth["User"])))
        other = {"given_name": "Wren", "family_name": "Okafor", "identifier": "z9"}  # a case: something is held
        package.truth["User"].setdefault(child, dict(truth["User"][child])).update(other)
        shown = ws.show(plan_extract(ws, package.extract()).id)
        approval = ws.approve(shown.plan.id, reason="looked at", actor="kim")
        ws.apply(shown.plan.id, actor="kim")
        assert approval.plan == shown.plan.id
        going = {line for line, code in lines(shown).items() if not code}
        assert executed(before, stored(ws)) == going
        for name, frame in shown.creates.items():
            for row in frame.filter(~pl.col("sourced_id").is_in(list(before[name]))).to_dicts():
                assert stored(ws)[name][row.pop("sourced_id")].values == row


def executed(before: Stored, after: Stored) -> set[tuple[object, ...]]:
    """The lines that tell two states of the store apart."""
    out: set[tuple[object, ...]] = set()
    for name, rows in after.items():
        for key, row in rows.items():
            was = before[name].get(key)
            fields = [x for x in row.values if was and was.values[x] != row.values[x]]
            if was is None or (was.active and not row.active):
                out.add((name, "archive" if was else "create", key, "", None, None))
            elif row.active and not was.active and not fields:
                out.add((name, "restore", key, "", None, None))
            action = "restore" if was and not was.active else "update"
            out |= {(name, action, key, x, was.values[x], row.values[x]) for x in fields if was}
    return out


@few(6)
@given(truth=districts(), data=st.data())
def test_p9_no_active_row_refers_to_an_inactive_one(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        loaded(Pair(ws), truth)
        for number in range(2):
            package = next_package(data.draw, truth, number)
            truth = package.truth
            name = data.draw(st.sampled_from(["Org", "Class", "User"]))
            leaves = data.draw(st.sampled_from(sorted(truth[name]) or ["nobody"]))
            truth[name].pop(leaves, None)  # and what refers to it stays in the package
            apply(ws, plan_extract(ws, package.extract()).id)
            assert dangling_rows(ws) == []
        apply(ws, ws.undo().id)
        assert dangling_rows(ws) == []


class _Shuffled:
    """The same rows in another order."""

    revision = 1

    def __init__(self, roster: Roster, seed: int) -> None:
        self._roster, self._seed = roster, seed

    def table(self, entity: str, *, roles: Collection[str] = (), as_of: date | None = None) -> pl.LazyFrame:
        rows = self._roster.table(entity, roles=roles, as_of=as_of).collect()
        return rows.sample(fraction=1, shuffle=True, seed=self._seed).lazy()


@few(4)
@given(truth=districts(), version=st.sampled_from(["1.1", "1.2"]), seed=st.integers(0, 99))
def test_p10_a_feed_is_a_pure_function_of_its_rows(truth: Truth, version: str, seed: int) -> None:
    with workspace() as ws:
        loaded(Pair(ws), truth)
        roster = StoredRoster(ws.database, 1)

        def files(given: Roster) -> list[tuple[str, bytes]]:
            context = FeedContext(Findings(FEED.rules), date(2026, 9, 15), Path())
            made = FEED.build(given, FeedSettings.model_validate({"version": version}), context)
            return [(file.name, file.content) for file in made]

        assert files(roster) == files(StoredRoster(ws.database, 1)) == files(_Shuffled(roster, seed))


@few(4)
@given(truth=districts(), data=st.data())
def test_p11_replaying_the_journal_rebuilds_the_store(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        loaded(Pair(ws), truth)
        for number in range(2):
            package = next_package(data.draw, truth, number)
            truth = package.truth
            apply(ws, plan_extract(ws, package.extract()).id)
        if data.draw(st.booleans()):
            apply(ws, ws.undo().id)
        assert canonical(replayed(ws)) == canonical(ws.database)


def replayed(ws: Workspace) -> Path:
    """A new database into which every revision was written again, from its plan's parts."""
    path = ws.folder.parent / "again.db"
    migrate(path)
    with closing(connect(ws.database)) as journal, closing(connect(path)) as again:
        for number, plan in journal.execute("select id, plan from revision order by id").fetchall():
            write_changes(again, plans.parts(journal, plan), number)
    return path


def canonical(path: Path) -> dict[str, list[object]]:
    """Every row, but for its fingerprint, which is no part of a revision."""
    out: dict[str, list[object]] = {}
    with closing(sqlite3.connect(path)) as connection:
        for entity in entities():
            names = ",".join(f'"{name}"' for name in entity.stored_schema if name not in FINGERPRINT)
            out[entity.name] = connection.execute(f'select {names} from "{entity.table}" order by id').fetchall()
    return out
