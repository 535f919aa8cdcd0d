"""``feed results``: what a vendor could not import stands on the record and on a list until a newer answer comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rosterkit import Workspace
from rosterkit.cli.main import run
from rosterkit.demo.products import DAY
from rosterkit.errors import Refused, UsageError
from rosterkit.feeds.results import without_personal_values


def send(workspace: Workspace, feed: str) -> None:
    workspace.feed_build(feed, DAY)
    for step in workspace.checklist(feed).blocking:
        workspace.checklist_done(feed, step.item.name, note="done", actor="lena")
    workspace.feed_approve(feed, reason="compared with the registrar", actor="lena")


def returned(workspace: Workspace, name: str, more: dict[str, str], header: str) -> Path:
    """Rows of the sent file, by their start, with what the vendor adds on the right."""
    (sent,) = workspace.folder.glob(f"products/**/{name}")
    head, *rows = sent.read_text(encoding="utf-8").splitlines()
    lines = [f"{head},{header}"]
    lines += [f"{row},{answer}" for start, answer in more.items() for row in rows if start in row]
    assert len(lines) == len(more) + 1
    path = workspace.folder / f"returned_{name}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


FAILED = {
    "310213": 'error,"email_address yara.benoit@kestrelbay.example has already been taken"',
    "310356": 'error,"Attempted to update auth_identifier from hamish.r to hamish.rennie"',
    "310369": 'error,"Djamila Cherif: school_year_name is invalid"',
}


def test_failed_rows_of_handshake_stand_on_the_record_and_on_a_list(products: Workspace) -> None:
    send(products, "jobs")
    file = returned(products, "20260914_users.csv", FAILED, "status,message")
    found = products.feed_results("jobs", [file], actor="lena")
    assert [(one.sourced_id, one.line, one.answer) for one in found] == [
        ("s-1", 2, "error"),
        ("s-12", 3, "error"),
        ("s-13", 4, "error"),
    ]
    explained = products.explain("User", "s-1")
    (answer,) = explained.answers
    assert (answer.feed, answer.message) == ("jobs", "email_address … has already been taken")
    assert products.explain("User", "s-2").answers == ()


def test_no_personal_value_of_the_vendors_message_is_kept(products: Workspace) -> None:
    send(products, "jobs")
    found = products.feed_results(
        "jobs", [returned(products, "20260914_users.csv", FAILED, "status,message")], actor="l"
    )
    text = " ".join(one.message for one in found)
    assert "school_year_name is invalid" in text
    for value in ("yara", "@", "hamish", "Djamila", "Cherif", "310213"):
        assert value not in text, value


def test_a_newer_answer_takes_the_place_of_the_older_one(products: Workspace) -> None:
    send(products, "jobs")
    products.feed_results("jobs", [returned(products, "20260914_users.csv", FAILED, "status,message")], actor="lena")
    one = {"310356": "error,first_name can't be blank"}
    products.feed_results("jobs", [returned(products, "20260914_users.csv", one, "status,message")], actor="lena")
    assert [answer.sourced_id for answer in products.feed_results("jobs")] == ["s-12"]
    assert products.explain("User", "s-1").answers == ()


def test_the_result_column_of_connect_is_read_for_users_and_for_guardians(products: Workspace) -> None:
    send(products, "messages")
    users = {"s-2,": "ok,UPDATED", "t-1,": "Email is used by another account,FAILED"}
    guardians = {"s-8,": "No way to reach this guardian,", "s-1,": "ok,CREATED"}
    files = [
        returned(products, "users.csv", users, "result,action"),
        returned(products, "guardians.csv", guardians, "result,action"),
    ]
    found = products.feed_results("messages", files, actor="lena")
    assert [(one.sourced_id, one.message) for one in found] == [
        ("g-7", "No way to reach this guardian"),
        ("t-1", "Email is used by another account"),
    ]


def test_a_row_of_somebody_who_was_not_sent_is_on_the_list_without_a_name(products: Workspace) -> None:
    send(products, "jobs")
    file = returned(products, "20260914_users.csv", {"310213": "error,no"}, "status,message")
    file.write_text(file.read_text(encoding="utf-8").replace("310213", "999999"), encoding="utf-8")
    (found,) = products.feed_results("jobs", [file], actor="lena")
    assert (found.sourced_id, found.line) == ("", 2)


def test_what_is_no_answer_of_the_vendor_is_refused_and_changes_nothing(products: Workspace, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="is no file of failed rows"):
        products.feed_results("jobs", [other], actor="lena")
    with pytest.raises(UsageError, match="is no result of Connect's"):
        products.feed_results("messages", [other], actor="lena")
    for feed in ("careers", "app"):
        with pytest.raises(UsageError, match="returns no file about single rows"):
            products.feed_results(feed, [other], actor="lena")
    answer = tmp_path / "answer.csv"
    answer.write_text("username,status,message\n1,error,no\n")
    with pytest.raises(Refused, match="Nothing of the feed jobs was sent yet"):
        products.feed_results("jobs", [answer], actor="lena")


def test_the_command_lists_writes_a_work_list_and_answers_with_an_exit_code(
    products: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    send(products, "jobs")
    file = returned(products, "20260914_users.csv", FAILED, "status,message")
    base = ["-C", str(products.folder)]
    assert run([*base, "feed", "results", "jobs"]) == 0
    assert run([*base, "feed", "results", "jobs", str(file), "--as", "lena"]) == 1
    assert "3 rows could not be imported" in capsys.readouterr().out
    assert run([*base, "feed", "results", "jobs", "-o", str(tmp_path / "list.csv")]) == 1
    assert (tmp_path / "list.csv").read_text().splitlines()[0] == "source,sourced_id,file,line,answer,message"
    assert run([*base, "feed", "results", "jobs", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["answers"]) == 3
    assert run([*base, "explain", "User", "s-12"]) == 0
    assert "What products could not import" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Attempted to update email from a@b.example to c@d.example", "Attempted to update email from … to …"),
        ("card 000991234 was given to (360) 555-0141", "card … was given to …"),
        ("Ana Sorel: name is too long", "… …: name is too long"),
        ("row 12 of 90", "row 12 of 90"),
    ],
)
def test_what_is_personal_in_a_message_is_taken_out(message: str, kept: str) -> None:
    assert without_personal_values(message, ["Ana", "Sorel", "03", message]) == kept
