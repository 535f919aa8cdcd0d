"""Preflight: the answer that a vendor would give to files, from a table of checks.

A vendor's package declares its checks as data: a ``RowCheck`` is an expression over the columns of a file, a
``FileCheck`` a function that looks at whole files. The same row checks decide which rows a build withholds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl
from pydantic import Field

from rosterkit.errors import UsageError
from rosterkit.feeds.base import PEOPLE, FeedFile, LastSent, Outcome, VendorFacts, Verdict
from rosterkit.feeds.csvout import CsvTable, joined, read_csv, unmatched
from rosterkit.feeds.settings import FeedSettings
from rosterkit.roster.rules import Rule
from rosterkit.sources.findings import Findings

SHARED_RULES = (
    Rule(
        "feed.gone",
        "error",
        "error",
        "More rows are gone since the last file than the limit allows.",
        "Look at what changed in the roster, the mapping or the selection. If it is meant, approve the file.",
        row="held with the whole file",
        example="412 of 5,120 rows are gone; the limit is 256",
    ),
    Rule(
        "feed.withheld",
        "error",
        "error",
        "More rows are newly withheld since the last file than the limit allows.",
        "See the findings of the build. If the rows are to be missing, approve the file.",
        row="held with the whole file",
        example="80 of 5,120 rows that were sent last time break a rule today",
    ),
    Rule(
        "feed.kept",
        "warning",
        "warning",
        "The row of this person breaks a rule. The last good row is sent instead, so that nobody is deleted.",
        "Correct the record before the number of days in the setting limits.keep_days is over.",
        row="the last good row is sent",
    ),
    Rule(
        "feed.no-attribute",
        "warning",
        "warning",
        "A setting names an attribute that nobody has, so the column is blank.",
        "Look for a misspelling. Where the attribute is right and nobody has it yet, nothing is to be done.",
        row="sent without it",
        example="progam in place of program",
    ),
)
"""Rules that every feed has; a vendor's package puts them beside its own."""


class Limits(FeedSettings):
    """How far a file may differ from the one that was last sent before a person must look at it."""

    gone_percent: float = Field(default=5, ge=0, le=100, description="rows gone, in percent of the last file")
    gone_rows: int = Field(default=25, ge=0, description="... and more than this number of rows")
    group_percent: float = Field(
        default=5, ge=0, le=100, description="rows of one group (a school and role) gone, in percent of its last rows"
    )
    group_rows: int = Field(default=5, ge=0, description="... and more than this number of rows")
    withheld_percent: float = Field(default=1, ge=0, le=100, description="rows newly withheld, in percent")
    withheld_rows: int = Field(default=5, ge=0, description="... and more than this number of rows")
    keep_days: int = Field(default=14, ge=0, description="how many days a last good row replaces a withheld one")


@dataclass(frozen=True)
class Given:
    """What a check looks at: the files, their tables by name, what was last sent, and the settings.

    ``compare`` makes ``compared`` (Verdict) of it, once, for whichever check asks.
    """

    files: Sequence[FeedFile]
    tables: Mapping[str, CsvTable]
    settings: Any
    last: LastSent | None = None
    last_tables: Mapping[str, CsvTable] = field(default_factory=dict)
    compare: Callable[[Given], Mapping[str, int]] = lambda _given: {}

    @cached_property
    def compared(self) -> Mapping[str, int]:
        return self.compare(self)

    @cached_property
    def whole(self) -> CsvTable:
        """All files as one table: the parts of a file that was split."""
        return joined(self.tables.values())

    @cached_property
    def last_whole(self) -> CsvTable | None:
        """All files that were last sent, as one table."""
        return joined(self.last_tables.values()) if self.last_tables else None


@dataclass(frozen=True)
class Hit:
    """What a file check found: one place, or with ``rows`` (``_line``, and maybe ``key`` and ``detail``) many."""

    file: str
    column: str = ""
    line: int = 0
    detail: str = ""
    rows: pl.DataFrame | None = None


@dataclass(frozen=True)
class RowCheck:
    """A rule about single rows. ``broken`` gives, for the settings, columns and when a row breaks the rule there.

    An expression may look at several rows (a value that two rows have). It is left out where the file lacks a column
    that it reads. ``of`` says which files it is about, by name.
    """

    rule: str
    outcome: Outcome
    broken: Callable[[Any], Iterable[tuple[str, pl.Expr]]]
    of: Callable[[str], bool] = lambda _name: True


@dataclass(frozen=True)
class FileCheck:
    """A rule about whole files, or about files and what was last sent."""

    rule: str
    outcome: Outcome
    look: Callable[[Given], Iterable[Hit]]


Check = RowCheck | FileCheck


