"""The page of the uConnect feed, for docs/build.py."""

from __future__ import annotations

from providers.uconnect.columns import ORDER
from providers.uconnect.feed import UConnectFeed
from providers.uconnect.vendor import CRON, REGION, REHEARSAL
from rosterkit.feeds.page import feed_page

_TEXT = f"""
`kind = "uconnect"` writes the subscriber file of uConnect: one CSV of all populations, under the same name every time,
for the client's own S3 bucket. Ids such as U24 name the requirements of uConnect that this page and the findings cite.

## How uConnect takes a file

- uConnect makes one private bucket and one key pair for each client (U1). The file goes there over HTTPS (U10), with
  S3's own protocol or by PUT to a presigned address (U2). There is no SFTP; a target of that kind is refused (U3).
- The region is {REGION} unless uConnect names another one (U7). The key pair reaches that bucket only; the
  configuration names it by reference, and it can be replaced at any time (U8).
- After each upload the delivery compares size, checksum and time of the object with what was sent (U11).
- uConnect reads weekly, on Saturday night, or daily: its pages say both (U12). The default is `{CRON}`, Saturday
  08:05 in the district's zone, before the weekly run. On Friday (`{REHEARSAL}`) the file is built and checked, and not
  sent, so that people hear of problems while the office is open; `rehearse_at` changes that.
- uConnect maps headers to its own fields by rules that an administrator keeps there (U18). Its result stands in the SIS
  Sync Log, which no program can read (U19); rosterkit keeps a receipt of its own.
- Administrators of the dashboard can download the current file (U14). So it holds only what is mapped.
- Opt-outs and preferences that a person set at uConnect stay as they are, whatever the file says (U41).

To run by another scheduler (U13), on Linux or macOS with cron:

    {CRON} rosterkit -C our-district sync --feed careers

and on Windows with Task Scheduler, from PowerShell:

    $action = New-ScheduledTaskAction -Execute rosterkit -Argument "-C our-district sync --feed careers"
    $when = New-ScheduledTaskTrigger -Weekly -DaysOfWeek Saturday -At 08:05
    Register-ScheduledTask -TaskName rosterkit -Action $action -Trigger $when

## What is written

Columns, in this order: {", ".join(f"`{name}`" for name in ORDER)}, then the community columns in the order of the
configuration. `USER_ID` or `USER_LOGIN` is written for the identity only, `USER_TYPE` where there are several
populations (U32), and the others where they are mapped. Preferred names, pronouns and demographics are in no column
unless they are mapped.

- The file is full every time (U6); CSV as RFC 4180 has it, UTF-8 without a byte-order mark (U21).
- **Identity** (U26, U27, U30): `identity` says which column equals what SSO passes. `email` must be chosen by name: say
  it only where the address never changes and is the one that SSO passes. A row whose identifier changed, or whose
  identifier was another person's, is held (U31).
- **One row for each person** (U24): the setting `prefer` says which population counts where a graduate stands in two.
  Rows are of one person where they share EMAIL, USER_ID or USER_LOGIN and both names. Without `prefer`, or where a name
  differs, both rows are withheld.
- **Graduation** (U38) is a year of four digits. A date counts for the year that ends on 31 August; rosterkit computes
  it, so that uConnect's own cut-off never applies. Whether 31 August itself counts is not published; it does here.
- **Flags** are written as TRUE, FALSE or blank (U39, U40). For the opt-out, a word that looks like yes (Y, X, on) is
  sent as TRUE; for the delete flag as FALSE.
- **PROGRAM and community columns** (U33, U34, U35): several values stand between semicolons; one column feeds one
  group; a table of `values` maps many values to one community. An older page of uConnect puts everything into one extra
  column (U36); its more detailed rule, one column for each group, is the one that counts here.
- `rosterkit feed mapping FEED --export mapping.md` lists column, group, value, community and the number of people (U34,
  U42). Send it to uConnect where names differ.

The names of the opt-out and delete columns are on no public page; `headers` renames any column. Newer pages ask for
STAKEHOLDERS in place of USER_TYPE: set `audience_header`.

## Who left

With Auto Deprovision on, uConnect removes everybody who is not in the file. Then the last good row of a person whose
row breaks a rule is sent for `limits.keep_days` days. With it off, nobody is removed until the delete flag is sent:
`leaver = "delete_flag"` sends the last row of a person who left, with the flag, for `delete_weeks` weeks. In both cases
a file from which too many people are gone is held (U6). A file without a record is never made (U22).

    [feeds.careers]
    kind = "uconnect"
    identity = "user_login"
    prefer = ["Alumni", "Undergraduate"]

    [[feeds.careers.populations]]
    name = "Undergraduate"
    roles = ["student"]

    [[feeds.careers.populations]]
    name = "Alumni"
    sources = ["alumni"]

    [feeds.careers.columns]
    OPT_OUT = {{ attribute = "no_mail" }}
    PROGRAM = {{ attribute = "program", split = ";", values = {{ "BUS-01" = "Business" }} }}
    AFFINITY = {{ attribute = "affinity", split = "|" }}
"""


def page(note: str) -> str:
    """``docs/feeds/uconnect.md``; ``note`` says what makes it."""
    return feed_page(UConnectFeed(), note=note, text=_TEXT)
