"""Which packages a source takes from a place: the newest whole bulk package, and every delta since it, in order.

A package that is still growing, or not whole, waits for the next look; so does everything that is newer than it.
What was taken is remembered by its checksum. What is remembered comes in and goes out as data.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rosterkit.errors import SourceUnreadable
from rosterkit.transport.base import Fetched, Progress, RemoteFile, no_progress
from rosterkit.transport.place import Place

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_CHECKSUM = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{32})\b", re.IGNORECASE)
_RECENT = 10  # times quiet_seconds: a change since an older look is not a sign that a file is growing
_LARGEST_COMPANION = 4096  # bytes
LEFT_ALONE = ("place.missing", "place.changed")  # rules: the vendor is at work on the file, look again later


class IncomingSettings(BaseModel):
    """How packages are recognised at a place."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    bulk: str = Field(
        default="*.zip",
        min_length=1,
        description="The names of bulk packages, with * and ?. Left out, it is `*.csv` for a source that reads one CSV "
        "file.",
    )
    delta: str = Field(default="", description="The names of delta packages, with * and ?. Left empty, there are none.")
    order: Literal["modified", "name"] = Field(
        default="modified", description="What makes a package newer: the time at the place, or its name (with a date)."
    )
    quiet_seconds: int = Field(
        default=60, ge=0, description="A file that changed within so many seconds may still be growing, and waits."
    )
    companion: Literal["", ".done", ".md5", ".sha256"] = Field(
        default="",
        description="A package counts as whole when a file of its name with this ending lies beside it; "
        "`.md5` and `.sha256` hold its checksum.",
    )
    files: Literal["apart", "together"] = Field(
        default="apart",
        description="`apart`: each file is a package. `together`: all files that are named like `bulk` are one, such "
        "as the CSV files of a set that lie side by side.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.files == "together" and (self.delta or self.companion):
            raise ValueError('files = "together" has neither delta nor companion')
        return self


class Role(StrEnum):
    """What a package is."""

    BULK = "bulk"
    DELTA = "delta"


@dataclass(frozen=True)
class Look:
    """What lay at a place at one time. Keep it, and give it to the next look."""

    at: datetime
    files: tuple[RemoteFile, ...]


@dataclass(frozen=True)
class Taken:
    """A package that was taken, in the order of taking."""

    role: Role
    name: str
    sha256: str
    size: int | None
    modified: datetime | None
    version: str = ""


@dataclass(frozen=True)
class Package:
    """A package on this machine."""

    path: Path
    taken: Taken


@dataclass(frozen=True)
class Waiting:
    """A package that was left for the next look, and why, as a clause people can read."""

    name: str
    why: str


@dataclass(frozen=True)
class Incoming:
    """What one look brought: at most one bulk package, which comes first, then deltas from old to new.

    ``look`` and ``taken`` are to be kept for the next look, once the packages are safe.
    """

    packages: tuple[Package, ...]
    waiting: tuple[Waiting, ...]
    look: Look
    taken: tuple[Taken, ...]


def take(
    place: Place,
    settings: IncomingSettings,
    folder: Path,
    *,
    now: datetime,
    last_look: Look | None = None,
    taken: Sequence[Taken] = (),
    again: bool = False,
    progress: Progress = no_progress,
) -> Incoming:
    """Fetches into ``folder`` the newest whole bulk package, if it is new, and every new delta since it.

    With a new bulk package come all deltas since it, taken before or not: the package is older than they are.
    ``again`` takes the bulk package and its deltas even if they were taken. Raises what ``Place`` raises.
    """
    look = Look(now, tuple(place.list()))
    shelf = _Shelf(place, settings, folder, look, last_look, tuple(taken), progress)
    deltas = [file for file in _oldest_first(settings, look.files) if _role(settings, file) is Role.DELTA]
    last = max((_rank(settings, old) for old in taken if old.role is Role.BULK), default=None)
    waiting: list[Waiting] = []
    packages: list[Package] = []
    for file in reversed(_oldest_first(settings, look.files)):
        if _role(settings, file) is not Role.BULK or (last and _rank(settings, file) < last):
            continue  # an older roster than the last one that was taken never replaces it
        if shelf.is_as_before(file) and not again:
            break
        bulk = shelf.package(file)
        if isinstance(bulk, Package):
            again = again or not shelf.is_known(bulk.taken)
            packages = [bulk] if again else []
            last = _rank(settings, file)
            break
        waiting.append(bulk)
        deltas = [delta for delta in deltas if _rank(settings, delta) < _rank(settings, file)]
    for file in deltas:
        if last is None:
            waiting.append(Waiting(file.name, "there is no bulk package yet that it could follow"))
        elif _rank(settings, file) > last and (again or not shelf.is_as_before(file)):
            delta = shelf.package(file)
            if isinstance(delta, Waiting):
                waiting.append(delta)
                break
            if again or not shelf.is_known(delta.taken):
                packages.append(delta)
    return Incoming(tuple(packages), tuple(waiting), look, (*taken, *(package.taken for package in packages)))


@dataclass(frozen=True)
class _Shelf:
    """The packages of one look."""

    place: Place
    settings: IncomingSettings
    folder: Path
    look: Look
    last_look: Look | None
    taken: tuple[Taken, ...]
    progress: Progress

    def package(self, file: RemoteFile) -> Package | Waiting:
        """The package, fetched and whole; or why it waits."""
        if why := growing(file, self.settings, self.look, self.last_look):
            return Waiting(file.name, why)
        companion = self._companion(file)
        if self.settings.companion and companion is None:
            return Waiting(file.name, f"its companion {file.name}{self.settings.companion} is not there yet")
        path = self.folder / file.name
        try:
            fetched = self.place.fetch(file, path, self.progress)
            stated = self._stated(companion)
        except SourceUnreadable as error:
            if error.rule not in LEFT_ALONE:
                raise
            return Waiting(file.name, "it changed while it was fetched")
        if why := _not_whole(fetched, self.settings.companion, stated):
            path.unlink()
            return Waiting(file.name, why)
        role = _role(self.settings, file)
        assert role
        return Package(path, Taken(role, file.name, fetched.sha256, file.size, file.modified, file.version))

    def is_as_before(self, file: RemoteFile) -> bool:
        """Whether it lies there as it was when it was last taken, so that it need not be fetched."""
        of_name = [old for old in self.taken if old.name == file.name]
        seen = (file.size, file.modified, file.version)
        return bool(of_name and seen == (of_name[-1].size, of_name[-1].modified, of_name[-1].version)) and (
            file.modified is not None or file.version != ""
        )

    def is_known(self, new: Taken) -> bool:
        """Whether it was taken: the last package of its name has its checksum, or an equal one is as old (a copy)."""
        of_name = [old for old in self.taken if old.name == new.name]
        if of_name and of_name[-1].sha256 == new.sha256:
            return True
        return any(old.sha256 == new.sha256 and old.modified == new.modified is not None for old in self.taken)

    def _companion(self, file: RemoteFile) -> RemoteFile | None:
        name = f"{file.name}{self.settings.companion}"
        return next((other for other in self.look.files if self.settings.companion and other.name == name), None)

    def _stated(self, companion: RemoteFile | None) -> str:
        """The checksum in the companion, or ""."""
        if companion is None or self.settings.companion == ".done" or (companion.size or 0) > _LARGEST_COMPANION:
            return ""
        path = self.folder / companion.name
        self.place.fetch(companion, path)
        found = _CHECKSUM.search(path.read_text(encoding="utf-8", errors="replace"))
        path.unlink()
        return found[0].lower() if found else ""


def growing(file: RemoteFile, settings: IncomingSettings, look: Look, last_look: Look | None) -> str:
    """Why the file may still be growing, or ""."""
    quiet = timedelta(seconds=settings.quiet_seconds)
    if last_look and (before := next((old for old in last_look.files if old.name == file.name), None)):
        between = look.at - last_look.at
        if before == file and between >= quiet:
            return ""  # whatever the place's clock says
        if before != file and between < _RECENT * quiet:
            return "it changed since the last look"
    if file.modified and look.at - file.modified < quiet:
        return f"it changed less than {settings.quiet_seconds} seconds ago"
    return ""


def _not_whole(fetched: Fetched, companion: str, stated: str) -> str:
    """Why the package is not whole, or ""."""
    if companion in (".md5", ".sha256"):
        ours = fetched.md5 if companion == ".md5" else fetched.sha256
        if not stated:
            return f"its companion {companion} holds no checksum"
        if stated != ours:
            return f"it does not match the checksum in its companion {companion}"
    if fetched.path.suffix.lower() == ".zip" and not _has_directory(fetched.path):
        return "it is a zip whose directory at the end is missing, so it is not whole"
    return ""


def _has_directory(path: Path) -> bool:
    """Whether a zip has its central directory, which is written last."""
    try:
        zipfile.ZipFile(path).close()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False
    return True


def _role(settings: IncomingSettings, file: RemoteFile) -> Role | None:
    """What the name says that the file is; a name that fits both patterns is a delta's."""
    if settings.companion and file.name.endswith(settings.companion):
        return None
    if settings.delta and fnmatchcase(file.name, settings.delta):
        return Role.DELTA
    return Role.BULK if fnmatchcase(file.name, settings.bulk) else None


def _oldest_first(settings: IncomingSettings, files: Sequence[RemoteFile]) -> list[RemoteFile]:
    return sorted(files, key=lambda file: _rank(settings, file))


def _rank(settings: IncomingSettings, file: RemoteFile | Taken) -> tuple[datetime, str]:
    """What orders packages from old to new."""
    return (_LONG_AGO if settings.order == "name" else file.modified or _LONG_AGO, file.name)
