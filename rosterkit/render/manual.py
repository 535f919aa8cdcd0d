"""Blocks, pins and the policy as people and programs read them."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo

import polars as pl
from rich.console import Console

from rosterkit.plan.policy import RULES, PolicyRule, PolicySettings, SchoolPolicy
from rosterkit.render.labels import moment
from rosterkit.render.tables import table

_BLOCKS = ("kind", "entity", "sourced_id", "student_key", "feed", "field", "actor", "since", "reason")
_PINS = ("entity", "sourced_id", "field", "value", "code", "actor", "since", "reason")
_POLICY = ("code", "subject", "rule", "by hand", "by the sync", "setting", "value")


def _rows(found: pl.DataFrame, columns: tuple[str, ...], zone: tzinfo) -> list[list[object]]:
    """The cells, in this order; ``since`` in the district's zone."""
    at = columns.index("since")
    rows: list[list[object]] = [
        ["–" if cell in (None, "") else cell for cell in row] for row in found.select(columns).rows()
    ]
    for row in rows:
        row[at] = moment(datetime.fromisoformat(str(row[at])), zone)
    return rows


def _json(name: str, frame: pl.DataFrame, columns: tuple[str, ...]) -> str:
    return json.dumps({name: frame.select(columns).to_dicts()}, indent=2, ensure_ascii=False) + "\n"


def blocks_json(found: pl.DataFrame) -> str:
    """The blocks as JSON."""
    return _json("blocks", found, _BLOCKS)


def blocks_table(console: Console, found: pl.DataFrame, zone: tzinfo) -> None:
    """The blocks as a table."""
    heads = ["kind", "entity", "key", "student", "feed", "field", "by", "since", "reason"]
    rows = _rows(found, _BLOCKS, zone)
    console.print(table("Blocks", heads, rows) if rows else "Nothing is blocked, suppressed or archived by hand.")


def pins_json(found: pl.DataFrame) -> str:
    """The pins as JSON."""
    return _json("pins", found, _PINS)


def pins_table(console: Console, found: pl.DataFrame, zone: tzinfo) -> None:
    """The pins as a table."""
    heads = ["entity", "key", "field", "value", "whose", "by", "since", "reason"]
    rows = _rows(found, _PINS, zone)
    console.print(table("Pins", heads, rows) if rows else "No value is pinned.")


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
    console.print(table("", _POLICY, policy_rows(settings)))
