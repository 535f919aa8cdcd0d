"""The contract of a feed: what a provider's package gives to the engine (entry points ``rosterkit.feeds``).

A feed is a pure function of (roster at a revision, settings, as-of date, what was last sent) to bytes. It never sees
the store, and asks no clock. ``check`` answers as the vendor would, on the bytes that would be sent or on anybody's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Protocol, runtime_checkable

import polars as pl
from pydantic import BaseModel

from rosterkit.roster.rules import Rule
from rosterkit.sources.findings import Findings

Body = bytes | Callable[[IO[bytes]], None]
"""The bytes of a file, or what writes them to a new file that can seek: a large file is never whole in memory."""


class Roster(Protocol):
    """The active rows at one revision, with effective values: pins applied, blocked links and suppressed values gone.

    No feed can send what is blocked or suppressed, because it is never given it.
    """

    revision: int

    def table(self, entity: str, *, roles: Collection[str] = (), as_of: date | None = None) -> pl.LazyFrame:
        """Active rows, in no particular order.

        With ``roles``, of Role only such roles, and of User only people who have one of them; other entities are whole.
        With ``as_of``, of Role and Enrollment only rows that count on that day, and such roles decide about people.

        Columns: ``id`` (Int64), ``source``, ``sourced_id``, and every business column by its column name; references
        are integer ids (``class_id``), lists and objects are JSON texts, dates are YYYY-MM-DD texts. Of User also
        ``account_enabled`` (Boolean): rosterkit's own switch, beside the source's ``enabled``.
        """
        ...


PEOPLE: dict[str, type[pl.DataType]] = {
    "user": pl.String,  # source and sourced_id, "/" between
    "row": pl.Int64,  # the record in the file, from 1; 0 where the person's row is withheld
    "state": pl.String,  # sent | kept (the last good row) | leaving (flagged as a leaver) | withheld
    "since": pl.String,  # the as-of date, YYYY-MM-DD, of the first file in which the person had this state
}
"""The columns of ``FeedFile.people``."""


@dataclass(frozen=True)
class FeedFile:
    """One file as the vendor would get it; ``rows`` counts records without the header.

    ``people`` (PEOPLE) says which record is whose, and who is withheld. It is stored with what was sent and comes back
    in ``LastSent``; it never leaves with the file.
    """

    name: str
    body: Body
    rows: int
    people: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PEOPLE))
    parts: Mapping[str, int] = field(default_factory=dict)  # of an archive: rows by the names of its members
    people_in: str = ""  # of an archive: the member in which people are rows
    texts: pl.DataFrame | None = field(default=None, repr=False, compare=False)  # of a CSV file: the rows, as written
    built: bool = False  # by this very feed, which left out what breaks its rules: ``check`` need not read it again
    parsed: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)  # kept by ``read_csv``

    @property
    def content(self) -> bytes:
        """All bytes of the file; for small ones."""
        out = BytesIO()
        self.write(out)
        return out.getvalue()

    def write(self, out: IO[bytes]) -> None:
        """Writes the file to ``out``, which is empty and can seek."""
        if isinstance(self.body, bytes):
            out.write(self.body)
        else:
            self.body(out)


class Outcome(StrEnum):
    """What the vendor would do with a file, mildest first. A person can approve what is held, and nothing after it."""

    ACCEPTED = "accepted"
    WARNINGS = "accepted with warnings"
    ROWS_IGNORED = "rows ignored"
    HELD = "held"
    IGNORED = "ignored"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Verdict:
    """The answer of a preflight. ``findings`` (FINDINGS) name rule, file, line, column and remedy by rule code.

    ``rows`` and ``ignored`` count records by file; ``compared`` holds counts against what was last sent (new, changed,
    gone, identity changes, ...), by a name that people read.
    """

    outcome: Outcome
    findings: pl.DataFrame
    rows: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    compared: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LastSent:
    """The files that this feed last sent, as bytes, and when."""

    files: tuple[FeedFile, ...]
    sent_at: datetime
    as_of: date


@dataclass(frozen=True)
class FeedContext:
    """What a build is given beside roster and settings.

    ``ledger``: every value of a vendor identifier that must never change or be given to another person, as first sent:
    ``user`` (source and sourced_id, "/" between), ``kind`` (such as username), ``value``.
    """

    findings: Findings
    as_of: date  # in the district's zone
    scratch: Path
    last_sent: LastSent | None = None
    suppressed: frozenset[str] = frozenset()  # users of whom a value is suppressed: no older row of theirs is sent
    ledger: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"user": pl.String, "kind": pl.String, "value": pl.String})
    )
    hashed: Callable[[str], str] | None = None  # of users who were purged the ledger has hashes, made by this


@dataclass(frozen=True)
class ChecklistItem:
    """Something that a person does or decides at the vendor: ``rosterkit doctor FEED`` walks through these.

    An item with a ``setting`` is answered there: ``answered`` says of the feed's settings whether it is.
    """

    rule: str  # the requirement's id, such as U3
    text: str  # what to do, one sentence
    blocks: bool = False  # nothing is sent until it is done
    part: str = ""  # tells items of one requirement apart
    setting: str = ""  # a key of the feed's settings
    answered: Callable[[Any], bool] = lambda _settings: False

    @property
    def name(self) -> str:
        """What a person calls it: the id, and the part where there is one, such as A5.removal."""
        return f"{self.rule}.{self.part}" if self.part else self.rule


@dataclass(frozen=True)
class VendorFacts:
    """What is true of the vendor, as data: the docs page is made of it."""

    name: str
    files: str  # how files are named, such as "yyyymmdd_users.csv"
    transports: tuple[str, ...]  # folder | sftp | s3 | https
    clock: str  # when the vendor reads, and when we send by default, in words
    leaver: str  # what a person who left is in this vendor's file
    never_changes: tuple[str, ...] = ()  # identifiers that must never change
    max_bytes: int | None = None
    min_hours_between: int | None = None
    absence_deletes: bool = False  # a person who is not in the file is deleted or archived there
    transport_rule: str = ""  # the rule by which another transport is refused, such as U3
    send_at: str = ""  # when we send by default, as cron; "" = the vendor has no clock
    rehearse_at: str = ""  # when the file is built and checked, and not sent, before ``send_at``; cron; "" = never
    zone: str = ""  # the zone of ``send_at`` and ``reads_at``; "" = the district's
    reads_at: str = ""  # when it reads every day, HH:MM: nothing is sent close to it; "" = at no fixed time
    clock_rule: str = ""  # the rule by which a time close to it is refused, such as A9
    takes_unchanged: bool = False  # it wants a file each time, also when nothing changed
    people_by: tuple[str, str] | None = (
        None  # a file (or member) and its column of sourced ids: of files without PEOPLE
    )
    recall: str = ""  # how what was sent is taken back there, one sentence
    checklist: tuple[ChecklistItem, ...] = ()
    notice: Callable[[Mapping[str, int], date, str], str] | None = None
    """A text for the vendor's people after a delivery that nobody there is told of: of rows by file, day, district."""


@runtime_checkable
class Feed(Protocol):
    """Builds one vendor's files, and says how the vendor would take them."""

    kind: str
    rules: Sequence[Rule]
    vendor: VendorFacts
    Settings: type[BaseModel]  # the keys of [feeds.NAME] beside kind and target, with descriptions

    def build(self, roster: Roster, settings: Any, context: FeedContext) -> Sequence[FeedFile]:
        """The files; equal input gives equal bytes. A row that breaks a rule is withheld, with a finding.

        Raises UsageError, naming the setting, where the roster shows that a setting is wrong.
        """
        ...

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: Any) -> Verdict:
        """How the vendor would take these bytes, whoever made them."""
        ...

    def identifiers(self, settings: Any) -> Mapping[str, str]:
        """The columns of identifiers that must never change, by kind: what is sent there goes to the ledger."""
        ...
