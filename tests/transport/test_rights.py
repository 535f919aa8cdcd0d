"""``target test``: what a key may do is tried with a small file, which is gone afterwards."""

from __future__ import annotations

import pytest
from stands import HttpsStand, S3Stand, SftpStand, Stand

from rosterkit.transport.rights import TEST_FILE, Right, rights


def tried(stand: Stand, **more: object) -> dict[str, Right]:
    with stand.place(**more) as place:
        settings = place.settings
    return {right.right: right for right in rights(settings, stand.work)[1]}


@pytest.mark.parametrize("kind", ["folder", "sftp", "s3"])
def test_a_key_that_may_do_everything(kind: str, request: pytest.FixtureRequest) -> None:
    stand: Stand = request.getfixturevalue(kind)
    stand.put("users.csv", b"the roster")
    found = tried(stand)
    assert {name: right.allowed for name, right in found.items()} == dict.fromkeys(
        ["connect", "list", "write", "read", "remove"], True
    )
    assert stand.there() == {"users.csv": b"the roster"}


def test_a_key_that_may_only_write(s3: S3Stand) -> None:
    s3.faults.forbid = {"GET", "HEAD", "DELETE"}
    found = tried(s3)
    assert [name for name, right in found.items() if right.allowed] == ["connect", "write"]
    assert "no right to do this" in found["list"].detail
    assert f"{TEST_FILE} lies there now" in found["remove"].detail
    assert list(s3.there()) == [TEST_FILE]


def test_a_server_that_refuses_renames_is_seen(sftp: SftpStand) -> None:
    sftp.faults.refuse_rename = True
    assert "set rename = false" in tried(sftp)["write"].detail
    assert tried(sftp, rename=False)["write"].allowed


def test_a_wrong_password_is_not_tried_twice_and_says_what_to_look_at(
    sftp: SftpStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_PASSWORD", "wrong")
    found = tried(sftp)
    assert list(found) == ["connect"]
    assert "Look at username, password and key" in found["connect"].detail
    assert sftp.server.seen.logins == 1


def test_an_address_is_not_written_to(https: HttpsStand) -> None:
    https.put("users.csv", b"the roster")
    found = tried(https)
    assert (found["connect"].allowed, found["read"].allowed, found["write"].allowed) == (True, True, None)
    assert https.there() == {"users.csv": b"the roster"}


def test_a_server_that_is_not_there(remote: Stand) -> None:
    remote.server.close()  # type: ignore[attr-defined] # every remote place has a server
    found = tried(remote, attempts=1)
    assert found["connect"].allowed is False
