"""The record of a run: written before and after each stage, so that a run that was killed goes on where it stopped.

A run also goes on where its record cannot be written (a full disk): people are still notified.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from rosterkit.errors import Refused, RosterkitError
from rosterkit.operate.base import Outcome, Stopped, Verbs
from rosterkit.operate.logs import log
from rosterkit.problems import sentence
from rosterkit.store import plans, runs
from rosterkit.store.runs import Item, Run, Stage

_T = TypeVar("_T")
_MOST_ATTEMPTS = 3  # a run that kills its process each time is not begun for ever
WORST = (70, 2, 3, 4, 1, 0)
"""Exit codes, the worst first: a run has the worst of its stages."""


class Recorder:
    """Guards the record of one run. ``facts`` of a stage that begins tell a later attempt how things were then."""

    def __init__(self, verbs: Verbs, run: Run, items: tuple[Item, ...] = ()) -> None:
        self.run = run
        self.items = items  # of the run itself, beside those of its stages
        self.unrecorded = ""  # why the record could not be written
        self._verbs = verbs
        self._stages: dict[str, Stage] = {stage.name: stage for stage in run.stages}
        self._log = log().bind(run=run.id, job=run.job)

    @classmethod
    def open(cls, verbs: Verbs, job: str, slot: str, items: tuple[Item, ...] = ()) -> Recorder:
        """The run of that job that was interrupted, or a new one. The caller holds the lock of a sync."""
        with verbs.read() as connection:
            before = runs.interrupted(connection, job)
        going_on = next((old for old in before if _goes_on(old, verbs, slot)), None)
        if going_on:
            made = cls(verbs, going_on, items)
            made.run = made._put(lambda connection: runs.begin_again(connection, going_on.id)) or going_on
            made._log.info("run.resumed", attempt=made.run.attempts)
            return made
        blank = Run(0, job, slot, "running", verbs.today(), plans.now(), None, 1, None, "", None, "")
        made = cls(verbs, blank, items)
        for old in before:
            made._give_up(old)
        made.run = made._put(lambda connection: runs.begin(connection, job, slot, blank.as_of)) or blank
        made._log = made._log.bind(run=made.run.id)
        made._log.info("run.started", slot=slot)
        return made

    def _put(self, write: Callable[[sqlite3.Connection], _T]) -> _T | None:
        try:
            with self._verbs.write() as connection:
                return write(connection)
        except (RosterkitError, sqlite3.Error, OSError) as problem:
            self.unrecorded = sentence(problem)[1]
            self._log.warning("run.not_recorded", problem=type(problem).__name__)
            return None

    def _give_up(self, old: Run) -> None:
        where = next((s.name for s in old.stages if s.state in ("running", "stopped")), "between two stages")
        text = f"Run {old.id} of {old.started_at:%Y-%m-%d %H:%M} UTC was interrupted ({where}) and did not end"
        self._put(
            lambda connection: runs.end(
                connection, old.id, "failed", exit_code=70, revision=None, message=text, at=plans.now()
            )
        )
        self.items += (("failed", f"{text}. This run does its work anew."),)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages so far, in their order."""
        return tuple(self._stages.values())

    def facts(self, name: str) -> Mapping[str, Any]:
        """The facts of a stage: before it ends, those with which its first attempt began."""
        return self._stages[name].facts

    def stage(self, name: str, work: Callable[[], Outcome], facts: Mapping[str, Any] | None = None) -> Stage:
        """Carries out a stage and records it; one that an earlier attempt ended is not carried out again."""
        known = self._stages.get(name)
        if known and known.state not in ("running", "stopped"):
            return known
        self._verbs.go_on()
        self._stages[name] = stage = known or Stage(name, "running", plans.now(), facts=dict(facts or {}))
        self._record(lambda connection: runs.begin_stage(connection, self.run.id, stage))
        self._log.info("stage.started", stage=name)
        try:
            outcome = work()
        except Stopped:
            self._end(replace(stage, state="stopped"))
            raise
        except Exception as problem:  # noqa: BLE001 - one stage that fails must not keep the others from running
            code, why = sentence(problem)
            state = "refused" if isinstance(problem, Refused) else "failed"
            outcome = Outcome(state, why, code, items=(("failed", f"{_titled(name)} failed. {why}"),))
        facts = {**stage.facts, **outcome.facts}
        return self._end(
            replace(
                stage,
                state=outcome.state,
                ended_at=plans.now(),
                exit_code=outcome.exit_code,
                why=outcome.why,
                facts=facts,
                items=outcome.items,
            )
        )

    def _end(self, stage: Stage) -> Stage:
        self._stages[stage.name] = stage
        self._record(lambda connection: runs.end_stage(connection, self.run.id, stage))
        counts = {name: value for name, value in stage.facts.items() if isinstance(value, int)}
        self._log.info("stage.ended", stage=stage.name, state=stage.state, exit=stage.exit_code, **counts)
        return stage

    def _record(self, write: Callable[[sqlite3.Connection], None]) -> None:
        if self.run.id:
            self._put(write)

    def remember_plan(self, plan: str) -> None:
        """Records which plan the run made or took over."""
        self.run = replace(self.run, plan=plan)
        self._record(lambda connection: runs.set_plan(connection, self.run.id, plan))

    def every_item(self) -> tuple[Item, ...]:
        """Everything that people are notified of, each once."""
        found = self.items + tuple(item for stage in self.stages for item in stage.items)
        if self.unrecorded:
            found += (("failed", f"The run could not be recorded. {self.unrecorded}"),)
        return tuple(dict.fromkeys(found))

    def end(self, *, stopped: bool = False, revision: int | None = None) -> Run:
        """Records how the run ended; returns it."""
        codes = {stage.exit_code for stage in self.stages} | ({2} if self.unrecorded else set())
        code = next(known for known in WORST if known in codes | {0})
        state = "stopped" if stopped else "failed" if code > 1 else "look" if code else "done"
        message = " ".join(dict.fromkeys(text for _, text in self.every_item()))
        at = plans.now()
        self.run = replace(
            self.run,
            state=state,
            exit_code=code,
            revision=revision,
            message=message,
            ended_at=at,
            stages=self.stages,
        )
        self._record(
            lambda connection: runs.end(
                connection, self.run.id, state, exit_code=code, revision=revision, message=message, at=at
            )
        )
        self._log.info("run.ended", state=state, exit=code)
        return self.run


def _titled(stage: str) -> str:
    return f"The stage {stage}"


def _goes_on(old: Run, verbs: Verbs, slot: str) -> bool:
    young = plans.now() - old.started_at < timedelta(hours=verbs.config.schedule.resume_hours)
    return young and old.attempts < _MOST_ATTEMPTS and slot in ("", old.slot)
