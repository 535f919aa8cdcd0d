"""From extracts to a stored plan: all sources of the workspace are read, planned together, and stored as one plan."""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.errors import Refused, UsageError
from rosterkit.extraction import Extraction, Run, extract_sources
from rosterkit.limit_facts import limits_with, occasion_of, override_notes
from rosterkit.plan.absent_tables import tables_gone
from rosterkit.plan.approvals import approved_archives
from rosterkit.plan.changes import counts
from rosterkit.plan.compare import compare
from rosterkit.plan.dangling import as_findings
from rosterkit.plan.expectations import overdue
from rosterkit.plan.limits import Limits
from rosterkit.plan.merge import Delivered, coverages, merge
from rosterkit.plan.notes import needs_person, notes
from rosterkit.plan.plan import Plan
from rosterkit.plan.plan_day import PlanDay
from rosterkit.plan.policy_holds import NO_POLICY, Policy, apply_policy
from rosterkit.plan.proposal import Proposal, hold, proposal_of
from rosterkit.plan.records import Records
from rosterkit.plan.references import protect, resolve_references, waiting_for
from rosterkit.plan.rollover import close_ended, ended_too
from rosterkit.plan.snapshot import Snapshot
from rosterkit.plan.undo import reverse
from rosterkit.roster import findings
from rosterkit.run_settings import Window
from rosterkit.sources.base import Coverage, Progress, TableCoverage, no_progress
from rosterkit.store import deltas, overrides, plans
from rosterkit.store.approved_changes import approvers
from rosterkit.store.history import revisions
from rosterkit.store.lookup import known_sources
from rosterkit.store.policy_facts import policy_facts
from rosterkit.store.save import store_proposal, store_reversal
from rosterkit.store.snapshot import StoreSnapshot


def _reported(delivered: Sequence[Delivered], records: Records, reports: Sequence[pl.DataFrame]) -> pl.DataFrame:
    names = {one.source: one.extract.column_names for one in delivered if one.extract.column_names}
    return as_findings(reports, records.states, waiting_for(records), names)


def propose(
    delivered: Sequence[Delivered],
    snapshot: Snapshot,
    limits: Limits,
    progress: Progress = no_progress,
    policy: Policy = NO_POLICY,
    plan_day: PlanDay | None = None,
    configured: Collection[str] | None = None,
) -> Proposal:
    """Works out what would change; reads the snapshot, writes nothing. Progress is in steps.

    Without an ``plan_day`` nobody has a grace, nothing ends and nothing was announced. ``configured``: the sources of
    the workspace; what is stored of another one may come under new ids.
    """
    desired = merge(delivered, snapshot)
    compared = compare(desired, snapshot, plan_day, configured)
    progress("planning", 1, 3)
    records = close_ended(protect(compared.records), plan_day, snapshot)
    records, reports = resolve_references(records, approved_archives(records, snapshot))
    records = ended_too(records, plan_day)
    records = apply_policy(records, policy, snapshot)
    held = hold(records, snapshot, limits, plan_day, policy.overlaid, compared.doubts)
    progress("planning", 2, 3)
    reported = _reported(delivered, records, [compared.missing, reports])
    found = [*(one.extract.findings for one in delivered), compared.findings, reported, held.findings]
    found += [tables_gone(delivered, snapshot)]
    found += [overdue(plan_day.expectations, plan_day.as_of)] if plan_day else []
    every = findings.ordered(findings.concat(found))
    proposal = proposal_of(held, compared, desired, every, snapshot, policy, plan_day)
    progress("planning", 3, 3)
    return proposal


def _policy(connection: sqlite3.Connection, config: Config, as_of: date) -> Policy:
    manages = {name: frozenset(entry.manages) for name, entry in config.sources.items() if entry.manages}
    window = Window.on(config.windows, as_of, "additions")
    return replace(
        policy_facts(connection, config.policy, manages), additions_only=f"{window} (windows)" if window else ""
    )


def _absent(delivered: Sequence[Delivered]) -> dict[str, str]:
    """By source of which every table is absent, though it could be opened: why."""
    whole = {one.source: one.extract.tables for one in delivered if one.extract.tables}
    return {
        name: tables[0].reason for name, tables in whole.items() if all(t.coverage == Coverage.ABSENT for t in tables)
    }


def plan_sources(
    path: Path,
    connection: sqlite3.Connection,
    config: Config,
    packages: Mapping[str, Path],
    as_of: date,
    progress: Progress,
    *,
    keep: bool = True,
    now: bool = False,
    promotes: bool = False,
) -> Plan:
    """Reads the sources, works out the plan and, with ``keep``, stores it; returns it.

    ``packages``, by source: what is read instead of what its settings name. ``now``: nobody has a grace.
    ``promotes``: grades may rise by one; Refused where none does.
    """
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(path, connection, config, as_of, Path(scratch), progress, keep)
        read = extract_sources(run, packages)
        snapshot = StoreSnapshot(path, connection)
        progress("planning", 0, 0)
        plan_day = occasion_of(connection, config, as_of, now=now, promotes=promotes)
        limits = limits_with(config.limits, overrides.in_force(connection, as_of))
        policy = _policy(connection, config, as_of)
        proposal = propose(read.delivered, snapshot, limits, progress, policy, plan_day, config.sources)
        if promotes and not proposal.promoted:
            raise Refused("No grade rises by one in what was delivered: there is no promotion yet.", why="no-promotion")
        return _stored(run, read, proposal, snapshot.revision)


