"""The fingerprint of a row as a source delivered it: 128 bits, by which an unchanged row is recognised.

It covers the business columns of the row, and tells three states apart: a column that the source does not have
(unset), a cell that could not be read (invalid) and a blank. It does not cover ``_modified_at``, file and line.
Each half is the sum of the hashes of the row's cells, where each column has a seed of its own: hashing a struct of
them costs four times as much. The hash of polars may differ from one version to the next, so the version is part of
the seed: rows that were stored under another version, or under another ``VERSION`` of this module, are compared whole
and get a new fingerprint.
"""

from __future__ import annotations

import hashlib
from functools import cache, reduce

import polars as pl

from rosterkit.roster.schema import FINGERPRINT, Entity

VERSION = 2
"""Rises when the columns of a fingerprint, or what they mean, change."""


@cache
def _seed(version: int, half: str, cell: str) -> int:
    text = f"{pl.__version__} {version} {half} {cell}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def fingerprint(entity: Entity, names: list[str]) -> list[pl.Expr]:
    """Both halves, of delivered rows that have these columns."""
    others = [f"_{kind}_{c.label}" for c in entity.refs for kind in ("by", "space")]
    cells = [*(c.label for c in entity.columns), *(name for name in others if name in names), "unset", "invalid"]
    return [_half(half, cells) for half in FINGERPRINT]


def _half(half: str, cells: list[str]) -> pl.Expr:
    hashes = (pl.col(cell).hash(_seed(VERSION, half, cell)) for cell in cells)
    total = reduce(pl.Expr.add, hashes)  # it wraps around; sum_horizontal would hold all hashes at once
    return total.reinterpret(signed=True).alias(half)


def same_fingerprint(left: str, right: str) -> pl.Expr:
    """Whether both halves are alike under these prefixes; a missing fingerprint is like none."""
    alike = [pl.col(f"{left}{half}") == pl.col(f"{right}{half}") for half in FINGERPRINT]
    return pl.all_horizontal(alike).fill_null(value=False)
