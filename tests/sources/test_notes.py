from __future__ import annotations

import polars as pl

from rosterkit.roster.findings import FINDINGS
from rosterkit.roster.rules import Rule
from rosterkit.sources.file_findings import SHOWN, Notes

RULES = {
    "a": Rule("a", "warning", "error", "It is so.", "Mend it."),
    "b": Rule("b", "", "error", "It is so.", "Mend it."),
}


def test_a_habit_is_told_a_thousand_times_and_then_counted() -> None:
    notes = Notes(RULES, "x.csv", strict=False)
    lines = list(range(2, SHOWN + 1234))
    notes.many("a", pl.DataFrame({"line": lines[600:]}), column="c")
    notes.many("a", pl.DataFrame({"line": lines[:600]}), column="c")
    frame = notes.frame()
    assert frame["line"].to_list() == [0, *range(2, SHOWN + 2)]
    assert frame["detail"][0] == "and 1,232 more rows like these"
    assert dict(frame.schema) == FINDINGS
    assert frame.null_count().row(0) == (0,) * len(FINDINGS)


def test_severity_is_the_modes_and_a_rule_without_one_is_silent() -> None:
    notes = Notes(RULES, "x.csv", strict=False)
    notes.one("b")
    assert notes.frame().is_empty()
    strict = Notes(RULES, "x.csv", strict=True)
    strict.one("b", line=3)
    assert strict.frame()["severity"].to_list() == ["error"]
