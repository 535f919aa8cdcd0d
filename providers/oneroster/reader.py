"""A OneRoster CSV package, 1.1 or 1.2, to a Bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from providers.oneroster.celltable import DELETED, LINE
from providers.oneroster.guardians import guardian_statements
from providers.oneroster.manifest import read_contents
from providers.oneroster.night import read_files
from providers.oneroster.remembering import memory_of
from providers.oneroster.rosterfile import FileRead, Opened
from providers.oneroster.rules import RULES
from providers.oneroster.tables import ENTITY_OF, class_terms, roles_11, table
from rosterkit.intake import findings
from rosterkit.intake.archive import open_package
from rosterkit.intake.bundle import Bundle, Package, Segment, Table
from rosterkit.intake.cache import Cache, Reading
from rosterkit.intake.rules import Rule
from rosterkit.intake.source import ReadOptions

__all__ = ["read_package"]

_RULES: Mapping[str, Rule] = {rule.code: rule for rule in RULES}


def read_package(path: Path, options: ReadOptions) -> Bundle:
    """Reads the package; SourceUnreadable when it is refused whole. Writes nothing."""
    with open_package(path, options) as archive:
        contents = read_contents(archive, _RULES, options)
        night = read_files(archive, contents, _RULES, options)
        package = Package(archive.package_id(), path.name, contents.version, contents.system)
    reads, opened = night.reads, night.opened
    tables: dict[str, Table] = {}
    segments: list[Segment] = []
    for name, read in reads.items():
        segments.append(_segment(read, ENTITY_OF[name]))
        if read.state != "absent":
            tables[ENTITY_OF[name]] = table(read)
    _derive(reads, contents.version, night.people.of, tables, segments)
    memory = memory_of(night) if options.remember else None
    told = findings.concat([contents.findings, *(read.notes.frame() for read in reads.values())])
    there = {name: read for name, read in reads.items() if read.state != "absent"}
    return Bundle(
        package,
        _with_unchanged(tables, contents.version, opened, night.cache),
        tuple(segments),
        findings.ordered(told),
        {read.member: read.rows_read for read in there.values()},
        memory,
        {read.member: _reading(opened[name], read) for name, read in there.items()},
    )


def _reading(opened: Opened, read: FileRead) -> Reading:
    parsed = read.rows_read - opened.csv.same
    places = opened.csv.lines.places if opened.csv.lines else None
    alike = bool(places and places.alike and not parsed)
    road = "same" if alike else "filtered" if opened.cached else "full"
    return Reading(road, read.rows_read, parsed, opened.why)


def _with_unchanged(
    tables: Mapping[str, Table], version: str, opened: Mapping[str, Opened], cache: Cache | None
) -> dict[str, Table]:
    """The tables, with what was not read because it is the same as last time."""
    places = {f"{name}.csv": one.csv.lines.places for name, one in opened.items() if one.cached and one.csv.lines}
    if cache is None:
        return dict(tables)
    out = {}
    for entity, said in tables.items():
        file = f"{_file_of(entity, version)}.csv"
        unchanged = cache.unchanged(entity, {file: places[file]}) if file in places else None
        out[entity] = replace(said, unchanged=unchanged)
    return out


def _file_of(entity: str, version: str) -> str:
    """The file whose rows state the entity."""
    derived = {"ClassTerm": "classes", "GuardianStatement": "users"} | ({"Role": "users"} if version == "1.1" else {})
    return derived.get(entity) or next(name for name, of in ENTITY_OF.items() if of == entity)


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
    people: Callable[[pl.Series], pl.DataFrame],
    tables: dict[str, Table],
    segments: list[Segment],
) -> None:
    """Adds the entities that rows list: terms of classes, roles of 1.1, guardian statements."""
    classes, users = reads["classes"], reads["users"]
    terms = _listed(classes, "ClassTerm", ("termSourcedIds",))
    agents = _segment(users, "GuardianStatement", ("agentSourcedIds",))
    if terms.state != "absent":
        tables["ClassTerm"] = class_terms(classes)
    if agents.state != "absent":
        tables["GuardianStatement"], unheard = guardian_statements(users, people)
        agents = _listed(users, "GuardianStatement", ("agentSourcedIds",), unheard)
    segments += [terms, agents]
    if version == "1.1":
        roles = _listed(users, "Role", ("orgSourcedIds", "role"))
        if roles.state != "absent":
            tables["Role"] = roles_11(users)
        segments.append(roles)
