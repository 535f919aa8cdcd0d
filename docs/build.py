"""Writes the pages that are made from the code: ``python docs/build.py`` (a test fails where one is out of date)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from providers.connect.page import page as connect_feed
from providers.edlio.page import page as edlio_feed
from providers.handshake.page import page as handshake_feed
from providers.one_sis.differences import document as differences
from providers.oneroster.feed_page import page as oneroster_feed
from providers.uconnect.page import page as uconnect_feed
from rosterkit import registry
from rosterkit.cli.main import command
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.settings import Thresholds, Weights
from rosterkit.feeds.alarms import ALARM_RULES
from rosterkit.render.policy_page import document as policy_page
from rosterkit.roster.rules import ENGINE_RULES, Rule
from rosterkit.settings_template import TABLES, models, plain_fields, toml
from rosterkit.sources.csv_rules import CSV_RULES
from rosterkit.sources.package_rules import PACKAGE_RULES
from rosterkit.transport.settings_page import tables

__all__ = ["PAGES", "verbs"]

DOCS = Path(__file__).parent
_NOTE = "<!-- Made by `python docs/build.py`: do not edit. -->"

_SETTINGS = f"""# Settings

Everything that `rosterkit.toml` can hold. `rosterkit init DIR` writes one with the settings of the engine in it.
`rosterkit validate` checks it. All problems are reported at once, an unknown key with the nearest known one.

{_NOTE}
"""


def settings() -> str:
    """``settings.md``."""
    out = [_SETTINGS]
    for table, (title, model) in TABLES.items():
        out.append(f"\n## {title}\n\n" + (f"`[{table}]`\n\n" if table else "") + _fields(plain_fields(model)))
    for word, title, kinds in (
        ("sources", "A source: where a roster comes from", registry.source_kinds()),
        ("feeds", "A feed: files that are built for a product", registry.feed_kinds()),
    ):
        shared = plain_fields(models(word, kinds[0])[0])
        out.append(f"\n## {title}\n\n`[{word}.NAME]`, for every kind:\n\n{_fields(shared)}")
        out += [f'\n### `kind = "{kind}"`\n\n{_fields(models(word, kind)[1].model_fields)}' for kind in kinds]
    return "".join(out)


def _fields(fields: Mapping[str, FieldInfo]) -> str:
    out = ["| setting | default | meaning |\n|---|---|---|\n"]
    for name, field in fields.items():
        value = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
        shown = "required" if field.is_required() else "none" if value is None else f"`{_cell(toml(value))}`"
        meaning = " ".join(filter(None, (field.description, _range(field))))
        out.append(f"| `{name}` | {shown} | {_cell(meaning)} |\n")
    return "".join(out)


def _range(field: FieldInfo) -> str:
    words = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
    found = [
        text.format(f"{getattr(item, name):_}")
        for item in field.metadata
        for name, text in words.items()
        if isinstance(getattr(item, name, None), int | float)
    ]
    return f"({', '.join(found)})" if found else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


_COMMANDS = f"""# Commands

Every command of `rosterkit`. `-C DIR` names the workspace; without it, it is the current folder. Paths on the command
line are meant from the current folder. Exit codes are in [exit-codes.md](exit-codes.md), the shapes of `--json` in
[json.md](json.md). The same verbs in Python are methods of `rosterkit.Workspace`.

{_NOTE}
"""


def commands() -> str:
    """``commands.md``."""
    return _COMMANDS + "".join(_verb(name, verb) for name, verb in verbs())


def verbs(group: Any = command, before: str = "") -> Iterator[tuple[str, Any]]:
    """Each command's name, such as ``feed build``, and the command, in the order of ``--help``."""
    for name, verb in group.commands.items():
        full = f"{before} {name}".strip()
        inner = getattr(verb, "commands", {})
        if not inner or verb.invoke_without_command:
            yield full, verb
        if inner:
            yield from verbs(verb, full)


def _verb(name: str, verb: Any) -> str:
    example = verb.epilog.removeprefix("Example: ")
    out = [f"\n## {name}\n\n{' '.join(verb.help.split())}\n\nExample: `{example}`\n\n"]
    rows = [_parameter(parameter) for parameter in verb.params if parameter.name != "help"]
    if rows:
        out += ["| argument | default | meaning |\n|---|---|---|\n", *rows]
    return "".join(out)


