"""The mapping document that uConnect asks for: which column feeds which group, which value which community (U34)."""

from __future__ import annotations

import polars as pl

from providers.uconnect.feed import chosen_people
from providers.uconnect.settings import UConnectSettings
from rosterkit.feeds.base import FeedContext, Roster
from rosterkit.feeds.mapping import items

__all__ = ["mapping_document", "mapping_page"]


def mapping_document(roster: Roster, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """``header``, ``group``, ``value`` (as the source has it), ``community`` (as it is sent) and ``people``.

    One row for each distinct value, sorted; of PROGRAM and the community columns.
    """
    values = settings.mapped()
    found = chosen_people(roster, settings, context, values)
    parts = []
    for name in ("PROGRAM", *settings.community_columns()):
        if name not in values:
            continue
        value = values[name]
        plain = value.model_copy(update={"values": None, "otherwise": None})
        each = found.select(value=items(plain)).explode("value").drop_nulls()
        keep = pl.col("value") if value.otherwise is None else pl.lit(value.otherwise)
        community = pl.col("value").replace_strict(value.values or {}, default=keep, return_dtype=pl.String)
        parts.append(
            each.group_by("value")
            .agg(people=pl.len().cast(pl.Int64))
            .select(
                header=pl.lit(settings.header(name)),
                group=pl.lit(settings.groups.get(name, settings.header(name))),
                value="value",
                community=community,
                people="people",
            )
        )
    schema = {"header": pl.String, "group": pl.String, "value": pl.String, "community": pl.String, "people": pl.Int64}
    return pl.concat([pl.DataFrame(schema=schema), *parts]).sort("header", "value")


def mapping_page(document: pl.DataFrame) -> str:
    """The mapping document as a Markdown table, for the people at uConnect."""
    head = "| column | community group | value | community | people |\n|---|---|---|---|---|\n"
    cells = [pl.col(name).cast(pl.String).str.replace_all("|", "\\|", literal=True) for name in document.columns]
    lines = document.select(pl.format("| {} | {} | {} | {} | {} |", *cells)).to_series()
    return head + "".join(f"{line}\n" for line in lines)
