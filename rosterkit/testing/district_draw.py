"""What chance decides in an invented district: numbers, words and ids, as expressions over the index of a row.

Each depends on nothing but the seed, the kind of row, what is drawn for it, and the index: the same arguments give the
same value in whatever order and portions rows are made, and on whatever day. (polars' own hash may change with its
version, so it is not used.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl


def _number(number: int) -> pl.Series:
    """One number, for arithmetic with whole columns that wraps around."""
    return pl.Series([number], dtype=pl.UInt64)


_STEP, _FIRST, _SECOND = (_number(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_HEX = pl.Series([f"{i:04x}" for i in range(1 << 16)])


def whole(number: int) -> pl.Expr:
    """The number in the type in which everything is counted here, which wraps around."""
    return pl.lit(number, pl.UInt64)


def chosen(words: Sequence[str | None] | pl.Series, at: pl.Expr) -> pl.Expr:
    """The word at that position."""
    series = words if isinstance(words, pl.Series) else pl.Series(words, dtype=pl.String)
    return pl.lit(series).gather(at)


def _shifted(bits: pl.Expr, by: int) -> pl.Expr:
    return bits // whole(1 << by)


def _four(bits: pl.Expr, by: int, low: int = 0, count: int = 1 << 16) -> pl.Expr:
    """Four hexadecimal digits from 16 bits, of which ``count`` values from ``low`` on are allowed."""
    return chosen(_HEX, _shifted(bits, by) % whole(count) + whole(low))


class Draw:
    """Chance, by seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bits(self, kind: str, what: str, at: pl.Expr) -> pl.Expr:
        """64 random bits for each row (splitmix64)."""
        digest = hashlib.sha256(f"{self._seed} {kind} {what}".encode()).digest()
        start = _number(int.from_bytes(digest[:8], "big"))

        def mixed(at: pl.Series) -> pl.Series:
            z = at.cast(pl.UInt64) * _STEP + start
            z = (z ^ (z // (1 << 30))) * _FIRST
            z = (z ^ (z // (1 << 27))) * _SECOND
            return z ^ (z // (1 << 31))

        return at.map_batches(mixed, return_dtype=pl.UInt64, is_elementwise=True)

    def below(self, count: int, kind: str, what: str, at: pl.Expr) -> pl.Expr:
        """A number from 0 to ``count`` - 1."""
        return self.bits(kind, what, at) % whole(count)

    def hits(self, rate: float, kind: str, what: str, at: pl.Expr) -> pl.Expr:
        """True for about that share of rows."""
        return self.below(1_000_000, kind, what, at) < whole(round(rate * 1_000_000))

    def word(self, words: Sequence[str | None], kind: str, what: str, at: pl.Expr) -> pl.Expr:
        """One of the words."""
        return chosen(words, self.below(len(words), kind, what, at))

    def sourced_id(self, kind: str, at: pl.Expr) -> pl.Expr:
        """An id in the form of a random UUID; ``order`` sorts as it does."""
        a, b = self.order(kind, at), self.bits(kind, "id, second half", at)
        return pl.concat_str(
            _four(a, 48),
            _four(a, 32),
            pl.lit("-"),
            _four(a, 16),
            pl.lit("-"),
            _four(a, 0, 0x4000, 0x1000),
            pl.lit("-"),
            _four(b, 48, 0x8000, 0x4000),
            pl.lit("-"),
            _four(b, 32),
            _four(b, 16),
            _four(b, 0),
        )

    def order(self, kind: str, at: pl.Expr) -> pl.Expr:
        """A number by which rows stand in the order of their ids."""
        return self.bits(kind, "id, first half", at)
