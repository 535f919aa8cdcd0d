"""From files to canonical tables: each column to its place, lists taken apart into records of their own."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from providers.oneroster.rows import FileRead
from providers.oneroster.values import ATTRIBUTES, DELETED, INVALID, KEY, LINE, MODIFIED
from rosterkit.sources.base import INVALID as INVALID_SCHEMA
from rosterkit.sources.base import Coverage, Table

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
    entity = ENTITY_OF[read.file.name]
    if read.coverage is Coverage.ABSENT:
        return absent(entity, read, read.reason)
    labels = {
        field.name: field.home.split(".")[1]
        for field in read.file.fields
        if field.home.startswith(f"{entity}.") and field.name in read.present
    }
    columns = [pl.col(name).alias(label) for name, label in labels.items()]
    if read.extended:
        columns.append(pl.col(ATTRIBUTES).alias("attributes"))
    rows = read.rows.select(*provenance(read, pl.col(KEY)), *columns)
    invalid = _invalid_cells(read, {name: label for name, label in labels.items() if name in read.bad_columns})
    return Table(
        entity, rows, read.coverage, read.reason, invalid=pl.concat([read.unreadable, invalid]), changes=read.delta
    )


def absent(entity: str, read: FileRead, reason: str) -> Table:
    """The entity where nothing is known of it."""
    schema = {"sourced_id": pl.String, "_file": pl.String, "_line": pl.Int64}
    return Table(entity, pl.LazyFrame(schema=schema), Coverage.ABSENT, reason, changes=read.delta)


def provenance(read: FileRead, key: pl.Expr) -> list[pl.Expr]:
    """The columns of a record beside its values."""
    return [
        key.alias("sourced_id"),
        pl.lit(read.name).alias("_file"),
        pl.col(LINE).cast(pl.Int64).alias("_line"),
        pl.col(DELETED).alias("_deleted"),
        pl.col(MODIFIED).alias("_modified_at"),
    ]


def _invalid_cells(read: FileRead, labels: dict[str, str]) -> pl.DataFrame:
    """INVALID of the cells that could not be used: by record, and the label of the column."""
    if not labels:
        return pl.DataFrame(schema=INVALID_SCHEMA)
    seen = read.rows.filter(pl.col(INVALID) != 0).select(KEY, LINE, *(read.is_invalid(n).alias(n) for n in labels))
    cells = [
        seen.filter(name).select(
            sourced_id=KEY, column=pl.lit(label), _file=pl.lit(read.name), _line=pl.col(LINE).cast(pl.Int64)
        )
        for name, label in labels.items()
    ]
    return pl.concat(cells).sort("_line", maintain_order=True).collect(engine="in-memory")


def derived_key(owner: pl.Expr, item: pl.Expr) -> pl.Expr:
    """The sourced id of a record that one row lists: both ids, parted by a colon that neither holds."""
    return pl.concat_str(_escaped(owner), _escaped(item), separator=":")


def _escaped(key: pl.Expr) -> pl.Expr:
    return key.str.replace_all("%", "%25", literal=True).str.replace_all(":", "%3A", literal=True)


def listed(read: FileRead, column: str, *others: str) -> pl.LazyFrame:
    """The rows that stay, one per item of their list in that column, as column ``item``; and the columns ``others``."""
    lists = read.remaining.filter(pl.col(column).is_not_null())
    own = dict.fromkeys((KEY, DELETED, MODIFIED, INVALID, LINE, column, *others))
    return lists.select(*own, item=pl.col(column).str.split(",")).explode("item", empty_as_null=True).drop_nulls("item")


def listing_coverage(
    read: FileRead, columns: Sequence[str], unread: pl.LazyFrame | None = None
) -> tuple[Coverage, str]:
    """Coverage of an entity that rows list in these columns, and why it is not full.

    Partial where a list (a row of ``unread``) could not be read: what it lists has no key of its own in the file by
    which it could be protected.
    """
    missing = [name for name in columns if name not in read.present]
    if read.coverage is Coverage.ABSENT or missing:
        return Coverage.ABSENT, read.reason if not missing or read.reason else f"{read.name} has no column {missing[0]}"
    if read.coverage is not Coverage.FULL:
        return read.coverage, read.reason
    if unread is None:
        if read.bad_columns.isdisjoint(columns):
            return Coverage.FULL, ""
        unread = read.remaining.filter(pl.any_horizontal(read.is_invalid(name) for name in columns))
    first = unread.select(pl.col(LINE).min()).collect(engine="in-memory").item()
    if first is None:
        return Coverage.FULL, ""
    return Coverage.PARTIAL, f"{read.name}:{first}: its {columns[0]} could not be used"


def class_terms(read: FileRead) -> Table:
    """The terms that each class lists."""
    coverage, reason = listing_coverage(read, ("termSourcedIds",))
    if coverage is Coverage.ABSENT:
        return absent("ClassTerm", read, reason)
    rows = listed(read, "termSourcedIds").select(
        *provenance(read, derived_key(pl.col(KEY), pl.col("item"))), pl.col(KEY).alias("class"), session="item"
    )
    readable = read.remaining.filter(~read.is_invalid("termSourcedIds"))
    parents = parents_of(read, readable, "class")
    return Table(
        "ClassTerm", rows, coverage, reason, parents=(parents.collect(engine="in-memory"),), changes=read.delta
    )


def parents_of(read: FileRead, rows: pl.LazyFrame, label: str) -> pl.LazyFrame:
    """The records of these rows as parents (Table.parents) that are named by that label."""
    return rows.select(pl.col(KEY).alias(label), _file=pl.lit(read.name), _line=pl.col(LINE).cast(pl.Int64))


def roles_11(read: FileRead) -> Table:
    """What a user is, at each organisation that their row of OneRoster 1.1 lists."""
    columns = ("orgSourcedIds", "role")
    coverage, reason = listing_coverage(read, columns)
    if coverage is Coverage.ABSENT:
        return absent("Role", read, reason)
    rows = (
        listed(read, "orgSourcedIds", "role")
        .filter(~read.is_invalid("role"))
        .select(
            *provenance(read, derived_key(pl.col(KEY), pl.col("item"))),
            pl.col(KEY).alias("user"),
            pl.col("item").alias("org"),
            "role",
            type=pl.lit("primary"),
        )
    )
    readable = read.remaining.filter(~read.is_invalid("role") & ~read.is_invalid("orgSourcedIds"))
    return Table(
        "Role",
        rows,
        coverage,
        reason,
        parents=(parents_of(read, readable, "user").collect(engine="in-memory"),),
        changes=read.delta,
    )
