"""The rules of packages: archives and folders of files."""

from __future__ import annotations

from rosterkit.roster.rules import Rule
from rosterkit.sources.rule_kinds import refusal

PACKAGE_RULES: tuple[Rule, ...] = (
    refusal(
        "package.missing",
        "There is no such file or folder, or it may not be read.",
        "Check the path and that this user may read it.",
    ),
    refusal(
        "package.empty",
        "The package holds no CSV file.",
        "Check that the export ran and that this is its package.",
    ),
    refusal(
        "package.not-a-zip",
        "The file is not a zip archive, or its directory is cut off.",
        "Upload the package again and check that the transfer finished.",
    ),
    refusal(
        "package.damaged",
        "A member does not unpack to what the archive declares: checksum, size or place contradict.",
        "Upload the package again; if it stays, make it again at the source.",
    ),
    refusal(
        "package.encrypted",
        "A member is encrypted.",
        "Make the package without a password; protect the transfer instead (SFTP, HTTPS).",
    ),
    refusal(
        "package.duplicate",
        "Two members have the same name, or names that differ only in upper and lower case.",
        "Keep one of the two: only one can be meant.",
        "users.csv and Users.csv",
    ),
    refusal(
        "package.nested",
        "The package holds another archive.",
        "Put the CSV files themselves into the package.",
    ),
    refusal(
        "package.path",
        "A member's name is an absolute path, leaves the package (..), names a drive or cannot be shown.",
        "Make the package again with plain file names; find out who made this one.",
        "../users.csv",
    ),
    refusal(
        "package.link",
        "A member is a link or a special file, or a link in the folder leads out of it.",
        "Put the file itself into the package.",
    ),
    refusal(
        "package.compression",
        "A member is compressed by a method other than deflate.",
        "Make the package as an ordinary zip (deflate).",
    ),
    refusal(
        "package.too-many-members",
        "The package holds more files than the cap allows.",
        "Remove what does not belong to the roster, or raise the cap in the configuration.",
    ),
    refusal(
        "package.too-large",
        "A member, or all of them together, is larger than the cap allows once unpacked.",
        "Check what the package holds, or raise the cap in the configuration.",
    ),
    refusal(
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
