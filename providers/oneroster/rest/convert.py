"""From the decoded records of one collection to canonical rows: a pure function, by whole columns.

What a record lists (a class's terms, a user's roles, profiles and agents) becomes records of its own in ``listed``
and ``guardians``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from providers.oneroster.rest.cells import Cell, cell, moment, stripped
from providers.oneroster.rest.decode import Raw
from providers.oneroster.rest.fields import PERSONAL, Collection, Field
from rosterkit.sources.keys import plain_id


@dataclass(frozen=True)
class Reading:
    """What the settings say about reading records."""

    inclusive_ends: bool = False  # the server means end dates inclusively
    state_id_type: str = ""  # the type of user id that is the state's number of the person; "" for none


@dataclass(frozen=True)
class Note:
    """Findings of one rule in one column: a row of ``rows`` (_line, key, and perhaps value and detail) for each."""

    rule: str
    column: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class Converted:
    """One collection as canonical rows, and what its readers have to know of it."""

    collection: Collection
    rows: pl.DataFrame  # as Table.rows has it
    invalid: pl.DataFrame  # INVALID
    notes: tuple[Note, ...]
    raw: pl.DataFrame  # the records that are in rows, with sourced_id, _file, _line, _deleted
    present: frozenset[str]
    keyless: int  # records without a key: absence means nothing then

    def has(self, field: str) -> bool:
        """Whether at least one record has that field."""
        return field in self.present

    def unread(self, field: str) -> pl.Series:
        """The ids of records in which that field could not be read."""
        found = self.invalid.filter(pl.col("column") == _MARK + field)
        return found["sourced_id"]


_MARK = "."
"""Before a field's name in ``invalid``: the field is no column of the entity, its records are protected elsewhere."""


def converted(raw: Raw, collection: Collection, reading: Reading, *, resource: str = "") -> Converted:
    """The records of one collection as canonical rows. ``resource`` is what findings name as their file."""
    file = resource or collection.name
    frame = raw.rows.with_columns(sourced_id=plain_id(pl.col("sourcedId")), _file=pl.lit(file))
    notes: list[Note] = []
    keyless = frame.filter(pl.col("sourced_id").is_null())
    if not keyless.is_empty():
        notes.append(Note("rest.id-missing", "sourcedId", keyless.select("_line")))
    frame, doubled, twice = _unique(frame.filter(pl.col("sourced_id").is_not_null()))
    notes += twice
    frame, status_notes = _with_status(frame)
    notes += status_notes
    readers = {
        field: cell(field, inclusive_ends=reading.inclusive_ends)
        for field in collection.fields
        if field.name in raw.present and field.kind not in ("refs", "roles", "profiles")
    }
    values = frame.select(
        "sourced_id",
        "_line",
        *(reader.value.alias(field.name) for field, reader in readers.items()),
        *_flags(readers),
    )
    found, cells = _cell_notes(frame, values, readers, collection)
    notes += found
    shapes, shape_cells = _shape_notes(frame, raw, collection)
    notes += shapes
    unusable = _without_required(values, frame, collection)
    if not unusable.is_empty():
        notes.append(Note("rest.required", "", unusable.select("_line", key="sourced_id", detail="detail")))
    used = pl.col("sourced_id").is_in(unusable["sourced_id"].implode()).not_()
    invalid = _invalid([*cells, *shape_cells], [doubled, unusable], file)
    rows = _rows(values, frame, collection, raw.present, reading).filter(used)
    return Converted(collection, rows, invalid, tuple(notes), frame.filter(used), raw.present, keyless.height)


def derived_id(*parts: str | pl.Expr) -> pl.Expr:
    """The id of a record that another record lists: the parts joined by a colon, which is escaped within them."""
    texts = [pl.col(part) if isinstance(part, str) else part for part in parts]
    escaped = [t.str.replace_all("%", "%25", literal=True).str.replace_all(":", "%3A", literal=True) for t in texts]
    return pl.concat_str(escaped, separator=":")


