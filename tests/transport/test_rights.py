"""``target test``: what a key may do is tried with a small file, which is gone afterwards."""

from __future__ import annotations

import pytest
from served_places import RemotePlace, ServedHttps, ServedPlace, ServedS3, ServedSftp

from rosterkit.transport.rights import TEST_FILE, Right, rights


def tried(served: ServedPlace, **more: object) -> dict[str, Right]:
    with served.place(**more) as place:
        settings = place.settings
    return {right.right: right for right in rights(settings, served.work)[1]}


@pytest.mark.parametrize("kind", ["folder", "sftp", "s3"])
def test_a_key_that_may_do_everything(kind: str, request: pytest.FixtureRequest) -> None:
    served: ServedPlace = request.getfixturevalue(kind)
    served.put("users.csv", b"the roster")
    found = tried(served)
    assert {name: right.allowed for name, right in found.items()} == dict.fromkeys(
        ["connect", "list", "write", "read", "remove"], True
    )
    assert served.there() == {"users.csv": b"the roster"}


def test_a_key_that_may_only_write(s3: ServedS3) -> None:
    s3.faults.forbid = {"GET", "HEAD", "DELETE"}
    found = tried(s3)
    assert [name for name, right in found.items() if right.allowed] == ["connect", "write"]
    assert "no right to do this" in found["list"].detail
    assert f"{TEST_FILE} lies there now" in found["remove"].detail
    assert list(s3.there()) == [TEST_FILE]


def test_a_server_that_refuses_renames_is_seen(sftp: ServedSftp) -> None:
    sftp.faults.refuse_rename = True
    assert "set rename = false" in tried(sftp)["write"].detail
    assert tried(sftp, rename=False)["write"].allowed


def test_a_wrong_password_is_not_tried_twice_and_says_what_to_look_at(
    sftp: ServedSftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENDOR_PASSWORD", "wrong")
    found = tried(sftp)
    assert list(found) == ["connect"]
    assert "Look at username, password and key" in found["connect"].detail
    assert sftp.server.seen.logins == 1


def test_an_address_is_not_written_to(https: ServedHttps) -> None:
    https.put("users.csv", b"the roster")
    found = tried(https)
    assert (found["connect"].allowed, found["read"].allowed, found["write"].allowed) == (True, True, None)
    assert https.there() == {"users.csv": b"the roster"}


def test_a_server_that_is_not_there(remote: RemotePlace) -> None:
    remote.server.close()
    found = tried(remote, attempts=1)
    assert found["connect"].allowed is False
