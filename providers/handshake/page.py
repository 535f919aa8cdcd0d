"""The page of the Handshake feed, for docs/build.py."""

from __future__ import annotations

from providers.handshake.columns import COLUMNS
from providers.handshake.feed import HandshakeFeed
from providers.handshake.vendor import BUCKET
from rosterkit.feeds.page import feed_page


def _columns() -> str:
    rows = [
        f"| `{column.header}` | {column.kind} | {', '.join(column.allowed) or 'any'} | "
        f"{'yes' if column.clearable else 'no'} |"
        for column in COLUMNS
    ]
    return "\n".join(["| header | kind | allowed values | can be erased |", "|---|---|---|---|", *rows])


_TEXT = f"""
`kind = "handshake"` writes the student file for Handshake's Importer. Ids such as H19 name the requirements of
Handshake that this page and the findings cite. What the file is for (H1): filters, outreach, analytics, and the
qualifications of jobs.

## How Handshake takes a file

- CSV in UTF-8, headers on the first line, spelt as in Handshake's example (H2, H12). An unknown header is ignored there
  and reported (H17). A workbook that was renamed is refused (H16). What does not register fails to import (H18).
- The Importer answers with warnings and errors; several rounds are normal (H15). The first file is loaded by hand with
  a description, which the preflight suggests (H14), and support reviews it (H20).
- Later files go to the bucket `{BUCKET}`, into the folder that Handshake gives, by a key that may only write. So the
  delivery cannot read them back.
- Handshake creates and updates; it detects unchanged rows itself. So the file is full every time. A blank cell leaves a
  value alone: name the columns in `clear` in which a value that is gone is to be erased by `{"**CLEAR**"}`.
  `system_label_names` is different: the list replaces the old one, and a blank clears all labels.
- An automatic sync cannot change `username` or `auth_identifier`. It updates no address where 10 % of the rows or more
  have another one, and does not run where half of the changed rows or more are disabled, where the name holds "test" or
  "sample", or where there is any warning. Such a file is held.

## What is written

Only `email_address`, `username`, `auth_identifier`, `first_name`, `last_name` and `school_year_name` are written by
default, and `disabled` where leavers are disabled. Everything else leaves only where it is mapped (H3, H13).

{_columns()}

- **username** (H4, H6, H7) is chosen by name and locked after the first delivery: another setting is refused. The
  ledger keeps every username that was ever sent. One that was another person's is never sent, and a change is held,
  until a person approves it.
- **auth_identifier** (H8) is needed with SSO. A change is held in the same way.
- **email_address** and **card_id** are unique too (H5). `card_id` is sent only with `kiosk = true` (H9); `extract` cuts
  out the unique part, and `sample_swipes` tests it against what the reader gave (H10).
- **school_year_name** comes from the grade by `school_years`. Handshake is made for colleges: map your levels.
- Booleans are TRUE and FALSE, dates yyyy-mm-dd, lists stand between semicolons, phones are (999)999-9999.

## Who left

Absence archives nobody at Handshake. A student who left is sent with `disabled = TRUE` for `disable_weeks` weeks, from
`disable_after_days` days after leaving. Alumni are never disabled, nor are students of the school years in
`never_disable`. A graduate who is among students and alumni under one username is sent once, as `prefer` says; with
the default both rows are withheld. People chosen by `alumni` get the school year Alumni and `currently_attending`
FALSE; map their end date.

## The gut check

The preflight counts (H19): students brought in, new, changed, unchanged and gone accounts, archived ones, and majors,
minors, colleges and campuses that neither `known` nor the last file has. A new name that resembles a known one is
reported with it. `intent` says how many new or archived accounts are meant; a file with more is held.

    [feeds.careers]
    kind = "handshake"
    username = "identifier"
    auth_identifier = "username"
    students = {{ roles = ["student"], grades = ["09", "10", "11", "12"] }}

    [feeds.careers.columns]
    "primary_education:major_names" = {{ attribute = "program", split = ";" }}
"""


def page(note: str) -> str:
    """``docs/feeds/handshake.md``; ``note`` says what makes it."""
    return feed_page(HandshakeFeed(), note=note, text=_TEXT)
