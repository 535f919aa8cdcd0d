"""When a file breaks a rule of uConnect: one table, which ``build`` and ``check`` both use."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from providers.uconnect.columns import FALSE, IDENTITY, REQUIRED, SINGLE, TRUE, UNIQUE
from providers.uconnect.settings import UConnectSettings
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.contacts import ADDRESS
from rosterkit.feeds.csvout import unmatched
from rosterkit.feeds.preflight import (
    Check,
    FileCheck,
    Given,
    Hit,
    RowCheck,
    form_checks,
    gone,
    gone_of_groups,
    newly_withheld,
    repeated,
)
from rosterkit.feeds.rows import last_file

_Broken = Iterable[tuple[str, pl.Expr]]


def is_true(header: str) -> pl.Expr:
    """Whether uConnect reads the flag as yes; never null."""
    return pl.col(header).str.strip_chars().str.to_uppercase().is_in(TRUE).fill_null(value=False)


def _several_files(given: Given) -> Iterable[Hit]:
    if len(given.files) > 1:
        yield from (Hit(file.name, detail=f"one of {len(given.files)} files") for file in given.files)


def _name(given: Given) -> Iterable[Hit]:
    last = last_file(given.last)
    for file in given.files:
        if file.name != given.settings.file:
            yield Hit(file.name, detail=f"the setting file is {given.settings.file}")
        elif last is not None and file.name != last.name:
            yield Hit(file.name, detail=f"the last file was {last.name}")


def _shrunk(given: Given) -> Iterable[Hit]:
    last = last_file(given.last)
    key, delete = given.settings.header(IDENTITY[given.settings.identity]), given.settings.header("DELETE")
    for table in given.tables.values():
        before = given.last_tables[last.name] if last else None
        yield from gone(table, before, key, given.settings.limits, leaving=is_true(delete))
        kind = given.settings.header("USER_TYPE")
        if before is not None and {key, kind} <= set(table.header) & set(before.header):
            yield from gone_of_groups(table.rows, before.rows, [key], [kind], given.settings.limits, file=table.name)


def _withheld(given: Given) -> Iterable[Hit]:
    for file in given.files:
        yield from newly_withheld(file, last_file(given.last), given.settings.limits)


def _no_records(given: Given) -> Iterable[Hit]:
    return (Hit(name) for name, table in given.tables.items() if table.records == 0)


def _required(given: Given) -> Iterable[Hit]:
    wanted = [given.settings.header(name) for name in REQUIRED]
    for name, table in given.tables.items():
        yield from (Hit(name, header, 1, "the header is missing") for header in wanted if header not in table.header)


def _identity_column(given: Given) -> Iterable[Hit]:
    header = given.settings.header(IDENTITY[given.settings.identity])
    return (Hit(name, header, 1) for name, table in given.tables.items() if header not in table.header)


def _audience_column(given: Given) -> Iterable[Hit]:
    header = given.settings.header("USER_TYPE")
    if given.settings.has_user_type():
        yield from (Hit(name, header, 1) for name, table in given.tables.items() if header not in table.header)


def _few(given: Given) -> Iterable[Hit]:
    for name, table in given.tables.items():
        if 0 < table.records < given.settings.few_rows:
            yield Hit(name, detail=f"{table.records} rows")


def _identity_moved(given: Given) -> Iterable[Hit]:
    """A person (by e-mail) with another identifier, or an identifier at a person of another name and e-mail."""
    last = last_file(given.last)
    if last is None:
        return
    before = given.last_tables[last.name]
    header = given.settings.header
    mail, names = header("EMAIL"), [header("FIRST_NAME"), header("LAST_NAME")]
    for name, table in given.tables.items():
        for column in (header("USER_ID"), header("USER_LOGIN")):
            needed = {mail, column, *names}
            if not needed <= set(table.header) or not needed <= set(before.header):
                continue
            now, then = (_lowered(rows, needed) for rows in unmatched(table, before))
            other = now.join(then, on=mail, suffix="_then").filter(pl.col(column) != pl.col(f"{column}_then"))
            differs = [pl.col(each) != pl.col(f"{each}_then") for each in (mail, *names)]
            moved = now.join(then, on=column, suffix="_then").filter(pl.all_horizontal(differs))
            found = pl.concat([other.select("_line"), moved.select("_line")]).unique().sort("_line")
            if not found.is_empty():
                yield Hit(name, column, rows=found)


def _lowered(rows: pl.DataFrame, columns: set[str]) -> pl.DataFrame:
    wanted = sorted(columns)
    line = [pl.col("_line")] if "_line" in rows.columns else []
    return rows.select(*line, *(pl.col(name).str.to_lowercase() for name in wanted))


def _twice(settings: UConnectSettings) -> _Broken:
    for column in UNIQUE:
        header = settings.header(column)
        value = pl.col(header) if column == "USER_ID" else pl.col(header).str.to_lowercase()
        yield header, repeated(value)


def _no_address(settings: UConnectSettings) -> _Broken:
    header = settings.header("EMAIL")
    yield header, pl.col(header).is_null() | ~pl.col(header).str.contains(ADDRESS)


def _no_identity(settings: UConnectSettings) -> _Broken:
    if settings.identity != "email":
        header = settings.header(IDENTITY[settings.identity])
        yield header, pl.col(header).is_null()


def _no_type(settings: UConnectSettings) -> _Broken:
    if settings.has_user_type():
        header = settings.header("USER_TYPE")
        yield header, pl.col(header).is_null() | pl.col(header).str.contains(";")


def _not_listed(settings: UConnectSettings) -> _Broken:
    for column, communities in settings.communities.items():
        items = pl.col(settings.header(column)).str.split(";").list.eval(pl.element().str.strip_chars())
        yield settings.header(column), items.list.set_difference(list(communities)).list.len() > 0


def _semicolon(settings: UConnectSettings) -> _Broken:
    for column in SINGLE:
        yield settings.header(column), pl.col(settings.header(column)).str.contains(";")
    for column in ["PROGRAM", *settings.community_columns()]:
        yield settings.header(column), pl.col(settings.header(column)).str.contains(r"^\s*;|;\s*;|;\s*$")


def _no_year(settings: UConnectSettings) -> _Broken:
    header = settings.header("GRADUATION")
    yield header, ~pl.col(header).str.contains(r"^[12]\d{3}$")


def _odd_flag(settings: UConnectSettings, flag: str) -> _Broken:
    header = settings.header(flag)
    yield header, ~pl.col(header).str.strip_chars().str.to_uppercase().is_in([*TRUE, *FALSE])


CHECKS: tuple[Check, ...] = (
    FileCheck("U4", Outcome.REJECTED, _several_files),
    FileCheck("U5", Outcome.REJECTED, _name),
    *form_checks(
        {
            "ragged": ("U21", Outcome.REJECTED),
            "quotes": ("U21", Outcome.REJECTED),
            "encoding": ("U45", Outcome.REJECTED),
            "cut-short": ("U45", Outcome.REJECTED),
            "duplicate-header": ("U45", Outcome.REJECTED),
            "header-name": ("U45", Outcome.REJECTED),
            "bom": ("U45", Outcome.WARNINGS),
            "no-last-line-end": ("U25", Outcome.WARNINGS),
        }
    ),
    FileCheck("U22", Outcome.IGNORED, _no_records),
    FileCheck("U23", Outcome.REJECTED, _required),
    RowCheck("U24", Outcome.REJECTED, _twice),
    FileCheck("U25", Outcome.WARNINGS, _few),
    RowCheck("U28", Outcome.ROWS_IGNORED, _no_address),
    FileCheck("U29", Outcome.REJECTED, _identity_column),
    RowCheck("U29", Outcome.ROWS_IGNORED, _no_identity),
    FileCheck("U31", Outcome.HELD, _identity_moved),
    FileCheck("U32", Outcome.REJECTED, _audience_column),
    RowCheck("U32", Outcome.ROWS_IGNORED, _no_type),
    RowCheck("U34", Outcome.WARNINGS, _not_listed),
    RowCheck("U37", Outcome.ROWS_IGNORED, _semicolon),
    RowCheck("U38", Outcome.WARNINGS, _no_year),
    RowCheck("U39", Outcome.WARNINGS, lambda settings: _odd_flag(settings, "OPT_OUT")),
    RowCheck("U40", Outcome.WARNINGS, lambda settings: _odd_flag(settings, "DELETE")),
    FileCheck("U6", Outcome.HELD, _shrunk),
    FileCheck("feed.withheld", Outcome.HELD, _withheld),
)
"""Every check, by the id of its rule. Those on rows also decide which rows a build withholds."""
