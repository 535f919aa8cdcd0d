"""What the verbs of a Workspace return: frozen, typed, without a handle on the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from rosterkit.plan.plan import Counts
from rosterkit.roster.findings import empty
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import TableCoverage
from rosterkit.store.decisions import Approval, IgnoredLine
from rosterkit.store.deliveries import Delivery
from rosterkit.store.feed_results import Answer
from rosterkit.store.matches import StatedMatch
from rosterkit.store.runs import Run
from rosterkit.transport.credentials import Credential

__all__ = [
    "Announcement",
    "Answer",
    "Applied",
    "Approval",
    "Beat",
    "Check",
    "CheckReport",
    "Disclosure",
    "Explanation",
    "FeedCheck",
    "FeedReceipt",
    "FeedStatus",
    "Hold",
    "Holding",
    "IgnoredLine",
    "Matched",
    "MatchedPerson",
    "Revision",
    "SourceStatus",
    "Status",
    "Value",
]


@dataclass(frozen=True)
class CheckReport:
    """What ``check`` found in a package, without touching the store."""

    package: str  # its name
    package_id: str
    version: str
    strict: bool
    rows_read: Mapping[str, int]  # by file
    coverage: tuple[TableCoverage, ...]
    findings: pl.DataFrame  # roster.findings.FINDINGS, ordered
    rules: Mapping[str, Rule]

    def count(self, severity: str) -> int:
        return int((self.findings["severity"] == severity).sum())


@dataclass(frozen=True)
class Announcement:
    """An announced change. ``state``: waiting, met or overdue; ``seen`` of ``count`` came. ``by``: the last day."""

    id: int
    kind: str  # school | domain | students
    text: str
    by: date
    state: str
    seen: int
    count: int
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Applied:
    """What ``apply`` wrote. ``revision`` is the store's revision afterwards; ``wrote`` is false for an empty plan."""

    plan: str
    revision: int
    wrote: bool
    changes: Mapping[str, Counts]
    held: Mapping[str, Counts]
    seconds: float


@dataclass(frozen=True)
class Hold:
    """Something set aside from run to run."""

    entity: str
    sourced_id: str
    action: str  # "" = any
    field: str  # "" = all
    code: str  # person | limit | undo
    reason: str
    actor: str
    since: datetime


@dataclass(frozen=True)
class Revision:
    """One line of history: a revision, or for one record what a revision did to it."""

    revision: int
    kind: str  # sync | undo
    plan: str
    actor: str
    at: datetime
    changes: Mapping[str, Counts]
    lines: pl.DataFrame  # plan.plan.LINES, of the record asked for; empty where none was
    approved_by: str = ""  # who approved its plan; "" where nobody had to
    reason: str = ""  # why


