"""The Edlio feed: people, classes and enrollments in the files of the vendor's template (docs/feeds/edlio.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

import polars as pl
from pydantic import BaseModel

from providers.edlio.accounts import accounts, columns_of, first_file_counts, shared_emails, shared_ids
from providers.edlio.activation import Stage, link_expires
from providers.edlio.checks import checks, parts_of, row_checks
from providers.edlio.classrooms import classrooms, enrollments
from providers.edlio.columns import CLASSES, COMBINED, ENROLLMENTS, GUARDIANS, PEOPLE, PEOPLE_FILES, STAFF, USERS, WORDS
from providers.edlio.oneroster import KEY, oneroster_files
from providers.edlio.oneroster_checks import check_oneroster
from providers.edlio.rules import RULES
from providers.edlio.settings import EdlioSettings
from providers.edlio.vendor import VENDOR
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, Verdict
from rosterkit.feeds.csvout import csv_file
from rosterkit.feeds.identity_changes import identity_changes
from rosterkit.feeds.ledger import changed, known, taken
from rosterkit.feeds.preflight import Given, comparison, preflight
from rosterkit.feeds.rows import last_file, last_good_rows, report, split_broken, to_file
from rosterkit.roster.rules import Rule


class EdlioFeed:
    """Writes the files of Edlio's template, one combined file of people, or a OneRoster 1.1 set."""

    kind = "edlio"
    rules: Sequence[Rule] = RULES
    vendor = VENDOR
    Settings: type[BaseModel] = EdlioSettings

    def build(self, roster: Roster, settings: EdlioSettings, context: FeedContext) -> Sequence[FeedFile]:
        """The files; equal input gives equal bytes. A row that breaks a rule is withheld, with a finding.

        Raises UsageError where the OneRoster set cannot be made.
        """
        made = accounts(roster, settings, context.findings, context.as_of)
        if context.last_sent is None:
            _first_file(roster, made, settings, context)
        issued = settings.credentials_issued
        if settings.stage is Stage.CREDENTIALS and issued and context.as_of >= link_expires(issued):
            detail = f"it worked until {link_expires(issued).isoformat()}"
            context.findings.add("A1.link-expired", file=settings.file_name(STAFF), detail=detail)
        people = _People(made, settings, context)
        if settings.layout == "oneroster":
            return oneroster_files(roster, people.sent(), people.withheld(), settings, context)
        files = [people.file(part) for part in people.good]
        if settings.classes and people.good:
            files += _class_files(roster, people.persons(), settings, context)
        return [file for file in files if file is not None]

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: EdlioSettings) -> Verdict:
        """How Edlio would take these files, whoever made them; rosterkit holds what a person has to answer first."""
        if settings.layout == "oneroster":
            return check_oneroster(files, last_sent, settings)
        parts = parts_of(files, settings)

        def compared(given: Given) -> Mapping[str, int]:
            counts: dict[str, int] = {}
            for name, part in parts.items():
                if part in PEOPLE_FILES:
                    key = settings.header("Unique ID")
                    last = given.last_tables.get(name)
                    found = comparison(given.tables[name], last, key)
                    same = [settings.header(column) for column in ("Email 1", "First Name", "Last Name")]
                    found["identity changes"] = identity_changes(given.tables[name], last, key, same)
                    counts |= {f"{name}: {what}": count for what, count in found.items()}
            return counts

        return preflight(files, last_sent, settings, rules=RULES, checks=checks(settings, parts), compared=compared)

    def identifiers(self, settings: EdlioSettings) -> Mapping[str, str]:
        """The id by which the app knows a person (A5)."""
        return {"Unique ID": KEY if settings.layout == "oneroster" else settings.header("Unique ID")}


