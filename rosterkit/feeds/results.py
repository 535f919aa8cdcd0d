"""What a vendor returns about the rows of a file that it was sent: which it could not import, and why.

A vendor's package says how its file is read (``ReadsResults``). Here the rows are joined with the people who were sent,
and personal values are taken out of the vendor's messages, because a message is kept and shown.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, runtime_checkable

import polars as pl

from rosterkit.feeds.csvout import CsvTable

ANSWERS: dict[str, type[pl.DataType]] = {
    "_line": pl.Int64,
    "kind": pl.String,  # of the identifier, as in Feed.identifiers
    "value": pl.String,  # the identifier in the row; null where it has none
    "failed": pl.Boolean,
    "answer": pl.String,  # the vendor's word, such as UPDATED
    "message": pl.String,  # the vendor's sentence; null where it says nothing
}
"""The columns of what ``ReadsResults.results`` gives: one row for each row of the vendor's file."""

FAILED: dict[str, type[pl.DataType]] = {
    "file": pl.String,
    "line": pl.Int64,
    "user": pl.String,  # source and sourced_id, "/" between; "" where nobody who was sent has the identifier
    "answer": pl.String,
    "message": pl.String,  # without personal values
}
"""The columns of ``failed_rows``."""

_ADDRESS = re.compile(r"[^\s@,;:'\"()<>]+@[^\s@,;:'\"()<>]+")
_NUMBER = re.compile(r"[+(]?\d[\d().\s-]{2,}\d")
_FROM_TO = re.compile(r"\bfrom\s+(\S.*?)\s+to\s+(\S+)")
_SHORT = 2  # a cell of so few characters is no personal value, and would take letters out of words


@runtime_checkable
class ReadsResults(Protocol):
    """A feed whose vendor returns a file about the rows that it was sent."""

    def results(self, table: CsvTable, settings: Any) -> pl.DataFrame:
        """ANSWERS of the vendor's file. Raises UsageError where the file is not one that the vendor returns."""
        ...


def failed_rows(table: CsvTable, answers: pl.DataFrame, ledger: pl.DataFrame) -> pl.DataFrame:
    """FAILED: the rows that the vendor could not import. ``ledger``: whose each identifier is, as it was sent."""
    failed = answers.filter("failed").with_columns(pl.col("value").str.to_lowercase())
    owners = ledger.select("user", "kind", pl.col("value").str.to_lowercase()).unique(["kind", "value"], keep="none")
    found = failed.join(owners, on=["kind", "value"], how="left", maintain_order="left")
    cells = dict(table.rows.join(failed.select("_line"), on="_line", how="semi").select("_line", _cells()).rows())
    messages = [
        without_personal_values(message or "", cells.get(line, []))
        for line, message in found.select("_line", "message").iter_rows()
    ]
    return found.select(
        file=pl.lit(table.name),
        line="_line",
        user=pl.col("user").fill_null(""),
        answer=pl.col("answer").fill_null(""),
        message=pl.Series("message", messages, dtype=pl.String),
    ).cast(FAILED)  # type: ignore[arg-type] # a schema is what is meant


def _cells() -> pl.Expr:
    return pl.concat_list(pl.all().exclude("_line")).list.drop_nulls()


def without_personal_values(message: str, cells: list[str]) -> str:
    """The vendor's sentence with addresses, numbers, old and new values and cells of the row as dots."""
    message = _FROM_TO.sub("from … to …", message)
    message = _NUMBER.sub("…", _ADDRESS.sub("…", message))
    for cell in sorted({cell for cell in cells if len(cell) > _SHORT and cell != message}, key=len, reverse=True):
        message = re.sub(rf"(?<!\w){re.escape(cell)}(?!\w)", "…", message)
    return message.strip()
