"""Records that come under other ids are the stored ones: nobody is archived, nobody is doubled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from driving import plan_extract
from school import MONDAY, School, opened

from rosterkit import Workspace
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import Extract

TUESDAY = MONDAY + timedelta(days=1)
MOVED = {"st-004": "X-104"}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with opened() as made:
        planned(made, School().extract("first"), date(2026, 9, 11), apply=True)
        yield made


def under_other_ids(extract: Extract, ids: Mapping[str, str]) -> Extract:
    """The extract with these texts replaced in all ids and references."""
    tables = []
    for table in extract.tables:
        labels = ["sourced_id", *(c.label for c in by_name(table.entity).refs)]
        mine = [name for name in labels if name in table.rows.collect_schema().names()]
        moved = pl.col(mine).str.replace_many(list(ids), list(ids.values()))
        tables.append(replace(table, rows=table.rows.with_columns(moved)))
    return replace(extract, tables=tuple(tables), id=f"{extract.id}-{len(ids)}")


def planned(ws: Workspace, extract: Extract, day: date, *, apply: bool = False) -> Plan:
    plan = plan_extract(ws, extract, as_of=day)
    if apply:
        ws.approve(plan.id, reason="looked at", actor="kim")
        ws.apply(plan.id, actor="kim")
    return plan


def changes(ws: Workspace, plan: Plan) -> dict[tuple[str, str, str], str]:
    """By entity, action and field of a plan what holds it; "" = it will be applied."""
    rows = ws.show(plan.id).lines.select("entity", "action", "field", "held").rows()
    return {row[:3]: row[3] for row in rows}


def ids(ws: Workspace, entity: str = "User") -> dict[str, int]:
    """The active records of an entity: sourced id and integer id."""
    with closing(sqlite3.connect(ws.database)) as connection:
        query = f"select sourced_id, id from {by_name(entity).table} where status='active'"
        return dict(connection.execute(query).fetchall())


def test_one_student_under_another_id_stays_the_same_record(ws: Workspace) -> None:
    before = {e.name: ids(ws, e.name) for e in entities()}
    plan = planned(ws, under_other_ids(School().extract(), MOVED), MONDAY)
    assert changes(ws, plan) == {(name, "update", "sourced_id"): "" for name in ("User", "Role", "Enrollment")}
    line = ws.show(plan.id).lines.filter(entity="User").row(0, named=True)
    assert (line["sourced_id"], line["before"], line["after"]) == ("X-104", "st-004", "X-104")
    ws.approve(plan.id, reason="looked at", actor="kim")
    ws.apply(plan.id, actor="kim")
    assert ids(ws)["X-104"] == before["User"]["st-004"]
    for name, rows in before.items():
        assert sorted(ids(ws, name).values()) == sorted(rows.values())
    again = planned(ws, under_other_ids(School().extract("again"), MOVED), TUESDAY)
    assert not changes(ws, again)


def test_all_ids_issued_anew_wait_for_a_person_and_nobody_leaves(ws: Workspace) -> None:
    anew = {"st-": "N", "te-": "T", "gu-": "G", "C-A": "K1", "C-B": "K2"}
    before = {e.name: ids(ws, e.name) for e in entities()}
    plan = planned(ws, under_other_ids(School().extract(), anew), MONDAY)
    found = changes(ws, plan)
    assert {action for _, action, _ in found} == {"update"}
    assert found["User", "update", "sourced_id"] == "limit"
    ws.approve_held(plan.id, reason="the SIS issued new ids", actor="kim")
    second = planned(ws, under_other_ids(School().extract("second"), anew), MONDAY, apply=True)
    assert not any(changes(ws, second).values())
    for name, rows in before.items():
        assert sorted(ids(ws, name).values()) == sorted(rows.values())
    assert not [key for key in ids(ws) if key.startswith(("st-", "te-", "gu-"))]
