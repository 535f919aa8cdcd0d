"""``feed build``: files of the newest revision in a folder, with a receipt; the same again and again."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from rosterkit.errors import Refused


def built(desk: Any, **named: Any) -> dict[str, bytes]:
    receipt = desk.ws.feed_build(as_of=date(2026, 9, 15), **named)
    out = {name: (receipt.folder / name).read_bytes() for name, _, _, _ in receipt.files}
    for name, _, size, sha256 in receipt.files:
        assert (len(out[name]), hashlib.sha256(out[name]).hexdigest()) == (size, sha256)
    return out


def test_it_writes_what_the_receipt_says(desk: Any) -> None:
    receipt = desk.ws.feed_build(as_of=date(2026, 9, 15))
    assert receipt.revision == 1
    assert {path.name for path in receipt.folder.iterdir()} >= {name for name, _, _, _ in receipt.files}
    assert built(desk)


def test_p10_the_same_revision_gives_the_same_bytes(desk: Any, tonight: Any) -> None:
    first = built(desk)
    assert built(desk) == first
    desk.night(tonight(said={"stu-01": {"email": "new@birch.example"}}))
    assert built(desk) != first
    desk.apply(desk.ws.undo())
    assert built(desk) == first


def test_there_is_nothing_to_build_before_the_first_revision(new_desk: Any) -> None:
    with pytest.raises(Refused) as refused:
        new_desk.ws.feed_build()
    assert refused.value.why == "no-revision"
