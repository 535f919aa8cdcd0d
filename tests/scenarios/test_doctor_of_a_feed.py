"""``doctor FEED``: the vendor's checklist, what is done of it, and that nothing is sent before what comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rosterkit import Workspace
from rosterkit.cli.main import run
from rosterkit.demo.products import DAY
from rosterkit.errors import Refused, UsageError


def doctor(workspace: Workspace, *arguments: str) -> int:
    return run(["-C", str(workspace.folder), "doctor", *arguments])


def edited(workspace: Workspace, old: str, new: str) -> Workspace:
    path = workspace.folder / "rosterkit.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return Workspace(workspace.folder)


def approve(workspace: Workspace, feed: str) -> None:
    workspace.feed_approve(feed, reason="compared with the registrar", actor="lena")


def test_u15_u9_nothing_is_sent_before_the_items_that_come_first(products: Workspace) -> None:
    products.feed_build("careers", DAY)
    with pytest.raises(Refused, match=r"before U15, U9 of its checklist are done\. See: rosterkit doctor careers"):
        approve(products, "careers")
    products.checklist_done("careers", "u15", note="the process is begun", actor="lena")
    with pytest.raises(Refused, match="before U9 of its checklist is done"):
        approve(products, "careers")
    products.checklist_done("careers", "U9", note="stored as env:UCONNECT_KEY", actor="lena")
    approve(products, "careers")
    assert products.feed_log("careers")[0].arrived


def test_what_is_done_is_remembered_with_who_when_and_a_note(products: Workspace) -> None:
    products.checklist_done("jobs", "H7", note="the student number", actor="lena")
    step = {step.item.name: step for step in Workspace(products.folder).checklist("jobs").steps}["H7"]
    assert step.done is not None
    assert (step.done.actor, step.done.note, step.done.at.tzinfo is not None) == ("lena", "the student number", True)


def test_a_mark_is_taken_back_and_blocks_again_also_after_the_first_file(products: Workspace) -> None:
    for item in ("H7", "H11"):
        products.checklist_done("jobs", item, note="done", actor="lena")
    products.feed_build("jobs", DAY)
    approve(products, "jobs")
    products.checklist_reopen("jobs", "H11", actor="omar")
    changed = edited(products, 'campus_name = "school_name"', 'campus_name = { constant = "Main" }')
    receipt = changed.feed_build("jobs", DAY.replace(day=16))
    assert receipt.state == "waiting"
    assert receipt.why.startswith(
        "its checklist has open items that come first: H11; the settings or the target of the feed changed"
    )
    with pytest.raises(Refused, match="H11 of the checklist of jobs is not marked as done"):
        products.checklist_reopen("jobs", "H11", actor="omar")


def test_a5_edlio_is_refused_until_naming_and_removal_rules_are_answered(products: Workspace) -> None:
    unanswered = edited(products, 'file_names_agreed = true\nremoval = "absent_removed"\n', "")
    assert [step.item.name for step in unanswered.checklist("app").blocking] == ["A5.naming", "A5.removal"]
    assert doctor(unanswered, "app") == 4
    unanswered.feed_build("app", DAY)
    with pytest.raises(Refused, match=r"before A5\.naming, A5\.removal"):
        approve(unanswered, "app")
    with pytest.raises(UsageError, match=r"A5\.removal is answered in rosterkit\.toml: set removal in \[feeds\.app\]"):
        unanswered.checklist_done("app", "A5.removal", note="they are removed", actor="lena")


def test_a11_the_notice_for_the_specialist_speaks_of_what_was_sent(
    products: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert products.checklist("app").notice == ""
    products.feed_build("app", DAY)
    approve(products, "app")
    assert doctor(products, "app") == 1
    shown = capsys.readouterr().out
    assert "Subject: Roster files of Kestrel Bay Unified" in shown
    assert "- Staff.csv: 5 rows" in shown
    assert "received" not in shown.lower()


def test_the_command_marks_lists_and_answers_with_an_exit_code(
    products: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert doctor(products, "careers", "--json") == 4
    assert json.loads(capsys.readouterr().out)["items"][0]["item"] == "U15"
    assert doctor(products, "careers", "--done", "U15") == 2
    assert "Say in a note" in capsys.readouterr().err
    assert doctor(products, "careers", "--done", "U99", "--note", "x") == 2
    assert "has no item U99" in capsys.readouterr().err
    for item in ("U15", "U9"):
        code = doctor(products, "careers", "--done", item, "--note", "seen in the dashboard", "--as", "lena")
    assert code == 1
    for step in products.checklist("careers").open:
        code = doctor(products, "careers", "--done", step.item.name, "--note", "done", "--as", "lena")
    assert code == 0
    assert "0 of 11 items are open" in capsys.readouterr().out


def test_the_names_of_a_checklist_tell_its_items_apart(products: Workspace) -> None:
    for name in products.config.feeds:
        names = [step.item.name for step in products.checklist(name).steps]
        assert len(set(names)) == len(names), name


def test_a_feed_without_a_checklist_has_nothing_to_do(scenario: Any) -> None:
    assert doctor(scenario.workspace, "oneroster") == 0
