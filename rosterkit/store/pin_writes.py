"""Writes the pins and blocks of a plan: what lies beside the canonical rows, and over them when they are read."""

from __future__ import annotations

import sqlite3

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.store.blocks import StoredBlock, StoredPin, lift_blocks, lift_pins, set_block, set_pin


def write_beside(connection: sqlite3.Connection, changes: Changes, actor: str, revision: int) -> None:
    """Sets and lifts what the plan says, inside the caller's transaction."""
    for name, frame in changes.pins.items():
        _pins(connection, name, frame, actor, revision)
    for name, frame in changes.blocks.items():
        _blocks(connection, name, frame, actor, revision)


def _pins(connection: sqlite3.Connection, name: str, frame: pl.DataFrame, actor: str, revision: int) -> None:
    new = frame.filter(pl.col("op") == "set").select("id", "field", "value", "value_id", "code", "reason")
    for record, field, value, value_id, code, reason in new.iter_rows():
        pin = StoredPin(name, record, field, value, value_id, code)
        set_pin(connection, pin, actor=actor, reason=reason, revision=revision)
    gone = frame.filter(pl.col("op") == "lift").select("pin_id", "reason")
    for pin_id, reason in gone.iter_rows():
        lift_pins(connection, [pin_id], f"revision {revision}, {actor}: {reason}")


def _blocks(connection: sqlite3.Connection, name: str, frame: pl.DataFrame, actor: str, revision: int) -> None:
    new = frame.filter(pl.col("op") == "set").select("kind", "id", "student", "feed", "field", "reason")
    for kind, record, student, feed, field, reason in new.iter_rows():
        block = StoredBlock(kind, name, record, student, feed, field)
        set_block(connection, block, actor=actor, reason=reason, revision=revision)
    gone = frame.filter(pl.col("op") == "lift").select("block_id", "reason")
    for block_id, reason in gone.iter_rows():
        lift_blocks(connection, [block_id], f"revision {revision}, {actor}: {reason}")
