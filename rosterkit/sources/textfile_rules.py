"""The rules of single text files: a source that reads one lists them among its own."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

__all__ = ["CONTACT_RULES", "TEXTFILE_RULES"]

_KEPT = "keeps its stored values; absence archives nothing"


def _whole_file(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record="keeps its stored values",
        segment="absent: absence archives nothing",
        example=example,
    )


def _row(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(
        code,
        "error",
        "error",
        meaning,
        f"{remedy} To go on without this row, set it aside by its line hash.",
        row="not read",
        record=_KEPT,
        dependants="protected with it",
        segment="partial: absence archives nothing",
        example=example,
    )


TEXTFILE_RULES: tuple[Rule, ...] = (
    _whole_file(
        "textfile.missing",
        "There is no file at the path that the settings name.",
        "Check that the export ran and that the path is right.",
    ),
    _whole_file(
        "textfile.encoding",
        "The file is not UTF-8. The line is that of the first byte that is wrong.",
        'Export the file as UTF-8 (in Excel: "CSV UTF-8").',
        "José saved as Windows-1252",
    ),
    _whole_file(
        "textfile.too-large",
        "The file holds more bytes, columns or cells than a roster file can.",
        "Check that this is the right file.",
    ),
    _whole_file(
        "textfile.header",
        "The first line cannot be read as a header.",
        "Let the first line name the columns.",
    ),
    _whole_file(
        "textfile.duplicate-header",
        "Two columns have the same name, apart from case, spaces and invisible characters.",
        "Name each column once.",
        '"Email" and "email "',
    ),
    _whole_file(
        "textfile.column-missing",
        "The file has no column that the source cannot do without.",
        "Add the column, or name it in the settings.",
        "a header with SudentNumber instead of studentNumber",
    ),
    _whole_file(
        "textfile.column-ambiguous",
        "Two columns have names that mean the same.",
        "Name in the settings which of them is meant.",
        '"Email" and "E-mail Address"',
    ),
    _whole_file(
        "textfile.empty",
        "The file has no rows that can be read.",
        "Check that the export ran to its end.",
        "a header and nothing else",
    ),
    Rule(
        "textfile.column-not-found",
        "warning",
        "error",
        "The settings name a column that the file does not have, or the file has one whose name is nearly right.",
        "Correct the name of the column in the file or in the settings.",
        row="read without the column",
        record="keeps the stored value of that column",
        example="a header with emial",
    ),
    Rule(
        "textfile.header-cleaned",
        "warning",
        "error",
        "The names of columns have spaces around them, or hold invisible characters.",
        "Remove them from the header.",
        row="read, as if they were not there",
        example="a zero-width space (U+200B) before email",
    ),
    Rule(
        "textfile.unnamed-column",
        "warning",
        "error",
        "The header has cells without a name.",
        "Remove the empty columns.",
        row="read without those cells",
        example="email,,,",
    ),
    Rule(
        "textfile.extra-cells",
        "warning",
        "error",
        "Rows have more cells than the header, all of them blank.",
        "Remove the commas at the end of the rows.",
        row="read without those cells",
    ),
    Rule(
        "textfile.blank-line",
        "info",
        "warning",
        "There are blank lines between the rows, or rows without any value.",
        "Remove them.",
        row="ignored",
    ),
    Rule(
        "textfile.spaces",
        "warning",
        "warning",
        "Values have spaces or invisible characters around them.",
        "Remove them at the source.",
        row="read, without them",
        example='" 204410"',
    ),
    _row(
        "textfile.ragged",
        "The row has more or fewer cells than the header: perhaps a comma that is not quoted.",
        "Quote the cells that hold commas.",
        "Okafor, Jr. without quotes",
    ),
    _row(
        "textfile.quote",
        "Something follows the closing quotation mark of a cell, or a cell is too long.",
        "Quote the whole cell and double the marks inside it.",
        '"Ada "Countess" Byron"',
    ),
    _row(
        "textfile.control-character",
        "The row holds a NUL, another control character, or one that turns the direction of writing.",
        "Remove the character at the source and export the file again.",
    ),
    _row(
        "textfile.cut-short",
        "The last row is not complete, or no line break ends it: the file seems to be cut short.",
        "Export and upload the file again. If the export never ends its last line, set final_line_break = false.",
    ),
    _row(
        "textfile.key-unreadable",
        "The value that says which record the row is about is blank, or a spreadsheet turned it into a rounded number.",
        "Correct the value at the source.",
        "a blank student number, or 2.04E+11",
    ),
)
"""What ``read_text_file`` and ``rosterkit.sources.headings`` find."""

CONTACT_RULES: tuple[Rule, ...] = (
    Rule(
        "contact.email-invalid",
        "error",
        "error",
        "The value is not an e-mail address.",
        "Correct it at the source.",
        row="read without this value",
        record="keeps its stored e-mail address",
        example="ana.mail.example",
    ),
    Rule(
        "contact.phone-invalid",
        "error",
        "error",
        "The value is not a phone number.",
        "Correct it at the source.",
        row="read without this value",
        record="keeps its stored number",
        example="call the office",
    ),
    Rule(
        "contact.phone-unusual",
        "info",
        "warning",
        "The phone number is not complete, or no number of that kind is in use.",
        "Add the area code, or the country code of a number abroad.",
        record="has the number as it is written",
        example="555-0101, without an area code",
    ),
)
"""What ``rosterkit.sources.contact_points`` finds."""
