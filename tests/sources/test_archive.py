from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.archive import Archive, open_package
from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.package_rules import PACKAGE_RULES

FILES = {"users.csv": b"sourcedId\n" + b"ana\n" * 50, "orgs.csv": b"sourcedId\nd1\n"}


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as package:
        for name, content in members.items():
            package.writestr(zipfile.ZipInfo(name), content, method)
    return path


def folder(path: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def consume(path: Path, **caps: int) -> tuple[dict[str, bytes], str, list[str]]:
    """Everything in the package, its id and the rules of its findings."""
    findings = Findings(PACKAGE_RULES)
    with open_package(path, findings, SizeLimits(**caps)) as archive:
        contents = {name: b"".join(archive.chunks(name)) for name in archive.names}
        return contents, archive.package_id(), findings.frame()["rule"].to_list()


def refusal(path: Path, **caps: int) -> str:
    with pytest.raises(SourceUnreadable) as caught:
        consume(path, **caps)
    assert str(caught.value).endswith(".")
    assert caught.value.exit_code == 3
    return caught.value.rule


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_zip_and_folder_hold_the_same_and_have_the_same_id(method: int, tmp_path: Path) -> None:
    one = consume(zipped(tmp_path / "p.zip", FILES, method))
    other = consume(folder(tmp_path / "p", FILES))
    assert one == other
    assert one[0] == FILES
    assert consume(zipped(tmp_path / "q.zip", {**FILES, "orgs.csv": b"sourcedId\nd2\n"}))[1] != one[1]


def test_the_id_needs_nobody_to_have_read_the_members(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", FILES)
    with open_package(path, Findings(PACKAGE_RULES), SizeLimits()) as archive:
        assert archive.package_id() == consume(path)[1]


@pytest.mark.parametrize("name", ["export/2026/", "export\\2026\\"])
def test_one_folder_is_stripped_and_junk_ignored(name: str, tmp_path: Path) -> None:
    members = {f"{name}{file}": content for file, content in FILES.items()}
    junk = {"__MACOSX/._users.csv": b"x", f"{name}.DS_Store": b"x", f"{name}._orgs.csv": b"x"}
    contents, package_id, rules = consume(zipped(tmp_path / "p.zip", members | junk))
    assert contents == FILES
    assert package_id == consume(folder(tmp_path / "p", FILES))[1]
    assert sorted(rules) == ["package.folder", "package.junk"]


def test_folder_and_junk_are_errors_in_strict_reading(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {f"x/{name}": content for name, content in FILES.items()} | {".DS_Store": b""})
    findings = Findings(PACKAGE_RULES, strict=True)
    with open_package(path, findings, SizeLimits()):
        assert set(findings.frame()["severity"]) == {"error"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("/users.csv", "package.path"),
        ("../users.csv", "package.path"),
        ("a/../../users.csv", "package.path"),
        ("..\\users.csv", "package.path"),
        ("C:users.csv", "package.path"),
        ("C:\\users.csv", "package.path"),
        ("more.zip", "package.nested"),
        ("more.tar.gz", "package.nested"),
        ("Users.csv", "package.duplicate"),
        ("\x1b[2Jnotes.csv", "package.path"),
        ("notes\u202evsc.csv", "package.path"),
    ],
)
def test_a_name_that_leads_out_or_clashes_is_refused(name: str, rule: str, tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "p.zip", {**FILES, name: b"x"})) == rule


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as package:
        package.writestr("users.csv", "a")
        package.writestr("users.csv", "b")
    assert refusal(tmp_path / "p.zip") == "package.duplicate"


def test_links_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as package:
        info = zipfile.ZipInfo("users.csv")
        info.external_attr = 0o120777 << 16
        package.writestr(info, "/etc/passwd")
    assert refusal(tmp_path / "p.zip") == "package.link"
    inside = folder(tmp_path / "p", FILES)
    (inside / "more.csv").symlink_to(tmp_path / "p.zip")
    assert refusal(inside) == "package.link"


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    inside = folder(tmp_path / "p", FILES)
    (inside / "more.csv").symlink_to(inside / "more.csv")
    assert refusal(inside) == "package.link"


