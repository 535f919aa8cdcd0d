"""After a run that ended while it sent: what lies at the place is not sent again."""

from __future__ import annotations

from typing import Any

import pytest
from served_places import RemotePlace, ServedPlace, ServedS3, ServedSftp, content

from rosterkit.errors import NotDelivered, UsageError
from rosterkit.transport import Outgoing, Verified

ROSTER = b"sourcedId,givenName\n17,Amara\n"


def test_what_lies_there_is_not_sent_again(served: ServedPlace) -> None:
    with served.place() as place:
        place.deliver([Outgoing("users.csv", ROSTER)])
    sent = served.carried_out("users.csv") if isinstance(served, RemotePlace) else 0
    with served.place() as place:
        (found,) = place.look_up([Outgoing("users.csv", ROSTER)], {})
        (done,) = place.deliver([Outgoing("users.csv", ROSTER)], look_first={})
    assert (found.there, found.where) == (True, done.where)
    assert (done.attempts, done.verified, done.bytes) == (0, Verified.READ_BACK, len(ROSTER))
    assert not isinstance(served, RemotePlace) or served.carried_out("users.csv") == sent


@pytest.mark.parametrize("before", [None, b"x" * len(ROSTER), b"shorter"])
def test_what_does_not_lie_there_is_sent(served: ServedPlace, before: bytes | None) -> None:
    if before is not None:
        served.put("users.csv", before)
    with served.place() as place:
        assert [found.there for found in place.look_up([Outgoing("users.csv", ROSTER)], {})] == [False]
        (done,) = place.deliver([Outgoing("users.csv", ROSTER)], look_first={})
    assert done.attempts == 1
    assert served.there() == {"users.csv": ROSTER}


def test_of_two_files_the_one_that_is_missing_is_sent(served: ServedPlace) -> None:
    if not served.several:
        return  # one address is one file
    first, second = content(30_000), content(20_000)
    served.put("a.csv", first)
    with served.place() as place:
        done = place.deliver([Outgoing("a.csv", first), Outgoing("b.csv", second)], look_first={})
    assert [file.attempts for file in done] == [0, 1]
    assert served.there() == {"a.csv": first, "b.csv": second}


def test_where_nobody_may_look_the_same_file_is_sent_again(remote: RemotePlace) -> None:
    """The same bytes take the same place: a vendor reads one file."""
    with remote.place() as place:
        place.deliver([Outgoing("users.csv", ROSTER)])
    if isinstance(remote, ServedSftp):
        remote.faults.hide_sizes = True
    else:
        remote.faults.forbid = {"GET", "HEAD"}
    with remote.place() as place:
        assert [found.there for found in place.look_up([Outgoing("users.csv", ROSTER)], {})] == [None]
        (done,) = place.deliver([Outgoing("users.csv", ROSTER)], look_first={})
    assert done.attempts == 1
    assert remote.there() == {"users.csv": ROSTER}


@pytest.mark.parametrize("before", [len(ROSTER), 3, None])
def test_an_equal_size_counts_unless_the_file_before_had_it_too(sftp: ServedSftp, before: int | None) -> None:
    sftp.put("users.csv", ROSTER)
    sftp.faults.refuse_read = True
    known = {} if before is None else {"users.csv": {before}}
    with sftp.place() as place:
        (found,) = place.look_up([Outgoing("users.csv", ROSTER)], known)
    if before == len(ROSTER):
        assert found.there is None
    else:
        assert found.there
        assert (found.verified, found.why) == (Verified.SIZE, "the server does not let the file be read")


def test_a_file_is_removed_where_that_is_possible(served: ServedPlace) -> None:
    served.put("users.csv", ROSTER)
    with served.place() as place:
        if served.kind == "https":
            with pytest.raises(NotDelivered, match="cannot be removed"):
                place.remove("users.csv")
            return
        place.remove("users.csv")
    assert served.there() == {}


def test_a_key_that_may_not_remove_is_a_sentence(s3: ServedS3) -> None:
    s3.put("users.csv", ROSTER)
    s3.faults.forbid = {"DELETE"}
    with s3.place() as place, pytest.raises(UsageError, match="no right to do this"):
        place.remove("users.csv")


@pytest.mark.parametrize("kind", ["sftp", "s3", "https"])
def test_a_limit_on_bytes_a_second_is_kept(kind: str, request: pytest.FixtureRequest, monkeypatch: Any) -> None:
    waited: list[float] = []
    monkeypatch.setattr("rosterkit.transport.base.time.sleep", waited.append)
    place_of: ServedPlace = request.getfixturevalue(kind)
    size = 6 << 20
    with place_of.place(bytes_per_second=1 << 20) as place:
        place.deliver([Outgoing("users.csv", content(size))])
    assert len(place_of.there()["users.csv"]) == size
    assert max(waited) > 3  # six seconds at that rate, less what the transfer took
