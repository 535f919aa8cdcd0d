"""The oracle's words: what is stored, delivered, proposed and remembered, as plain dictionaries.

Values are texts, booleans "true" and "false", references sourced ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from rosterkit.plan.expectations import Expectation
from rosterkit.roster.schema import Column, Entity, entities

Key = tuple[str, str]  # entity, sourced id
Values = dict[str, str | None]
Line = tuple[str, str, str, str, str | None, str | None]  # entity, action, sourced id, field, before, after

ENTITIES = entities()
BY_WORD = ("deleted", "unlisted", "follows-deleted", "ended")  # a readable row, or the day, took it away


@dataclass(frozen=True)
class Row:
    """A stored record."""

    values: Values
    active: bool
    modified: str | None
    updated: date | None = field(default=None, compare=False)  # the day of the plan that wrote it last


@dataclass(frozen=True)
class Delivered:
    """What a readable row says of a record; ``values`` only what it says."""

    values: Values
    deleted: bool = False
    modified: str | None = None
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Layer:
    """One entity of one package."""

    state: str
    rows: dict[str, Delivered]
    unreadable: frozenset[str]
    owners: tuple[Values, ...]  # of its listings


@dataclass(frozen=True)
class Hold:
    entity: str
    sourced_id: str
    code: str
    action: str = ""
    field: str = ""
    value: str | None = None


@dataclass(frozen=True)
class Approved:
    """A change that a person freed, exactly as it was."""

    line: Line
    before: tuple[str | None, ...] = ()  # of an archive or restore: the stored row
    after: tuple[str | None, ...] = ()  # of a create or restore: the row as it would be


@dataclass
class Record:
    """One record while it is judged."""

    entity: Entity
    key: str
    stored: Row | None
    delivered: Delivered | None
    unreadable: bool
    new: Values = field(default_factory=dict)
    action: str = ""
    how: str = ""
    hold: str = ""
    field_holds: dict[str, str] = field(default_factory=dict)
    waits: bool = False
    protected: bool = False
    approved: bool = False
    held_whole: set[str] = field(default_factory=set)  # fields that wait as their record depends on another
    freed_labels: set[str] = field(default_factory=set)
    freed: bool = False  # a person approved its archive, whatever needs it
    announced: bool = False  # that it comes or leaves
    announced_labels: set[str] = field(default_factory=set)  # fields that may change

    @property
    def old(self) -> Values:
        return self.stored.values if self.stored else dict.fromkeys(self.new)

    @property
    def was_active(self) -> bool:
        return bool(self.stored and self.stored.active)

    @property
    def differs(self) -> list[str]:
        """The fields that an update or restore changes."""
        return [label for label in self.new if self.new[label] != self.old[label]]

    @property
    def active(self) -> bool:
        """Whether it would be active if every action that is not held were applied."""
        if self.action in ("", "update") or self.hold:
            return self.was_active
        return self.action != "archive"

    def held(self, label: str) -> str:
        """The code that holds this field of an update or restore; "" where none does."""
        return self.hold or self.field_holds.get(label, "")

    def outcome(self, label: str) -> str | None:
        """The value of a field once everything that is not held were applied."""
        changes = self.action in ("create", "update", "restore") and not self.held(label)
        return self.new[label] if changes else self.old[label]


Planned = dict[str, dict[str, Record]]


@dataclass
class Model:
    rows: dict[str, dict[str, Row]] = field(default_factory=lambda: {e.name: {} for e in ENTITIES})
    pending: dict[Key, Delivered] = field(default_factory=dict)
    queue: list[tuple[str, dict[str, Layer]]] = field(default_factory=list)
    applied: set[str] = field(default_factory=set)
    holds: list[Hold] = field(default_factory=list)
    approved: list[Approved] = field(default_factory=list)
    absences: list[tuple[str, str, date, set[str]]] = field(default_factory=list)  # entity, key, day, roles
    expected: list[Expectation] = field(default_factory=list)


@dataclass
class Proposal:
    """A plan: everything that applying it does to the model."""

    planned: Planned
    pending: dict[Key, Delivered]  # what is to be remembered; an undo leaves what is remembered already
    done: set[Key]  # what leaves pending
    packages: list[str]
    used: list[Approved]
    ended: list[Hold]
    new_holds: list[Hold]  # in force from the moment the plan is made
    undo_holds: list[Hold] = field(default_factory=list)  # in force once it is applied
    undoes: bool = False
    day: date | None = None
    stamps: dict[Key, str] = field(default_factory=dict)
    absent: dict[Key, set[str]] = field(default_factory=dict)  # roles of what disappeared
    returned: set[Key] = field(default_factory=set)
    seen: dict[int, int] = field(default_factory=dict)  # by expectation how many records come so
    promoted: set[str] = field(default_factory=set)  # the students whose grade rises, where that was asked for

    def lines(self) -> dict[Line, str]:
        """Every line of the plan, with the code that holds it ("" = it will be applied)."""
        out: dict[Line, str] = {}
        for record in every(self.planned):
            name, key = record.entity.name, record.key
            if record.action in ("update", "restore"):
                for label in record.differs:
                    line = (name, record.action, key, label, record.old[label], record.new[label])
                    out[line] = record.held(label)
            if record.action in ("create", "archive") or (record.action == "restore" and not record.differs):
                out[name, record.action, key, "", None, None] = record.hold
        return out

    def writes(self) -> bool:
        return bool(self.stamps) or any(code == "" for code in self.lines().values())


def every(planned: Planned) -> Iterator[Record]:
    for entity in ENTITIES:
        yield from planned[entity.name].values()


def target(planned: Planned, column: Column, value: str | None) -> Record | None:
    return planned[str(column.to)].get(value) if value is not None else None
