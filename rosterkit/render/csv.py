"""Findings as CSV, for a spreadsheet: what looks like a formula is escaped, control characters are made visible."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rosterkit.render.labels import no_formula, visible_cells, with_words
from rosterkit.roster.rules import Rule

_UNSEEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # not tabs and line ends: a cell is quoted
_COLUMNS = ["rule", "severity", "file", "line", "column", "value", "key", "detail", "message", "remedy"]


def findings(found: pl.DataFrame, rules: Mapping[str, Rule]) -> str:
    """CSV with a header and the columns of ``check --json`` (docs/json.md)."""
    escaped = no_formula(with_words(found, rules).select(_COLUMNS))
    return escaped.with_columns(visible_cells()).write_csv()
