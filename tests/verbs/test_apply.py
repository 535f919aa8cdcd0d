"""``apply``: what is refused by name, races, and failures that leave everything as it was."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rosterkit import Workspace
from rosterkit.errors import Busy, InternalError, Refused
from rosterkit.lock import lease
from rosterkit.store import apply as writing
from rosterkit.store import plans
from rosterkit.store import save as commit
from rosterkit.store import staleness as precondition

MOVED = {"stu-01": {"email": "new@birch.example"}}


def refused(desk: Any, plan: Any) -> str:
    with pytest.raises(Refused) as why:
        desk.ws.apply(plan.id, actor="kim")
    shown = desk.ws.show(plan.id)
    assert shown.plan.id == plan.id
    assert shown.lines.height == plan.total.total + plan.total_held.total
    return why.value.why


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_an_applied_plan_is_refused_and_still_shown(desk: Any, tonight: Any) -> None:
    assert refused(desk, desk.night(tonight(said=MOVED))) == "applied"


def test_a_rejected_plan_is_refused_and_still_shown(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.ws.reject(plan.id, reason="not yet", actor="kim")
    assert refused(desk, plan) == "rejected"


def test_a_superseded_plan_is_refused_and_still_shown(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.plan(tonight())
    assert refused(desk, plan) == "superseded"


def test_an_expired_plan_is_refused_and_still_shown(desk: Any, tonight: Any, monkeypatch: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    monkeypatch.setattr(precondition, "now", lambda: datetime.now(UTC) + timedelta(days=8))
    assert refused(desk, plan) == "expired"


def test_a_plan_that_needs_a_person_is_refused_until_it_is_approved(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    assert refused(desk, plan) == "not-approved"
    assert desk.apply(plan) == 2


def test_in_auto_mode_a_later_plan_needs_nobody(new_desk: Any, tonight: Any) -> None:
    new_desk.settings('mode = "review"', 'mode = "auto"')
    assert refused(new_desk, new_desk.plan()) == "not-approved"  # the first one does
    new_desk.night()
    plan = new_desk.plan(tonight(said=MOVED))
    assert not plan.needs_approval
    assert new_desk.ws.apply(plan.id, actor="cron").wrote


def test_nothing_is_applied_where_the_workspace_only_observes(desk: Any, tonight: Any) -> None:
    desk.settings('mode = "review"', 'mode = "observe"')
    plan = desk.plan(tonight(said=MOVED))
    assert refused(desk, plan) == "observe"


@pytest.fixture
def undoing(desk: Any, tonight: Any) -> Any:
    """A second revision, and a stored undo of it."""
    desk.night(tonight(said=MOVED))
    return desk.ws.undo()


def test_stale_where_a_later_revision_touched_what_it_touches(desk: Any, tonight: Any, undoing: Any) -> None:
    desk.ws.approve(undoing.id, reason="back", actor="kim")
    desk.night(tonight(said={"stu-01": {"email": "newer@birch.example"}}))
    assert refused(desk, undoing) == "stale"


def test_edits_elsewhere_do_not_spoil_it(desk: Any, tonight: Any, undoing: Any) -> None:
    desk.ws.approve(undoing.id, reason="back", actor="kim")
    desk.night(tonight(said=MOVED | {"stu-02": {"email": "other@birch.example"}}))
    assert desk.ws.apply(undoing.id, actor="kim").wrote


def test_stale_where_a_person_set_a_record_aside(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    desk.ws.hold("User", "stu-01", reason="wait", actor="kim")
    assert refused(desk, plan) == "stale"


def test_stale_where_a_record_that_it_creates_has_come_into_being(desk: Any, tonight: Any) -> None:
    first = desk.plan(tonight([*KEYS, "stu-90"]))
    desk.ws.approve(first.id, reason="fine", actor="kim")
    desk.night(tonight([*KEYS, "stu-90"]))
    assert refused(desk, first) == "stale"


KEYS = [f"stu-{i:02}" for i in range(20)]


def test_stale_where_an_active_record_came_to_refer_to_one_that_it_archives(desk: Any, tonight: Any) -> None:
    desk.night(tonight([*KEYS, "stu-90"], enrolled=KEYS))
    undo = desk.ws.undo()  # would archive stu-90
    desk.ws.approve(undo.id, reason="back", actor="kim")
    desk.night(tonight([*KEYS, "stu-90"]))  # who is enrolled meanwhile
    assert refused(desk, undo) == "stale"


def test_stale_where_a_newer_plan_of_the_source_was_applied(desk: Any, tonight: Any) -> None:
    """The older plan would write an older word over a newer one, and settle deltas that it never saw."""
    older = desk.plan(tonight(["stu-01"], said=MOVED, delta=True))
    desk.ws.approve(older.id, reason="fine", actor="kim")
    newer = desk.night(tonight(["stu-01"], delta=True))  # the e-mail is the old one again
    assert newer.total.total == 0
    assert refused(desk, older) == "stale"


def test_of_two_appliers_the_second_is_refused(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    other = Workspace(desk.ws.folder)
    assert other.apply(plan.id, actor="cron").revision == 2
    assert refused(desk, plan) == "applied"


def test_while_another_run_holds_the_workspace_it_is_busy(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    with lease(desk.ws.folder), pytest.raises(Busy):
        desk.ws.apply(plan.id, actor="kim")


def test_while_another_run_writes_to_the_database_it_is_busy(desk: Any, tonight: Any, monkeypatch: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    monkeypatch.setattr(
        "rosterkit.workspace.connect", lambda path: sqlite3.connect(path, isolation_level=None, timeout=0)
    )
    with closing(sqlite3.connect(desk.ws.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(Busy):
            desk.ws.approve(plan.id, reason="fine", actor="kim")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (writing, "insert"),
        (writing, "_check_created"),
        (writing, "_status"),
        (writing, "update"),
        (writing, "_check_references"),
        (commit, "write_revision"),
        (commit, "write_fingerprints"),
        (commit, "_defer"),
        (commit, "_use"),
        (commit, "_undo_holds"),
        (commit, "_findings"),
        (plans, "set_state"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_failing_apply_leaves_the_store_exactly_as_it_was(
    desk: Any, tonight: Any, monkeypatch: Any, module: Any, name: str, before: bool
) -> None:
    plan = desk.plan(tonight([*KEYS[1:], "stu-90"], said=MOVED))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    was = dump(desk.ws.database)
    real = getattr(module, name)

    def fails(*arguments: Any, **named: Any) -> None:
        if not before:
            real(*arguments, **named)
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(module, name, fails)
        with pytest.raises(OSError, match="disk is full"):
            desk.ws.apply(plan.id, actor="kim")
    assert dump(desk.ws.database) == was
    assert desk.ws.apply(plan.id, actor="kim").revision == 2


def test_p9_a_reference_that_would_break_rolls_everything_back(desk: Any, tonight: Any, monkeypatch: Any) -> None:
    plan = desk.plan(tonight(KEYS[1:]))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    was = dump(desk.ws.database)
    read = plans.parts

    def without_enrollments(*arguments: Any, **named: Any) -> Any:
        parts = read(*arguments, **named)
        return replace(parts, status={name: rows for name, rows in parts.status.items() if name != "Enrollment"})

    monkeypatch.setattr(plans, "parts", without_enrollments)
    with pytest.raises(InternalError, match="not active"):
        desk.ws.apply(plan.id, actor="kim")
    assert dump(desk.ws.database) == was


def test_a_damaged_part_is_detected_and_nothing_is_written(desk: Any, tonight: Any) -> None:
    plan = desk.plan(tonight(said=MOVED))
    desk.ws.approve(plan.id, reason="fine", actor="kim")
    with closing(sqlite3.connect(desk.ws.database, isolation_level=None)) as connection:
        connection.execute(
            "update plan_part set body = zeroblob(length(body)) where plan=? and part='update'", (plan.id,)
        )
    was = dump(desk.ws.database)
    with pytest.raises(InternalError, match="damaged"):
        desk.ws.apply(plan.id, actor="kim")
    assert dump(desk.ws.database) == was


def test_the_folder_and_everything_in_it_are_private_to_the_owner(new_desk: Any) -> None:
    folder = new_desk.ws.folder
    new_desk.ws.history()
    made = Workspace.init(folder.parent / "made")
    for path in [made.folder, *made.folder.iterdir()]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path.name


def test_files_are_private_whatever_the_umask(tmp_path: Any) -> None:
    old = os.umask(0)
    try:
        made = Workspace.init(tmp_path / "made")
        with closing(sqlite3.connect(made.database)) as connection:
            connection.execute("select 1")
        assert {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in [made.folder, *made.folder.iterdir()]} == {0}
    finally:
        os.umask(old)
