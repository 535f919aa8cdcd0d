"""The catalogue of OneRoster's rules: what each finding means and what happens to row, record, dependants and table."""

from __future__ import annotations

from providers.oneroster.check_rules import AGENT_RULES, SEMANTIC_RULES
from providers.oneroster.package_rules import MANIFEST_RULES, SCHEMA_RULES
from providers.oneroster.row_rules import CELL_RULES, ROW_RULES
from rosterkit.roster.rules import Rule
from rosterkit.sources.csv_rules import CSV_RULES
from rosterkit.sources.package_rules import PACKAGE_RULES

ONEROSTER_RULES: tuple[Rule, ...] = (
    *MANIFEST_RULES,
    *SCHEMA_RULES,
    *ROW_RULES,
    *CELL_RULES,
    *SEMANTIC_RULES,
    *AGENT_RULES,
)
RULES: tuple[Rule, ...] = (*PACKAGE_RULES, *CSV_RULES, *ONEROSTER_RULES)
"""All that the source may find, those of packages and CSV files first."""
