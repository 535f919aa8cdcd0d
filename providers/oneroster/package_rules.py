"""Rules of the manifest, of the files of a package and of their headers."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.rule_kinds import departure, file_not_read

MANIFEST_RULES: tuple[Rule, ...] = (
    Rule(
        "manifest.missing",
        "warning",
        "refused",
        "manifest.csv is missing. Where the headers are those of 1.1 or 1.2 the package is read as that version, and "
        "nothing will be archived; otherwise it is refused.",
        "Export as OneRoster 1.1 or 1.2, with manifest.csv at the root of the package.",
        table="partial: absence archives nothing",
    ),
    Rule(
        "manifest.unreadable",
        "refused",
        "refused",
        "manifest.csv cannot be read.",
        "Export the package again.",
        row="not read",
        record="keeps its stored values",
        table="nothing is read and nothing changes",
    ),
    Rule(
        "manifest.version",
        "refused",
        "refused",
        "The manifest names no known version of OneRoster, and the headers fit none.",
        "Let oneroster.version be 1.1 or 1.2.",
        row="not read",
        record="keeps its stored values",
        table="nothing is read and nothing changes",
        example="oneroster.version,2.0",
    ),
    departure(
        "manifest.version-guessed",
        "The manifest does not name the version of OneRoster; it was taken from the headers.",
        "Let oneroster.version be 1.1 or 1.2.",
    ),
    departure(
        "manifest.own-version",
        "manifest.version is not 1.0.",
        "Write it as text: a spreadsheet turns 1.0 into 1.",
        "manifest.version,1",
    ),
    departure(
        "manifest.header",
        "The columns of the manifest are not propertyName,value.",
        "Name them so, in this order.",
        "propertyName,propertyValue",
    ),
    Rule(
        "manifest.row-missing",
        "",
        "error",
        "The manifest does not say whether this file is absent, bulk or delta.",
        "Give every file its row.",
        table="absent: absence archives nothing",
    ),
    Rule(
        "manifest.mode",
        "warning",
        "error",
        "A value of the manifest is not exactly absent, bulk or delta; blank is taken as absent.",
        "Write absent, bulk or delta.",
        table="as meant; absent where the value is unknown",
        example="file.users,Bulk",
    ),
    departure(
        "manifest.unknown-property",
        "The manifest has a property that this version does not know.",
        "Remove it.",
        row="ignored",
    ),
    file_not_read(
        "manifest.repeated",
        "The manifest has two different values for a file.",
        "Keep one of the two rows.",
    ),
    file_not_read(
        "manifest.file-missing",
        "The manifest declares a file that the package does not hold.",
        "Export and upload the package again, or declare the file absent.",
    ),
    file_not_read(
        "manifest.undeclared",
        "The package holds a file that the manifest does not declare as bulk or delta.",
        "Declare it, or leave it out.",
    ),
    departure(
        "package.unknown-file",
        "The package holds a file that this version does not know.",
        "Remove it, or correct its name.",
        "users_103.csv",
        row="ignored",
    ),
    departure(
        "package.file-name",
        "The file's name differs from the standard's in upper and lower case.",
        "Name it exactly as the standard does.",
        "userprofiles.csv",
    ),
)

SCHEMA_RULES: tuple[Rule, ...] = (
    Rule(
        "schema.header-case",
        "warning",
        "error",
        "A column's name differs from the standard's in upper and lower case.",
        "Name it exactly as the standard does.",
        row="read as meant; strict: not read",
        table="unchanged; strict: absent",
        example="birthdate",
    ),
    Rule(
        "schema.order",
        "warning",
        "error",
        "The columns are not in the standard's order, or extensions stand between them.",
        "Put them in the standard's order, extensions to the right.",
        row="read as meant; strict: not read",
        table="unchanged; strict: absent",
    ),
    Rule(
        "schema.unknown-column",
        "warning",
        "error",
        "The standard knows no such column, and extensions are called metadata.<something>.",
        "Correct the name, or call it metadata.<something>.",
        row="read; the cells are kept as attributes; strict: not read",
        table="unchanged; strict: absent",
        example="homeroomTeacher",
    ),
    Rule(
        "schema.missing-column",
        "warning",
        "error",
        "An optional column is missing.",
        "Add the column, blank where there is no value.",
        row="read; strict: not read",
        record="keeps its stored values in that column",
        table="unchanged (what only that column states: absent); strict: absent",
    ),
    Rule(
        "schema.missing-required",
        "error",
        "error",
        "A required column is missing.",
        "Add the column and its values.",
        row="read; strict: not read",
        record="keeps its stored values in that column",
        table="unchanged (what only that column states: absent); strict: absent",
        example="termSourcedId instead of termSourcedIds",
    ),
    file_not_read(
        "schema.missing-key",
        "A required column is missing; the file was not read.",
        "Add the column and its values.",
        "users.csv without sourcedId",
    ),
)
