"""What the contract of a source says of declarations and of one table, as checks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
from pydantic import BaseModel

from rosterkit.roster.rules import SEVERITIES
from rosterkit.sources.base import INVALID, KEY_KINDS, Coverage, Source, Table
from rosterkit.testing.canonical import EmittedColumn, emitted

_BOOKKEEPING = {"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64}
_OPTIONAL = {"_deleted": pl.Boolean, "_modified_at": pl.String}
_TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"


def check_declaration(source: Source) -> None:
    """Kind, rules, settings and capabilities; AssertionError where something is missing."""
    assert isinstance(source, Source), "it lacks a member of the contract"
    assert source.kind, "its kind is blank"
    codes = [rule.code for rule in source.rules]
    assert len(set(codes)) == len(codes), "two rules share a code"
    for rule in source.rules:
        assert rule.meaning and rule.remedy, f"rule {rule.code} has no meaning or no remedy"  # noqa: PT018 - one thought
        known = {*SEVERITIES, "refused", ""}
        assert {rule.lenient, rule.strict} <= known, f"rule {rule.code} has a severity that does not exist"
    bare = list(_undescribed(source.Settings))
    assert not bare, f"settings without a description: {bare}"
    unknown = set(source.capabilities.entities) - set(emitted())
    assert not unknown, f"the capabilities name entities that do not exist: {sorted(unknown)}"


def _undescribed(model: type[BaseModel], at: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if not field.description:
            yield at + name
        for kind in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _undescribed(kind, f"{at}{name}.")


def check_table(table: Table, rows: pl.DataFrame) -> None:
    """Coverage, keys, columns, values, references, locations and invalid cells of one table; ``rows`` are its rows."""
    assert table.entity in emitted(), f"there is no entity {table.entity}"
    if table.coverage is Coverage.FULL:
        assert not table.reason, f"{table.entity}: a full table gives a reason why it is not"
    else:
        assert table.reason or table.coverage is Coverage.DELTA, f"{table.entity}: no reason why it is not full"
    if table.coverage is Coverage.ABSENT:
        assert rows.is_empty(), f"{table.entity}: an absent table has rows"
    else:
        for check in (_keys, _columns, _places, _references, _values):
            check(table, rows)
    _invalid(table, rows)


def _keys(table: Table, rows: pl.DataFrame) -> None:
    assert rows.schema.get("sourced_id") == pl.String, f"{table.entity}: no sourced_id of type String"
    keys = rows["sourced_id"]
    assert not keys.null_count(), f"{table.entity}: a sourced_id is null"
    assert keys.n_unique() == keys.len(), f"{table.entity}: sourced_ids are not unique"
    assert not (keys != keys.str.strip_chars()).any(), f"{table.entity}: a sourced_id has spaces around it"


def _columns(table: Table, rows: pl.DataFrame) -> None:
    columns = emitted()[table.entity]
    known = {label: dtype for label, (dtype, *_) in columns.items()} | _BOOKKEEPING | _OPTIONAL
    for label in (label for label, column in columns.items() if column[1] == "ref"):
        known |= {f"_by_{label}": pl.String, f"_space_{label}": pl.String}
    for name, dtype in rows.schema.items():
        assert name in known, f"{table.entity} has no column {name}"
        assert dtype == known[name], f"{table.entity}.{name} is {dtype}, not {known[name]}"
    lacking = set(_BOOKKEEPING) - set(rows.columns)
    assert not lacking, f"{table.entity}: no column {', '.join(sorted(lacking))}"
    deleted = rows["_deleted"].fill_null(value=False) if "_deleted" in rows.columns else pl.lit(value=False)
    present = rows.filter(~deleted)
    for label, (_, _, required, _) in columns.items():
        if required:
            assert label in rows.columns, f"{table.entity}: no column {label}, which it requires"
            assert not present[label].null_count(), f"{table.entity}.{label} is null, which it must not be"


def _places(table: Table, rows: pl.DataFrame) -> None:
    assert not rows.select("_file", "_line").null_count().row(0) > (0, 0), f"{table.entity}: a place is null"
    assert not (rows["_line"] < 1).any(), f"{table.entity}: a _line is below 1"
    assert not (rows["_file"] == "").any(), f"{table.entity}: a _file is blank"


def _references(table: Table, rows: pl.DataFrame) -> None:
    for label, _ in _refs(table):
        by = f"_by_{label}"
        if by in rows.columns:
            strange = set(rows[by].drop_nulls()) - set(KEY_KINDS)
            assert not strange, f"{table.entity}.{by} names kinds of key that do not exist: {sorted(strange)}"
            assert label in rows.columns, f"{table.entity}: {by} without {label}"


def _refs(table: Table) -> list[tuple[str, str]]:
    return [(label, to) for label, (_, _, _, to) in emitted()[table.entity].items() if to]


def own_references(table: Table, rows: pl.DataFrame) -> Iterator[tuple[str, str, pl.Series]]:
    """(label, entity, values) of the references that name this source's own records."""
    for label, to in _refs(table):
        if label in rows.columns:
            by = f"_by_{label}"
            own = rows.filter(pl.col(by).is_null()) if by in rows.columns else rows
            yield label, to, own[label].drop_nulls()


