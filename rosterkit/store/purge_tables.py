"""The tables of purges: who was removed is known by a keyed hash only.

Like ``rosterkit.store.tables``, this is imported for migrations only; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import JSON, Field, SQLModel


class Purge(SQLModel, table=True):
    """One purge: who did it, why, and how much it removed."""

    __tablename__ = "purge"
    id: int | None = Field(default=None, primary_key=True)
    at: str
    actor: str
    reason: str
    archived_before: str
    people: int
    removed: dict[str, Any] = Field(sa_type=JSON)  # rows by what they were


class Tombstone(SQLModel, table=True):
    """A person who was purged: the keyed hash of source and sourced id."""

    __tablename__ = "tombstone"
    hash: str = Field(primary_key=True)
    purge: int = Field(foreign_key="purge.id")
