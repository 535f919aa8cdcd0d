"""From extracts to a stored plan: all sources of the workspace are read, planned together, and stored as one plan."""

from __future__ import annotations

import secrets
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.errors import Refused, SourceUnreadable
from rosterkit.limit_facts import limits_with, occasion_of, override_notes
from rosterkit.plan.approvals import approved_archives
from rosterkit.plan.causes import SUSPECTED
from rosterkit.plan.changes import Changes, counts
from rosterkit.plan.compare import compare
from rosterkit.plan.dangling import as_findings
from rosterkit.plan.expectations import overdue
from rosterkit.plan.kept import NO_POLICY, Policy, apply_policy
from rosterkit.plan.limits import Limits
from rosterkit.plan.merge import Delivered, merge
from rosterkit.plan.occasion import Occasion
from rosterkit.plan.plan import Plan
from rosterkit.plan.proposal import Proposal, hold, proposal_of
from rosterkit.plan.records import Records
from rosterkit.plan.references import protect, resolve_references, waiting_for
from rosterkit.plan.rollover import close_ended, ended_too
from rosterkit.plan.snapshot import Snapshot
from rosterkit.plan.undo import reverse
from rosterkit.registry import source
from rosterkit.roster import findings
from rosterkit.sources.base import Context, Coverage, Extract, Progress, no_progress
from rosterkit.sources.bundle import ReadOptions
from rosterkit.sources.findings import Findings
from rosterkit.sources.promises import checked
from rosterkit.sources.row_cache import RowCache
from rosterkit.store import deltas, overrides, plans
from rosterkit.store.history import revisions
from rosterkit.store.lookup import switched_off
from rosterkit.store.policy_facts import policy_facts
from rosterkit.store.save import store_proposal, store_reversal
from rosterkit.store.snapshot import StoreSnapshot
from rosterkit.transport.secrets import resolve

__all__ = ["plan_sources", "plan_undo", "propose", "read_options"]


def _reported(delivered: Sequence[Delivered], records: Records, reports: Sequence[pl.DataFrame]) -> pl.DataFrame:
    names = {one.source: one.extract.column_names for one in delivered if one.extract.column_names}
    return as_findings(reports, records.states, waiting_for(records), names)


def propose(
    delivered: Sequence[Delivered],
    snapshot: Snapshot,
    limits: Limits,
    progress: Progress = no_progress,
    policy: Policy = NO_POLICY,
    occasion: Occasion | None = None,
) -> Proposal:
    """Works out what would change; reads the snapshot, writes nothing. Progress is in steps.

    Without an ``occasion`` nobody has a grace, nothing ends and nothing was announced.
    """
    desired = merge(delivered, snapshot)
    compared = compare(desired, snapshot, occasion)
    progress("planning", 1, 3)
    records = close_ended(protect(compared.records), occasion, snapshot)
    records, reports = resolve_references(records, approved_archives(records, snapshot))
    records = ended_too(records)
    records = apply_policy(records, policy, snapshot)
    held = hold(records, snapshot, limits, occasion)
    progress("planning", 2, 3)
    reported = _reported(delivered, records, [compared.missing, reports])
    found = [*(one.extract.findings for one in delivered), compared.findings, reported, held.findings]
    found += [overdue(occasion.expectations, occasion.as_of)] if occasion else []
    every = findings.ordered(findings.concat(found))
    proposal = proposal_of(held, compared, desired, every, snapshot, policy, occasion)
    progress("planning", 3, 3)
    return proposal


@dataclass(frozen=True)
class _Read:
    """What the sources of a workspace delivered; ``failed``, by source: why it could not be read."""

    delivered: tuple[Delivered, ...]
    states: Mapping[str, str]  # by source: new, queued or settled, of the changes in its extract
    failed: Mapping[str, str]


def _accepted_lines(connection: sqlite3.Connection, name: str) -> frozenset[str]:
    """Hashes of the unreadable lines of this source that a person accepted."""
    return frozenset(row[0] for row in connection.execute("select hash from accepted_line where source=?", (name,)))


