"""A file's header against the table of the standard: which column is which, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from providers.oneroster.spec import Field, File
from rosterkit.sources.file_findings import Notes

__all__ = ["Columns", "match"]


@dataclass(frozen=True)
class Columns:
    """``fields``: by the name in the file, the column that it is; ``extensions``: names that are kept as attributes.

    ``refusal`` says why the file cannot be read; "" when it can.
    """

    fields: dict[str, Field]
    extensions: tuple[str, ...]
    refusal: str = ""


def match(file: File, header: Sequence[str], notes: Notes, *, strict: bool) -> Columns:
    """Matches the header, noting what departs from the standard.

    Lenient reading knows columns by their name without case, in any order, and does without what it can; strict reading
    takes no file whose header departs at all.
    """
    folded = {field.name.casefold(): field for field in file.fields}
    fields = {name: folded[name.casefold()] for name in header if name.casefold() in folded}
    unknown = [name for name in header if name not in fields]
    wrong = [
        *_case(fields, notes),
        *_unknown(file, unknown, fields, notes),
        *_order(file, header, fields, notes),
        *_missing(file, fields, notes),
    ]
    if len({field.name for field in fields.values()}) < len(fields):
        notes.one("csv.duplicate-header", line=1)
        wrong.append("csv.duplicate-header")
    fatal = [rule for rule in wrong if strict or rule in ("schema.missing-key", "csv.duplicate-header")]
    return Columns(fields, tuple(unknown), notes.meaning(fatal[0]) if fatal else "")


def _case(fields: dict[str, Field], notes: Notes) -> list[str]:
    wrong = [(name, field) for name, field in fields.items() if name != field.name]
    for name, field in wrong:
        notes.one("schema.header-case", line=1, column=field.name, value=name[:60])
    return ["schema.header-case"] * bool(wrong)


def _unknown(file: File, unknown: list[str], fields: dict[str, Field], notes: Notes) -> list[str]:
    missing = [name for name in file.header if name not in {field.name for field in fields.values()}]
    wrong = [name for name in unknown if not name.startswith("metadata.")]
    if not fields:  # no header at all: its names are a person's values
        notes.one("schema.unknown-column", line=1, detail="none is of the standard: the header may be missing")
        return ["schema.unknown-column"]
    for name in wrong:
        near = get_close_matches(name, missing, n=1)
        notes.one("schema.unknown-column", line=1, column=name[:60], detail=f"perhaps {near[0]}" if near else "")
    return ["schema.unknown-column"] * bool(wrong)


def _order(file: File, header: Sequence[str], fields: dict[str, Field], notes: Notes) -> list[str]:
    known = [fields[name].name for name in header if name in fields]
    if known == [name for name in file.header if name in known] and all(
        name in fields for name in header[: len(known)]
    ):
        return []
    notes.one("schema.order", line=1)
    return ["schema.order"]


def _missing(file: File, fields: dict[str, Field], notes: Notes) -> list[str]:
    present = {field.name for field in fields.values()}
    found = []
    for field in file.fields:
        if field.name in present:
            continue
        rule = "schema.missing-column"
        if field.required:
            vital = field.type in ("guid", "ref") or field.name == "role"
            rule = "schema.missing-key" if vital else "schema.missing-required"
        notes.one(rule, line=1, column=field.name)
        found.append(rule)
    return found
