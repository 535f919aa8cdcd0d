"""The rows of a file while it is built: those that break a rule are withheld, last good rows and leavers are added.

A frame of rows has the vendor's columns as texts, and ``_user`` (source and sourced_id, "/" between).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from rosterkit.feeds.base import PEOPLE, FeedFile, LastSent, Outcome
from rosterkit.feeds.csvout import csv_file, read_csv
from rosterkit.feeds.preflight import Check, broken_rows
from rosterkit.sources.findings import Findings

_WITHHOLDS = {Outcome.ROWS_IGNORED, Outcome.IGNORED, Outcome.HELD, Outcome.REJECTED}


def split_broken(
    rows: pl.DataFrame, checks: Iterable[Check], settings: Any, findings: Findings, *, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that keep every row check, and those that break one. Each broken rule is a finding with the record's id.

    A check whose outcome is a warning makes a finding and withholds nothing.
    """
    withheld = pl.Series("withheld", [False], dtype=pl.Boolean).new_from_index(0, rows.height)
    for check, column, broken in broken_rows(rows, checks, settings, file=file):
        report(findings, check.rule, rows.filter(broken), file=file, column=column)
        if check.outcome in _WITHHOLDS:
            withheld |= broken
    return rows.filter(~withheld), rows.filter(withheld)


def still_good(rows: pl.DataFrame, checks: Iterable[Check], settings: Any, *, file: str) -> pl.DataFrame:
    """Of rows that were sent before, those that keep every row check today: rules and settings may have changed."""
    withheld = pl.Series("withheld", [False], dtype=pl.Boolean).new_from_index(0, rows.height)
    for check, _, broken in broken_rows(rows, checks, settings, file=file):
        if check.outcome in _WITHHOLDS:
            withheld |= broken
    return rows.filter(~withheld)


def report(findings: Findings, rule: str, rows: pl.DataFrame, *, file: str, column: str = "", detail: str = "") -> None:
    """A finding for each row, by the record's sourced_id; a row that is being built has no line yet (0)."""
    keyed = rows.select(
        pl.lit(0, dtype=pl.Int64).alias("_line"),
        pl.col("_user").str.split_exact("/", 1).struct.field("field_1").alias("key"),
        detail=pl.lit(detail),
    )
    findings.add_rows(rule, keyed.sort("key"), file=file, column=column)


def last_file(last: LastSent | None, name: str | None = None) -> FeedFile | None:
    """The file of that name that was last sent, or the first one where no name is given."""
    return next((file for file in last.files if name in {None, file.name}), None) if last else None


def from_last_file(last: Sequence[FeedFile], columns: Sequence[str], users: pl.Series) -> pl.DataFrame:
    """The rows of those users as they were last sent, with ``_state`` and ``_since``; columns they lacked are null.

    A person may have several rows in a file.
    """
    parts = []
    for file in last:
        if not file.people["user"].is_in(users.implode()).any():
            continue
        table = read_csv(file)
        rows = table.rows.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
        whose = file.people.filter((pl.col("row") > 0) & pl.col("user").is_in(users.implode()))
        parts.append(
            whose.join(rows, on="row").select(
                pl.col("user").alias("_user"),
                pl.col("state").alias("_state"),
                pl.col("since").alias("_since"),
                *(pl.col(name) if name in table.header else pl.lit(None, pl.String).alias(name) for name in columns),
            )
        )
    empty = pl.DataFrame(schema=dict.fromkeys(["_user", "_state", "_since", *columns], pl.String))
    return pl.concat([empty, *parts]).unique(maintain_order=True)


def last_good_rows(
    good: pl.DataFrame,
    withheld: pl.DataFrame,
    last: Sequence[FeedFile],
    *,
    unique: Sequence[str],
    as_of: date,
    days: int,
    findings: Findings,
    file: str,
    suppressed: Collection[str] = (),
) -> pl.DataFrame:
    """What was last sent of people whose row is withheld, for vendors that delete who is absent.

    Never a row with an identifier (a column of ``unique``, any case) that a good row now has. Never a row of a person
    of whom a value is ``suppressed``: it may hold that value. Never for more than ``days`` days. ``_state`` is kept,
    ``_since`` the as-of date on which it began. Each is a finding (``feed.kept``).
    """
    columns = [name for name in good.columns if not name.startswith("_")]
    users = withheld["_user"].filter(~withheld["_user"].is_in(list(suppressed)))
    rows = from_last_file(last, columns, users).filter(pl.col("_state").is_in(["sent", "kept"]))
    since = pl.when(pl.col("_state") == "kept").then("_since").otherwise(pl.lit(as_of.isoformat()))
    rows = rows.with_columns(_since=since, _state=pl.lit("kept"))
    rows = rows.filter(pl.col("_since") > (as_of - timedelta(days=days)).isoformat())
    rows = _without_taken(rows, good, unique)
    if not rows.is_empty():
        report(findings, "feed.kept", rows, file=file)
    return rows


