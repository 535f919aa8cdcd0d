"""Nobody knows whether a file arrived, or another may lie there: what is sent then, and what is taken for arrived."""

from __future__ import annotations

import signal
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sending import BEFORE, DAY, Killable, Sender
from served_places import RemotePlace, ServedHttps, ServedSftp, content

from rosterkit.delivery import delivery, sending
from rosterkit.errors import NotDelivered, UsageError

LATER = date(2026, 9, 16)
SEND = "rosterkit.store.deliveries:send"


def lose_an_answer(served: RemotePlace) -> None:
    if isinstance(served, ServedSftp):
        served.faults.lose_rename_answers = 1
    else:
        served.faults.lose_answers = ["PUT"]


def approve(sender: Sender) -> None:
    sender.ws.feed_approve("out", reason="compared", actor="kim")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_newer_build_of_what_arrived_without_an_answer_is_not_sent_again(
    remote: RemotePlace, folder_of_sender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, built anew of a newer roster."""
    sender = Sender(remote, folder_of_sender, size=3_000)
    lose_an_answer(remote)
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    monkeypatch.setattr(delivery, "is_current", lambda *_: False)
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    assert sender.newly_sent() == 1
    assert [one.state for one in sender.ws.feed_log("out")][:2] == ["verified", "failed"]


def test_another_file_of_that_size_is_not_taken_for_one_that_was_never_sent(
    sftp: ServedSftp, folder_of_sender: Path
) -> None:
    """One of another size failed, so the target is looked at; the server does not let files be read."""
    sender = Sender(sftp, folder_of_sender, size=2_000)
    sftp.faults.refuse_read, sftp.faults.cut_writes = True, [1]
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    sender.size = 3_000
    sender.target()
    sender.ws.feed_send("out", as_of=LATER)
    sftp.put("users.csv", content(3_000))
    approve(sender)
    assert sftp.there() == sender.content(LATER)


def test_another_file_of_that_size_is_not_taken_for_one_that_was_interrupted(
    sftp: ServedSftp, folder_of_sender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrived last has another size; what failed since, and lies there, has the same."""
    sender = Sender(sftp, folder_of_sender, size=2_000)
    sftp.faults.refuse_read = True
    sender.size = 3_000
    sender.target()
    sender.ws.feed_send("out", as_of=DAY)
    lose_an_answer(sftp)
    with pytest.raises(NotDelivered):
        approve(sender)
    assert sftp.there() == sender.content(DAY)
    sender.ws.feed_build("out", LATER)
    with monkeypatch.context() as crash:
        crash.setattr(sending, "_bring", interrupted)
        with pytest.raises(KeyboardInterrupt):
            approve(sender)
    assert sender.last().state == "sending"
    assert sender.ws.feed_send("out", as_of=LATER).state == "verified"
    assert sftp.there() == sender.content(LATER)


def test_what_is_unchanged_is_not_taken_for_sent_where_the_target_is_another(
    https: ServedHttps, folder_of_sender: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another address of the same host; neither lets anybody look."""
    sender = Sender(https, folder_of_sender, size=3_000)
    sender.ws.feed_send("out", as_of=DAY)
    https.faults.forbid = {"GET"}
    assert sender.ws.feed_send("out", as_of=DAY).state == "unchanged"
    monkeypatch.setenv("OTHER_ADDRESS", https.address.replace("users.csv", "other.csv"))
    sender.target(address="env:OTHER_ADDRESS")
    done = sender.ws.feed_send("out", as_of=DAY)
    assert (done.state, done.why) == ("waiting", "the settings or the target of the feed changed since the last file")
    approve(sender)
    assert https.there()["other.csv"] == sender.content(DAY)["users.csv"]


def test_what_is_unchanged_is_sent_again_where_a_failed_file_may_lie_over_it(
    https: ServedHttps, folder_of_sender: Path
) -> None:
    """Nobody may look, and the answer to a newer file was lost: it may lie there."""
    sender = Sender(https, folder_of_sender, size=3_000)
    https.faults.forbid = {"GET"}
    lose_an_answer(https)
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    assert https.there() == sender.content(DAY)
    assert sender.ws.feed_send("out", as_of=BEFORE).state == "verified"
    assert https.there() == sender.content(BEFORE)


def test_what_was_interrupted_at_another_target_is_not_looked_for_at_this_one(
    sftp: ServedSftp, folder_of_sender: Path, killable: Killable
) -> None:
    sender = Sender(sftp, folder_of_sender, size=3_000)
    killed = killable.order(sender.folder, DAY, {"at": SEND, "when": "after"})
    assert killed["signal"] == signal.SIGKILL
    (sftp.root / "other").mkdir()
    sftp.put("other/users.csv", sender.content(DAY)["users.csv"])
    sender.target(path="other")
    assert sender.ws.feed_send("out", as_of=DAY).state == "waiting"
    assert [one.state for one in sender.ws.feed_log("out")] == ["waiting", "failed", "verified"]


def test_what_a_person_approved_leaves_on_another_day_too(sftp: ServedSftp, folder_of_sender: Path) -> None:
    """A first file that did not arrive: the next run sends these bytes, and nobody has to look at them again."""
    sender = Sender(sftp, folder_of_sender, size=3_000, first=False)
    sender.ws.feed_build("out", BEFORE)
    sftp.faults.cut_writes = [1]
    with pytest.raises(NotDelivered):
        approve(sender)
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    assert sftp.there() == sender.content(BEFORE)


def test_a_file_of_a_name_that_cannot_be_sent_is_refused_before_it_is_recorded(
    folder: Any, folder_of_sender: Path, tmp_path: Path
) -> None:
    sender = Sender(folder, folder_of_sender, size=3_000)
    before = len(sender.ws.feed_log("out"))
    path = tmp_path / ".users.csv"
    path.write_bytes(b"sourcedId\n17\n")
    with pytest.raises(UsageError, match="is no plain file name"):
        sender.ws.feed_send("out", [path], as_of=DAY, actor="kim", reason="sent by hand")
    assert len(sender.ws.feed_log("out")) == before
