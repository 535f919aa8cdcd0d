"""Findings of a source while it reads: severity from its rules, and a limit on how many rows are shown of one kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import polars as pl

from rosterkit.roster import findings
from rosterkit.roster.rules import Rule

__all__ = ["SHOWN", "Findings"]

SHOWN = 1000
"""How many rows are shown for one rule, file and column; the others are counted."""


class Findings:
    """Collects the findings of one run of a source.

    Of each (rule, file, column) the first ``SHOWN`` rows are kept, by line; one more finding, on line 0, says how many
    others there are. A rule that makes no finding in this mode is dropped.
    """

    def __init__(self, rules: Iterable[Rule], *, strict: bool = False) -> None:
        self._rules = {rule.code: rule for rule in rules}
        self._strict = strict
        self._frames: list[pl.DataFrame] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def severity(self, rule: str) -> str:
        """``error``, ``warning``, ``info``, or "" where the rule makes no finding in this mode."""
        return self._rules[rule].severity(strict=self._strict)

    def add(
        self,
        rule: str,
        *,
        file: str = "",
        line: int = 0,
        column: str = "",
        value: str = "",
        key: str = "",
        detail: str = "",
    ) -> None:
        """Adds one finding; line 0 means the whole file. ``value`` and ``detail`` hold no personal data."""
        row = pl.DataFrame({"_line": [line], "value": [value], "key": [key], "detail": [detail]})
        self.add_rows(rule, row, file=file, column=column)

    def add_rows(self, rule: str, rows: pl.DataFrame, *, file: str, column: str = "") -> None:
        """Adds a finding for each row: ``_line``, and where they are there ``key``, ``value`` and ``detail``."""
        severity = self.severity(rule)
        if not severity or rows.is_empty():
            return
        self._counts[rule, file, column] += rows.height
        same = {"rule": rule, "severity": severity, "file": file, "column": column}
        same |= {name: "" for name in ("value", "key", "detail") if name not in rows.columns}
        frame = rows.bottom_k(SHOWN, by="_line").rename({"_line": "line"})
        frame = frame.with_columns(pl.lit(text).alias(name) for name, text in same.items())
        self._frames.append(
            frame.select(
                pl.col(name).cast(dtype).fill_null("" if dtype == pl.String else 0)
                for name, dtype in findings.FINDINGS.items()
            )
        )

    def frame(self) -> pl.DataFrame:
        """All findings (FINDINGS), by file, line, column and rule."""
        if not self._frames:
            return findings.empty()
        every = findings.ordered(findings.concat(self._frames))
        place = pl.int_range(pl.len()).over("rule", "file", "column")
        more = [
            findings.finding(
                rule,
                self.severity(rule),
                file=file,
                column=column,
                detail=f"and {count - SHOWN:,} more rows like these",
            )
            for (rule, file, column), count in self._counts.items()
            if count > SHOWN
        ]
        return findings.ordered(findings.concat([every.filter(place < SHOWN), *more]))
