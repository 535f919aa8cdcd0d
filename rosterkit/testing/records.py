"""A made-up source of JSON records, as an interface would give them: it proves that the filter takes any record.

A record in canonical form is a line, and goes through the same ``LineFilter``, cache and planning as a line of CSV. The
contract is small: the text of each record and where it stands; which of the others must be read with one that differs
(here those with its id); what is known of a record that is not read (its findings). Nothing but tests uses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rosterkit.intake import findings
from rosterkit.intake.bundle import ROW_KEYS, UNREADABLE, Bundle, Listing, Package, Segment, Table
from rosterkit.intake.cache import Cache, CachedFile, Memory, Reading
from rosterkit.intake.csvfile import line_hash
from rosterkit.intake.notes import Notes
from rosterkit.intake.rules import Rule
from rosterkit.intake.source import ReadOptions
from rosterkit.testing.records_filter import Filtered, Record, filtered
from rosterkit.testing.records_package import package_id, read_stream
from rosterkit.testing.records_said import READERS, STATES, Row, Stated, Unreadable

__all__ = ["NOT_FILTERED", "RecordSource"]

NOT_FILTERED = ("schools", "terms")
"""Few: always read whole."""

RULES = (
    Rule("record.unreadable", "error", "error", "The record cannot be read.", "Mend it where it is kept."),
    Rule("record.conflict", "error", "error", "Two records have this id and differ.", "Remove one."),
    Rule("record.repeated", "warning", "warning", "The record stands there twice.", "Remove one."),
    Rule("section.no-teacher", "warning", "warning", "Nobody teaches the section.", "Enroll a teacher."),
)


@dataclass(frozen=True)
class _Read:
    """A kind, read. ``said``: by line what each sound record states; ``unreadable``: keys; ``unsound``: lines."""

    kind: str
    state: str
    why: str
    records: Filtered
    said: Mapping[int, Stated]
    unreadable: pl.DataFrame
    unsound: set[int]
    notes: Notes

    def table(self, entity: str) -> Table:
        """What the kind states of the entity; its unreadable keys are those of the first that it states."""
        own, *_ = STATES[self.kind]
        columns = STATES[self.kind][entity]
        rows = _frame(self.kind, {line: said.rows.get(entity, []) for line, said in self.said.items()}, columns)
        owners = {line: said.owners.get(entity, []) for line, said in self.said.items()}
        labels = next((tuple(owner) for some in owners.values() for owner in some), ())
        listings = (Listing(_owned(self.kind, owners, labels)),) if labels else ()
        return Table(rows, self.unreadable if entity == own else self.unreadable.clear(), listings)


def _segment(entity: str, reads: list[_Read]) -> Segment:
    """Of an entity: partial where one of the kinds that state it is not whole."""
    broken = [read for read in reads if read.state != "full"]
    if not broken:
        return Segment(entity, "", "full")
    absent = all(read.state == "absent" for read in reads)
    return Segment(entity, "", "absent" if absent else "partial", broken[0].why)


def _table(entity: str, reads: list[_Read], cache: Cache | None) -> Table:
    """What all kinds state of the entity; what is the same is known of those that were filtered."""
    tables = [read.table(entity) for read in reads]
    rows, unreadable = (pl.concat(frames) for frames in zip(*((t.rows, t.unreadable) for t in tables), strict=True))
    places = {read.kind: read.records.lines.places for read in reads if read.records.cached}
    unchanged = cache.unchanged(entity, places) if cache and places else None
    return Table(rows, unreadable, tuple(listing for table in tables for listing in table.listings), unchanged)


def _frame(kind: str, rows: Mapping[int, list[Row]], columns: tuple[str, ...]) -> pl.DataFrame:
    """The rows by the line of their record, with ROW_KEYS."""
    usual = {"deleted": False, "unread": None, "modified_at": None, "file": kind}
    told = [{**usual, "line": line, **row} for line, some in rows.items() for row in some]
    return pl.DataFrame(told, schema={**ROW_KEYS, **dict.fromkeys(columns, pl.String)})


def _owned(kind: str, owners: Mapping[int, list[Row]], labels: tuple[str, ...]) -> pl.DataFrame:
    told = [{**owner, "file": kind, "line": line} for line, some in owners.items() for owner in some]
    return pl.DataFrame(told, schema={**dict.fromkeys(labels, pl.String), "file": pl.String, "line": pl.Int64})


class RecordSource:
    """Reads a folder that ``testing.records_package`` describes."""

    kind = "records"
    rules = RULES

    def read(self, package: Path, options: ReadOptions) -> Bundle:
        """What the package says; with a cache, only records that differ from last time are read."""
        reads = [_read(package, kind, options) for kind in STATES]
        there = {read.kind: read for read in reads if read.state != "absent"}
        states = {e: [r for r in reads if e in STATES[r.kind]] for entities in STATES.values() for e in entities}
        sound = {entity: [r for r in of if r.state != "absent"] for entity, of in states.items()}
        return Bundle(
            Package(package_id(package), package.name, "1"),
            {entity: _table(entity, of, options.cache) for entity, of in sound.items() if of},
            tuple(_segment(entity, of) for entity, of in states.items()),
            findings.ordered(findings.concat(read.notes.frame() for read in reads)),
            {kind: read.records.lines.places.count for kind, read in there.items()},
            _memory(there) if options.remember else None,
            {kind: _reading(read.records) for kind, read in there.items()},
        )


def _reading(records: Filtered) -> Reading:
    road = "full" if records.cached is None else "filtered"
    return Reading(road, records.lines.places.count, len(records.unread), records.why)


def _memory(reads: Mapping[str, _Read]) -> Memory:
    kept = {kind: read for kind, read in reads.items() if kind not in NOT_FILTERED}
    files = {kind: read.records.remembered(read.unsound, read.notes.hits()) for kind, read in kept.items()}
    return Memory(files, {kind: read.records.lines.places for kind, read in kept.items()})


def _cached(kind: str, options: ReadOptions) -> tuple[CachedFile | None, str]:
    """What is remembered of the kind, or why there is nothing."""
    if kind in NOT_FILTERED:
        return None, "there are few of them"
    if options.cache is None:
        return None, options.cache_why
    cached = options.cache.files.get(kind)
    return cached, "" if cached else "there were none last time"


def _read(package: Path, kind: str, options: ReadOptions) -> _Read:
    notes = Notes({rule.code: rule for rule in RULES}, kind, strict=options.strict, keep=options.remember)
    stream = read_stream(package, kind)
    records = filtered(stream, *_cached(kind, options))
    records.carry(notes)
    said: dict[int, Stated] = {}
    single, lost, unsound = _apart(records.unread, notes)
    for record in single:
        try:
            said[record.line] = READERS[kind](record.value)
        except Unreadable as cause:
            lost.append(record)
            _note(notes, "record.unreadable", record, f"{cause}; line hash {line_hash(record.text)}")
        else:
            for rule in said[record.line].remarks:
                _note(notes, rule, record)
    keys = {record.key: (record.key, kind, record.line) for record in lost if record.key is not None}
    unreadable = pl.DataFrame(list(keys.values()), schema=UNREADABLE, orient="row")
    nameless = [r for r in lost if r.key is None and line_hash(r.text) not in options.accepted_lines]
    state = "absent" if stream.why else "partial" if nameless else "full"
    why = stream.why or (f"{kind} {nameless[0].line} cannot be read, nor its id" if nameless else "")
    return _Read(kind, state, why, records, said, unreadable, unsound | {record.line for record in lost}, notes)


def _apart(records: list[Record], notes: Notes) -> tuple[list[Record], list[Record], set[int]]:
    """Of records with one id the first if all are alike, else none; those that are lost so; lines of all of them."""
    texts: dict[str, set[str]] = {}
    times = Counter(record.key for record in records)
    for record in records:
        texts.setdefault(record.key or "", set()).add(record.text)
    single: list[Record] = []
    lost: list[Record] = []
    met: set[str] = set()
    for record in records:
        if record.key is None or times[record.key] == 1:
            single.append(record)
        elif len(texts[record.key]) > 1:
            lost.append(record)
            _note(notes, "record.conflict", record)
        elif record.key in met:
            _note(notes, "record.repeated", record)
        else:
            met.add(record.key)
            single.append(record)
    return single, lost, {record.line for record in records if record.key and times[record.key] > 1}


def _note(notes: Notes, rule: str, record: Record, detail: str = "") -> None:
    notes.one(rule, line=record.line, key=record.key or "", detail=detail)