class _People:
    """The rows of people by file: those that are sent, and those that are withheld."""

    def __init__(self, made: Mapping[str, pl.DataFrame], settings: EdlioSettings, context: FeedContext) -> None:
        self._settings = settings
        self._context = context
        self.good: dict[str, pl.DataFrame] = {}
        self._withheld: dict[str, pl.DataFrame] = {}
        everybody = self._everybody(made)
        for part, kinds in self._files().items():
            self._take(part, everybody.filter(pl.col("_part").is_in(kinds)))
        self._without_lost_children(everybody)

    def _files(self) -> dict[str, tuple[str, ...]]:
        """The files of people, and which kinds of people each holds."""
        if self._settings.layout == "combined":
            return {COMBINED: PEOPLE}
        if self._settings.guardians == "users":
            return {STAFF: (STAFF,), USERS: (USERS, GUARDIANS)}
        return {part: (part,) for part in PEOPLE}

    def _everybody(self, made: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """All rows, with ``_held``: an id or address is another's too, or an id is not the one that was sent (A5)."""
        rows = pl.concat([rows.with_columns(_part=pl.lit(part)) for part, rows in made.items()], how="diagonal")
        settings, unique = self._settings, self._settings.header("Unique ID")
        ledger = known(self._context, {"Unique ID": KEY if settings.layout == "oneroster" else unique})
        found_by = (
            ("A5.unique-id", "Unique ID", shared_ids(rows, settings)),
            ("A5.id-changed", "Unique ID", changed(rows, ledger, "Unique ID", unique)),
            ("A5.id-taken", "Unique ID", taken(rows, ledger, "Unique ID", unique, self._context.hashed)),
            ("A5.shared-email", "Email 1", shared_emails(rows, settings)),
        )
        for rule, column, held in found_by:
            for part in PEOPLE:
                found = rows.filter(held & (rows["_part"] == part)).unique("_user", maintain_order=True)
                file, header = settings.file_name(part), settings.header(column)
                report(self._context.findings, rule, found, file=file, column=header)
        return rows.with_columns(_held=reduce(or_, (held for _, _, held in found_by)))

    def _take(self, part: str, rows: pl.DataFrame) -> None:
        """Splits the rows of one file, and adds the last good rows of people who would be missing."""
        settings, context, name = self._settings, self._context, self._settings.file_name(part)
        if rows.is_empty():
            return
        columns = [settings.header(column) for column in columns_of(part, settings)]
        lacking = [pl.lit(None, pl.String).alias(column) for column in columns if column not in rows.columns]
        rows = rows.with_columns(lacking).select("_user", "_id", "_held", *columns)
        checked, broken = split_broken(rows, row_checks(settings, {name: part}), settings, context.findings, file=name)
        good = checked.filter(~pl.col("_held"))
        withheld = pl.concat([broken, checked.filter("_held")]).join(good, on="_user", how="anti")
        self._withheld[part] = withheld
        kept = self._kept(name, good.drop("_held"), withheld)
        self.good[part] = pl.concat([good.drop("_held"), kept], how="diagonal")

    def _kept(self, name: str, good: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
        settings, context = self._settings, self._context
        last = last_file(context.last_sent, name)
        if settings.removal == "absent_kept" or last is None:
            return good.clear()
        kept = last_good_rows(
            good,
            withheld.filter(pl.col("_id").n_unique().over("_user") == 1),  # ids of two kinds of people may be alike
            [last],
            unique=[settings.header("Unique ID"), settings.header("Email 1")],
            as_of=context.as_of,
            days=settings.limits.keep_days,
            findings=context.findings,
            file=name,
            suppressed=context.suppressed,
        )
        kept = kept.join(withheld.select("_user", "_id").unique(), on="_user", how="left")
        child = settings.header("Student ID")
        if child not in kept.columns:
            return kept
        # a parent's older row may name a child to whom the link is gone: only links of today are sent
        return kept.join(withheld.select("_user", child).unique(), on=["_user", child], how="semi", nulls_equal=True)

    def _without_lost_children(self, everybody: pl.DataFrame) -> None:
        """Withholds parents' rows whose child is not in the files, or has an id that another child has too (A14)."""
        settings = self._settings
        role, named = settings.header("Role"), settings.header("Student ID")
        column = settings.header("Student ID" if settings.child == "student_id" else "Unique ID")

        def students(rows: pl.DataFrame) -> pl.DataFrame:
            return rows.filter(pl.col(role) == "Student").select("_id", known=pl.col(column).str.to_lowercase())

        sent = [students(rows) for part, rows in self.good.items() if part in {USERS, COMBINED}]
        owners = pl.concat([students(everybody), *sent]).group_by("known").agg(pl.col("_id").n_unique())
        there = pl.concat([pl.Series("known", [], pl.String), *(rows["known"] for rows in sent)])
        known = owners.filter((pl.col("_id") == 1) & pl.col("known").is_in(there.implode()))["known"].implode()
        for part, rows in self.good.items():
            if named in rows.columns:
                alone = pl.col(role).is_in(WORDS[GUARDIANS]) & ~pl.col(named).str.to_lowercase().is_in(known)
                lost = rows.filter(alone)
                report(self._context.findings, "A14.child", lost, file=settings.file_name(part), column=named)
                self.good[part] = rows.filter(~alone)
                self._withheld[part] = pl.concat([self._withheld[part], lost], how="diagonal")

    def persons(self) -> pl.DataFrame:
        """``_id`` and Unique ID of students and staff who are sent."""
        header, role = self._settings.header("Unique ID"), pl.col(self._settings.header("Role"))
        found = [rows.filter(~role.is_in(WORDS[GUARDIANS])).select("_id", header) for rows in self.good.values()]
        return pl.concat(found).unique("_id", keep="any")

    def sent(self) -> pl.DataFrame:
        """``_id`` and ``_user`` of everybody who is sent."""
        rows = [rows.select("_id", "_user") for rows in self.good.values()]
        return pl.concat([pl.DataFrame(schema={"_id": pl.Int64, "_user": pl.String}), *rows]).unique("_id", keep="any")

    def withheld(self) -> pl.DataFrame:
        """``_user`` of those who are not, because a row of theirs breaks a rule."""
        rows = [rows.select("_user") for rows in self._withheld.values()]
        return pl.concat([pl.DataFrame(schema={"_user": pl.String}), *rows]).unique()

    def file(self, part: str) -> FeedFile | None:
        """The file of that part, or None where it has no rows."""
        header, name = self._settings.header, self._settings.file_name(part)
        last = last_file(self._context.last_sent, name)
        sort = [header("Unique ID"), header("Organization ID")]
        sort += [header("Student ID")] if header("Student ID") in self.good[part].columns else []
        return to_file(
            name,
            self.good[part],
            self._withheld[part],
            sort=sort,
            as_of=self._context.as_of,
            last=[last] if last else [],
        )


def _class_files(
    roster: Roster, persons: pl.DataFrame, settings: EdlioSettings, context: FeedContext
) -> list[FeedFile]:
    """The files of classes and enrollments, those that have rows."""
    name = settings.file_name(CLASSES)
    rows = classrooms(roster, settings)
    good, _ = split_broken(rows, row_checks(settings, {name: CLASSES}), settings, context.findings, file=name)
    sent, lost = enrollments(roster, good, persons, settings, context.as_of)
    if lost:
        file = settings.file_name(ENROLLMENTS)
        context.findings.add("A14.left-out", file=file, detail=f"{lost:,} enrollments")
    columns = [column for column in good.columns if not column.startswith("_")]
    classes = good.select(columns).sort(columns[0], columns[-1])
    found = [csv_file(name, classes), csv_file(settings.file_name(ENROLLMENTS), sent)]
    return found if all(file.rows for file in found) else []


def _first_file(roster: Roster, made: dict[str, pl.DataFrame], settings: EdlioSettings, context: FeedContext) -> None:
    for what, count in first_file_counts(roster, made, settings).items():
        context.findings.add("A14.first-file", file=settings.file_name(USERS), detail=f"{count:,} {what}")
