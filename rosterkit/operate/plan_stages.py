"""The first stages of a run: apply what people approved, read and plan every source, apply what is clear."""

from __future__ import annotations

import sqlite3
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rosterkit.attention import attention_reason, coverage_gaps
from rosterkit.config import Config
from rosterkit.errors import Refused, SourceUnreadable
from rosterkit.operate.base import Outcome, Verbs
from rosterkit.operate.record import Recorder
from rosterkit.operate.windows import blackout
from rosterkit.plan.plan import Plan
from rosterkit.sources.base import coverage_in_words
from rosterkit.store import plans, runs
from rosterkit.store.lookup import switched_off
from rosterkit.store.runs import Item

_LONGEST = 400  # characters of a reason in a notice


def _shortened(text: str) -> str:
    return textwrap.shorten(text, _LONGEST, placeholder=" …")


@dataclass(frozen=True)
class Unread:
    """In how many runs in a row a source was not read, and whether people were notified of it."""

    runs: int
    reported: bool


def apply_approved(verbs: Verbs) -> Outcome:
    """Applies the newest plan that a person approved and nobody applied."""
    if verbs.config.mode == "observe":
        return Outcome("skipped", 'mode is "observe"')
    if window := blackout(verbs.config, verbs.today()):
        return Outcome("skipped", str(window))
    with verbs.read() as connection:
        waiting = [plan for plan in plans.all_plans(connection) if plan.state == "approved"]
    if not waiting:
        return Outcome("skipped", "no approved plan waits")
    try:
        done = verbs.apply(waiting[0].id)
    except Refused as problem:
        return Outcome("refused", str(problem), 0, {"plan": waiting[0].id})
    return Outcome("done", facts={"plan": done.plan, "revision": done.revision})


def read_sources(verbs: Verbs, recorder: Recorder) -> Outcome:
    """Reads and plans all sources together; after a crash it takes over the plan that this run had stored."""
    if window := blackout(verbs.config, recorder.run.as_of):
        return Outcome("skipped", str(window))
    with verbs.read() as connection:
        before = source_states(connection, verbs.config, recorder)
        made = plans.sync_plan_after(connection, int(recorder.facts("plan").get("newest_plan", 0)))
    if not before:
        return Outcome("skipped", "no source is enabled")
    try:
        plan = made or verbs.plan(recorder.run.as_of)
    except SourceUnreadable as problem:
        (name,) = before
        items = _failing({name: str(problem)}, before, verbs.config)
        return Outcome("failed", str(problem), problem.exit_code, {"sources": {name: "failed"}}, items)
    recorder.remember_plan(plan.id)
    failed = {name: plan.unread[name] for name in before if name in plan.unread}
    states = {name: "failed" if name in failed else "read" for name in before}
    items = (*_failing(failed, before, verbs.config), *_recovered(states, before), *_partial(plan))
    facts = {
        "plan": plan.id,
        "sources": states,
        "changes": {entity: asdict(counts) for entity, counts in plan.changes.items() if counts.total},
        "to_apply": plan.total.total,
        "held": plan.total_held.total,
        "findings": dict(plan.findings),
    }
    if failed and len(failed) == len(before):
        return Outcome("failed", "No source could be read.", 3, facts, items)
    state = "look" if failed or attention_reason(plan) else "done"
    return Outcome(state, _shortened(" ".join(plan.notes)), int(state == "look"), facts, items)


def source_states(
    connection: sqlite3.Connection, config: Config, recorder: Recorder | None = None
) -> dict[str, Unread]:
    """By source that is to be read, the runs in a row before this one in which it was not read."""
    off = {name for name, schools in switched_off(connection).items() if "" in schools}
    names = [name for name, entry in config.sources.items() if entry.enabled and name not in off]
    found = dict.fromkeys(names, Unread(0, reported=False))
    open_ = set(names)
    for run in runs.earlier(connection, "sync", recorder.run.id if recorder else 0):
        stage = run.stage("plan")
        if stage and stage.state == "skipped":
            continue
        known: Mapping[str, str] = stage.facts.get("sources", {}) if stage else {}
        # A run that knew its sources and not this one took place before it was configured.
        open_ -= {name for name in open_ if known.get(name) == "read" or (known and name not in known)}
        reported = " ".join(text for kind, text in stage.items if kind == "stale") if stage else ""
        for name in open_:
            before = found[name]
            found[name] = Unread(before.runs + 1, reported=before.reported or f"Source {name} " in reported)
    return found


def _failing(failed: Mapping[str, str], before: Mapping[str, Unread], config: Config) -> tuple[Item, ...]:
    """Sources that could not be read often enough in a row."""
    found: list[Item] = []
    for name, why in failed.items():
        count = before[name].runs + 1
        if count >= config.schedule.alarm_after:
            text = f"Source {name} could not be read in {count} runs in a row: {_shortened(why)}"
            found.append(("stale", f"{text.rstrip('. ')}. Its records stay as they were."))
    return tuple(found)


def _recovered(states: Mapping[str, str], before: Mapping[str, Unread]) -> tuple[Item, ...]:
    return tuple(
        ("recovered", f"Source {name} is read again, after {before[name].runs} runs without it.")
        for name, state in states.items()
        if state == "read" and before[name].reported
    )


def _partial(plan: Plan) -> tuple[Item, ...]:
    seen = set(plan.unread.values())  # of whole sources, which are reported by themselves
    missing = [gap for gap in coverage_gaps(plan.coverage) if gap.reason not in seen]
    found = coverage_in_words(missing)
    if not found:
        return ()
    return (("failed", f"Plan {plan.id}: {'; '.join(found)}. Nobody is archived for being absent there."),)


def apply_plan(verbs: Verbs, recorder: Recorder) -> Outcome:
    """Applies the plan of this run where no person must approve it, and says what it holds."""
    if not recorder.run.plan:
        return Outcome("skipped", "there is no plan")
    with verbs.read() as connection:
        plan = plans.find(connection, recorder.run.plan)
        codes = runs.held_by(connection, plan.id)
    facts = {"plan": plan.id, "held_by": dict(sorted(codes.items()))}
    items = _held(plan, codes)
    if verbs.config.mode == "observe":
        return Outcome("skipped", 'mode is "observe": nothing is applied', int(bool(items)), facts, items)
    if plan.state == "applied":  # by an attempt that was killed before it could record this
        return Outcome("look" if items else "done", "", int(bool(items)), facts | _made(plan), items)
    if plan.needs_approval and plan.state != "approved":
        wanted = ("held", f"Plan {plan.id} waits for a person: {plan.approval_why}.")
        return Outcome("waiting", plan.approval_why, 1, facts, (wanted, *items))
    done = verbs.apply(plan.id)
    made = {"revision": done.revision} if done.wrote else {}
    return Outcome("look" if items else "done", "", int(bool(items)), facts | made, items)


def _made(plan: Plan) -> dict[str, int]:
    return {"revision": plan.revision_made} if plan.revision_made else {}


def _held(plan: Plan, codes: Mapping[str, int]) -> tuple[Item, ...]:
    """What waits for a decision: what limits hold, and suspected reuses of an id."""
    limit, case = codes.get("limit", 0), codes.get("case", 0)
    parts = [f"{limit} {_records(limit)} by a limit"] if limit else []
    parts += [f"{case} {_records(case)} because an id may have been given to another person"] if case else []
    return (("held", f"Plan {plan.id} holds {' and '.join(parts)}."),) if parts else ()


def _records(count: int) -> str:
    return "record" if count == 1 else "records"