@dataclass(frozen=True)
class Value:
    """One stored value and where it comes from; and the pin that lies over it, which is what feeds get."""

    field: str
    value: str | None
    revision: int
    plan: str
    file: str
    line: int
    actor: str
    at: datetime
    pinned: bool = False
    pinned_value: str | None = None
    pinned_by: str = ""  # person, or the rule of the policy that keeps the value


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of one record: its values, what waits, what is held and what was found."""

    entity: str
    sourced_id: str
    status: str  # active | archived; waiting where nothing is stored yet
    values: tuple[Value, ...]
    holds: tuple[Hold, ...]
    pending: str  # why what the source last delivered is not stored; "" where it is
    findings: pl.DataFrame  # roster.findings.FINDINGS, of the newest applied plan of each source
    answers: tuple[Answer, ...] = ()  # what vendors could not import of a person
    matches: tuple[StatedMatch, ...] = ()  # new ids of which somebody said that they are this person's


@dataclass(frozen=True)
class MatchedPerson:
    """One side of a match, for who decides: personal data."""

    sourced_id: str
    name: str = ""
    number: str = ""
    schools: tuple[str, ...] = ()
    kind: str = ""  # student, guardian or staff


@dataclass(frozen=True)
class Matched:
    """Who comes under a new id, and the stored person whom somebody said it is."""

    new: MatchedPerson
    old: MatchedPerson


@dataclass(frozen=True)
class FeedReceipt:
    """What was built, and what became of it."""

    feed: str
    kind: str
    target: str
    revision: int
    files: tuple[tuple[str, int, int, str], ...]  # name, rows, bytes, sha256
    findings: pl.DataFrame
    built_at: datetime
    state: str = "sent"  # a state of a delivery (docs/delivery.md)
    verdict: str = "accepted"  # as the vendor would answer
    why: str = ""  # why it was not sent
    compared: Mapping[str, int] = field(default_factory=dict)  # with what was sent last
    delivery: Delivery | None = None  # the receipt: what arrived where, and how that was verified
    errors: int = 0  # findings of severity error, without those of people whom the last file withheld already


@dataclass(frozen=True)
class FeedCheck:
    """How a vendor would take files."""

    feed: str
    kind: str
    verdict: str
    findings: pl.DataFrame
    rows: Mapping[str, int]  # by file
    compared: Mapping[str, int]  # with what was sent last


@dataclass(frozen=True)
class FeedStatus:
    """How a feed stands."""

    feed: str
    kind: str
    vendor: str = ""
    target: str = ""
    state: str = ""  # of its newest delivery; "" where none was built
    why: str = ""  # why it waits, failed or never leaves
    last_at: datetime | None = None  # when a file last arrived, or was found to be unchanged
    verified_at: datetime | None = None  # when a file was last seen to lie at the target
    age_hours: float | None = None  # since last_at
    next_at: datetime | None = None  # when the next file is due by the vendor's clock, in the vendor's zone
    waits: str = ""  # what waits for a person, or for the vendor's clock; "" = nothing
    paused: str = ""  # who paused it, and why
    alarms: pl.DataFrame = field(default_factory=empty)  # FINDINGS; ``file`` is the feed's name
    credentials: tuple[Credential, ...] = ()  # of its target


@dataclass(frozen=True)
class Disclosure:
    """What left about a person in one file of one delivery."""

    delivery: int
    feed: str
    vendor: str
    target: str
    at: datetime
    arrived: bool  # false: it was sent, and nobody knows whether it arrived
    file: str
    state: str  # sent | kept (the last good row) | leaving (flagged as a leaver) | named (in rows of other things)
    rows: tuple[int, ...]  # the records in the file, from 1
    fields: tuple[str, ...]  # the columns that had a value


@dataclass(frozen=True)
class Holding:
    """What a vendor holds of a revision and later ones, and how it is taken back."""

    feed: str
    vendor: str
    target: str
    revision: int
    sent_at: datetime | None  # None: nobody knows whether it arrived
    rows: int
    leaver: str  # what a person who left is in its file
    recall: str


@dataclass(frozen=True)
class Beat:
    """What the process of a schedule last said of itself; times in UTC."""

    pid: int
    started_at: datetime
    at: datetime
    next: Mapping[str, datetime]  # by job, when it is due next
    running: str  # the job that ran then; "" = none
    problem: str  # why changed settings could not be taken over; "" = they could


@dataclass(frozen=True)
class SourceStatus:
    """How a source stands. ``state``: read, failed (in the newest run), stale, frozen (nobody reads it), new."""

    source: str
    kind: str
    state: str
    last_read: datetime | None
    age_hours: float | None
    missed: int  # runs in a row in which it was not read
    why: str


@dataclass(frozen=True)
class Status:
    """How a workspace stands. ``alarms`` and ``waits``: sentences, without anything about a person of the roster."""

    at: datetime
    mode: str
    scheduled: bool  # whether a process runs the schedule now
    beat: Beat | None
    last_run: Run | None  # of the sync
    last_good: Run | None  # the newest one whose sources were read and whose plan was not refused
    sources: tuple[SourceStatus, ...]
    feeds: tuple[FeedStatus, ...]
    window: str
    waits: tuple[str, ...]
    alarms: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0: all is well; 1: something waits, or there is an alarm."""
        return int(bool(self.waits or self.alarms))


@dataclass(frozen=True)
class Check:
    """One thing that must be right before a run without a person. ``state``: ok, look, or bad (it will fail)."""

    area: str
    what: str
    state: str
    text: str
    remedy: str = ""
