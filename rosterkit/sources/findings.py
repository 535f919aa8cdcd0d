"""Findings of a source while it reads: severity from its rules, and a limit on how many rows are shown of one kind."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rosterkit.roster import findings
from rosterkit.roster.rules import Rule

SHOWN = 1000
"""How many rows are shown for one rule, file and column; the others are counted."""

ROW_FINDINGS: dict[str, type[pl.DataType]] = {
    "_line": pl.Int64,
    "rule": pl.String,
    "column": pl.String,
    "key": pl.String,
    "value": pl.String,
    "detail": pl.String,
}
"""The columns of a frame of findings about rows, for ``Findings.add_all``."""


class Findings:
    """Collects the findings of one run of a source.

    Of each (rule, file, column) the first ``SHOWN`` rows are kept, by line; one more finding, on line 0, says how many
    others there are. A grouped rule makes one finding, which says how many rows it is about. A rule that makes no
    finding in this mode is dropped. ``strict`` may be set before the first finding.
    """

    def __init__(self, rules: Iterable[Rule], *, strict: bool = False) -> None:
        self.strict = strict
        self._rules = {rule.code: rule for rule in rules}
        self._single: list[tuple[str, str, str, int, str, str, str, str]] = []  # in the order of FINDINGS
        self._frames: list[pl.DataFrame] = []
        self._counts: dict[tuple[str, str, str], tuple[int, int]] = {}  # how many rows, and the first line

    def severity(self, rule: str) -> str:
        """``error``, ``warning``, ``info``, or "" where the rule makes no finding in this mode."""
        return self._rules[rule].severity(strict=self.strict)

    def meaning(self, rule: str) -> str:
        """What the rule says, as a clause: its sentence without the full stop."""
        return self._rules[rule].meaning.rstrip(".")

    def attempt(self) -> Findings:
        """An empty collector with the same rules, for a reading that may have to begin again; see ``take``."""
        return Findings(self._rules.values(), strict=self.strict)

    def take(self, other: Findings) -> None:
        """Adds everything that the other collected."""
        self._single += other._single
        self._frames += other._frames
        for kind, (count, line) in other._counts.items():
            self._count(kind, count, line)

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
        if severity := self.severity(rule):
            self._count((rule, file, column), 1, line)
            self._single.append((rule, severity, file, line, column, value, key, detail))

    def add_rows(self, rule: str, rows: pl.DataFrame, *, file: str, column: str = "") -> None:
        """Adds a finding for each row: ``_line``, and where they are there ``key``, ``value`` and ``detail``."""
        if rows.height and self.severity(rule):
            same = {"rule": rule, "column": column}
            same |= {name: "" for name in ("key", "value", "detail") if name not in rows.columns}
            self.add_all(rows.with_columns(pl.lit(text).alias(name) for name, text in same.items()), file=file)

    def add_all(self, rows: pl.DataFrame, *, file: str) -> None:
        """Adds a finding for each row (ROW_FINDINGS)."""
        if rows.is_empty():
            return
        kinds = rows.group_by("rule", "column").agg(pl.len().alias("count"), pl.col("_line").min())
        shown: set[str] = set()
        for rule, column, count, line in kinds.rows():
            if self.severity(rule):
                self._count((rule, file, column), count, line)
                if not self._rules[rule].grouped:
                    shown.add(rule)
        if not shown:
            return
        kept = rows.lazy().filter(pl.col("rule").is_in(list(shown)))
        if rows.height > SHOWN:
            first = pl.col("_line").rank("ordinal").over("rule", "column") <= SHOWN
            kept = kept.filter(first)
        severity = pl.col("rule").replace_strict({rule: self.severity(rule) for rule in shown})
        every = kept.with_columns(file=pl.lit(file), line="_line", severity=severity)
        columns = [pl.col(name).cast(dtype) for name, dtype in findings.FINDINGS.items()]
        self._frames.append(
            every.select(c.fill_null("") if c.meta.output_name() != "line" else c for c in columns).collect(
                engine="in-memory"
            )
        )

    def frame(self) -> pl.DataFrame:
        """All findings (FINDINGS), by file, line, column and rule."""
        single = [row for row in self._single if not self._rules[row[0]].grouped]
        more = False
        for (rule, file, column), (count, line) in self._counts.items():
            if self._rules[rule].grouped:
                detail = "1 row" if count == 1 else f"{count:,} rows"
                single.append((rule, self.severity(rule), file, line, column, "", "", detail))
            elif count > SHOWN:
                more = True
        if not single and not self._frames:
            return findings.empty()
        frames = [pl.DataFrame(single, schema=findings.FINDINGS, orient="row"), *self._frames]
        every = findings.ordered(pl.concat(frames))
        if not more:
            return every
        shown = every.filter(pl.int_range(pl.len()).over("rule", "file", "column") < SHOWN)
        counted = [
            (rule, self.severity(rule), file, 0, column, "", "", f"and {count - SHOWN:,} more rows like these")
            for (rule, file, column), (count, _) in self._counts.items()
            if count > SHOWN and not self._rules[rule].grouped
        ]
        return findings.ordered(pl.concat([shown, pl.DataFrame(counted, schema=findings.FINDINGS, orient="row")]))

    def _count(self, kind: tuple[str, str, str], count: int, line: int) -> None:
        before, first = self._counts.get(kind, (0, line))
        self._counts[kind] = (before + count, min(first, line))
