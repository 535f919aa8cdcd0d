"""The uConnect feed: one CSV of all populations, under the same name every time, for the client's S3 bucket.

The way of a row: people are chosen by population and mapped to columns; of a person who stands in several populations
one row stays; rows that break a rule are withheld; last good rows and leavers are added; flags are written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pydantic import BaseModel

from providers.uconnect.checks import CHECKS
from providers.uconnect.columns import IDENTITY, TRUE, UNIQUE
from providers.uconnect.communities import chosen_people, mapping_document
from providers.uconnect.rules import RULES
from providers.uconnect.settings import UConnectSettings
from providers.uconnect.vendor import VENDOR
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, VendorFacts, Verdict
from rosterkit.feeds.csvout import one_line
from rosterkit.feeds.identity_changes import identity_changes
from rosterkit.feeds.ledger import changed, known, taken, went_on
from rosterkit.feeds.mapping import LIST_FIELDS, expression, items
from rosterkit.feeds.preflight import Check, Given, comparison, preflight
from rosterkit.feeds.rows import last_good_rows, leavers, report, split_broken, still_good, to_file
from rosterkit.roster.rules import Rule

_LOOKS_LIKE_YES = ("Y", "T", "X", "ON", "S", "J")


@dataclass
class UConnectFeed:
    """Builds and checks the subscriber file (support.gouconnect.com, article 2915823)."""

    kind: str = "uconnect"
    rules: Sequence[Rule] = RULES
    vendor: VendorFacts = VENDOR
    Settings: type[BaseModel] = UConnectSettings
    checks: Sequence[Check] = CHECKS

    def build(self, roster: Roster, settings: UConnectSettings, context: FeedContext) -> Sequence[FeedFile]:
        """One file, or none where nobody is left."""
        every = _mapped(roster, settings, context)
        rows = _one_for_each_person(every, settings, context)
        good, broken = self._split(rows, settings, context)
        carried = self._carried_over(every["_user"], good, broken, settings, context)
        file = to_file(
            settings.file,
            pl.concat([good, carried], how="diagonal"),
            broken,
            sort=[settings.header(IDENTITY[settings.identity])],
            as_of=context.as_of,
            last=context.last_sent.files if context.last_sent else (),
            line_end="\r\n" if settings.line_end == "crlf" else "\n",
        )
        return [file] if file else []

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: UConnectSettings) -> Verdict:
        """As uConnect would take these bytes."""
        return preflight(files, last_sent, settings, rules=self.rules, checks=self.checks, compared=_compared)

    def mapping(self, roster: Roster, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
        """The mapping document (U34, U42)."""
        return mapping_document(roster, settings, context)

    def identifiers(self, settings: UConnectSettings) -> Mapping[str, str]:
        """The columns of the identifiers (U31)."""
        return {name: settings.header(name) for name in ("USER_ID", "USER_LOGIN", IDENTITY[settings.identity])}

    def _split(
        self, rows: pl.DataFrame, settings: UConnectSettings, context: FeedContext
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows that can be sent, with flags and year written out, and those that are withheld."""
        good, broken = split_broken(rows, self.checks, settings, context.findings, file=settings.file)
        splits = good.select(pl.any_horizontal(pl.lit(value=False), pl.col("^_split\\..*$"))).to_series()
        good, more = _held_back(good, splits, "U37", settings, context)
        good, moved = _held_back(good, _identity_moved(good, settings, context), "U31", settings, context)
        columns = ["_user", *(name for name in good.columns if not name.startswith("_"))]
        written = good.select(columns).with_columns(*_written_flags(settings), _written_year(settings))
        return written, pl.concat([broken, more, moved])

    def _carried_over(
        self,
        present: pl.Series,
        good: pl.DataFrame,
        broken: pl.DataFrame,
        settings: UConnectSettings,
        context: FeedContext,
    ) -> pl.DataFrame:
        """Leavers with the delete flag, and last good rows where absence would delete the person."""
        last = context.last_sent.files if context.last_sent else ()
        unique, weeks = [settings.header(name) for name in UNIQUE], settings.delete_weeks_in_all()
        left = leavers(
            present, good, last, unique=unique, as_of=context.as_of, weeks=weeks, suppressed=context.suppressed
        )
        parts = [_flagged(left, settings, context) if settings.leaver == "delete_flag" else left.clear()]
        if settings.auto_deprovision:
            parts.append(
                last_good_rows(
                    good,
                    broken,
                    last,
                    unique=unique,
                    as_of=context.as_of,
                    days=settings.limits.keep_days,
                    findings=context.findings,
                    file=settings.file,
                    suppressed=context.suppressed,
                )
            )
        return still_good(pl.concat(parts), self.checks, settings, file=settings.file)


