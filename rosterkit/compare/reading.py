"""Reads the sources that are to be compared. Nothing is stored; each reads as if for the first time."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ValidationError

from rosterkit import registry
from rosterkit.compare.delivered import Delivered
from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.base import Context, Coverage, Extract, Progress, Source
from rosterkit.sources.findings import Findings
from rosterkit.sources.packages import Known, fetch, named
from rosterkit.transport.incoming import IncomingSettings
from rosterkit.transport.settings import PlaceSettings

_PLACES = ("path", "url", "address")
"""The setting that text without a name in front is meant for, whichever the source has."""

_PACKAGE = "oneroster"


@dataclass(frozen=True)
class SourceSpec:
    """A source to be read: what it is called here, its kind, and its settings."""

    name: str
    kind: str
    settings: BaseModel
    folder: Path  # relative paths in the settings are meant from here
    place: PlaceSettings | None = None  # where its packages come from, where the settings do not say
    packages: IncomingSettings = field(default_factory=IncomingSettings)


def from_text(text: str, folder: Path) -> SourceSpec:
    """A source given on the command line; UsageError where it cannot be one.

    ``KIND:PATH`` or ``KIND:KEY=VALUE,KEY=VALUE``, with ``NAME@`` before it if it is to have a name of its own; a path
    without a kind is a OneRoster package.
    """
    named = "@" in text.partition(":")[0] and not (folder / text).exists()
    name, at, rest = text.rpartition("@") if named else ("", "", text)
    if at and not name.strip():
        raise UsageError(f'"{text}" has no name before its @. Write NAME@{rest}, or leave the @ out.')
    kind, colon, value = rest.partition(":")
    if not colon or len(kind) == 1 or "/" in kind:  # a path; a drive of one letter is a part of one
        _refuse_no_package(rest, folder)
        kind, value = _PACKAGE, rest
    source = registry.source(kind)
    if not value.strip():
        raise UsageError(f'"{text}" names nothing to read. Write {_written(source)}.')
    values = _settings(source, value)
    try:
        settings = source.Settings.model_validate(values)
    except ValidationError as problem:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg'].removeprefix('Value error, ')}"
            for e in problem.errors()
        )
        # Without the text: a secret may have been typed in the place of a reference.
        raise UsageError(f"The settings of {kind} do not hold: {faults}.") from None
    return SourceSpec(name if at else _named(kind, values), kind, settings, folder)


def _refuse_no_package(text: str, folder: Path) -> None:
    """Raises UsageError where the text cannot be the path of a package, and says what to write for what it is."""
    path = folder / text
    if not path.exists():
        if text in registry.source_kinds():
            raise UsageError(
                f'"{text}" is a kind of source. Write {_written(registry.source(text))}, or name a source of '
                "rosterkit.toml."
            )
        raise UsageError(f'"{text}" is no file or folder, no kind of source, and no source of rosterkit.toml.')
    if path.is_file() and path.suffix.lower() == ".csv":
        beside = " or ".join(
            f"{kind}:{text}" for kind in registry.source_kinds() if _is_one_file(registry.source(kind))
        )
        raise UsageError(
            f"{text} is one CSV file, and a package is a zip or a folder. Is it a file beside a roster? Write {beside}."
        )


def _refuse_files_alone(specs: Sequence[SourceSpec]) -> None:
    """Raises UsageError where every source is a file that lies beside a roster: no question can be answered."""
    if all(_is_one_file(registry.source(one.kind)) for one in specs):
        files = ", ".join(f"{one.name} ({one.kind})" for one in specs)
        one = len(specs) == 1
        raise UsageError(
            f"{files} {'is a file' if one else 'are files'} beside a roster, and no roster: "
            f"{'it has' if one else 'they have'} no schools, classes or enrollments to compare. Name the source of the "
            "students too, such as export.zip."
        )


def _written(source: Source) -> str:
    """How a source of that kind is given on the command line."""
    place = _place(source)
    return f"{f'{source.kind}:{place.upper()} or ' if place else ''}{source.kind}:KEY=VALUE,KEY=VALUE"


def _is_one_file(source: Source) -> bool:
    """Whether the source is a file beside a roster: one CSV file, which carries no classes."""
    return _place(source) == "path" and "Enrollment" not in source.capabilities.entities


def _place(source: Source) -> str | None:
    """The setting of the source that a text without a key is meant for."""
    return next((name for name in _PLACES if name in source.Settings.model_fields), None)


def _settings(source: Source, text: str) -> dict[str, object]:
    known = source.Settings.model_fields
    if "=" not in text:
        place = _place(source)
        if place is None:
            raise UsageError(f"{source.kind} has no place to name: write {_written(source)}.")
        return {place: text}
    values: dict[str, object] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or key not in known:
            raise UsageError(f'"{part}" is no setting of {source.kind}; there are {", ".join(sorted(known))}.')
        values[key] = int(value) if value.isdigit() and known[key].annotation in (int, int | None) else value
    return values


def _named(kind: str, values: Mapping[str, object]) -> str:
    path = values.get("path")
    return Path(str(path)).stem if path else kind


def read(
    specs: Sequence[SourceSpec],
    as_of: date,
    *,
    secret: Callable[[str, Path], str],
    progress: Progress,
    demographics: bool = False,
) -> tuple[list[Delivered], dict[str, str]]:
    """What the sources delivered, and by name why others could not be read.

    ``secret`` resolves a reference to a secret, with the folder from which its file is meant. Raises SourceUnreadable
    where none of the sources could be read, UsageError where two of them have one name or none can be a roster.
    """
    delivered: list[Delivered] = []
    unread: dict[str, str] = {}
    last: SourceUnreadable | None = None
    _refuse_equal_names(specs)
    _refuse_files_alone(specs)
    for one in specs:
        source = registry.source(one.kind)
        try:
            with tempfile.TemporaryDirectory(prefix="rosterkit-compare-") as scratch:
                context = Context(
                    findings=Findings(source.rules),
                    as_of=as_of,
                    scratch=Path(scratch),
                    folder=one.folder,
                    progress=progress,
                    demographics=demographics,
                    full=True,
                    secret=partial(_resolved, secret, one.folder),
                )
                settings = _with_package(one, source, Path(scratch), progress)
                extract = _something(source.extract(settings, context))
                delivered.append(Delivered(one.name, one.kind, source.capabilities, extract))
        except SourceUnreadable as problem:
            unread[one.name], last = str(problem), problem
    if not delivered and last is not None:
        why = " ".join(f"{name}: {why}" for name, why in unread.items())
        raise SourceUnreadable(why, rule=last.rule, file=last.file, line=last.line)
    return delivered, unread


def _something(extract: Extract) -> Extract:
    """The extract. Raises SourceUnreadable where every table of it is absent: there is nothing to compare."""
    if all(table.coverage is Coverage.ABSENT for table in extract.tables):
        reasons = dict.fromkeys(table.reason for table in extract.tables if table.reason)
        raise SourceUnreadable(f"Nothing of it came: {'; '.join(reasons) or 'it has no table'}.", rule="package.empty")
    return extract


def _with_package(one: SourceSpec, source: Source, scratch: Path, progress: Progress) -> BaseModel:
    """The settings, with the newest bulk package as the path where packages come from a place."""
    if one.place is None:
        return one.settings
    packages = named(one.packages, source.capabilities)
    to = scratch / "packages"
    to.mkdir(mode=0o700)
    now = datetime.now(UTC)
    found = fetch(one.place, packages, Known(), folder=one.folder, to=to, now=now, progress=progress)
    return one.settings.model_copy(update={"path": str(found.packages[0].path)})


def _resolved(secret: Callable[[str, Path], str], folder: Path, reference: str) -> str:
    return secret(reference, folder)


def _refuse_equal_names(specs: Sequence[SourceSpec]) -> None:
    """Raises UsageError where two sources have one name: nobody could tell their answers apart."""
    twice = [name for name, count in Counter(one.name for one in specs).items() if count > 1]
    if twice:
        raise UsageError(
            f"Several of these sources are called {' and '.join(twice)}. Give each a name of its own: "
            f"{twice[0]}-new@KIND:PATH. Is one there twice? Leave it out."
        )
