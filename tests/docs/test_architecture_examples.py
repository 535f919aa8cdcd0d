"""The ``example`` blocks of docs/architecture.md are planned, and the plan is what the page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from graceless import without_grace

from rosterkit import Workspace
from rosterkit.plan.plan import Plan
from rosterkit.roster.schema import by_name, entities
from rosterkit.sources.base import Extract
from rosterkit.testing.memory import MemorySource, extract, table

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```example\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

DEFAULTS: dict[str, dict[str, Any]] = {
    "Org": {"type": "school"},
    "Class": {"type": "scheduled", "school": "S"},
    "User": {"given_name": "Ines", "enabled": True},
    "Role": {"org": "S", "role": "student", "type": "primary"},
    "Enrollment": {"school": "S", "role": "student"},
}
"""Values that an example need not write."""


@dataclass
class Example:
    """The lines of a block, by their first word."""

    stored: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    delivered: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    unreadable: dict[str, list[str]] = field(default_factory=dict)
    without: dict[str, list[str]] = field(default_factory=dict)
    coverage: dict[str, str] = field(default_factory=dict)
    plan: set[str] = field(default_factory=set)


def parsed(block: str) -> Example:
    example = Example()
    for line in block.splitlines():
        word, rest = line.split(maxsplit=1)
        if word == "plan":
            example.plan |= {rest.strip()} - {"nothing"}
            continue
        entity, *words = rest.split()
        if word in ("stored", "delivered", "deleted"):
            rows = getattr(example, "stored" if word == "stored" else "delivered").setdefault(entity, {})
            rows[words[0]] = _row(entity, words[0], words[1:]) | ({"deleted": True} if word == "deleted" else {})
        elif word == "coverage":
            example.coverage[entity] = words[0]
        else:
            getattr(example, word).setdefault(entity, []).extend(words)
    return example


def _row(entity: str, key: str, cells: list[str]) -> dict[str, Any]:
    """``column=value``, ``column=`` for a blank cell and ``column=?`` for one that cannot be read."""
    row = {"sourced_id": key, **DEFAULTS.get(entity, {})}
    name = {"User": "family_name", "Org": "name"}.get(entity, "title")
    if any(column.label == name for column in by_name(entity).columns):
        row[name] = key
    values = dict(cell.split("=", 1) for cell in cells)
    row["unread"] = [label for label, value in values.items() if value == "?"]
    return row | {label: None if value in ("", "?") else value for label, value in values.items()}


def delivery(rows: dict[str, dict[str, dict[str, Any]]], example: Example | None = None) -> Extract:
    """An extract of these rows and of the school that every example has."""
    all_rows = {"Org": {"S": _row("Org", "S", [])}, **rows}
    all_rows["Org"] = {"S": _row("Org", "S", []), **all_rows["Org"]}
    unread, without = (example.unreadable, example.without) if example else ({}, {})
    names = [e.name for e in entities() if e.name in {*all_rows, *unread, *(example.stored if example else {})}]
    tables = [
        table(name, [*all_rows.get(name, {}).values()], unreadable=unread.get(name, ()), without=without.get(name, ()))
        for name in names
    ]
    return extract(tables, example.coverage if example else None)


def planned(workspace: Workspace, given: Extract) -> Plan:
    with patch("rosterkit.extraction.source", lambda _kind: MemorySource(given)):
        return workspace.plan(Path("by-hand"))


def shown(workspace: Workspace, plan: Plan) -> set[str]:
    """The plan as the page writes it."""
    found = set()
    for line in workspace.show(plan.id).lines.iter_rows(named=True):
        text = f"{line['action']} {line['entity']} {line['sourced_id']}"
        if line["field"]:
            text += f" {line['field']} {line['before'] or 'blank'} -> {line['after'] or 'blank'}"
        found.add(f"{text} (held: {line['held']})" if line["held"] else text)
    return found


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_is_what_is_planned(block: str, tmp_path: Path) -> None:
    workspace = without_grace(Workspace.init(tmp_path / "workspace"))
    example = parsed(block)
    first = planned(workspace, delivery(example.stored))
    workspace.approve(first.id, reason="the example begins", actor="kim")
    workspace.apply(first.id, actor="kim")
    assert shown(workspace, planned(workspace, delivery(example.delivered, example))) == example.plan


def test_rules_have_examples() -> None:
    assert len(BLOCKS) >= 10
