"""The rules about whole files and about files together: which are there, what they are named, who is in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath

import polars as pl

from providers.edlio.activation import STEPS, Stage
from providers.edlio.columns import (
    CLASSES,
    COMBINED,
    ENROLLMENTS,
    FILES,
    GUARDIANS,
    PEOPLE_FILES,
    STAFF,
    USERS,
    WORDS,
)
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.csvout import CsvTable
from rosterkit.feeds.preflight import Given, Hit, gone, gone_of_groups, newly_withheld

Parts = Mapping[str, str]
"""By file name, the part of the data that it holds."""


def _tables(given: Given, parts: Parts, *wanted: str) -> list[CsvTable]:
    return [table for name, table in given.tables.items() if parts.get(name) in wanted]


def _file_types(given: Given, *, txt: bool) -> Iterable[Hit]:
    for file in given.files:
        kind = PurePath(file.name).suffix.lower()
        if kind != ".csv" and (kind == ".txt") == txt:
            yield Hit(file.name, detail=f"the name ends in {kind or 'nothing'}")


def _file_type(given: Given, _settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    return _file_types(given, txt=False)


def _txt(given: Given, _settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    return _file_types(given, txt=True)


def _file_name(given: Given, _settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    if given.last is None:
        return
    names = {file.name for file in given.files}
    for file in given.last.files:
        if file.name not in names:
            yield Hit(file.name, detail="it was sent last time and is missing or renamed now")


def _naming(_given: Given, settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    if not settings.file_names_agreed:
        yield Hit(settings.file_name(STAFF), detail="file_names_agreed is false")


def _removal(_given: Given, settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    if settings.removal == "unknown":
        yield Hit(settings.file_name(STAFF), detail="removal is unknown")


def _stage(_given: Given, settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    if settings.stage is not Stage.ACTIVE:
        yield Hit(settings.file_name(STAFF), detail=f"{settings.stage}: {STEPS[settings.stage]}")


def _no_rows(given: Given, _settings: EdlioSettings, _parts: Parts) -> Iterable[Hit]:
    for table in given.tables.values():
        if table.header and not table.records:
            yield Hit(table.name)


def _missing_file(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    there = set(parts.values())
    wanted = {COMBINED} if settings.layout == "combined" else {STAFF, USERS}
    wanted |= {CLASSES, ENROLLMENTS} if settings.classes or there & {CLASSES, ENROLLMENTS} else set()
    wanted |= {GUARDIANS} if settings.guardians == "file" and settings.layout == "files" and given.last else set()
    for part in sorted(wanted - there):
        yield Hit(settings.file_name(part))


def _known_header(table: CsvTable, settings: EdlioSettings) -> bool:
    known = {settings.header(column.name) for columns in FILES.values() for column in columns}
    return bool(known & set(table.header))


def _no_header(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    for table in _tables(given, parts, *FILES):
        if table.header and not _known_header(table, settings):
            yield Hit(table.name, line=1)


def _missing_column(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    for table in _tables(given, parts, *FILES):
        if table.header and _known_header(table, settings):
            required = {settings.header(column.name) for column in FILES[parts[table.name]] if column.required}
            for name in sorted(required - set(table.header)):
                yield Hit(table.name, column=name, line=1)


def _unknown_column(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    classes = _class_columns(settings)
    for table in _tables(given, parts, *FILES):
        if table.header and _known_header(table, settings):
            known = {settings.header(column.name) for column in FILES[parts[table.name]]}
            for name in sorted(set(table.header) - known - classes):
                yield Hit(table.name, column=name, line=1)


def _class_columns(settings: EdlioSettings) -> set[str]:
    return {settings.header(name) for name in ("Classroom ID", "Classroom Name", "Classroom Description")}


def _mixed(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    for table in _tables(given, parts, *PEOPLE_FILES):
        for name in sorted(_class_columns(settings) & set(table.header)):
            yield Hit(table.name, column=name, line=1)


def _people(given: Given, settings: EdlioSettings, parts: Parts) -> pl.DataFrame:
    """All rows of people: ``_file``, ``_line``, and ``uid``, ``email``, ``name``, ``title`` in small letters."""
    columns = {
        "uid": ("Unique ID",),
        "email": ("Email 1",),
        "name": ("First Name", "Last Name"),
        "title": ("Title",),
    }
    frames = []
    for table in _tables(given, parts, *PEOPLE_FILES):
        cells = []
        for name, sources in columns.items():
            there = [settings.header(source) for source in sources if settings.header(source) in table.header]
            text = pl.concat_str([pl.col(one).fill_null("") for one in there], separator="\\n") if there else pl.lit("")
            cells.append(text.str.to_lowercase().alias(name))
        frames.append(table.rows.select(pl.lit(table.name).alias("_file"), "_line", *cells))
    schema = {"_file": pl.String, "_line": pl.Int64, **dict.fromkeys(columns, pl.String)}
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _by_file(rows: pl.DataFrame, column: str) -> Iterable[Hit]:
    for (file,), found in rows.group_by("_file", maintain_order=True):
        yield Hit(str(file), column=column, rows=found.select("_line"))


def _unique_id(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    several = (pl.col("uid") != "") & (pl.col("name").n_unique().over("uid") > 1)
    yield from _by_file(_people(given, settings, parts).filter(several), settings.header("Unique ID"))


def _shared_email(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    shared = (pl.col("email") != "") & (pl.col("uid").n_unique().over("email") > 1)
    yield from _by_file(_people(given, settings, parts).filter(shared), settings.header("Email 1"))


def _titles(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    differ = (pl.col("uid") != "") & (pl.col("title").n_unique().over("uid") > 1)
    yield from _by_file(_people(given, settings, parts).filter(differ), settings.header("Title"))


def _values(tables: Iterable[CsvTable], column: str) -> pl.Series:
    found = [table.rows[column] for table in tables if column in table.header]
    return pl.concat([pl.Series(column, [], dtype=pl.String), *found]).drop_nulls().unique()


def _not_among(tables: Iterable[CsvTable], column: str, among: pl.Series) -> Iterable[Hit]:
    for table in tables:
        if column in table.header:
            lost = table.rows.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(among.implode()))
            if lost.height:
                yield Hit(table.name, column=column, rows=lost.select("_line"))


def _person(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    known = _values(_tables(given, parts, STAFF, USERS, COMBINED), settings.header("Unique ID"))
    yield from _not_among(_tables(given, parts, ENROLLMENTS), settings.header("Person ID"), known)


def _classroom(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    column = settings.header("Classroom ID")
    yield from _not_among(_tables(given, parts, ENROLLMENTS), column, _values(_tables(given, parts, CLASSES), column))


def _child(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    role, named = settings.header("Role"), settings.header("Student ID")
    column = settings.header("Student ID" if settings.child == "student_id" else "Unique ID")
    own = settings.header("Unique ID")
    tables = [t for t in _tables(given, parts, *PEOPLE_FILES) if {role, named, column, own} <= set(t.header)]
    students = [t.rows.filter(pl.col(role) == "Student").select(known=column, own=own) for t in tables]
    every = pl.concat([pl.DataFrame(schema={"known": pl.String, "own": pl.String}), *students])
    owners = every.drop_nulls().group_by("known").agg(pl.col("own").n_unique())
    known = owners.filter(pl.col("own") == 1)["known"]
    for table in tables:
        alone = pl.col(role).is_in(WORDS[GUARDIANS]) & ~pl.col(named).is_in(known.implode())
        lost = table.rows.filter(alone)
        if lost.height:
            yield Hit(table.name, column=named, rows=lost.select("_line"))


def _gone(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    org, role = settings.header("Organization ID"), settings.header("Role")
    for table in _tables(given, parts, *PEOPLE_FILES, CLASSES):
        key = settings.header("Classroom ID" if parts[table.name] == CLASSES else "Unique ID")
        last = given.last_tables.get(table.name)
        yield from gone(table, last, key, settings.limits)
        by = [org] if parts[table.name] == CLASSES else [org, role]
        if last is not None and {key, *by} <= set(table.header) & set(last.header):
            yield from gone_of_groups(table.rows, last.rows, [key, org], by, settings.limits, file=table.name)
    yield from _enrollments_gone(given, settings, parts)


def _enrollments_gone(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    """Enrollments of the students, or of the employees, of one organization."""
    last = {name: part for name, part in parts.items() if name in given.last_tables}
    name = next((name for name, part in last.items() if part == ENROLLMENTS), "")
    if name not in given.tables:
        return
    now, before = (_grouped(tables, last, settings) for tables in (given.tables, given.last_tables))
    if now is not None and before is not None:
        key = [settings.header("Classroom ID"), settings.header("Person ID")]
        yield from gone_of_groups(now, before, key, ["place", "kind"], settings.limits, file=name)


def _grouped(tables: Mapping[str, CsvTable], parts: Parts, settings: EdlioSettings) -> pl.DataFrame | None:
    """The enrollments with ``place`` (the organization of the class) and ``kind`` (of person); None without columns."""
    named = {part: tables[name] for name, part in parts.items() if name in tables}
    room, person = settings.header("Classroom ID"), settings.header("Person ID")
    org, uid = settings.header("Organization ID"), settings.header("Unique ID")
    classes, enrolled = named.get(CLASSES), named.get(ENROLLMENTS)
    if classes is None or enrolled is None or not {room, org} <= set(classes.header):
        return None
    staff = named.get(STAFF)
    known = staff.rows[uid] if staff is not None and uid in staff.header else pl.Series(dtype=pl.String)
    if not {room, person} <= set(enrolled.header):
        return None
    kind = pl.when(pl.col(person).is_in(known.implode())).then(pl.lit("employees")).otherwise(pl.lit("students"))
    places = classes.rows.select(room, place=org).unique(room)
    return enrolled.rows.select(room, person).join(places, on=room, how="left").with_columns(kind=kind)


def _withheld(given: Given, settings: EdlioSettings, parts: Parts) -> Iterable[Hit]:
    last = {file.name: file for file in given.last.files} if given.last else {}
    for file in given.files:
        if parts.get(file.name) in PEOPLE_FILES:
            yield from newly_withheld(file, last.get(file.name), settings.limits)


FILE_CHECKS: Mapping[str, tuple[Outcome, Callable[[Given, EdlioSettings, Parts], Iterable[Hit]]]] = {
    "A8.file-type": (Outcome.REJECTED, _file_type),
    "A8.txt": (Outcome.WARNINGS, _txt),
    "A5.file-name": (Outcome.HELD, _file_name),
    "A5.naming": (Outcome.HELD, _naming),
    "A5.removal": (Outcome.HELD, _removal),
    "A5.no-rows": (Outcome.IGNORED, _no_rows),
    "A5.no-header": (Outcome.WARNINGS, _no_header),
    "A5.class-columns": (Outcome.REJECTED, _mixed),
    "A5.unique-id": (Outcome.ROWS_IGNORED, _unique_id),
    "A5.shared-email": (Outcome.ROWS_IGNORED, _shared_email),
    "A6.missing-file": (Outcome.REJECTED, _missing_file),
    "A6.column": (Outcome.REJECTED, _missing_column),
    "A6.unknown-column": (Outcome.WARNINGS, _unknown_column),
    "A13.stage": (Outcome.ACCEPTED, _stage),
    "A14.titles-differ": (Outcome.ROWS_IGNORED, _titles),
    "A14.person": (Outcome.ROWS_IGNORED, _person),
    "A14.classroom": (Outcome.ROWS_IGNORED, _classroom),
    "A14.child": (Outcome.ROWS_IGNORED, _child),
    "feed.gone": (Outcome.HELD, _gone),
    "feed.withheld": (Outcome.HELD, _withheld),
}
"""By rule, how Edlio (or rosterkit, on its behalf) takes the files where it is broken, and what looks for it."""
