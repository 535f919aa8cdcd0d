"""The manual verbs as methods of a workspace."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.manual import safety
from rosterkit.manual.revision import Actor, Desk, Done
from rosterkit.review import entity_of
from rosterkit.store.blocks import blocks, pins, with_keys

__all__ = ["ManualVerbs"]


class ManualVerbs:
    """What people do by hand. ``actor`` is NAME or NAME:ROLE.

    Every verb is a revision of its own. Raises Refused, naming the rule and the setting, where policy forbids it.
    """

    config: Config
    database: Path

    def _write(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    def _read(self) -> AbstractContextManager[sqlite3.Connection]:
        raise NotImplementedError

    def _today(self) -> date:
        raise NotImplementedError

    @contextmanager
    def _desk(self, actor: str) -> Iterator[Desk]:
        with self._write() as connection:
            yield Desk(self.database, connection, self.config, Actor.of(actor, self.config), self._today())

    def block_link(self, adult: str, student: str, *, reason: str, actor: str) -> Done:
        """Blocks the link between an adult and a student in every feed, whatever a source states."""
        with self._desk(actor) as desk:
            return safety.block_link(desk, adult, student, reason)

    def unblock_link(self, adult: str, student: str, *, reason: str, actor: str) -> Done:
        """Lifts the block of a link."""
        with self._desk(actor) as desk:
            return safety.unblock_link(desk, adult, student, reason)

    def suppress(self, person: str, *, reason: str, actor: str, feed: str = "", field: str = "") -> Done:
        """Keeps a person, or one value, from every feed or from one."""
        with self._desk(actor) as desk:
            return safety.suppress(desk, person, reason, feed=feed, field=field)

    def unsuppress(self, person: str, *, reason: str, actor: str, feed: str = "", field: str = "") -> Done:
        """Lifts a suppression."""
        with self._desk(actor) as desk:
            return safety.unsuppress(desk, person, reason, feed=feed, field=field)

    def archive(self, entity: str, sourced_id: str, *, reason: str, actor: str) -> Done:
        """Archives a record by hand: no feed gets it, nor what refers to it, until that is lifted."""
        with self._desk(actor) as desk:
            return safety.archive(desk, entity_of(entity), sourced_id, reason)

    def unarchive(self, entity: str, sourced_id: str, *, reason: str, actor: str) -> Done:
        """Lifts an archive by hand."""
        with self._desk(actor) as desk:
            return safety.unarchive(desk, entity_of(entity), sourced_id, reason)

    def blocks(self) -> pl.DataFrame:
        """The blocks in force (store.blocks.BLOCKS) with the sourced ids of their records."""
        with self._read() as connection:
            return with_keys(connection, blocks(connection))

    def pins(self) -> pl.DataFrame:
        """The pins in force (store.blocks.PINS) with the sourced ids of their records."""
        with self._read() as connection:
            return with_keys(connection, pins(connection))
