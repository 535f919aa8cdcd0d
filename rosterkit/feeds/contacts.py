"""What an e-mail address is, and which of a student's contacts a product for families is sent: parents, and not all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

ADDRESS = r"^[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]+$"
"""An address that could be delivered to; vendors say only that an invalid one is ignored."""

Decision = Literal["send", "omit"]

CONTACT_TYPES: Mapping[str, Decision] = {
    "custodial": "send",
    "legal": "send",
    "parent/guardian": "send",
    "parent": "send",
    "guardian": "send",
    "primary": "send",
    "secondary": "send",
    "family": "omit",
    "emergency": "omit",
    "medical": "omit",
    "other": "omit",
}
"""Which types of contact are sent, in lower case. A type that is not here waits until a person maps it."""

CUSTODY_ORDER = ("custodial", "legal", "parent/guardian", "parent", "guardian", "primary", "secondary")
"""Contact types, the closest first."""


def decided(links: pl.LazyFrame, own: Mapping[str, Decision], relationships: Sequence[str] = ()) -> pl.LazyFrame:
    """Adds ``decision`` to ``links`` (``type``, ``relationship``): ``send``, ``omit``, or ``unknown``.

    ``own`` adds to CONTACT_TYPES, or overrules it. A link without a type is sent. Where ``relationships`` are named,
    only those are sent. Case does not matter.
    """
    ways = {**CONTACT_TYPES, **{name.strip().lower(): way for name, way in own.items()}}
    by_type = (
        pl.col("type")
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(ways, default="unknown", return_dtype=pl.String)
    )
    decision = pl.when(pl.col("type").is_null()).then(pl.lit("send")).otherwise(by_type)
    if relationships:
        wanted = [name.strip().lower() for name in relationships]
        other = ~pl.col("relationship").str.strip_chars().str.to_lowercase().is_in(wanted).fill_null(value=False)
        decision = pl.when(other).then(pl.lit("omit")).otherwise(decision)
    return links.with_columns(decision=decision)


def closest(links: pl.LazyFrame, most: int, order: Sequence[str] = CUSTODY_ORDER) -> pl.LazyFrame:
    """Adds ``place`` to ``links`` (``student_id``, ``guardian``, ``type``, ``priority``): 0 for the closest guardian.

    The type decides by ``order``, then the priority (a number, the smallest first; none comes last), then the text id
    ``guardian``: never the order of rows. Adds ``fits``: whether the guardian is among the first ``most``.
    """
    rank = {name.strip().lower(): place for place, name in enumerate(order)}
    by_type = (
        pl.col("type")
        .str.strip_chars()
        .str.to_lowercase()
        .replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    )
    number = pl.col("priority").cast(pl.String).cast(pl.Float64, strict=False)
    return (
        links.with_columns(_rank=by_type, _priority=number)
        .sort("student_id", "_rank", "_priority", "guardian", nulls_last=True)
        .with_columns(place=pl.int_range(pl.len()).over("student_id"))
        .with_columns(fits=pl.col("place") < most)
        .drop("_rank", "_priority")
    )
