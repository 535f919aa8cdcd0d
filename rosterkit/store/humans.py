"""Which rows of the store are one human: a block outlasts a new id, another spelling and a second source.

Both names are equal, and one of number, state id, username or e-mail. Names are compared as words, without case,
accents, punctuation and order.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from rosterkit.store.bulk import read

__all__ = ["EVIDENCE", "NAMES", "People", "folded_name"]

EVIDENCE = ("identifier", "state_id", "username", "email")
NAMES = ("given_name", "family_name")
_NUMBERS = ("sms", "phone")
_DIGITS = 7  # fewer are no telephone number


def folded_name() -> pl.Expr:
    """The words of given and family name as they are compared; null where one of the names is."""
    name = pl.concat_str(NAMES, separator=" ").str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    words = name.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars().str.split(" ")
    return words.list.unique().list.sort().list.join(" ").alias("name")


class People:
    """The users of a store; read when they are first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: pl.DataFrame | None = None

    @property
    def rows(self) -> pl.DataFrame:
        """id, source, sourced_id, ``name`` (folded), and evidence as it is compared."""
        if self._rows is None:
            names = ("source", "sourced_id", *NAMES, *EVIDENCE, *_NUMBERS)
            schema: dict[str, type[pl.DataType]] = {"id": pl.Int64, **dict.fromkeys(names, pl.String)}
            digits = pl.col(*_NUMBERS).str.replace_all(r"\D", "").str.tail(10)
            rows = read(self._path, "user", schema).with_columns(
                folded_name(), pl.col(*EVIDENCE).str.strip_chars().str.to_lowercase(), digits
            )
            numbers = [pl.when(pl.col(name).str.len_chars() >= _DIGITS).then(name).alias(name) for name in _NUMBERS]
            self._rows = rows.with_columns(numbers)
        return self._rows

    def humans(self, record: int) -> list[int]:
        """The ids of all rows of this human."""
        mine = self.rows.filter(pl.col("id") == record)
        if mine.is_empty() or mine["name"][0] is None:
            return [record]
        same = (pl.col("name") == mine["name"][0]) & self._shares(mine, EVIDENCE)
        return [record, *self.rows.filter(same & (pl.col("id") != record))["id"]]

    def adults(self, record: int, names: Collection[str] = ()) -> list[int]:
        """The ids of all rows that may be this adult of a blocked link: of the same names, now or then (``names``).

        With the same number, address or telephone a part of the names is enough: every word of one name is a word of
        the other, or its beginning.
        """
        mine = self.rows.filter(pl.col("id") == record)
        if mine.is_empty():
            return [record]
        known = sorted({*names, *mine["name"].drop_nulls()})
        same = set(self.rows.filter(pl.col("name").is_in(known))["id"])
        near = self.rows.filter(self._shares(mine, (*EVIDENCE, *_NUMBERS))).select("id", "name").drop_nulls()
        same |= {i for i, name in near.iter_rows() if any(_alike(name, other) for other in known)}
        return [record, *sorted(same - {record})]

    def _shares(self, mine: pl.DataFrame, columns: Collection[str]) -> pl.Expr:
        """Whether a row has a value of these columns in common with the one row ``mine``."""
        equal = [pl.col(name) == mine[name][0] for name in columns if mine[name][0] is not None]
        return pl.any_horizontal(equal).fill_null(value=False) if equal else pl.lit(value=False)

    def keys(self, users: pl.Series) -> frozenset[str]:
        """These users as "source/sourced_id"."""
        mine = self.rows.filter(pl.col("id").is_in(users.implode()))
        return frozenset(mine.select(pl.concat_str("source", "sourced_id", separator="/")).to_series())


def _alike(one: str, other: str) -> bool:
    """Whether every word of one of these folded names is a word of the other, or begins so."""

    def within(some: list[str], every: list[str]) -> bool:
        return all(any(a.startswith(b) or b.startswith(a) for b in every) for a in some)

    a, b = one.split(), other.split()
    return within(a, b) or within(b, a)
