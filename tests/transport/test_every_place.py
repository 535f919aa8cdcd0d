"""One suite that every kind of place passes: listing, fetching and delivering."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from depth import DEEP
from served_places import RemotePlace, ServedPlace, content

from rosterkit.errors import NotDelivered, Refused, SourceUnreadable, UsageError
from rosterkit.transport import Outgoing, RemoteFile
from rosterkit.transport.patience import somebody_waits

ROSTER = b"sourcedId,givenName\n17,Amara\n"
SIZE = 2_500_000  # more than two blocks of 1 MiB
NEAR_BLOCKS = [1, 1 << 20, SIZE] + [2, (1 << 20) - 1, (1 << 20) + 1, 2 << 20, SIZE - 1] * DEEP


def test_a_delivered_file_lies_there_and_its_arrival_is_described(served: ServedPlace) -> None:
    with served.place() as place:
        (done,) = place.deliver([Outgoing("users.csv", ROSTER)])
    assert served.there() == {"users.csv": ROSTER}
    assert (done.name, done.bytes, done.sha256) == ("users.csv", len(ROSTER), hashlib.sha256(ROSTER).hexdigest())
    assert done.attempts == 1
    assert done.verified is served.verified
    assert "Signature" not in done.where


def test_a_delivery_replaces_what_lay_under_its_name(served: ServedPlace) -> None:
    """U5: every upload overwrites the same name."""
    served.put("users.csv", b"last week's file")
    with served.place() as place:
        place.deliver([Outgoing("users.csv", ROSTER)])
    assert served.there() == {"users.csv": ROSTER}


def test_a_local_file_and_a_writer_are_delivered_as_bytes_are(served: ServedPlace, tmp_path: Path) -> None:
    local = tmp_path / "local.csv"
    local.write_bytes(ROSTER)

    def write(out: IO[bytes]) -> None:
        out.write(b"?" * len(ROSTER))
        out.seek(0)
        out.write(ROSTER)

    for body in (local, write):
        with served.place() as place:
            place.deliver([Outgoing("users.csv", body)])
        assert served.there() == {"users.csv": ROSTER}
    assert local.read_bytes() == ROSTER


def test_several_files_are_delivered_together(served: ServedPlace) -> None:
    files = [Outgoing("users.csv", ROSTER), Outgoing("classes.csv", b"sourcedId,title\n3,Botany\n")]
    with served.place() as place:
        if not served.several:
            with pytest.raises(UsageError, match="takes one file"):
                place.deliver(files)
            assert served.there() == {}
            return
        done = place.deliver(files)
    assert [file.name for file in done] == ["users.csv", "classes.csv"]
    assert served.there() == {"users.csv": ROSTER, "classes.csv": b"sourcedId,title\n3,Botany\n"}


@pytest.mark.parametrize("files", [[], [Outgoing("users.csv", b"")]])
def test_nothing_and_an_empty_file_never_leave(served: ServedPlace, files: list[Outgoing]) -> None:
    """U22: an empty file may be taken for an empty district."""
    served.put("users.csv", b"last week's file")
    with served.place() as place, pytest.raises(Refused) as raised:
        place.deliver(files)
    assert raised.value.why == "empty"
    assert served.there() == {"users.csv": b"last week's file"}


@pytest.mark.parametrize("name", ["", ".hidden", "../up.csv", "a\\b.csv", "a\nb", "c:d", "n" * 201])
def test_only_plain_names_are_delivered(served: ServedPlace, name: str) -> None:
    with served.place() as place, pytest.raises(UsageError, match="no plain file name"):
        place.deliver([Outgoing(name, ROSTER)])
    assert served.there() == {}


def test_progress_ends_at_the_size(served: ServedPlace) -> None:
    steps: list[tuple[str, int, int]] = []
    with served.place() as place:
        place.deliver([Outgoing("users.csv", ROSTER)], lambda *step: steps.append(step))
        place.fetch(place.list()[0], served.home / "got.csv", lambda *step: steps.append(step))
    sent = [step for step in steps if step[0] == "sending users.csv"]
    fetched = [step for step in steps if step[0] == "fetching users.csv"]
    assert sent[-1][1:] == fetched[-1][1:] == (len(ROSTER), len(ROSTER))


def test_listed_files_have_size_and_time(served: ServedPlace) -> None:
    served.put("users.csv", ROSTER)
    with served.place() as place:
        (file,) = place.list()
    assert (file.name, file.size) == ("users.csv", len(ROSTER))
    assert file.modified
    assert file.modified < datetime.now(UTC)


def test_a_fetched_file_is_whole_and_alone(served: ServedPlace, tmp_path: Path) -> None:
    served.put("users.csv", ROSTER)
    to = tmp_path / "got" / "here.csv"
    to.parent.mkdir()
    to.write_bytes(b"what lay here before")
    with served.place() as place:
        got = place.fetch(place.list()[0], to)
    assert to.read_bytes() == ROSTER
    assert list(to.parent.iterdir()) == [to]
    assert (got.bytes, got.sha256, got.attempts) == (len(ROSTER), hashlib.sha256(ROSTER).hexdigest(), 1)
    assert got.verified in ("size", "md5", "sha-256")


def test_an_empty_file_is_fetched(served: ServedPlace, tmp_path: Path) -> None:
    served.put("users.csv", b"")
    with served.place() as place:
        assert place.fetch(place.list()[0], tmp_path / "got.csv").bytes == 0


def test_a_file_that_is_gone_is_a_sentence(served: ServedPlace, tmp_path: Path) -> None:
    gone = RemoteFile("gone.csv", 4, datetime(2026, 9, 1, tzinfo=UTC), '"x"')
    with served.place() as place, pytest.raises(SourceUnreadable) as raised:
        place.fetch(gone, tmp_path / "got.csv")
    assert raised.value.rule == "place.missing"
    assert not (tmp_path / "got.csv").exists()


def test_a_file_that_is_listed_as_too_large_is_not_asked_for(
    served: ServedPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.put("users.csv", ROSTER)
    with served.place(max_bytes=len(ROSTER) - 1) as place:
        file = place.list()[0]
        monkeypatch.setattr(place._wire, "read", lambda *_: pytest.fail("it was asked for"))
        with pytest.raises(SourceUnreadable, match="max_bytes") as raised:
            place.fetch(file, tmp_path / "got.csv")
    assert raised.value.rule == "place.too-large"


def test_a_file_that_turns_out_too_large_is_not_fetched_further(served: ServedPlace, tmp_path: Path) -> None:
    served.put("users.csv", ROSTER)
    with served.place(max_bytes=len(ROSTER) - 1) as place:
        unsized = replace(place.list()[0], size=None)
        with pytest.raises(SourceUnreadable, match="max_bytes"):
            place.fetch(unsized, tmp_path / "got.csv")
    assert not (tmp_path / "got.csv").exists()


def test_a_file_that_changed_since_it_was_listed_is_not_taken(served: ServedPlace, tmp_path: Path) -> None:
    served.put("users.csv", ROSTER)
    (tmp_path / "got.csv").write_bytes(b"before")
    with served.place(attempts=1) if served.kind != "folder" else served.place() as place:
        file = place.list()[0]
        served.put("users.csv", b"x" * (len(ROSTER) + 1))
        with pytest.raises(SourceUnreadable) as raised:
            place.fetch(file, tmp_path / "got.csv")
    assert raised.value.rule == "place.changed"
    assert (tmp_path / "got.csv").read_bytes() == b"before"


def test_odd_names_are_not_listed(served: ServedPlace) -> None:
    if not served.several:
        return  # one address is one file
    served.put("users.csv", ROSTER)
    served.put(".hidden", b"x")
    served.put("a\\b", b"x")
    served.put(f"{'n' * 220}.csv", b"x")
    with served.place() as place:
        assert [file.name for file in place.list()] == ["users.csv"]


@pytest.mark.deep
@pytest.mark.parametrize("at", [0, *NEAR_BLOCKS])
def test_a_connection_that_drops_while_sending(remote: RemotePlace, at: int) -> None:
    """Whoever looks never sees a part of the file under its name; it is sent to its end once."""
    old, new = b"last week's file", content(SIZE)
    remote.put("users.csv", old)
    partial = remote.allow(old, new)
    remote.faults.cut_writes = [at]
    with remote.place() as place:
        (done,) = place.deliver([Outgoing("users.csv", new)])
    assert remote.there() == {"users.csv": new}
    assert done.attempts == 2
    assert partial == []
    assert remote.carried_out("users.csv") == 1


@pytest.mark.deep
@pytest.mark.parametrize("at", NEAR_BLOCKS)
def test_a_connection_that_drops_while_fetching(remote: RemotePlace, at: int, tmp_path: Path) -> None:
    new = content(SIZE)
    remote.put("users.csv", new)
    with remote.place() as place:
        file = place.list()[0]
        remote.faults.cut_reads = [at]
        got = place.fetch(file, tmp_path / "got.csv")
    assert (tmp_path / "got.csv").read_bytes() == new
    assert got.sha256 == hashlib.sha256(new).hexdigest()
    assert remote.faults.cut_reads == []


def test_a_connection_that_drops_each_time_is_given_up(remote: RemotePlace) -> None:
    old, new = b"last week's file", content(3000)
    remote.put("users.csv", old)
    partial = remote.allow(old, new)
    remote.faults.cut_writes = [10, 20, 30, 40]
    with remote.place(attempts=3) as place, pytest.raises(NotDelivered, match="Send again later") as raised:
        place.deliver([Outgoing("users.csv", new)])
    assert (raised.value.why, raised.value.delivered) == ("unreachable", ())
    assert raised.value.exit_code == 1
    assert remote.there() == {"users.csv": old}
    assert partial == []
    assert remote.faults.cut_writes == [40]  # three attempts, no more


def test_a_drop_at_the_second_file_does_not_send_the_first_again(remote: RemotePlace) -> None:
    if not remote.several:
        return  # one address is one file
    first, second = content(300_000), content(200_000)
    remote.faults.cut_writes = [None, 100_000] if remote.kind == "s3" else [400_000]
    with remote.place() as place:
        done = place.deliver([Outgoing("a.csv", first), Outgoing("b.csv", second)])
    assert remote.there() == {"a.csv": first, "b.csv": second}
    assert [remote.carried_out(name) for name in ("a.csv", "b.csv")] == [1, 1]
    assert [file.attempts for file in done] == [1, 2]


def test_a_place_that_takes_too_long_is_given_up(remote: RemotePlace) -> None:
    with remote.place(file_seconds=1e-9) as place:
        with pytest.raises(NotDelivered, match="file_seconds") as raised:
            place.deliver([Outgoing("users.csv", ROSTER)])
        assert raised.value.why == "time"
    assert remote.there() == {}


@pytest.mark.parametrize(("waits", "attempts"), [(True, 2), (False, 5)])
def test_a_place_that_does_not_answer_is_given_up_early_where_somebody_waits(
    remote: RemotePlace, monkeypatch: pytest.MonkeyPatch, *, waits: bool, attempts: int
) -> None:
    asked: list[int] = []
    with somebody_waits() if waits else nullcontext(), remote.place(attempts=5) as place:
        wire = place._wire
        remote.server.close()
        look = wire.files

        def counted() -> Sequence[RemoteFile]:
            asked.append(1)
            return look()

        monkeypatch.setattr(wire, "files", counted)
        with pytest.raises(SourceUnreadable):
            place.list()
    assert len(asked) == attempts


def test_a_place_that_does_not_answer_is_a_sentence(remote: RemotePlace) -> None:
    with remote.place(attempts=2) as place:
        remote.server.close()
        with pytest.raises(SourceUnreadable, match="Try again later") as raised:
            place.list()
        with pytest.raises(NotDelivered, match="Send again later"):
            place.deliver([Outgoing("users.csv", ROSTER)])
    assert raised.value.rule == "place.unreachable"
