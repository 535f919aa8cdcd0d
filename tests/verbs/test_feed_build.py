"""``feed build``: files of the newest revision at their target, with a receipt; a person looks at what is unusual."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from providers.oneroster import FEED
from rosterkit import feed_sending
from rosterkit.errors import Busy, Refused, UsageError
from rosterkit.feeds.base import Outcome, Verdict
from rosterkit.results import FeedReceipt
from rosterkit.roster import findings

DAY = date(2026, 9, 15)


def build(desk: Any) -> FeedReceipt:
    made: FeedReceipt = desk.ws.feed_build(as_of=DAY)
    return made


def approve(desk: Any) -> None:
    desk.ws.feed_approve(reason="compared with the office", actor="kim")


def sent(desk: Any) -> dict[str, bytes]:
    """The files as they lie at the target, after a build that a person approves where that is needed."""
    receipt = build(desk)
    if receipt.state == "waiting":
        approve(desk)
    out = {name: (Path(receipt.target) / name).read_bytes() for name, *_ in receipt.files}
    for name, _, size, sha256 in receipt.files:
        assert (len(out[name]), hashlib.sha256(out[name]).hexdigest()) == (size, sha256)
    return out


def lying(desk: Any) -> list[str]:
    outbox = desk.ws.folder / "outbox" / "oneroster"
    return sorted(path.name for path in outbox.iterdir()) if outbox.exists() else []


def states(desk: Any) -> list[str]:
    return [delivery.state for delivery in desk.ws.feed_log()]


def test_a_first_file_waits_for_a_person_and_then_exactly_these_bytes_are_sent(desk: Any) -> None:
    receipt = build(desk)
    assert (receipt.state, receipt.why) == ("waiting", "it is the first file of this feed")
    assert lying(desk) == []
    approve(desk)
    assert lying(desk) == ["oneroster.receipt.json", "oneroster.zip"]
    (delivery,) = desk.ws.feed_log()
    assert (delivery.state, delivery.actor, delivery.reason) == ("verified", "kim", "compared with the office")
    assert hashlib.sha256((Path(receipt.target) / "oneroster.zip").read_bytes()).hexdigest() == receipt.files[0][3]


def test_after_the_first_file_the_next_one_is_sent_at_once(desk: Any, tonight: Any) -> None:
    sent(desk)
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    assert build(desk).state == "verified"
    assert states(desk) == ["verified", "verified"]


def test_p10_the_same_revision_gives_the_same_bytes(desk: Any, tonight: Any) -> None:
    first = sent(desk)
    assert sent(desk) == first
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    assert sent(desk) != first
    desk.apply(desk.ws.undo())
    assert sent(desk) == first


def test_there_is_nothing_to_build_before_the_first_revision(new_desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        new_desk.ws.feed_build()
    assert refused.value.why == "no-revision"


def test_changed_settings_wait_for_a_person(desk: Any) -> None:
    sent(desk)
    desk.settings('# version = "1.2"', 'version = "1.1"')
    receipt = build(desk)
    assert (receipt.state, receipt.why) == ("waiting", "the settings of the feed changed since the last file")


def test_a_rejected_file_never_leaves_and_a_newer_one_supersedes_what_waits(desk: Any) -> None:
    build(desk)
    build(desk)
    assert states(desk) == ["waiting", "superseded"]
    desk.ws.feed_reject(reason="half of them are missing", actor="kim")
    assert (states(desk), lying(desk)) == (["rejected", "superseded"], [])
    with pytest.raises(Refused, match="No file of the feed oneroster waits"):
        approve(desk)


def test_what_waits_is_stale_once_the_roster_changed(desk: Any, tonight: Any) -> None:
    build(desk)
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    with pytest.raises(Refused) as refused:
        approve(desk)
    assert refused.value.why == "stale"


def test_a_paused_feed_is_neither_built_nor_sent(desk: Any) -> None:
    build(desk)
    desk.ws.feed_pause(reason="the vendor migrates", actor="kim")
    for act in (build, approve):
        with pytest.raises(Refused, match="kim paused the feed oneroster: the vendor migrates"):
            act(desk)
    desk.ws.feed_resume()
    approve(desk)
    with pytest.raises(Refused, match="is not paused"):
        desk.ws.feed_resume()


def answering(outcome: Outcome) -> Callable[..., Verdict]:
    return lambda *_: Verdict(outcome, findings.empty())


@pytest.mark.parametrize("outcome", [Outcome.IGNORED, Outcome.REJECTED])
def test_a_file_that_the_vendor_would_not_take_never_leaves(
    desk: Any, monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    sent(desk)
    before = (desk.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json").read_bytes()
    monkeypatch.setattr(type(FEED), "check", answering(outcome))
    receipt = build(desk)
    assert (receipt.state, receipt.verdict) == ("refused", str(outcome))
    assert states(desk)[0] == "refused"
    assert (desk.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json").read_bytes() == before
    with pytest.raises(Refused):
        approve(desk)


def test_a_feed_that_loses_rows_out_of_proportion_is_held_and_says_what_it_lost(desk: Any) -> None:
    sent(desk)
    with closing(sqlite3.connect(desk.ws.database)) as store, store:
        store.execute("update user set status='archived' where sourced_id < 'stu-15'")
    receipt = build(desk)
    assert (receipt.state, receipt.verdict) == ("waiting", "held")
    assert "users.csv has 5 rows, and had 20" in receipt.why
    assert receipt.compared["rows more in users.csv"] == -15


def test_the_record_comes_before_the_file_hostile_3(desk: Any) -> None:
    sent(desk)
    out = desk.ws.folder / "outbox" / "oneroster" / "oneroster.receipt.json"
    before = out.read_bytes()
    with closing(sqlite3.connect(desk.ws.database, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(Busy):
            build(desk)
        assert out.read_bytes() == before
        other.execute("rollback")


def test_what_could_not_be_sent_is_recorded_as_failed(desk: Any) -> None:
    sent(desk)
    outbox = desk.ws.folder / "outbox" / "oneroster"
    for path in outbox.iterdir():
        path.unlink()
    outbox.rmdir()
    outbox.write_text("a file in the way")
    with pytest.raises(UsageError, match="Name another path"):
        build(desk)
    assert states(desk) == ["failed", "verified"]


def test_identifiers_that_were_sent_are_in_the_ledger(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(FEED), "identifiers", lambda *_: {"username": "username"})
    given: list[Any] = []
    monkeypatch.setattr(feed_sending, "entries", lambda *_: _entries())
    monkeypatch.setattr(type(FEED), "build", _watching(type(FEED).build, given))
    sent(desk)
    sent(desk)
    assert [ledger.rows() for ledger in given] == [[], [("main/stu-01", "username", "stu-01")]]


def _entries() -> Any:
    import polars as pl

    return pl.DataFrame({"user": ["main/stu-01"], "kind": ["username"], "value": ["stu-01"]})


def _watching(build_: Any, given: list[Any]) -> Any:
    def watched(self: Any, roster: Any, settings: Any, context: Any) -> Any:
        given.append(context.ledger)
        return build_(self, roster, settings, context)

    return watched


def test_check_says_how_the_vendor_would_take_files_and_changes_nothing(desk: Any, tmp_path: Path) -> None:
    assert desk.ws.feed_check(as_of=DAY).verdict == "accepted"
    assert states(desk) == []
    bad = tmp_path / "bad.zip"
    bad.write_bytes(b"PK")
    assert desk.ws.feed_check("oneroster", [bad]).verdict == "rejected"
    with pytest.raises(UsageError, match="is not a file"):
        desk.ws.feed_check("oneroster", [tmp_path / "none.zip"])


def test_a_feed_goes_to_the_place_of_its_target(desk: Any, tmp_path: Path) -> None:
    text = (desk.ws.folder / "rosterkit.toml").read_text()
    place = f'[feeds.oneroster.target]\ntransport = "folder"\npath = "{tmp_path / "drop"}"\n'
    (desk.ws.folder / "rosterkit.toml").write_text(text + "\n" + place)
    desk.ws = type(desk.ws)(desk.ws.folder)
    build(desk)
    approve(desk)
    assert [path.name for path in (tmp_path / "drop").iterdir()] == ["oneroster.zip"]
    assert desk.ws.feed_log()[0].target == str(tmp_path / "drop")
