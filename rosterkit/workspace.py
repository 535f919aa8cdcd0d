"""The façade: a folder private to its owner, with the verbs of the command as methods.

rosterkit.toml   its settings (docs/settings.md)
roster.db        the canonical roster, its plans and its history
plans/  outbox/  exports for people; what feeds built
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import polars as pl

from rosterkit import config as configuration
from rosterkit import pipeline, registry, review
from rosterkit.checking import check_package, check_source
from rosterkit.errors import Refused, UsageError
from rosterkit.extraction import Run
from rosterkit.lineage import explain_record
from rosterkit.plan.lines import creates, lines
from rosterkit.plan.plan import LINES, Plan, PlanView
from rosterkit.results import (
    Applied,
    Approval,
    CheckReport,
    Explanation,
    IgnoredLine,
    Revision,
)
from rosterkit.roster.findings import empty
from rosterkit.roster.rules import Rule
from rosterkit.settings_template import template
from rosterkit.sources.base import Progress
from rosterkit.store import decisions, history, plans
from rosterkit.store.approved_changes import with_approvals
from rosterkit.store.database import migrate
from rosterkit.store.display_names import keys_of, names_of
from rosterkit.store.save import apply_plan
from rosterkit.store.snapshot import revision_of
from rosterkit.store.staleness import refuse_other_settings
from rosterkit.transport.secrets import resolve
from rosterkit.verbs.host_keys import HostKeyVerbs
from rosterkit.verbs.operate import OperateVerbs
from rosterkit.verbs.review import ReviewVerbs
from rosterkit.verbs.vendors import VendorVerbs
from rosterkit.workspace_folder import DATABASE

__all__ = ["Workspace", "check_package"]

# What polars takes by itself is made for large tables. Most queries here are on small ones, and cost half as much so.
if "POLARS_ENGINE_AFFINITY" not in os.environ:
    pl.Config.set_engine_affinity("in-memory")

_FOLDERS = ("plans", "outbox")
_WAIT = 60.0  # seconds for which a run without a person waits for another that writes


def _revision(past: history.Past, done: pl.DataFrame, signed: Mapping[str, Approval]) -> Revision:
    approval = signed.get(past.plan)
    by, why = (approval.actor, approval.reason) if approval else ("", "")
    return Revision(past.revision, past.kind, past.plan, past.actor, past.at, past.changes, done, by, why)


class Workspace(VendorVerbs, ReviewVerbs, HostKeyVerbs, OperateVerbs):
    """A workspace; every verb opens the database, does its work whole or not at all, and closes it.

    Raises the errors of ``rosterkit.errors``: UsageError (mend the call or rosterkit.toml), SourceUnreadable (look at
    the package), Refused (plan, state or policy says no), Busy (another run holds the workspace).
    """

    @classmethod
    def init(cls, folder: Path) -> Workspace:
        """Makes a workspace in a new or empty folder; UsageError when anything is there."""
        folder = Path(folder)
        if (folder / configuration.FILE).exists():
            raise UsageError(f"There is a workspace in {folder} already. Use it: rosterkit -C {folder} plan")
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file. Choose a new folder.")
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty. Choose a new folder.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for name in _FOLDERS:
            (folder / name).mkdir(mode=0o700)
        migrate(folder / DATABASE)
        settings = folder / configuration.FILE
        settings.touch(mode=0o600)
        settings.write_text(template(), encoding="utf-8")
        return cls(folder)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database for the functions of ``rosterkit.store`` that only read."""
        with self._read() as connection:
            yield connection

    def reopened(self, progress: Progress) -> Workspace:
        """The same workspace with the settings of now; its verbs wait where another run writes."""
        return Workspace(self.folder, progress, wait=_WAIT, caller=self.caller)

    def check(
        self, package: Path | None = None, *, source: str = "", reading: Mapping[str, object] | None = None
    ) -> CheckReport:
        """Reads and checks what a source delivers, or a package in its place; changes nothing.

        ``reading``: settings of the source for this check, such as ``strict`` or ``dates``.
        """
        with self._read() as connection, tempfile.TemporaryDirectory() as scratch:
            run = Run(
                self.database,
                connection,
                self.config,
                self._today(),
                Path(scratch),
                self._progress,
                keep=False,
                full=True,
            )
            return check_source(run, self.config.source_name(source), package, reading or {})

    def plan(
        self,
        package: Path | None = None,
        *,
        source: str = "",
        as_of: date | None = None,
        now: bool = False,
        promotes: bool = False,
    ) -> Plan:
        """Works out what would change and stores it as a plan; ``as_of``: a date in the district's zone, or today.

        All sources are planned together. ``package`` takes the place of what ``source`` reads by its settings. ``now``:
        people who disappeared leave without grace. ``promotes``: the plan is the promotion to the next grade, and no
        limit counts the grades that rise by one; Refused where none does.
        """
        packages = _packages(self.config, source, package)
        with self._write() as connection:
            return pipeline.plan_sources(
                self.database,
                connection,
                self.config,
                packages,
                as_of or self._today(),
                self._progress,
                now=now,
                promotes=promotes,
            )

    def promote(self, package: Path | None = None, *, source: str = "", as_of: date | None = None) -> Plan:
        """The promotion as one plan: no limit counts grades that rise by one, nor the schools that change with them.

        A person approves it. Raises Refused where no grade rises in what is delivered.
        """
        return self.plan(package, source=source, as_of=as_of, promotes=True)

    def try_plan(
        self,
        settings: Mapping[str, str],
        package: Path | None = None,
        *,
        source: str = "",
        as_of: date | None = None,
        now: bool = False,
    ) -> Plan:
        """What a plan would be under other settings (TOML by key, such as limits.halving_min_size); stores nothing."""
        config = configuration.load(self.folder, settings)
        packages = _packages(config, source, package)
        day = as_of or datetime.now(config.zone).date()
        with self._write() as connection:
            return pipeline.plan_sources(
                self.database, connection, config, packages, day, self._progress, keep=False, now=now
            )

    def validate(self) -> None:
        """Checks what loading the settings does not: that every secret they refer to is there.

        Raises UsageError that names every problem.
        """
        problems = []
        for key, reference in self.config.secrets():
            try:
                resolve(reference, self.folder)
            except UsageError as problem:
                problems.append(f"{key}: {problem}")
        if problems:
            raise UsageError("\n".join(problems))

    def plans(self) -> tuple[Plan, ...]:
        """Every plan, the newest first."""
        with self._read() as connection:
            return plans.all_plans(connection)

    def show(self, plan_id: str | None = None) -> PlanView:
        """A plan with every line that it says; works for any plan, for ever. ``plan_id`` may be the start of an id."""
        with self._read() as connection:
            plan = plans.find(connection, plan_id)
            going, held = plans.parts(connection, plan.id), plans.parts(connection, plan.id, held=True)
            names = names_of(self.database, going, held)
            found = plans.load(connection, plan.id, "finding")
            keys = keys_of(self.database, going, held) if going.create else {}  # only creates need them
            both = with_approvals(connection, plan, pl.concat([lines(going, names), lines(held, names)]))
        findings = found.get("", empty())
        return PlanView(plan, both, findings, creates(going, keys))

    def decisions(self, plan_id: str = "") -> tuple[Approval, ...]:
        """Who approved or rejected a plan (or any plan), and why, oldest first."""
        with self._read() as connection:
            return decisions.decisions(connection, plans.find(connection, plan_id).id if plan_id else "")

    def apply(self, plan_id: str, *, actor: str) -> Applied:
        """Applies a plan in one transaction: wholly or not at all, and nothing that it does not say."""
        begun = time.monotonic()
        with self._write() as connection:
            plan = plans.find(connection, plans.written_out(plan_id))
            if self.config.mode == "observe":
                raise Refused(
                    'mode is "observe": plans are looked at and never applied. Change it in rosterkit.toml.',
                    why="observe",
                )
            refuse_other_settings(connection, plan, self.config.settings_digest)
            after, wrote = apply_plan(connection, plan.id, actor, self._progress)
            revision = revision_of(connection)
        self.audit("act", "apply", actor=actor, subject=after.id)
        return Applied(after.id, revision, wrote, after.changes, after.held, time.monotonic() - begun)

    def undo(self, revision: int | None = None, *, as_of: date | None = None) -> Plan:
        """Stores the plan that takes a revision (or the newest) back; it is approved and applied like any other."""
        with self._write() as connection:
            return pipeline.plan_undo(self.database, connection, self.config, revision, as_of or self._today())

    def history(self, entity: str | None = None, sourced_id: str | None = None) -> tuple[Revision, ...]:
        """The revisions, the newest first; of one record, those that touched it and what they did."""
        with self._read() as connection:
            signed = {one.plan: one for one in decisions.decisions(connection) if one.decision == "approve"}
            if entity is None or sourced_id is None:
                nothing = pl.DataFrame(schema=LINES)
                return tuple(_revision(past, nothing, signed) for past in history.revisions(connection))
            kind = review.entity_of(entity)
            found = history.record_id(connection, kind, sourced_id)
            if found is None:
                raise UsageError(f"There is no {kind.name} {sourced_id} in the store.")
            names = names_of(self.database)
            events = history.of_record(connection, kind, found[0])
            return tuple(_revision(event.past, lines(event.changes, names), signed) for event in events)

    def explain(self, entity: str, sourced_id: str) -> Explanation:
        """Where each value of a record comes from, what waits, what is held and what was found."""
        with self._read() as connection:
            return explain_record(self.database, connection, review.entity_of(entity), sourced_id)

    def ignore_line(self, line_hash: str, *, reason: str, actor: str, source: str = "") -> None:
        """Sets an unreadable line aside, named by the hash that its finding shows."""
        source = self.config.source_name(source)
        with self._write() as connection:
            review.ignore_line(connection, source, line_hash, actor=actor, reason=reason)
        self.audit("act", "ignore line", actor=actor, subject=line_hash)

    def ignored_lines(self) -> tuple[IgnoredLine, ...]:
        """The lines that are ignored, oldest first."""
        with self._read() as connection:
            return decisions.ignored_lines(connection)

    def stop_ignoring(self, line_hash: str, *, source: str = "") -> None:
        """Takes it back that a line is ignored; Refused where it is not."""
        source = self.config.source_name(source)
        with self._write() as connection:
            review.stop_ignoring(connection, source, line_hash)

    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the engine and of the sources and feeds that are installed."""
        return tuple(registry.rules().values())


def _packages(config: configuration.Config, source: str, package: Path | None) -> dict[str, Path]:
    """The package that takes the place of what a source reads; UsageError where it is unknown whose it is."""
    if package is None and not source and config.sources:
        return {}
    name = config.source_name(source)
    return {} if package is None else {name: Path(package)}
