"""An accident done to a district: what the plan would have applied, with its guards and without one of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl

from rosterkit.attention import coverage_gaps
from rosterkit.pipeline import propose
from rosterkit.plan.changes import Changes
from rosterkit.plan.limit_holds import NEW_HOLDS
from rosterkit.plan.limits import Limits
from rosterkit.plan.merge import Delivered
from rosterkit.plan.plan import PlanView
from rosterkit.plan.proposal import Proposal
from rosterkit.plan.records import KEY_FIELD, Records
from rosterkit.registry import rules, source
from rosterkit.roster import findings
from rosterkit.sources.base import Context, Coverage, Extract
from rosterkit.sources.findings import Findings
from rosterkit.store.database import connect
from rosterkit.store.snapshot import StoreSnapshot
from rosterkit.testing.accidents.catalogue import Accident
from rosterkit.testing.accidents.days import apply_days, exit_code
from rosterkit.testing.accidents.tables import Package, read_package
from rosterkit.testing.district import District, write_district
from rosterkit.workspace import Workspace

_DAYS = (date(2026, 9, 14), date(2026, 9, 15))
_LINKS = ("GuardianLink", "Role", "Enrollment", "ClassTerm")
_NEVER = 1 << 40


@dataclass(frozen=True, slots=True)
class Harm:
    """How many records would be archived, overwritten and doubled, and how many links lost, by mistake."""

    archives: int
    overwrites: int
    duplicates: int
    links: int

    @property
    def total(self) -> int:
        return self.archives + self.overwrites + self.duplicates + self.links


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an accident. ``reasons``, as people read them: why records are held, what findings mean, why
    tables are not full; of each, what is about most records first.
    """

    harm: Harm
    without: Harm  # without the guards that the accident names
    exit_code: int
    cause: str  # the reason that names the expected cause; "" where none does
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Nobody is harmed, somebody is asked to look at the named cause, and the guard is what prevents harm."""
        return self.harm.total == 0 and self.exit_code == 1 and bool(self.cause) and self.without.total > 0


def _no_limits() -> Limits:
    """Limits that hold nothing."""
    fields = Limits.model_fields
    most = {n: 100.0 if n.endswith("_percent") else _NEVER for n in fields if n not in ("on_limit", "week_days")}
    return Limits.model_validate(most)


def _harm(applied: Changes, harmless: int = 0) -> Harm:
    """Everything that would be applied, as the package is an accident and nothing else."""
    archived = {n: f.filter(pl.col("action") == "archive").height for n, f in applied.status.items()}
    lost = sum(count for name, count in archived.items() if name in _LINKS)
    ids = pl.col("field") == KEY_FIELD  # the record stays what it is
    changed = {n: f.filter(pl.col("action") == "update", ~ids) for n, f in applied.update.items()}
    return Harm(
        archives=sum(archived.values()) - lost,
        overwrites=sum(f["id"].n_unique() for f in changed.values()),
        duplicates=max(0, sum(f.height for f in applied.create.values()) - harmless),
        links=lost,
    )


@contextmanager
def _without_cases() -> Iterator[None]:
    def no_ids(records: Records, *_: pl.Series) -> tuple[Records, pl.DataFrame]:
        return records, findings.empty()

    def no_usernames(records: Records, *_others: object) -> tuple[Records, pl.DataFrame, pl.DataFrame]:
        return records, pl.DataFrame(schema=NEW_HOLDS), findings.empty()

    holds: dict[str, Any] = {"hold_reused_ids": no_ids, "hold_taken_usernames": no_usernames}
    with patch.multiple("rosterkit.plan.proposal", **holds):
        yield


@contextmanager
def _without_relinking() -> Iterator[None]:
    with patch("rosterkit.plan.matching._relinked", lambda one, *_: one):
        yield


def _as_if_full(extract: Extract) -> Extract:
    """The extract as if every table were full and no row unreadable."""
    tables = tuple(replace(t, coverage=Coverage.FULL, reason="", invalid=t.invalid.clear()) for t in extract.tables)
    return replace(extract, tables=tables)


class Trial:
    """A district that was loaded once, to which accidents happen. Close it when done."""

    def __init__(self, students: int, *, seed: int = 1) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name)
        package = self._path / "first.zip"
        write_district(package, District(students, seed=seed))
        self._workspace = Workspace.init(self._path / "district")
        first = self._workspace.plan(package, as_of=_DAYS[0])
        self._workspace.approve(first.id, reason="the first load", actor="demo")
        self._workspace.apply(first.id, actor="demo")
        self.package = read_package(package)
        self._number = 0

    def close(self) -> None:
        self._folder.cleanup()

    def _extract(self, package: Package) -> Extract:
        self._number += 1
        folder = package.write(self._path / f"package-{self._number}")
        config = self._workspace.config
        entry = config.source(config.source_name())
        reader = source(entry.kind)
        scratch = self._path / f"scratch-{self._number}"
        scratch.mkdir()
        context = Context(
            findings=Findings(reader.rules, strict=False),
            as_of=_DAYS[1],
            scratch=scratch,
            folder=self._path,
            demographics=config.demographics,
            size_limits=config.caps,
        )
        extract = reader.extract(entry.settings.model_copy(update={"path": str(folder)}), context)
        shutil.rmtree(folder)
        return extract

    def _propose(self, extract: Extract, limits: Limits) -> Proposal:
        with closing(connect(self._workspace.database)) as connection:
            snapshot = StoreSnapshot(self._workspace.database, connection)
            return propose([Delivered("main", extract, known=False)], snapshot, limits)

    def run(self, accident: Accident) -> Outcome:
        """The accident, with every guard and without those that it names."""
        if accident.later:
            return self._run_days(accident)
        extract = self._extract(accident.change(self.package))
        guarded = self._propose(extract, self._workspace.config.limits)
        with ExitStack() as stack:
            limits = _no_limits() if "limits" in accident.guards else self._workspace.config.limits
            if "cases" in accident.guards:
                stack.enter_context(_without_cases())
            if "identity" in accident.guards:
                stack.enter_context(_without_relinking())
            bare = self._propose(_as_if_full(extract) if "coverage" in accident.guards else extract, limits)
        reasons = _reasons(guarded, extract)
        return Outcome(
            harm=_harm(guarded.changes.applicable, accident.harmless),
            without=_harm(bare.changes.applicable),
            exit_code=_exit_code(guarded, extract),
            cause=_naming(accident, reasons),
            reasons=reasons,
        )

    def _run_days(self, accident: Accident) -> Outcome:
        """The same for one that goes on for days."""
        changes = (accident.change, *accident.later)
        packages = [lambda change=change: change(self.package) for change in changes]
        template, copy = self._workspace.folder, self._path / "days"
        views = apply_days(copy, template, packages)
        with _without_cases() if "cases" in accident.guards else nullcontext():
            limits = _no_limits() if "limits" in accident.guards else self._workspace.config.limits
            bare = apply_days(copy, template, packages, limits, grace="grace" not in accident.guards)
        reasons = _most_first(pl.concat(view.lines.filter(pl.col("held") != "")["held_why"] for view in views))
        return Outcome(
            harm=_harm_of_days(views),
            without=_harm_of_days(bare),
            exit_code=exit_code(views),
            cause=_naming(accident, reasons),
            reasons=reasons,
        )


def _harm_of_days(views: Sequence[PlanView]) -> Harm:
    """Everything that was applied."""
    applied = pl.concat(view.lines.filter(pl.col("held") == "") for view in views)
    records = applied.unique(["entity", "action", "sourced_id"])

    def count(action: str, *, links: bool) -> int:
        of_links = pl.col("entity").is_in(_LINKS)
        return records.filter((pl.col("action") == action) & (of_links if links else ~of_links)).height

    doubled = records.filter(pl.col("action") == "create").height
    updated = records.filter(pl.col("action") == "update").height
    return Harm(count("archive", links=False), updated, doubled, count("archive", links=True))


def _naming(accident: Accident, reasons: tuple[str, ...]) -> str:
    """The reason in which one of the expected causes stands."""
    return next((reason for cause in accident.cause for reason in reasons if cause in reason), "")


def _most_first(texts: pl.Series) -> tuple[str, ...]:
    counts = texts.alias("text").to_frame().group_by("text").len()
    return tuple(counts.sort("len", "text", descending=[True, False])["text"])


def _reasons(proposal: Proposal, extract: Extract) -> tuple[str, ...]:
    known = rules()
    held = [pl.Series([], dtype=pl.String), *(f["hold_reason"] for _, _, f in proposal.changes.held.frames())]
    found = _most_first(proposal.findings["rule"])
    meanings = (f"{known[code].meaning} ({code})" for code in found)
    return (*_most_first(pl.concat(held)), *meanings, *(t.reason for t in extract.tables if t.reason))


def _exit_code(proposal: Proposal, extract: Extract) -> int:
    held = next(proposal.changes.held.frames(), None) is not None
    errors = "error" in proposal.findings["severity"].to_list()
    return int(held or errors or bool(coverage_gaps(extract.table_coverage)))
