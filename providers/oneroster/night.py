"""The files of one night's package: opened, filtered by those of last time, read and checked together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from providers.oneroster.context import Context, context_of, fundament, listeners
from providers.oneroster.format import FILES
from providers.oneroster.manifest import Contents
from providers.oneroster.remembering import carry
from providers.oneroster.rosterfile import FileRead, Opened, absent, open_file, read_file
from providers.oneroster.semantics import checked
from providers.oneroster.tables import ENTITY_OF
from providers.oneroster.ties import NOT_FILTERED, further
from rosterkit.intake.archive import Archive
from rosterkit.intake.cache import Cache, CachedFile
from rosterkit.intake.linefilter import Unfilterable
from rosterkit.intake.notes import Notes
from rosterkit.intake.rules import Rule
from rosterkit.intake.source import ReadOptions

__all__ = ["Night", "read_files"]

_NOT_REMEMBERED = "last time it was not there, or could not be remembered line by line"


@dataclass(frozen=True)
class Night:
    """``reads``: every rostering file, checked; ``opened``: those that are there; ``cache``: None if of no use."""

    reads: Mapping[str, FileRead]
    opened: Mapping[str, Opened]
    context: Context
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

    def notes(self, name: str) -> Notes:
        return Notes(self.rules, f"{name}.csv", strict=self.options.strict, keep=self.options.remember)

    def open(self, name: str, cached: CachedFile | None, why: str) -> Opened:
        """The file, filtered where that can be done."""
        member, file = self.contents.members[name], FILES[self.contents.version][name]
        if cached is not None and member.mode != "bulk":
            cached, why = None, "it holds changes only, or nothing says what its absences mean"
        try:
            opened = open_file(self.archive, member, file, self.notes(name), self.options, cached)
        except Unfilterable as cause:
            opened = open_file(self.archive, member, file, self.notes(name), self.options)
            return replace(opened, why=str(cause))
        if opened.csv.lines is None or opened.columns.refusal:
            return replace(opened, cached=None, why=why)
        carry(opened)
        return replace(opened, why=why)


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
    for name in rest:
        cached = cache.files.get(f"{name}.csv") if cache else None
        opened[name] = package.open(name, cached, why or _NOT_REMEMBERED if cached is None else "")
    _reopen(package, opened, further(opened))
    unread = set(rest)
    while True:
        reads |= {name: read_file(opened[name]) for name in rest if name in unread}
        context = context_of(opened, reads, cache)
        if cache is None or ("users" not in opened or opened["users"].cached is None):
            break
        unread = _reopen(package, opened, {"users": listeners(opened, context, cache)})
        if not unread:
            break
    read = checked({name: reads[name] for name in names}, context.spans)
    return Night(read, opened, context, ground, cache)


def _reopen(package: _Package, opened: dict[str, Opened], more: Mapping[str, pl.Series]) -> set[str]:
    """Opens files anew to read these records of last time as well, and what they are tied to; returns which."""
    anew: set[str] = set()
    while any(at.len() for at in more.values()):
        for name, at in more.items():
            cached = opened[name].cached
            if cached is not None and at.len():
                opened[name] = package.open(name, cached.reading(at), "")
                anew.add(name)
        more = further(opened)
    return anew
