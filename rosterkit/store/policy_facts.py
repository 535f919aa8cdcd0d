"""The facts that the policy asks the store for."""

from __future__ import annotations

import sqlite3

import polars as pl

from rosterkit.plan.policy import PolicySettings
from rosterkit.plan.policy_holds import PINNED, Policy
from rosterkit.store.blocks import pins
from rosterkit.store.lookup import BY_HAND, switched_off


def policy_facts(
    connection: sqlite3.Connection, settings: PolicySettings, manages: dict[str, frozenset[str]]
) -> Policy:
    """``manages``, by source: the roles that it manages, where it does not manage all."""
    orgs = pl.DataFrame(
        connection.execute("select id, sourced_id from org").fetchall(),
        schema={"id": pl.Int64, "sourced_id": pl.String},
        orient="row",
    )
    ids: dict[str, set[int]] = {}
    for number, key in orgs.iter_rows():
        ids.setdefault(key, set()).add(number)
    disabled = {
        source: frozenset(i for key in schools for i in ids.get(key, ()))
        for source, schools in switched_off(connection).items()
        if "" not in schools
    }
    users = [row[0] for row in connection.execute("select user from sign_in")]
    by_hand = f"status='active' and source in ({','.join('?' * len(BY_HAND))})"
    links = connection.execute(f"select guardian_id, student_id from guardian_link where {by_hand}", BY_HAND).fetchall()
    return Policy(
        settings=settings,
        signed_in=pl.Series("id", users, pl.Int64),
        linked=pl.Series("id", sorted({user for pair in links for user in pair}), pl.Int64),
        pins=pins(connection).select(list(PINNED)),
        schools=orgs,
        manages=manages,
        disabled=disabled,
    )
