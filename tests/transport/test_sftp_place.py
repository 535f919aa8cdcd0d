"""Only SFTP: host keys, ways to log in, servers with habits of their own, resuming (A1-A10)."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from served_places import ADAPTER, ServedSftp, content
from sftp_server import PASSWORD

from rosterkit.errors import NotDelivered, SourceUnreadable, UsageError
from rosterkit.transport import Outgoing, Verified
from rosterkit.transport.host_keys import host_key, trust

ROSTER = b"sourcedId,givenName\n17,Amara\n"
FILES = [Outgoing("users.csv", ROSTER)]
BLOCK = 1 << 20


# --- host keys


def test_a10_an_unknown_host_key_is_refused_before_the_password_leaves(sftp: ServedSftp) -> None:
    (sftp.work / "known_hosts").unlink()
    key = host_key(ADAPTER.validate_python(sftp.given))
    with sftp.place() as place, pytest.raises(UsageError, match="Nobody has trusted it yet") as raised:
        place.deliver(FILES)
    assert key.fingerprint in str(raised.value)
    assert sftp.server.seen.logins == 0
    assert sftp.there() == {}


def test_a10_a_changed_host_key_is_refused(sftp: ServedSftp) -> None:
    sftp.server.show_another_key()
    with sftp.place() as place, pytest.raises(UsageError, match="somebody may be in between"):
        place.list()
    assert sftp.server.seen.logins == 0


def test_a_changed_host_key_can_be_trusted_instead_of_the_old_one(sftp: ServedSftp) -> None:
    settings = ADAPTER.validate_python(sftp.given)
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public().export_public_key().decode().strip()
    known = sftp.work / "known_hosts"
    known.write_text(f"files.example {other}\n{known.read_text()}")
    sftp.server.show_another_key()
    key = host_key(settings)
    assert trust(settings, sftp.work, key.fingerprint) == key
    assert known.read_text().splitlines() == [f"files.example {other}", key.line]
    with sftp.place() as place:
        assert place.list() == []


def test_trust_stores_only_the_key_that_a_person_confirmed(sftp: ServedSftp) -> None:
    settings = ADAPTER.validate_python(sftp.given)
    before = (sftp.work / "known_hosts").read_text()
    confirmed = host_key(settings).fingerprint
    sftp.server.show_another_key()
    with pytest.raises(UsageError, match="shows another key"):
        trust(settings, sftp.work, confirmed)
    assert (sftp.work / "known_hosts").read_text() == before


def test_an_entry_that_cannot_be_replaced_is_named(sftp: ServedSftp) -> None:
    settings = ADAPTER.validate_python(sftp.given)
    key = host_key(settings)
    known = sftp.work / "known_hosts"
    known.write_text(known.read_text().replace("[127.0.0.1]", "[127.0.0.*]"))
    with pytest.raises(UsageError, match="Take that line out"):
        trust(settings, sftp.work, key.fingerprint)


def test_a_damaged_file_of_known_hosts_is_a_sentence(sftp: ServedSftp) -> None:
    (sftp.work / "known_hosts").write_text("127.0.0.1\n")
    with sftp.place() as place, pytest.raises(UsageError, match="Mend that line"):
        place.list()


# --- logging in


def test_a_wrong_password_is_not_tried_again_and_not_shown(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_PASSWORD", "wrong-horse-8")
    with sftp.place() as place, pytest.raises(UsageError, match="refuses to log in millbrook") as raised:
        place.deliver(FILES)
    assert sftp.server.seen.logins == 1
    assert "wrong-horse-8" not in str(raised.value)


def key_settings(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch, passphrase: str | None = None) -> dict[str, Any]:
    path = sftp.work / "key"
    path.write_bytes(sftp.server.user_key.export_private_key("pkcs8-pem", passphrase))
    path.chmod(0o600)
    monkeypatch.setenv("PASSPHRASE", passphrase or "-")
    return {"password": None, "key": "file:key", "key_passphrase": "env:PASSPHRASE" if passphrase else None}


def test_a_key_logs_in(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch) -> None:
    with sftp.place(**key_settings(sftp, monkeypatch)) as place:
        place.deliver(FILES)
    assert sftp.there() == {"users.csv": ROSTER}


@pytest.mark.parametrize("given", ["", "other words"])
def test_a_locked_key_needs_its_passphrase(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    settings = key_settings(sftp, monkeypatch, "lime and salt")
    with sftp.place(**settings) as place:
        assert place.list() == []
    monkeypatch.setenv("PASSPHRASE", given or "x")
    with pytest.raises(UsageError, match="no private key, or its passphrase"):
        sftp.place(**settings if given else settings | {"key_passphrase": None})


def test_what_is_no_key_is_not_shown(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "tell-no-one")
    with pytest.raises(UsageError, match="no private key") as raised:
        sftp.place(password=None, key="env:KEY")
    assert "tell-no-one" not in str(raised.value)
    assert raised.value.__suppress_context__


# --- servers with habits of their own


def test_a_server_without_a_rename_that_replaces(sftp: ServedSftp) -> None:
    sftp.faults.plain_rename_only = True
    sftp.put("users.csv", b"last week's file")
    partial = sftp.allow(b"last week's file", ROSTER)
    with sftp.place() as place:
        place.deliver(FILES)
    assert sftp.there() == {"users.csv": ROSTER}
    assert [path.name for path in sftp.root.iterdir()] == ["users.csv"]
    assert partial == []


def test_a_server_that_refuses_renames_is_named_with_the_setting(sftp: ServedSftp) -> None:
    sftp.faults.refuse_rename = True
    sftp.put("users.csv", b"last week's file")
    with sftp.place() as place, pytest.raises(UsageError, match="rename = false"):
        place.deliver(FILES)
    assert sftp.there() == {"users.csv": b"last week's file"}
    assert [path.name for path in sftp.root.iterdir()] == ["users.csv"]


def test_a_server_that_refuses_renames_gets_the_file_in_place(sftp: ServedSftp) -> None:
    sftp.faults.refuse_rename = True
    sftp.put("users.csv", b"last week's file, which was longer than the new one")
    with sftp.place(rename=False) as place:
        (done,) = place.deliver(FILES)
    assert sftp.there() == {"users.csv": ROSTER}
    assert (done.verified, done.why) == (Verified.SIZE, "read_back is off; written in place, because rename is off")


@pytest.mark.parametrize("rename", [True, False])
def test_a_server_without_room(sftp: ServedSftp, rename: bool) -> None:
    sftp.faults.full_after = 100_000
    with sftp.place(rename=rename) as place, pytest.raises(NotDelivered, match="room, quota") as raised:
        place.deliver([Outgoing("users.csv", content(200_000))])
    assert raised.value.why == "refused"
    assert len(sftp.server.seen.opened) == 1  # not tried again
    if rename:
        assert list(sftp.root.iterdir()) == []


def test_a_server_that_holds_another_size(sftp: ServedSftp) -> None:
    sftp.faults.missing_bytes = 3
    sftp.put("users.csv", b"last week's file")
    with sftp.place() as place, pytest.raises(NotDelivered, match=r"29 bytes of users\.csv were sent") as raised:
        place.deliver(FILES)
    assert raised.value.why == "incomplete"
    assert sftp.there() == {"users.csv": b"last week's file"}


def test_a_server_that_hides_sizes_leaves_the_arrival_unverified(sftp: ServedSftp) -> None:
    sftp.faults.hide_sizes = True
    with sftp.place() as place:
        (done,) = place.deliver(FILES)
    assert (done.verified, done.why) == (Verified.NONE, "the server does not show the file's size")


def test_read_back(sftp: ServedSftp) -> None:
    with sftp.place(read_back=True) as place:
        (done,) = place.deliver(FILES)
    assert (done.verified, done.why) == (Verified.READ_BACK, "")


def test_read_back_finds_what_was_damaged_before_it_gets_its_name(sftp: ServedSftp) -> None:
    sftp.faults.corrupt = True
    with sftp.place(read_back=True) as place, pytest.raises(NotDelivered, match="is not what was sent"):
        place.deliver(FILES)
    assert sftp.there() == {}


def test_read_back_says_where_the_server_permits_no_reading(sftp: ServedSftp) -> None:
    sftp.faults.refuse_read = True
    with sftp.place(read_back=True) as place:
        (done,) = place.deliver(FILES)
    assert (done.verified, done.why) == (Verified.SIZE, "the server does not let the file be read")


def test_a_lost_answer_to_a_rename_does_not_send_the_file_again(sftp: ServedSftp) -> None:
    sftp.faults.lose_rename_answers = 1
    with sftp.place() as place:
        place.deliver(FILES)
    assert sftp.there() == {"users.csv": ROSTER}
    assert sftp.server.seen.renames == ["users.csv"]
    assert len(sftp.server.seen.opened) == 1


def test_a_missing_folder_is_a_sentence(sftp: ServedSftp) -> None:
    with sftp.place(path="nowhere") as place:
        with pytest.raises(SourceUnreadable, match="is not there"):
            place.list()
        with pytest.raises(NotDelivered, match="is not there"):
            place.deliver(FILES)


# --- large files


def test_a_large_file_goes_on_where_it_stopped(sftp: ServedSftp) -> None:
    big = content(6 * BLOCK)
    sftp.faults.cut_writes = [5 * BLOCK]
    with sftp.place() as place:
        place.deliver([Outgoing("users.csv", big)])
    assert sftp.there() == {"users.csv": big}
    assert sftp.server.seen.written < 9 * BLOCK  # not 5 + 6


def test_the_next_run_goes_on_where_this_one_stopped(sftp: ServedSftp) -> None:
    big = content(6 * BLOCK)
    sftp.faults.cut_writes = [5 * BLOCK]
    for attempts in (1, 5):
        with sftp.place(attempts=attempts) as place:
            if attempts == 1:
                with pytest.raises(NotDelivered):
                    place.deliver([Outgoing("users.csv", big)])
            else:
                place.deliver([Outgoing("users.csv", big)])
    assert sftp.there() == {"users.csv": big}
    assert sftp.server.seen.written < 9 * BLOCK


def test_what_may_have_holes_is_sent_again(sftp: ServedSftp) -> None:
    """Requests overlap: where the connection broke, a later piece may lie there without an earlier one."""
    big = content(3 * BLOCK)
    sftp.faults.cut_writes = [2 * BLOCK]
    with sftp.place(attempts=1) as place, pytest.raises(NotDelivered):
        place.deliver([Outgoing("users.csv", big)])
    (part,) = sftp.root.iterdir()
    with part.open("r+b") as file:  # as a server does that carried out the last request, and not the one before
        file.truncate(2 * BLOCK)
        file.seek(BLOCK + 5)
        file.write(bytes(100_000))
    with sftp.place() as place:
        place.deliver([Outgoing("users.csv", big)])
    assert sftp.there() == {"users.csv": big}


def test_a_part_that_is_longer_than_the_file_is_written_anew(sftp: ServedSftp) -> None:
    part = f".users.csv.{hashlib.sha256(ROSTER).hexdigest()[:16]}.part"
    sftp.put(part, content(BLOCK + 500))
    with sftp.place() as place:
        place.deliver(FILES)
    assert sftp.there() == {"users.csv": ROSTER}


def test_parts_of_other_contents_are_removed(sftp: ServedSftp) -> None:
    sftp.put(".users.csv.0123456789abcdef.part", b"half of an older file")
    sftp.put(".users.csv.notes", b"not ours")
    with sftp.place() as place:
        place.deliver(FILES)
    assert sorted(path.name for path in sftp.root.iterdir()) == [".users.csv.notes", "users.csv"]


def test_a_large_file_is_fetched_on_from_where_it_stopped(sftp: ServedSftp, tmp_path: Path) -> None:
    big = content(6 * BLOCK)
    sftp.put("users.csv", big)
    sftp.faults.cut_reads = [5 * BLOCK]
    with sftp.place() as place:
        place.fetch(place.list()[0], tmp_path / "got.csv")
    assert (tmp_path / "got.csv").read_bytes() == big
    assert sftp.server.seen.read < 9 * BLOCK


def test_a_file_that_grows_while_it_is_fetched_is_not_taken(sftp: ServedSftp, tmp_path: Path) -> None:
    sftp.put("users.csv", ROSTER)

    def grow(_what: str, _done: int, _total: int) -> None:
        sftp.put("users.csv", ROSTER * 2)

    with sftp.place() as place, pytest.raises(SourceUnreadable) as raised:
        place.fetch(place.list()[0], tmp_path / "got.csv", grow)
    assert raised.value.rule == "place.changed"
    assert list(tmp_path.glob("*got.csv*")) == []


def test_a_server_that_hangs_is_left_in_time(sftp: ServedSftp) -> None:
    sftp.faults.hang = 0.4
    with sftp.place(idle_seconds=0.1, attempts=1) as place, pytest.raises(NotDelivered, match="connection was lost"):
        place.deliver(FILES)


def test_the_bandwidth_is_limited(sftp: ServedSftp) -> None:
    began = time.monotonic()
    with sftp.place(bytes_per_second=200_000) as place:
        place.deliver([Outgoing("users.csv", content(80_000))])
    assert time.monotonic() - began >= 0.4


def test_nothing_of_this_accounts_own_ssh_settings_counts(sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch) -> None:
    home = sftp.home / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text(host_key(ADAPTER.validate_python(sftp.given)).line)
    (home / ".ssh" / "id_ed25519").write_bytes(sftp.server.user_key.export_private_key())
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("VENDOR_PASSWORD", "wrong")
    with sftp.place() as place, pytest.raises(UsageError, match="refuses to log in"):
        place.list()
    (sftp.work / "known_hosts").unlink()
    monkeypatch.setenv("VENDOR_PASSWORD", PASSWORD)
    with sftp.place() as place, pytest.raises(UsageError, match="Nobody has trusted"):
        place.list()


def test_a_second_host_key_of_the_server_does_not_matter(sftp: ServedSftp) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256").convert_to_public()
    known = sftp.work / "known_hosts"
    known.write_text(known.read_text() + f"[127.0.0.1]:{sftp.server.port} " + other.export_public_key().decode())
    with sftp.place() as place:
        assert place.list() == []
