"""A pytest plugin that takes the rules of one requirement out: ``RULE_OUT=U22 pytest -p rule_out``.

It stands in for a check that somebody forgot. A test of that requirement has to fail then.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import polars as pl

from rosterkit.feeds import preflight, rows
from rosterkit.feeds.preflight import require_transport

OUT = os.environ["RULE_OUT"]


def _others(checks: Iterable[Any]) -> list[Any]:
    return [check for check in checks if check.rule.split(".")[0] != OUT]


def _preflight(*given: Any, checks: Iterable[Any], **more: Any) -> Any:
    return _looks_at_files(*given, checks=_others(checks), **more)


def _broken_rows(rows: pl.DataFrame, checks: Iterable[Any], *more: Any, **named: Any) -> Any:
    return _looks_at_rows(rows, _others(checks), *more, **named)


def _transport(vendor: Any, transport: str, rule: str) -> None:
    if vendor.transport_rule != OUT:
        require_transport(vendor, transport, rule)


def _all_sent(links: pl.LazyFrame, *_: Any) -> pl.LazyFrame:
    return links.with_columns(decision=pl.lit("send"))


_looks_at_files, _looks_at_rows = preflight.preflight, preflight.broken_rows
preflight.preflight = _preflight
preflight.broken_rows = _broken_rows
vars(rows)["broken_rows"] = _broken_rows
preflight.require_transport = _transport
if OUT == "C8":  # what decides about a contact is no check of a file
    vars(import_module("providers.connect.guardians"))["decided"] = _all_sent
