"""Which packages are taken from a place, and which wait."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from served_places import ServedFolder, ServedPlace, ServedSftp

from rosterkit.errors import SourceUnreadable
from rosterkit.transport.incoming import Incoming, IncomingSettings, Look, Role, Taken, take

NOW = datetime(2026, 9, 14, 4, 0, tzinfo=UTC)
SETTINGS = IncomingSettings(bulk="*.zip", delta="delta*.zip")


def package(content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("users.csv"), content)
    return out.getvalue()


def lay(served: ServedPlace, name: str, content: str | bytes, minutes: float) -> None:
    """A file that changed so many minutes before NOW."""
    served.put(name, package(content) if isinstance(content, str) else content)
    at = (NOW - timedelta(minutes=minutes)).timestamp()
    os.utime(served.root / name, (at, at))  # type: ignore[attr-defined] # folder and SFTP have one


def look(served: ServedPlace, **more: Any) -> Incoming:
    settings = more.pop("settings", SETTINGS)
    to = served.home / "incoming"
    to.mkdir(exist_ok=True)
    with served.place() as place:
        return take(place, settings, to, **({"now": NOW} | more))


def names(got: Incoming) -> list[str]:
    return [package.taken.name for package in got.packages]


def waiting(got: Incoming) -> list[str]:
    return [each.name for each in got.waiting]


def test_the_newest_bulk_package_and_every_delta_since_in_order(folder: ServedFolder) -> None:
    lay(folder, "delta-a.zip", "before the bulk", 50)
    lay(folder, "old.zip", "1", 60)
    lay(folder, "new.zip", "2", 40)
    lay(folder, "delta-c.zip", "c", 30)
    lay(folder, "delta-b.zip", "b", 20)
    got = look(folder)
    assert names(got) == ["new.zip", "delta-c.zip", "delta-b.zip"]
    assert [package.taken.role for package in got.packages] == [Role.BULK, Role.DELTA, Role.DELTA]
    assert got.waiting == ()
    assert got.packages[0].path.read_bytes() == package("2")
    assert got.taken[0].sha256 == hashlib.sha256(package("2")).hexdigest()


def test_a_name_with_a_date_can_make_the_order(folder: ServedFolder) -> None:
    lay(folder, "2026-09-13.zip", "1", 5)  # was copied again
    lay(folder, "2026-09-14.zip", "2", 60)
    assert names(look(folder, settings=IncomingSettings(order="name"))) == ["2026-09-14.zip"]
    assert names(look(folder)) == ["2026-09-13.zip"]


def test_the_same_works_over_sftp(sftp: ServedSftp) -> None:
    lay(sftp, "new.zip", "2", 40)
    lay(sftp, "delta-b.zip", "b", 20)
    first = look(sftp)
    assert names(first) == ["new.zip", "delta-b.zip"]
    assert names(look(sftp, taken=first.taken, last_look=first.look)) == []


# --- what was taken


def test_what_was_taken_is_not_taken_again_nor_fetched(folder: ServedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(folder, "new.zip", "2", 40)
    lay(folder, "delta-b.zip", "b", 20)
    taken = look(folder).taken
    from rosterkit.transport import Place

    def fetched(*_: Any) -> None:
        pytest.fail("it was fetched")

    monkeypatch.setattr(Place, "fetch", fetched)
    got = look(folder, taken=taken)
    assert (names(got), got.taken) == ([], taken)


def test_a_package_that_was_copied_again_is_known_by_its_checksum(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 40)
    taken = look(folder).taken
    lay(folder, "new.zip", "2", 10)
    assert names(look(folder, taken=taken)) == []


def test_a_package_that_was_renamed_is_known(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 40)
    taken = look(folder).taken
    (folder.root / "new.zip").rename(folder.root / "renamed.zip")
    assert names(look(folder, taken=taken)) == []


def test_a_delta_that_says_again_what_an_older_one_said_is_a_new_one(folder: ServedFolder) -> None:
    """Enabled, disabled, enabled: the third has the bytes of the first, and is an event of its own."""
    lay(folder, "new.zip", "2", 400)
    taken = look(folder).taken
    for minutes, content in ((300, "on"), (200, "off"), (100, "on")):
        lay(folder, "delta.zip", content, minutes)
        got = look(folder, taken=taken)
        assert names(got) == ["delta.zip"]
        taken = got.taken
    lay(folder, "delta-copy.zip", "on", 50)
    assert names(look(folder, taken=taken)) == ["delta-copy.zip"]


def test_new_deltas_follow_a_bulk_package_that_was_taken_or_removed(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 40)
    taken = look(folder).taken
    lay(folder, "delta-a.zip", "a", 50)
    lay(folder, "delta-b.zip", "b", 20)
    assert names(look(folder, taken=taken)) == ["delta-b.zip"]
    (folder.root / "new.zip").unlink()
    assert names(look(folder, taken=taken)) == ["delta-b.zip"]


def test_with_a_new_bulk_package_the_deltas_since_it_come_again(folder: ServedFolder) -> None:
    lay(folder, "old.zip", "1", 60)
    lay(folder, "delta-b.zip", "b", 20)
    taken = look(folder).taken
    lay(folder, "late.zip", "2", 40)
    assert names(look(folder, taken=taken)) == ["late.zip", "delta-b.zip"]


def test_an_older_roster_never_replaces_a_newer_one(folder: ServedFolder) -> None:
    lay(folder, "old.zip", "1", 60)
    lay(folder, "new.zip", "2", 40)
    taken = look(folder).taken
    (folder.root / "new.zip").unlink()
    assert names(look(folder, taken=taken)) == []
    assert names(look(folder, taken=taken, again=True)) == []


def test_everything_can_be_taken_again(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 40)
    lay(folder, "delta-b.zip", "b", 20)
    taken = look(folder).taken
    assert names(look(folder, taken=taken, again=True)) == ["new.zip", "delta-b.zip"]


# --- what waits


def test_a_young_file_waits(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 0.5)
    lay(folder, "old.zip", "1", 40)
    got = look(folder)
    assert (names(got), waiting(got)) == (["old.zip"], ["new.zip"])
    assert "less than 60 seconds ago" in got.waiting[0].why


def test_a_file_that_has_not_changed_between_two_looks_is_taken_whatever_the_clock_there_says(
    folder: ServedFolder,
) -> None:
    lay(folder, "new.zip", "2", -600)  # the place's clock is ten minutes ahead
    first = look(folder)
    assert waiting(first) == ["new.zip"]
    soon, later = NOW + timedelta(seconds=30), NOW + timedelta(seconds=60)
    assert waiting(look(folder, last_look=first.look, now=soon)) == ["new.zip"]
    assert names(look(folder, last_look=first.look, now=later)) == ["new.zip"]


def test_a_file_that_changed_between_two_looks_waits_whatever_the_clock_there_says(folder: ServedFolder) -> None:
    lay(folder, "roster.zip", "1", 600)  # the place's clock is hours behind
    first = look(folder)
    lay(folder, "roster.zip", "22", 599)
    soon = look(folder, last_look=first.look, now=NOW + timedelta(seconds=90))
    assert waiting(soon) == ["roster.zip"]
    assert "changed since the last look" in soon.waiting[0].why


def test_a_file_that_is_replaced_each_day_is_taken_each_day(folder: ServedFolder) -> None:
    lay(folder, "roster.zip", "1", 24 * 60)
    first = look(folder, now=NOW - timedelta(hours=23))
    lay(folder, "roster.zip", "2", 60)
    assert names(look(folder, taken=first.taken, last_look=first.look)) == ["roster.zip"]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_zip_without_its_directory_waits(folder: ServedFolder, kept: float) -> None:
    whole = package("2" * 1000)
    lay(folder, "new.zip", whole[: int(len(whole) * kept)], 40)
    lay(folder, "old.zip", "1", 60)
    lay(folder, "delta-b.zip", "for the new one", 20)
    lay(folder, "delta-a.zip", "for the old one", 50)
    got = look(folder)
    assert names(got) == ["old.zip", "delta-a.zip"]  # what is newer than a package that waits, waits too
    assert "not whole" in got.waiting[0].why
    assert sorted(path.name for path in (folder.home / "incoming").iterdir()) == ["delta-a.zip", "old.zip"]


def test_a_delta_that_waits_keeps_those_after_it_waiting(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 60)
    lay(folder, "delta-1.zip", "1", 50)
    lay(folder, "delta-2.zip", b"PK\x03\x04 half", 40)
    lay(folder, "delta-3.zip", "3", 30)
    got = look(folder)
    assert (names(got), waiting(got)) == (["new.zip", "delta-1.zip"], ["delta-2.zip"])


def test_a_delta_without_a_bulk_package_waits(folder: ServedFolder) -> None:
    lay(folder, "delta-1.zip", "1", 50)
    got = look(folder)
    assert (names(got), waiting(got)) == ([], ["delta-1.zip"])


def test_a_file_that_changes_while_it_is_fetched_waits(folder: ServedFolder) -> None:
    lay(folder, "new.zip", "2", 40)

    def grow(*_: Any) -> None:
        lay(folder, "new.zip", "33", 39)

    got = look(folder, progress=grow)
    assert (names(got), waiting(got)) == ([], ["new.zip"])


# --- companions


@pytest.mark.parametrize(
    ("ending", "content", "why"),
    [
        (".done", b"", ""),
        (".md5", hashlib.md5(package("2")).hexdigest().encode() + b"  new.zip\n", ""),
        (".md5", b"MD5 (new.zip) = " + hashlib.md5(package("2")).hexdigest().upper().encode(), ""),
        (".sha256", hashlib.sha256(package("2")).hexdigest().encode(), ""),
        (".md5", hashlib.md5(b"other").hexdigest().encode(), "does not match"),
        (".sha256", hashlib.md5(package("2")).hexdigest().encode(), "does not match"),
        (".md5", b"no checksum", "holds no checksum"),
        (".md5", b" " * 5000 + hashlib.md5(package("2")).hexdigest().encode(), "holds no checksum"),
        (".done", None, "not there yet"),
    ],
)
def test_a_companion_says_that_a_package_is_whole(
    folder: ServedFolder, ending: Any, content: bytes | None, why: str
) -> None:
    lay(folder, "new.zip", "2", 40)
    if content is not None:
        lay(folder, f"new.zip{ending}", content, 39)
    got = look(folder, settings=IncomingSettings(bulk="*", companion=ending))
    assert names(got) == ([] if why else ["new.zip"])
    assert [why in each.why for each in got.waiting] == ([True] if why else [])


def test_a_place_that_cannot_be_read_is_not_an_empty_one(folder: ServedFolder) -> None:
    folder.root.rmdir()
    with pytest.raises(SourceUnreadable):
        look(folder)


def test_what_is_remembered_is_plain_data() -> None:
    look = Look(NOW, ())
    taken: Sequence[Taken] = [Taken(Role.BULK, "new.zip", "00", 4, NOW)]
    assert (look, taken) == (Look(NOW, ()), [Taken(Role("bulk"), "new.zip", "00", 4, NOW)])


def test_a_csv_file_is_a_package_too(folder: ServedFolder, tmp_path: Path) -> None:
    lay(folder, "guardians.csv", b"id\n7\n", 40)
    assert names(look(folder, settings=IncomingSettings(bulk="guardians.csv"))) == ["guardians.csv"]
