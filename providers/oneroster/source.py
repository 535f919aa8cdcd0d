"""A OneRoster CSV package, 1.1 or 1.2, to a Bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from providers.oneroster.agents import guardian_statements, people_of, roles_of
from providers.oneroster.celltable import DELETED, LINE
from providers.oneroster.manifest import Contents, read_contents
from providers.oneroster.mapping import ENTITY_OF, class_terms, roles_11, table
from providers.oneroster.rows import FileRead, absent, read_file
from providers.oneroster.rules import RULES
from providers.oneroster.spec import FILES
from providers.oneroster.validation import checked
from rosterkit.roster import findings
from rosterkit.roster.rules import Rule
from rosterkit.sources.archive import Archive, open_package
from rosterkit.sources.bundle import Bundle, Package, Segment, Table
from rosterkit.sources.file_findings import Notes
from rosterkit.sources.reading import ReadOptions

__all__ = ["read_package"]

_RULES: Mapping[str, Rule] = {rule.code: rule for rule in RULES}


def read_package(path: Path, options: ReadOptions) -> Bundle:
    """Reads the package; SourceUnreadable when it is refused whole. Writes nothing."""
    with open_package(path, options) as archive:
        contents = read_contents(archive, _RULES, options)
        reads = checked(_read_files(archive, contents, options))
        package = Package(archive.package_id(), path.name, contents.version, contents.system)
    tables: dict[str, Table] = {}
    segments: list[Segment] = []
    for name, read in reads.items():
        segments.append(_segment(read, ENTITY_OF[name]))
        if read.state != "absent":
            tables[ENTITY_OF[name]] = table(read)
    _derive(reads, contents.version, tables, segments)
    told = findings.concat([contents.findings, *(read.notes.frame() for read in reads.values())])
    return Bundle(
        package,
        tables,
        tuple(segments),
        findings.ordered(told),
        {read.member: read.rows_read for read in reads.values() if read.state != "absent"},
    )


def _read_files(archive: Archive, contents: Contents, options: ReadOptions) -> dict[str, FileRead]:
    """Every rostering file, each read by itself."""
    reads: dict[str, FileRead] = {}
    for name in ENTITY_OF:
        if name not in contents.members:
            continue
        member, file = contents.members[name], FILES[contents.version][name]
        notes = Notes(_RULES, f"{name}.csv", strict=options.strict)
        if name == "demographics" and not options.demographics:
            reads[name] = absent(file, notes, "demographics were not asked for")
        elif member.mode == "absent":
            reads[name] = absent(file, notes, member.why)
        else:
            reads[name] = read_file(archive, member, file, notes, options)
    return reads


def _segment(read: FileRead, entity: str, needs: tuple[str, ...] = ()) -> Segment:
    """The segment of an entity that the file states, by way of the columns that it needs."""
    missing = [name for name in needs if name not in read.present]
    if read.state != "absent" and missing:
        return Segment(entity, "", "absent", f"{read.member} has no column {missing[0]}", read.delta)
    return Segment(entity, "", read.state, read.why, read.delta)


def _listed(read: FileRead, entity: str, columns: tuple[str, ...], unheard: pl.DataFrame | None = None) -> Segment:
    """The segment of an entity that rows list: partial where one of them (``unheard``) cannot be read.

    What such a row lists is neither said nor unreadable by its own key, and absence must not archive it.
    """
    segment = _segment(read, entity, columns)
    if segment.state != "full":
        return segment
    if unheard is None:
        unheard = read.rows.filter(~pl.col(DELETED) & pl.any_horizontal(read.unread(name) for name in columns))
    if unheard.is_empty():
        return segment
    first = unheard.row(0, named=True)[LINE]
    return replace(segment, state="partial", why=f"{read.member}:{first}: its {columns[0]} was not read")


def _derive(
    reads: Mapping[str, FileRead],
    version: str,
    tables: dict[str, Table],
    segments: list[Segment],
) -> None:
    """Adds the entities that rows list: terms of classes, roles of 1.1, guardian statements."""
    classes, users = reads["classes"], reads["users"]
    terms = _listed(classes, "ClassTerm", ("termSourcedIds",))
    agents = _segment(users, "GuardianLink", ("agentSourcedIds",))
    if terms.state != "absent":
        tables["ClassTerm"] = class_terms(classes)
    if agents.state != "absent":
        people = people_of(roles_of(users, reads.get("roles")))
        tables["GuardianLink"], unheard = guardian_statements(users, people)
        agents = _listed(users, "GuardianLink", ("agentSourcedIds",), unheard)
    segments += [terms, agents]
    if version == "1.1":
        roles = _listed(users, "Role", ("orgSourcedIds", "role"))
        if roles.state != "absent":
            tables["Role"] = roles_11(users)
        segments.append(roles)
