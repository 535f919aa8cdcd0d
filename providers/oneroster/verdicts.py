"""Writes the page of verdicts: ``python -m providers.oneroster.verdicts > docs/verdicts.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from providers.oneroster.rules import ONEROSTER_RULES
from rosterkit.roster.rules import ENGINE_RULES, Rule
from rosterkit.sources.rules import CSV_RULES, PACKAGE_RULES

__all__ = ["FIELD_ERRORS", "document"]

FIELD_ERRORS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("a byte order mark before the header", (), "read silently"),
    ("Windows-1252 bytes, UTF-16", ("csv.not-utf-8", "csv.utf-16"), ""),
    ("a zip with a folder, `__MACOSX`, `.DS_Store`", ("package.folder", "package.junk"), ""),
    ("bulk in the manifest, status and dates in the rows", ("bulk.status", "bulk.date", "bulk.delete"), ""),
    ("`TRUE`, `False`, `1`, `yes`", ("bool.form", "bool.unknown"), ""),
    ("`toBeDeleted`, `inactive`, `Active`", ("enum.case", "status.inactive"), ""),
    (
        "a column misspelt or missing (`birthdate`, `agents`, `termSourcedId`)",
        (
            "schema.header-case",
            "schema.order",
            "schema.unknown-column",
            "schema.missing-column",
            "schema.missing-required",
            "schema.missing-key",
        ),
        "the finding names the column that may be meant",
    ),
    (
        "`userprofiles.csv`, `users_103.csv`; rows of one file in another",
        ("package.file-name", "package.unknown-file", "schema.missing-key"),
        "",
    ),
    ("blank or unknown values in the manifest", ("manifest.mode",), ""),
    ("`source.systemName,absent`", (), "taken as the system's name"),
    (
        "a manifest that contradicts the package, or is not there",
        (
            "manifest.file-missing",
            "manifest.undeclared",
            "manifest.repeated",
            "manifest.row-missing",
            "manifest.missing",
        ),
        "",
    ),
    ("empty header cells (`role,,,`)", ("csv.unnamed-column",), ""),
    ("a row longer or shorter than the header, a comma that is not quoted", ("csv.ragged", "csv.cut-short"), ""),
    ("a quotation mark out of place", ("csv.quote", "csv.unclosed-quote"), ""),
    ("a line break in a cell", ("csv.line-break",), "read; line numbers stay exact"),
    ("orphans; ids that differ in case; demographics of nobody", ("reference.missing", "reference.gone"), ""),
    ("a department used as a school", ("semantic.school-type",), ""),
    ("a parent that is missing; parents in a circle", ("reference.missing", "semantic.cycle"), ""),
    ("the same sourcedId twice", ("row.repeated", "row.conflict"), ""),
    ("the same username twice", ("semantic.username-shared",), ""),
    ("a student enrolled twice in a class", ("semantic.enrolled-twice",), ""),
    ("a class without course or term", ("cell.required",), ""),
    ("an end before the beginning, dates outside the term", ("semantic.dates", "semantic.enrollment-dates"), ""),
    ("dates such as `8/27/2026`, `2026-09-01 00:00`", ("date.unreadable", "date.form", "datetime.form"), ""),
    ("userIds as numbers or JSON", ("user-ids.form",), ""),
    ("leading zeros lost; ids in scientific notation", ("grade.form", "guid.mangled", "csv.key-unreadable"), ""),
    ("an id used again for another person", ("identity.reused-id",), ""),
    ("a mass deletion; a truncated upload", ("csv.empty", "csv.cut-short"), "the limits hold what vanished"),
    ("a literal `NULL`", ("cell.null-literal",), ""),
    (
        "a teacher, oneself or another student as a guardian",
        ("agents.not-family", "agents.self", "agents.two-students", "agents.two-guardians", "agents.role-unknown"),
        "",
    ),
)
"""What is seen in the field, the rules that speak of it, and what else is to be said of it."""

_PAGE = """# Verdicts: what happens to data that is not as it should be

<!-- Made by `python -m providers.oneroster.verdicts`: do not edit. -->

Every rule of the OneRoster source and of the engine. *Severity* is that of lenient reading, then that of strict reading
(`--strict`); "refused" means that nothing at all is read. **Row** is the line in the file, **record** what is stored
under its id, **dependants** what refers to it, **segment** all records of its kind. In a segment that is `absent` or
`partial`, absence archives nothing. `rosterkit rules` prints the same catalogue.

A rule that many rows of one column break is shown for the first 1,000 of them; one more finding says how many there are
beyond. Personal values (names, numbers, addresses, birth dates) are shown by their length only.

A line that cannot be read and makes a file partial can be accepted: its finding shows the line's hash.

## What is seen in the field

| seen | rules | besides |
|---|---|---|
{seen}

{chapters}"""

_CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("Packages", PACKAGE_RULES),
    ("CSV files", CSV_RULES),
    ("OneRoster", ONEROSTER_RULES),
    ("The engine", ENGINE_RULES),
)


def document() -> str:
    """The whole page, ending in a line break."""
    seen = "\n".join(f"| {what} | {_codes(rules)} | {besides} |" for what, rules, besides in FIELD_ERRORS)
    chapters = "\n\n".join(f"## {title}\n\n{_table(rules)}" for title, rules in _CHAPTERS)
    return _PAGE.format(seen=seen, chapters=chapters) + "\n"


def _codes(rules: Iterable[str]) -> str:
    return ", ".join(f"`{rule}`" for rule in rules) or "–"


def _table(rules: Iterable[Rule]) -> str:
    head = "| rule | severity | meaning | remedy | row | record | dependants | segment |"
    return "\n".join([head, "|---" * 8 + "|", *map(_line, rules)])


def _line(rule: Rule) -> str:
    severity = " / ".join(dict.fromkeys(mode or "–" for mode in (rule.lenient, rule.strict)))
    example = f" Example: {rule.example}." if rule.example else ""
    cells = (
        f"`{rule.code}`",
        severity,
        rule.meaning + example.replace("..", "."),
        rule.remedy,
        rule.row,
        rule.record,
        rule.dependants,
        rule.segment,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(document())