def leavers(
    present: pl.Series,
    good: pl.DataFrame,
    last: Sequence[FeedFile],
    *,
    unique: Sequence[str],
    as_of: date,
    weeks: int,
    suppressed: Collection[str] = (),
) -> pl.DataFrame:
    """The rows of people who were in the last file and are no longer in the feed, for ``weeks`` weeks.

    ``present``: every user that the feed selects, withheld ones too. ``_state`` is leaving. Never a row with an
    identifier that a good row now has: the flag would hit another person. Never a person of whom a value is
    ``suppressed``.
    """
    columns = [name for name in good.columns if not name.startswith("_")]
    users = pl.concat([pl.DataFrame(schema=PEOPLE), *(file.people for file in last)]).select("user")
    if last:
        others = pl.concat([present, pl.Series([*suppressed], dtype=pl.String)])
        users = users.join(pl.DataFrame({"user": others}), on="user", how="anti")
    rows = from_last_file(last, columns, users["user"])
    since = pl.when(pl.col("_state") == "leaving").then("_since").otherwise(pl.lit(as_of.isoformat()))
    rows = rows.with_columns(_since=since, _state=pl.lit("leaving"))
    rows = rows.filter(pl.col("_since") > (as_of - timedelta(weeks=weeks)).isoformat())
    return _without_taken(rows, good, unique)


def to_file(
    name: str,
    rows: pl.DataFrame,
    withheld: pl.DataFrame,
    *,
    sort: Sequence[str],
    as_of: date,
    last: Sequence[FeedFile] = (),
    line_end: str = "\r\n",
) -> FeedFile | None:
    """The file of the rows, sorted; None where there is no row: a file with a header only never leaves.

    ``rows`` may have ``_state`` and ``_since``; a row without is sent. ``withheld`` has ``_user``.
    """
    if rows.is_empty():
        return None
    columns = [column for column in rows.columns if not column.startswith("_")]
    rows = rows.sort(*sort, "_user")
    sent = rows.select(
        user="_user",
        row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
        state=pl.col("_state").fill_null("sent") if "_state" in rows.columns else pl.lit("sent"),
        since=pl.col("_since") if "_since" in rows.columns else pl.lit(None, pl.String),
    )
    also = rows.select("_user").filter(pl.col("_user").is_in(withheld["_user"].implode()))
    absent = withheld.select("_user").unique().join(also, on="_user", how="anti").sort("_user")
    without = absent.select(
        user="_user", row=pl.lit(0, pl.Int64), state=pl.lit("withheld"), since=pl.lit(None, pl.String)
    )
    people = _with_since(pl.concat([sent, without]), last, as_of)
    return csv_file(name, rows.select(columns), line_end=line_end, people=people)


def _with_since(people: pl.DataFrame, last: Sequence[FeedFile], as_of: date) -> pl.DataFrame:
    """Where it is not known since when a state lasts: since the last file says so, or else since today."""
    if not last:
        return people.with_columns(pl.col("since").fill_null(as_of.isoformat()))
    before = pl.concat([file.people for file in last]).unique("user", keep="first")
    joined = people.join(
        before.select("user", "state", was="since"), on=["user", "state"], how="left", maintain_order="left"
    )
    return joined.select("user", "row", "state", since=pl.coalesce("since", "was", pl.lit(as_of.isoformat())))


def _without_taken(rows: pl.DataFrame, good: pl.DataFrame, unique: Sequence[str]) -> pl.DataFrame:
    for column in unique if rows.height else ():
        if column in good.columns:
            taken = good[column].drop_nulls().str.to_lowercase()
            rows = rows.filter(~pl.col(column).str.to_lowercase().is_in(taken.implode()).fill_null(value=False))
    return rows
