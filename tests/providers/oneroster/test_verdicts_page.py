from __future__ import annotations

from pathlib import Path

from providers.oneroster.rules import RULES
from providers.oneroster.verdicts import FIELD_ERRORS, document
from rosterkit.roster.rules import ENGINE_RULES, SEVERITIES, catalogue

PAGE = Path(__file__).parents[3] / "docs" / "verdicts.md"


def test_the_page_is_what_the_rules_make() -> None:
    made = "make it again: python -m providers.oneroster.verdicts > docs/verdicts.md"
    assert PAGE.read_text(encoding="utf-8") == document(), made


def test_the_page_shows_every_rule_once() -> None:
    table = document().split("## Packages")[1]
    for rule in (*RULES, *ENGINE_RULES):
        assert table.count(f"| `{rule.code}` |") == 1, rule.code


def test_what_is_seen_in_the_field_names_rules_that_exist() -> None:
    known = catalogue(RULES)
    assert [rule for _, rules, _ in FIELD_ERRORS for rule in rules if rule not in known] == []


def test_every_rule_is_a_sentence_with_a_remedy_and_a_known_severity() -> None:
    for rule in RULES:
        assert rule.meaning.endswith("."), rule.code
        assert rule.remedy.endswith("."), rule.code
        assert {rule.lenient, rule.strict} <= {*SEVERITIES, "refused", ""}, rule.code
        assert rule.strict, rule.code
