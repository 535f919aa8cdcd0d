"""Safe reading of a package: a zip, a folder, or one folder inside either.

Members are read as streams and never extracted by name. What an archive declares of itself is not trusted: bytes are
counted while they are inflated, checksums are verified, and members that lie over each other are refused.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Self
from unicodedata import category

from isal import isal_zlib

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.file_findings import Notes
from rosterkit.sources.reading import Caps, ReadOptions
from rosterkit.sources.rules import PACKAGE_RULES

__all__ = ["Archive", "open_package"]

CHUNK = 1 << 20  # inflated bytes handed on at a time: larger chunks cost page faults on fresh memory
_RATIO_FROM = 1 << 20  # bytes from which on the ratio is judged
_JUNK = {".DS_Store", "Thumbs.db", "desktop.ini"}
_ARCHIVES = {".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst"}
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories of Unicode
_END_OF_DIRECTORY = 22  # bytes, without the comment that follows
_ZIP64 = 0xFFFF  # the count stands elsewhere
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True)
class _Member:
    """One file of the package: ``place`` is its path, or its entry in the zip."""

    name: str
    place: Path | zipfile.ZipInfo
    size: int  # as declared: for progress only


class Archive:
    """An open package. ``names`` are its files without the common folder; junk is left out.

    Each member's bytes are hashed as they pass, so that the package's id costs no second reading.
    """

    def __init__(self, members: list[_Member], file: IO[bytes] | None, options: ReadOptions) -> None:
        notes = Notes({rule.code: rule for rule in PACKAGE_RULES}, "", strict=options.strict)
        self._members = {member.name: member for member in _tidy(members, notes)}
        self._file = file
        self._caps = options.caps
        self._digests: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self.findings = notes.frame()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, sorted."""
        return tuple(sorted(self._members))

    def declared_size(self, name: str) -> int:
        """The inflated size that the package declares: for progress, not to be trusted."""
        return self._members[name].size

    def chunks(self, name: str) -> Iterator[bytes]:
        """The member's bytes in order; raises SourceUnreadable where it breaks a cap or contradicts its checksum."""
        member = self._members[name]
        digest = hashlib.sha256()
        size = 0
        before = sum(size for other, size in self._sizes.items() if other != name)
        for chunk in self._raw(member):
            digest.update(chunk)
            size += len(chunk)
            self._within(member, size, before + size)
            yield chunk
        self._digests[name], self._sizes[name] = digest.hexdigest(), size

    def head(self, name: str, size: int = 1 << 16) -> bytes:
        """The first bytes of the member, at most ``size`` of them."""
        return next(iter(self._raw(self._members[name])), b"")[:size]

    def package_id(self) -> str:
        """SHA-256 over the sorted names and the SHA-256 of each content: alike for zip and folder.

        Reads the members that nobody has read yet.
        """
        for name in self.names:
            if name not in self._digests:
                for _ in self.chunks(name):
                    pass
        told = "".join(f"{name}\0{self._digests[name]}\n" for name in self.names)
        return hashlib.sha256(told.encode()).hexdigest()

    def _within(self, member: _Member, size: int, total: int) -> None:
        caps = self._caps
        if size > caps.member_bytes:
            raise _refused("package.too-large", f"{member.name} unpacks to more than {caps.member_bytes:,} bytes")
        if total > caps.total_bytes:
            raise _refused("package.too-large", f"The package unpacks to more than {caps.total_bytes:,} bytes")
        if isinstance(member.place, zipfile.ZipInfo) and size > _RATIO_FROM:
            packed = max(member.place.compress_size, 1)
            if size > caps.ratio * packed:
                raise _refused("package.ratio", f"{member.name} unpacks to more than {caps.ratio} times its size")

    def _raw(self, member: _Member) -> Iterator[bytes]:
        if isinstance(member.place, Path):
            return _file_chunks(member.place, member.name)
        assert self._file is not None
        return _inflated(self._file, member.place, member.name)


