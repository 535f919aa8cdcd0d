"""The mapping document that uConnect asks for: which column feeds which group, which value which community (U34)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.uconnect.settings import UConnectSettings
from rosterkit.feeds.base import FeedContext, Roster
from rosterkit.feeds.mapping import Value, attributes, items
from rosterkit.feeds.mapping_document import MAPPING
from rosterkit.feeds.people import people
from rosterkit.feeds.selection import chosen

__all__ = ["chosen_people", "mapping_document"]


def chosen_people(
    roster: Roster, settings: UConnectSettings, context: FeedContext, values: Mapping[str, Value]
) -> pl.LazyFrame:
    """The people of all populations, as ``people`` has them, with ``population``: the first one that they fit."""
    used = {*attributes(values.values()), *(name for who in settings.populations for name in who.attributes)}
    frame = people(roster, as_of=context.as_of, attributes=sorted(used), order=settings.attribute_order)
    population = pl.coalesce(pl.when(chosen(who)).then(pl.lit(who.name)) for who in settings.populations)
    return frame.with_columns(population=population).filter(pl.col("population").is_not_null())


def mapping_document(roster: Roster, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """MAPPING: one row for each distinct value, sorted; of PROGRAM and the community columns."""
    values = settings.mapped()
    found = chosen_people(roster, settings, context, values).collect()
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
    return pl.concat([pl.DataFrame(schema=MAPPING), *parts]).sort("header", "value")
