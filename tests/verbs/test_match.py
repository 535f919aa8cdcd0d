"""``match``: a person says that who comes under a new id is a stored person; it prints both, and no log names them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rosterkit.cli.main import run
from rosterkit.errors import Refused, UsageError
from rosterkit.sources.base import Extract
from rosterkit.store import access

KEYS = [f"stu-{i:02}" for i in range(20)]
MARRIED = {"new-05": {"given_name": "Nia", "family_name": "Okonkwo", "identifier": "05", "email": "nia@birch.example"}}
WHY: dict[str, Any] = {"reason": "the office confirmed", "actor": "kim"}


@pytest.fixture
def anew(delivered: Any) -> Extract:
    """stu-05 comes as new-05, with the same number and other names."""
    keys: Iterable[str] = [key for key in KEYS if key != "stu-05"]
    found: Extract = delivered([*keys, "new-05"], values=MARRIED)
    return found


def match(scenario: Any, *more: str) -> int:
    why = ["--reason", "the office confirmed", "--as", "kim"]
    return run(["-C", str(scenario.ws.folder), "match", "new-05", "stu-05", *why, *more])


def test_both_are_printed_and_no_log_names_them(
    scenario: Any, anew: Extract, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario.plan(anew)
    assert match(scenario) == 0
    printed = capsys.readouterr().out
    for text in ("new-05", "Nia Okonkwo", "stu-05", "Given 05 Family 05", "05", "student", "Birch School", "--revoke"):
        assert text in printed, text
    with access.opened(scenario.ws.folder) as connection:
        (entry,) = access.entries(connection, limit=1)
    assert (entry.verb, entry.actor, entry.records) == ("match", "kim", ("User new-05", "User stu-05"))
    with closing(sqlite3.connect(scenario.ws.database)) as store:
        assert "Okonkwo" not in str(store.execute("select * from person_match").fetchall())
    assert match(scenario, "--revoke", "--json") == 0
    assert '"revoked": true' in capsys.readouterr().out


def test_the_next_plan_gives_the_stored_person_the_new_id_once_it_is_approved(scenario: Any, anew: Extract) -> None:
    scenario.plan(anew)
    scenario.ws.match("new-05", "stu-05", **WHY)
    plan = scenario.plan(anew)
    assert plan.needs_approval
    assert {line[1] for line in scenario.lines(plan, held=False) if line[0] == "User"} == {"update"}
    scenario.apply(plan)
    assert scenario.ws.explain("User", "stu-05").matches[0].used_in == plan.id


@pytest.mark.parametrize(
    ("new", "old", "why"),
    [("stu-06", "stu-05", UsageError), ("new-05", "stu-06", Refused), ("new-05", "no", UsageError)],
)
def test_who_is_not_new_or_has_not_left_is_not_matched(
    scenario: Any, anew: Extract, new: str, old: str, why: type[Exception]
) -> None:
    scenario.plan(anew)
    with pytest.raises(why):
        scenario.ws.match(new, old, **WHY)


def test_a_reason_is_needed(scenario: Any, anew: Extract) -> None:
    scenario.plan(anew)
    with pytest.raises(UsageError, match="reason"):
        scenario.ws.match("new-05", "stu-05", reason=" ", actor="kim")


def test_a_purge_of_the_person_removes_the_decision(
    scenario: Any, anew: Extract, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.plan(anew)
    scenario.ws.match("new-05", "stu-05", **WHY)
    scenario.ws.reject(scenario.ws.plans()[0].id, **WHY)
    with closing(sqlite3.connect(scenario.ws.database)) as store, store:
        store.execute("update user set status='archived' where sourced_id='stu-05'")
    at = datetime.now(UTC) + timedelta(days=800)
    for module in ("rosterkit.store.plans", "rosterkit.store.deliveries", "rosterkit.store.purge"):
        monkeypatch.setattr(f"{module}.now", lambda: at)
    scenario.ws.purge(730, reason="retention schedule", actor="kim", person="stu-05")
    with closing(sqlite3.connect(scenario.ws.database)) as store:
        assert store.execute("select count(*) from person_match").fetchone() == (0,)
