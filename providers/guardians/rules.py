"""What the guardian file's source may find."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.contact_points import CONTACT_RULES
from rosterkit.sources.csv_rules import TEXTFILE_RULES

RULES: tuple[Rule, ...] = (
    *TEXTFILE_RULES,
    *CONTACT_RULES,
    Rule(
        "guardians.no-name",
        "error",
        "error",
        "The row has neither a given nor a family name.",
        "Add the guardian's name at the source.",
        row="not read",
        record="keeps its stored values; never archived for absence",
        dependants="protected with it",
        table="unchanged; partial where the source makes the ids of guardians",
    ),
    Rule(
        "guardians.id-of-two-people",
        "error",
        "error",
        "Rows with the same guardian id have different given names: they are two people.",
        "Give each guardian an id of their own at the source.",
        row="not read",
        record="keeps its stored values; never archived for absence",
        dependants="its links keep what is stored too",
        example="G-12 is Farid in one row and Laleh in another",
    ),
    Rule(
        "guardians.contradiction",
        "warning",
        "warning",
        "Rows of one guardian differ in this value.",
        "Correct the guardian's rows at the source, so that all say the same.",
        row="read",
        record="has the value of the row with the first student, in the order of the students' keys",
        example="two phone numbers for G-12",
    ),
    Rule(
        "guardians.no-contact",
        "warning",
        "warning",
        "The guardian has neither an e-mail address nor a phone number that can be used.",
        "Add one at the source; some products leave out guardians without one.",
    ),
    Rule(
        "guardians.shared-email",
        "info",
        "info",
        "Several guardians have the same e-mail address.",
        "Nothing, unless a product asks for one address per account.",
    ),
    Rule(
        "guardians.pair-twice",
        "info",
        "warning",
        "The file lists the same guardian for the same student more than once.",
        "Keep one of the rows.",
        record="has what the row with the first priority says of the link",
        example="one row as mother, one as emergency contact",
    ),
    Rule(
        "guardians.relationship-unknown",
        "warning",
        "error",
        "The word for the relationship is not one that rosterkit knows.",
        "Map it in the settings, under relationships.",
        record="has the word as it is written",
        example="Padrino",
    ),
    Rule(
        "guardians.priority-unusual",
        "warning",
        "warning",
        "The priority is not a whole number.",
        "Number the contacts of each student: 1, 2, 3.",
        record="has the value as it is written",
    ),
)
