"""Servers that answer what no server should: nothing is read for ever, and nothing of it is our own fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_places import ServedHttps, ServedSftp, content
from web_servers import Answer

from rosterkit.errors import NotDelivered
from rosterkit.transport import Outgoing
from rosterkit.transport.base import Staged, is_same
from rosterkit.transport.https import _date, _wait
from rosterkit.transport.outgoing import digests

ROSTER = b"sourcedId,givenName\n17,Amara\n"
USERS = Outgoing("users.csv", ROSTER)
MIB = 1 << 20


def test_bytes_are_compared_no_further_than_the_file_is_long(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_bytes(ROSTER)
    known = digests(tmp_path / "users.csv")
    file = Staged("users.csv", tmp_path / "users.csv", known.size, known.sha256, known.md5)

    def endless() -> Iterator[bytes]:
        yield ROSTER
        yield b"x"
        pytest.fail("it was read on")

    assert is_same([ROSTER[:5], ROSTER[5:]], file)
    assert not is_same([ROSTER[:5]], file)
    assert not is_same(endless(), file)


def test_a_file_that_never_ends_is_another_one(sftp: ServedSftp) -> None:
    sftp.put("users.csv", ROSTER)
    sftp.faults.endless = 40 * MIB
    with sftp.place() as place:
        (found,) = place.look_up([USERS], {})
    assert found.there is False
    assert sftp.server.seen.read < 4 * MIB


def test_names_in_another_encoding_are_no_hindrance(sftp: ServedSftp) -> None:
    """A folder of the vendor in which somebody keeps a file whose name is in Latin-1."""
    (sftp.root / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"not ours")
    sftp.put("before.csv", ROSTER)
    with sftp.place() as place:
        assert [file.name for file in place.list()] == ["before.csv"]
        (done,) = place.deliver([USERS])
    assert done.bytes == len(ROSTER)


def test_a_file_that_a_run_moved_aside_goes_back_when_the_next_cannot_send(sftp: ServedSftp) -> None:
    """The server has no rename that replaces, and a run was killed between the two."""
    aside = sftp.root / f".users.csv.{'0' * 16}.part.old"
    aside.write_bytes(b"the file of the day before")
    sftp.faults.cut_writes = [1]
    with sftp.place(attempts=1) as place, pytest.raises(NotDelivered):
        place.deliver([USERS])
    assert sftp.there() == {"users.csv": b"the file of the day before"}
    assert not aside.exists()


def test_what_was_moved_aside_goes_where_its_successor_is_there(sftp: ServedSftp) -> None:
    aside = sftp.root / f".users.csv.{'0' * 16}.part.old"
    aside.write_bytes(b"the file of the day before")
    sftp.put("users.csv", b"a newer one")
    with sftp.place() as place:
        place.deliver([USERS])
    assert (sftp.there(), aside.exists()) == ({"users.csv": ROSTER}, False)


def test_parts_of_a_file_whose_name_begins_alike_stay(sftp: ServedSftp) -> None:
    other = sftp.root / f".users.csv.gz.{'0' * 16}.part"
    other.write_bytes(content(3))
    with sftp.place() as place:
        place.deliver([USERS])
    assert other.exists()


def test_what_a_server_writes_about_a_file_is_not_read(https: ServedHttps, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be without end, or say of itself that it is compressed and not be so."""
    real = https.server.answer

    def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        status, about, text = real(method, path, headers, body)
        return (status, about | {"Content-Encoding": "gzip"}, b"no gzip") if method == "PUT" else (status, about, text)

    monkeypatch.setattr(https.server, "answer", answer)
    with https.place(attempts=1) as place:
        (done,) = place.deliver([USERS])
    assert (done.attempts, https.there()) == (1, {"users.csv": ROSTER})


@pytest.mark.parametrize("text", ["\xb2", "Fri, 31 Dec 9999 23:59:59 -1400", "never", "-3", ""])
def test_a_wait_that_no_clock_knows_is_none(text: str) -> None:
    assert _wait(text) is None
    assert _date(text) is None
