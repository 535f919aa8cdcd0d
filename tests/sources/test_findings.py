from __future__ import annotations

import polars as pl

from rosterkit.roster.findings import FINDINGS
from rosterkit.roster.rules import Rule
from rosterkit.sources.findings import SHOWN, Findings

RULES = (
    Rule("a", "warning", "error", "It is so.", "Mend it."),
    Rule("b", "", "error", "It is so.", "Mend it."),
    Rule("c", "warning", "error", "It is so.", "Mend it.", grouped=True),
)


def test_of_one_rule_and_column_the_first_thousand_rows_are_shown_and_the_others_counted() -> None:
    findings = Findings(RULES)
    lines = list(range(2, SHOWN + 1234))
    findings.add_rows("a", pl.DataFrame({"_line": lines[600:]}), file="x.csv", column="c")
    findings.add_rows("a", pl.DataFrame({"_line": lines[:600]}), file="x.csv", column="c")
    frame = findings.frame()
    assert frame["line"].to_list() == [0, *range(2, SHOWN + 2)]
    assert frame["detail"][0] == "and 1,232 more rows like these"
    assert dict(frame.schema) == FINDINGS
    assert frame.null_count().row(0) == (0,) * len(FINDINGS)


def test_severity_is_the_modes_and_a_rule_without_one_makes_no_finding() -> None:
    findings = Findings(RULES)
    findings.add("b")
    assert findings.frame().is_empty()
    strict = Findings(RULES, strict=True)
    strict.add("b", line=3)
    assert strict.frame()["severity"].to_list() == ["error"]


def test_a_grouped_rule_makes_one_finding_that_counts_its_rows() -> None:
    findings = Findings(RULES)
    findings.add_rows("c", pl.DataFrame({"_line": [9, 4]}), file="x.csv", column="name")
    findings.add_rows("c", pl.DataFrame({"_line": [12]}), file="x.csv", column="name")
    findings.add("c", file="x.csv", line=3, column="other")
    reported = findings.frame().select("line", "column", "detail").rows()
    assert reported == [(3, "other", "1 row"), (4, "name", "3 rows")]


def test_what_an_attempt_found_counts_once_it_is_taken() -> None:
    findings = Findings(RULES)
    given_up, used = findings.attempt(), findings.attempt()
    given_up.add("a", line=1)
    used.add("a", line=2)
    findings.take(used)
    assert findings.frame()["line"].to_list() == [2]
