"""The real Workspace and the oracle, driven side by side."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import oracle
import pytest
from depth import DEEP, MINUTES
from graceless import without_grace
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from oracle_holds import Today, held_changes, propose
from oracle_rollover import Turn
from oracle_undo import reverse
from oracle_words import Approved, Hold, Key, Line, Model, Proposal, Row, Values, every

from rosterkit import Workspace
from rosterkit.errors import Refused, UsageError
from rosterkit.plan.expectations import Expectation
from rosterkit.plan.limits import Limits
from rosterkit.plan.plan import Plan, PlanView
from rosterkit.roster.schema import entities
from rosterkit.sources.base import Extract
from rosterkit.store import expectations
from rosterkit.store.database import connect, transaction
from rosterkit.store.effective import overlay
from rosterkit.store.roster import StoredRoster
from rosterkit.testing.memory import MemorySource


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rosterkit-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    without_grace(Workspace.init(folder / "ws"))
    return folder / "ws"


@contextmanager
def workspace(*, relinks: bool = False) -> Iterator[Workspace]:
    """A new workspace in a temporary folder. Unless it ``relinks``, a record under another id is another record: that
    is what the oracle knows (``test_relink`` and ``test_relink_walks`` are about the rest).
    """
    with ExitStack() as open_:
        folder = open_.enter_context(tempfile.TemporaryDirectory())
        if not relinks:
            open_.enter_context(patch("rosterkit.plan.matching._relinked", lambda one, *_: one))
        shutil.copytree(_template(), Path(folder) / "ws")
        yield Workspace(Path(folder) / "ws")


def plan_extract(ws: Workspace, delivered: Extract, **named: Any) -> Plan:
    """Plans an extract that was made by hand; ``named``: as_of, now."""
    with patch("rosterkit.extraction.source", lambda _kind: MemorySource(delivered)):
        return ws.plan(Path("by-hand"), **named)


def lines(view: PlanView) -> dict[Line, str]:
    """A plan's lines as the oracle says them."""
    rows = view.lines.select("entity", "action", "sourced_id", "field", "before", "after", "held").rows()
    out = {row[:6]: row[6] for row in rows}
    assert len(out) == len(rows), "a line stands twice"
    return out


def stored(ws: Workspace) -> dict[str, dict[str, Row]]:
    """The canonical rows of a workspace as the oracle says them."""
    out: dict[str, dict[str, Row]] = {}
    with closing(sqlite3.connect(ws.database)) as connection:
        keys = {
            e.name: dict(connection.execute(f'select id, sourced_id from "{e.table}"').fetchall()) for e in entities()
        }
        for entity in entities():
            names = ",".join(f'"{c.name}"' for c in entity.columns)
            rows = connection.execute(f'select sourced_id, status, modified_at, {names} from "{entity.table}"')
            out[entity.name] = {}
            for key, status, modified, *values in rows.fetchall():
                row: Values = {}
                for column, value in zip(entity.columns, values, strict=True):
                    text = oracle.text(bool(value)) if column.kind == "bool" and value is not None else value
                    row[column.label] = keys[str(column.to)].get(text, text) if column.to and text is not None else text
                out[entity.name][key] = Row(row, status == "active", modified)
    return out


def deferred_keys(ws: Workspace) -> set[Key]:
    with closing(sqlite3.connect(ws.database)) as connection:
        return set(connection.execute("select entity, sourced_id from deferred").fetchall())


def holds_in_force(ws: Workspace) -> set[Hold]:
    with closing(sqlite3.connect(ws.database)) as connection:
        query = "select entity, sourced_id, code, action, field, value from hold where ended_at is null"
        return {Hold(*row) for row in connection.execute(query)}


def dangling_rows(ws: Workspace) -> list[tuple[str, str, str]]:
    """P9: active rows that refer to a row that is not active."""
    out = []
    with closing(sqlite3.connect(ws.database)) as connection:
        for entity in entities():
            for column in entity.refs:
                to = next(e for e in entities() if e.name == column.to)
                query = (
                    f'select c.sourced_id from "{entity.table}" c left join "{to.table}" p on p.id = c."{column.name}" '
                    f"where c.status='active' and c.\"{column.name}\" is not null and coalesce(p.status,'') <> 'active'"
                )
                out += [(entity.name, key, column.label) for (key,) in connection.execute(query)]
    return out


