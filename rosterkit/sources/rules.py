"""The rules of packages and CSV files, whatever standard they follow; a source that reads such files lists them."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

__all__ = ["CSV_RULES", "FILE_RULES", "PACKAGE_RULES"]


def _refusal(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(
        code,
        "refused",
        "refused",
        meaning,
        remedy,
        row="not read",
        record="keeps its stored values",
        segment="nothing is read and nothing changes",
        example=example,
    )


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


def _row(code: str, meaning: str, remedy: str, segment: str, example: str = "") -> Rule:
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record="is there but unreadable: keeps its stored values, never archived for absence",
        dependants="protected with it",
        segment=segment,
        example=example,
    )


PACKAGE_RULES: tuple[Rule, ...] = (
    _refusal(
        "package.missing",
        "There is no such file or folder, or it may not be read.",
        "Check the path in the configuration and that this user may read it.",
    ),
    _refusal(
        "package.empty",
        "The package holds no CSV file.",
        "Check that the export ran and that this is its package.",
    ),
    _refusal(
        "package.not-a-zip",
        "The file is not a zip archive, or its directory is cut off.",
        "Upload the package again and check that the transfer finished.",
    ),
    _refusal(
        "package.damaged",
        "A member does not unpack to what the archive declares: checksum, size or place contradict.",
        "Upload the package again; if it stays, make it again at the source.",
    ),
    _refusal(
        "package.encrypted",
        "A member is encrypted.",
        "Make the package without a password; protect the transfer instead (SFTP, HTTPS).",
    ),
    _refusal(
        "package.duplicate",
        "Two members have the same name, or names that differ only in upper and lower case.",
        "Keep one of the two: only one can be meant.",
        "users.csv and Users.csv",
    ),
    _refusal(
        "package.nested",
        "The package holds another archive.",
        "Put the CSV files themselves into the package.",
    ),
    _refusal(
        "package.path",
        "A member's name is an absolute path, leaves the package (..), names a drive or cannot be shown.",
        "Make the package again with plain file names; find out who made this one.",
        "../users.csv",
    ),
    _refusal(
        "package.link",
        "A member is a link or a special file, or a link in the folder leads out of it.",
        "Put the file itself into the package.",
    ),
    _refusal(
        "package.compression",
        "A member is compressed by a method other than deflate.",
        "Make the package as an ordinary zip (deflate).",
    ),
    _refusal(
        "package.too-many-members",
        "The package holds more files than the cap allows.",
        "Remove what does not belong to the roster, or raise the cap in the configuration.",
    ),
    _refusal(
        "package.too-large",
        "A member, or all of them together, is larger than the cap allows once unpacked.",
        "Check what the package holds, or raise the cap in the configuration.",
    ),
    _refusal(
        "package.ratio",
        "A member unpacks to far more than a roster file can: it looks like an archive bomb.",
        "Find out who made the package; if it is sound, raise the cap in the configuration.",
    ),
    Rule(
        "package.folder",
        "warning",
        "error",
        "The files are inside a folder of the package and not at its root.",
        "Zip the files themselves, without their folder.",
    ),
    Rule(
        "package.junk",
        "warning",
        "error",
        "The package holds files that an operating system adds.",
        "Make the package without them.",
        row="ignored",
        example="__MACOSX/._users.csv",
    ),
)

CSV_RULES: tuple[Rule, ...] = (
    _whole_file(
        "csv.utf-16",
        "The file is UTF-16 and not UTF-8.",
        'Export as UTF-8 (in Excel: "CSV UTF-8").',
    ),
    _whole_file(
        "csv.not-utf-8",
        "The file holds bytes that are not UTF-8, most likely because it was saved as Windows-1252.",
        "Export as UTF-8. The line is that of the first such byte.",
        "José saved as Windows-1252",
    ),
    _whole_file(
        "csv.nul",
        "The file holds NUL bytes: it is damaged or no text.",
        "Export and upload the file again.",
    ),
    _whole_file(
        "csv.bare-cr",
        "Lines end in CR alone.",
        "Export with LF or CR LF line ends.",
    ),
    _whole_file(
        "csv.header",
        "The first line cannot be read as a header, or names more than a thousand columns.",
        "Let the first line name the columns, separated by commas.",
    ),
    _whole_file(
        "csv.duplicate-header",
        "Two columns have the same name.",
        "Name each column once.",
    ),
    _whole_file(
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
        segment="absent: absence archives nothing",
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
    _row(
        "csv.ragged",
        "The row has more or fewer cells than the header; a comma may be unquoted.",
        "Quote the cells that hold commas.",
        "unchanged; partial where the row's key cannot be read or it has the cells of two rows",
        "Smith, Jr. without quotes",
    ),
    _row(
        "csv.cut-short",
        "The last row is incomplete: the file seems to be cut short.",
        "Export and upload the file again, or accept this line by its hash.",
        "partial: absence archives nothing",
    ),
    _row(
        "csv.quote",
        "A quotation mark is in the wrong place.",
        "Quote the whole cell and double the marks inside it.",
        "unchanged; partial where the row's key cannot be read or the cell runs on over the line",
        'The 5" pipe without quotes',
    ),
    _row(
        "csv.unclosed-quote",
        "A quoted cell is not closed.",
        "Close it, or accept this line by its hash.",
        "partial: absence archives nothing",
    ),
    _row(
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
        segment="partial: absence archives nothing",
        example="a blank sourcedId, or one that a spreadsheet turned into 1.23E+11",
    ),
)

FILE_RULES: tuple[Rule, ...] = PACKAGE_RULES + CSV_RULES
