"""A package that lies at a place as several files: all that have such a name are one bulk package.

Nothing of it is taken while one of them may still be growing: half of a new set beside half of an old one is no roster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from rosterkit.errors import SourceUnreadable
from rosterkit.transport.base import Progress, RemoteFile, no_progress
from rosterkit.transport.incoming import (
    LEFT_ALONE,
    Incoming,
    IncomingSettings,
    Look,
    Package,
    Role,
    Taken,
    Waiting,
    growing,
)
from rosterkit.transport.place import Place

_FOLDER = "files"


def take_together(
    place: Place,
    settings: IncomingSettings,
    folder: Path,
    *,
    now: datetime,
    last_look: Look | None = None,
    taken: Sequence[Taken] = (),
    progress: Progress = no_progress,
) -> Incoming:
    """Fetches every file with such a name into one folder below ``folder``; all of them or none."""
    look = Look(now, tuple(place.list()))
    files = sorted((f for f in look.files if fnmatchcase(f.name, settings.bulk)), key=lambda file: file.name)
    waiting = [Waiting(file.name, why) for file in files if (why := growing(file, settings, look, last_look))]
    if waiting or not files:
        return Incoming((), tuple(waiting), look, tuple(taken))
    to = folder / _FOLDER
    to.mkdir(mode=0o700)
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(f"{file.name} {place.fetch(file, to / file.name, progress).sha256}\n".encode())
        except SourceUnreadable as error:
            if error.rule not in LEFT_ALONE:
                raise
            return Incoming((), (Waiting(file.name, "it changed while it was fetched"),), look, tuple(taken))
    package = Package(to, _taken(settings, files, digest.hexdigest()))
    return Incoming((package,), (), look, (*taken, package.taken))


def _taken(settings: IncomingSettings, files: Sequence[RemoteFile], sha256: str) -> Taken:
    sizes = [file.size for file in files if file.size is not None]
    newest = max((file.modified for file in files if file.modified is not None), default=None)
    return Taken(Role.BULK, settings.bulk, sha256, sum(sizes) if len(sizes) == len(files) else None, newest)