FIRST = date(2026, 9, 14)
Absence = tuple[str, str, date, set[str]]


def effective(ws: Workspace) -> dict[str, dict[str, Any]]:
    """The people as a feed gets them, by sourced id."""
    with closing(connect(ws.database)) as connection:
        found = StoredRoster(ws.database, 1, overlay(ws.database, connection, "")).table("User").collect()
    return {row["sourced_id"]: row for row in found.iter_rows(named=True)}


class Pair:
    """A workspace and a model that must say the same after every verb."""

    def __init__(self, ws: Workspace, **settings: Any) -> None:
        """``settings``: those of the workspace that are other ones, such as ``limits`` and ``grace``."""
        self.ws = ws
        ws.config = ws.config.model_copy(update=settings or {})
        self.config = ws.config
        self.day = FIRST
        self.pinned: dict[tuple[str, str], str | None] = {}  # by sourced id and field of a person
        self.seen: dict[str, list[Absence]] = {}  # by plan
        self.model = Model()
        self.done: dict[int, list[Line]] = {}  # what each revision applied
        self.proposals: dict[str, Proposal] = {}
        self.moves = 0  # verbs that may make an older plan stale
        self.made_at: dict[str, int] = {}

    def plan(self, delivered: Extract, *, promotes: bool = False) -> Plan:
        plan = plan_extract(self.ws, delivered, as_of=self.day, promotes=promotes)
        proposal = self._propose(self.model, delivered, promotes=promotes)
        self.seen[plan.id] = remember_absences(self.model, proposal, self.day)
        return self._compare(plan, proposal)

    def _propose(self, model: Model, delivered: Extract, *, promotes: bool) -> Proposal:
        turn = Turn(self.day, self.config.rollover)
        return propose(model, delivered, self.config.limits, Today(self.day, self.config.grace, turn, promotes))

    def promote(self, delivered: Extract) -> Plan | None:
        """The plan of a promotion; None, and nothing stays of it, where no grade rises."""
        if self._propose(deepcopy(self.model), delivered, promotes=True).promoted:
            plan = self.plan(delivered, promotes=True)
            assert plan.needs_approval
            return plan
        with pytest.raises(Refused) as refused:
            plan_extract(self.ws, delivered, as_of=self.day, promotes=True)
        assert refused.value.why == "no-promotion"
        return None

    def unpinned(self, found: dict[Line, str]) -> dict[Line, str]:
        """The lines without those of pinned fields, which a plan shows otherwise."""
        return {line: code for line, code in found.items() if (line[2], line[3]) not in self.pinned}

    def expect(self, kind: str, days: int, **what: Any) -> None:
        """Somebody announces something for these days."""
        org = self.ids("Org").get(what.get("school", ""))
        one = Expectation(0, kind, self.day + timedelta(days=days), org=org, **what)
        with closing(connect(self.ws.database)) as connection, transaction(connection):
            number = expectations.add(connection, one, "kim", "so it was agreed")
        self.model.expected.append(replace(one, id=number))

    def ids(self, entity: str) -> dict[str, int]:
        with closing(sqlite3.connect(self.ws.database)) as connection:
            return dict(connection.execute(f'select sourced_id, id from "{entity.lower()}"').fetchall())

    def pin(self, user: str, field: str) -> None:
        """Pins the present value of a person, if policy lets a leader."""
        try:
            self.ws.pin("User", user, field, reason="so it is", actor="kim:leader")
        except (Refused, UsageError):
            return
        self.moves += 1
        self.pinned.setdefault((user, field), effective(self.ws)[user][field])

    def held_under(self, delivered: Extract, limits: Limits) -> set[Line]:
        """What a plan of this extract would hold under other limits; nothing of it stays."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(self.ws.folder, Path(folder) / "ws")
            other = Workspace(Path(folder) / "ws")
            other.config = self.config.model_copy(update={"limits": limits})
            shown = lines(other.show(plan_extract(other, delivered, as_of=self.day).id))
        return {line for line, code in self.unpinned(shown).items() if code}

    def undo(self, revision: int | None = None) -> Plan:
        plan = self.ws.undo(revision, as_of=self.day)
        proposal = reverse(self.model, self.done[revision or max(self.done)])
        proposal.day = self.day
        return self._compare(plan, proposal)

    def _compare(self, plan: Plan, proposal: Proposal) -> Plan:
        self.proposals[plan.id] = proposal
        self.made_at[plan.id] = self.moves
        same(self.unpinned(lines(self.ws.show(plan.id))), self.unpinned(proposal.lines()), "lines")
        self.compare_state()
        return plan

    def apply(self, plan: Plan) -> bool:
        """Approves and applies; false when it is stale."""
        if self.ws.show(plan.id).plan.state == "proposed":
            self.ws.approve(plan.id, reason="looked at", actor="kim")
        return self.apply_signed(plan)

    def apply_signed(self, plan: Plan) -> bool:
        """Applies an approved plan; false when it is stale, which it may be only after something happened."""
        proposal = self.proposals[plan.id]
        try:
            applied = self.ws.apply(plan.id, actor="kim")
        except Refused as refused:
            assert refused.why == "stale", refused.why  # noqa: PT017 - what is refused, and why, is the point
            assert self.made_at[plan.id] < self.moves
            return False
        assert applied.wrote == proposal.writes()
        self.moves += 1
        oracle.apply(self.model, proposal)
        if applied.wrote:
            self.done[applied.revision] = [line for line, code in proposal.lines().items() if not code]
        self.compare_state()
        return True

    def approve_held(self, plan: Plan, **which: str) -> None:
        """Frees held changes of a plan, if it holds any."""
        place = {"entity": 0, "action": 1, "sourced_id": 2}
        held = held_changes(self.proposals[plan.id])
        freed = [a for a in held if all(a.line[place[name]] == value for name, value in which.items())]
        if "sourced_id" in which:
            freed += with_it(self.model.rows, self.proposals[plan.id], freed, held)
        else:  # a suspected reuse of an id is freed by its own record alone
            codes = self.proposals[plan.id].lines()
            freed = [a for a in freed if codes[a.line] != "case"]
        if freed:
            self.ws.approve_held(plan.id, reason="true", actor="kim", **which)
            self.model.approved += freed

    def hold(self, entity: str, sourced_id: str, action: str = "", field: str = "") -> None:
        self.ws.hold(entity, sourced_id, reason="wait", actor="kim", action=action, field=field)
        self.moves += 1
        hold = Hold(entity, sourced_id, "person", action, field)
        self.model.holds += [hold] if hold not in self.model.holds else []
        self.compare_state()

    def release(self, entity: str, sourced_id: str) -> None:
        self.ws.release(entity, sourced_id, reason="enough", actor="kim")
        mine = [h for h in self.model.holds if (h.entity, h.sourced_id) == (entity, sourced_id)]
        gone = {(entity, sourced_id)} if any(h.code == "limit" and h.action == "archive" for h in mine) else set()
        gone = requiring(self.model.rows, gone)
        self.model.holds = [
            h
            for h in self.model.holds
            if h not in mine and not ((h.entity, h.sourced_id) in gone and (h.code, h.action) == ("limit", "archive"))
        ]
        self.compare_state()

    def reject(self, plan: Plan) -> None:
        """What the plan saw does not count any more."""
        self.ws.reject(plan.id, reason="so", actor="kim")
        seen = self.seen.get(plan.id, [])
        self.model.absences = [one for one in self.model.absences if one not in seen]

    def restart(self) -> None:
        """The workspace is opened anew."""
        self.ws = Workspace(self.ws.folder)
        self.ws.config = self.config

    def compare_state(self) -> None:
        same(flat(stored(self.ws)), flat(self.model.rows), "stored rows")
        same(dict.fromkeys(deferred_keys(self.ws), ""), dict.fromkeys(self.model.pending, ""), "pending")
        same(dict.fromkeys(holds_in_force(self.ws), ""), dict.fromkeys(self.model.holds, ""), "holds")
        assert dangling_rows(self.ws) == [], "P9"
        people = effective(self.ws) if self.pinned else {}
        for (user, label), value in self.pinned.items():
            assert people.get(user, {}).get(label, value) == value, "P6"


@st.composite
def announcements(draw: Any, pair: Pair) -> dict[str, Any]:
    """The arguments of ``Pair.expect``."""
    schools = [key for key, row in pair.model.rows["Org"].items() if row.values["type"] == "school"]
    kinds: list[dict[str, Any]] = [
        {"kind": "domain", "old": "x.example", "new": "y.example"},
        {"kind": "students", "count": draw(st.integers(1, 8))},
    ]
    if schools:
        school = draw(st.sampled_from(sorted(schools)))
        kinds += [{"kind": "school", "school": school}, {**kinds[1], "school": school}]
    return {"days": draw(st.integers(-1, 5)), **draw(st.sampled_from(kinds))}


def requiring(rows: dict[str, dict[str, Row]], keys: set[Key]) -> set[Key]:
    """Active records that cannot be without these, or without one another."""
    found: set[Key] = {(name, key) for name, key in keys if key in rows[name] and rows[name][key].active}
    while True:
        more = {
            (entity.name, key)
            for entity in entities()
            for key, row in rows[entity.name].items()
            if row.active and any(c.required and (str(c.to), row.values[c.label]) in found for c in entity.refs)
        }
        if more <= found:
            return found - keys
        found |= more


def with_it(
    rows: dict[str, dict[str, Row]], proposal: Proposal, chosen: list[Approved], held: list[Approved]
) -> list[Approved]:
    """The archives that a limit holds of what belongs to records whose archive was chosen."""
    found = requiring(rows, {(a.line[0], a.line[2]) for a in chosen if a.line[1] == "archive"})
    codes = {(record.entity.name, record.key): record.hold for record in every(proposal.planned)}
    mine = [a for a in held if a.line[1] == "archive" and (a.line[0], a.line[2]) in found and a not in chosen]
    return [a for a in mine if codes[a.line[0], a.line[2]] in ("limit", "grace")]


def remember_absences(model: Model, proposal: Proposal, day: date) -> list[Absence]:
    """A person is seen to be gone on each day, any other record on the first; returns what is new."""
    new = []
    model.absences = [one for one in model.absences if one[:2] not in proposal.returned]
    for key, roles in proposal.absent.items():
        days = [one[2] for one in model.absences if one[:2] == key]
        if not days or (key[0] == "User" and day not in days):
            new.append((*key, day, roles))
    model.absences += new
    return new


def flat(rows: dict[str, dict[str, Row]]) -> dict[object, object]:
    return {(name, key): row for name, records in rows.items() for key, row in records.items()}


def same(engine: Mapping[Any, object], plain: Mapping[Any, object], what: str) -> None:
    """Raises AssertionError that lists only what is not alike."""
    if engine == plain:
        return
    keys = [k for k in {**engine, **plain} if engine.get(k, "-") != plain.get(k, "-")]
    differences = "\n".join(
        f"{k}\n    engine {engine.get(k, '-')!r}\n    oracle {plain.get(k, '-')!r}" for k in keys[:12]
    )
    raise AssertionError(f"{what} differ:\n{differences}")


@contextmanager
def copied(pair: Pair) -> Iterator[Pair]:
    """Another pair that went as far, in a folder of its own: what both begin with is made once."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(pair.ws.folder, Path(folder) / "ws")
        ws = Workspace(Path(folder) / "ws")
        ws.config = pair.config
        yield deepcopy(pair, {id(pair.ws): ws})


def few(examples: int, **more: Any) -> settings:
    """A third of so many examples, as each takes a second.

    A deep run looks at 40 times as many; at 5 times where DEEP_MINUTES limits its time (conftest.py).
    """
    if not DEEP:
        examples = max(2, examples // 3)
    factor = 1 if not DEEP else 5 if MINUTES else 40
    phases = list(Phase) if DEEP else [Phase.explicit, Phase.reuse, Phase.generate]  # making a case smaller takes long
    return settings(max_examples=examples * factor, suppress_health_check=list(HealthCheck), phases=phases, **more)
