"""The page of the Clever source names every rule and every setting."""

from __future__ import annotations

from pathlib import Path

from providers.clever import CSV_SOURCE, SOURCE
from providers.clever.settings import ApiSettings, CsvSettings, Scope
from rosterkit.sources.package_rules import PACKAGE_RULES

PAGE = (Path(__file__).parents[3] / "docs/sources/clever.md").read_text(encoding="utf-8")


def test_every_rule_is_on_the_page() -> None:
    rules = [rule for rule in (*SOURCE.rules, *CSV_SOURCE.rules) if rule not in PACKAGE_RULES]  # docs/findings.md
    assert [r.code for r in rules if f"| `{r.code}` | {r.lenient} | {r.meaning} | {r.remedy} | " not in PAGE] == []


def test_every_setting_is_on_the_page() -> None:
    for model in (ApiSettings, CsvSettings, Scope):
        lost = [n for n, f in model.model_fields.items() if f"| `{n}` |" not in PAGE or str(f.description) not in PAGE]
        assert lost == []
