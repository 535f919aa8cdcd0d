"""The audit log: every verb that acts on a record writes a line, whoever calls it and by which way."""

from __future__ import annotations

import getpass
import inspect
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from by_hand import PEOPLE, School, delivered

from rosterkit import Workspace
from rosterkit.cli.main import run as command
from rosterkit.errors import Refused
from rosterkit.store import access
from rosterkit.store.access import Entry

LEADER = "noa:leader"
WHY = {"reason": "asked by the office", "actor": LEADER}
ADULT = {"given_name": "Sana", "family_name": "Okoye"}
PROMOTED = PEOPLE | {"st-1": PEOPLE["st-1"] | {"grades": '["10"]'}}
Act = Callable[[Workspace], object]

ACTS: dict[str, tuple[Act, str]] = {
    "block_link": (lambda ws: ws.block_link("gu-1", "st-1", **WHY), "st-1"),
    "unblock_link": (lambda ws: ws.unblock_link("gu-1", "st-1", **WHY), "st-1"),
    "suppress": (lambda ws: ws.suppress("st-1", **WHY), "st-1"),
    "unsuppress": (lambda ws: ws.unsuppress("st-1", **WHY), "st-1"),
    "archive": (lambda ws: ws.archive("User", "st-2", **WHY), "st-2"),
    "unarchive": (lambda ws: ws.unarchive("User", "st-2", **WHY), "st-2"),
    "add_class": (lambda ws: ws.add_class("S", "Chess", key="M-1", actor=LEADER), "M-1"),
    "enroll": (lambda ws: ws.enroll("M-1", "st-3", actor=LEADER), "st-3"),
    "add_guardian": (lambda ws: ws.add_guardian("st-3", ADULT, actor=LEADER), "st-3"),
    "link": (lambda ws: ws.link("gu-3", "st-3", actor=LEADER), "st-3"),
    "add_staff": (lambda ws: ws.add_staff("S", ADULT, actor=LEADER, key="te-9"), "te-9"),
    "edit": (lambda ws: ws.edit("Class", "C-1", {"title": "Wings"}, actor=LEADER), "C-1"),
    "pin": (lambda ws: ws.pin("User", "st-1", "email", **WHY), "st-1"),
    "unpin": (lambda ws: ws.unpin("User", "st-1", "email", **WHY), "st-1"),
    "hold": (lambda ws: ws.hold("User", "st-1", **WHY), "st-1"),
    "release": (lambda ws: ws.release("User", "st-1", **WHY), "st-1"),
}
"""By method: an act, in an order in which each can be done, and a record that it is about."""
ELSEWHERE = {
    "approve",
    "reject",
    "apply",
    "approve_held",
    "activity_import",
    "add_student",
    "ignore_line",
    "match",
    "feed_approve",
}
ELSEWHERE |= {"feed_reject", "feed_send", "purge"}
"""Tested below, or beside what they do."""
NO_RECORD = {"expect_school", "expect_domain", "expect_students", "withdraw", "override", "end_override"}
NO_RECORD |= {"source_disable", "source_enable", "feed_confirm", "feed_pause", "checklist_done", "checklist_reopen"}
NO_RECORD |= {"feed_results"}
"""What is about no record, but about a source, a feed, a limit."""


def newest(ws: Workspace) -> Entry:
    with access.opened(ws.folder) as connection:
        return access.entries(connection, limit=1)[0]


def test_every_act_is_in_the_log_with_who_did_it_and_whom_it_is_about(school: School) -> None:
    for method, (act, key) in ACTS.items():
        act(school.ws)
        entry = newest(school.ws)
        assert (entry.action, entry.verb, entry.actor, entry.way) == ("act", method.replace("_", " "), "noa", "program")
        assert key in {record.partition(" ")[2] for record in entry.records}, method
    assert "Okoye" not in (school.ws.folder / "access.db").read_text(encoding="latin-1")


