"""What status and dateLastModified say of each row, in a bulk file and in a delta file."""

from __future__ import annotations

import polars as pl

from providers.oneroster.celltable import DELETED, LINE, MODIFIED, is_unread, note_rows, read_column
from providers.oneroster.spec import File
from rosterkit.sources.file_findings import Notes

__all__ = ["record_state"]


def record_state(rows: pl.DataFrame, notes: Notes, file: File, *, delta: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with DELETED and MODIFIED, and those that cannot be read for want of either (delta files only)."""
    for name in ("status", "dateLastModified"):
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(name))
    if delta:
        return _delta(rows, notes, file)
    return _bulk(rows, notes, file), rows.clear()


def _bulk(rows: pl.DataFrame, notes: Notes, file: File) -> pl.DataFrame:
    """Both should be blank; an explicit delete is heeded in lenient reading, everything else ignored."""
    deleting = pl.col("status").str.strip_chars().str.to_lowercase().is_in(["tobedeleted", "inactive"]).fill_null(False)
    note_rows(rows.filter(deleting), "bulk.delete", "status", file.name, notes)
    filled = rows.filter(~deleting & pl.col("status").is_not_null())
    dated = rows.filter(pl.col("dateLastModified").is_not_null())
    notes.habit("bulk.status", filled[LINE], column="status")
    notes.habit("bulk.date", dated[LINE], column="dateLastModified")
    heeded = deleting if notes.severity("bulk.delete") != "error" else pl.lit(value=False)
    return rows.with_columns(heeded.alias(DELETED), pl.lit(None, pl.String).alias(MODIFIED))


def _delta(rows: pl.DataFrame, notes: Notes, file: File) -> tuple[pl.DataFrame, pl.DataFrame]:
    for name in ("status", "dateLastModified"):
        rows = read_column(rows, file.field(name), file.name, notes)
    lacking = pl.col("status").is_null() | pl.col("dateLastModified").is_null()
    without = rows.filter(lacking)
    note_rows(without, "delta.incomplete", "", file.name, notes)
    rows = rows.filter(~lacking).with_columns(
        (pl.col("status") == "tobedeleted").alias(DELETED), pl.col("dateLastModified").alias(MODIFIED)
    )
    return rows.drop(is_unread("status"), is_unread("dateLastModified"), strict=False), without
