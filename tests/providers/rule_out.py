"""A pytest plugin that takes the rules of one requirement out: ``RULE_OUT=U22 pytest -p rule_out``.

It stands in for a check that somebody forgot. A test of that requirement has to fail then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import polars as pl

from rosterkit.feeds import preflight, rows
from rosterkit.feeds.preflight import require_transport

OUT = os.environ["RULE_OUT"]


def _without(found: Callable[..., Iterable[Any]], place: int) -> Callable[..., Iterable[Any]]:
    """The function, which finds nothing for a check of the requirement; ``place``: of the check among its arguments."""

    def without(*given: Any) -> Iterable[Any]:
        return () if given[place].rule.split(".")[0] == OUT else found(*given)

    return without


def _transport(vendor: Any, transport: str, rule: str) -> None:
    if vendor.transport_rule != OUT:
        require_transport(vendor, transport, rule)


def _all_sent(links: pl.LazyFrame, *_: Any) -> pl.LazyFrame:
    return links.with_columns(decision=pl.lit("send"))


preflight._hits = _without(preflight._hits, 0)
preflight.broken_rows = _without(preflight.broken_rows, 1)
vars(rows)["broken_rows"] = preflight.broken_rows
preflight.require_transport = _transport
if OUT == "C8":  # what decides about a contact is no check of a file
    vars(import_module("providers.connect.guardians"))["decided"] = _all_sent
