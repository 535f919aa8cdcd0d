"""Rules of rows and of their cells."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.rule_kinds import KEPT, PROTECTED, corrected, departure, invalid_cell

__all__ = ["CELL_RULES", "ROW_RULES"]

ROW_RULES: tuple[Rule, ...] = (
    departure(
        "row.repeated",
        "The same row is in the file more than once.",
        "Export each record once.",
        row="read once",
    ),
    Rule(
        "row.conflict",
        "error",
        "error",
        "Rows with the same sourcedId contradict each other.",
        "Export each record once, or give the records ids of their own.",
        row="none of the copies is read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "row.key",
        "error",
        "error",
        "The row's sourcedId is not one that the standard allows.",
        "Use letters, digits and . - _ / @ only, at most 255 characters.",
        row="not read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "delta.incomplete",
        "error",
        "error",
        "A row of a delta file lacks status or dateLastModified, or they cannot be read.",
        "Export both in every row of a delta file.",
        row="not read",
        record=PROTECTED,
        dependants="protected with it",
    ),
    Rule(
        "bulk.status",
        "warning",
        "error",
        "Rows of a bulk file have a status; the standard wants it blank.",
        "Leave status blank in bulk files.",
        row="read; status ignored",
        grouped=True,
    ),
    Rule(
        "bulk.delete",
        "warning",
        "error",
        "A row of a bulk file says that its record is to be deleted.",
        "Leave the row out of a bulk file.",
        row="read as an explicit delete; strict: status ignored",
        record="archived, counted against the limits; strict: as the row says",
        dependants="follow the record",
        example="tobedeleted or inactive in bulk",
    ),
    Rule(
        "bulk.date",
        "warning",
        "error",
        "Rows of a bulk file have a dateLastModified; the standard wants it blank.",
        "Leave dateLastModified blank in bulk files.",
        row="read; the date is ignored",
        grouped=True,
    ),
    departure(
        "status.inactive",
        "status is inactive, which OneRoster 1.0 had; it is taken as tobedeleted.",
        "Write tobedeleted.",
        row="read as tobedeleted; strict: not read in a delta file",
    ),
)

CELL_RULES: tuple[Rule, ...] = (
    invalid_cell("cell.required", "A cell that must have a value is blank.", "Fill it in."),
    Rule(
        "cell.null-literal",
        "warning",
        "warning",
        "The cell holds the word NULL, which is taken as blank.",
        "Leave the cell blank.",
        record="as if the cell were blank",
    ),
    Rule(
        "cell.space",
        "warning",
        "error",
        "Cells have spaces around their value.",
        "Remove them.",
        row="read without the spaces; strict: without those cells",
        record=f"as the row says; strict: {KEPT}",
        grouped=True,
    ),
    corrected(
        "guid.characters",
        "An id holds characters other than letters, digits and . - _ / @.",
        "Use the standard's characters in ids.",
        "Sch:0042",
    ),
    corrected("guid.long", "An id has more than 255 characters.", "Use shorter ids."),
    invalid_cell(
        "guid.mangled",
        "A spreadsheet turned an id into a number in scientific notation.",
        "Export straight from the SIS, without opening the file in a spreadsheet.",
        "1.23E+11",
    ),
    corrected(
        "enum.case", "A code differs from the standard's in upper and lower case.", "Write it exactly.", "Student"
    ),
    invalid_cell("enum.unknown", "The standard knows no such code here.", "Use one of the standard's codes."),
    corrected("bool.form", "The cell is not exactly true or false.", "Write true or false.", "TRUE, yes, 1"),
    invalid_cell("bool.unknown", "The cell is neither true nor false.", "Write true or false."),
    corrected("date.form", "The date is not written YYYY-MM-DD.", "Write YYYY-MM-DD.", "8/27/2026"),
    invalid_cell("date.unreadable", "The cell is not a date.", "Write YYYY-MM-DD.", "2026-02-30"),
    invalid_cell(
        "date.ambiguous",
        "Day and month cannot be told apart.",
        'Write YYYY-MM-DD, or set how such dates are meant: dates = "month-first".',
        "3/4/2026",
    ),
    corrected(
        "datetime.form",
        "The time is not YYYY-MM-DDTHH:MM:SS.sssZ; without an offset it is taken as UTC.",
        "Write YYYY-MM-DDTHH:MM:SS.sssZ.",
        "2026-09-01",
    ),
    invalid_cell("datetime.unreadable", "The cell is no point in time.", "Write YYYY-MM-DDTHH:MM:SS.sssZ."),
    invalid_cell("year.unreadable", "The cell is not a year of four digits.", "Write the year in which it ends, YYYY."),
    corrected(
        "year.span",
        "A school year names both of its years; the second is used.",
        "Write the year in which it ends, YYYY.",
        "2026-2027",
    ),
    corrected("list.spaces", "A list has spaces around its items.", "Remove them.", '"a, b"', lenient="info"),
    corrected("list.empty-item", "A list has an empty item, which is dropped.", "Remove the extra comma.", '"a,,b"'),
    corrected("list.repeated", "A list names the same item twice; it counts once.", "Name each item once.", '"a,a"'),
    corrected(
        "grade.form",
        "A grade is not written as CEDS writes it.",
        "Write KG and 01 to 09.",
        "9 for 09, K for KG",
    ),
    Rule(
        "grade.unknown",
        "info",
        "info",
        "A grade is not among the CEDS codes; it is kept as it is.",
        "Use CEDS codes, or agree on the code with those who receive it.",
        example="P1",
    ),
    corrected(
        "user-ids.form",
        "An item is not {Type:Id}; it is kept as {unknown:…}.",
        "Write {Type:Id}, several separated by commas.",
        "local:123",
    ),
)
