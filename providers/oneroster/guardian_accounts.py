"""``enabledUser`` and ``username`` of guardians whose source states neither: OneRoster requires both of everybody.

A guardian file has names and addresses, and no accounts. The sourcedId is nobody else's; two guardians may share an
e-mail address, and many products take people of one username for one human.
"""

from __future__ import annotations

import polars as pl

from providers.oneroster.roles import FAMILY, feed_findings


def with_accounts(
    people: pl.DataFrame, roles: pl.DataFrame, links: pl.DataFrame, ids: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The people, of whom guardians without a role of another kind have both values, and what was filled in."""
    others = roles.filter(~pl.col("role").is_in(FAMILY))["user"]
    is_guardian = pl.col("sourced_id").is_in(links["guardian"].implode()) & ~pl.col("sourced_id").is_in(
        others.implode()
    )
    key = ids.gather(people["sourced_id"]).alias("_key")
    taken = pl.col("_key").str.to_lowercase().is_in(people["username"].str.to_lowercase().implode())
    nameless = is_guardian & pl.col("username").is_null() & ~taken
    marked = people.with_columns(key).with_columns(
        _nameless=nameless.fill_null(False), _unstated=(is_guardian & pl.col("enabled").is_null()).fill_null(False)
    )
    filled = feed_findings(
        "feed.guardian-account", "users", marked.filter(pl.col("_nameless") | pl.col("_unstated"))["_key"]
    )
    completed = marked.with_columns(
        username=pl.when("_nameless").then("_key").otherwise("username"),
        enabled=pl.col("_unstated") | pl.col("enabled"),
    )
    return completed.select(people.columns), filled
