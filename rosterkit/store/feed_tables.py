"""The tables of what people and vendors report back about feeds (imported as ``rosterkit.store.tables`` is)."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class ChecklistEntry(SQLModel, table=True):
    """An item of a feed's checklist that a person did; an ended one was taken back or done again."""

    __tablename__ = "checklist_entry"
    __table_args__ = (Index("ix_checklist_entry_feed", "feed", "item"),)
    id: int | None = Field(default=None, primary_key=True)
    feed: str
    item: str
    actor: str
    at: str
    note: str
    ended_at: str | None = None
    ended_by: str | None = None


class FeedResult(SQLModel, table=True):
    """A row that a vendor could not import; an ended one was replaced by the vendor's answer to a newer file."""

    __tablename__ = "feed_result"
    __table_args__ = (Index("ix_feed_result_feed", "feed", "ended_at"), Index("ix_feed_result_user", "user"))
    id: int | None = Field(default=None, primary_key=True)
    feed: str
    file: str
    line: int
    user: str  # source and sourced_id, "/" between; "" where nobody that was sent has the identifier
    answer: str  # the vendor's word for what became of the row
    message: str  # without personal values
    actor: str
    at: str
    ended_at: str | None = None
