"""Alarms of feeds (docs/findings.md) as sentences for people."""

from __future__ import annotations

import polars as pl

from rosterkit.feeds.alarms import ALARM_RULES


def alarm_texts(alarms: pl.DataFrame, *severities: str) -> list[str]:
    """One sentence for each alarm of these severities: the feed, what is wrong and what to do."""
    mine = alarms.filter(pl.col("severity").is_in(severities))
    if mine.is_empty():
        return []
    rules = {rule.code: rule for rule in ALARM_RULES}
    return [
        f"Feed {feed}: {_ended(detail) if detail else rules[code].meaning} {rules[code].remedy}"
        for feed, code, detail in mine.select("file", "rule", "detail").unique(maintain_order=True).rows()
    ]


def beside_waiting(alarms: pl.DataFrame) -> pl.DataFrame:
    """The alarms without files that wait for a person: those are listed by themselves, until it is an error."""
    return alarms.filter((pl.col("rule") != "delivery.waiting") | (pl.col("severity") == "error"))


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
