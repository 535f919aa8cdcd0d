"""Texts as Connect takes them: without quotation marks, in the encoding that was agreed (C23)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import polars as pl

from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import one_line
from rosterkit.feeds.rows import report
from rosterkit.sources.findings import Findings

_MARKS = '["“”]'


def mended(
    rows: pl.DataFrame, columns: Sequence[str], settings: ConnectSettings, findings: Findings, *, file: str
) -> pl.DataFrame:
    """The rows with what Connect cannot take left out of those columns; each such row is a finding."""
    marked = {column for column in columns if rows[column].str.contains(_MARKS).any()}
    texts = rows.select(
        one_line(pl.col(column).str.replace_all(_MARKS, "") if column in marked else pl.col(column))
        for column in columns
    )
    for column in columns:
        text = _fit(texts[column], settings.encoding)
        differs = (text != rows[column]).fill_null(value=False)
        if differs.any():
            report(findings, "C23.text-mended", rows.filter(differs), file=file, column=column)
            rows = rows.with_columns(text.alias(column))
    return rows


def _fit(text: pl.Series, encoding: str) -> pl.Series:
    """The texts in characters of the encoding: letters lose their marks, what has no counterpart goes."""
    if encoding == "utf-8":
        return text
    fitting = {value: _in_encoding(value, encoding) for value in text.drop_nulls().unique().to_list()}
    return text.replace_strict(fitting, default=None, return_dtype=pl.String)


def _in_encoding(value: str, encoding: str) -> str:
    return "".join(char if char.encode(encoding, "ignore") else _plain(char) for char in value)


def _plain(char: str) -> str:
    """The letter without its marks, in ASCII; nothing where there is none."""
    return unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()


def as_sent(file: FeedFile, settings: ConnectSettings) -> FeedFile:
    """The file, which is UTF-8, in the encoding that was agreed."""
    if settings.encoding != "iso-8859-1":
        return file
    return FeedFile(file.name, file.content.decode().encode("iso-8859-1", "replace"), file.rows, file.people)


def as_read(file: FeedFile, settings: ConnectSettings) -> FeedFile:
    """The file, which is in the encoding that was agreed, as UTF-8."""
    if settings.encoding != "iso-8859-1":
        return file
    return FeedFile(file.name, file.content.decode("iso-8859-1").encode(), file.rows, file.people)
