from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from rosterkit.errors import Refused, UsageError
from rosterkit.feeds import folder as room
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.folder import send
from rosterkit.feeds.receipt import About, Sent

ONE = (FeedFile("roster.zip", b"zip bytes", 3),)
TWO = (FeedFile("manifest.csv", b"a,b\n1,2\n", 1), FeedFile("orgs.csv", b"id\nS1\n", 1))


def about(**more: Any) -> About:
    said: dict[str, Any] = {
        "feed": "main",
        "kind": "oneroster",
        "revision": 4,
        "as_of": date(2026, 9, 1),
        "settings_digest": "ab12",
    }
    return About(**(said | {"built_at": datetime(2026, 9, 1, 3, 0, tzinfo=UTC)} | more))


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_one_file_lies_in_the_folder_with_its_receipt(tmp_path: Path) -> None:
    out = tmp_path / "new" / "outbox"
    sent = send(ONE, out, about())
    digest = hashlib.sha256(b"zip bytes").hexdigest()
    assert sent == (Sent("roster.zip", 3, 9, digest),)
    assert sorted(listing(out)) == ["main.receipt.json", "roster.zip"]
    assert json.loads((out / "main.receipt.json").read_text()) == {
        "feed": "main",
        "kind": "oneroster",
        "revision": 4,
        "as_of": "2026-09-01",
        "built_at": "2026-09-01T03:00:00+00:00",
        "settings_sha256": "ab12",
        "rosterkit": version("rosterkit"),
        "verdict": "accepted",
        "files": [{"name": "roster.zip", "rows": 3, "bytes": 9, "sha256": digest}],
    }


def test_several_files_lie_in_a_folder_of_their_own_that_is_swapped_whole(tmp_path: Path) -> None:
    send((*TWO, FeedFile("users.csv", b"id\nU\n", 1)), tmp_path, about())
    sent = send(TWO, tmp_path, about())
    assert [file.name for file in sent] == ["main/manifest.csv", "main/orgs.csv"]
    assert sorted(listing(tmp_path)) == ["main.receipt.json", "main/manifest.csv", "main/orgs.csv"]


def test_everything_is_private_to_its_owner(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        send(TWO, tmp_path / "outbox", about())
        send(ONE, tmp_path / "outbox", about(feed="other"))
    finally:
        os.umask(old)
    modes = {
        path.name: path.stat().st_mode & 0o777 for path in [tmp_path / "outbox", *(tmp_path / "outbox").rglob("*")]
    }
    assert {name for name, mode in modes.items() if mode == 0o700} == {"outbox", "main"}
    assert {mode for name, mode in modes.items() if name not in ("outbox", "main")} == {0o600}


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((), "empty"),
        ((TWO[0], FeedFile("users.csv", b"id\n", 0)), "header-only"),
        ((FeedFile("r.zip", b"", 0),), "header-only"),
    ],
)
def test_a_feed_without_rows_never_leaves(tmp_path: Path, files: tuple[FeedFile, ...], why: str) -> None:
    send(ONE, tmp_path, about())
    before = listing(tmp_path)
    with pytest.raises(Refused) as raised:
        send(files, tmp_path, about())
    assert raised.value.why == why
    assert listing(tmp_path) == before


@pytest.mark.parametrize("name", ["", ".hidden", "../up.zip", "a\\b.zip", "a\nb"])
def test_only_plain_names_are_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no plain file name"):
        send((FeedFile(name, b"x", 1),), tmp_path / "out", about())
    with pytest.raises(UsageError, match="no plain file name"):
        send(ONE, tmp_path / "out", about(feed=name))
    assert not (tmp_path / "out").exists()


def test_what_a_dead_run_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".main.sending-new").mkdir()
    (tmp_path / ".main.sending-new" / "users.csv").write_bytes(b"half")
    (tmp_path / ".main.sending-file").write_bytes(b"half")
    (tmp_path / ".main.sending-receipt").write_bytes(b"half")
    (tmp_path / ".other.sending-file").write_bytes(b"not ours")
    send(ONE, tmp_path, about())
    assert sorted(listing(tmp_path)) == [".other.sending-file", "main.receipt.json", "roster.zip"]


def test_a_folder_that_a_dead_run_moved_aside_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send(TWO, tmp_path, about())
    (tmp_path / "main").rename(tmp_path / ".main.sending-old")
    monkeypatch.setattr(room, "_written", _fail_at(1))
    with pytest.raises(UsageError):
        send(TWO, tmp_path, about())
    assert "main/orgs.csv" in listing(tmp_path)


def _fail_at(step: int, code: int = errno.ENOSPC) -> Callable[[Path, FeedFile], Path]:
    """``_written`` that fails at its n-th call, half of the bytes written."""
    calls = iter(range(1, 100))
    written = room._written

    def failing(path: Path, file: FeedFile) -> Path:
        if next(calls) < step:
            return written(path, file)
        written(path, FeedFile(file.name, file.content[: len(file.content) // 2], 1))
        raise OSError(code, os.strerror(code))

    return failing


@pytest.mark.parametrize(("files", "step"), [(ONE, 1), (ONE, 2), (TWO, 1), (TWO, 2), (TWO, 3)])
def test_a_failed_write_leaves_what_lay_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[FeedFile, ...], step: int
) -> None:
    old = tuple(FeedFile(file.name, b"yesterday", 1) for file in files)
    send(old, tmp_path, about())
    before = listing(tmp_path)
    monkeypatch.setattr(room, "_written", _fail_at(step))
    with pytest.raises(UsageError, match="No space left on device"):
        send(files, tmp_path, about(revision=5))
    assert listing(tmp_path) == before


def test_a_failed_swap_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send(TWO, tmp_path, about())
    before = listing(tmp_path)
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.name == ".main.sending-new":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(UsageError, match="What lay there stays"):
        send((*TWO, FeedFile("users.csv", b"id\nU\n", 1)), tmp_path, about())
    assert listing(tmp_path) == before


def test_what_is_written_is_always_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        room._written(tmp_path / "link", ONE[0])
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"


def test_the_receipt_comes_after_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []
    replace = Path.replace

    def watching(self: Path, target: Path) -> Path:
        order.append(Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watching)
    send(ONE, tmp_path, about())
    assert order == ["roster.zip", "main.receipt.json"]


def test_a_file_in_the_way_of_the_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with pytest.raises(UsageError, match="could not be written"):
        send(ONE, tmp_path / "outbox", about())
    assert (tmp_path / "outbox").read_text() == "a file"