def read_options(connection: sqlite3.Connection, config: Config, name: str, progress: Progress) -> ReadOptions:
    """How the packages of this source are read where they are only checked."""
    settings = config.source(name)
    return ReadOptions(
        strict=bool(getattr(settings.settings, "strict", False)),
        demographics=config.demographics,
        dates=str(getattr(settings.settings, "dates", "iso")),
        accepted_lines=_accepted_lines(connection, name),
        caps=config.caps,
        progress=progress,
    )


@dataclass(frozen=True)
class Run:
    """What one run of a workspace is given: its settings, the day, and a folder that is removed afterwards."""

    path: Path  # of roster.db
    connection: sqlite3.Connection
    config: Config
    as_of: date
    scratch: Path
    progress: Progress
    keep: bool = True  # whether the plan is stored


def _extract(run: Run, name: str, package: Path | None) -> Extract:
    """What one source delivers. ``package`` takes the place of the path in its settings."""
    entry = run.config.source(name)
    reader = source(entry.kind)
    settings = (
        entry.settings if package is None else entry.settings.model_copy(update={"path": str(package.absolute())})
    )
    scratch = run.scratch / name
    scratch.mkdir(mode=0o700)
    cursor = run.connection.execute("select cursor from source_cursor where source=?", (name,)).fetchone()
    context = Context(
        findings=Findings(reader.rules, strict=bool(getattr(settings, "strict", False))),
        as_of=run.as_of,
        scratch=scratch,
        folder=run.path.parent,
        progress=run.progress,
        demographics=run.config.demographics,
        cursor=cursor[0] if cursor else None,
        ignored_lines=_accepted_lines(run.connection, name),
        size_limits=run.config.caps,
        row_cache=RowCache(run.path.parent / "cache" / "rows", may_write=run.keep),
        secret=lambda reference: resolve(reference, run.path.parent).get_secret_value(),
    )
    return checked(reader.extract(settings, context))


def _read(run: Run, packages: Mapping[str, Path]) -> _Read:
    """Reads every source that is enabled. One that cannot be read leaves its own records as they are.

    Raises SourceUnreadable where it is the only one.
    """
    delivered, states, failed = [], {}, {}
    off = {name for name, schools in switched_off(run.connection).items() if "" in schools}
    names = [n for n, entry in run.config.sources.items() if n in packages or (entry.enabled and n not in off)]
    for name in names:
        try:
            extract = _extract(run, name, packages.get(name))
        except SourceUnreadable as problem:
            if len(names) == 1:
                raise
            failed[name] = str(problem)
            continue
        states[name] = deltas.known(run.connection, name, extract.id)
        # What an API delivers is fetched again until it is applied: its changes are never queued, so never known.
        known = states[name] != "new" and extract.cursor is None
        delivered.append(Delivered(name, extract, known=known))
    return _Read(tuple(delivered), states, failed)


def _needs_person(connection: sqlite3.Connection, config: Config, changes: Changes) -> str:
    """Why a person must approve; "" where none must."""
    row = connection.execute(
        "select settings_digest from plan where kind='sync' and state='applied' order by number desc limit 1"
    ).fetchone()
    if row is None:
        return "it is the first plan of this source"
    if row[0] != config.settings_digest:
        return "settings have changed since the last plan that was applied"
    orgs = changes.status.get("Org")
    if orgs is not None and "archive" in orgs["action"].to_list():
        return "a school or another organisation would leave, with what belongs to it"
    return "" if config.mode == "auto" else f'mode is "{config.mode}"'


def _held_records(held: Changes) -> Counter[str]:
    """How many records each code holds, in whole or in part."""
    found = {(name, *row) for _, name, frame in held.frames() for row in frame.select("id", "hold").iter_rows()}
    return Counter(code for _, _, code in found)


_HELD = {
    "limit": "held by a limit on what may change in one run",
    "case": "held: the id may have been reused for another person",
    "person": "set aside by a person",
    "undo": "held because a person undid them",
    "policy": "kept by policy",
    "early": "of the next school year, which is not released yet",
    "grace": "gone from the source for a few days only, and waiting with what belongs to them",
    "protected": "kept: a row that cannot be read may be about them",
    "needed": "held: what depends on it would be lost",
    "dependant": "held because it depends on something that is held",
}


