"""The page of the Edlio feed, for docs/build.py."""

from __future__ import annotations

from providers.edlio.activation import LINK_DAYS, NEXT, STEPS
from providers.edlio.columns import FILE_NAMES, FILES
from providers.edlio.feed import EdlioFeed
from providers.edlio.vendor import VENDOR
from rosterkit.feeds.page import feed_page


def _columns() -> str:
    lines = ["| file | columns (* required) |", "| --- | --- |"]
    for part, columns in FILES.items():
        names = ", ".join(column.name + ("*" if column.required else "") for column in columns)
        lines.append(f"| `{FILE_NAMES[part]}` ({part}) | {names} |")
    return "\n".join(lines)


def _stages() -> str:
    lines = ["| stage | what a person does | then |", "| --- | --- | --- |"]
    lines += [f"| `{stage}` | {text} | {', '.join(NEXT[stage]) or 'done'} |" for stage, text in STEPS.items()]
    return "\n".join(lines)


_TEXT = f"""
`kind = "edlio"` writes the files of the Edlio app: staff, students, and parents where they are wanted, classes and
enrollments. Ids such as A9 name the requirements of Edlio that this page and the findings cite.

## How Edlio takes files

- Edlio's Data Integration team e-mails a link to the SFTP credentials. The link works for {LINK_DAYS} days (A1), and
  only for the address that it was sent to (A2), so what is passed on to a colleague is the secret, not the link. Host
  and port are in the same e-mail (A4). Every client has a folder of its own (A3). The configuration names the
  credentials by reference.
- Files go by SFTP only, and the host key is verified (A10). A target of any other kind is refused.
- rosterkit's schedule builds and sends the files; no export is set up in the SIS (A7).
- CSV is written. A TXT file is taken and warned about; anything else is refused (A8).
- Edlio processes every day at about {VENDOR.reads_at} in {VENDOR.zone} and takes files at any time (A9). What comes
  later counts for the next day. "About" has no upper bound, so files go at 23:30 there by default. Another `send_at` is
  refused where it is within a quarter of an hour of the processing. The time is right on the days on which the clock
  changes.
- Edlio maps columns by hand, validates, and writes back (A12). It activates the sync once it finds the data complete
  (A13); then people appear on its dashboard.
- Edlio's system sends no receipt (A11). After the first delivery rosterkit has a notice for a person to send to the
  Data Integration Specialist. It says what was sent and asks whether it is there.
- Read Edlio's guidelines and its list of fields before anything is sent (A5). Two answers are not on any page that a
  program can read: how files are to be named, and what happens to a person who is no longer in them. Nothing is sent
  until `file_names_agreed` and `removal` hold these answers.

## The way to an active sync

The setting `stage` says how far the set-up is (A13). Each check names the next step until it is `active`.

{_stages()}

## What is written

{_columns()}

- The headers are those of Edlio's template, which is the faster way (A6). `headers` and `file_names` write a district's
  own instead. `layout = "combined"` puts all people into one file; classes and enrollments always have files of their
  own (A5).
- `layout = "oneroster"` sends the CSV files of OneRoster 1.1, made by the OneRoster feed. They hold the same people as
  the template's files: each with one row and an address of their own, parents only where `guardians` says so. Middle
  names and phone numbers are blank unless `columns` maps them. Names of files and columns are those of OneRoster.
- A person has one row for each organization, with the strongest role there and the same Unique ID (A14). A parent has
  one for each child and organization of the child, and none under a number that two children have. The columns of
  parents are ours, because Edlio publishes none: `guardians` is `none` until you have asked.
- Every account has an address of its own, over all files (A5). An employee who is a parent too, under one name, keeps
  it and the parent's row is withheld. Where the names differ, every row with that address is withheld.
- A Unique ID that two people share is sent for neither. One that differs from what was sent for this person, or that
  was another person's, is held (A5).
- Only what Edlio requires is filled. Middle names, titles, departments, phones, further addresses, pictures and
  languages are blank until `columns` maps them. Preferred names, pronouns and demographics are in no column either.
- A home language is sent as ISO 639-1, from codes of two or three letters, tags such as es-MX, and English names.
  A language without such a code is sent blank and named (A14).
- Which contacts are parents: `contact_types` says it by type. A type that nobody has mapped is set aside and shown.
- Before the first file, students without e-mail, and employees who share an address with a parent's account, are
  counted (A14).

## Who left

A person who left is not in the files. As long as nobody knows what Edlio makes of that, absence is taken to delete: the
last good row of a person whose row breaks a rule is sent for `limits.keep_days` days, unless
`removal = "absent_kept"`. Such a row never brings back a link that is gone today, nor a suppressed value.

    [feeds.app]
    kind = "edlio"
    file_names_agreed = true
    removal = "absent_removed"
    guardians = "file"

    [feeds.app.columns]
    "staff.Phone 1" = {{ first_of = ["sms", "phone"] }}
    "guardians.Phone 1" = "sms"
    "Home Language" = "language"
"""


def page(note: str) -> str:
    """``docs/feeds/edlio.md``; ``note`` says what makes it."""
    return feed_page(EdlioFeed(), note=note, text=_TEXT)
