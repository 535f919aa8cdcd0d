"""The Handshake feed: the student file, by the day on which it is made.

The way of a row: students (and alumni) are chosen and mapped to columns; values are written as Handshake reads them;
rows that break a rule, or whose username or auth_identifier changed or was another person's, are withheld; leavers are
added with disabled = TRUE; a file of 50 MB or more is split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import BaseModel

from providers.handshake.checks import CHECKS
from providers.handshake.columns import IDENTIFIERS, by_kind
from providers.handshake.gutcheck import counts
from providers.handshake.results import read_results
from providers.handshake.rules import RULES
from providers.handshake.settings import HandshakeSettings
from providers.handshake.vendor import VENDOR
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, VendorFacts, Verdict
from rosterkit.feeds.csvout import CsvTable, one_line
from rosterkit.feeds.ledger import changed, known, taken, went_on
from rosterkit.feeds.mapping import expression
from rosterkit.feeds.people import people, read_by
from rosterkit.feeds.preflight import Check, preflight
from rosterkit.feeds.rows import from_last_file, leavers, report, split_broken, still_good, to_file
from rosterkit.feeds.selection import chosen, roles_of
from rosterkit.roster.rules import Rule

_NEVER_CHANGES = (("username", "H4", "H6"), ("auth_identifier", "H8", "H8"))


@dataclass
class HandshakeFeed:
    """Builds and checks the student file (support.joinhandshake.com, articles 360012326194 and 360012405373)."""

    kind: str = "handshake"
    rules: Sequence[Rule] = RULES
    vendor: VendorFacts = VENDOR
    Settings: type[BaseModel] = HandshakeSettings
    checks: Sequence[Check] = CHECKS

    def build(self, roster: Roster, settings: HandshakeSettings, context: FeedContext) -> Sequence[FeedFile]:
        """One file, more where it is too large for one, or none where nobody is left.

        Raises UsageError where the username is another than before (H7).
        """
        name = f"{context.as_of:%Y%m%d}{'_test' if settings.trial else ''}_users.csv"
        rows = _mapped(roster, settings, context)
        present = rows["_user"]
        last = context.last_sent.files if context.last_sent else ()
        rows = _one_for_each_graduate(rows, settings, context, name)
        good, broken = split_broken(rows, self.checks, settings, context.findings, file=name)
        good, moved = _anchored(good, context, name)
        broken = pl.concat([broken, moved])
        left = _leavers(present, good, last, settings, context)
        left = still_good(left, self.checks, settings, file=name)
        every = pl.concat([_cleared(good, last, settings), left], how="diagonal")
        parts = _parts(every.sort("username", "_user"), settings)
        files = []
        for place, part in enumerate(parts, start=1):
            named = name if place == 1 else name.replace(".csv", f"_{place}.csv")
            without = broken if place == 1 else broken.clear()
            file = to_file(named, part, without, sort=["username"], as_of=context.as_of, last=last)
            files += [file] if file else []
        return files

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: HandshakeSettings) -> Verdict:
        """As Handshake's Importer and its automatic sync would take these bytes."""
        return preflight(files, last_sent, settings, rules=self.rules, checks=self.checks, compared=counts)

    def results(self, table: CsvTable, settings: HandshakeSettings) -> pl.DataFrame:
        """What the Importer could not import."""
        del settings
        return read_results(table)

    def identifiers(self, settings: HandshakeSettings) -> Mapping[str, str]:
        """The columns that anchor an account (H7)."""
        del settings
        return {kind: kind for kind, _, _ in _NEVER_CHANGES}


