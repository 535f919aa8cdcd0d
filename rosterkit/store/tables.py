"""The tables beside the canonical ones: revisions, plans and their parts, what is deferred, held and found.

Like ``rosterkit.roster.entities``, this is imported for migrations and small reads only; times are ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, LargeBinary
from sqlmodel import JSON, Field, SQLModel

from rosterkit.store.delivery_tables import Delivery, FeedPause, Ledger, SentBody, SentChunk, SentFile
from rosterkit.store.feed_tables import ChecklistEntry, FeedResult
from rosterkit.store.limit_tables import Absence, Expected, Override
from rosterkit.store.place_tables import PlaceLook, TakenPackage
from rosterkit.store.purge_tables import Purge, Tombstone
from rosterkit.store.run_tables import Notice, Run, RunStage

__all__ = [
    "Absence",
    "Approval",
    "ApprovedChange",
    "Block",
    "ChecklistEntry",
    "Counter",
    "Cursor",
    "Deferred",
    "Delivery",
    "Expected",
    "FeedPause",
    "FeedResult",
    "Finding",
    "Hold",
    "IgnoredLine",
    "Ledger",
    "Notice",
    "Override",
    "Package",
    "PersonMatch",
    "Pin",
    "PlaceLook",
    "Plan",
    "PlanPart",
    "Purge",
    "QueuedDelta",
    "Revision",
    "Run",
    "RunStage",
    "SentBody",
    "SentChunk",
    "SentFile",
    "SignIn",
    "SourceSwitch",
    "TakenPackage",
    "Tombstone",
    "Touch",
]


class Revision(SQLModel, table=True):
    """A state of the store; it was applied wholly or not at all."""

    __tablename__ = "revision"
    id: int = Field(primary_key=True)
    plan: str = Field(foreign_key="plan.id")
    kind: str  # sync | undo
    actor: str
    at: str
    as_of: str
    content_hash: str
    changes: dict[str, Any] = Field(sa_type=JSON)


class Plan(SQLModel, table=True):
    """An immutable plan; only its state moves."""

    __tablename__ = "plan"
    id: str = Field(primary_key=True)
    number: int = Field(unique=True)  # rises with each plan
    sources: list[str] = Field(sa_type=JSON)
    kind: str
    state: str
    base: int
    as_of: str
    created_at: str
    expires_at: str
    content_hash: str
    settings_digest: str
    needs_approval: bool
    approval_why: str
    undoes: int | None = None
    revision_made: int | None = None
    packages: list[str] = Field(sa_type=JSON)
    changes: dict[str, Any] = Field(sa_type=JSON)
    held: dict[str, Any] = Field(sa_type=JSON)
    findings: dict[str, int] = Field(sa_type=JSON)
    coverage: list[list[str]] = Field(sa_type=JSON)
    notes: list[str] = Field(sa_type=JSON)
    unread: dict[str, str] = Field(sa_type=JSON, sa_column_kwargs={"server_default": "{}"})


class PlanPart(SQLModel, table=True):
    """One frame of a plan as Parquet: the journal, with before and after."""

    __tablename__ = "plan_part"
    __table_args__ = (Index("ix_plan_part_plan", "plan", "part", "entity"),)
    id: int | None = Field(default=None, primary_key=True)
    plan: str = Field(foreign_key="plan.id")
    part: str  # of plan.changes, held.* of the first three, deferred, resolved, holds, finding, uses
    entity: str
    rows: int
    sha256: str
    body: bytes = Field(sa_type=LargeBinary)


class Touch(SQLModel, table=True):
    """Which revision changed which record; the record itself names the one that created it."""

    __tablename__ = "touch"
    __table_args__ = (Index("ix_touch_revision", "revision"), {"sqlite_with_rowid": False})
    entity: str = Field(primary_key=True)
    record: int = Field(primary_key=True)
    revision: int = Field(primary_key=True)


class Approval(SQLModel, table=True):
    """A signed decision on a plan."""

    __tablename__ = "approval"
    id: int | None = Field(default=None, primary_key=True)
    plan: str = Field(foreign_key="plan.id")
    decision: str  # approve | reject | approve-held
    actor: str
    reason: str
    at: str
    content_hash: str
    freed: int = 0


class ApprovedChange(SQLModel, table=True):
    """A held change that a person approved: a ceiling for the plans to come, until it is used or expires."""

    __tablename__ = "approved_change"
    id: int | None = Field(default=None, primary_key=True)
    approval: int = Field(foreign_key="approval.id", index=True)
    source: str
    id_space: str
    entity: str
    sourced_id: str
    action: str
    field: str
    before: str | None = None
    after: str | None = None
    expires_at: str
    used_in: str | None = None  # the plan that made use of it


class Package(SQLModel, table=True):
    """A package that a plan was made from."""

    __tablename__ = "package"
    id: str = Field(primary_key=True)  # sha256 of its contents
    source: str = Field(primary_key=True)
    name: str
    version: str
    first_plan: str
    applied_by: str | None = None  # the plan whose applying took all its deltas in


class QueuedDelta(SQLModel, table=True):
    """A delta that was read and is not yet applied: one frame of one table of it as Parquet."""

    __tablename__ = "queued_delta"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    package: str
    entity: str
    id_space: str
    part: str  # rows | invalid | parents
    body: bytes = Field(sa_type=LargeBinary)


class Deferred(SQLModel, table=True):
    """What a source last delivered of a record and is not stored so."""

    __tablename__ = "deferred"
    source: str = Field(primary_key=True)
    id_space: str = Field(primary_key=True)
    entity: str = Field(primary_key=True)
    sourced_id: str = Field(primary_key=True)
    body: str
    deleted: bool
    modified_at: str | None = None
    import_id: str | None = None
    source_file: str | None = None
    source_line: int | None = None
    reason: str


class Cursor(SQLModel, table=True):
    """Where the next incremental run of an API goes on: of the last extract that was applied."""

    __tablename__ = "source_cursor"
    source: str = Field(primary_key=True)
    cursor: str
    plan: str


class Hold(SQLModel, table=True):
    """Something set aside from run to run; an ended one is kept for the record."""

    __tablename__ = "hold"
    __table_args__ = (Index("ix_hold_record", "entity", "sourced_id"),)
    id: int | None = Field(default=None, primary_key=True)
    source: str
    id_space: str
    entity: str
    sourced_id: str
    action: str = ""
    field: str = ""
    value: str | None = None
    code: str
    reason: str
    actor: str
    since: str
    plan_number: int  # the newest plan when it was set: plans up to it do not know of it
    ended_at: str | None = None
    ended_why: str | None = None


class Finding(SQLModel, table=True):
    """Open findings of a source, gathered by rule, file and column."""

    __tablename__ = "finding"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    plan: str
    rule: str
    severity: str
    file: str
    column: str
    count: int
    lines: list[int] = Field(sa_type=JSON)


class IgnoredLine(SQLModel, table=True):
    """An unreadable line that a person accepted, so that it no longer makes its file partial."""

    __tablename__ = "ignored_line"
    source: str = Field(primary_key=True)
    hash: str = Field(primary_key=True)
    actor: str
    reason: str
    at: str


class Counter(SQLModel, table=True):
    """The next integer id of an entity: it only rises."""

    __tablename__ = "counter"
    entity: str = Field(primary_key=True)
    next_id: int


class EarlierKey(SQLModel, table=True):
    """A key that a record had before its source, or another one, came to know it by a new id."""

    __tablename__ = "earlier_key"
    __table_args__ = (Index("ix_earlier_key_name", "entity", "sourced_id"),)
    id: int | None = Field(default=None, primary_key=True)
    entity: str
    record: int
    source: str
    id_space: str
    sourced_id: str
    ended_at: str


class PersonMatch(SQLModel, table=True):
    """What a person said: who comes under this key is that stored user. A revoked one is kept for the record."""

    __tablename__ = "person_match"
    id: int | None = Field(default=None, primary_key=True)
    record: int
    source: str
    id_space: str
    sourced_id: str
    actor: str
    reason: str
    at: str
    expires_at: str
    used_in: str | None = None  # the plan that re-linked the user so
    ended_at: str | None = None
    ended_why: str | None = None


class Pin(SQLModel, table=True):
    """A value that lies over a stored one when it is read; an ended one is kept for the record."""

    __tablename__ = "pin"
    __table_args__ = (Index("ix_pin_record", "entity", "record"),)
    id: int | None = Field(default=None, primary_key=True)
    entity: str
    record: int
    field: str
    value: str | None = None
    value_id: int | None = None  # of a reference
    code: str  # person, or the policy rule that set it
    actor: str
    reason: str
    since: str
    revision: int
    ended_at: str | None = None
    ended_why: str | None = None


class Block(SQLModel, table=True):
    """What no feed gets, or one feed does not, until it is lifted by name; a lifted one is kept for the record."""

    __tablename__ = "block"
    __table_args__ = (Index("ix_block_record", "entity", "record"),)
    id: int | None = Field(default=None, primary_key=True)
    kind: str  # link | suppress | archive
    entity: str
    record: int
    student: int | None = None  # of a blocked link
    feed: str = ""
    field: str = ""
    words: list[str] = Field(sa_type=JSON)  # every value that a suppressed field had since it was suppressed
    known: dict[str, list[list[str | None]]] = Field(sa_type=JSON)  # what was known of its people since then
    actor: str
    reason: str
    since: str
    revision: int
    ended_at: str | None = None
    ended_why: str | None = None


class SignIn(SQLModel, table=True):
    """That a person has signed in at a vendor, and when last."""

    __tablename__ = "sign_in"
    user: int = Field(primary_key=True)
    at: str


class SourceSwitch(SQLModel, table=True):
    """A source that a person disabled, whole or for one school: until it is enabled its records stay as they are."""

    __tablename__ = "source_switch"
    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    school: str  # the sourced id of a school; "" = all
    actor: str
    reason: str
    at: str
    ended_at: str | None = None
    ended_by: str | None = None
    ended_why: str | None = None
