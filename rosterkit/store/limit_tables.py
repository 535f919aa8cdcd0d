"""The tables of what limits know beside the roster: who disappeared when, what was announced, what was overridden."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class Absence(SQLModel, table=True):
    """A day on which a run saw that a record had disappeared; a record that is delivered again has none."""

    __tablename__ = "absence"
    __table_args__ = (Index("ix_absence_day", "day"), {"sqlite_with_rowid": False})
    entity: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    id_space: str = Field(primary_key=True)
    sourced_id: str = Field(primary_key=True)
    day: str = Field(primary_key=True)  # in the district's zone
    role: str  # roles of a person are separated by commas
    plan: str = Field(index=True)


class Expected(SQLModel, table=True):
    """An announced change (``plan.expectations``); a withdrawn one is kept for the record."""

    __tablename__ = "expectation"
    id: int | None = Field(default=None, primary_key=True)
    kind: str  # school | domain | students
    by: str
    school: str
    org: int | None = None
    old: str
    new: str
    count: int
    seen: int
    actor: str
    reason: str
    at: str
    ended_at: str | None = None
    ended_why: str | None = None


class Override(SQLModel, table=True):
    """Another value of a limit, for the next plan that is applied or until a day; an ended one is kept."""

    __tablename__ = "override"
    id: int | None = Field(default=None, primary_key=True)
    setting: str
    value: str  # JSON
    until: str  # the last day
    once: bool  # it ends with the next plan that is applied
    actor: str
    reason: str
    at: str
    ended_at: str | None = None
    ended_why: str | None = None