@pytest.mark.parametrize("name", [b"\x1b[2Jnotes.csv", b"\xff\xfe.csv"])
def test_a_file_whose_name_cannot_be_shown_is_refused(name: bytes, tmp_path: Path) -> None:
    inside = folder(tmp_path / "p", FILES)
    try:
        Path(os.fsdecode(os.fsencode(inside) + b"/" + name)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system has no such names")
    assert refusal(inside) == "package.path"


def test_a_link_that_stays_inside_and_one_to_the_folder_are_read(tmp_path: Path) -> None:
    inside = folder(tmp_path / "p", FILES)
    (inside / "more.csv").symlink_to(inside / "orgs.csv")
    (tmp_path / "link").symlink_to(inside)
    assert consume(tmp_path / "link")[0]["more.csv"] == FILES["orgs.csv"]


def test_a_special_file_is_refused(tmp_path: Path) -> None:
    inside = folder(tmp_path / "p", FILES)
    os.mkfifo(inside / "pipe.csv")
    assert refusal(inside) == "package.link"


def patched(path: Path, change: Callable[[bytearray, int], None]) -> Path:
    """The zip with the bytes of its first central directory entry changed."""
    data = bytearray(path.read_bytes())
    change(data, data.index(b"PK\x01\x02"))
    path.write_bytes(data)
    return path


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    def encrypt(data: bytearray, at: int) -> None:
        data[at + 8] |= 1

    assert refusal(patched(zipped(tmp_path / "p.zip", FILES), encrypt)) == "package.encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(method: int, tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "p.zip", FILES, method)) == "package.compression"


@pytest.mark.parametrize("field", ["checksum", "size", "packed size", "place"])
def test_members_that_are_not_what_the_archive_says_are_refused(field: str, tmp_path: Path) -> None:
    offset = {"checksum": 16, "size": 24, "packed size": 20, "place": 42}[field]

    def lie(data: bytearray, at: int) -> None:
        (value,) = struct.unpack_from("<I", data, at + offset)
        struct.pack_into("<I", data, at + offset, value + 1)

    assert refusal(patched(zipped(tmp_path / "p.zip", FILES), lie)) == "package.damaged"


def test_members_that_lie_over_each_other_are_refused(tmp_path: Path) -> None:
    """The second member is a sound record that lies within the data of the first."""
    inner = zipped(tmp_path / "inner.zip", {"orgs.csv": b"sourcedId"}, zipfile.ZIP_STORED).read_bytes()
    record = inner[: inner.index(b"PK\x01\x02")]
    path = zipped(tmp_path / "p.zip", {"users.csv": record, "orgs.csv": b"sourcedId"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 42, data.index(record))
    path.write_bytes(data)
    assert refusal(path) == "package.damaged"


def test_data_that_go_on_after_their_end_are_refused(tmp_path: Path) -> None:
    def longer(data: bytearray, at: int) -> None:
        (value,) = struct.unpack_from("<I", data, at + 20)
        struct.pack_into("<I", data, at + 20, value + 1)

    assert refusal(patched(zipped(tmp_path / "p.zip", {"users.csv": b"a" * 99}), longer)) == "package.damaged"


def test_every_damaged_byte_of_the_data_is_noticed(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "p.zip", FILES).read_bytes()
    for at in range(len(whole)):
        (tmp_path / "q.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            contents = consume(tmp_path / "q.zip")[0]
        except SourceUnreadable:
            continue
        assert list(contents.values()) == list(dict(sorted(FILES.items())).values()), at


def test_a_zip_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "p.zip", FILES).read_bytes()
    for end in range(0, len(whole), 7):
        (tmp_path / "q.zip").write_bytes(whole[:end])
        assert refusal(tmp_path / "q.zip") in ("package.not-a-zip", "package.damaged")


def test_what_is_not_there_or_no_package_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.zip") == "package.missing"
    (tmp_path / "text.zip").write_text("hello")
    assert refusal(tmp_path / "text.zip") == "package.not-a-zip"
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty") == "package.empty"
    assert refusal(zipped(tmp_path / "p.zip", {"readme.txt": b"x"})) == "package.empty"


@pytest.mark.parametrize(
    ("caps", "rule"),
    [
        ({"members": 1}, "package.too-many-members"),
        ({"member_bytes": 100}, "package.too-large"),
        ({"total_bytes": 215}, "package.too-large"),
    ],
)
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_caps(kind: str, caps: dict[str, int], rule: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", FILES) if kind == "zip" else folder(tmp_path / "p", FILES)
    assert refusal(path, **caps) == rule
    assert consume(path, members=2, member_bytes=210, total_bytes=223)[0] == FILES


def test_a_bomb_is_stopped_while_it_is_inflated(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"users.csv": bytes(30 << 20)})
    seen: list[int] = []
    with (
        open_package(path, Findings(PACKAGE_RULES), SizeLimits()) as archive,
        pytest.raises(SourceUnreadable, match="unpacks to more than 100 times") as caught,
    ):
        seen.extend(len(chunk) for chunk in archive.chunks("users.csv"))
    assert caught.value.rule == "package.ratio"
    assert sum(seen) <= 1 << 20
    assert consume(path, ratio=2000)[0]["users.csv"] == bytes(30 << 20)


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 100, 3 << 20, (3 << 20) + 100_000])
def test_large_members_inflate_whole_in_bounded_chunks(size: int, tmp_path: Path) -> None:
    """Output may wait in the inflater when its input is used up: nothing may be left there."""
    content = (os.urandom(20_000) * (size // 20_000 + 1))[:size]
    with open_package(
        zipped(tmp_path / "p.zip", {"users.csv": content}), Findings(PACKAGE_RULES), SizeLimits()
    ) as archive:
        chunks = list(archive.chunks("users.csv"))
        assert archive.declared_size("users.csv") == len(content)
    assert b"".join(chunks) == content
    assert max(map(len, chunks)) <= 1 << 20


def test_a_ratio_is_judged_on_the_bytes_used_so_far(tmp_path: Path) -> None:
    """Hostile 2: what comes later in the member does not make up for it."""
    content = bytes(3 << 20) + os.urandom(3 << 20)
    path = zipped(tmp_path / "p.zip", {"users.csv": content})
    assert path.stat().st_size * 100 > len(content)
    seen: list[int] = []
    with open_package(path, Findings(PACKAGE_RULES), SizeLimits()) as archive, pytest.raises(SourceUnreadable):
        seen.extend(len(chunk) for chunk in archive.chunks("users.csv"))
    assert sum(seen) <= 1 << 20


@pytest.mark.parametrize("value", [1 << 63, (1 << 64) - 1])
def test_a_forged_zip64_offset_is_a_damaged_package(value: int, tmp_path: Path) -> None:
    """Hostile 6."""
    path = tmp_path / "p.zip"
    info = zipfile.ZipInfo("users.csv")
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(info, b"sourcedId\na\n")
    data = bytearray(path.read_bytes())
    at, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    struct.pack_into("<I", data, at + 42, 0xFFFFFFFF)
    extra = struct.pack("<HHQ", 1, 8, value)
    struct.pack_into("<H", data, at + 30, len(extra))
    data[end:end] = extra
    struct.pack_into("<I", data, end + len(extra) + 12, end + len(extra) - at)
    path.write_bytes(data)
    assert refusal(path) == "package.damaged"


def test_other_data_before_or_after_a_zip_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "p.zip", FILES).read_bytes()
    (tmp_path / "before.zip").write_bytes(b"#!/bin/sh\n" + whole)
    assert refusal(tmp_path / "before.zip") == "package.damaged"
    (tmp_path / "after.zip").write_bytes(whole + b"more")
    assert refusal(tmp_path / "after.zip") == "package.damaged"


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_many_folders_inside_each_other_are_refused_or_read_and_never_crash(kind: str, tmp_path: Path) -> None:
    """Hostile 6."""
    if kind == "zip":
        name = "a/" * 1500 + "users.csv"
        assert consume(zipped(tmp_path / "p.zip", {name: b"x"}))[0] == {"users.csv": b"x"}
        return
    place = tmp_path / "p"
    for _ in range(30):
        place = place / "a"
    folder(place, FILES)
    assert refusal(tmp_path / "p") == "package.path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named_itself(tmp_path: Path) -> None:
    inside = folder(tmp_path / "p", {**FILES, "more/notes.csv": b"x"})
    (inside / "more").chmod(0)
    with pytest.raises(SourceUnreadable, match=rf"{inside}/more cannot be read \(Permission denied\)"):
        consume(inside)


def test_permission_denied_names_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 7, for a user who may read everything."""
    inside = folder(tmp_path / "p", FILES)

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(SourceUnreadable, match=rf"{inside} cannot be read \(Permission denied\)"):
        consume(inside)


def test_what_is_missing_or_no_package_is_named_in_full(tmp_path: Path) -> None:
    """At the command line, 18."""
    with pytest.raises(SourceUnreadable, match=rf"There is no package at {tmp_path}/none.zip"):
        consume(tmp_path / "none.zip")
    (tmp_path / "users.csv").write_text("sourcedId\n")
    with pytest.raises(SourceUnreadable, match="name the zip or the folder it is from"):
        consume(tmp_path / "users.csv")


def test_every_refusal_of_packages_happened_above() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule.code for rule in PACKAGE_RULES if f'"{rule.code}"' not in text] == []


def test_the_archive_closes_its_file(tmp_path: Path) -> None:
    archive = open_package(zipped(tmp_path / "p.zip", FILES), Findings(PACKAGE_RULES), SizeLimits())
    assert isinstance(archive, Archive)
    with archive:
        file = archive._file
    assert isinstance(file, io.BufferedReader)
    assert file.closed
