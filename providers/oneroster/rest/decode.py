"""From the JSON objects of one page to a table: one row per record, each field in its declared shape.

polars decodes the page in one call and is generous with scalars (a number where a text belongs is its text). Where a
record holds another shape than the declared one, such as a text where a list belongs, the whole page is brought into
shape first, and every such cell is reported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from providers.oneroster.rest.fields import BASE, Collection, shape_of

CELLS = {"_line": pl.Int64, "field": pl.String, "usable": pl.Boolean}
"""Cells that came in another shape than the declared one: the record's position, the field, whether it was read."""

_TOO_LARGE = 2**127
"""The largest whole number that polars reads has 39 digits; 1e999 is infinite."""


@dataclass(frozen=True)
class Page:
    """The records of one answer, decoded."""

    rows: pl.DataFrame  # _line and the fields
    present: frozenset[str]  # fields that at least one record has
    odd: pl.DataFrame  # CELLS
    text: str  # the records as JSON, without spaces: what the extract's id is made of


@dataclass(frozen=True)
class Raw:
    """All records of one collection as they came, decoded."""

    rows: pl.DataFrame
    present: frozenset[str] = frozenset()
    odd: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CELLS))


def decoded(records: Sequence[Any], collection: Collection, *, first: int = 1) -> Page:
    """The records, of which the first has the position ``first`` in the collection."""
    shapes = _schema(collection)
    objects = [record if isinstance(record, dict) else {} for record in records]
    flat = [_with_attributes(record) for record in objects]
    text = json.dumps(flat, ensure_ascii=False, separators=(",", ":"))
    odd: list[tuple[int, str, bool]] = []
    try:
        rows = _decoded(text, shapes)
    except (pl.exceptions.PolarsError, UnicodeError):
        shaped = [_shaped(record, shapes, first + i, odd) for i, record in enumerate(flat)]
        rows = _decoded(json.dumps(shaped, ensure_ascii=False), shapes)
    rows = rows.with_columns(_line=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
    present = frozenset().union(*objects)
    return Page(rows, present, pl.DataFrame(odd, schema=CELLS, orient="row"), text)


def joined(pages: Sequence[Page], collection: Collection) -> Raw:
    """The pages of one collection as one table."""
    if not pages:
        return Raw(pl.DataFrame(schema=_schema(collection) | {"_line": pl.Int64}))
    rows = pl.concat([page.rows for page in pages])
    return Raw(rows, frozenset().union(*(page.present for page in pages)), pl.concat([page.odd for page in pages]))


def _schema(collection: Collection) -> dict[str, Any]:
    return dict.fromkeys(BASE, pl.String()) | {field.name: shape_of(field) for field in collection.fields}


def _decoded(text: str, shapes: dict[str, Any]) -> pl.DataFrame:
    records = pl.Series([text]).str.json_decode(pl.List(pl.Struct(shapes))).explode(empty_as_null=False)
    return records.struct.unnest()


def _with_attributes(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its ``metadata`` as one JSON text, which polars need not look into."""
    found = record.get("metadata")
    if found is None:
        return record
    return record | {"metadata": attributes(found) if isinstance(found, dict) else None}


def attributes(members: dict[str, Any]) -> str | None:
    """The members of a free object as the canonical model writes attributes: JSON object of texts, sorted by key.

    A member that is blank is left out; one that is an object or a list is its own JSON text.
    """
    texts = {str(key): _as_text(value) for key, value in members.items() if value not in (None, "")}
    text = json.dumps(texts, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if texts else None
    return text and text.encode("utf-8", "replace").decode()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _shaped(record: dict[str, Any], shapes: dict[str, Any], line: int, odd: list[tuple[int, str, bool]]) -> Any:
    out = {}
    for name, shape in shapes.items():
        value = record.get(name)
        out[name], known, usable = _cell(value, shape)
        if not known:
            odd.append((line, name, usable))
    return out


def _cell(value: Any, shape: Any) -> tuple[Any, bool, bool]:
    """The value in that shape, whether it came so, and whether it could be read."""
    if value is None:
        return None, True, True
    if isinstance(shape, pl.List):
        items = value if isinstance(value, list) else [value]
        cells = [_cell(item, shape.inner) for item in items]
        scalars = shape.inner == pl.String  # one text for a list of one: polars reads it so, and 1.1 has such fields
        known = (isinstance(value, list) or scalars) and all(k for _, k, _ in cells)
        return [cell for cell, _, _ in cells], known, all(usable for _, _, usable in cells)
    if isinstance(shape, pl.Struct):
        return _object(value, shape)
    if isinstance(value, list) and len(value) == 1:
        return _cell(value[0], shape)[0], False, not isinstance(value[0], (list, dict))
    if isinstance(value, (list, dict)) or not _is_readable(value):
        return None, False, False
    return value, True, True


def _is_readable(value: str | float) -> bool:
    """Whether polars can read the scalar: JSON can write half of a character, and numbers beyond every type."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return False
        return True
    return abs(value) < _TOO_LARGE


def _object(value: Any, shape: pl.Struct) -> tuple[Any, bool, bool]:
    if isinstance(value, list) and len(value) == 1:
        cell, _, usable = _object(value[0], shape)
        return cell, False, usable
    names = [member.name for member in shape.fields]
    if isinstance(value, (str, int)) and not _is_readable(value):
        return None, False, False
    if isinstance(value, (str, int)) and "sourcedId" in names:  # a bare id in the place of a reference
        return {"sourcedId": value}, False, True
    if isinstance(value, str) and "identifier" in names:
        return {"type": None, "identifier": value}, False, True
    if not isinstance(value, dict):
        return None, False, False
    cells = {member.name: _cell(value.get(member.name), member.dtype) for member in shape.fields}
    known = all(k for _, k, _ in cells.values())
    return {name: cell for name, (cell, _, _) in cells.items()}, known, all(u for _, _, u in cells.values())
