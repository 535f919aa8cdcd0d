"""Safe reading of a package: a zip, a folder, or one folder inside either. Nothing is extracted by name."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Self
from unicodedata import category

from rosterkit.sources.findings import Findings
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.zip_members import CHUNK, refused, unpacked, zip_entries

_JUNK = {".DS_Store", "Thumbs.db", "desktop.ini"}
_ARCHIVES = {".zip", ".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst"}
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # categories of Unicode
_MOST_FOLDERS = 20  # inside each other


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

    def __init__(self, members: list[_Member], file: IO[bytes] | None, findings: Findings, limits: SizeLimits) -> None:
        self._members = {member.name: member for member in _tidy(members, findings)}
        self._file = file
        self._limits = limits
        self._digests: dict[str, str] = {}
        self._sizes: dict[str, int] = {}

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
        """The unpacked size that the package declares: for progress, not to be trusted."""
        return self._members[name].size

    def chunks(self, name: str) -> Iterator[bytes]:
        """The member's bytes in order; raises SourceUnreadable where it exceeds a limit or contradicts its checksum."""
        member = self._members[name]
        digest = hashlib.sha256()
        size = 0
        before = sum(size for other, size in self._sizes.items() if other != name)
        for chunk in self._raw(member):
            digest.update(chunk)
            size += len(chunk)
            self._check_size(member, size, before + size)
            yield chunk
        self._digests[name], self._sizes[name] = digest.hexdigest(), size

    def head(self, name: str) -> bytes:
        """The first bytes of the member, at most 65,536 of them."""
        return next(iter(self._raw(self._members[name])), b"")[: 1 << 16]

    def package_id(self) -> str:
        """SHA-256 over the sorted names and the SHA-256 of each content: alike for zip and folder.

        Reads the members that nobody has read to their end.
        """
        for name in self.names:
            if name not in self._digests:
                for _ in self.chunks(name):
                    pass
        text = "".join(f"{name}\0{self._digests[name]}\n" for name in self.names)
        return hashlib.sha256(text.encode()).hexdigest()

    def _check_size(self, member: _Member, size: int, total: int) -> None:
        limits = self._limits
        if size > limits.member_bytes:
            raise refused("package.too-large", f"{member.name} unpacks to more than {limits.member_bytes:,} bytes")
        if total > limits.total_bytes:
            raise refused("package.too-large", f"The package unpacks to more than {limits.total_bytes:,} bytes")

    def _raw(self, member: _Member) -> Iterator[bytes]:
        if isinstance(member.place, Path):
            return _file_chunks(member.place, member.name)
        assert self._file is not None
        return unpacked(self._file, member.place, member.name, self._limits)


def open_package(path: Path, findings: Findings, limits: SizeLimits) -> Archive:
    """Opens a zip or a folder as a package; SourceUnreadable, with its rule, when it is refused."""
    try:
        if path.is_dir():
            return Archive(_folder_members(path, limits), None, findings, limits)
        if path.is_file():
            if path.suffix.lower() == ".csv":
                raise refused(
                    "package.not-a-zip",
                    f"{path.absolute()} is one CSV file; name the zip or the folder it is from, or "
                    "say by --kind what reads it",
                )
            return _open_zip(path, findings, limits)
    except OSError as error:
        place = Path(error.filename).absolute() if error.filename else path.absolute()
        raise refused("package.missing", f"{place} cannot be read ({error.strerror})") from error
    raise refused("package.missing", f"There is no package at {path.absolute()}")


def _open_zip(path: Path, findings: Findings, limits: SizeLimits) -> Archive:
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        members = [_Member(name, entry, entry.file_size) for name, entry in zip_entries(file, limits)]
        for member in members:
            if not _printable(member.name):
                raise refused("package.path", "A member's name holds characters that cannot be shown")
        archive = Archive(members, file, findings, limits)
        opened.pop_all()  # from here on the archive closes it
    return archive


def _folder_members(root: Path, limits: SizeLimits) -> list[_Member]:
    """Every file below the folder; OSError where a folder may not be read."""
    members: list[_Member] = []
    waiting = [(root, 0)]
    while waiting:
        folder, depth = waiting.pop()
        if depth > _MOST_FOLDERS:
            raise refused("package.path", f"More than {_MOST_FOLDERS} folders are inside each other")
        with os.scandir(folder) as entries:
            for entry in entries:
                name = Path(entry.path).relative_to(root).as_posix()
                if not _printable(name):
                    raise refused("package.path", "A file's name holds characters that cannot be shown")
                if entry.is_symlink() and _leads_out(Path(entry.path), root.resolve()):
                    raise refused("package.link", f"{name} is a link that leads out of the folder")
                if entry.is_dir():
                    if not entry.is_symlink():  # what a link leads to is read at its own place
                        waiting.append((Path(entry.path), depth + 1))
                    continue
                if not entry.is_file():
                    raise refused("package.link", f"{name} is not an ordinary file")
                members.append(_Member(name, Path(entry.path), entry.stat().st_size))
                if len(members) > limits.members:
                    raise refused("package.too-many-members", f"The folder holds more than {limits.members} files")
    return members


def _leads_out(link: Path, inside: Path) -> bool:
    try:
        return not link.resolve(strict=True).is_relative_to(inside)
    except (OSError, RuntimeError):  # it leads nowhere, or to itself
        return True


def _file_chunks(place: Path, name: str) -> Iterator[bytes]:
    try:
        with place.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except OSError as error:
        raise refused("package.missing", f"{name} cannot be read ({error.strerror})") from error


def _printable(name: str) -> bool:
    """Whether a message can show the name: without controls, overrides of direction and bytes that are no text."""
    return bool(name) and not any(category(letter) in _UNSEEN for letter in name)


def _tidy(members: list[_Member], findings: Findings) -> list[_Member]:
    """The members without junk and without their common folder; refuses archives and names that clash."""
    kept = [member for member in members if not _is_junk(member.name)]
    if junk := sorted(member.name for member in members if _is_junk(member.name)):
        findings.add("package.junk", detail=f"{len(junk)} files, such as {junk[0]}")
    for member in kept:
        if PurePosixPath(member.name).suffix.lower() in _ARCHIVES:
            raise refused("package.nested", f"{member.name} is itself an archive")
    if not any(member.name.lower().endswith(".csv") for member in kept):
        raise refused("package.empty", "The package holds no CSV file")
    folder = os.path.commonpath([PurePosixPath(member.name).parent for member in kept])
    if folder not in ("", "."):
        findings.add("package.folder", detail=f"folder {folder}")
        kept = [replace(member, name=member.name[len(folder) + 1 :]) for member in kept]
    _refuse_clashes([member.name for member in kept])
    return kept


def _is_junk(name: str) -> bool:
    path = PurePosixPath(name)
    return path.parts[0] == "__MACOSX" or path.name in _JUNK or path.name.startswith("._")


def _refuse_clashes(names: list[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise refused("package.duplicate", f"{seen[name.casefold()]} and {name} are both in the package")
        seen[name.casefold()] = name
