"""A small feed of the simplest kind, and ways to break it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, Field

from rosterkit.feeds.base import ChecklistItem, FeedContext, FeedFile, LastSent, Outcome, Roster, VendorFacts, Verdict
from rosterkit.feeds.csvout import csv_file
from rosterkit.feeds.people import people
from rosterkit.feeds.preflight import (
    SHARED_RULES,
    Check,
    FileCheck,
    Given,
    Hit,
    Limits,
    RowCheck,
    comparison,
    form_checks,
    gone,
    newly_withheld,
    preflight,
)
from rosterkit.feeds.rows import last_file, last_good_rows, leavers, split_broken, to_file
from rosterkit.feeds.settings import FeedSettings
from rosterkit.roster.rules import Rule

RULES = (
    Rule("S1", "error", "error", "The e-mail address is blank.", "Fill it in."),
    Rule("S2", "error", "error", "The file is no CSV.", "Send CSV."),
    Rule("S3", "error", "error", "Two rows have one e-mail address.", "Correct one of them."),
    *SHARED_RULES,
)


class SampleSettings(FeedSettings):
    limits: Limits = Field(default=Limits(), description="limits")


def _changes(given: Given) -> Iterable[Hit]:
    for file in given.files:
        last = given.last_tables.get(file.name)
        yield from gone(given.tables[file.name], last, "NUMBER", given.settings.limits)


def _withheld(given: Given) -> Iterable[Hit]:
    for file in given.files:
        yield from newly_withheld(file, last_file(given.last), given.settings.limits)


def _compared(given: Given) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, table in given.tables.items():
        found |= comparison(table, given.last_tables.get(name), "NUMBER")
    return found


def _mail(_settings: Any) -> list[tuple[str, pl.Expr]]:
    mail = pl.col("EMAIL")
    return [("EMAIL", mail.is_null() | ~mail.str.contains("@"))]


def _twice(_settings: Any) -> list[tuple[str, pl.Expr]]:
    return [("EMAIL", pl.col("EMAIL").is_duplicated() & pl.col("EMAIL").is_not_null())]


CHECKS: tuple[Check, ...] = (
    *form_checks(dict.fromkeys(("empty", "encoding", "ragged", "quotes", "cut-short"), ("S2", Outcome.REJECTED))),
    FileCheck(
        "S2",
        Outcome.REJECTED,
        lambda given: [Hit(name) for name, t in given.tables.items() if "EMAIL" not in t.header],
    ),
    RowCheck("S1", Outcome.ROWS_IGNORED, _mail),
    RowCheck("S3", Outcome.REJECTED, _twice),
    FileCheck("feed.gone", Outcome.HELD, _changes),
    FileCheck("feed.withheld", Outcome.HELD, _withheld),
)


VENDOR = VendorFacts(
    "Sample", "sample.csv", ("folder",), "daily", "absent", checklist=(ChecklistItem("S9", "Ask the vendor."),)
)


@dataclass
class Sample:
    """``fault`` names the way in which it breaks the contract."""

    fault: str = ""
    leaver_weeks: int = 0
    kind: str = "sample"
    rules: Sequence[Rule] = RULES
    vendor: VendorFacts = VENDOR
    Settings: type[BaseModel] = SampleSettings

    def __post_init__(self) -> None:
        if self.fault == "undocumented rule":
            self.rules = (*RULES, Rule("S4", "error", "error", "no full stop", ""))
        if self.fault == "checklist":
            self.vendor = VendorFacts("Sample", "sample.csv", ("folder",), "", "", checklist=(ChecklistItem("", "x"),))

    def build(self, roster: Roster, settings: SampleSettings, context: FeedContext) -> list[FeedFile]:
        frame = people(roster, as_of=context.as_of).filter(pl.col("roles").list.contains("student"))
        rows = frame.select(_user="user", NUMBER="identifier", NAME="given_name", EMAIL="email").collect()
        present = rows["_user"]
        if self.fault == "writes":
            Path("notes.txt").write_text("x")
        if self.fault == "lets everything through":
            good, bad = rows, rows.clear()
        else:
            good, bad = split_broken(rows, CHECKS, settings, context.findings, file="sample.csv")
        last = context.last_sent.files if context.last_sent else ()
        kept = last_good_rows(
            good, bad, last, unique=["NUMBER", "EMAIL"], as_of=context.as_of, days=settings.limits.keep_days,
            findings=context.findings, file="sample.csv", suppressed=context.suppressed,
        )  # fmt: skip
        left = leavers(
            present,
            good,
            last,
            unique=["NUMBER", "EMAIL"],
            as_of=context.as_of,
            weeks=self.leaver_weeks,
            suppressed=context.suppressed,
        )
        every = pl.concat([good, kept, left], how="diagonal")
        if self.fault == "clock":
            every = every.with_columns(NAME=pl.lit(str(time.perf_counter_ns())))
        if self.fault == "header only" and every.is_empty():
            return [csv_file("sample.csv", every.select("NUMBER", "NAME", "EMAIL"))]
        if self.fault == "order":
            return [csv_file("sample.csv", every.select("NUMBER", "NAME", "EMAIL"))]
        file = to_file("sample.csv", every, bad, sort=["NUMBER"], as_of=context.as_of, last=last)
        return [file] if file else []

    def identifiers(self, settings: SampleSettings) -> dict[str, str]:
        return {}

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: SampleSettings) -> Verdict:
        if self.fault == "accepts anything":
            return Verdict(Outcome.ACCEPTED, pl.DataFrame())
        return preflight(
            files,
            last_sent,
            settings,
            rules=self.rules,
            checks=CHECKS,
            compared=_compared,
        )
