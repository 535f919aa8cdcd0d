"""A file's header against the table of the standard: which column is which, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from providers.oneroster.spec import Field, File
from rosterkit.sources.findings import Findings


@dataclass(frozen=True)
class Columns:
    """``fields``: by the name in the file, the column that it is; ``extensions``: names that are kept as attributes.

    ``reason`` says why the file cannot be read; "" when it can.
    """

    fields: dict[str, Field]
    extensions: tuple[str, ...]
    reason: str = ""


def match(file: File, header: Sequence[str], findings: Findings) -> Columns:
    """Matches the header, and reports what departs from the standard.

    Lenient reading knows columns by their name without case, in any order, and does without what it can; strict reading
    takes no file whose header departs at all.
    """
    folded = {field.name.casefold(): field for field in file.fields}
    fields = {name: folded[name.casefold()] for name in header if name.casefold() in folded}
    unknown = [name for name in header if name not in fields]
    broken = [
        *_case(file, fields, findings),
        *_unknown(file, unknown, fields, findings),
        *_order(file, header, fields, findings),
        *_missing(file, fields, findings),
    ]
    if len({field.name for field in fields.values()}) < len(fields):
        findings.add("csv.duplicate-header", file=f"{file.name}.csv", line=1)
        broken.append(("csv.duplicate-header", findings.meaning("csv.duplicate-header")))
    fatal = [why for rule, why in broken if findings.strict or rule in ("schema.missing-key", "csv.duplicate-header")]
    return Columns(fields, tuple(unknown), fatal[0] if fatal else "")


_Broken = list[tuple[str, str]]  # the rule, and what is wrong


def _case(file: File, fields: dict[str, Field], findings: Findings) -> _Broken:
    wrong = [(name, field) for name, field in fields.items() if name != field.name]
    for name, field in wrong:
        findings.add("schema.header-case", file=f"{file.name}.csv", line=1, column=field.name, value=name[:60])
    return [("schema.header-case", findings.meaning("schema.header-case"))] * bool(wrong)


def _unknown(file: File, unknown: list[str], fields: dict[str, Field], findings: Findings) -> _Broken:
    rule, name_of_file = "schema.unknown-column", f"{file.name}.csv"
    missing = [name for name in file.header if name not in {field.name for field in fields.values()}]
    wrong = [name for name in unknown if not name.startswith("metadata.")]
    if not fields:  # no header at all: its names are a person's values
        detail = "no column of the standard is there: the header may be missing"
        findings.add(rule, file=name_of_file, line=1, detail=detail)
        return [(rule, detail)]
    for name in wrong:
        near = get_close_matches(name, missing, n=1)
        detail = f"did you mean {near[0]}?" if near else ""
        findings.add(rule, file=name_of_file, line=1, column=name[:60], detail=detail)
    return [(rule, findings.meaning(rule))] * bool(wrong)


def _order(file: File, header: Sequence[str], fields: dict[str, Field], findings: Findings) -> _Broken:
    known = [fields[name].name for name in header if name in fields]
    in_order = known == [name for name in file.header if name in known]
    if in_order and all(name in fields for name in header[: len(known)]):
        return []
    findings.add("schema.order", file=f"{file.name}.csv", line=1)
    return [("schema.order", findings.meaning("schema.order"))]


def _missing(file: File, fields: dict[str, Field], findings: Findings) -> _Broken:
    present = {field.name for field in fields.values()}
    found = []
    for field in file.fields:
        if field.name in present:
            continue
        rule = "schema.missing-column"
        if field.required:
            vital = field.type in ("guid", "ref") or field.name == "role"
            rule = "schema.missing-key" if vital else "schema.missing-required"
        findings.add(rule, file=f"{file.name}.csv", line=1, column=field.name)
        kind = "required column" if field.required else "column"
        found.append((rule, f"{kind} {field.name} is missing"))
    return found
