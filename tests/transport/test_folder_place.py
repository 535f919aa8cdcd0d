"""Only folders: several files swapped as one, private, and undone when a step fails."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from served_places import ServedFolder, content, visible

from rosterkit.errors import NotDelivered, UsageError
from rosterkit.transport import Outgoing
from rosterkit.transport import folder as room

OLD = {"users.csv": b"old users", "orgs.csv": b"old orgs"}
NEW = [Outgoing("users.csv", b"new users"), Outgoing("orgs.csv", b"new orgs")]
FRESH = {"users.csv": b"new users", "orgs.csv": b"new orgs"}


def lay(root: Path, files: dict[str, bytes]) -> None:
    root.mkdir(exist_ok=True)
    for name, data in files.items():
        (root / name).write_bytes(data)


def test_a_subfolder_is_swapped_as_one(folder: ServedFolder) -> None:
    lay(folder.root / "edition", OLD | {"gone.csv": b"not delivered any more"})
    lay(folder.root, {"beside.txt": b"not ours"})
    with folder.place(subfolder="edition") as place:
        done = place.deliver(NEW)
    assert visible(folder.root) == {f"edition/{name}": data for name, data in FRESH.items()} | {
        "beside.txt": b"not ours"
    }
    assert done[0].where == str(folder.root / "edition" / "users.csv")
    assert [path.name for path in folder.root.iterdir() if path.name.startswith(".")] == []


def test_everything_is_private_to_its_owner(folder: ServedFolder) -> None:
    old = os.umask(0)
    try:
        with folder.place(path="new/outbox", subfolder="edition") as place:
            place.deliver(NEW)
    finally:
        os.umask(old)
    made = [folder.work / "new/outbox", *(folder.work / "new/outbox").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}


def test_the_group_may_read_where_that_is_set(folder: ServedFolder) -> None:
    with folder.place(group_may_read=True) as place:
        place.deliver(NEW)
    assert (folder.root / "users.csv").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("subfolder", ["", "edition"])
@pytest.mark.parametrize("step", [1, 2])
def test_a_failed_write_leaves_what_lay_there(
    folder: ServedFolder, monkeypatch: pytest.MonkeyPatch, subfolder: str, step: int
) -> None:
    lay(folder.root / subfolder, OLD)
    copy, calls = room.copy, iter(range(1, 9))

    def failing(source: Path, new: Path, mode: int, report: Any) -> None:
        if next(calls) < step:
            return copy(source, new, mode, report)
        new.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room, "copy", failing)
    with folder.place(subfolder=subfolder) as place, pytest.raises(NotDelivered, match="Make room there") as raised:
        place.deliver(NEW)
    assert raised.value.why == "no-room"
    assert {path.name for path in folder.root.rglob("*") if path.is_file()} == set(OLD)
    assert visible(folder.root / subfolder) == OLD


@pytest.mark.parametrize(("subfolder", "failing"), [("", 1), ("", 2), ("", 3), ("", 4), ("edition", 1), ("edition", 2)])
def test_a_failed_rename_puts_everything_back(
    folder: ServedFolder, monkeypatch: pytest.MonkeyPatch, subfolder: str, failing: int
) -> None:
    lay(folder.root / subfolder, OLD)
    replace, calls = Path.replace, iter(range(1, 99))

    def refusing(self: Path, target: Path) -> Path:
        if next(calls) == failing:
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refusing)
    with folder.place(subfolder=subfolder) as place, pytest.raises(UsageError, match="Permit it"):
        place.deliver(NEW)
    assert visible(folder.root / subfolder) == OLD
    assert {path.name for path in folder.root.rglob("*") if path.is_file()} == set(OLD)


def test_a_failed_rename_takes_away_what_was_not_there_before(
    folder: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def refusing(self: Path, target: Path) -> Path:
        if target.name == "orgs.csv":
            raise PermissionError(errno.EPERM, "Operation not permitted")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refusing)
    with folder.place() as place, pytest.raises(UsageError, match="Permit it"):
        place.deliver(NEW)
    assert list(folder.root.iterdir()) == []


def test_what_a_run_that_died_after_the_swap_left_is_removed(folder: ServedFolder) -> None:
    lay(folder.root / "edition", OLD)
    lay(folder.root / ".edition.rosterkit-old", OLD)
    with folder.place(subfolder="edition") as place:
        place.deliver(NEW)
    assert visible(folder.root) == {f"edition/{name}": data for name, data in FRESH.items()}
    assert [path.name for path in folder.root.iterdir()] == ["edition"]


def test_what_a_run_that_died_left_is_put_back_or_removed(folder: ServedFolder) -> None:
    lay(folder.root / ".edition.rosterkit-old", OLD)
    lay(folder.root / ".edition.rosterkit-new", {"stale.csv": b"half"})
    with folder.place(subfolder="edition") as place:
        place.deliver(NEW)
    assert visible(folder.root) == {f"edition/{name}": data for name, data in FRESH.items()}
    assert [path.name for path in folder.root.iterdir()] == ["edition"]


def test_a_folder_that_a_run_had_moved_aside_comes_back_when_the_next_fails(
    folder: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(folder.root / ".edition.rosterkit-old", OLD)

    def failing(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(room, "copy", failing)
    with folder.place(subfolder="edition") as place, pytest.raises(NotDelivered):
        place.deliver(NEW)
    assert visible(folder.root / "edition") == OLD


def test_what_lies_there_is_compared_with_what_was_sent(folder: ServedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    swap = room.swap

    def meddling(renames: Any) -> None:
        swap(renames)
        (folder.root / "users.csv").write_bytes(b"somebody else's")

    monkeypatch.setattr(room, "swap", meddling)
    with folder.place() as place, pytest.raises(NotDelivered, match="does not hold what was written"):
        place.deliver(NEW[:1])


def test_a_link_is_never_written_through(folder: ServedFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (folder.root / ".users.csv.rosterkit-new").symlink_to(tmp_path / "elsewhere")
    with folder.place() as place:
        place.deliver(NEW[:1])
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"
    assert not (folder.root / "users.csv").is_symlink()


def test_a_watcher_of_the_folder_never_sees_a_part(folder: ServedFolder) -> None:
    bodies = [content(1_500_000) for _ in range(6)]
    allowed, wrong, stop = {b"start", *bodies}, [], threading.Event()
    target = folder.root / "users.csv"
    target.write_bytes(b"start")

    def look() -> None:
        while not stop.is_set():
            if (seen := target.read_bytes()) not in allowed:
                wrong.append(len(seen))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with folder.place() as place:
            for body in bodies:
                place.deliver([Outgoing("users.csv", body)])
    finally:
        stop.set()
        watcher.join()
    assert wrong == []


def test_a_file_in_the_way_of_the_folder_is_a_sentence(folder: ServedFolder) -> None:
    (folder.work / "taken").write_text("a file")
    with folder.place(path="taken") as place, pytest.raises(UsageError, match="Name another path"):
        place.deliver(NEW)


def test_a_file_that_changes_while_it_is_sent_is_not_delivered(folder: ServedFolder, tmp_path: Path) -> None:
    local = tmp_path / "local.csv"
    local.write_bytes(b"first")

    def change(what: str, _done: int, _total: int) -> None:
        if what.startswith("sending"):
            local.write_bytes(b"second edition")

    with folder.place() as place, pytest.raises(NotDelivered, match="changed on this machine"):
        place.deliver([Outgoing("users.csv", local)], change)
    assert folder.there() == {}
