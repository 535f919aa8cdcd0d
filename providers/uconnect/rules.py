"""The rules of uConnect, as people read them; ``checks`` says when a file breaks one."""

from __future__ import annotations

from rosterkit.feeds.preflight import SHARED_RULES
from rosterkit.roster.rules import Rule


def _rule(code: str, severity: str, meaning: str, remedy: str, row: str = "the whole file is refused") -> Rule:
    return Rule(code, severity, severity, meaning, remedy, row=row, dependants="none", table="not sent")


_ROW = "withheld by a build, ignored by uConnect"
_READ = "sent"

RULES: tuple[Rule, ...] = (
    _rule(
        "U3",
        "error",
        "uConnect reads one Amazon S3 bucket and has no SFTP server.",
        "Set the target of this feed to the bucket; copy a file that goes to SFTP to S3 as well.",
    ),
    _rule(
        "U4",
        "error",
        "There are several files, and uConnect can process one.",
        "Put every population into one file, as populations of one feed.",
    ),
    _rule(
        "U5",
        "error",
        "The file has another name than the one that uConnect reads, so uConnect may go on with old data.",
        "Keep the setting file as it was, or choose the new name in uConnect's dashboard first.",
    ),
    _rule(
        "U6",
        "error",
        "Many more rows are gone since the last file than is usual; uConnect takes a full file every time, and with "
        "Auto Deprovision it removes everybody who is not in it.",
        "Look at what changed in the roster, the mapping or the populations. If it is meant, approve the file.",
        "held with the whole file",
    ),
    _rule(
        "U21",
        "error",
        "A record is not CSV as RFC 4180 has it: a quote is not doubled, or the record has not the header's number of "
        "cells.",
        "Export the file again with a CSV writer; do not build lines by hand.",
    ),
    _rule(
        "U22",
        "error",
        "The file has no data record, and uConnect ignores such a file so that nobody is deleted.",
        "Look at why the roster has nobody for this feed.",
        "the whole file is ignored",
    ),
    _rule(
        "U23",
        "error",
        "A header that uConnect requires is missing.",
        "Name the column as the page of the feed lists it, or set headers.",
    ),
    _rule(
        "U24",
        "error",
        "Two rows have the same EMAIL, USER_ID or USER_LOGIN, and uConnect takes one record for each person.",
        "Name the populations in the setting prefer, or correct one of the two records.",
        "every such row is withheld by a build; such a file is refused",
    ),
    _rule(
        "U24.preferred",
        "info",
        "The person stands in several populations; only the row of the population that is preferred is sent.",
        "Nothing to do.",
        "left out",
    ),
    _rule(
        "U25",
        "warning",
        "The file looks like a placeholder or cut short: it has very few rows, or its last line has no end.",
        "Upload the complete file.",
        _READ,
    ),
    _rule(
        "U28",
        "error",
        "EMAIL is blank or is no e-mail address, and uConnect ignores the row.",
        "Fill in the address in the source.",
        _ROW,
    ),
    _rule(
        "U29",
        "error",
        "The column that identifies a person (setting identity) is missing or blank, so nobody can be matched at "
        "sign-in.",
        "Fill in the identifier in the source, or map the column.",
        _ROW,
    ),
    _rule(
        "U31",
        "error",
        "The identifier of a person changed, or it was another person's before; it must never change.",
        "Ask the SIS who this is. If the change is right, approve it.",
        "held; the last good row is sent",
    ),
    _rule(
        "U32",
        "error",
        "There are several populations, and the row has no user type, or more than one.",
        "Give each person one population; correct the header.",
        _ROW,
    ),
    _rule(
        "U34",
        "warning",
        "A value of a community column is not a community that the settings list.",
        "Correct the value, map it in columns, or add the community at uConnect and in the setting communities.",
        _READ,
    ),
    _rule(
        "U37",
        "error",
        "A value holds a semicolon, or a list has a blank item; uConnect would split the value there.",
        "Remove the semicolon, or say with split that the cell is a list.",
        _ROW,
    ),
    _rule(
        "U38",
        "warning",
        "GRADUATION is not a year of four digits.",
        "Map GRADUATION to a date with year_ends, or to a year.",
        "sent, with GRADUATION blank",
    ),
    _rule(
        "U39",
        "warning",
        "The opt-out flag is a word that uConnect reads as no.",
        "Write TRUE or FALSE; map other words in columns.",
        "a build sends TRUE for a word that looks like yes, so that nobody gets unwanted mail",
    ),
    _rule(
        "U40",
        "warning",
        "The delete flag is a word that uConnect reads as no.",
        "Write TRUE or FALSE; map other words in columns.",
        "a build sends FALSE, so that nobody is deleted by mistake",
    ),
    _rule(
        "U45",
        "error",
        "The file cannot be imported: it is not UTF-8, a quoted cell never ends, or the header row has a doubled, "
        "blank or unclean name.",
        "Export the file again; the finding names the line and the character.",
    ),
    *(rule for rule in SHARED_RULES if rule.code != "feed.gone"),
)
