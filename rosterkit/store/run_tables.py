"""The tables of runs: what each run and each of its stages did, and the notices that went out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlmodel import JSON, Field, SQLModel


class Run(SQLModel, table=True):
    """One run of a job (states: ``store.runs``)."""

    __tablename__ = "run"
    __table_args__ = (Index("ix_run_job", "job", "slot"),)
    id: int | None = Field(default=None, primary_key=True)
    job: str  # sync, or feed NAME
    slot: str  # the scheduled date and time in the zone of the job, YYYY-MM-DD HH:MM; "" = by hand
    state: str
    as_of: str
    started_at: str
    ended_at: str | None = None
    attempts: int
    exit_code: int | None = None
    plan: str | None = None
    revision: int | None = None
    message: str


class RunStage(SQLModel, table=True):
    """One stage of a run."""

    __tablename__ = "run_stage"
    run: int = Field(primary_key=True, foreign_key="run.id")
    name: str = Field(primary_key=True)
    number: int
    state: str
    started_at: str
    ended_at: str | None = None
    exit_code: int
    why: str
    facts: dict[str, Any] = Field(sa_type=JSON)
    items: list[list[str]] = Field(sa_type=JSON)  # kind and text of what people are notified of


class Notice(SQLModel, table=True):
    """A message to people; kept until it was delivered, and after."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_state", "state"),)
    id: int | None = Field(default=None, primary_key=True)
    run: int | None = None
    kinds: list[str] = Field(sa_type=JSON)
    title: str
    body: str
    state: str  # waiting | sent | failed
    at: str
    sent_at: str | None = None
    attempts: int
    why: str
    left_over: list[str] = Field(sa_type=JSON)  # references of the addresses that did not get it yet
