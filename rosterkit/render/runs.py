"""Runs for people at a terminal, and as JSON shapes (docs/json.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from rich.console import Console

from rosterkit.render.labels import moment
from rosterkit.render.tables import table, text
from rosterkit.store.runs import Run, Stage

_ENDED = {
    "running": "is running",
    "stopped": "was stopped and goes on with the next start",
    "done": "is done",
    "look": "is done, and somebody should look",
    "failed": "failed",
    "missed": "did not take place",
}


def runs(console: Console, known: Iterable[Run], zone: tzinfo) -> None:
    """Runs, one in a line."""
    rows = [
        (
            one.id,
            one.job,
            moment(one.started_at, zone),
            one.slot or "by hand",
            one.state,
            "–" if one.exit_code is None else one.exit_code,
            one.plan or "–",
            ", ".join(dict.fromkeys(kind for kind, _ in _items(one))) or one.message or "–",
        )
        for one in known
    ]
    head = ["run", "job", "started", "due", "state", "exit", "plan", "notices"]
    console.print(table("Runs", head, rows) if rows else "There was no run yet. Begin one: rosterkit sync")


def run(console: Console, one: Run, zone: tzinfo) -> None:
    """One run with its stages."""
    again = f", after {one.attempts - 1} interruptions" if one.attempts > 1 else ""
    due = f", due at {one.slot}" if one.slot else ""
    console.print(text(f"Run {one.id} ({one.job}{due}) {_ENDED.get(one.state, one.state)}{again}.", "bold"))
    code = "" if one.exit_code is None else f" Exit code {one.exit_code}."
    console.print(text(f"It began at {moment(one.started_at, zone)}, as of {one.as_of}.{code}"))
    rows = [
        (stage.name, stage.state, _seconds(stage), stage.exit_code, _facts(stage.facts), stage.why or "–")
        for stage in one.stages
    ]
    console.print(table("Stages", ["stage", "state", "seconds", "exit", "facts", "why"], rows))
    if items := _items(one):
        console.print(table("What people are notified of", ["kind", "what"], items))


def next_steps(one: Run, command: str) -> list[str]:
    """What a person does about a run that waits or is to be looked at; ``command`` is rosterkit with the workspace."""
    steps = []
    for stage in one.stages:
        feed = stage.name.removeprefix("feed ")
        if stage.name == "apply" and stage.state in ("look", "waiting"):
            held = " --held" if stage.state == "look" else ""
            steps.append(f"Look at the plan: {command} show {one.plan}{held}")
        elif stage.name != feed and stage.state == "waiting":
            steps.append(f"Look at the file that waits: {command} feed status {feed}")
    return steps


def _items(one: Run) -> tuple[tuple[str, str], ...]:
    """What people were notified of, each once: kind and sentence."""
    return tuple(dict.fromkeys(item for stage in one.stages for item in stage.items))


def _seconds(stage: Stage) -> str:
    return "–" if stage.ended_at is None else f"{(stage.ended_at - stage.started_at).total_seconds():.1f}"


def _facts(facts: Mapping[str, Any]) -> str:
    """Counts and names in one line; what is only for a run that goes on is left out."""
    shown = {name: value for name, value in facts.items() if not name.startswith("newest_") and _value(value)}
    return ", ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in shown.items()) or "–"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_value(inner)}" for key, inner in value.items() if inner)
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def run_facts(one: Run) -> dict[str, Any]:
    """A run as JSON has it."""
    names = ("job", "slot", "state", "as_of", "started_at", "ended_at", "attempts", "exit_code", "plan", "revision")
    return {
        "run": one.id,
        **{name: getattr(one, name) for name in names},
        "message": one.message,
        "stages": [_stage_facts(stage) for stage in one.stages],
    }


def _stage_facts(stage: Stage) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "state": stage.state,
        "started_at": stage.started_at,
        "ended_at": stage.ended_at,
        "exit_code": stage.exit_code,
        "why": stage.why,
        "facts": dict(stage.facts),
        "items": [{"kind": kind, "text": text_} for kind, text_ in stage.items],
    }