def _mapped(roster: Roster, settings: HandshakeSettings, context: FeedContext) -> pl.DataFrame:
    """The columns of the file, by their headers, with ``_user``."""
    values = settings.mapped()
    student, graduate = chosen(settings.students), chosen(settings.alumni) if settings.alumni else pl.lit(value=False)
    texts = {header: one_line(expression(value)) for header, value in values.items()}
    fields = read_by([student, graduate, *texts.values()])
    roles = roles_of([settings.students, *([settings.alumni] if settings.alumni else [])])
    frame = people(roster, as_of=context.as_of, fields=fields, order=settings.attribute_order, roles=roles)
    found = frame.with_columns(_alumni=graduate).filter(student | pl.col("_alumni"))
    rows = found.select("_alumni", pl.col("user").alias("_user"), *(text.alias(name) for name, text in texts.items()))
    rows = rows.with_columns(*_as_handshake_reads(list(texts)))
    alumni = pl.col("_alumni")
    attending = "primary_education:currently_attending"
    rows = rows.with_columns(
        pl.when(alumni).then(pl.lit("Alumni")).otherwise("school_year_name").alias("school_year_name"),
        *([pl.lit("FALSE").alias("disabled")] if settings.leaver == "disabled" else []),
        *(
            [
                pl.when(alumni)
                .then(pl.lit("FALSE"))
                .otherwise(pl.col(attending) if attending in texts else pl.lit(None, pl.String))
                .alias(attending)
            ]
            if settings.alumni
            else []
        ),
    )
    return rows.select("_user", "_alumni", *settings.columns_in_order()).collect()


def _one_for_each_graduate(
    rows: pl.DataFrame, settings: HandshakeSettings, context: FeedContext, file: str
) -> pl.DataFrame:
    """Without the row that is not preferred of a graduate who stands among students and alumni.

    Rows are of one person where they share the username and both names; otherwise the check on H4 withholds both.
    """
    loses = pl.lit(value=False)
    if settings.prefer != "nobody":
        same = [
            pl.col(name).str.to_lowercase() for name in ("username", "first_name", "last_name") if name in rows.columns
        ]
        several = pl.col("_alumni").n_unique().over(same) > 1
        loses = several & pl.col("username").is_not_null() & (pl.col("_alumni") != (settings.prefer == "alumni"))
    lost = rows.filter(loses)
    if not lost.is_empty():
        report(context.findings, "handshake.graduate", lost, file=file)
    return rows.filter(~loses).drop("_alumni")


def _as_handshake_reads(headers: Sequence[str]) -> list[pl.Expr]:
    """Booleans as TRUE and FALSE, North American numbers as (999)999-9999; what cannot be read stays for the checks."""
    written = []
    for name in by_kind("boolean"):
        if name in headers:
            word = pl.col(name).str.to_uppercase()
            yes, no = word.is_in(["TRUE", "YES", "Y", "T", "1"]), word.is_in(["FALSE", "NO", "N", "F", "0"])
            text = pl.when(yes).then(pl.lit("TRUE")).when(no).then(pl.lit("FALSE")).otherwise(pl.col(name))
            written.append(text.alias(name))
    for name in by_kind("phone"):
        if name in headers:
            digits = pl.col(name).str.replace_all(r"[\s().-]", "").str.extract(r"^(?:\+?1)?([2-9]\d{9})$")
            text = digits.str.replace(r"^(\d{3})(\d{3})(\d{4})$", "($1)$2-$3")
            written.append(pl.coalesce(text, name).alias(name))
    return written


