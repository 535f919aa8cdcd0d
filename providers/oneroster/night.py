"""The files of one night's package: opened, filtered by those of last time, read and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from providers.oneroster.context import People, fundament, listeners, other_spans, people_tonight, spans_tonight
from providers.oneroster.format import FILES
from providers.oneroster.manifest import Contents
from providers.oneroster.rosterfile import FileRead, Opened, Opening, absent, read_file
from providers.oneroster.semantics import checked
from providers.oneroster.state import HABITS
from providers.oneroster.tables import ENTITY_OF
from providers.oneroster.ties import NOT_FILTERED, TOGETHER, further, tied
from rosterkit.intake.archive import Archive
from rosterkit.intake.cache import Cache, CachedFile, Unfilterable
from rosterkit.intake.notes import Notes
from rosterkit.intake.places import AT
from rosterkit.intake.remembering import carry
from rosterkit.intake.rules import Rule
from rosterkit.intake.source import ReadOptions

__all__ = ["Night", "read_files"]

_NOT_REMEMBERED = "last time it was not there, or could not be remembered line by line"


@dataclass(frozen=True)
class Night:
    """``reads``: every rostering file, checked; ``opened``: those that are there; ``cache``: None if of no use."""

    reads: Mapping[str, FileRead]
    opened: Mapping[str, Opened]
    people: People
    spans: pl.DataFrame
    fundament: pl.DataFrame
    cache: Cache | None


@dataclass(frozen=True)
class _Package:
    archive: Archive
    contents: Contents
    rules: Mapping[str, Rule]
    options: ReadOptions

    def absent(self, name: str) -> str | None:
        """Why a file is not read; None where it is."""
        member = self.contents.members[name]
        if name == "demographics" and not self.options.demographics:
            return "demographics were not asked for"
        return member.why if member.mode == "absent" else None

    def opening(self, name: str) -> Opening:
        member, file = self.contents.members[name], FILES[self.contents.version][name]
        return Opening(self.archive, member, file, self.notes(name), self.options)

    def notes(self, name: str) -> Notes:
        return Notes(self.rules, f"{name}.csv", strict=self.options.strict, keep=self.options.remember)

    def open(self, name: str, cached: CachedFile | None, why: str) -> Opened:
        """The file, filtered where that can be done."""
        if cached is not None and self.contents.members[name].mode != "bulk":
            cached, why = None, "it holds changes only, or nothing says what its absences mean"
        try:
            opened = self.opening(name).open(cached)
        except Unfilterable as cause:
            return replace(self.opening(name).open(), why=str(cause))
        if opened.csv.lines is None or opened.columns.refusal:
            return replace(opened, cached=None, why=why)
        _carry(opened)
        return replace(opened, why=why)

    def open_again(self, name: str, opened: Opened, at: pl.Series) -> Opened:
        """The file, with these records of last time read as well."""
        try:
            more = self.opening(name).open_again(opened, at)
        except Unfilterable as cause:
            return self.open(name, None, str(cause))
        _carry(more)
        return more


def _carry(opened: Opened) -> None:
    """Notes what is known of the records that are the same as last time."""
    cached, lines = opened.cached, opened.csv.lines
    if cached is None or lines is None:
        return
    carry(opened.notes, lines, cached)
    for rule, column in HABITS:
        at = lines.places.now(cached.frames["habits"][rule].arg_true()).drop_nulls()
        opened.notes.habit(rule, lines.places.lines(at), column=column)


def read_files(archive: Archive, contents: Contents, rules: Mapping[str, Rule], options: ReadOptions) -> Night:
    """Reads every rostering file; with a cache, only records that differ from last time and what is tied to them."""
    package = _Package(archive, contents, rules, options)
    names = [name for name in ENTITY_OF if name in contents.members]
    opened: dict[str, Opened] = {}
    reads: dict[str, FileRead] = {}
    for name in names:
        if (why := package.absent(name)) is not None:
            reads[name] = absent(FILES[contents.version][name], package.notes(name), why)
        elif name in NOT_FILTERED:
            opened[name] = package.open(name, None, "")
            reads[name] = read_file(opened[name])
    ground = fundament(reads, contents.version)
    cache, why = options.cache, options.cache_why
    if cache is not None and not ground.equals(cache.context["fundament"]):
        cache, why = None, "organisations, terms or the version of the package are others than last time"
    rest = [name for name in names if name not in reads]
    known = {name: cache.files[f"{name}.csv"] for name in rest if cache and f"{name}.csv" in cache.files}
    for name in rest:
        if name == "enrollments" and "classes" in opened:
            reads["classes"] = read_file(opened["classes"])
        cached = known.get(name)
        if cached is not None:
            cached = cached.reading(_because_of_others(name, cached, opened, reads, cache))
        opened[name] = package.open(name, cached, why or _NOT_REMEMBERED if cached is None else "")
        for anew in _reopen(package, opened, further(opened, {})):
            reads.pop(anew, None)
    _all_or_none(package, opened, cache)
    unread = {name for name in rest if name not in reads}
    while True:
        reads |= {name: read_file(opened[name]) for name in rest if name in unread}
        people = people_tonight(opened, reads, cache)
        if "users" not in opened or opened["users"].cached is None:
            break
        unread = _reopen(package, opened, {"users": listeners(opened["users"], people)})
        if not unread:
            break
    spans = spans_tonight(opened, reads, cache)
    return Night(checked({name: reads[name] for name in names}, spans), opened, people, spans, ground, cache)


def _all_or_none(package: _Package, opened: dict[str, Opened], cache: Cache | None) -> None:
    """Opens what is judged together whole, where one of these files is, or is not there although it was last time."""
    mine = [name for name in TOGETHER if name in package.contents.members]
    if "roles" not in mine:
        return
    whole = [name for name in mine if name in opened and opened[name].cached is None]
    whole += [name for name in mine if name not in opened and cache and f"{name}.csv" in cache.files]
    if not whole:
        return
    for name in mine:
        if name in opened and opened[name].cached is not None:
            opened[name] = package.open(
                name, None, f"{whole[0]}.csv could not be filtered, and both are judged together"
            )


def _because_of_others(
    name: str, cached: CachedFile, opened: Mapping[str, Opened], reads: Mapping[str, FileRead], cache: Cache | None
) -> pl.Series:
    """Which of last time's records of a file must be read because of files that are open already.

    To know it before the file is opened spares opening it twice.
    """
    more = further(opened, {name: cached}).get(name, pl.Series([], dtype=AT))
    if name == "enrollments" and cache is not None and "classes" in reads:
        classes = other_spans(spans_tonight(opened, reads, cache), cache)
        more = pl.concat([more, tied(cached, [("class", classes)])])
    return more


def _reopen(package: _Package, opened: dict[str, Opened], more: Mapping[str, pl.Series]) -> set[str]:
    """Opens files anew to read these records of last time as well, and what they are tied to; returns which."""
    anew: set[str] = set()
    while any(at.len() for at in more.values()):
        for name, at in more.items():
            if opened[name].cached is not None and at.len():
                opened[name] = package.open_again(name, opened[name], at)
                anew.add(name)
        more = further(opened, {})
    return anew
