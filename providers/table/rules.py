"""What the table's source may find."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.contact_points import CONTACT_RULES
from rosterkit.sources.csv_rules import TEXTFILE_RULES

RULES: tuple[Rule, ...] = (
    *TEXTFILE_RULES,
    *CONTACT_RULES,
    Rule(
        "table.key-twice",
        "warning",
        "error",
        "Several rows have the same key and say the same.",
        "Keep one of them.",
    ),
    Rule(
        "table.contradiction",
        "error",
        "error",
        "Rows with the same key differ, so it cannot be known which one is right.",
        "Keep the right row.",
        row="not read",
        record="keeps its stored values; never archived for absence",
        dependants="its roles keep what is stored too",
        example="two different card ids for student number 204410",
    ),
    Rule(
        "table.shared-value",
        "error",
        "error",
        "Several people have the same value of an attribute that names one person.",
        "Correct it at the source: the value could open one person's account for another.",
        row="read without its attributes",
        record="keeps its stored attributes",
        example="one card id for two students",
    ),
    Rule(
        "table.role-unknown",
        "error",
        "error",
        "The role is not a word of OneRoster, and does not begin with ext:.",
        "Correct it, or map it in the settings, under roles.",
        row="read without the role",
        record="roles of this source are not archived for absence",
        example="Adjunct",
    ),
    Rule(
        "table.role-incomplete",
        "warning",
        "error",
        "The row has a role and no organisation, or an organisation and no role.",
        "Fill in both, or neither.",
        row="read without the role",
        record="roles of this source are not archived for absence",
    ),
)