def _open_packages(connection: sqlite3.Connection, read: Extraction, sources: Sequence[str]) -> int:
    """How many packages of changes wait or came in this run, and were not applied yet."""
    new = {
        (one.source, one.extract.id)
        for one in read.delivered
        if any(table.changes for table in one.extract.tables)
        and deltas.known(connection, one.source, one.extract.id) != "applied"
    }
    return len(new | set(deltas.waiting(connection, sources)))


def _stored(run: Run, read: Extraction, proposal: Proposal, base: int) -> Plan:
    """The proposal as a plan, which is stored where the run keeps it."""
    config, connection = run.config, run.connection
    sources = list(dict.fromkeys(one.source for one in read.delivered))
    queued = [*deltas.waiting(connection, sources), *((one.source, one.extract.id) for one in read.delivered)]
    covered = tuple(dict.fromkeys(queued))
    before = plans.applied_settings(connection)
    going, held = proposal.changes.applicable, proposal.changes.held
    known, day = known_sources(connection, sources), plans.newest_day(connection)
    days = (run.as_of - day).days if day else 0
    why = needs_person(going, config.mode, config.settings_digest, before, known, days)
    why = f"it promotes {proposal.promoted} students to the next grade" if proposal.promoted else why
    overridden = overrides.in_force(connection, run.as_of)
    created, severities = plans.now(), Counter(proposal.findings["severity"].to_list())
    plan = Plan(
        id=_id(run.as_of),
        state="proposed" if run.keep else "tried",
        as_of=run.as_of,
        created_at=created,
        expires_at=created + timedelta(days=config.plan_days),
        sources=tuple(sources),
        kind="sync",
        base=base,
        content_hash=proposal.content_hash,
        needs_approval=bool(why),
        approval_why=why,
        packages=tuple(package for _, package in covered),
        changes=counts(going),
        held=counts(held.loud),
        findings={s: severities[s] for s in ("error", "warning", "info")},
        coverage=tuple(
            TableCoverage(place[0], str(coverage), reason)
            for place, (coverage, reason) in coverages(read.delivered).items()
        ),
        unread={**_absent(read.delivered), **read.failed},
        notes=(
            *([f"Promotion: the grades of {proposal.promoted} students rise by one."] if proposal.promoted else []),
            *override_notes(config.limits, overridden),
            *notes(
                held,
                read.delivered,
                failed=read.failed,
                left=read.waiting,
                applied_before=bool(read.applied),
                waiting=_open_packages(connection, read, sources),
                first=before is None,
                approvers=approvers(connection, proposal.used_approvals),
            ),
        ),
    )
    if run.keep:
        used = [one.id for one in overridden if one.once]
        store_proposal(connection, plan, config.settings_digest, proposal, read.delivered, covered, read.taken, used)
    return plan


def _id(as_of: date) -> str:
    return f"{as_of:%Y%m%d}-{secrets.token_hex(4)}"


def plan_undo(path: Path, connection: sqlite3.Connection, config: Config, revision: int | None, as_of: date) -> Plan:
    """Stores the plan that takes a revision back; UsageError when there is no such revision."""
    past = revisions(connection) if revision is None else revisions(connection, "id=?", (revision,))
    if not past:
        what = "Nothing was applied yet" if revision is None else f"There is no revision {revision}"
        raise UsageError(f'{what}. See "rosterkit history".')
    undone = plans.find(connection, past[0].plan)
    snapshot = StoreSnapshot(path, connection)
    reversal = reverse(plans.parts(connection, undone.id), snapshot)
    held = counts(reversal.changes.held)
    left, created = sum(c.total for c in held.values()), plans.now()
    plan = Plan(
        id=_id(as_of),
        state="proposed",
        as_of=as_of,
        created_at=created,
        expires_at=created + timedelta(days=config.plan_days),
        sources=undone.sources,
        kind="undo",
        base=snapshot.revision,
        content_hash=reversal.content_hash,
        needs_approval=True,
        approval_why="an undo is a person's decision",
        undoes=past[0].revision,
        changes=counts(reversal.changes.applicable),
        held=held,
        findings={"error": 0, "warning": 0, "info": 0},
        notes=(
            f"It undoes revision {past[0].revision}. What it takes back stays so until the source delivers another.",
            *(
                [f"{left} changes of that revision are left as they are: later ones changed or refer to them."]
                if left
                else []
            ),
        ),
    )
    store_reversal(connection, plan, config.settings_digest, reversal)
    return plan
