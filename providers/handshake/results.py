"""The file of failed rows that Handshake's Importer gives back: the rows as sent, and two more columns on the right.

The pages do not name the two columns. They hold a status and a message (support.joinhandshake.com, 360001032108).
"""

from __future__ import annotations

import polars as pl

from providers.handshake.columns import COLUMNS
from rosterkit.errors import UsageError
from rosterkit.feeds.csvout import CsvTable
from rosterkit.feeds.results import ANSWERS

_DONE = ("success", "succeeded", "created", "updated", "skipped", "unchanged")
"""Words that mean that the row needs nobody; every other row of the file has failed."""


def read_results(table: CsvTable) -> pl.DataFrame:
    """ANSWERS of the file. Raises UsageError where it is no file of failed rows."""
    known = {column.header for column in COLUMNS}
    more = [name for name in table.header if name not in known]
    if "username" not in table.header or len(more) < 2 or more[-2:] != list(table.header[-2:]):
        raise UsageError(
            f"{table.name} is no file of failed rows: Handshake gives back the rows as they were sent, with a status "
            "and a message in two more columns at the far right. Download it from the job's page in the Importer."
        )
    status, message = more[-2:]
    done = pl.col(status).str.strip_chars().str.to_lowercase().is_in(_DONE).fill_null(value=False)
    return table.rows.select(
        "_line",
        kind=pl.lit("username"),
        value="username",
        failed=~done,
        answer=pl.col(status),
        message=pl.col(message),
    ).select(list(ANSWERS))
