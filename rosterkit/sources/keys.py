"""Keys of records: which values cannot be one, and the key of a record to which its source gives none."""

from __future__ import annotations

import polars as pl

_ROUNDED = r"^[+-]?\d(?:[.,]\d+)?[eE]\+?\d+$"  # the digits are lost, and different numbers look alike

_UNSHOWN = r"[\p{Cc}\u202a-\u202e\u2066-\u2069]"  # control characters, and those that turn the direction of writing


def plain_id(text: pl.Expr) -> pl.Expr:
    """The id without spaces around it; null where it is blank or holds a character that nobody can see."""
    bare = text.str.strip_chars()
    return pl.when((bare != "") & ~bare.str.contains(_UNSHOWN)).then(bare)


def unreadable_key(name: str) -> pl.Expr:
    """Whether the value that says which record a row is about is blank, or a number that a spreadsheet rounded."""
    return pl.col(name).is_null() | pl.col(name).str.contains(_ROUNDED)


def joined_key(*names: str) -> pl.Expr:
    r"""The key of a record that has none of its own: the parts with ":" between them (":" in a part is ``\:``)."""
    parts = (pl.col(name).str.replace_all("\\", "\\\\", literal=True) for name in names)
    return pl.concat_str([part.str.replace_all(":", "\\:", literal=True) for part in parts], separator=":")
