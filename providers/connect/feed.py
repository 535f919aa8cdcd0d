"""The Connect feed: users, classes, enrollments and guardians (docs/feeds/connect.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
from pydantic import BaseModel

from providers.connect import guardians as families
from providers.connect.checks import checks, row_checks
from providers.connect.classes import class_rows, enrollment_rows, rooms
from providers.connect.columns import CLASSES, ENROLLMENTS, FILES, GUARDIANS, USERS
from providers.connect.fileset import managed
from providers.connect.people import (
    GUARDIAN_ROLES,
    STAFF_ROLES,
    enabled_people,
    named_id,
    staff_rows,
    student_rows,
    with_own_contacts,
)
from providers.connect.results import read_results
from providers.connect.rules import RULES
from providers.connect.schools import targets
from providers.connect.settings import ConnectSettings
from providers.connect.text import as_read, as_sent, mended
from providers.connect.vendor import VENDOR
from providers.connect.worksheet import CLASSROOMS, classroom_worksheet, list_in_connect, student_worksheet
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Roster, Verdict
from rosterkit.feeds.csvout import CsvTable, csv_file, read_csv
from rosterkit.feeds.identity_changes import identity_changes
from rosterkit.feeds.ledger import changed, known, taken
from rosterkit.feeds.preflight import Given, comparison, preflight
from rosterkit.feeds.rows import from_last_file, last_file, last_good_rows, report, split_broken, still_good, to_file
from rosterkit.roster.rules import Rule


class ConnectFeed:
    """Writes users.csv, classes.csv, enrollments.csv and guardians.csv, or guardians.csv alone."""

    kind = "connect"
    rules: Sequence[Rule] = RULES
    vendor = VENDOR
    Settings: type[BaseModel] = ConnectSettings

    def build(self, roster: Roster, settings: ConnectSettings, context: FeedContext) -> Sequence[FeedFile]:
        """The files; equal input gives equal bytes. A row that breaks a rule is withheld, with a finding.

        Raises UsageError where one of ``school_rules`` names a school in two ways.
        """
        if context.last_sent is not None:
            last = replace(context.last_sent, files=tuple(as_read(file, settings) for file in context.last_sent.files))
            context = replace(context, last_sent=last)
        files = _Build(roster, settings, context).files()
        return [as_sent(file, settings) for file in files]

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: ConnectSettings) -> Verdict:
        """How Connect would take these files, whoever made them; its deletion threshold is simulated."""
        last = last_sent
        if last is not None:
            last = replace(last, files=tuple(as_read(file, settings) for file in last.files))
        read = [as_read(file, settings) for file in files]

        def compared(given: Given) -> Mapping[str, int]:
            return _compared(given, settings)

        return preflight(read, last, settings, rules=RULES, checks=checks(settings), compared=compared)

    def identifiers(self, settings: ConnectSettings) -> Mapping[str, str]:
        """The ids by which Connect knows a person, and a guardian."""
        return {"sourcedId": "sourcedId", "guardian": settings.guardian_header("sourcedId")}

    def worksheet(
        self, existing: CsvTable, roster: Roster, settings: ConnectSettings, context: FeedContext
    ) -> pl.DataFrame:
        """What the students or classrooms that exist in Connect may be of what this feed sends (C32)."""
        columns, rows = list_in_connect(existing)
        if columns == CLASSROOMS:
            files = [as_read(file, settings) for file in self.build(roster, settings, context) if file.name == CLASSES]
            sent = read_csv(files[0]).rows if files else pl.DataFrame(schema=dict.fromkeys(FILES[CLASSES], pl.String))
            return classroom_worksheet(rows, sent)
        everybody = enabled_people(roster, context.findings, context.as_of, settings.sources)
        students = everybody.filter(pl.col("word") == "student").select(
            "given_name", "family_name", "email", "grade",
            sourcedId=named_id("student", settings), student_number="identifier",
        )  # fmt: skip
        return student_worksheet(rows, students)

    def results(self, table: CsvTable, settings: ConnectSettings) -> pl.DataFrame:
        """What Connect could not add."""
        return read_results(table, settings)


def _compared(given: Given, settings: ConnectSettings) -> Mapping[str, int]:
    """Rows of users.csv and classes.csv against the last ones; of each kind how many Connect would archive."""
    counts: dict[str, int] = {}
    for name in (USERS, CLASSES):
        if name in given.tables:
            last = given.last_tables.get(name)
            found = comparison(given.tables[name], last, "sourcedId")
            if name == USERS:
                same = ["email", "givenName", "familyName"]
                found["identity changes"] = identity_changes(given.tables[name], last, "sourcedId", same)
            counts |= {f"{name}: {what}": count for what, count in found.items()}
    now = managed(given.tables, settings)
    for kind, ids in managed(given.last_tables, settings).items():
        counts[f"{kind}: archived"] = ids.filter(~ids.is_in(now[kind].implode())).len()
    return counts


class _Build:
    """One build: students and staff first, then their guardians, then classes of those who are sent."""

    def __init__(self, roster: Roster, settings: ConnectSettings, context: FeedContext) -> None:
        self._roster, self._settings, self._context = roster, settings, context
        self._everybody = enabled_people(roster, context.findings, context.as_of, settings.sources)
        if settings.unique_contacts:
            self._everybody = with_own_contacts(self._everybody, settings, context.findings)
        self._checks = row_checks(settings)
        self._withheld: dict[str, pl.DataFrame] = {}
        kinds = {"sourcedId": "sourcedId", "guardian": settings.guardian_header("sourcedId")}
        self._ledger = known(context, kinds).with_columns(kind=pl.lit("sourcedId")).unique()

    def files(self) -> list[FeedFile]:
        settings, findings, as_of = self._settings, self._context.findings, self._context.as_of
        schools = targets(self._roster, settings)
        students, lost, at = student_rows(self._roster, self._everybody, settings, findings, as_of)
        if settings.profile == "guardians_only":
            return self._made([self._guardian_file(self._as_synced(students))])
        staff = staff_rows(self._everybody, schools, settings, findings)
        users = self._sent(USERS, pl.concat([students, staff]), lost)
        users = users.filter(~pl.col("role").is_in(GUARDIAN_ROLES))
        sent_students = users.filter(pl.col("role") == "student")
        guardian_file = None
        if settings.guardians == "file":
            guardian_file = self._guardian_file(sent_students)
        elif settings.guardians == "users":
            users = self._with_guardians(users, sent_students, at)
        user_file = self._file(USERS, users, ["sourcedId"])
        if user_file is None:
            return []
        return self._made([user_file, *self._class_files(schools, at, users), guardian_file])

    def _as_synced(self, students: pl.DataFrame) -> pl.DataFrame:
        """Students under the id by which another sync has brought them to Connect.

        Where two students have one number, nobody can tell whose guardians a row under it names: there is none.
        """
        if self._settings.student_key == "sourced_id":
            return students
        numbers = self._everybody.filter(pl.col("word") == "student").select("id", "_user", sourcedId="identifier")
        number = pl.col("sourcedId").str.to_lowercase()
        shared = numbers.filter(number.is_duplicated() & number.is_not_null())
        report(
            self._context.findings,
            "C23.repeated-id",
            shared,
            file=GUARDIANS,
            column=self._settings.guardian_header("studentSourcedId"),
        )
        keys = numbers.join(shared, on="id", how="anti").select("id", "sourcedId")
        return students.drop("sourcedId").join(keys, on="id")

    def _made(self, files: Sequence[FeedFile | None]) -> list[FeedFile]:
        return [file for file in files if file is not None]

    def _sent(self, file: str, rows: pl.DataFrame, lost: pl.DataFrame | None = None) -> pl.DataFrame:
        """The rows that keep every rule, and last good ones of people whom Connect would archive otherwise.

        ``lost``: people (``id``, ``_user``) who are withheld already.
        """
        settings, findings = self._settings, self._context.findings
        names = [self._header(file, name) for name in ("givenName", "familyName", "email", "sms", "phone")]
        rows = mended(rows, names, settings, findings, file=file)
        good, broken = split_broken(rows, self._checks, settings, findings, file=file)
        good, held = self._by_ledger(file, good)
        withheld = pl.concat([broken, held] if lost is None else [broken, held, lost], how="diagonal")
        before = [self._withheld[file]] if file in self._withheld else []
        self._withheld[file] = pl.concat([*before, withheld.select("_user")])
        return pl.concat([good, self._kept(file, good, withheld)], how="diagonal")

    def _by_ledger(self, file: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows whose sourcedId is the one that was sent before, and those where it changed or was another's.

        A guardian may have a second id: the one as an employee, and one as a guardian. It changed where the last file
        has that person, who is no employee, as a guardian already.
        """
        column, findings = self._header(file, "sourcedId"), self._context.findings
        others = taken(rows, self._ledger, "sourcedId", column, self._context.hashed)
        moved = changed(rows, self._ledger, "sourcedId", column)
        guardians = rows["role"].is_in(GUARDIAN_ROLES) if file == USERS else pl.lit(value=True)
        before = pl.col("_user").is_in(self._guardians_before(file).implode()) & pl.col(column).is_not_null()
        moved &= rows.select(~guardians | before).to_series()
        for rule, held in (("connect.id-changed", moved), ("connect.id-taken", others)):
            report(findings, rule, rows.filter(held), file=file, column=column)
        return rows.filter(~(moved | others)), rows.filter(moved | others)

    def _guardians_before(self, file: str) -> pl.Series:
        """The users whom the last file of that name has as guardians, without employees."""
        last = last_file(self._context.last_sent, file)
        then = from_last_file([last] if last else [], ["role"], self._ledger["user"].unique())
        then = then.filter(pl.col("role").is_in(GUARDIAN_ROLES)) if file == USERS else then
        employees = self._everybody.filter(pl.col("word").is_in(STAFF_ROLES))["_user"]
        return then.filter(~pl.col("_user").is_in(employees.implode()))["_user"]

    def _kept(self, file: str, good: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
        settings, context = self._settings, self._context
        last = last_file(context.last_sent, file)
        if last is None:
            return good.clear()
        kept = last_good_rows(
            good.select("_user", *(self._header(file, name) for name in FILES[file])),
            withheld.filter(pl.col("id").n_unique().over("_user") == 1).join(good, on="_user", how="anti"),
            [last],
            unique=self._unique(file),
            as_of=context.as_of,
            days=settings.limits.keep_days,
            findings=context.findings,
            file=file,
            suppressed=context.suppressed,
        )
        kept = kept.join(withheld.select("_user", "id").unique("_user"), on="_user", how="left")
        return still_good(self._with_links_of_today(file, kept, withheld), self._checks, settings, file=file)

    def _with_links_of_today(self, file: str, kept: pl.DataFrame, withheld: pl.DataFrame) -> pl.DataFrame:
        """Last good rows with today's links: one that is gone or blocked never comes back with an old row."""
        if file == GUARDIANS:
            student = self._header(file, "studentSourcedId")
            return kept.join(withheld.select("_user", student).unique(), on=["_user", student], how="semi")
        kept = kept.with_columns(agentSourcedIds=pl.lit(None, pl.String))
        roles = withheld.select("_user", "role", today="orgSourcedIds").drop_nulls().unique()
        guardians = roles.filter(pl.col("role").is_in(GUARDIAN_ROLES)).drop("role")
        of_guardian = pl.col("role").is_in(GUARDIAN_ROLES)
        theirs = kept.filter(of_guardian).join(guardians, on="_user").with_columns(orgSourcedIds="today").drop("today")
        others = kept.filter(~of_guardian).join(guardians, on="_user", how="anti")
        return pl.concat([others, theirs], how="diagonal")

    def _unique(self, file: str) -> list[str]:
        """The columns in which an older row must not have what a good row has today."""
        settings, contacts = self._settings, []
        if settings.unique_contacts:
            contacts = [self._header(file, name) for name in ("email", settings.phone_credential)]
        return (["sourcedId"] if file == USERS else []) + contacts

    def _header(self, file: str, name: str) -> str:
        return self._settings.guardian_header(name) if file == GUARDIANS else name

    def _guardian_file(self, students: pl.DataFrame) -> FeedFile | None:
        settings, findings = self._settings, self._context.findings
        found = families.links(self._roster, self._everybody, students, settings, findings)
        sent = self._sent(GUARDIANS, families.pairs(found, self._everybody, settings))
        fitting = families.chosen(self._links_of(sent, found), settings, findings)
        student = settings.guardian_header("studentSourcedId")
        wanted = fitting.select(pl.col("guardian").alias("_user"), pl.col("student").alias(student)).unique()
        rows = sent.join(wanted, on=["_user", student], how="semi")
        return self._file(GUARDIANS, rows, [student, settings.guardian_header("sourcedId")])

    def _links_of(self, sent: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
        """The links whose guardian is sent."""
        return found.join(sent.select(guardian="_user").unique(), on="guardian", how="semi")

    def _with_guardians(self, users: pl.DataFrame, students: pl.DataFrame, at: pl.DataFrame) -> pl.DataFrame:
        """The rows of users.csv with guardians, who are named on their students' rows."""
        settings, findings = self._settings, self._context.findings
        found = families.links(self._roster, self._everybody, students, settings, findings)
        rows = families.guardian_users(found, self._everybody, at, users, settings)
        taken = rows.join(users, on="sourcedId", how="semi")
        report(findings, "C23.repeated-id", taken, file=USERS, column="sourcedId")
        sent = self._sent(USERS, rows.join(taken, on="sourcedId", how="anti"), taken.select("id", "_user"))
        sent = sent.filter(pl.col("role").is_in(GUARDIAN_ROLES)).join(users, on="sourcedId", how="anti")
        fitting = families.chosen(self._links_of(sent, found), settings, findings)
        sent = sent.join(fitting.select(_user="guardian").unique(), on="_user", how="semi")
        named = users.drop("agentSourcedIds").join(families.agents(fitting, sent), on="sourcedId", how="left")
        return pl.concat([named, sent], how="diagonal")

    def _class_files(self, schools: pl.DataFrame, at: pl.DataFrame, users: pl.DataFrame) -> list[FeedFile | None]:
        settings, findings = self._settings, self._context.findings
        made, people = rooms(self._roster, schools, at, settings, self._context.as_of)
        rows = mended(class_rows(made, settings), ["title", "location"], settings, findings, file=CLASSES)
        good, _ = split_broken(rows, self._checks, settings, findings, file=CLASSES)
        enrolled = enrollment_rows(people, good, users.filter(~pl.col("role").is_in(GUARDIAN_ROLES)))
        classes = good.select(FILES[CLASSES]).sort("sourcedId")
        files = [csv_file(CLASSES, classes), csv_file(ENROLLMENTS, enrolled)]
        return [file if file.rows else None for file in files]

    def _file(self, name: str, rows: pl.DataFrame, sort: Sequence[str]) -> FeedFile | None:
        last = last_file(self._context.last_sent, name)
        columns = [self._header(name, c) for c in FILES[name] if c != "identifier" or self._settings.identifier]
        state = [column for column in ("_state", "_since") if column in rows.columns]
        return to_file(
            name,
            rows.select("_user", *state, *columns),
            self._withheld[name],
            sort=sort,
            as_of=self._context.as_of,
            last=[last] if last else [],
        )