def _mapped(roster: Roster, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """The columns of the file, by their headers, with ``_user``, ``_population`` and whether an item would split."""
    values = settings.mapped()
    lists = [name for name, value in values.items() if value.split is not None or value.field in LIST_FIELDS]
    cells = {settings.header(name): one_line(expression(value)) for name, value in values.items()}
    if settings.has_user_type():
        cells[settings.header("USER_TYPE")] = pl.col("population")
    split = {
        f"_split.{name}": items(values[name]).list.eval(pl.element().str.contains(";")).list.any() for name in lists
    } | {
        f"_split.{name}": expression(values[name]).str.contains(";")
        for name in ("PROGRAM", *settings.community_columns())
        if name in values and name not in lists
    }
    order = [settings.header(name) for name in settings.columns_in_order()]
    flags = [flag.fill_null(value=False).alias(name) for name, flag in split.items()]
    texts = [cell.alias(header) for header, cell in cells.items()]
    found = chosen_people(roster, settings, context, [*flags, *texts])
    mapped = found.select(pl.col("user").alias("_user"), pl.col("population").alias("_population"), *flags, *texts)
    return mapped.select("_user", "_population", *split, *order).collect()


def _one_for_each_person(rows: pl.DataFrame, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """Without the rows of people who have one in a population that is preferred (U24).

    Rows are of one person where they share EMAIL, USER_ID or USER_LOGIN and both names. Where a name differs nobody
    can tell, and the check on U24 withholds both.
    """
    if not settings.prefer:
        return rows
    rank = pl.col("_population").replace_strict({name: n for n, name in enumerate(settings.prefer)}, default=99)
    names = pl.struct(pl.col(settings.header(name)).str.to_lowercase() for name in ("FIRST_NAME", "LAST_NAME"))
    loses = pl.lit(value=False)
    for column in UNIQUE:
        header = settings.header(column)
        if header in rows.columns:
            key = pl.col(header).str.to_lowercase()
            first = names.sort_by(rank).first().over(key)
            loses |= key.is_not_null() & (rank > rank.min().over(key)) & (names == first)
    lost = rows.filter(loses)
    if not lost.is_empty():
        report(context.findings, "U24.preferred", lost, file=settings.file)
    return rows.filter(~loses)


def _identity_moved(rows: pl.DataFrame, settings: UConnectSettings, context: FeedContext) -> pl.Series:
    """Which rows have an identifier that changed, or that was another person's (U31)."""
    kinds = {name: settings.header(name) for name in ("USER_ID", "USER_LOGIN", IDENTITY[settings.identity])}
    kinds = {kind: header for kind, header in kinds.items() if header in rows.columns}
    ledger = known(context, kinds)
    names = [settings.header("FIRST_NAME"), settings.header("LAST_NAME")]
    last = context.last_sent.files if context.last_sent else ()
    moved = pl.Series("moved", [False], dtype=pl.Boolean).new_from_index(0, rows.height)
    for kind, header in kinds.items():
        others = taken(rows, ledger, kind, header, context.hashed)
        if others.any():
            others &= ~went_on(rows, ledger, last, header, names)
        moved |= changed(rows, ledger, kind, header) | others
    return moved


def _held_back(
    rows: pl.DataFrame, held: pl.Series, rule: str, settings: UConnectSettings, context: FeedContext
) -> tuple[pl.DataFrame, pl.DataFrame]:
    if held.any():
        report(context.findings, rule, rows.filter(held), file=settings.file)
    return rows.filter(~held), rows.filter(held)


def _written_flags(settings: UConnectSettings) -> list[pl.Expr]:
    """TRUE, FALSE or blank. What looks like yes counts as yes for the opt-out, and never for the delete flag."""
    texts = []
    for name in settings.flags():
        word = pl.col(name).str.strip_chars().str.to_uppercase()
        yes = [*TRUE, *(_LOOKS_LIKE_YES if name == settings.header("OPT_OUT") else ())]
        texts.append(
            pl.when(word.is_not_null())
            .then(pl.when(word.is_in(yes)).then(pl.lit("TRUE")).otherwise(pl.lit("FALSE")))
            .alias(name)
        )
    return texts


def _written_year(settings: UConnectSettings) -> pl.Expr:
    year = pl.col(settings.header("GRADUATION"))
    return pl.when(year.str.contains(r"^[12]\d{3}$")).then(year)


def _flagged(carried: pl.DataFrame, settings: UConnectSettings, context: FeedContext) -> pl.DataFrame:
    """The delete flag of leavers: TRUE once the number of days is over."""
    days = (pl.lit(context.as_of) - pl.col("_since").str.to_date()).dt.total_days()
    due = pl.when(days >= settings.delete_after_days).then(pl.lit("TRUE")).otherwise(pl.lit("FALSE"))
    return carried.with_columns(due.alias(settings.header("DELETE")))


def _compared(given: Given) -> dict[str, int]:
    key = given.settings.header(IDENTITY[given.settings.identity])
    last = given.last_tables[given.last.files[0].name] if given.last and given.last.files else None
    if not given.tables:
        return {}
    table = next(iter(given.tables.values()))
    found, same = comparison(table, last, key), [given.settings.header(n) for n in ("EMAIL", "FIRST_NAME", "LAST_NAME")]
    if key == same[0]:
        return found  # the address is the identity: nothing else tells whose it is
    return {**found, "identity changes": identity_changes(table, last, key, same)}
