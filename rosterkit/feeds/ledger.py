"""Identifiers that must never change and never be given to another person, against what was ever sent.

A ledger has ``user`` (source and sourced_id, "/" between), ``kind`` (such as username) and ``value``. A user may have
several values of one kind: one more is added when a person approves a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from rosterkit.feeds.base import FeedContext, FeedFile
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.rows import from_last_file

PURGED = "purged:"
"""What a keyed hash begins with, where it stands in place of a user or a value of somebody who was purged."""

LEDGER = {"user": pl.String, "kind": pl.String, "value": pl.String}


def entries(files: Iterable[FeedFile], kinds: Mapping[str, str]) -> pl.DataFrame:
    """What sent files add to the ledger; ``kinds`` gives the column of each kind."""
    parts = [pl.DataFrame(schema=LEDGER)]
    for file in files:
        if file.people.is_empty():
            continue  # classes and enrollments are large, and have no ids of people to remember
        table = read_csv(file)
        rows = table.rows.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
        joined = file.people.filter(pl.col("row") > 0).join(rows, on="row")
        parts += [
            joined.select("user", kind=pl.lit(kind), value=column).drop_nulls()
            for kind, column in kinds.items()
            if column in table.header
        ]
    return pl.concat(parts).unique(maintain_order=True)


def known(context: FeedContext, kinds: Mapping[str, str]) -> pl.DataFrame:
    """The ledger, and what the last files hold: the answer is right also where the ledger was not filled yet."""
    last = context.last_sent.files if context.last_sent else ()
    both = pl.concat([context.ledger.select(list(LEDGER)), entries(last, kinds)])
    return both.filter(pl.col("kind").is_in(list(kinds))).unique(maintain_order=True)


def changed(rows: pl.DataFrame, ledger: pl.DataFrame, kind: str, column: str) -> pl.Series:
    """Which rows have another value than any that the user ever had (any case); a user without one has not changed."""
    mine = _of_kind(ledger, kind)
    if mine.is_empty():
        return _nobody(rows)
    own = mine.group_by(pl.col("user").alias("_user")).agg("value")
    joined = rows.select("_user", value=pl.col(column).str.to_lowercase()).join(
        own, on="_user", how="left", suffix="_before", maintain_order="left"
    )
    before = pl.col("value_before")
    return joined.select(
        (before.is_not_null() & ~before.list.contains(pl.col("value"))).fill_null(value=False)
    ).to_series()


def taken(
    rows: pl.DataFrame, ledger: pl.DataFrame, kind: str, column: str, hashed: Callable[[str], str] | None = None
) -> pl.Series:
    """Which rows have a value that another user ever had (any case); of users who were purged, by ``hashed``."""
    buried = ledger.filter(pl.col("user").str.starts_with(PURGED))
    if hashed is None or buried.is_empty():
        return _taken(rows, ledger, kind, column)
    plain = ledger.filter(~pl.col("user").str.starts_with(PURGED))
    values = [None if value is None else hashed(value.lower()) for value in rows[column]]
    forms = rows.select(_user=pl.Series([hashed(user) for user in rows["_user"]], dtype=pl.String)).with_columns(
        pl.Series(column, values, pl.String)
    )
    return _taken(rows, plain, kind, column) | _taken(forms, buried, kind, column)


def _taken(rows: pl.DataFrame, ledger: pl.DataFrame, kind: str, column: str) -> pl.Series:
    mine = _of_kind(ledger, kind)
    if mine.is_empty():
        return _nobody(rows)
    owners = mine.group_by("value").agg("user")
    joined = rows.select("_user", value=pl.col(column).str.to_lowercase()).join(
        owners, on="value", how="left", maintain_order="left"
    )
    others = pl.col("user").list.set_difference(pl.concat_list("_user")).list.len() > 0
    return joined.select(others.fill_null(value=False)).to_series()


def went_on(
    rows: pl.DataFrame, ledger: pl.DataFrame, last: Sequence[FeedFile], column: str, names: Sequence[str]
) -> pl.Series:
    """Which rows have an identifier that the last file shows at the same names, of a record that is not in ``rows``.

    It is the same human under another record: a student who is now in the table of alumni. Where a name differs nobody
    can tell, and the identifier counts as taken. All columns are compared in any case.
    """
    keys = [column, *names]
    then = from_last_file(last, keys, ledger["user"].unique())
    then = then.filter(~pl.col("_user").is_in(rows["_user"].implode()))
    before = then.select(pl.col(keys).str.to_lowercase()).drop_nulls().unique().with_columns(_same=pl.lit(value=True))
    now = rows.select(pl.col(keys).str.to_lowercase())
    return now.join(before, on=keys, how="left", maintain_order="left")["_same"].fill_null(value=False)


def _nobody(rows: pl.DataFrame) -> pl.Series:
    return pl.Series([False], dtype=pl.Boolean).new_from_index(0, rows.height)


def _of_kind(ledger: pl.DataFrame, kind: str) -> pl.DataFrame:
    return ledger.filter(pl.col("kind") == kind).with_columns(pl.col("value").str.to_lowercase())