def preflight(
    files: Sequence[FeedFile],
    last: LastSent | None,
    settings: Any,
    *,
    rules: Iterable[Rule],
    checks: Iterable[Check],
    compared: Callable[[Given], Mapping[str, int]] = lambda _given: {},
) -> Verdict:
    """The verdict: the gravest outcome of a check that found something, with all findings.

    A file whose every row would be ignored is ignored as a whole, and so is nothing.
    """
    given = Given(
        files,
        {file.name: read_csv(file) for file in files},
        settings,
        last,
        {file.name: read_csv(file) for file in (last.files if last else ())},
        compared,
    )
    checks = tuple(checks)
    findings = Findings(rules)
    outcomes = [Outcome.ACCEPTED if files else Outcome.IGNORED]
    lines: dict[str, list[pl.Series]] = {}
    of_rows = _hits_of_rows(checks, given)
    for check in checks:
        for hit in check.look(given) if isinstance(check, FileCheck) else of_rows.get(check, ()):
            outcomes.append(check.outcome)
            if hit.rows is None:
                findings.add(check.rule, file=hit.file, line=hit.line, column=hit.column, detail=hit.detail)
                continue
            findings.add_rows(check.rule, hit.rows, file=hit.file, column=hit.column)
            if check.outcome is Outcome.ROWS_IGNORED:
                lines.setdefault(hit.file, []).append(hit.rows["_line"])
    ignored = {name: pl.concat(parts).n_unique() for name, parts in lines.items()}
    rows = {name: table.records for name, table in given.tables.items()}
    if any(count and ignored.get(name) == count for name, count in rows.items()):
        outcomes.append(Outcome.IGNORED)
    order = list(Outcome)
    return Verdict(max(outcomes, key=order.index), findings.frame(), rows, ignored, given.compared)


def broken_rows(
    rows: pl.DataFrame, checks: Iterable[Check], settings: Any, *, file: str
) -> list[tuple[RowCheck, str, pl.Series]]:
    """What is broken in a file: the check, its column there, and which rows break it (Boolean, one at least)."""
    known = set(rows.columns)
    looked_at = [
        (check, column, broken.fill_null(value=False))
        for check in checks
        if isinstance(check, RowCheck) and check.of(file)
        for column, broken in check.broken(settings)
        if known.issuperset(broken.meta.root_names())
    ]
    every = rows.lazy().select(broken.alias(str(n)) for n, (_, _, broken) in enumerate(looked_at))
    found = every.collect()  # lazily: what several checks look at, such as a text in lower case, is made once
    hit = found.select(pl.all().any()).row(0) if looked_at else ()
    return [(check, column, found.to_series(n)) for n, (check, column, _) in enumerate(looked_at) if hit[n]]


def repeated(value: pl.Expr) -> pl.Expr:
    """Which rows have a value that another row has too; never a null."""
    return value.map_batches(_repeated, return_dtype=pl.Boolean)


def _repeated(values: pl.Series) -> pl.Series:
    """Where no two hashes are equal no two values are, and hashes cost a third of comparing the values."""
    hashes = values.drop_nulls().hash()
    if hashes.n_unique() == hashes.len():
        return pl.repeat(False, values.len(), dtype=pl.Boolean, eager=True)
    return values.is_duplicated() & values.is_not_null()


def repeats(columns: Sequence[str]) -> pl.Expr:
    """Which rows have the values of an earlier row."""
    return pl.struct(columns).map_batches(_repeats, return_dtype=pl.Boolean)


def _repeats(rows: pl.Series) -> pl.Series:
    """As in ``_repeated``."""
    if rows.hash().n_unique() == rows.len():
        return pl.repeat(False, rows.len(), dtype=pl.Boolean, eager=True)
    return ~rows.is_first_distinct()


def _hits_of_rows(checks: Iterable[Check], given: Given) -> Mapping[RowCheck, Sequence[Hit]]:
    hits: dict[RowCheck, list[Hit]] = {}
    for name, table in given.tables.items():
        for check, column, broken in broken_rows(table.rows, checks, given.settings, file=name):
            hits.setdefault(check, []).append(Hit(name, column, rows=table.rows.select("_line").filter(broken)))
    return hits


def form_checks(problems: Mapping[str, tuple[str, Outcome]]) -> tuple[FileCheck, ...]:
    """Checks of the form of every file: for each code of PROBLEMS the rule that it breaks, and what follows."""

    def look(code: str, given: Given) -> Iterable[Hit]:
        for name, table in given.tables.items():
            if table.problems.is_empty():
                continue
            found = table.problems.filter(pl.col("code") == code)
            for (column,), rows in found.group_by("column", maintain_order=True):
                yield Hit(name, str(column), rows=rows.select("_line", "detail"))

    return tuple(
        FileCheck(rule, outcome, lambda given, code=code: look(code, given))  # type: ignore[misc] # code is bound now
        for code, (rule, outcome) in problems.items()
    )


def comparison(table: CsvTable, last: CsvTable | None, key: str) -> dict[str, int]:
    """How many rows are new, changed, unchanged and gone, by the column ``key`` (any case) and all columns of both."""
    if key not in table.header or (last is not None and key not in last.header):
        return {}
    every = _keys(table.rows, key).n_unique()
    if last is None:
        return {"new": every, "changed": 0, "unchanged": 0, "gone": 0}
    now, before = unmatched(table, last)
    new = _absent(_keys(now, key), last.rows, key)
    gone = _absent(_keys(before, key), table.rows, key)
    changed = _keys(now, key).unique().to_frame().join(_keys(before, key).to_frame(), on=key, how="semi").height
    return {"new": new.len(), "changed": changed, "unchanged": every - new.len() - changed, "gone": gone.len()}


