"""A plan is the same with and without fingerprints in the store: they spare work, and decide nothing.

A walk through random histories plans each step twice. Each rule of the comparison has a test of its own, too.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from districts import Package, districts, first_truth, next_package
from driving import few, plan_extract, workspace
from happenings import Truth
from hypothesis import given
from hypothesis import strategies as st

from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.plan import fingerprint as fingerprints
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import entities
from rosterkit.sources.base import Extract
from rosterkit.store.activity import remember_sign_in
from rosterkit.store.database import connect
from rosterkit.testing.memory import extract, table

SETTINGS = {
    "limits": ("min_removed = 0", "min_removed = 5", "max_removed_percent = 0", "halving_min_size = 3"),
    "policy": ("sync_updates_active_contacts = true", "sync_updates_active_contacts = false"),
    "grace": ("students = 0", "students = 2", "guardians = 1"),
}
EVENTS = (
    "apply",
    "apply",
    "apply",
    "hold",
    "release",
    "undo",
    "approve",
    "settings",
    "settings",
    "pin",
    "unpin",
    "sign in",
)


def without_fingerprints(ws: Workspace) -> Workspace:
    """A copy of the workspace in which every stored row is compared whole."""
    folder = ws.folder.parent / "without"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ws.folder, folder)
    with closing(sqlite3.connect(folder / "roster.db")) as connection, connection:
        for entity in entities():
            connection.execute(f'update "{entity.table}" set fingerprint_high=null, fingerprint_low=null')
    return Workspace(folder)


def alike(ws: Workspace, delivered: Extract) -> Plan:
    """Plans an extract with and without fingerprints; both plans are the same."""
    other = without_fingerprints(ws)
    plan, whole = plan_extract(ws, delivered), plan_extract(other, delivered)
    here, there = ws.show(plan.id), other.show(whole.id)
    assert here.lines.rows() == there.lines.rows()
    assert plan.content_hash == whole.content_hash
    assert here.findings.rows() == there.findings.rows()
    assert deferred(ws, plan) == deferred(other, whole)
    return plan


def deferred(ws: Workspace, plan: Plan) -> list[tuple[str, ...]]:
    """What the plan defers."""
    with closing(sqlite3.connect(ws.database)) as connection:
        query = "select part, entity, rows, sha256 from plan_part where plan=? and part='deferred'"
        return sorted(connection.execute(query, (plan.id,)).fetchall())


def apply(ws: Workspace, plan: Plan) -> None:
    if ws.show(plan.id).plan.state == "proposed":
        ws.approve(plan.id, reason="looked at", actor="kim")
    ws.apply(plan.id, actor="kim")


def something_happens(ws: Workspace, data: st.DataObject, plan: Plan) -> None:
    """What people do between two runs."""
    what = data.draw(st.sampled_from(EVENTS))
    lines = ws.show(plan.id).lines
    if what == "apply":
        apply(ws, plan)
    elif what == "hold" and lines.height:
        row = lines.row(data.draw(st.integers(0, lines.height - 1)), named=True)
        ws.hold(row["entity"], row["sourced_id"], reason="wait", actor="kim")
    elif what == "release" and (decided := [hold for hold in ws.holds() if hold.code in ("person", "limit", "undo")]):
        held = data.draw(st.sampled_from(decided))
        ws.release(held.entity, held.sourced_id, reason="enough", actor="kim")
    elif what == "undo":
        apply(ws, ws.undo())
    elif what == "approve" and plan.total_held.total:
        ws.approve_held(plan.id, reason="true", actor="kim")
    elif what == "settings":
        name = data.draw(st.sampled_from(sorted(SETTINGS)))
        configure(ws, name, data.draw(st.sampled_from(SETTINGS[name])))
    else:
        about_a_person(ws, data, what)


def configure(ws: Workspace, table_name: str, line: str) -> None:
    """Sets one setting of that table."""
    text = (ws.folder / "rosterkit.toml").read_text(encoding="utf-8")
    key = line.split(" =", maxsplit=1)[0]
    kept = "\n".join(x for x in text.splitlines() if not x.lstrip("# ").startswith(f"{key} "))
    head = f"[{table_name}]"
    kept = kept.replace(head, f"{head}\n{line}", 1) if head in kept else f"{kept}\n{head}\n{line}"
    (ws.folder / "rosterkit.toml").write_text(f"{kept}\n", encoding="utf-8")
    ws.config = Workspace(ws.folder).config


def about_a_person(ws: Workspace, data: st.DataObject, what: str) -> None:
    """Pins, and sign-ins by which the policy keeps values."""
    with closing(sqlite3.connect(ws.database)) as connection:
        people = connection.execute("select id, sourced_id from user where status='active' order by id").fetchall()
    if not people:
        return
    number, key = data.draw(st.sampled_from(people))
    field = data.draw(st.sampled_from(["email", "given_name"]))
    if what == "pin":
        with suppress(Refused, UsageError):
            ws.pin("User", key, field, reason="so it is", actor="kim:leader")
    elif what == "unpin":
        with suppress(Refused, UsageError):
            ws.unpin("User", key, field, reason="no longer", actor="kim:leader")
    else:
        with closing(connect(ws.database)) as connection:
            remember_sign_in(connection, number, datetime(2026, 9, 1, tzinfo=UTC))


@pytest.mark.deep(only="each rule has a test of its own below")
@few(5)
@given(truth=districts(), data=st.data())
def test_a_plan_is_the_same_without_fingerprints(truth: Truth, data: st.DataObject) -> None:
    with workspace() as ws:
        apply(ws, plan_extract(ws, Package(truth, truth).extract()))
        for number in range(data.draw(st.integers(2, 6))):
            package = next_package(data.draw, truth, number)
            truth = package.truth
            plan = alike(ws, package.extract())
            try:
                something_happens(ws, data, plan)
            except UsageError:
                assert not ws.history()  # there was nothing to undo
            except Refused as refused:
                assert refused.why in ("stale", "not-held"), refused.why  # noqa: PT017 - why is the point


# --- each rule by itself

TRUTH = first_truth(2, 6, 4, extras=True)


@pytest.fixture(scope="module")
def first() -> Iterator[Workspace]:
    with workspace() as made:
        apply(made, plan_extract(made, Package(TRUTH, TRUTH).extract()))
        yield made


@pytest.fixture
def ws(first: Workspace, tmp_path: Path) -> Workspace:
    """The truth is stored."""
    shutil.copytree(first.folder, tmp_path / "ws")
    return Workspace(tmp_path / "ws")


def prints(ws: Workspace, entity: str) -> dict[str, tuple[int | None, int | None]]:
    with closing(sqlite3.connect(ws.database)) as connection:
        query = f'select sourced_id, fingerprint_high, fingerprint_low from "{entity.lower()}"'
        return {key: (high, low) for key, high, low in connection.execute(query)}


def package_with(change: dict[str, dict[str, dict[str, Any] | None]], **named: Any) -> Extract:
    """The truth with records changed (None: gone)."""
    truth = {name: dict(rows) for name, rows in TRUTH.items()}
    for name, rows in change.items():
        for key, row in rows.items():
            if row is None:
                del truth[name][key]
            else:
                truth[name][key] = {**truth[name].get(key, {}), **row}
    return Package(truth, TRUTH, **named).extract()


def test_a_row_that_is_stored_as_it_was_delivered_has_a_fingerprint(ws: Workspace) -> None:
    assert all(None not in found for entity in ("Org", "User", "Enrollment") for found in prints(ws, entity).values())


def test_an_update_as_delivered_has_the_new_fingerprint_and_an_undo_clears_it(ws: Workspace) -> None:
    before = prints(ws, "User")["P0"]
    changed = package_with({"User": {"P0": {"email": "new@x.example"}}})
    apply(ws, plan_extract(ws, changed))
    after = prints(ws, "User")["P0"]
    assert None not in after
    assert after != before
    apply(ws, ws.undo())
    assert prints(ws, "User")["P0"] == (None, None)
    plan = alike(ws, changed)  # the source says again what was undone: held, and seen, as the row is compared whole
    assert plan.held["User"].update == 1


def test_an_archive_a_cascade_and_a_held_part_clear_it(ws: Workspace) -> None:
    ws.hold("User", "P1", field="email", reason="wait", actor="kim")
    delivered = package_with(
        {"User": {"P0": None, "P1": {"email": "new@x.example", "given_name": "Bram"}}, "Enrollment": {"C00-P0": None}}
    )
    apply(ws, alike(ws, delivered))
    assert prints(ws, "User")["P0"] == (None, None)
    assert prints(ws, "User")["P1"] == (None, None)
    assert prints(ws, "Enrollment")["C00-P0"] == (None, None)
    ws.release("User", "P1", reason="enough", actor="kim")
    assert alike(ws, delivered).changes["User"].update == 1


def test_an_unreadable_cell_that_keeps_its_value_counts_as_delivered(ws: Workspace) -> None:
    delivered = package_with({"User": {"P0": {"email": "new@x.example"}}}, unread={("User", "P0"): ["given_name"]})
    apply(ws, plan_extract(ws, delivered))
    assert None not in prints(ws, "User")["P0"]
    assert alike(ws, delivered).total.total == 0


def test_unset_blank_and_unreadable_are_told_apart(ws: Workspace) -> None:
    whole = {"sourced_id": "D", "name": "District", "type": "district"}
    forms = [
        table("Org", [{**whole, "identifier": None}]),
        table("Org", [whole], without=["identifier"]),
        table("Org", [{**whole, "unread": ["identifier"]}]),
    ]
    found = set()
    for form in forms:
        rows = form.rows.collect()
        unset = 0 if "identifier" in rows.columns else 4
        given = rows.with_columns(
            pl.lit(unset, pl.UInt32).alias("unset"),
            pl.lit(4 if form.invalid.height else 0, pl.UInt32).alias("invalid"),
            *([] if "identifier" in rows.columns else [pl.lit(None, pl.String).alias("identifier")]),
        )
        org = next(e for e in entities() if e.name == "Org")
        found.add(given.select(fingerprints.fingerprint(org, given.columns)).row(0))
    assert len(found) == 3


def test_equal_values_under_a_new_fingerprint_are_refreshed_outside_revisions(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prints(ws, "User")
    revision = len(ws.history())
    monkeypatch.setattr(fingerprints, "VERSION", 99)
    plan = alike(ws, Package(TRUTH, TRUTH).extract())
    assert plan.total.total == 0
    ws.apply(plan.id, actor="kim")
    after = prints(ws, "User")
    assert all(None not in found and found != before[key] for key, found in after.items())
    assert len(ws.history()) == revision


def test_a_row_whose_parent_left_is_seen_though_it_is_delivered_as_before(ws: Workspace) -> None:
    plan = alike(ws, package_with({"Class": {"C00": None}}))
    assert ("Enrollment", "archive") in ws.show(plan.id).lines.select("entity", "action").unique().rows()


def test_a_record_that_somebody_decided_about_is_seen_though_it_is_delivered_as_before(ws: Workspace) -> None:
    gone = package_with({"User": {f"P{i}": None for i in range(6)}})
    apply(ws, plan_extract(ws, gone))  # more than half leave: held by a limit
    assert {hold.code for hold in ws.holds()} == {"limit", "dependant"}
    apply(ws, alike(ws, Package(TRUTH, TRUTH).extract()))
    assert ws.holds() == ()


def test_a_delta_that_delivers_a_row_as_stored_changes_nothing(ws: Workspace) -> None:
    same = table("User", [{"sourced_id": "P0", **TRUTH["User"]["P0"]}])
    assert alike(ws, extract({"User": same}, delta=True)).total.total == 0


def test_a_full_table_after_a_delta_brings_back_its_own_values(ws: Workspace) -> None:
    changed = table("User", [{"sourced_id": "P0", **TRUTH["User"]["P0"], "email": "delta@x.example"}])
    apply(ws, plan_extract(ws, extract({"User": changed}, delta=True)))
    assert alike(ws, Package(TRUTH, TRUTH).extract()).changes["User"].update == 1


def test_the_copy_without_fingerprints_is_really_without(ws: Workspace, tmp_path: Path) -> None:
    assert set(prints(without_fingerprints(ws), "User").values()) == {(None, None)}


def test_a_new_record_whose_reference_leads_nowhere_is_seen_again_when_its_target_comes(ws: Workspace) -> None:
    new = {"title": "3c", "type": "scheduled", "school": "S0", "course": "K7"}
    apply(ws, alike(ws, package_with({"Class": {"C07": new}})))
    assert prints(ws, "Class")["C07"] == (None, None)
    plan = alike(ws, package_with({"Class": {"C07": new}, "Course": {"K7": {"title": "Music", "org": "D"}}}))
    assert ("Class", "update", "C07", "course") in ws.show(plan.id).lines.select(
        "entity", "action", "sourced_id", "field"
    ).rows()
