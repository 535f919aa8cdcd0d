"""The tables of deliveries: what was built of each feed, its bytes, and what became of it.

Like ``rosterkit.store.tables``, this is imported for migrations only; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlmodel import JSON, Field, SQLModel


class Delivery(SQLModel, table=True):
    """One build of a feed and what became of it (states: ``store.deliveries``)."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_feed", "feed", "state"),)
    id: int | None = Field(default=None, primary_key=True)
    feed: str
    kind: str
    target: str
    revision: int
    as_of: str
    at: str
    settings_digest: str
    verdict: str
    state: str
    why: str
    actor: str
    reason: str
    files: list[dict[str, Any]] = Field(sa_type=JSON)
    compared: dict[str, int] = Field(sa_type=JSON)
    version: str = Field(default="", sa_column_kwargs={"server_default": ""})  # of rosterkit, which built it
    origin: str = Field(default="", sa_column_kwargs={"server_default": ""})  # built | given (a file named by a person)
    runs: int = Field(default=0, sa_column_kwargs={"server_default": "0"})  # that began to send it
    error: str = Field(default="", sa_column_kwargs={"server_default": ""})  # why the last of them failed
    sent_at: str | None = None  # when it arrived
    leaves_at: str | None = None  # before then the vendor takes no other file
    steps: list[list[str]] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "[]"})  # state and time, each


class SentFile(SQLModel, table=True):
    """One file of a delivery, and which record in it is whose (Parquet)."""

    __tablename__ = "sent_file"
    id: int | None = Field(default=None, primary_key=True)
    delivery: int = Field(foreign_key="delivery.id", index=True)
    name: str
    rows: int
    parts: dict[str, int] = Field(sa_type=JSON)
    sha256: str = Field(foreign_key="sent_body.sha256")
    people: bytes = Field(sa_type=LargeBinary)
    people_in: str = Field(default="", sa_column_kwargs={"server_default": ""})  # a member of an archive
    header: list[str] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "[]"})  # of the file with people


class SentBody(SQLModel, table=True):
    """A recorded file; files that are equal share it. Its bytes are in ``sent_chunk`` until they are removed."""

    __tablename__ = "sent_body"
    sha256: str = Field(primary_key=True)
    removed_at: str | None = None
    removed_why: str = Field(default="", sa_column_kwargs={"server_default": ""})


class SentChunk(SQLModel, table=True):
    """A part of the bytes of a file, which are compressed with zlib as one."""

    __tablename__ = "sent_chunk"
    sha256: str = Field(primary_key=True, foreign_key="sent_body.sha256")
    number: int = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)


class Ledger(SQLModel, table=True):
    """An identifier that was sent: it never changes, and never goes to another person."""

    __tablename__ = "ledger"
    __table_args__ = ({"sqlite_with_rowid": False},)
    feed: str = Field(primary_key=True)
    user: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class FeedPause(SQLModel, table=True):
    """A feed of which nothing is built or sent until it is resumed."""

    __tablename__ = "feed_pause"
    feed: str = Field(primary_key=True)
    actor: str
    reason: str
    at: str