def _causes(held: Changes) -> list[str]:
    """The causes that limits suspect, each once."""
    reasons = {r for _, _, f in held.frames() for r in f.filter(pl.col("hold") == "limit")["hold_reason"].unique()}
    return sorted({reason.partition(SUSPECTED)[2].removesuffix("?") for reason in reasons if SUSPECTED in reason})


def _notes(held: Changes, read: _Read, waiting: int, *, first: bool) -> tuple[str, ...]:
    """Sentences a reviewer should read first."""
    notes = ["This is the first plan of this source: everything in it is new."] if first else []
    notes += [
        f"Source {name} could not be read, and its records stay as they are: {why}" for name, why in read.failed.items()
    ]
    tables = [(one.source, table) for one in read.delivered for table in one.extract.tables]
    if any(read.states[name] == "settled" and table.changes for name, table in tables):
        notes.append("The changes in this package were applied before; they are not applied again.")
    if waiting > 1:
        notes.append(f"It covers {waiting} packages of changes that were not applied yet.")
    notes += [
        f"{table.entity} is partial ({table.reason}): nobody is archived for being absent from it."
        for _, table in tables
        if table.coverage == Coverage.PARTIAL
    ]
    codes = _held_records(held)
    notes += [
        f"{codes[code]} {'record is' if codes[code] == 1 else 'records are'} {text}."
        for code, text in _HELD.items()
        if codes[code]
    ]
    notes += [f"Suspected cause: {cause}." for cause in _causes(held)] if codes["limit"] else []
    return tuple(notes)


def _policy(connection: sqlite3.Connection, config: Config) -> Policy:
    manages = {name: frozenset(entry.manages) for name, entry in config.sources.items() if entry.manages}
    return policy_facts(connection, config.policy, manages)


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
        read = _read(run, packages)
        snapshot = StoreSnapshot(path, connection)
        progress("planning", 0, 0)
        occasion = occasion_of(connection, config, as_of, now=now, promotes=promotes)
        limits = limits_with(config.limits, overrides.in_force(connection, as_of))
        proposal = propose(read.delivered, snapshot, limits, progress, _policy(connection, config), occasion)
        if promotes and not proposal.promoted:
            raise Refused("No grade rises by one in what was delivered: there is no promotion yet.", why="no-promotion")
        return _stored(run, read, proposal, snapshot.revision)


def _stored(run: Run, read: _Read, proposal: Proposal, base: int) -> Plan:
    """The proposal as a plan, which is stored where the run keeps it."""
    config, connection = run.config, run.connection
    sources = [one.source for one in read.delivered]
    queued = [*deltas.waiting(connection, sources), *((one.source, one.extract.id) for one in read.delivered)]
    covered = tuple(dict.fromkeys(queued))
    first = not connection.execute("select 1 from plan where kind='sync' and state='applied'").fetchone()
    going, held = proposal.changes.applicable, proposal.changes.held
    why = "" if going.empty else _needs_person(connection, config, going)
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
        segments=tuple((t.entity, "", str(t.coverage), t.reason) for one in read.delivered for t in one.extract.tables),
        notes=(
            *([f"Promotion: the grades of {proposal.promoted} students rise by one."] if proposal.promoted else []),
            *override_notes(config.limits, overridden),
            *_notes(held, read, len(covered) - len(sources) + 1, first=first),
        ),
    )
    if run.keep:
        used = [one.id for one in overridden if one.once]
        store_proposal(connection, plan, config.settings_digest, proposal, read.delivered, covered, used)
    return plan


def _id(as_of: date) -> str:
    return f"{as_of:%Y%m%d}-{secrets.token_hex(4)}"


def plan_undo(path: Path, connection: sqlite3.Connection, config: Config, revision: int | None, as_of: date) -> Plan:
    """Stores the plan that takes a revision back; Refused when there is no such revision."""
    past = revisions(connection) if revision is None else revisions(connection, "id=?", (revision,))
    if not past:
        what = "Nothing was applied yet" if revision is None else f"There is no revision {revision}"
        raise Refused(f'{what}. See "rosterkit history".', why="no-revision")
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