def open_package(path: Path, options: ReadOptions) -> Archive:
    """Opens a zip or a folder as a package; SourceUnreadable, with its rule, when it is refused."""
    try:
        if path.is_dir():
            return Archive(_folder_members(path, options.caps), None, options)
        if path.is_file():
            return _open_zip(path, options)
    except OSError as error:
        raise _refused("package.missing", f"{path.name} cannot be read ({error.strerror})") from error
    raise _refused("package.missing", f"There is no package at {path.name}")


def _open_zip(path: Path, options: ReadOptions) -> Archive:
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        archive = Archive(_zip_members(file, options.caps), file, options)
        opened.pop_all()  # from here on the archive closes it
    return archive


def _refused(rule: str, what: str) -> SourceUnreadable:
    remedy = next(r.remedy for r in PACKAGE_RULES if r.code == rule)
    return SourceUnreadable(f"{what}. {remedy}", rule=rule)


# --- folders


def _folder_members(root: Path, caps: Caps) -> list[_Member]:
    members: list[_Member] = []
    inside = root.resolve()
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            place = Path(folder, name)
            told = place.relative_to(root).as_posix()
            if not _printable(told):
                raise _refused("package.path", "A file's name holds characters that cannot be shown")
            if place.is_symlink() and _leads_out(place, inside):
                raise _refused("package.link", f"{told} is a link that leads out of the folder")
            if name in folders:
                continue
            if not place.is_file():
                raise _refused("package.link", f"{told} is not an ordinary file")
            members.append(_Member(told, place, place.stat().st_size))
            if len(members) > caps.members:
                raise _refused("package.too-many-members", f"The folder holds more than {caps.members} files")
    return members


def _leads_out(link: Path, inside: Path) -> bool:
    try:
        return not link.resolve().is_relative_to(inside)
    except RuntimeError:  # it leads to itself
        return True


def _file_chunks(place: Path, name: str) -> Iterator[bytes]:
    try:
        with place.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise _refused("package.missing", f"{name} cannot be read ({error.strerror})") from error


# --- zips


def _zip_members(file: IO[bytes], caps: Caps) -> list[_Member]:
    try:
        directory = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, UnicodeError, OverflowError) as error:
        raise _refused("package.not-a-zip", "The package is not a zip archive, or it is cut off") from error
    entries = directory.infolist()
    if len(entries) > caps.members:
        raise _refused("package.too-many-members", f"The package holds more than {caps.members} files")
    if _told_entries(file, len(directory.comment)) not in (len(entries), _ZIP64):
        raise _refused("package.damaged", "The archive's directory does not list as many members as it says")
    _no_overlap(file, entries)
    return [_member(entry) for entry in entries if not entry.is_dir()]


def _told_entries(file: IO[bytes], comment: int) -> int:
    """How many members the end of the archive says there are; a damaged directory may list fewer."""
    file.seek(-(_END_OF_DIRECTORY + comment), os.SEEK_END)
    return int(struct.unpack_from("<H", file.read(_END_OF_DIRECTORY), 10)[0])


