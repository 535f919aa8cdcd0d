"""What breaks a rule of Handshake in whole files, and in files against what was last sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from io import BytesIO

import polars as pl

from providers.handshake.columns import COLUMNS
from providers.handshake.gutcheck import unseen
from providers.handshake.settings import KNOWN
from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import unmatched
from rosterkit.feeds.preflight import Given, Hit, gone, newly_withheld

_NAME = r"\d{8}_(test_)?users(_\d+)?\.csv"
_OTHER_TYPES = {
    b"PK\x03\x04": "a zip or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
}


# --- whole files


def other_type(given: Given) -> Iterable[Hit]:
    for file in given.files:
        start = file.content[:4]
        if start in _OTHER_TYPES or start[:1] in {b"<", b"{"}:
            yield Hit(file.name, detail=_OTHER_TYPES.get(start, "a web page or JSON"))
        elif not file.name.lower().endswith(".csv"):
            yield Hit(file.name, detail="the name does not end in .csv")


def no_records(given: Given) -> Iterable[Hit]:
    return (Hit(name, detail="no record") for name, table in given.tables.items() if table.records == 0)


def missing_header(given: Given) -> Iterable[Hit]:
    for name, table in given.tables.items():
        wanted = [*given.settings.required, *(["auth_identifier"] if given.settings.sso else [])]
        for header in wanted:
            if header not in table.header:
                near = [found for found in table.header if found.lower() == header]
                detail = f'it is spelt "{near[0]}"' if near else "the header is missing"
                yield Hit(name, header, 1, detail)


def unknown_header(given: Given) -> Iterable[Hit]:
    known = {column.header for column in COLUMNS}
    for name, table in given.tables.items():
        yield from (Hit(name, header, 1, "not mapped") for header in table.header if header not in known)


def card_without_kiosk(given: Given) -> Iterable[Hit]:
    if not given.settings.kiosk:
        yield from (Hit(name, "card_id", 1) for name, table in given.tables.items() if "card_id" in table.header)


def odd_name(given: Given) -> Iterable[Hit]:
    return (Hit(file.name) for file in given.files if not re.fullmatch(_NAME, file.name))


def trial_name(given: Given) -> Iterable[Hit]:
    return (Hit(file.name) for file in given.files if re.search("test|sample", file.name, re.IGNORECASE))


def too_large(given: Given) -> Iterable[Hit]:
    for file in given.files:
        out = BytesIO()
        file.write(out)
        if out.tell() >= given.settings.megabytes * 1_000_000:
            yield Hit(file.name, detail=f"{out.tell():,} bytes")


def same_day(given: Given) -> Iterable[Hit]:
    if given.last is not None:
        day = f"{given.last.as_of:%Y%m%d}"
        yield from (Hit(file.name, detail=f"the last file is of {day}") for file in given.files if file.name[:8] == day)


# --- against what was last sent


def _compared_rows(given: Given, *columns: str) -> Iterable[tuple[str, pl.DataFrame]]:
    """The rows of each file that differ, with the last rows that do, by the first of the columns.

    The other columns have a twin that ends in _then.
    """
    before = given.last_whole
    for name, table in given.tables.items():
        if before is not None and set(columns) <= set(table.header) & set(before.header):
            key, (fresh, _) = columns[0], unmatched(table, before)
            now = fresh.select("_line", *(pl.col(column).str.to_lowercase() for column in columns))
            _, lost = unmatched(given.whole, before)
            then = lost.select(pl.col(column).str.to_lowercase() for column in columns)
            yield name, now.join(then.filter(pl.col(key).is_not_null()), on=key, suffix="_then").sort("_line")


def _differs(column: str) -> pl.Expr:
    return pl.col(column).ne_missing(pl.col(f"{column}_then"))


def username_changed(given: Given) -> Iterable[Hit]:
    for name, both in _compared_rows(given, "email_address", "username", "first_name"):
        rows = both.filter(_differs("username") & ~_differs("first_name"))
        yield from _rows(name, "username", rows)


def username_moved(given: Given) -> Iterable[Hit]:
    for name, both in _compared_rows(given, "username", "email_address", "first_name"):
        yield from _rows(name, "username", both.filter(_differs("email_address") & _differs("first_name")))


def auth_changed(given: Given) -> Iterable[Hit]:
    for name, both in _compared_rows(given, "username", "auth_identifier"):
        rows = both.filter(_differs("auth_identifier") & pl.col("auth_identifier_then").is_not_null())
        yield from _rows(name, "auth_identifier", rows)


def pair_changed(given: Given) -> Iterable[Hit]:
    for column in ("auth_identifier", "card_id"):
        for name, both in _compared_rows(given, column, "username", "email_address"):
            yield from _rows(name, column, both.filter(_differs("username") & _differs("email_address")))


def _rows(name: str, column: str, rows: pl.DataFrame) -> Iterable[Hit]:
    if not rows.is_empty():
        yield Hit(name, column, rows=rows.select("_line").unique().sort("_line"))


def many_emails(given: Given) -> Iterable[Hit]:
    for name, both in _compared_rows(given, "username", "email_address"):
        changed = both.filter(_differs("email_address")).height
        of = given.tables[name].records
        if changed and changed >= of * given.settings.email_percent / 100:
            yield Hit(name, "email_address", detail=f"{changed:,} of {of:,} addresses change")


def many_disabled(given: Given) -> Iterable[Hit]:
    if given.last is None:
        return
    found = given.compared
    disabled, of = found["archived"], found["new"] + found["changed"]
    if disabled and disabled >= of * given.settings.disabled_percent / 100:
        yield Hit(given.files[0].name, "disabled", detail=f"{disabled:,} of {of:,} changed rows are disabled")


def new_names(given: Given) -> Iterable[Hit]:
    for name in given.tables:
        for column, detail in unseen(given, name):
            yield Hit(name, column, detail=detail)


def beyond_intent(given: Given) -> Iterable[Hit]:
    intent = given.settings.intent
    if intent.new_at_most is None and intent.archived_at_most is None:
        return
    found = given.compared
    for what, limit in (("new", intent.new_at_most), ("archived", intent.archived_at_most)):
        if limit is not None and found.get(what, 0) > limit:
            yield Hit(given.files[0].name, detail=f"{found[what]:,} {what}; the setting allows {limit:,}")


def first_file(given: Given) -> Iterable[Hit]:
    if given.last is None:
        yield from (Hit(file.name, detail=description(given)) for file in given.files[:1])


def description(given: Given) -> str:
    """What to write into the Importer's field Description for this file."""
    found = given.compared
    names = ", ".join(f"{found.get(f'new {kind}', 0):,} {kind}" for kind in KNOWN)
    return (
        f"First student file: {found.get('brought in', 0):,} students, {found.get('archived', 0):,} disabled; "
        f"new: {names}"
    )


def shrunk(given: Given) -> Iterable[Hit]:
    if given.last_whole is not None and given.files:
        disabled = pl.col("disabled").str.to_uppercase() == "TRUE"
        yield from gone(given.whole, given.last_whole, "username", given.settings.limits, leaving=disabled)


def many_withheld(given: Given) -> Iterable[Hit]:
    if given.files and given.last is not None:
        now, then = _together(given.files), _together(given.last.files)
        yield from newly_withheld(now, then, given.settings.limits)


def _together(files: Sequence[FeedFile]) -> FeedFile:
    """The people of all parts of a split file."""
    return FeedFile(files[0].name, b"", 0, pl.concat(file.people for file in files))
