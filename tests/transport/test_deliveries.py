"""One suite of deliveries for all targets, from the workspace to a real server: never twice, never half, never lost.

What was sent is counted at the server. A reader looks at each step and must never see a part of a file.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from depth import DEEP
from sending import BEFORE, DAY, Killable, Sender
from served_places import RemotePlace, ServedPlace, ServedS3, ServedSftp

from rosterkit.errors import NotDelivered, UsageError

MIB = 1 << 20
SIZES = {"folder": 2_500_000, "sftp": 2_500_000, "s3": 6 * MIB, "https": 2_500_000}
BLOCK = {"folder": MIB, "sftp": MIB, "s3": 5 * MIB, "https": MIB}
STORE = "rosterkit.store.deliveries"
MOMENTS: dict[str, dict[str, Any]] = {
    "before it is recorded": {"at": f"{STORE}:record", "when": "before"},
    "built": {"at": f"{STORE}:record", "when": "after"},
    "checked": {"at": f"{STORE}:check", "when": "after"},
    "sending, before the first byte": {"at": f"{STORE}:send", "when": "after"},
    "sending, at the first byte": {"bytes": 1},
    "sending, at the last byte": {"bytes": 2_500_000},
    "arrived, before it is recorded": {"at": f"{STORE}:arrived", "when": "before"},
    "arrived and recorded": {"at": f"{STORE}:arrived", "when": "after"},
}


AT_THE_PLACE = ("sending, at the last byte", "arrived, before it is recorded")
"""Where one kind of place may do otherwise than another; of the rest one kind is enough in an ordinary run."""


@pytest.mark.deep
@pytest.mark.parametrize(
    ("kind", "moment"),
    [(kind, moment) for kind in SIZES for moment in MOMENTS if DEEP or kind == "sftp" or moment in AT_THE_PLACE],
)
def test_a_run_that_is_killed_in_any_state_is_ended_by_the_next(
    kind: str, moment: str, request: pytest.FixtureRequest, folder_of_sender: Path, killable: Killable
) -> None:
    served: ServedPlace = request.getfixturevalue(kind)
    sender = Sender(served, folder_of_sender, size=SIZES[served.kind] if "byte" in moment else 3_000)
    once = 0 if served.kind == "folder" else 1  # a folder has no server that counts
    with sender.reader() as reader:
        killed = killable.order(sender.folder, DAY, MOMENTS[moment])
        assert killed == {"signal": signal.SIGKILL, "raised": ""}
        ended = killable.order(sender.folder, DAY)
        assert ended == {"signal": 0, "raised": ""}
    assert served.there() == sender.content(DAY)  # not lost
    assert sender.newly_sent() == once  # not twice
    assert reader.wrong == []  # not half
    assert reader.looks
    arrived = [one for one in sender.ws.feed_log("out") if one.arrived and one.as_of == DAY]
    assert [one.state for one in arrived] == ["verified"]


def test_what_arrived_is_not_sent_again(served: ServedPlace, folder_of_sender: Path) -> None:
    sender = Sender(served, folder_of_sender, size=3_000)
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    assert sender.ws.feed_send("out", as_of=DAY).state == "unchanged"
    assert sender.newly_sent() == (0 if served.kind == "folder" else 1)
    assert sender.ws.feed_send("out", as_of=DAY, again=True).state == "verified"
    assert sender.newly_sent() == (0 if served.kind == "folder" else 2)


def test_what_was_taken_away_from_the_target_is_sent_again(s3: ServedS3, folder_of_sender: Path) -> None:
    sender = Sender(s3, folder_of_sender, size=3_000)
    s3.aws.delete_object(Bucket=s3.bucket, Key="in/users.csv")
    assert sender.ws.feed_send("out", as_of=BEFORE).state == "verified"
    assert s3.there() == sender.content(BEFORE)


@pytest.mark.parametrize("call", [1, 2])
def test_a_run_that_is_killed_between_two_files_sends_only_the_other(
    sftp: ServedSftp, folder_of_sender: Path, killable: Killable, call: int
) -> None:
    sender = Sender(sftp, folder_of_sender, size=30_000, files=2)
    kill = {"at": "rosterkit.transport.sftp:SftpWire._rename", "when": "after", "call": call}
    assert killable.order(sender.folder, DAY, kill)["signal"] == signal.SIGKILL
    assert killable.order(sender.folder, DAY) == {"signal": 0, "raised": ""}
    assert sftp.there() == sender.content(DAY)
    assert sender.newly_sent() == 2


@pytest.mark.parametrize("call", [1, 2])
def test_a_run_that_is_killed_while_it_swaps_a_folder(
    folder: Any, folder_of_sender: Path, killable: Killable, call: int
) -> None:
    sender = Sender(folder, folder_of_sender, size=30_000, files=2, subfolder="current")
    kill = {"at": "pathlib:Path.replace", "when": "after", "call": call}
    assert killable.order(sender.folder, DAY, kill)["signal"] == signal.SIGKILL
    assert killable.order(sender.folder, DAY) == {"signal": 0, "raised": ""}
    assert folder.there() == {f"current/{name}": content for name, content in sender.content(DAY).items()}
    assert sender.last().state == "verified"


def drops(kind: str) -> list[int]:
    """Where connections are dropped: at the ends and after a block; in a deep run around each block's ends.

    An ordinary run looks at both ends by SFTP; of HTTPS at the middle, of S3 at the second of two parts.
    """
    size, block = SIZES[kind], BLOCK[kind]
    if not DEEP:
        return {"sftp": [0, block, size - 1], "https": [block], "s3": [size - 1]}[kind]
    block = min(block, 1 << 17)
    edges = [at for edge in range(block, size, block) for at in (edge - 1, edge, edge + 1)]
    return [0, 1, *edges, size - 1]


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "at"), [(kind, at) for kind in ("sftp", "s3", "https") for at in drops(kind)])
def test_a_dropped_connection_is_a_failed_delivery_that_the_next_run_ends(
    kind: str, at: int, request: pytest.FixtureRequest, folder_of_sender: Path
) -> None:
    served: RemotePlace = request.getfixturevalue(kind)
    sender = Sender(served, folder_of_sender, size=SIZES[kind])
    with sender.reader() as reader:
        served.faults.cut_writes = (
            [at] if kind != "s3" else [min(at, 5 * MIB)] if at <= 5 * MIB else [None, at - 5 * MIB]
        )
        if isinstance(served, ServedSftp):
            served.server.seen.written = 0  # what the day before took
        with pytest.raises(NotDelivered, match="lost"):
            sender.ws.feed_send("out", as_of=DAY)
        assert (sender.last().state, sender.last().runs) == ("failed", 1)
        assert served.there() == sender.content(BEFORE)
        done = sender.ws.feed_send("out", as_of=DAY)
    assert done.state == "verified"
    assert sender.last().runs == 2
    assert served.there() == sender.content(DAY)
    assert sender.newly_sent() == 1
    assert reader.wrong == []


def test_an_answer_that_was_lost_is_looked_up(remote: RemotePlace, folder_of_sender: Path) -> None:
    sender = Sender(remote, folder_of_sender, size=3_000)
    if isinstance(remote, ServedSftp):
        remote.faults.lose_rename_answers = 1
    else:
        remote.faults.lose_answers = ["PUT"]
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    assert remote.there() == sender.content(DAY)
    done = sender.ws.feed_send("out", as_of=DAY)
    assert done.state == "verified"
    assert sender.newly_sent() == 1


def test_a_server_that_lies_about_sizes_is_a_failed_delivery(sftp: ServedSftp, folder_of_sender: Path) -> None:
    sender = Sender(sftp, folder_of_sender, size=3_000)
    sftp.faults.missing_bytes = 2
    with pytest.raises(NotDelivered, match="the server holds"):
        sender.ws.feed_send("out", as_of=DAY)
    assert (sender.last().state, sftp.there()) == ("failed", sender.content(BEFORE))


def test_a_server_that_refuses_renames_is_a_failed_delivery_with_the_remedy(
    sftp: ServedSftp, folder_of_sender: Path
) -> None:
    sender = Sender(sftp, folder_of_sender, size=3_000)
    sftp.faults.refuse_rename = True
    with pytest.raises(UsageError, match="rename = false"):
        sender.ws.feed_send("out", as_of=DAY)
    assert (sender.last().state, sftp.there()) == ("failed", sender.content(BEFORE))
    sender.target(rename=False)
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    assert "written in place" in sender.last().files[0].why
    assert sftp.there() == sender.content(DAY)


def test_a_server_that_fills_up_keeps_what_lay_there(remote: RemotePlace, folder_of_sender: Path) -> None:
    sender = Sender(remote, folder_of_sender, size=3_000)
    if isinstance(remote, ServedSftp):
        remote.faults.full_after = remote.server.seen.written + 1_000
    else:
        remote.faults.answers = [(507, {}, b"")]
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    assert (sender.last().state, remote.there()) == ("failed", sender.content(BEFORE))
    if isinstance(remote, ServedSftp):
        remote.faults.full_after = None
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    assert remote.there() == sender.content(DAY)


def test_a_key_that_may_only_write_is_verified_by_the_checksum(s3: ServedS3, folder_of_sender: Path) -> None:
    sender = Sender(s3, folder_of_sender, size=3_000)
    s3.faults.forbid = {"GET", "HEAD"}
    assert sender.ws.feed_send("out", as_of=DAY).state == "verified"
    (file,) = sender.last().files
    assert (file.verified, file.why) == ("checksum", "the key may not read")


def test_what_could_not_be_verified_is_stated_and_a_person_may_confirm_it(https: Any, folder_of_sender: Path) -> None:
    sender = Sender(https, folder_of_sender, size=3_000)
    https.server.states_checksum = False
    https.faults.forbid = {"GET"}
    assert sender.ws.feed_send("out", as_of=DAY).state == "sent"
    assert sender.last().files[0].verified == "not verifiable"
    done = sender.ws.feed_confirm("out", reason="seen in its dashboard", actor="noor")
    assert (done.state, done.actor) == ("verified", "noor")


def test_a_target_that_cannot_be_looked_at_leaves_the_delivery_as_it_is(
    remote: RemotePlace, folder_of_sender: Path, killable: Killable
) -> None:
    sender = Sender(remote, folder_of_sender, size=3_000)
    killable.order(sender.folder, DAY, {"at": f"{STORE}:arrived", "when": "before"})
    remote.server.close()
    with pytest.raises(NotDelivered):
        sender.ws.feed_send("out", as_of=DAY)
    assert sender.last().state == "sending"
    assert set(sender.ws.feed_alarms()["rule"]) >= {"delivery.interrupted"}


def test_an_interrupted_file_of_older_settings_is_not_sent_any_more(
    sftp: ServedSftp, folder_of_sender: Path, killable: Killable
) -> None:
    sender = Sender(sftp, folder_of_sender, size=3_000)
    killable.order(sender.folder, DAY, {"at": f"{STORE}:send", "when": "after"})
    sender.size = 3_001
    sender.target()
    done = sender.ws.feed_send("out", as_of=DAY)
    assert (done.state, done.why) == ("waiting", "the settings or the target of the feed changed since the last file")
    assert [one.state for one in sender.ws.feed_log("out")] == ["waiting", "failed", "verified"]
    assert sender.newly_sent() == 0
