"""Blocks, pins and the policy as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from rosterkit.plan.policy import RULES, PolicyRule, PolicySettings, SchoolPolicy

_BLOCKS = ("kind", "entity", "sourced_id", "student_key", "feed", "field", "actor", "since", "reason")
_PINS = ("entity", "sourced_id", "field", "value", "code", "actor", "since", "reason")
_POLICY = ("code", "subject", "rule", "by hand", "by the sync", "setting", "value")


def _table(console: Console, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table)


def _json(name: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> str:
    return json.dumps({name: frame.select(columns).to_dicts()}, indent=2, ensure_ascii=False) + "\n"


def blocks_json(found: pl.DataFrame) -> str:
    """The blocks as JSON."""
    return _json("blocks", found, _BLOCKS)


def blocks_table(console: Console, found: pl.DataFrame) -> None:
    """The blocks as a table."""
    _table(console, _BLOCKS, found.select(_BLOCKS).rows())


def pins_json(found: pl.DataFrame) -> str:
    """The pins as JSON."""
    return _json("pins", found, _PINS)


def pins_table(console: Console, found: pl.DataFrame) -> None:
    """The pins as a table."""
    _table(console, _PINS, found.select(_PINS).rows())


def _setting(rule: PolicyRule, settings: SchoolPolicy) -> tuple[str, str]:
    value = getattr(settings, rule.setting, None)
    return rule.setting, "" if value is None else str(value).lower()


def policy_rows(settings: PolicySettings) -> list[tuple[str, ...]]:
    """The policy with the settings of the district, then what schools have otherwise."""
    rows: list[tuple[str, ...]] = [
        (r.code, r.subject, r.sentence, r.by_hand, r.by_sync, *_setting(r, settings)) for r in RULES
    ]
    for school, own in settings.schools.items():
        rows += [
            (r.code, f"{r.subject}, school {school}", r.sentence, "", "", *_setting(r, own))
            for r in RULES
            if _setting(r, own) != _setting(r, settings)
        ]
    return rows


def policy_json(settings: PolicySettings) -> str:
    """The policy as JSON."""
    names = ("code", "subject", "rule", "by_hand", "by_sync", "setting", "value")
    rows = [dict(zip(names, row, strict=True)) for row in policy_rows(settings)]
    return json.dumps({"policy": rows}, indent=2, ensure_ascii=False) + "\n"


def policy_table(console: Console, settings: PolicySettings) -> None:
    """The policy as a table."""
    _table(console, _POLICY, policy_rows(settings))
