"""Findings: what is wrong with the data, row by row, as one frame."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

FINDINGS: dict[str, type[pl.DataType]] = {
    "rule": pl.String,
    "severity": pl.String,  # error | warning | info
    "file": pl.String,
    "line": pl.Int64,  # the first line of the record, counting quoted line breaks; 0 where the whole file is meant
    "column": pl.String,  # "" where the whole row is meant
    "value": pl.String,  # redacted where personal; "" where none is shown
    "key": pl.String,  # the record's sourced id, "" where unknown
    "detail": pl.String,  # what is special about this one, without personal data; "" where the rule says it all
}
"""The columns of a findings frame, none of them null."""
_EMPTY = pl.DataFrame(schema=FINDINGS)


def finding(
    rule: str,
    severity: str,
    *,
    file: str = "",
    line: int = 0,
    column: str = "",
    value: str = "",
    detail: str = "",
) -> pl.DataFrame:
    """A findings frame of one row, which is about no record."""
    row = (rule, severity, file, line, column, value, "", detail)
    return pl.DataFrame([row], schema=FINDINGS, orient="row")


def empty() -> pl.DataFrame:
    """A findings frame without rows."""
    return _EMPTY.clone()


def concat(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The frames as one, in their order."""
    return pl.concat([empty(), *frames])


def ordered(frame: pl.DataFrame) -> pl.DataFrame:
    """The findings as people read them: by file, line, column, rule."""
    return frame.sort("file", "line", "column", "rule", "key", "detail")
