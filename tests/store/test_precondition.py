"""What makes a plan stale that nothing else would stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from rosterkit import Workspace
from rosterkit.errors import Refused
from rosterkit.testing.package import write_package


def one_package(path: Path, name: str) -> Path:
    orgs = [{"sourcedId": "D", "name": name, "type": "district"}]
    return write_package(path, {"orgs": orgs})


def test_a_plan_that_creates_what_an_older_plan_created_meanwhile_is_stale(tmp_path: Path) -> None:
    ws = Workspace.init(tmp_path / "ws")
    plans = []
    for name in ("Birch", "Elm"):
        plan = ws.plan(one_package(tmp_path / f"{name}.zip", name))
        ws.approve(plan.id, reason="fine", actor="kim")
        plans.append(plan.id)
    ws.apply(plans[0], actor="kim")
    with pytest.raises(Refused, match="1 Org records that it creates have come into being") as raised:
        ws.apply(plans[1], actor="kim")
    assert raised.value.why == "stale"
    assert ws.history()[0].plan == plans[0]