def _values(table: Table, rows: pl.DataFrame) -> None:
    for name in (name for name, dtype in rows.schema.items() if dtype == pl.String):
        assert not (rows[name] == "").any(), f"{table.entity}.{name}: a blank value is not null"
    columns: dict[str, EmittedColumn] = emitted()[table.entity]
    for label in (name for name in rows.columns if name in columns):
        check = _FORMS.get(columns[label][1])
        wrong = [value for value in rows[label].drop_nulls().unique() if not check(value)] if check else []
        assert not wrong, f"{table.entity}.{label}: {len(wrong)} values are not in the form of {columns[label][1]}"
    if "_modified_at" in rows.columns:
        assert rows["_modified_at"].str.contains(_TIME).all(), f"{table.entity}._modified_at is no such time"


def _is_date(value: str) -> bool:
    return pl.Series([value]).str.to_date("%Y-%m-%d", strict=False).null_count() == 0 and len(value) == len(
        "2026-11-02"
    )


def _is_list(value: str) -> bool:
    items = _parsed(value)
    if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
        return False
    return json.dumps(items, ensure_ascii=False, separators=(",", ":")) == value


def _is_object(value: str) -> bool:
    found = _parsed(value)
    if not isinstance(found, dict) or not found or not all(isinstance(item, str) for item in found.values()):
        return False
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True) == value


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None


_FORMS: dict[str, Callable[[str], bool]] = {"date": _is_date, "list": _is_list, "json": _is_object}


def _invalid(table: Table, rows: pl.DataFrame) -> None:
    invalid = table.invalid
    assert invalid.schema == pl.Schema(INVALID), f"{table.entity}.invalid has other columns: {invalid.schema}"
    if invalid.is_empty():
        return
    assert not invalid["sourced_id"].null_count(), f"{table.entity}.invalid: a sourced_id is null"
    keys = rows["sourced_id"] if "sourced_id" in rows.columns else pl.Series([], dtype=pl.String)
    there = invalid["sourced_id"].is_in(keys.implode())
    whole = invalid["column"].is_null()
    assert not (there & whole).any(), f"{table.entity}: a record is in rows, and invalid as a whole"
    assert (there | whole).all(), f"{table.entity}.invalid: a cell of a record that is not in rows"
    strange = set(invalid["column"].drop_nulls()) - set(emitted()[table.entity])
    assert not strange, f"{table.entity}.invalid names columns that do not exist: {sorted(strange)}"
    cells = invalid.filter(~whole)
    for label in cells["column"].unique():
        hit = rows.filter(pl.col("sourced_id").is_in(cells.filter(pl.col("column") == label)["sourced_id"].implode()))
        assert label in rows.columns, f"{table.entity}: {label} is invalid and not in rows"
        assert hit[label].is_null().all(), f"{table.entity}.{label} is invalid and has a value"
