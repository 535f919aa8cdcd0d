"""What the manifest declares: the version, and for every file whether it is absent, bulk or delta."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from providers.oneroster.spec import FILES, manifest_properties
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.archive import Archive
from rosterkit.sources.base import Context, Coverage
from rosterkit.sources.csv import LINE, CsvFile, Reading
from rosterkit.sources.findings import Findings

_MANIFEST = "manifest.csv"
_MOST_BYTES = 1 << 16  # a manifest has about thirty lines
_MODES = ("absent", "bulk", "delta")
_SAME_AS = {"1.1": "1.1", "1.1.1": "1.1", "1.2": "1.2", "1.2.0": "1.2", "1.2.1": "1.2"}
_CONTRADICTED = "\0"  # the value of a property that the manifest gives twice, differently


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the standard: its name in the package ("" if missing), how to read it, or why it is not read."""

    name: str
    mode: str  # bulk | delta | partial (absence means nothing) | absent
    reason: str = ""


@dataclass(frozen=True)
class Contents:
    """``version`` as FILES knows it; ``members``: every file of that version, by name without ``.csv``."""

    version: str
    system: str
    members: dict[str, Member]


def read_contents(archive: Archive, findings: Findings, context: Context) -> Contents:
    """Reads the manifest; SourceUnreadable when the package cannot be read at all."""
    manifest = next((name for name in archive.names if name.casefold() == _MANIFEST), "")
    values = _properties(archive, manifest, findings, context) if manifest else None
    version = _version(archive, values, findings)
    members_found = _members_found(archive, version, findings)
    members = {name: Member("", "absent", "it is not in the package") for name in FILES[version]}
    if values is None:
        return Contents(version, "", members | {name: Member(members_found[name], "partial") for name in members_found})
    _report_unknown(values, version, findings)
    members |= {name: _member(name, values, members_found.get(name, ""), findings) for name in FILES[version]}
    return Contents(version, values.get("source.systemName", ""), members)


def _properties(archive: Archive, name: str, findings: Findings, context: Context) -> dict[str, str]:
    options = Reading(key="propertyName", limits=context.size_limits, size=archive.declared_size(name))
    file = CsvFile(_MANIFEST, lambda: _limited(archive.chunks(name)), findings, options)
    read = None if file.reason else file.read()
    if read is None or read.coverage is not Coverage.FULL or len(file.header) < 2:
        reason = file.reason or (read.reason if read else "") or "it has fewer than two columns"
        raise SourceUnreadable(
            f"manifest.csv cannot be read: {reason}. Export the package again.",
            rule="manifest.unreadable",
            file=_MANIFEST,
        )
    if file.header != ("propertyName", "value"):
        findings.add("manifest.header", file=_MANIFEST, line=1)
    values: dict[str, str] = {}
    for line, prop, value in read.rows.select(LINE, *file.header[:2]).collect(engine="in-memory").iter_rows():
        name, text = (prop or "").strip(), (value or "").strip()
        if values.setdefault(name, text) != text:
            findings.add("manifest.repeated", file=_MANIFEST, line=line, column=name[:60])
            values[name] = _CONTRADICTED
    if (own := values.get("manifest.version", "")) != "1.0":
        findings.add("manifest.own-version", file=_MANIFEST, column="manifest.version", value=own[:60])
    return values


def _limited(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The manifest's bytes, up to a limit: each unknown property makes a finding of its own."""
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


def _version(archive: Archive, values: dict[str, str] | None, findings: Findings) -> str:
    """The version that the manifest names, or in lenient reading the one that fits the headers."""
    named = (values or {}).get("oneroster.version", "")
    if named in _SAME_AS:
        return _SAME_AS[named]
    guessed = "" if named or findings.strict else _version_of_headers(archive)
    if values is None:
        if not guessed:
            raise SourceUnreadable(
                "The package has no manifest.csv, as OneRoster 1.0 packages have none, and 1.0 is not read. "
                "Export as OneRoster 1.1 or 1.2, with manifest.csv at the root of the package.",
                rule="manifest.missing",
            )
        findings.add("manifest.missing", file=_MANIFEST, detail=f"read as {guessed}")
        return guessed
    if not guessed:
        raise SourceUnreadable(
            "manifest.csv does not name a version of OneRoster that is known. Set oneroster.version to 1.1 or 1.2.",
            rule="manifest.version",
            file=_MANIFEST,
        )
    findings.add("manifest.version-guessed", file=_MANIFEST, detail=f"read as {guessed}")
    return guessed


def _version_of_headers(archive: Archive) -> str:
    """1.1 and 1.2 both have enabledUser, which 1.0 lacks; only 1.1 has orgSourcedIds beside it."""
    users = next((name for name in archive.names if name.casefold() == "users.csv"), "")
    if not users:
        return ""
    first = archive.head(users).removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode(errors="replace")
    header = {name.strip().casefold() for name in next(csv.reader([first.rstrip("\r")]), [])}
    if "enableduser" not in header:
        return ""
    return "1.1" if "orgsourcedids" in header else "1.2"


def _members_found(archive: Archive, version: str, findings: Findings) -> dict[str, str]:
    """The members that are files of the standard, by their name in the standard."""
    known = {f"{name}.csv".casefold(): name for name in FILES[version]}
    members_found: dict[str, str] = {}
    for member in archive.names:
        if member.casefold() == _MANIFEST:
            continue
        name = known.get(member.casefold())
        if name is None:
            findings.add("package.unknown-file", detail=member[:120])
            continue
        if member != f"{name}.csv":
            findings.add("package.file-name", detail=member[:120])
        members_found[name] = member
    return members_found


def _report_unknown(values: Mapping[str, str], version: str, findings: Findings) -> None:
    known = manifest_properties(version)
    for prop in values:
        if prop not in known:
            findings.add("manifest.unknown-property", file=_MANIFEST, column=prop[:60])


def _member(name: str, values: Mapping[str, str], member: str, findings: Findings) -> Member:
    """How one file is read; where manifest and package contradict each other it is absent, which archives nothing."""
    prop = f"file.{name}"
    value = values.get(prop)
    if value == _CONTRADICTED:
        return Member("", "absent", findings.meaning("manifest.repeated"))
    if value is None:
        findings.add("manifest.row-missing", file=_MANIFEST, column=prop)
    mode = (value or "absent").casefold()
    if value is not None and value not in _MODES:
        findings.add("manifest.mode", file=_MANIFEST, column=prop, value=value[:60])
    if mode not in _MODES or (mode != value and findings.severity("manifest.mode") == "error"):
        mode = "absent"
    if mode == "absent":
        if member:
            findings.add("manifest.undeclared", file=_MANIFEST, column=prop)
            return Member("", "absent", findings.meaning("manifest.undeclared"))
        return Member("", "absent", "the manifest declares it absent")
    if not member:
        findings.add("manifest.file-missing", file=_MANIFEST, column=prop)
        return Member("", "absent", findings.meaning("manifest.file-missing"))
    return Member(member, mode)