def _parameter(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    metavar = re.sub(r"^\[(.*)\]$", r"\1", parameter.metavar or parameter.name.upper())
    value = "" if argument or parameter.is_flag else f" {metavar}"
    name = metavar if argument else ", ".join([*parameter.opts, *parameter.secondary_opts]) + value
    default = "" if parameter.default in (None, False, "") else f"`{parameter.default}`"
    return f"| `{_cell(name)}` | {'required' if parameter.required else default} | {parameter.help} |\n"


_FINDINGS = f"""# Findings: what happens to data that is not as it should be

{_NOTE}

Every rule of the OneRoster source and of the engine. *Severity* is that of lenient reading, then that of strict reading
(`--strict`). "refused" means that nothing at all is read. **Row** is the line in the file, **record** what is stored
under its id, **dependants** what refers to it, **table** all records of its kind. In a table that is `absent` or
`partial`, absence archives nothing. `rosterkit rules` prints these, and
those of every other source and feed, which stand on its page.

A rule that many rows of one column break is shown for the first 1,000 of them; one more finding says how many there are
beyond. Personal values (names, numbers, addresses, birth dates) are shown by their length only.

## What is seen in the field

| seen | rules | besides |
|---|---|---|
{{seen}}

{{chapters}}
"""

SEEN: tuple[tuple[str, str, str], ...] = (
    ("a byte order mark before the header", "", "read silently"),
    ("Windows-1252 bytes, UTF-16", "csv.not-utf-8 csv.utf-16", ""),
    ("a zip with a folder, `__MACOSX`, `.DS_Store`", "package.folder package.junk", ""),
    ("bulk in the manifest, status and dates in the rows", "bulk.status bulk.date bulk.delete", ""),
    ("`TRUE`, `False`, `1`, `yes`", "bool.form bool.unknown", ""),
    ("`toBeDeleted`, `inactive`, `Active`", "enum.case status.inactive", ""),
    (
        "a column misspelt or missing (`birthdate`, `agents`, `termSourcedId`)",
        (
            "schema.header-case schema.order schema.unknown-column schema.missing-column schema.missing-required "
            "schema.missing-key"
        ),
        "the finding names the column that may be meant",
    ),
    (
        "`userprofiles.csv`, `users_103.csv`; rows of one file in another",
        "package.file-name package.unknown-file schema.missing-key",
        "",
    ),
    ("blank or unknown values in the manifest", "manifest.mode", ""),
    ("`source.systemName,absent`", "", "taken as the system's name"),
    (
        "a manifest that contradicts the package, or is not there",
        "manifest.file-missing manifest.undeclared manifest.repeated manifest.row-missing manifest.missing",
        "",
    ),
    ("empty header cells (`role,,,`)", "csv.unnamed-column", ""),
    ("a row longer or shorter than the header, a comma that is not quoted", "csv.ragged csv.cut-short", ""),
    ("a quotation mark out of place", "csv.quote csv.unclosed-quote", ""),
    ("a line break in a cell", "csv.line-break", "read; line numbers stay exact"),
    ("orphans; ids that differ in case; demographics of nobody", "reference.missing reference.gone", ""),
    ("a department used as a school", "semantic.school-type", ""),
    ("a parent that is missing; parents in a circle", "reference.missing semantic.cycle", ""),
    ("the same sourcedId twice", "row.repeated row.conflict", ""),
    ("the same username twice", "semantic.username-shared", ""),
    ("a student enrolled twice in a class", "semantic.enrolled-twice", ""),
    ("a class without course or term", "cell.required", ""),
    ("an end before the beginning, dates outside the term", "semantic.dates semantic.enrollment-dates", ""),
    ("dates such as `8/27/2026`, `2026-09-01 00:00`", "date.unreadable date.form datetime.form", ""),
    ("userIds as numbers or JSON", "user-ids.form", ""),
    ("leading zeros lost; ids in scientific notation", "grade.form guid.mangled csv.key-unreadable", ""),
    ("an id used again for another person", "identity.reused-id", ""),
    ("a mass deletion; a truncated upload", "csv.empty csv.cut-short", "the limits hold what vanished"),
    ("a literal `NULL`", "cell.null-literal", ""),
    (
        "a teacher, oneself or another student as a guardian",
        "agents.not-family agents.self agents.two-students agents.two-guardians agents.role-unknown",
        "",
    ),
)
"""What is seen in the field, the rules that find it, and what else there is to know."""


_QUESTIONS = f"""# Questions that `rosterkit compare` asks

{_NOTE}

Every source is asked the same questions. An answer is a count, a percentage, up to ten records that prove it, and what
to do. *Look* and *serious* say from which percentage on an answer is marked so; a count below is a note, none is fine.
A question that has no meaning for a source, or needs a table that did not come, says why. How to choose by the answers
is in [for-admins.md](for-admins.md).
"""

_REASONS = """
## Reasons

What speaks against a way. A reason counts from its threshold on (a percentage of those whom it concerns). It then costs
half of its weight, and up to all of it by how many it concerns. A way starts with 100 points. Both are settings:
`[compare.weights]` and `[compare.thresholds]`.

| reason | weight | from | it counts |
|---|---|---|---|
"""


def questions() -> str:
    """``questions.md``."""
    out = [_QUESTIONS]
    for group in dict.fromkeys(question.group for question in QUESTIONS):
        out.append(f"\n## {group}\n\n| code | question | look | serious | what to do |\n|---|---|---|---|---|\n")
        out += [
            f"| `{q.code}` | {_cell(q.text)} | {_from(q.warning)} | {_from(q.error)} | {_cell(q.remedy)} |\n"
            for q in QUESTIONS
            if q.group == group
        ]
    out.append(_REASONS)
    for name, field in Weights.model_fields.items():
        least = Thresholds.model_fields.get(name)
        shown = f"{least.default:g} %" if least else "–"
        out.append(f"| `{name}` | {field.default:g} | {shown} | {_cell(field.description or '')} |\n")
    return "".join(out)


def _from(percent: float | None) -> str:
    return "–" if percent is None else "any" if percent == 0 else f"{percent:g} %"


def findings() -> str:
    """``findings.md``."""
    shared = {rule.code for rule in (*PACKAGE_RULES, *CSV_RULES)}
    oneroster = [rule for rule in registry.source("oneroster").rules if rule.code not in shared]
    chapters = [
        ("Packages", PACKAGE_RULES),
        ("CSV files", CSV_RULES),
        ("OneRoster", oneroster),
        ("The engine", ENGINE_RULES),
        ("Deliveries", ALARM_RULES),
    ]
    seen = [
        f"| {what} | {', '.join(f'`{code}`' for code in codes.split()) or '–'} | {besides} |"
        for what, codes, besides in SEEN
    ]
    tables = [f"## {title}\n\n{_rules(rules)}" for title, rules in chapters]
    return _FINDINGS.format(seen="\n".join(seen), chapters="\n\n".join(tables))


def _rules(rules: Any) -> str:
    head = "| rule | severity | meaning | remedy | row | record | dependants | table |"
    return "\n".join([head, "|---" * 8 + "|", *map(_rule, rules)])


def _rule(rule: Rule) -> str:
    severity = " / ".join(dict.fromkeys(mode or "–" for mode in (rule.lenient, rule.strict)))
    example = f" Example: {rule.example}." if rule.example else ""
    meaning = rule.meaning + example.replace("..", ".")
    cells = (severity, meaning, rule.remedy, rule.row, rule.record, rule.dependants, rule.table)
    return f"| `{rule.code}` | " + " | ".join(map(_cell, cells)) + " |"


def transport() -> str:
    """``transport.md``: its sentences are written by hand, and its tables are made."""
    text = (DOCS / "transport.md").read_text(encoding="utf-8")
    for name, table in tables().items():
        before, _, after = text.partition(mark := f"<!-- table: {name} -->\n\n")
        text = "".join((before, mark, table, "\n", re.sub(r"^([|].*\n)*", "", after)))
    return text


PAGES: Mapping[str, Callable[[], str]] = {
    "settings.md": settings,
    "commands.md": commands,
    "findings.md": findings,
    "questions.md": questions,
    "policy.md": lambda: policy_page(_NOTE),
    "feeds/connect.md": lambda: connect_feed(_NOTE),
    "feeds/edlio.md": lambda: edlio_feed(_NOTE),
    "feeds/handshake.md": lambda: handshake_feed(_NOTE),
    "feeds/oneroster.md": lambda: oneroster_feed(_NOTE),
    "feeds/uconnect.md": lambda: uconnect_feed(_NOTE),
    "sources/differences.md": lambda: differences(_NOTE),
    "transport.md": transport,
}
"""What makes each page."""


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text(), encoding="utf-8")
        sys.stdout.write(f"docs/{page}\n")
