"""The rules of CSV files: those of packages by a standard, and those of single files with columns that people name."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.rule_kinds import file_not_read, unreadable_row

CSV_RULES: tuple[Rule, ...] = (
    file_not_read(
        "csv.utf-16",
        "The file is UTF-16 and not UTF-8.",
        'Export as UTF-8 (in Excel: "CSV UTF-8").',
    ),
    file_not_read(
        "csv.not-utf-8",
        "The file holds bytes that are not UTF-8, most likely because it was saved as Windows-1252.",
        "Export as UTF-8. The line is that of the first such byte.",
        "José saved as Windows-1252",
    ),
    file_not_read(
        "csv.nul",
        "The file holds NUL bytes: it is damaged or no text.",
        "Export and upload the file again.",
    ),
    file_not_read(
        "csv.bare-cr",
        "Lines end in CR alone.",
        "Export with LF or CR LF line ends.",
    ),
    file_not_read(
        "csv.header",
        "The first line cannot be read as a header, or names more than a thousand columns.",
        "Let the first line name the columns, separated by commas.",
    ),
    file_not_read(
        "csv.duplicate-header",
        "Two columns have the same name.",
        "Name each column once.",
    ),
    file_not_read(
        "csv.separator",
        "The columns are not separated by commas.",
        "Export with commas between the columns.",
        "sourcedId;status;dateLastModified",
    ),
    Rule(
        "csv.empty",
        "warning",
        "error",
        "The file has no rows.",
        "Leave the file out and declare it absent, or export its rows.",
        table="absent: absence archives nothing",
        example="users.csv with a header and nothing else",
    ),
    Rule(
        "csv.unnamed-column",
        "warning",
        "error",
        "The header has cells without a name.",
        "Remove the empty columns at the right.",
        row="read without those cells",
        example="role,,,",
    ),
    Rule(
        "csv.extra-cell",
        "warning",
        "error",
        "Every row ends in empty cells that the header does not have.",
        "Remove the commas at the end of the rows.",
        row="read without those cells",
        example="a comma at the end of each row",
    ),
    Rule(
        "csv.blank-line",
        "warning",
        "error",
        "There are blank lines between rows, or rows without any value.",
        "Remove them.",
        row="ignored",
    ),
    Rule(
        "csv.line-break",
        "warning",
        "error",
        "A cell holds a line break; OneRoster allows none inside a field.",
        "Remove the line break.",
        example='"Room 1<line break>Main building"',
    ),
    unreadable_row(
        "csv.ragged",
        "The row has more or fewer cells than the header; a comma may be unquoted.",
        "Quote the cells that hold commas.",
        "unchanged; partial where the row's key cannot be read or it has the cells of two rows",
        "Smith, Jr. without quotes",
    ),
    unreadable_row(
        "csv.cut-short",
        "The last row is incomplete: the file seems to be cut short.",
        "Export and upload the file again, or accept this line by its hash.",
        "partial: absence archives nothing",
    ),
    unreadable_row(
        "csv.quote",
        "A quotation mark is in the wrong place.",
        "Quote the whole cell and double the marks inside it.",
        "unchanged; partial where the row's key cannot be read or the cell runs on over the line",
        'The 5" pipe without quotes',
    ),
    unreadable_row(
        "csv.unclosed-quote",
        "A quoted cell is not closed.",
        "Close it, or accept this line by its hash.",
        "partial: absence archives nothing",
    ),
    unreadable_row(
        "csv.too-long",
        "The line or a cell is longer than the cap allows.",
        "Check the row, or raise the cap in the configuration.",
        "unchanged; partial where the row's key cannot be read",
    ),
    Rule(
        "csv.key-unreadable",
        "error",
        "error",
        "The row's key cannot be read, so nobody knows which record it describes.",
        "Give the row its key, or accept this line by its hash.",
        row="not read",
        record="unknown which: none of the file is archived for absence",
        table="partial: absence archives nothing",
        example="a blank sourcedId, or one that a spreadsheet turned into 1.23E+11",
    ),
)
"""What ``rosterkit.sources.csv`` finds in the files of a package."""


def _row(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    remedy = f"{remedy} To go on without this row, set it aside by its line hash."
    return unreadable_row(code, meaning, remedy, "partial: absence archives nothing", example)


TEXTFILE_RULES: tuple[Rule, ...] = (
    file_not_read(
        "textfile.missing",
        "There is no file at the path that the settings name.",
        "Check that the export ran and that the path is right.",
    ),
    file_not_read(
        "textfile.encoding",
        "The file is not UTF-8. The line is that of the first byte that is wrong.",
        'Export the file as UTF-8 (in Excel: "CSV UTF-8").',
        "José saved as Windows-1252",
    ),
    file_not_read(
        "textfile.too-large",
        "The file holds more bytes, columns or cells than a roster file can.",
        "Check that this is the right file.",
    ),
    file_not_read(
        "textfile.header",
        "The first line cannot be read as a header.",
        "Let the first line name the columns.",
    ),
    file_not_read(
        "textfile.duplicate-header",
        "Two columns have the same name, apart from case, spaces and invisible characters.",
        "Name each column once.",
        '"Email" and "email "',
    ),
    file_not_read(
        "textfile.column-missing",
        "The file has no column that the source cannot do without.",
        "Add the column, or name it in the settings.",
        "a header with SudentNumber instead of studentNumber",
    ),
    file_not_read(
        "textfile.column-ambiguous",
        "Two columns have names that mean the same.",
        "Name in the settings which of them is meant.",
        '"Email" and "E-mail Address"',
    ),
    file_not_read(
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
