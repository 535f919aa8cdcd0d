"""Clever's events through a workspace: what changed is planned until it is applied, and then goes on from there."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from providers.clever.fake import FakeClever, invent
from rosterkit.plan.plan import Plan
from rosterkit.workspace import Workspace


def planned(plan: Plan) -> dict[str, int]:
    """Changes by entity, held or not."""
    every = [*plan.changes.items(), *plan.held.items()]
    totals = {entity: sum(n.total for name, n in every if name == entity) for entity, _ in every}
    return {entity: total for entity, total in sorted(totals.items()) if total}


@pytest.mark.deep(only="seven plans and three applies")
def test_the_cursor_advances_on_apply_and_on_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.init(tmp_path / "w")
    with FakeClever(invent(40)) as clever:
        monkeypatch.setenv("CLEVER_TOKEN", clever.token)
        lines = [
            "[sources.main]",
            'kind = "clever"',
            'token = "env:CLEVER_TOKEN"',
            f'address = "{clever.address}"',
            f'token_address = "{clever.address}"',
        ]
        (tmp_path / "w" / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
        one = Workspace(tmp_path / "w")

        def apply(plan: Plan) -> None:
            one.approve(plan.id, reason="as expected", actor="sana")
            one.apply(plan.id, actor="sana")

        clever.update("schools", clever.data.records["schools"][0])
        apply(one.plan())
        student = copy.deepcopy(next(u for u in clever.data.records["users"] if "student" in u["roles"]))
        student["name"]["first"] = "Renamed"
        clever.update("users", student)
        section = copy.deepcopy(clever.data.records["sections"][1])
        gone = section["students"].pop()
        assert gone != student["id"]
        clever.update("sections", section)
        for _ in range(2):  # planned, and not applied: the same events come again
            clever.requests.clear()
            plan = one.plan()
            assert planned(plan) == {"Enrollment": 1, "User": 1}
            assert not any("/users" in request for request in clever.requests), "only events were read"
        apply(plan)
        assert planned(one.plan()) == {}
        clever.delete("users", student["id"])
        assert planned(one.plan())["User"] == 1
        clever.data.district["state"] = "paused"
        frozen = one.plan()
        assert planned(frozen) == {}
        assert {table.coverage for table in frozen.coverage} == {"absent"}
        apply(frozen)
        clever.data.district["state"] = "running"
        assert planned(one.plan())["User"] == 1, "what was not read while it was frozen comes afterwards"