def test_no_verb_of_an_actor_is_forgotten() -> None:
    verbs = {
        name
        for name, method in inspect.getmembers(Workspace, inspect.isfunction)
        if "actor" in inspect.signature(method).parameters and not name.startswith("_")
    }
    assert verbs - {"audit"} == ACTS.keys() | ELSEWHERE | NO_RECORD


def test_what_was_refused_is_not_in_the_log(school: School) -> None:
    before = newest(school.ws)
    with pytest.raises(Refused):
        school.ws.suppress("st-1", reason="x", actor="sam:viewer")
    assert newest(school.ws) == before


def test_held_changes_that_are_approved_are_named(school: School) -> None:
    school.ws.hold("User", "st-1", reason="wait", actor=LEADER)
    plan = school.plan(delivered(PROMOTED))
    school.ws.approve_held(plan.id, **WHY)
    entry = newest(school.ws)
    assert (entry.verb, entry.subject, entry.records) == ("approve held", plan.id, ("User st-1",))


def test_plans_are_named_as_a_whole(school: School) -> None:
    plan = school.plan(delivered(titles={"C-1": "Wings"}))
    school.ws.approve(plan.id, **WHY)
    assert (newest(school.ws).verb, newest(school.ws).subject) == ("approve", plan.id)
    school.ws.apply(plan.id, actor="noa")
    assert (newest(school.ws).verb, newest(school.ws).subject) == ("apply", plan.id)
    other = school.plan(delivered(titles={"C-1": "Song"}))
    school.ws.reject(other.id, **WHY)
    assert (newest(school.ws).verb, newest(school.ws).subject) == ("reject", other.id)


def test_an_import_of_activity_names_everybody_in_it(school: School, tmp_path: Path) -> None:
    file = tmp_path / "activity.csv"
    text = "event,user,at,field,value,student,given_name,family_name\nsigned_in,gu-1,2026-10-01,,,,,\n"
    file.write_text(text + "joined,,,,,st-3,Sana,Okoye\n", encoding="utf-8")
    school.ws.activity_import(file, actor=LEADER)
    assert {"User gu-1", "User st-3"} <= set(newest(school.ws).records)


VIEWS = {
    ("explain", "User", "st-1"): "explain",
    ("history", "User", "st-1"): "history",
    ("disclosed", "st-1"): "disclosed",
    ("holds",): "holds",
    ("pins",): "pins",
    ("blocks",): "blocks",
    ("show", "--json"): "plan",
}


def test_the_command_line_writes_what_it_shows_and_does(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(school.ws.folder)
    for words in (["suppress", "st-1"], ["pin", "User", "st-1", "email"], ["hold", "User", "st-1"]):
        assert command(["-C", folder, *words, "--reason", "custody", "--as", LEADER]) == 0
        entry = newest(school.ws)
        assert (entry.actor, entry.way, entry.address) == ("noa", "command line", getpass.getuser()), words
    school.plan(delivered(PROMOTED))
    for view, verb in VIEWS.items():
        assert command(["-C", folder, *view]) in (0, 1)
        entry = newest(school.ws)
        assert (entry.action, entry.verb, entry.actor) == ("view", verb, getpass.getuser()), view
        assert "User st-1" in entry.records, view
    capsys.readouterr()
    assert command(["-C", folder, "audit-log", "--record", "st-1"]) == 0
    assert "command line" in capsys.readouterr().out


def test_a_log_of_an_older_rosterkit_goes_on(school: School) -> None:
    with closing(sqlite3.connect(school.ws.folder / "access.db")) as connection:
        connection.execute("alter table audit drop column way")
        connection.commit()
    school.ws.hold("User", "st-1", **WHY)
    with access.opened(school.ws.folder) as connection:
        ways = [one.way for one in access.entries(connection)]
    assert ways[0] == "program"
    assert set(ways[1:]) == {"web"}


def test_who_cannot_write_the_log_still_reads(
    school: School, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(access, "record", full)
    assert command(["-C", str(school.ws.folder), "explain", "User", "st-1"]) == 0
    assert "the audit log cannot be written" in capsys.readouterr().err
