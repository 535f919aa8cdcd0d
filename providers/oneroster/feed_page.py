"""The page of the feed, for docs/build.py."""

from __future__ import annotations

from collections.abc import Iterable

from providers.oneroster.export_rows import ORDER
from providers.oneroster.feed_rules import LOSSES, RULES
from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.roles import ROLES_IN_11
from providers.oneroster.spec import NOT_CARRIED

_PAGE = """# The OneRoster feed

{note}

`kind = "oneroster"` writes the whole roster as a OneRoster CSV package, version 1.1 or 1.2 (as 1.2.1 corrected it). It
is a bulk package: a record that it does not hold is deleted by the reader. Every package is strictly valid: an invalid
value or row is left out and reported. The same roster and settings give the same files to the byte, on any machine and
at any time (only the deflated bytes of a zip depend on the platform).

## What it sends

`manifest.csv`, and of {files} those that have rows. A file without rows is declared `absent`. Gradebook and resource
files are always absent. `demographics.csv` is sent only when the setting says so; `roles.csv` and `userProfiles.csv`
exist only in 1.2.

- Columns are in the order of the specification; `status` and `dateLastModified` are blank, as bulk requires.
  Extensions (`metadata.…`) follow them, by name.
- Rows are sorted by sourced id. Grades, terms, organisations, user ids and agents are sets, and sorted; subjects, their
  codes and periods keep the order of the source.
- UTF-8 without a byte-order mark, LF line ends, quotes only where a cell holds a comma or a quote.
- An enrollment without a school is sent with the school of its class.
- A family link is in the row of the person whose record asserted it: in the guardian's if it was the guardian's record,
  otherwise in the student's.
- A role that carries no id fit for `roles.csv` (one read from a 1.1 package) gets a generated id: the first 32
  hexadecimal digits of the SHA-256 of its own id, the same in every run.
- Never sent: {never} (secrets, and what 1.2.1 took out).
- Guardians whose source states no `enabledUser` or `username`, such as a guardian file, are sent with `enabledUser`
  true and their sourced id as `username`, unless `complete_guardians` is false. It is not the e-mail address, which two
  guardians may share.

Where no row at all can be sent there is no package: a manifest alone would mean "nothing has changed".

## Settings

`[feeds.NAME]`, beside `kind` and `folder`:

| setting | default | meaning |
|---|---|---|
{settings}

## Roles in 1.1

In 1.1 a role is a cell of `users.csv`, and a row has one. Roles are mapped to those of 1.1:

| role | in 1.1 |
|---|---|
{roles}
| `ext:…` | not sent (`feed.role`) |

A person whose roles are all of one kind has one row, with the organisations of those roles. A person with roles of
several kinds has their own row, under their own id, for the kind that is primary at their primary organisation
(otherwise the most frequent kind, then the first by name), and one further row for each other kind, under the id
`{{user}}-{{role}}`, with the same names and the same username. Enrollments name the row of their role, and family links
the row of the guardian's or student's role, where there is such a row; demographics stay with the person's own row.

In 1.2, `administrator` (a role of 1.1) is sent as `siteAdministrator` at a school and as `districtAdministrator` at
any other organisation.

## Rules

Each change and each row that is left out is a finding. With a row, the rows that require it are left out: with a class
its enrollments, with a person their roles, enrollments and demographics. An optional reference to a row that is left
out is blanked.

| rule | severity | meaning | the row is | what depends on it is | remedy |
|---|---|---|---|---|---|
{rules}

## What a conversion through the other version loses

The losses of the first path apply to every path. What is not listed here comes back unchanged.

| path | columns | what is lost |
|---|---|---|
{losses}
"""


def page(note: str) -> str:
    """``docs/feeds/oneroster.md``; ``note`` says what makes it."""
    return _PAGE.format(
        note=note,
        files=", ".join(f"`{name}.csv`" for name in ORDER),
        never=", ".join(f"`{file}.{column}`" for file, column in NOT_CARRIED),
        settings=_table(
            (f"`{key}`", f"`{_toml(field.default)}`", str(field.description))
            for key, field in FeedSettings.model_fields.items()
        ),
        roles=_table((f"`{role}`", f"`{mapped}`") for role, mapped in ROLES_IN_11.items()),
        rules=_table((f"`{r.code}`", r.lenient, r.meaning, r.row, r.dependants, r.remedy) for r in RULES),
        losses=_table((loss.path, ", ".join(f"`{c}`" for c in loss.columns), loss.sentence) for loss in LOSSES),
    )


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
