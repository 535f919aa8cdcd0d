"""Findings of one file while it is read: severity from the catalogue, a habit told once and not a million times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl

from rosterkit.roster import findings
from rosterkit.roster.rules import Rule

__all__ = ["SHOWN", "Notes"]

SHOWN = 1000
"""So many rows are shown for one rule, file and column; the rest is counted."""


class Notes:
    """Gathers the findings of one file.

    Of one rule and column the first ``SHOWN`` rows are kept, and one more finding on line 0 says how many there were
    beyond them. Rules that make no finding in this mode are dropped.
    """

    def __init__(self, rules: Mapping[str, Rule], file: str, *, strict: bool) -> None:
        self._rules = rules
        self._file = file
        self._strict = strict
        self._frames: list[pl.DataFrame] = []
        self._counts: Counter[tuple[str, str]] = Counter()

    def severity(self, rule: str) -> str:
        """The rule's severity in this mode, "" where it makes no finding."""
        return self._rules[rule].severity(strict=self._strict)

    def meaning(self, rule: str) -> str:
        """What the rule says, as a sentence without its full stop."""
        return self._rules[rule].meaning.rstrip(".")

    def one(
        self, rule: str, *, line: int = 0, column: str = "", value: str = "", key: str = "", detail: str = ""
    ) -> None:
        """Notes one finding; line 0 where the whole file is meant."""
        row = pl.DataFrame({"line": [line], "value": [value], "key": [key], "detail": [detail]})
        self.many(rule, row, column=column)

    def many(self, rule: str, hits: pl.DataFrame, *, column: str = "") -> None:
        """Notes a finding per row of ``hits``: ``line``, and where it has them ``key``, ``value`` and ``detail``."""
        severity = self.severity(rule)
        if not severity or hits.is_empty():
            return
        self._counts[rule, column] += hits.height
        told = {"rule": rule, "severity": severity, "file": self._file, "column": column}
        missing = {name: "" for name in ("value", "key", "detail") if name not in hits.columns}
        constants = [pl.lit(text).alias(name) for name, text in (told | missing).items()]

        wide = hits.bottom_k(SHOWN, by="line").with_columns(constants)
        cells = [pl.col(name).cast(dtype) for name, dtype in findings.FINDINGS.items()]
        self._frames.append(wide.select(cells).with_columns(pl.col(pl.String).fill_null("")))

    def habit(self, rule: str, lines: pl.Series, *, column: str = "") -> None:
        """Notes what is so in many rows: one finding, on the first of their lines, says how many."""
        if lines.len():
            self.one(rule, line=int(lines.min()), column=column, detail=f"{lines.len():,} rows")  # type: ignore[arg-type] # an integer

    def frame(self) -> pl.DataFrame:
        """All that was noted, as a findings frame in line order."""
        every = findings.ordered(findings.concat(self._frames))
        place = pl.int_range(pl.len()).over("rule", "column")
        more = [
            findings.finding(
                rule,
                self.severity(rule),
                file=self._file,
                column=column,
                detail=f"and {count - SHOWN:,} more rows like these",
            )
            for (rule, column), count in self._counts.items()
            if count > SHOWN
        ]
        return findings.ordered(findings.concat([every.filter(place < SHOWN), *more]))