def _member(entry: zipfile.ZipInfo) -> _Member:
    name = entry.filename.replace("\\", "/")
    if "\0" in entry.orig_filename or not _plain(name):
        raise _refused("package.path", "A member's name is not a plain relative path")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise _refused("package.link", f"{name} is a link or a special file")
    if entry.flag_bits & 0x41:
        raise _refused("package.encrypted", f"{name} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("package.compression", f"{name} is compressed by method {entry.compress_type}")
    return _Member(name, entry, entry.file_size)


def _plain(name: str) -> bool:
    """Whether the name stays inside the package on every operating system, and can be shown."""
    parts = name.split("/")
    return _printable(name) and ".." not in parts and not name.startswith("/") and ":" not in parts[0]


def _no_overlap(file: IO[bytes], entries: list[zipfile.ZipInfo]) -> None:
    """Refuses members whose data lie over each other, as in an archive bomb without recursion."""
    end = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < end:
            raise _refused("package.damaged", f"{entry.filename} lies over another member")
        end = _data_start(file, entry) + entry.compress_size
    if end > file.seek(0, os.SEEK_END):
        raise _refused("package.damaged", "The package is cut off")


def _data_start(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Where the member's data begin: after a header of its own, which must bear the name that the directory gives."""
    file.seek(entry.header_offset)
    raw = file.read(_LOCAL_HEADER.size)
    if len(raw) < _LOCAL_HEADER.size or raw[:4] != b"PK\x03\x04":
        raise _refused("package.damaged", f"{entry.filename} has no header of its own")
    *_, name_length, extra_length = _LOCAL_HEADER.unpack(raw)
    if file.read(name_length) != entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"):
        raise _refused("package.damaged", f"{entry.filename} has another name in its own header")
    return int(entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length)


def _at(file: IO[bytes], position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)


def _inflated(file: IO[bytes], entry: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    size = crc = 0
    for chunk in _unpacked(file, entry, name):
        size += len(chunk)
        crc = isal_zlib.crc32(chunk, crc)
        yield chunk
    if crc != entry.CRC or size != entry.file_size:
        raise _refused("package.damaged", f"{name} does not match its checksum")


def _unpacked(file: IO[bytes], entry: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    position, left = _data_start(file, entry), entry.compress_size
    stored = entry.compress_type == zipfile.ZIP_STORED
    inflater = isal_zlib.decompressobj(wbits=-15)
    while left and not inflater.eof:
        packed = _at(file, position, min(CHUNK // 4, left))
        if not packed:
            raise _refused("package.damaged", f"{name} is cut off")
        position, left = position + len(packed), left - len(packed)
        if stored:
            yield packed
            continue
        full = True
        while (packed or full) and not inflater.eof:  # a full chunk: more may wait inside, without any input
            try:
                chunk = inflater.decompress(packed, CHUNK)
            except isal_zlib.error as error:  # type: ignore[misc] # its stub says instance, it is a class
                raise _refused("package.damaged", f"{name} does not unpack") from error
            packed, full = inflater.unconsumed_tail, len(chunk) == CHUNK
            yield chunk
    if not stored and (left or inflater.unused_data or not inflater.eof):
        raise _refused("package.damaged", f"{name} does not end where the archive says")


# --- what both have in common


def _printable(name: str) -> bool:
    """Whether the name can stand in a message: without controls, overrides of direction and bytes that are no text."""
    return bool(name) and not any(category(letter) in _UNSEEN for letter in name)


def _tidy(members: list[_Member], notes: Notes) -> list[_Member]:
    """The members without junk and without their common folder; refuses archives and names that clash."""
    kept = [member for member in members if not _is_junk(member.name)]
    if junk := [member.name for member in members if _is_junk(member.name)]:
        notes.one("package.junk", detail=f"{len(junk)} files, such as {junk[0]}")
    for member in kept:
        if PurePosixPath(member.name).suffix.lower() in _ARCHIVES:
            raise _refused("package.nested", f"{member.name} is itself an archive")
    if not any(member.name.lower().endswith(".csv") for member in kept):
        raise _refused("package.empty", "The package holds no CSV file")
    folder = os.path.commonpath([PurePosixPath(member.name).parent for member in kept])
    if folder not in ("", "."):
        notes.one("package.folder", detail=f"folder {folder}")
        kept = [replace(member, name=member.name[len(folder) + 1 :]) for member in kept]
    _no_twins([member.name for member in kept])
    return kept


def _is_junk(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name in _JUNK or path.name.startswith("._")


def _no_twins(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise _refused("package.duplicate", f"{seen[name.casefold()]} and {name} are both in the package")
        seen[name.casefold()] = name
