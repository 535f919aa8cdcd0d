"""Words of the standard that more than one room judges by."""

from __future__ import annotations

import polars as pl

__all__ = ["NO_SCHOOLS", "is_school"]

NO_SCHOOLS = ("department", "district", "local", "national", "state")
"""Org types that are no school; ``school`` and ``ext:…`` are."""


def is_school(kind: pl.Expr) -> pl.Expr:
    """Whether an org of that type is a school; one of unknown type is none."""
    return kind.is_in(NO_SCHOOLS).not_().fill_null(value=False)
