"""From a package to a stored plan: read, build, say what a reviewer should know first, store."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from rosterkit.config import Config
from rosterkit.errors import Refused
from rosterkit.plan.build import Draft, build
from rosterkit.plan.changes import Parts, counts
from rosterkit.plan.plan import Plan
from rosterkit.plan.undo import reverse
from rosterkit.registry import source
from rosterkit.roster.schema import entities
from rosterkit.sources.base import Progress
from rosterkit.sources.bundle import Bundle, ReadOptions, read_bundle
from rosterkit.sources.row_cache import RowCache
from rosterkit.store import deltas as queue
from rosterkit.store import plans
from rosterkit.store.history import revisions
from rosterkit.store.save import store_draft, store_reversal
from rosterkit.store.snapshot import StoreSnapshot

__all__ = ["plan_package", "plan_undo", "read_options"]


def _id(as_of: date) -> str:
    return f"{as_of:%Y%m%d}-{secrets.token_hex(4)}"


def _accepted_lines(connection: sqlite3.Connection, name: str) -> frozenset[str]:
    """Hashes of the unreadable lines of this source that a person accepted."""
    return frozenset(row[0] for row in connection.execute("select hash from accepted_line where source=?", (name,)))


def read_options(connection: sqlite3.Connection, config: Config, name: str, progress: Progress) -> ReadOptions:
    """How the packages of this source are read."""
    settings = config.source(name)
    return ReadOptions(
        strict=bool(getattr(settings.settings, "strict", False)),
        demographics=config.demographics,
        dates=str(getattr(settings.settings, "dates", "iso")),
        accepted_lines=_accepted_lines(connection, name),
        caps=config.caps,
        progress=progress,
    )


def _needs_person(connection: sqlite3.Connection, config: Config, name: str, draft: Draft) -> str:
    """Why a person must approve; "" where none must."""
    row = connection.execute(
        "select settings_digest from plan where source=? and kind='sync' and state='applied' order by seq desc limit 1",
        (name,),
    ).fetchone()
    if row is None:
        return "it is the first plan of this source"
    if row[0] != config.settings_digest:
        return "settings have changed since the last plan that was applied"
    orgs = draft.parts.applicable().status.get("Org")
    if orgs is not None and (orgs["action"] == "archive").any():
        return "a school or another organisation would leave, with what belongs to it"
    return "" if config.mode == "auto" else f'mode is "{config.mode}"'


def _held_records(held: Parts) -> Counter[str]:
    """How many records each code holds, in whole or in part."""
    frames = [f.select("id", "hold", entity=pl.lit(name)) for _, name, f in held.frames()]
    none = pl.DataFrame(schema={"id": pl.Int64, "hold": pl.String, "entity": pl.String})
    return Counter(dict(pl.concat([none, *frames]).unique().group_by("hold").len().iter_rows()))


def _notes(draft: Draft, bundle: Bundle, waiting: int, state: str, first: bool) -> tuple[str, ...]:
    """Sentences a reviewer should read first."""
    notes = ["This is the first plan of this source: everything in it is new."] if first else []
    if state == "settled" and any(s.delta for s in bundle.segments):
        notes.append("The changes in this package were applied before; they are not applied again.")
    if waiting > 1:
        notes.append(f"It covers {waiting} packages of changes that were not applied yet.")
    partial = [s for s in bundle.segments if s.state == "partial"]
    notes += [f"{s.entity} is partial ({s.why}): nobody is archived for being absent from it." for s in partial]
    codes = _held_records(draft.parts.held())
    words = {
        "limit": "held by a limit on what may vanish",
        "case": "held as a case: an id may have been given to another person",
        "person": "set aside by a person",
        "undo": "held because a person undid them",
        "protected": "kept because a row that cannot be read may speak of it",
        "dependant": "held because it depends on something that is held",
    }
    notes += [
        f"{codes[code]} {'record is' if codes[code] == 1 else 'records are'} {words[code]}."
        for code in words
        if codes[code]
    ]
    return tuple(notes)


def plan_package(
    path: Path,
    connection: sqlite3.Connection,
    config: Config,
    name: str,
    package: Path,
    as_of: date,
    progress: Progress,
) -> Plan:
    """Reads the package, works out the plan and stores it; returns it."""
    options = read_options(connection, config, name, progress)
    options = replace(options, row_cache=RowCache(path.parent / "cache" / "rows" / name, may_write=True), as_of=as_of)
    read = read_bundle(source(config.source(name).kind), package, options).checked()
    bundle = queue.tonight(read, queue.known(connection, name, read.package.id))
    snapshot = StoreSnapshot(path, connection, name)
    progress("planning", 0, 0)
    draft = build(bundle, snapshot, config.limits, progress)
    state = queue.known(connection, name, read.package.id)
    packages = tuple(dict.fromkeys([*queue.waiting(connection, name), read.package.id]))
    created = plans.now()
    first = not connection.execute("select 1 from plan where source=? and state='applied'", (name,)).fetchone()
    why = "" if draft.parts.applicable().empty else _needs_person(connection, config, name, draft)
    severities = dict(draft.findings.group_by("severity").len().iter_rows())
    plan = Plan(
        id=_id(as_of),
        source=name,
        kind="sync",
        state="proposed",
        base=snapshot.revision,
        as_of=as_of,
        created_at=created,
        expires_at=created + timedelta(hours=config.plan_hours),
        content_hash=draft.content_hash,
        needs_approval=bool(why),
        approval_why=why,
        packages=packages,
        changes=counts(draft.parts.applicable()),
        held=counts(draft.parts.held()),
        findings={s: severities.get(s, 0) for s in ("error", "warning", "info")},
        segments=tuple((s.entity, s.role, s.state, s.why) for s in read.segments),
        notes=_notes(draft, read, len(packages), state, first),
    )
    store_draft(connection, plan, config.settings_digest, draft, read)
    return plan


def plan_undo(path: Path, connection: sqlite3.Connection, config: Config, revision: int | None, as_of: date) -> Plan:
    """Stores the plan that takes a revision back; Refused when there is no such revision."""
    past = revisions(connection) if revision is None else revisions(connection, "id=?", (revision,))
    if not past:
        what = "Nothing was applied yet" if revision is None else f"There is no revision {revision}"
        raise Refused(f'{what}. See "rosterkit history".', why="no-revision")
    undone = plans.find(connection, past[0].plan)
    snapshot = StoreSnapshot(path, connection, undone.source)
    reversal = reverse(plans.parts(connection, undone.id), {e.name: snapshot.rows(e) for e in entities()})
    created = plans.now()
    held = counts(reversal.parts.held())
    left = sum(c.total for c in held.values())
    plan = Plan(
        id=_id(as_of),
        source=undone.source,
        kind="undo",
        state="proposed",
        base=snapshot.revision,
        as_of=as_of,
        created_at=created,
        expires_at=created + timedelta(hours=config.plan_hours),
        content_hash=reversal.content_hash,
        needs_approval=True,
        approval_why="an undo is a person's decision",
        undoes=past[0].revision,
        changes=counts(reversal.parts.applicable()),
        held=held,
        findings={"error": 0, "warning": 0, "info": 0},
        notes=(
            f"It undoes revision {past[0].revision}. What it takes back stays so until the source says something new.",
            *(
                [f"{left} changes of that revision are left as they are: later ones changed or refer to them."]
                if left
                else []
            ),
        ),
    )
    store_reversal(connection, plan, config.settings_digest, reversal)
    return plan
