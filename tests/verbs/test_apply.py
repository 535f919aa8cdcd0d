"""``apply``: what is refused by name, races, and failures that leave everything as it was."""

from __future__ import annotations

import itertools
import os
import sqlite3
import stat
from collections.abc import Callable
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


def refused(scenario: Any, plan: Any) -> str:
    with pytest.raises(Refused) as why:
        scenario.ws.apply(plan.id, actor="kim")
    shown = scenario.ws.show(plan.id)
    assert shown.plan.id == plan.id
    assert shown.lines.height == plan.total.total + plan.total_held.total
    return why.value.why


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_an_applied_plan_is_refused_and_still_shown(scenario: Any, delivered: Any) -> None:
    assert refused(scenario, scenario.sync(delivered(values=MOVED))) == "applied"


def test_a_rejected_plan_is_refused_and_still_shown(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.ws.reject(plan.id, reason="not yet", actor="kim")
    assert refused(scenario, plan) == "rejected"


def test_a_superseded_plan_is_refused_and_still_shown(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.plan(delivered())
    assert refused(scenario, plan) == "superseded"


def test_a_plan_that_nobody_approved_is_refused_where_settings_have_changed(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered())
    path = scenario.ws.folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('mode = "review"', 'mode = "auto"'), encoding="utf-8")
    auto = Workspace(scenario.ws.folder)
    first = scenario.plan(delivered(values={"stu-02": {"email": "b@birch.example"}}), auto)
    auto.approve(first.id, reason="auto from now on", actor="kim")
    auto.apply(first.id, actor="kim")
    plan = scenario.plan(delivered(values=MOVED), auto)
    assert not plan.needs_approval
    path.write_text(text, encoding="utf-8")
    scenario.ws = Workspace(scenario.ws.folder)
    assert refused(scenario, plan) == "stale"
    scenario.ws.approve(plan.id, reason="looked at", actor="kim")
    scenario.ws.apply(plan.id, actor="kim")


def test_an_expired_plan_is_refused_and_still_shown(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    monkeypatch.setattr(precondition, "now", lambda: datetime.now(UTC) + timedelta(days=8))
    assert refused(scenario, plan) == "expired"


def test_a_plan_of_friday_is_approved_and_applied_on_monday(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    monkeypatch.setattr(precondition, "now", lambda: datetime.now(UTC) + timedelta(days=3))
    assert scenario.apply(plan) == 2


def test_a_plan_that_needs_a_person_is_refused_until_it_is_approved(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    assert refused(scenario, plan) == "not-approved"
    assert scenario.apply(plan) == 2


def test_in_auto_mode_a_later_plan_needs_nobody(new_scenario: Any, delivered: Any) -> None:
    new_scenario.settings('mode = "review"', 'mode = "auto"')
    assert refused(new_scenario, new_scenario.plan()) == "not-approved"  # the first one does
    new_scenario.sync()
    plan = new_scenario.plan(delivered(values=MOVED))
    assert not plan.needs_approval
    assert new_scenario.ws.apply(plan.id, actor="cron").wrote


def test_nothing_is_applied_where_the_workspace_only_observes(scenario: Any, delivered: Any) -> None:
    scenario.settings('mode = "review"', 'mode = "observe"')
    plan = scenario.plan(delivered(values=MOVED))
    assert refused(scenario, plan) == "observe"


@pytest.fixture
def undoing(scenario: Any, delivered: Any) -> Any:
    """A second revision, and a stored undo of it."""
    scenario.sync(delivered(values=MOVED))
    return scenario.ws.undo()


def test_stale_where_a_later_revision_touched_what_it_touches(scenario: Any, delivered: Any, undoing: Any) -> None:
    scenario.ws.approve(undoing.id, reason="back", actor="kim")
    scenario.sync(delivered(values={"stu-01": {"email": "newer@birch.example"}}))
    assert refused(scenario, undoing) == "stale"


def test_edits_elsewhere_do_not_spoil_it(scenario: Any, delivered: Any, undoing: Any) -> None:
    scenario.ws.approve(undoing.id, reason="back", actor="kim")
    scenario.sync(delivered(values=MOVED | {"stu-02": {"email": "other@birch.example"}}))
    assert scenario.ws.apply(undoing.id, actor="kim").wrote


def test_stale_where_a_person_set_a_record_aside(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    scenario.ws.hold("User", "stu-01", reason="wait", actor="kim")
    assert refused(scenario, plan) == "stale"


def test_stale_where_a_record_that_it_creates_has_come_into_being(scenario: Any, delivered: Any) -> None:
    first = scenario.plan(delivered([*KEYS, "stu-90"]))
    scenario.ws.approve(first.id, reason="fine", actor="kim")
    scenario.sync(delivered([*KEYS, "stu-90"]))
    assert refused(scenario, first) == "stale"


KEYS = [f"stu-{i:02}" for i in range(20)]


def test_stale_where_an_active_record_came_to_refer_to_one_that_it_archives(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered([*KEYS, "stu-90"], enrolled=KEYS))
    undo = scenario.ws.undo()  # would archive stu-90
    scenario.ws.approve(undo.id, reason="back", actor="kim")
    scenario.sync(delivered([*KEYS, "stu-90"]))  # who is enrolled meanwhile
    assert refused(scenario, undo) == "stale"


def test_stale_where_a_newer_plan_of_the_source_was_applied(scenario: Any, delivered: Any) -> None:
    """The older plan would write an older word over a newer one, and settle deltas that it never saw."""
    older = scenario.plan(delivered(["stu-01"], values=MOVED, delta=True))
    scenario.ws.approve(older.id, reason="fine", actor="kim")
    newer = scenario.sync(delivered(["stu-01"], delta=True))  # the e-mail is the old one again
    assert newer.total.total == 0
    assert refused(scenario, older) == "stale"


def test_of_two_appliers_the_second_is_refused(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    other = Workspace(scenario.ws.folder)
    assert other.apply(plan.id, actor="cron").revision == 2
    assert refused(scenario, plan) == "applied"


def test_while_another_run_holds_the_workspace_it_is_busy(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    with lease(scenario.ws.folder), pytest.raises(Busy):
        scenario.ws.apply(plan.id, actor="kim")


def test_while_another_run_writes_to_the_database_it_is_busy(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    monkeypatch.setattr(
        "rosterkit.workspace_folder.connect", lambda path: sqlite3.connect(path, isolation_level=None, timeout=0)
    )
    with closing(sqlite3.connect(scenario.ws.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(Busy):
            scenario.ws.approve(plan.id, reason="fine", actor="kim")


STEPS: list[tuple[Any, str]] = [
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
]


def test_a_failing_apply_leaves_the_store_exactly_as_it_was(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    """Each step fails once before and once after its work; at the end the same plan is applied."""
    plan = scenario.plan(delivered([*KEYS[1:], "stu-90"], values=MOVED))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    was = dump(scenario.ws.database)
    for (module, name), before in itertools.product(STEPS, (True, False)):
        with monkeypatch.context() as broken:
            broken.setattr(module, name, failing(getattr(module, name), before=before))
            with pytest.raises(OSError, match="disk is full"):
                scenario.ws.apply(plan.id, actor="kim")
        assert dump(scenario.ws.database) == was, (name, before)
    assert scenario.ws.apply(plan.id, actor="kim").revision == 2


def failing(real: Callable[..., Any], *, before: bool) -> Callable[..., None]:
    """Fails before its work, or after it."""

    def fails(*arguments: Any, **named: Any) -> None:
        if not before:
            real(*arguments, **named)
        raise OSError("the disk is full")

    return fails


def test_p9_a_reference_that_would_break_rolls_everything_back(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    plan = scenario.plan(delivered(KEYS[1:]))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    was = dump(scenario.ws.database)
    read = plans.parts

    def without_enrollments(*arguments: Any, **named: Any) -> Any:
        parts = read(*arguments, **named)
        return replace(parts, status={name: rows for name, rows in parts.status.items() if name != "Enrollment"})

    monkeypatch.setattr(plans, "parts", without_enrollments)
    with pytest.raises(InternalError, match="not active"):
        scenario.ws.apply(plan.id, actor="kim")
    assert dump(scenario.ws.database) == was


def test_a_damaged_part_is_detected_and_nothing_is_written(scenario: Any, delivered: Any) -> None:
    plan = scenario.plan(delivered(values=MOVED))
    scenario.ws.approve(plan.id, reason="fine", actor="kim")
    with closing(sqlite3.connect(scenario.ws.database, isolation_level=None)) as connection:
        connection.execute(
            "update plan_part set body = zeroblob(length(body)) where plan=? and part='update'", (plan.id,)
        )
    was = dump(scenario.ws.database)
    with pytest.raises(InternalError, match="damaged"):
        scenario.ws.apply(plan.id, actor="kim")
    assert dump(scenario.ws.database) == was


def test_the_folder_and_everything_in_it_are_private_to_the_owner(new_scenario: Any) -> None:
    folder = new_scenario.ws.folder
    new_scenario.ws.history()
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
