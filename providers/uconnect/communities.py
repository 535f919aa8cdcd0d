"""The mapping document that uConnect asks for: which column feeds which group, which value which community (U34)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from providers.uconnect.settings import UConnectSettings
from rosterkit.feeds.base import FeedContext, Roster
from rosterkit.feeds.mapping import items
from rosterkit.feeds.mapping_document import MAPPING
from rosterkit.feeds.people import people, read_by
from rosterkit.feeds.selection import chosen, roles_of


def chosen_people(
    roster: Roster, settings: UConnectSettings, context: FeedContext, columns: Iterable[pl.Expr]
) -> pl.LazyFrame:
    """The people of all populations, as ``people`` has them, with ``population``: the first one that they fit.

    ``columns``: what is to be made of a person's row.
    """
    population = pl.coalesce(pl.when(chosen(who)).then(pl.lit(who.name)) for who in settings.populations)
    fields = read_by([population, *columns])
    roles = roles_of(settings.populations)
    frame = people(roster, as_of=context.as_of, fields=fields, order=settings.attribute_order, roles=roles)
    return frame.with_columns(population=population).filter(pl.col("population").is_not_null())


def mapping_document(roster: Roster, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """MAPPING: one row for each distinct value, sorted; of PROGRAM and the community columns."""
    values = settings.mapped()
    named = [name for name in ("PROGRAM", *settings.community_columns()) if name in values]
    lists = {n: items(values[n].model_copy(update={"values": None, "otherwise": None})).alias(n) for n in named}
    found = chosen_people(roster, settings, context, lists.values()).select(*lists.values()).collect()
    parts = []
    for name in named:
        value = values[name]
        each = found.select(value=name).explode("value").drop_nulls()
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
