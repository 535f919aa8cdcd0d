"""The file that Connect gives back after an upload: the rows as sent, with the columns ``result`` and ``action``."""

from __future__ import annotations

import polars as pl

from providers.connect.settings import ConnectSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.csvout import CsvTable
from rosterkit.feeds.results import ANSWERS

_DONE = ("CREATED", "UPDATED", "UNCHANGED", "ARCHIVED", "UNARCHIVED", "SKIPPED")
"""Actions after which the row needs nobody (help.connect.schoolstatus.com names CREATED and UPDATED)."""


def read_results(table: CsvTable, settings: ConnectSettings) -> pl.DataFrame:
    """ANSWERS of the file. Raises UsageError where it is not one that Connect gives back."""
    named = {name.lower(): name for name in table.header}
    guardian = settings.guardian_header("sourcedId")
    if settings.guardian_header("studentSourcedId") in table.header:
        kind, key = "guardian", guardian
    elif "userSourcedId" in table.header:
        kind, key = "sourcedId", "userSourcedId"
    else:
        kind, key = "sourcedId", "sourcedId"
    if not {"result", "action"} <= set(named) or key not in table.header:
        raise UsageError(
            f"{table.name} is no result of Connect's: it gives back the rows as they were sent, with the columns "
            "result and action. Download it after the upload."
        )
    action = pl.col(named["action"]).str.strip_chars().str.to_uppercase()
    return table.rows.select(
        "_line",
        kind=pl.lit(kind),
        value=key,
        failed=~action.is_in(_DONE).fill_null(value=False),
        answer=action,
        message=pl.col(named["result"]),
    ).select(list(ANSWERS))
