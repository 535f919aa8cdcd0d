"""Which links of contacts are in scope by their type, and which cannot be decided and are protected."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.clever.settings import Scope


@dataclass(frozen=True)
class Kept:
    """Links in scope, and links of a type that nobody mapped."""

    rows: pl.DataFrame
    undecided: pl.DataFrame


def types_in_scope(links: pl.DataFrame, scope: Scope) -> Kept:
    """Links of contacts by their type; ``type_key`` is the type folded."""
    actions = scope.action_of_type()
    action = pl.col("type_key").replace_strict(
        list(actions), [a == "guardian" for a in actions.values()], default=None, return_dtype=pl.Boolean
    )
    marked = links.with_columns(_inside=action)
    return Kept(*(marked.filter(part).drop("_inside") for part in (pl.col("_inside"), pl.col("_inside").is_null())))
