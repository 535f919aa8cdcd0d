"""Windows: days on which a sync reads nothing, or takes in only what is new."""

from __future__ import annotations

import sqlite3
from datetime import date

import polars as pl

from rosterkit.config import Config
from rosterkit.run_settings import Window
from rosterkit.store.blocks import blocks
from rosterkit.store.deliveries import deliveries

_ARRIVED = ("sent", "verified")


def blackout(config: Config, day: date) -> Window | None:
    """The blackout that is on, on that day of the district."""
    return Window.on(config.windows, day, "blackout")


def newly_blocked(connection: sqlite3.Connection, feed: str) -> bool:
    """Whether a link was blocked or a person suppressed since the last file of that feed arrived."""
    arrived = next((one for one in deliveries(connection, feed) if one.state in _ARRIVED), None)
    if arrived is None:
        return False
    mine = blocks(connection).filter(pl.col("feed").is_in(["", feed]))
    return bool((mine["revision"] > arrived.revision).any())