def _unique(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, list[Note]]:
    """Each record once; of those that contradict each other none; what was found."""
    none = frame.clear().select("sourced_id", "_line")
    if not frame["sourced_id"].is_duplicated().any():
        return frame, none, []
    content = pl.struct(pl.exclude("_line"))
    repeated = frame.filter(pl.col("sourced_id").is_duplicated())
    kinds = repeated.with_columns(content.struct.json_encode().n_unique().over("sourced_id").alias("kinds"))
    same, other = kinds.filter(pl.col("kinds") == 1), kinds.filter(pl.col("kinds") > 1)
    contrary = pl.col("sourced_id").is_in(other["sourced_id"].implode())
    notes = [
        Note("rest.repeated", "sourcedId", _extra(same).select("_line", key="sourced_id")),
        Note("rest.conflict", "sourcedId", other.select("_line", key="sourced_id")),
    ]
    kept = frame.filter(~contrary).unique("sourced_id", keep="first", maintain_order=True)
    gone = other.unique("sourced_id", maintain_order=True).select("sourced_id", "_line")
    return kept, gone, [note for note in notes if not note.rows.is_empty()]


def _extra(repeated: pl.DataFrame) -> pl.DataFrame:
    return repeated.filter(~pl.col("sourced_id").is_first_distinct())


def _with_status(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Note]]:
    """The records with ``_deleted`` and ``_modified_at``. A record without a status is active."""
    word = stripped(pl.col("status")).str.to_lowercase()
    frame = frame.with_columns(
        _deleted=word.is_in(["tobedeleted", "inactive", "deleted"]).fill_null(False),
        _modified_at=moment(pl.col("dateLastModified")),
    )
    odd = frame.filter(word.is_not_null() & ~word.is_in(["active", "tobedeleted"]))
    late = frame.filter(pl.col("_modified_at").is_null() & stripped(pl.col("dateLastModified")).is_not_null())
    notes = [
        Note("rest.status", "status", odd.select("_line", key="sourced_id", value="status")),
        Note("rest.moment", "dateLastModified", late.select("_line", key="sourced_id", value="dateLastModified")),
    ]
    return frame, [note for note in notes if not note.rows.is_empty()]


def _flags(readers: dict[Field, Cell]) -> Iterable[pl.Expr]:
    for field, reader in readers.items():
        if reader.bad is not None:
            yield reader.bad.fill_null(False).alias(f"{field.name}:bad")
        if reader.mended is not None:
            yield reader.mended.fill_null(False).alias(f"{field.name}:mended")


def _cell_notes(
    frame: pl.DataFrame, values: pl.DataFrame, readers: dict[Field, Cell], collection: Collection
) -> tuple[list[Note], list[pl.DataFrame]]:
    """Findings of cells that were mended or could not be read, and the latter as (sourced_id, column, _line)."""
    flags = [name for name in values.columns if name.endswith((":bad", ":mended"))]
    met = values.select(pl.col(flags).any()).row(0, named=True) if flags else {}
    notes, cells = [], []
    for field, reader in readers.items():
        for flag, rule in (("bad", reader.bad_rule), ("mended", reader.mended_rule)):
            if not met.get(f"{field.name}:{flag}"):
                continue
            shown = field.kind in ("enum", "grades") or collection.name not in PERSONAL
            value = pl.col(field.name).cast(pl.List(pl.String)).list.join(",") if field.kind == "grades" else field.name
            there = frame.filter(values[f"{field.name}:{flag}"])
            row = there.select("_line", key="sourced_id", value=value if shown else pl.lit(""))
            notes.append(Note(rule, field.name, row))
            if flag == "bad":
                column = field.label or _MARK + field.name
                cells.append(there.select("sourced_id", "_line", column=pl.lit(column)))
    return notes, cells


