from __future__ import annotations

import errno
from pathlib import Path

import polars as pl
import pytest

from rosterkit.errors import UsageError
from rosterkit.feeds.spill_file import Spool

ONE = pl.DataFrame({"id": ["a", "b"], "place": [1, None], "note": [None, None]})
TWO = pl.DataFrame({"id": ["c"], "place": [3], "metadata.bus": ["7"]})


def test_frames_come_back_in_order_and_as_often_as_they_are_asked_for(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for frame in (ONE, ONE.clear(), TWO):
        spool.put(frame)
    for _ in range(2):
        for back, frame in zip(spool, (ONE, ONE.clear(), TWO), strict=True):
            assert back.equals(frame)
    assert (spool.rows, spool.filled) == (3, {"id", "place", "metadata.bus"})


def test_nothing_that_has_a_name_lies_in_the_folder(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(ONE)
    assert list(tmp_path.iterdir()) == []
    assert next(iter(spool)).equals(ONE)


def test_an_empty_spool_has_no_frames() -> None:
    assert list(Spool()) == []


def test_a_full_disk_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_ipc", full)
    with pytest.raises(UsageError, match=r"No space left on device\. Make room"):
        Spool(tmp_path).put(ONE)
