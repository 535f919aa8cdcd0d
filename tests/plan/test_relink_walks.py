"""Whatever ids change: who has the same number, names and role keeps the record, and nobody is lost or doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from typing import Any

import pytest
from districts import Package, districts, next_package
from driving import dangling_rows, few, plan_extract, workspace
from happenings import Truth, rekey, rename
from hypothesis import given
from hypothesis import strategies as st
from test_invariants import canonical, replayed

from rosterkit import Workspace
from rosterkit.plan.limits import Limits
from rosterkit.roster.schema import entities
from rosterkit.sources.base import Extract

pytestmark = pytest.mark.deep

_NEVER = 1 << 40
NO_LIMITS = Limits.model_validate(
    {
        name: 100.0 if name.endswith("_percent") else _NEVER
        for name in Limits.model_fields
        if name not in ("on_limit", "week_days")
    }
)


def applied(ws: Workspace, package: Extract) -> bool:
    """Plans and applies; whether nothing was held."""
    plan = plan_extract(ws, package)
    ws.approve(plan.id, reason="looked at", actor="kim")
    ws.apply(plan.id, actor="kim")
    again = plan_extract(ws, package)
    assert again.total.total == 0, "P1"
    assert dangling_rows(ws) == [], "P9"
    return plan.total_held.total == 0


def active(ws: Workspace) -> dict[str, dict[str, int]]:
    """By entity the active records: sourced id and integer id."""
    with closing(sqlite3.connect(ws.database)) as connection:
        return {
            e.name: dict(
                connection.execute(f"select sourced_id, id from \"{e.table}\" where status='active'").fetchall()
            )
            for e in entities()
        }


def humans(truth: Truth, known: Collection[str]) -> dict[tuple[Any, ...], str]:
    """Sourced ids of persons by what makes them certain, where no other person has that number.

    ``known``: the roles that count; one whose school did not come was not stored.
    """
    roles: dict[str, set[str]] = {}
    for key, row in truth["Role"].items():
        if key in known:
            roles.setdefault(row["user"], set()).add(str(row.get("role")))
    numbers = [row.get("identifier") for row in truth["User"].values()]
    return {
        (row["identifier"], row["given_name"], row["family_name"], frozenset(roles.get(key, ()))): key
        for key, row in truth["User"].items()
        if row.get("identifier") and numbers.count(row["identifier"]) == 1
        if row.get("given_name") and row.get("family_name") and len(roles.get(key, ())) == 1
    }


@few(12)
@given(truth=districts(), data=st.data())
def test_nobody_is_lost_or_doubled_whatever_ids_change(truth: Truth, data: st.DataObject) -> None:
    with workspace(relinks=True) as ws:
        ws.config = ws.config.model_copy(update={"limits": NO_LIMITS})
        applied(ws, Package(truth, truth).extract())
        for number in range(3):
            before, ids = truth, active(ws)
            package = next_package(data.draw, truth, number, kinds=("full",))
            package.states, package.unreadable, package.unread, package.without = {}, {}, {}, {}
            truth = package.truth
            for entity in data.draw(st.lists(st.sampled_from(["User", "User", "Org", "Class"]), max_size=4)):
                if truth[entity]:
                    rekey(truth, entity, data.draw(st.sampled_from(sorted(truth[entity]))))
            if not applied(ws, package.extract()):
                return
            now = active(ws)
            assert set(now["User"]) <= set(truth["User"])
            then = humans(before, ids["Role"])
            for human, key in humans(truth, truth["Role"]).items():
                if human in then and then[human] in ids["User"] and key in now["User"]:
                    assert now["User"][key] == ids["User"][then[human]], (then[human], key)


@few(8)
@given(truth=districts(), data=st.data())
def test_the_journal_rebuilds_the_store_after_relinks_undos_and_ids_that_come_back(
    truth: Truth, data: st.DataObject
) -> None:
    """P11, and after an undo the same persons are active under the same ids as before."""
    with workspace(relinks=True) as ws:
        ws.config = ws.config.model_copy(update={"limits": NO_LIMITS})
        applied(ws, Package(truth, truth).extract())
        for _ in range(3):
            for entity in data.draw(
                st.lists(st.sampled_from(["User", "User", "Org", "Class"]), min_size=1, max_size=3)
            ):
                key = data.draw(st.sampled_from(sorted(truth[entity]))) if truth[entity] else ""
                if key:
                    rekey(truth, entity, key)
                if key and data.draw(st.booleans()):
                    back(truth, entity)
            before, revision = active(ws), revisions(ws)
            applied(ws, Package(truth, truth).extract())
            if revisions(ws) > revision and data.draw(st.booleans()):
                undone = ws.undo()
                ws.approve(undone.id, reason="a mistake", actor="kim")
                ws.apply(undone.id, actor="kim")
                assert dangling_rows(ws) == [], "P9"
                assert active(ws) == before, "P2"
                applied(ws, Package(truth, truth).extract())
        assert canonical(replayed(ws)) == canonical(ws.database)


def back(truth: Truth, entity: str) -> None:
    """Every record of the entity that got another id gets the first one again, where nobody has that."""
    for key in [key for key in truth[entity] if key.endswith("'") and key.rstrip("'") not in truth[entity]]:
        first = key.rstrip("'")
        truth[entity][first] = truth[entity].pop(key)
        rename(truth, entity, key, first)


def revisions(ws: Workspace) -> int:
    return len(ws.history())
