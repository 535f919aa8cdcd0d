"""From files as read to canonical tables: each column to its home, lists taken apart into records of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from providers.oneroster.celltable import DELETED, KEY, LINE, MODIFIED, is_unread
from providers.oneroster.rows import FileRead
from providers.oneroster.spec import Field
from rosterkit.roster.schema import by_name
from rosterkit.sources.bundle import ROW_KEYS, UNREADABLE, Listing, Table

__all__ = ["ENTITY_OF", "class_terms", "derived_key", "listed", "roles_11", "row_keys", "table"]

ENTITY_OF = {
    "orgs": "Org",
    "academicSessions": "AcademicSession",
    "courses": "Course",
    "classes": "Class",
    "users": "User",
    "userProfiles": "UserProfile",
    "roles": "Role",
    "enrollments": "Enrollment",
    "demographics": "Demographics",
}
"""The entity whose records a rostering file's rows are."""


def table(read: FileRead) -> Table:
    """The entity of the file: one record per row."""
    entity = by_name(ENTITY_OF[read.file.name])
    homes = {field.home.split(".")[1]: field for field in read.file.fields if field.home.startswith(f"{entity.name}.")}
    stated = {label: field for label, field in homes.items() if field.name in read.present}
    values = [_value(field, entity.column(label).kind).alias(label) for label, field in stated.items()]
    if read.extensions:
        values.append(_attributes(read.extensions))
    unread = [
        pl.when(read.unread(field.name)).then(pl.lit(label))
        for label, field in stated.items()
        if read.any_unread(field.name)
    ]
    rows = read.rows.select(*row_keys(read, pl.col(KEY), unread), *values)
    return Table(rows, read.unreadable)


def row_keys(read: FileRead, key: pl.Expr, unread: Sequence[pl.Expr] = ()) -> list[pl.Expr]:
    """The ROW_KEYS of a record that a row of the file states."""
    labels = pl.concat_list(unread).list.drop_nulls() if unread else pl.lit(None)
    told = {
        "sourced_id": key,
        "deleted": pl.col(DELETED),
        "unread": pl.when(labels.list.len() > 0).then(labels) if unread else labels,
        "modified_at": pl.col(MODIFIED),
        "file": pl.lit(read.member),
        "line": pl.col(LINE),
    }
    return [told[name].cast(dtype).alias(name) for name, dtype in ROW_KEYS.items()]


def _value(field: Field, kind: str) -> pl.Expr:
    column = pl.col(field.name)
    if kind != "bool":
        return column
    return pl.when(column.is_not_null()).then(column == "true")


def _attributes(names: tuple[str, ...]) -> pl.Expr:
    """Extension columns as a JSON object of those that have a value."""
    pairs = [pl.concat_str(pl.lit(json.dumps(name, ensure_ascii=False) + ":"), _quoted(name)) for name in sorted(names)]
    joined = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    return pl.when(joined != "").then(pl.concat_str(pl.lit("{"), joined, pl.lit("}"))).alias("attributes")


def _quoted(name: str) -> pl.Expr:
    return pl.col(name).map_batches(_json_strings, return_dtype=pl.String)


def _json_strings(values: pl.Series) -> pl.Series:
    """Each text as a JSON string, by its distinct values; null stays null."""
    distinct = values.drop_nulls().unique()
    quoted = [json.dumps(value, ensure_ascii=False) for value in distinct]
    known = pl.DataFrame({"raw": distinct, "quoted": quoted}, schema={"raw": pl.String, "quoted": pl.String})
    return pl.DataFrame({"raw": values}).join(known, on="raw", how="left", maintain_order="left")["quoted"]


def derived_key(owner: pl.Expr, item: pl.Expr) -> pl.Expr:
    """The sourced id of a record that one row lists: both ids, parted by a bar that neither holds."""
    return pl.concat_str(_escaped(owner), _escaped(item), separator="|")


def _escaped(key: pl.Expr) -> pl.Expr:
    return key.str.replace_all("%", "%25", literal=True).str.replace_all("|", "%7C", literal=True)


def listed(read: FileRead, column: str, *others: str) -> pl.DataFrame:
    """The rows that stay, one per item of their list in that column, as column ``item``.

    Of their other columns, those by which a record is known, and ``others``.
    """
    lists = read.rows.lazy().filter(~pl.col(DELETED) & pl.col(column).is_not_null())
    own = dict.fromkeys((KEY, DELETED, MODIFIED, LINE, column, *others))
    return lists.select(*own, item=pl.col(column).str.split(",")).explode("item").drop_nulls("item").collect()


def class_terms(read: FileRead) -> Table:
    """The terms that each class lists."""
    rows = listed(read, "termSourcedIds").select(
        *row_keys(read, derived_key(pl.col(KEY), pl.col("item"))), pl.col(KEY).alias("class"), session="item"
    )
    readable = read.rows.filter(~pl.col(DELETED) & ~read.unread("termSourcedIds"))
    owners = readable.select(pl.col(KEY).alias("class"), file=pl.lit(read.member), line=LINE)
    return Table(rows, pl.DataFrame(schema=UNREADABLE), (Listing(owners),))


def roles_11(read: FileRead) -> Table:
    """What a person is, at each organisation that their row of OneRoster 1.1 lists."""
    said = ~read.unread("role")
    rows = (
        listed(read, "orgSourcedIds", "role", *([is_unread("role")] if read.any_unread("role") else []))
        .filter(said)
        .select(
            *row_keys(read, derived_key(pl.col(KEY), pl.col("item"))),
            pl.col(KEY).alias("user"),
            pl.col("item").alias("org"),
            "role",
            type=pl.lit("primary"),
        )
    )
    readable = read.rows.filter(~pl.col(DELETED) & said & ~read.unread("orgSourcedIds"))
    owners = readable.select(pl.col(KEY).alias("user"), file=pl.lit(read.member), line=LINE)
    return Table(rows, pl.DataFrame(schema=UNREADABLE), (Listing(owners),))