def _shape_notes(frame: pl.DataFrame, raw: Raw, collection: Collection) -> tuple[list[Note], list[pl.DataFrame]]:
    """Findings of cells that came in another shape, and those that could not be used."""
    if raw.odd.is_empty():
        return [], []
    labels = {field.name: field.label or _MARK + field.name for field in collection.fields}
    odd = raw.odd.join(frame.select("_line", "sourced_id"), on="_line")
    notes = [
        Note("rest.shape" if usable else "rest.shape-unread", str(name), found.select("_line", key="sourced_id"))
        for (name, usable), found in odd.group_by("field", "usable", maintain_order=True)
    ]
    bad = odd.filter(~pl.col("usable") & pl.col("field").is_in(list(labels)))
    return notes, [bad.select("sourced_id", "_line", column=pl.col("field").replace(labels))]


def _without_required(values: pl.DataFrame, frame: pl.DataFrame, collection: Collection) -> pl.DataFrame:
    """The records, unless deleted, that lack what they cannot be without: sourced_id, _line, detail."""
    needed = [field.name for field in collection.fields if field.required]
    there = frame.select("sourced_id", "_line", "_deleted").with_columns(
        values[name] if name in values.columns else pl.lit(None, pl.String).alias(name) for name in needed
    )
    missing = [pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in needed]
    if not missing:
        return there.clear().select("sourced_id", "_line", detail=pl.lit(""))
    there = there.with_columns(detail=pl.concat_str(missing, separator=", ", ignore_nulls=True))
    return there.filter((pl.col("detail") != "") & ~pl.col("_deleted")).select("sourced_id", "_line", "detail")


def _invalid(cells: list[pl.DataFrame], records: list[pl.DataFrame], file: str) -> pl.DataFrame:
    whole = [record.select("sourced_id", "_line", column=pl.lit(None, pl.String)) for record in records]
    gone = pl.concat([record["sourced_id"] for record in whole]) if whole else pl.Series("sourced_id", [], pl.String)
    marks = pl.col("column").str.starts_with(_MARK)  # these are read for other tables
    cells = [f.filter(marks | ~pl.col("sourced_id").is_in(gone.implode())) for f in cells]
    frames = [f.select("sourced_id", "column", pl.col("_line").cast(pl.Int64)) for f in (*cells, *whole)]
    return (
        pl.concat(frames)
        .select("sourced_id", "column", pl.lit(file).alias("_file"), "_line")
        .unique(maintain_order=True)
    )


def _rows(
    values: pl.DataFrame, frame: pl.DataFrame, collection: Collection, present: frozenset[str], reading: Reading
) -> pl.DataFrame:
    labels = {field.label: field.name for field in collection.fields if field.label and field.name in values.columns}
    keys = frame.select("_file", "_deleted", "_modified_at", *(["metadata"] if "metadata" in present else []))
    rows = values.select("sourced_id", "_line", **{label: pl.col(name) for label, name in labels.items()})
    rows = rows.with_columns(keys).rename({"metadata": "attributes"} if "metadata" in present else {})
    if collection.entity == "Demographics":
        rows = rows.with_columns(user="sourced_id")
    if collection.entity == "User":
        rows = rows.with_columns(_user_columns(frame, present, reading))
    return rows


def _user_columns(frame: pl.DataFrame, present: frozenset[str], reading: Reading) -> pl.DataFrame:
    """The columns of a user that several fields state: the primary organisation and the state's number."""
    org = pl.coalesce(
        stripped(pl.col("primaryOrg").struct.field("sourcedId")),
        _primary_role_org(),
        stripped(pl.col("orgs").list.first().struct.field("sourcedId")),
    )
    columns = {"primary_org": org} if present & {"primaryOrg", "roles", "orgs"} else {}
    if reading.state_id_type and "userIds" in present:
        kind = reading.state_id_type.casefold()
        item = pl.element()
        there = item.struct.field("type").str.to_lowercase() == kind
        ids = pl.col("userIds").list.eval(item.struct.field("identifier").filter(there))
        columns["state_id"] = stripped(ids.list.first())
    return frame.select(**columns)


def _primary_role_org() -> pl.Expr:
    item = pl.element()
    org = item.struct.field("org").struct.field("sourcedId")
    first = item.struct.field("roleType").str.to_lowercase() == "primary"
    return stripped(pl.col("roles").list.eval(org.filter(first)).list.first())
