"""What the manifest says: the version, and for every file whether it is absent, bulk or delta."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from providers.oneroster.spec import FILES, manifest_properties
from rosterkit.errors import SourceUnreadable
from rosterkit.roster import findings
from rosterkit.roster.rules import Rule
from rosterkit.sources.archive import Archive
from rosterkit.sources.csv import LINE, read_csv
from rosterkit.sources.file_findings import Notes
from rosterkit.sources.reading import ReadOptions

__all__ = ["Contents", "Member", "read_contents"]

_MANIFEST = "manifest.csv"
_MOST_BYTES = 1 << 16  # a manifest has about thirty lines
_MODES = ("absent", "bulk", "delta")
_SAME_AS = {"1.1": "1.1", "1.1.1": "1.1", "1.2": "1.2", "1.2.0": "1.2", "1.2.1": "1.2"}
_CONTRADICTED = "\0"  # the value of a property that the manifest gives twice, differently


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the standard: its name in the package ("" where it is not there), how to read it, or why it is not."""

    name: str
    mode: str  # bulk | delta | partial (nothing says what absence means) | absent
    why: str = ""


@dataclass(frozen=True)
class Contents:
    """``version`` as FILES knows it; ``members``: every file of that version, by name without ``.csv``."""

    version: str
    system: str
    members: dict[str, Member]
    findings: pl.DataFrame


def read_contents(archive: Archive, rules: Mapping[str, Rule], options: ReadOptions) -> Contents:
    """Reads the manifest; SourceUnreadable when nothing can be made of the package."""
    notes = Notes(rules, _MANIFEST, strict=options.strict)
    around = Notes(rules, "", strict=options.strict)
    manifest = next((name for name in archive.names if name.casefold() == _MANIFEST), "")
    said = _properties(archive, manifest, notes, options) if manifest else None
    version = _version(archive, said, notes, options)
    there = _there(archive, version, around)
    if said is None:
        members = {name: Member(there[name], "partial") for name in there}
    else:
        _unknown_properties(said, version, notes)
        members = {name: _member(name, said, there.get(name, ""), notes) for name in FILES[version]}
    absent = {name: Member("", "absent", "it is not in the package") for name in FILES[version]}
    told = findings.concat([archive.findings, notes.frame(), around.frame()])
    return Contents(version, (said or {}).get("source.systemName", ""), absent | members, told)


def _properties(archive: Archive, name: str, notes: Notes, options: ReadOptions) -> dict[str, str]:
    chunks = _within(archive.chunks(name))
    read = read_csv(name, chunks, notes, options, key="propertyName", size=archive.declared_size(name))
    if read.state != "whole" or len(read.header) < 2:
        raise SourceUnreadable(
            f"manifest.csv cannot be read: {read.why or 'it has fewer than two columns'}. Export the package again.",
            rule="manifest.unreadable",
            file=_MANIFEST,
        )
    if read.header != ("propertyName", "value"):
        notes.one("manifest.header", line=1)
    said: dict[str, str] = {}
    for prop, value, line in read.rows.select(*read.header[:2], LINE).fill_null("").iter_rows():
        prop, value = prop.strip(), value.strip()  # noqa: PLW2901 - the same cells, without spaces around
        if said.setdefault(prop, value) != value:
            notes.one("manifest.repeated", line=line, column=prop[:60])
            said[prop] = _CONTRADICTED
    if said.get("manifest.version") != "1.0":
        notes.one("manifest.own-version", column="manifest.version", value=said.get("manifest.version", "")[:60])
    return said


def _within(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The manifest's bytes, of which there are few: each property that is not known is noted by itself."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _MOST_BYTES:
            raise SourceUnreadable(
                f"manifest.csv has more than {_MOST_BYTES:,} bytes. Export the package again.",
                rule="manifest.unreadable",
                file=_MANIFEST,
            )
        yield chunk


def _version(archive: Archive, said: dict[str, str] | None, notes: Notes, options: ReadOptions) -> str:
    """The version that the manifest names, or in lenient reading the one that the headers tell."""
    named = (said or {}).get("oneroster.version", "")
    if named in _SAME_AS:
        return _SAME_AS[named]
    guessed = "" if named or options.strict else _told_by_headers(archive)
    if said is None:
        if not guessed:
            raise SourceUnreadable(
                "The package has no manifest.csv, as OneRoster 1.0 packages have none, and 1.0 is not read. "
                "Export as OneRoster 1.1 or 1.2, with manifest.csv at the root of the package.",
                rule="manifest.missing",
            )
        notes.one("manifest.missing", detail=f"read as {guessed}")
        return guessed
    if not guessed:
        raise SourceUnreadable(
            "manifest.csv does not name a version of OneRoster that is known. Let oneroster.version be 1.1 or 1.2.",
            rule="manifest.version",
            file=_MANIFEST,
        )
    notes.one("manifest.version-guessed", detail=f"read as {guessed}")
    return guessed


def _told_by_headers(archive: Archive) -> str:
    """1.1 and 1.2 both have enabledUser, which 1.0 lacks; only 1.1 has orgSourcedIds beside it."""
    users = next((name for name in archive.names if name.casefold() == "users.csv"), "")
    if not users:
        return ""
    first = archive.head(users).removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode(errors="replace")
    header = {name.strip().casefold() for name in next(csv.reader([first.rstrip("\r")]), [])}
    if "enableduser" not in header:
        return ""
    return "1.1" if "orgsourcedids" in header else "1.2"


def _there(archive: Archive, version: str, notes: Notes) -> dict[str, str]:
    """The members that are files of the standard, by its name for them."""
    known = {f"{name}.csv".casefold(): name for name in FILES[version]}
    there: dict[str, str] = {}
    for member in archive.names:
        if member.casefold() == _MANIFEST:
            continue
        name = known.get(member.casefold())
        if name is None:
            notes.one("package.unknown-file", detail=member[:120])
            continue
        if member != f"{name}.csv":
            notes.one("package.file-name", detail=member[:120])
        there[name] = member
    return there


def _unknown_properties(said: dict[str, str], version: str, notes: Notes) -> None:
    known = manifest_properties(version)
    for prop in said:
        if prop not in known:
            notes.one("manifest.unknown-property", column=prop[:60])


def _member(name: str, said: dict[str, str], member: str, notes: Notes) -> Member:
    """How one file is read; where manifest and package contradict each other it is absent, which archives nothing."""
    prop = f"file.{name}"
    value = said.get(prop)
    if value == _CONTRADICTED:
        return Member("", "absent", notes.meaning("manifest.repeated"))
    if value is None:
        notes.one("manifest.row-missing", column=prop)
    mode = (value or "absent").casefold()
    if value is not None and value not in _MODES:
        notes.one("manifest.mode", column=prop, value=value[:60])
    if mode not in _MODES or (mode != value and notes.severity("manifest.mode") == "error"):
        mode = "absent"
    if mode == "absent":
        if member:
            notes.one("manifest.undeclared", column=prop)
            return Member("", "absent", notes.meaning("manifest.undeclared"))
        return Member("", "absent", "the manifest declares it absent")
    if not member:
        notes.one("manifest.file-missing", column=prop)
        return Member("", "absent", notes.meaning("manifest.file-missing"))
    return Member(member, mode)
