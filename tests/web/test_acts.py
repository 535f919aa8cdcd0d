"""What reviewers do on the pages: each act, who sees what the other wrote, and the audit log."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest
from pages import DAYS, ONE_SCHOOL, Client

from providers.one_sis.district import generated
from providers.one_sis.shapes import package
from rosterkit import Workspace
from rosterkit.store import access
from rosterkit.store.runs import held_by
from rosterkit.testing.package import write_package

BETWEEN = "\x1f"


def message_on(client: Client, path: str) -> str:
    """What the page says was done, or why it was refused."""
    found = re.search(r'class="(?:told|refusal)" role="(?:status|alert)">([^<]*)', client.get(path).text)
    return found[1] if found else ""


def state(workspace: Workspace) -> str:
    return workspace.plans()[0].state


@pytest.fixture
def plan(client: Client, workspace: Workspace) -> str:
    client.log_in("approver")
    return workspace.plans()[0].id


def decided(client: Client, plan: str, verb: str, **data: Any) -> Any:
    client.get(f"/plans/{plan}")
    return client.post(f"/plans/{plan}/{verb}", {"seen": client.hidden("seen"), "reason": "checked", **data})


def test_a_plan_is_approved_with_a_reason(client: Client, workspace: Workspace, plan: str) -> None:
    assert decided(client, plan, "approve").status_code == 303
    assert state(workspace) == "approved"
    page = client.get(f"/plans/{plan}").text
    assert "The plan is approved." in page
    assert "Approved by approver: checked" in page
    assert "The plan is approved." not in client.get(f"/plans/{plan}").text


def test_a_plan_names_the_tables_that_did_not_come(client: Client, workspace: Workspace, plan: str) -> None:
    short = shutil.copytree(workspace.folder / "packages" / "day-2", workspace.folder / "short")
    (short / "enrollments.csv").unlink()
    later = workspace.plan(short, as_of=DAYS["day-2"])
    assert "Enrollment is absent (" in client.get(f"/plans/{later.id}").text


def test_a_plan_is_rejected(client: Client, workspace: Workspace, plan: str) -> None:
    assert decided(client, plan, "reject").status_code == 303
    assert state(workspace) == "rejected"
    assert "Decide on the whole plan" not in client.get(f"/plans/{plan}").text


@pytest.mark.parametrize("missing", ["reason", "seen"])
def test_a_decision_without_reason_or_stamp_is_refused(
    client: Client, workspace: Workspace, plan: str, missing: str
) -> None:
    answer = decided(client, plan, "approve", **{missing: " "}) if missing == "reason" else None
    if answer is None:
        client.get(f"/plans/{plan}")
        answer = client.post(f"/plans/{plan}/approve", {"reason": "checked"})
    assert answer.status_code == 400
    assert state(workspace) == "proposed"


def test_two_reviewers_at_once_do_not_overwrite_each_other(
    client: Client, address: str, workspace: Workspace, plan: str
) -> None:
    with Client(address) as other:
        other.log_in("leader")
        other.get(f"/plans/{plan}")
        seen = other.hidden("seen")
        decided(client, plan, "reject")
        answer = other.post(f"/plans/{plan}/approve", {"seen": seen, "reason": "fine by me"})
    assert answer.status_code == 409
    assert "Somebody decided on this after you opened it." in answer.text or "was rejected" in answer.text
    assert state(workspace) == "rejected"


def test_the_second_approver_sees_what_the_first_wrote(
    client: Client, address: str, workspace: Workspace, plan: str
) -> None:
    path = workspace.folder / "rosterkit.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("# approvers = 1", "approvers = 2"), encoding="utf-8")
    decided(client, plan, "approve", reason="numbers compared with the office")
    assert message_on(client, f"/plans/{plan}") == "You approved the plan. One more person must approve it."
    assert state(workspace) == "proposed"
    assert decided(client, plan, "approve").status_code == 409
    with Client(address) as other:
        other.log_in("leader")
        assert "numbers compared with the office" in other.get(f"/plans/{plan}").text
        decided(other, plan, "approve")
    assert state(workspace) == "approved"


def held_record(client: Client, plan: str, code: str) -> str:
    """The value of the first box of a change that is held so."""
    client.get(f"/plans/{plan}?held={code}")
    found = re.search(r'name="record" value="([^"]+)"', client.page)
    assert found
    return found[1].replace("&#31;", BETWEEN)


def test_a_held_change_is_approved_for_the_next_plan(client: Client, workspace: Workspace, plan: str) -> None:
    record = held_record(client, plan, "limit")
    answer = client.post(
        f"/plans/{plan}/decide",
        {"seen": client.hidden("seen"), "act": "approve-held", "reason": "they moved", "record": record},
    )
    assert answer.status_code == 303
    key = record.split(BETWEEN)[2]
    assert [one.freed for one in workspace.decisions(plan)] == [1]
    package = workspace.folder / "packages" / "day-2"
    again = workspace.show(workspace.plan(package, as_of=DAYS["day-2"]).id)
    assert again.lines.filter((again.lines["sourced_id"] == key) & (again.lines["held"] == "limit")).is_empty()


def test_a_case_is_decided_by_itself(client: Client, workspace: Workspace, plan: str) -> None:
    record = held_record(client, plan, "case")
    client.post(
        f"/plans/{plan}/decide",
        {"seen": client.hidden("seen"), "act": "approve-held", "reason": "the same person", "record": record},
    )
    assert "1 change is approved for the next plan." in message_on(client, f"/plans/{plan}")
    assert [one.reason for one in workspace.decisions(plan)] == ["the same person"]


def test_a_case_of_another_person_is_kept_out_and_waits_for_nobody(
    client: Client, workspace: Workspace, plan: str
) -> None:
    record = held_record(client, plan, "case")
    assert "It is wrong: hold" in client.page
    assert "may be another person" in client.get("/").text
    client.get(f"/plans/{plan}?held=case")
    data = {"seen": client.hidden("seen"), "act": "hold", "reason": "a new pupil has the old id", "record": record}
    client.post(f"/plans/{plan}/decide", data)
    assert "may be another person" not in client.get("/").text
    again = workspace.plan(workspace.folder / "packages" / "day-2", as_of=DAYS["day-2"])
    lines = workspace.show(again.id).lines
    assert set(lines.filter(lines["sourced_id"] == record.split(BETWEEN)[2])["held"]) == {"case"}
    with workspace.reading() as connection:  # of which status and notices speak
        before, after = (held_by(connection, one)["case"] for one in (plan, again.id))
    assert (before, after) == (0, 0)
    workspace.release(*record.split(BETWEEN)[::2][:2], reason="asked", actor="kim")
    with workspace.reading() as connection:
        assert held_by(connection, again.id)["case"] == 1
    assert "may be another person" in client.get("/").text


def doubtful(workspace: Workspace) -> str:
    """A plan in which stu-1012 comes as new-1012, with another name."""
    package = workspace.folder / "packages" / "day-2"
    for path in package.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("stu-1012", "new-1012")
        path.write_text(text.replace("Nokomis", "Bram").replace("Redcloud", "Sund"), encoding="utf-8")
    return workspace.plan(package, as_of=DAYS["day-2"]).id


def matched(client: Client, plan: str, stored: str) -> Any:
    client.get(f"/plans/{plan}?held=case&entity=User&action=create")
    boxes = re.findall(r'name="record" value="([^"]+)"', client.page)
    record = next(box for box in boxes if "&#31;new-1012&#31;" in box).replace("&#31;", BETWEEN)
    form = {"seen": client.hidden("seen"), "act": "match", "reason": "married", "record": record, "stored": stored}
    return client.post(f"/plans/{plan}/decide", form)


def test_a_new_person_is_said_to_be_a_stored_one(client: Client, workspace: Workspace) -> None:
    client.log_in("approver")
    plan = doubtful(workspace)
    page = client.get(f"/plans/{plan}?held=case").text
    assert "<option>stu-1012</option>" in page
    assert "It may be" in page
    with access.opened(workspace.folder) as connection:
        assert "User stu-1012" in access.entries(connection, limit=1)[0].records
    assert matched(client, plan, "stu-1001").status_code == 400
    assert matched(client, plan, "stu-1012").status_code == 303
    assert message_on(client, f"/plans/{plan}").startswith("new-1012 is the stored person stu-1012")
    users = workspace.show(doubtful(workspace)).lines.filter(entity="User", field="sourced_id")
    assert users.select("before", "after").rows() == [("stu-1012", "new-1012")]


def test_who_sees_one_school_is_not_told_of_a_stored_person(client: Client, workspace: Workspace) -> None:
    plan = doubtful(workspace)
    client.log_in(ONE_SCHOOL)
    assert "It is the stored person" not in client.get(f"/plans/{plan}?held=case").text
    assert "stu-1012" not in client.get("/findings?rule=identity.unclear-person").text
    assert matched(client, plan, "stu-1012").status_code == 404


def test_every_held_change_of_one_kind_is_approved(client: Client, workspace: Workspace, plan: str) -> None:
    client.get(f"/plans/{plan}")
    group = re.findall(r'<option value="(\w+ archive)">', client.page)[0]
    data = {"seen": client.hidden("seen"), "act": "approve-held", "group": group, "reason": "a school closed"}
    assert client.post(f"/plans/{plan}/decide", data).status_code == 303
    assert workspace.decisions(plan)[0].freed > 0


def test_many_changes_are_held_and_released_at_once(client: Client, workspace: Workspace, plan: str) -> None:
    client.get(f"/plans/{plan}?action=update")
    records = [one.replace("&#31;", BETWEEN) for one in re.findall(r'name="record" value="([^"]+)"', client.page)]
    assert len(records) > 3
    data = {"seen": client.hidden("seen"), "act": "hold", "reason": "ask the school", "record": records}
    client.post(f"/plans/{plan}/decide", data)
    assert f"{len(records)} changes are held." in message_on(client, f"/plans/{plan}")
    mine = [hold for hold in workspace.holds() if hold.code == "person"]
    assert {hold.reason for hold in mine} == {"ask the school"}
    assert {hold.actor for hold in mine} == {"approver"}
    client.get(f"/plans/{plan}?action=update")
    again = [one.replace("&#31;", BETWEEN) for one in re.findall(r'name="record" value="([^"]+)"', client.page)]
    data = {"seen": client.hidden("seen"), "act": "release", "reason": "asked", "record": again}
    client.post(f"/plans/{plan}/decide", data)
    assert [hold for hold in workspace.holds() if hold.code == "person"] == []


def test_a_hold_that_somebody_changed_meanwhile_is_refused_and_says_why(
    client: Client, workspace: Workspace, plan: str
) -> None:
    client.get(f"/plans/{plan}?action=update")
    record = re.findall(r'name="record" value="([^"]+)"', client.page)[0].replace("&#31;", BETWEEN)
    entity, _, key, _ = record.split(BETWEEN)
    seen = client.hidden("seen")
    workspace.hold(entity, key, reason="custody", actor="maria")
    client.post(f"/plans/{plan}/decide", {"seen": seen, "act": "hold", "reason": "x", "record": record})
    assert "0 changes are held. 1 was refused: Somebody decided on this after" in message_on(client, f"/plans/{plan}")


def test_a_feed_file_is_approved_as_it_was_looked_at(client: Client, workspace: Workspace, plan: str) -> None:
    decided(client, plan, "approve")
    workspace.apply(plan, actor="kim")
    path = workspace.folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("# extensions = true", "extensions = false"), encoding="utf-8")
    workspace = Workspace(workspace.folder)
    workspace.feed_build("oneroster", DAYS["day-2"])
    page = client.get("/feeds/oneroster").text
    assert "A file waits for a person" in page
    looked_at = client.hidden("seen")
    workspace.feed_reject("oneroster", reason="not yet", actor="maria")
    workspace.feed_build("oneroster", DAYS["day-2"])
    stale = client.post("/feeds/oneroster/approve", {"seen": looked_at, "reason": "compared"})
    assert stale.status_code == 409
    client.get("/feeds/oneroster")
    assert (
        client.post("/feeds/oneroster/approve", {"seen": client.hidden("seen"), "reason": "compared"}).status_code
        == 303
    )
    newest = workspace.feed_log("oneroster")[0]
    assert (newest.arrived, newest.actor, newest.reason) == (True, "approver", "compared")


def test_every_view_of_and_act_on_a_record_is_in_the_audit_log(client: Client, workspace: Workspace, plan: str) -> None:
    client.get("/record?entity=User&id=stu-1001")
    data = {"entity": "User", "id": "stu-1001", "seen": client.hidden("seen"), "back": "/", "reason": "custody"}
    client.post("/record/hold", data)
    client.get("/people?q=stu-1001")
    client.get("/record?entity=Class&id=cls-hr-3")
    with access.opened(workspace.folder) as connection:
        found = access.entries(connection, record="stu-1001")
    assert [(one.actor, one.action, one.verb) for one in found] == [
        ("approver", "view", "class"),
        ("approver", "view", "people"),
        ("approver", "act", "hold"),
        ("approver", "view", "record"),
    ]
    assert "Quispe" not in str(found)
    assert "User stu-1001" in client.get("/audit-log?record=stu-1001").text


def test_sources_are_compared_on_the_page(client: Client, plan: str) -> None:
    client.get("/compare")
    assert client.post("/compare", {}).status_code == 303
    page = client.get("/compare/page")
    assert "Sources compared on" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "sandbox" in page.headers["content-security-policy"]


def test_a_source_whose_packages_come_from_a_place_is_compared_too(
    client: Client, workspace: Workspace, plan: str
) -> None:
    folder = workspace.folder / "sent"
    folder.mkdir()
    write_package(folder / "roster.zip", package(generated(folder, 40)))
    text = (
        '[sources.main]\nkind = "oneroster"\nplace = { transport = "folder", path = "sent" }\n'
        "packages = { quiet_seconds = 0 }\n"
    )
    (workspace.folder / "rosterkit.toml").write_text(text, encoding="utf-8")
    client.get("/compare")
    assert client.post("/compare", {}).status_code == 303
    assert "is left out" not in client.get("/compare/page").text


def test_the_overview_shows_the_last_runs_or_the_plans_where_nothing_runs_by_itself(
    client: Client, workspace: Workspace, plan: str
) -> None:
    assert f"{plan}: proposed, 30 changes, 6 held." in client.get("/").text
    shutil.rmtree(workspace.folder / "packages" / "day-2")
    assert workspace.sync().state == "failed"
    page = client.get("/").text
    assert "The last runs" in page
    assert "Run 1: failed, 0 changes, 0 held." in page


def test_a_broken_settings_file_is_a_sentence(client: Client, workspace: Workspace, plan: str) -> None:
    (workspace.folder / "rosterkit.toml").write_text("timezone = 7", encoding="utf-8")
    answer = client.get("/plans")
    assert answer.status_code == 500
    assert "rosterkit validate" in answer.text