def _anchored(rows: pl.DataFrame, context: FeedContext, file: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows whose identifiers are as ever, and those whose identifier changed or was another person's.

    Raises UsageError where most usernames changed: then it is the setting that changed (H7).
    """
    ledger = known(context, {kind: kind for kind, _, _ in _NEVER_CHANGES})
    last = context.last_sent.files if context.last_sent else ()
    held = pl.Series("held", [False], dtype=pl.Boolean).new_from_index(0, rows.height)
    for kind, on_change, on_taken in _NEVER_CHANGES:
        if kind not in rows.columns:
            continue
        other = changed(rows, ledger, kind, kind)
        before = rows["_user"].is_in(ledger.filter(pl.col("kind") == kind)["user"].implode())
        if kind == "username" and other.sum() > max(2, before.sum() // 2):
            raise UsageError(
                "The setting username is locked since the first delivery (H7), and it now gives "
                f"{other.sum():,} of {before.sum():,} students another username. Set it as it was before."
            )
        names = [name for name in ("first_name", "last_name") if name in rows.columns]
        others = taken(rows, ledger, kind, kind, context.hashed)
        if others.any():
            others &= ~went_on(rows, ledger, last, kind, names)
        for rule, mask in ((on_change, other), (on_taken, others)):
            if mask.any():
                report(context.findings, rule, rows.filter(mask), file=file, column=kind)
            held |= mask
    return rows.filter(~held), rows.filter(held)


def _leavers(
    present: pl.Series,
    good: pl.DataFrame,
    last: Sequence[FeedFile],
    settings: HandshakeSettings,
    context: FeedContext,
) -> pl.DataFrame:
    """Students of the last file who left, as they were sent, with disabled = TRUE once the days are over."""
    weeks = -(-settings.disable_after_days // 7) + settings.disable_weeks
    left = leavers(
        present, good, last, unique=IDENTIFIERS, as_of=context.as_of, weeks=weeks, suppressed=context.suppressed
    )
    if settings.leaver != "disabled":
        return left.clear()
    never = ["Alumni", *settings.never_disable]
    left = left.filter(~pl.col("school_year_name").is_in(never).fill_null(value=False))
    days = (pl.lit(context.as_of) - pl.col("_since").str.to_date()).dt.total_days()
    due = pl.when(days >= settings.disable_after_days).then(pl.lit("TRUE")).otherwise(pl.lit("FALSE"))
    without = [
        pl.when(pl.col(name) != settings.clear_token).then(pl.col(name)).alias(name)
        for name in settings.clear
        if name in left.columns
    ]
    return left.with_columns(due.alias("disabled"), *without)


def _cleared(rows: pl.DataFrame, last: Sequence[FeedFile], settings: HandshakeSettings) -> pl.DataFrame:
    """With the token that erases in a cell that is blank now and was not when it was last sent."""
    columns = [name for name in settings.clear if name in rows.columns]
    if not columns or not last:
        return rows
    before = from_last_file(last, columns, rows["_user"]).drop("_state", "_since")
    joined = rows.join(before, on="_user", how="left", suffix="_then", maintain_order="left")
    cells = []
    for name in columns:
        then = pl.col(f"{name}_then")
        erase = pl.col(name).is_null() & then.is_not_null() & (then != settings.clear_token)
        cells.append(pl.when(erase).then(pl.lit(settings.clear_token)).otherwise(name).alias(name))
    return joined.with_columns(cells).select(rows.columns)


def _parts(rows: pl.DataFrame, settings: HandshakeSettings) -> list[pl.DataFrame]:
    """The rows in files that each stay below the size; a row is counted at the most that it can take."""
    columns = [name for name in rows.columns if not name.startswith("_")]
    header = sum(len(name) + 3 for name in columns)
    quoted = [name for name in columns if rows[name].str.contains('"', literal=True).any()]
    sizes = [pl.col(name).str.len_bytes().fill_null(0) + 3 for name in columns]
    doubled = [pl.col(name).str.count_matches('"', literal=True).fill_null(0) for name in quoted]
    room = settings.megabytes * 1_000_000 - header - 2
    size = rows.select(pl.sum_horizontal(*sizes, *doubled).alias("size")).to_series() + 2
    largest = int(size.max() or 0)  # type: ignore[arg-type] # sizes are integers
    if room <= 2 * largest:
        raise UsageError("The setting megabytes is too small for a few rows. Set it to 50.")
    number = (size.cum_sum() - size) // int(room - largest)  # a part may be larger than that by one row
    return rows.with_columns(_part=number).partition_by("_part", maintain_order=True)
