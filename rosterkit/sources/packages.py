"""The packages of a source that reads files from a place: fetched to this machine for one run, from old to new.

Each run reads the newest whole bulk package again, and every delta since it: what the engine held or a person did not
approve comes again that way. What was applied before decides only which packages are too old to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Capabilities, Progress
from rosterkit.transport.incoming import Incoming, IncomingSettings, Look, Taken, Waiting, take
from rosterkit.transport.incoming_set import take_together
from rosterkit.transport.place import open_place
from rosterkit.transport.settings import PlaceSettings


@dataclass(frozen=True)
class Known:
    """What earlier runs left: the packages of the last applied plan, and the last look at the place."""

    taken: tuple[Taken, ...] = ()
    look: Look | None = None


def named(packages: IncomingSettings, capabilities: Capabilities) -> IncomingSettings:
    """The settings, with the names that packages of this source have where the settings do not say."""
    known = "bulk" in packages.model_fields_set
    return packages if known else packages.model_copy(update={"bulk": capabilities.package_names})


def fetch(
    place: PlaceSettings,
    packages: IncomingSettings,
    known: Known,
    *,
    folder: Path,
    to: Path,
    now: datetime,
    progress: Progress,
) -> Incoming:
    """Fetches the packages into ``to``; relative paths and ``file:`` references are meant from ``folder``.

    Raises SourceUnreadable where the place cannot be read or nothing there can be taken now, and UsageError where a
    setting or a secret is wrong.
    """
    with open_place(place, folder) as opened:
        if packages.files == "together":
            found = take_together(
                opened, packages, to, now=now, last_look=known.look, taken=known.taken, progress=progress
            )
        else:
            found = take(
                opened, packages, to, now=now, last_look=known.look, taken=known.taken, again=True, progress=progress
            )
        if not found.packages:
            raise SourceUnreadable(_nothing(opened.name, packages, found.waiting), rule="place.nothing")
    return found


def _nothing(place: str, packages: IncomingSettings, waiting: Sequence[Waiting]) -> str:
    if waiting:
        left = "; ".join(f"{one.name}: {one.why}" for one in waiting)
        return f"{place}: no package there can be read yet. {left}. Run again later."
    named = f'"{packages.bulk}"' + (f' or "{packages.delta}"' if packages.delta else "")
    return (
        f"{place}: no file there is named like {named}, or all of them are older than what was read last. "
        "Look at the place, and at the settings under packages."
    )
