"""What a person has not seen does not leave: after a crash, at another target, or in the place of what was checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from providers.uconnect import FEED
from rosterkit import Workspace
from rosterkit.demo.products import DAY
from rosterkit.errors import Refused
from rosterkit.store import deliveries

FEED_NAME = "careers"
NEXT = DAY.replace(day=15)


def file_of(workspace: Workspace, folder: str = "products/careers") -> Path:
    return workspace.folder / folder / "uconnect.csv"


def prepared(workspace: Workspace) -> Workspace:
    """The workspace with the vendor's checklist done."""
    for item in workspace.checklist(FEED_NAME).blocking:
        workspace.checklist_done(FEED_NAME, item.item.name, note="done", actor="kim")
    return workspace


def sent_once(workspace: Workspace) -> Workspace:
    prepared(workspace).feed_build(FEED_NAME, DAY)
    workspace.feed_approve(FEED_NAME, reason="compared with the office", actor="kim")
    return workspace


def moved(workspace: Workspace) -> Workspace:
    """The workspace with the feed's files going elsewhere."""
    settings = workspace.folder / "rosterkit.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('"products/careers"', '"elsewhere"'), encoding="utf-8")
    return Workspace(workspace.folder)


def test_a_file_that_was_to_wait_waits_after_a_crash_too(products: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = deliveries._move

    def crash(connection: Any, delivery: int, state: str, at: str, **values: object) -> None:
        if state == "waiting":
            raise KeyboardInterrupt
        real(connection, delivery, state, at, **values)

    prepared(products)
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "_move", crash)
        with pytest.raises(KeyboardInterrupt):
            products.feed_build(FEED_NAME, DAY)
    assert products.feed_send(FEED_NAME, as_of=DAY).state == "waiting"
    assert not file_of(products).exists()


def test_a_file_is_not_approved_for_one_target_and_sent_to_another(products: Workspace) -> None:
    prepared(products).feed_build(FEED_NAME, DAY)
    elsewhere = moved(products)
    with pytest.raises(Refused, match="the target changed"):
        elsewhere.feed_approve(FEED_NAME, reason="compared with the office", actor="kim")
    assert not file_of(products, "elsewhere").exists()


def test_the_first_file_for_another_target_waits_for_a_person(products: Workspace) -> None:
    elsewhere = moved(sent_once(products))
    built = elsewhere.feed_send(FEED_NAME, as_of=DAY, again=True)
    assert built.state == "waiting"
    assert "the target of the feed changed" in built.why
    assert not file_of(products, "elsewhere").exists()


def test_a_file_that_is_replaced_after_it_was_checked_is_not_sent(
    products: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "uconnect.csv"
    given.write_bytes(file_of(sent_once(products)).read_bytes().replace(b"@", b".a@"))
    checked = given.read_bytes()
    real = type(FEED).check

    def replaced(*arguments: Any) -> Any:
        verdict = real(*arguments)
        given.write_bytes(b"EMAIL\nnobody@looked.example\n")
        return verdict

    monkeypatch.setattr(type(FEED), "check", replaced)
    products.feed_send(FEED_NAME, [given], as_of=DAY, actor="kim", reason="by hand")
    newest = products.feed_log(FEED_NAME)[0]
    assert newest.origin == "given"
    assert [file.bytes for file in newest.files] == [len(checked)]


def test_who_gave_a_file_that_must_wait_for_the_vendors_clock_is_kept(products: Workspace, tmp_path: Path) -> None:
    """H20: not twice in 24 hours."""
    for item in products.checklist("jobs").blocking:
        products.checklist_done("jobs", item.item.name, note="done", actor="kim")
    products.feed_build("jobs", DAY)
    products.feed_approve("jobs", reason="compared with the office", actor="kim")
    name = products.feed_log("jobs")[0].files[0].name
    given = tmp_path / name.replace("0914", "0915")
    given.write_bytes((products.folder / "products" / "jobs" / name).read_bytes())
    assert products.feed_send("jobs", [given], as_of=NEXT, actor="omar", reason="a change").state == "checked"
    newest = products.feed_log("jobs")[0]
    assert (newest.actor, newest.reason) == ("omar", "a change")
