"""The mapping document that a vendor asks for: which column feeds which group, and which value which community."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import polars as pl

from rosterkit.feeds.base import FeedContext, Roster

MAPPING: dict[str, type[pl.DataType]] = {
    "header": pl.String,
    "group": pl.String,
    "value": pl.String,  # as the source has it
    "community": pl.String,  # as it is sent
    "people": pl.Int64,  # how many have the value
}
"""The columns of a mapping document."""


@runtime_checkable
class ExportsMapping(Protocol):
    """A feed whose vendor wants a mapping document where headers or values differ from its own names."""

    def mapping(self, roster: Roster, settings: Any, context: FeedContext) -> pl.DataFrame:
        """MAPPING, sorted."""
        ...


def mapping_page(document: pl.DataFrame) -> str:
    """The mapping document as a Markdown table, for the vendor's people."""
    head = "| column | community group | value | community | people |\n|---|---|---|---|---|\n"
    cells = [pl.col(name).cast(pl.String).str.replace_all("|", "\\|", literal=True) for name in document.columns]
    lines = document.select(pl.format("| {} | {} | {} | {} | {} |", *cells)).to_series()
    return head + "".join(f"{line}\n" for line in lines)