def _keys(rows: pl.DataFrame, key: str) -> pl.Series:
    """The keys that rows have, in lower case."""
    return rows[key].str.to_lowercase().drop_nulls()


def _absent(keys: pl.Series, rows: pl.DataFrame, key: str) -> pl.Series:
    """Which of the keys no row has, each once."""
    found = _keys(rows, key)
    here = found.filter(found.is_in(keys.implode())) if keys.len() else keys
    return keys.filter(~keys.is_in(here.implode())).unique()


def exceeds(count: int, of: int, percent: float, rows: int) -> bool:
    """Whether a count is above both the percentage (rounded down) and the number of rows."""
    return count > int(of * percent / 100) and count > rows


def gone(
    table: CsvTable, last: CsvTable | None, key: str, limits: Limits, *, leaving: pl.Expr | None = None
) -> Iterable[Hit]:
    """A hit where more rows are gone than the limits allow. A row where ``leaving`` holds counts as gone."""
    if last is None or key not in last.header:
        return
    now = table.rows if key in table.header else last.rows.clear()
    before, looked_at = last.rows, {key, *(leaving.meta.root_names() if leaving is not None else ())}
    in_both = looked_at <= set(table.header) & set(last.header)
    lost = unmatched(table, last)[1] if in_both else before  # a row that is as it was may leave by a new column
    if leaving is not None:
        now, lost, before = (_without(rows, leaving) for rows in (now, lost, before))
    count, of = _absent(_keys(lost, key), now, key).len(), _keys(before, key).n_unique()
    if exceeds(count, of, limits.gone_percent, limits.gone_rows):
        allowed = max(int(of * limits.gone_percent / 100), limits.gone_rows)
        yield Hit(table.name, detail=f"{count:,} of {of:,} rows are gone; the limit is {allowed:,}")


def gone_of_groups(
    now: pl.DataFrame, before: pl.DataFrame, key: Sequence[str], by: Sequence[str], limits: Limits, *, file: str
) -> Iterable[Hit]:
    """A hit for each group of rows (columns ``by``, such as school and role) of which too many are gone.

    One school can be lost while the whole file hardly shrinks. ``now`` and ``before`` have ``key`` and ``by``.
    """
    lost = before.join(now, on=list(key), how="anti", nulls_equal=True).group_by(by).agg(gone=pl.len())
    counts = before.group_by(by).agg(of=pl.len()).join(lost, on=list(by), nulls_equal=True).sort(by)
    for row in counts.iter_rows(named=True):
        if exceeds(row["gone"], row["of"], limits.group_percent, limits.group_rows):
            name = ", ".join(str(row[column]) for column in by if row[column] is not None)
            allowed = max(int(row["of"] * limits.group_percent / 100), limits.group_rows)
            detail = f"{row['gone']:,} of {row['of']:,} rows of {name} are gone; the limit is {allowed:,}"
            yield Hit(file, detail=detail)


def newly_withheld(file: FeedFile, last: FeedFile | None, limits: Limits) -> Iterable[Hit]:
    """A hit where more people are newly withheld, or sent as they were, than the limits allow.

    Those whom the last file withheld already were accepted with it. Somebody who is new to the feed counts.
    """
    if last is None:
        return
    sent = last.people.filter(pl.col("state") == "sent").height
    held = _held_back(file).join(_held_back(last), on="user", how="anti").height
    if exceeds(held, sent, limits.withheld_percent, limits.withheld_rows):
        allowed = max(int(sent * limits.withheld_percent / 100), limits.withheld_rows)
        yield Hit(file.name, detail=f"{held:,} rows are newly withheld, beside {sent:,} sent; the limit is {allowed:,}")


def _held_back(*files: FeedFile) -> pl.DataFrame:
    """``user``: the people who are withheld, or sent as they were."""
    people = pl.concat([pl.DataFrame(schema=PEOPLE), *(file.people for file in files)])
    return people.filter(pl.col("state").is_in(["kept", "withheld"])).select("user").unique()


def withheld(files: Sequence[FeedFile], last: LastSent | None) -> tuple[int, pl.DataFrame]:
    """How many people are withheld (or sent as they were), and ``user`` of those who were in the last files already."""
    now, before = _held_back(*files), _held_back(*(last.files if last else ()))
    return now.height, now.join(before, on="user", how="semi")


def _without(rows: pl.DataFrame, leaving: pl.Expr) -> pl.DataFrame:
    known = set(rows.columns).issuperset(leaving.meta.root_names())
    return rows.filter(~leaving.fill_null(value=False)) if known else rows


def require_transport(vendor: VendorFacts, transport: str, rule: str) -> None:
    """Raises UsageError, with the id of the vendor's rule, where the vendor does not take files this way."""
    if transport not in vendor.transports:
        taken = ", ".join(vendor.transports)
        raise UsageError(f"{rule}: {vendor.name} does not take files by {transport}. Set the target to {taken}.")
