"""Reads a guardian file: one row per guardian and student, laid over the students of another source.

Columns and file name follow the separate guardian file that products ask for when a roster's users file holds no
guardians (C24, C27, C30); the names of its columns are not fixed by any standard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl
from pydantic import BaseModel

from providers.guardians.identity import add_provisional_ids
from providers.guardians.links import link_rows, role_rows, with_relationships
from providers.guardians.rules import RULES
from providers.guardians.settings import GuardianSettings
from providers.guardians.words import PERSON, SPELLINGS
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import INVALID, Capabilities, Context, Coverage, Extract, Table
from rosterkit.sources.contact_points import check_emails, check_phones
from rosterkit.sources.findings import Findings
from rosterkit.sources.headings import NamedColumns, drop_unreadable_keys, name_columns
from rosterkit.sources.textfile import LINE, read_text_file

_NAMELESS = pl.col("given_name").is_null() & pl.col("family_name").is_null()
_BAD = "_bad_"  # before a column's name: whether the row's value is none


class GuardianFile:
    """Emits User and GuardianLink, and Role where a setting names the organisation: the file does not."""

    kind = "guardians"
    rules: Sequence[Rule] = RULES
    capabilities = Capabilities(
        entities=("User", "Role", "GuardianLink"),
        guardians="linked",
        stable_contact_ids=True,
        demographics=False,
        incremental="",
        sso="none",
        filters=(),
        set_up_by="The district, with an export of its Student Information System.",
        needs=("A file with one row per guardian and student.", "Another source that delivers the students."),
        cannot=("Without ids of guardians in the file, people are recognised by name and contacts.",),
        package_names="*.csv",
    )
    Settings: type[BaseModel] = GuardianSettings

    def extract(self, settings: GuardianSettings, context: Context) -> Extract:
        """Reads the file. Raises SourceUnreadable where the path is no file or may not be read."""
        findings = context.findings
        file = read_text_file(
            context.folder / settings.path,
            findings,
            delimiter=settings.delimiter,
            final_line_break=settings.final_line_break,
            ignored_lines=context.ignored_lines,
        )
        required = ["student", *(["guardian"] if settings.ids == "file" else []), "given_name", "family_name"]
        columns = name_columns(file, findings, SPELLINGS, named=settings.columns, required=required)
        columns = drop_unreadable_keys(columns, file, findings, required[:-2], context.ignored_lines)
        context.progress(file.name, file.rows.height, file.rows.height)
        tables = _tables(file.name, columns, settings, findings)
        digest = hashlib.sha256(f"{file.name}\n{file.sha256}".encode()).hexdigest()
        return Extract(digest, file.name, "1", tables, findings.frame(), rows_read={file.name: file.rows.height})


SOURCE = GuardianFile()


def _tables(name: str, columns: NamedColumns, settings: GuardianSettings, findings: Findings) -> tuple[Table, ...]:
    if columns.coverage is Coverage.ABSENT:
        return tuple(_absent(entity, columns.reason) for entity in _entities(settings))
    rows = with_relationships(columns.rows, settings.relationships, findings, file=name)
    rows = _with_checks(rows, settings, findings, name)
    coverage, reason = columns.coverage, columns.reason
    if settings.ids == "generated":
        without = rows.filter(_NAMELESS)
        findings.add_rows("guardians.no-name", without.select(LINE), file=name)
        if without.height and coverage is Coverage.FULL:
            coverage, reason = Coverage.PARTIAL, f"{name}:{without.item(0, LINE)}: a guardian has no name"
        rows = add_provisional_ids(rows.filter(~_NAMELESS))
        unusable = rows.clear().select("guardian", "student", LINE)
    else:
        unusable = _unusable(rows, findings, name)
        rows = rows.join(unusable, on="guardian", how="anti")
    if rows.is_empty():
        return tuple(_absent(entity, f"{name}: it has no guardian that can be used") for entity in _entities(settings))
    users = _users(rows, findings, name)
    invalid = _invalid_users(users, unusable, name)
    whole = (coverage, reason)
    people = Table("User", users.drop("_bad").lazy(), *whole, invalid=invalid)
    links = link_rows(rows, unusable, findings, file=name, student_key=settings.student_key, coverage=whole)
    if not settings.org:
        return people, links
    return people, role_rows(users, invalid, settings.org, coverage=whole), links


def _entities(settings: GuardianSettings) -> tuple[str, ...]:
    return ("User", "Role", "GuardianLink") if settings.org else ("User", "GuardianLink")


def _absent(entity: str, reason: str) -> Table:
    return Table(entity, pl.LazyFrame(schema={"sourced_id": pl.String}), Coverage.ABSENT, reason)


def _with_checks(rows: pl.DataFrame, settings: GuardianSettings, findings: Findings, file: str) -> pl.DataFrame:
    """Addresses and numbers that are none are taken out, and marked."""
    checked: dict[str, pl.Series] = {}
    if "email" in rows.columns:
        checked["email"] = check_emails(rows, "email", findings, file=file)
    for column in ("sms", "phone"):
        if column in rows.columns:
            checked[column] = check_phones(rows, column, findings, file=file, region=settings.phone_region)
    rows = rows.with_columns(bad.alias(_BAD + name) for name, bad in checked.items())
    return rows.with_columns(pl.when(~pl.col(_BAD + name)).then(name).alias(name) for name in checked)


def _unusable(rows: pl.DataFrame, findings: Findings, file: str) -> pl.DataFrame:
    """The guardians who cannot be used (with ``student`` and LINE of their rows): no name, or two people's rows."""
    given = pl.col("given_name").str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ")
    marked = rows.with_columns(
        nameless=_NAMELESS.all().over("guardian"), two=given.drop_nulls().n_unique().over("guardian") > 1
    )
    for rule, mark in (("guardians.no-name", "nameless"), ("guardians.id-of-two-people", "two")):
        findings.add_rows(rule, marked.filter(mark).select(LINE, key="guardian"), file=file, column="guardian")
    return marked.filter(pl.col("two") | pl.col("nameless")).select("guardian", "student", LINE)


def _users(rows: pl.DataFrame, findings: Findings, file: str) -> pl.DataFrame:
    """One row per guardian, with ``_bad``: the columns whose only value is none."""
    present = [name for name in PERSON if name in rows.columns]
    checked = [name for name in present if _BAD + name in rows.columns]
    ordered = rows.sort("student", *present, LINE, nulls_last=True)
    values = (pl.col(name).drop_nulls().first() for name in present)
    differ = (pl.col(name).drop_nulls().n_unique().alias(f"_differ_{name}") > 1 for name in present)
    bad = (pl.col(_BAD + name).any() & pl.col(name).is_null().all() for name in checked)
    users = ordered.group_by("guardian").agg(*values, *differ, *bad, pl.col(LINE).min()).sort(LINE)
    for name in present:
        twice = users.filter(f"_differ_{name}").select(LINE, key="guardian")
        findings.add_rows("guardians.contradiction", twice, file=file, column=name)
    contacts = [name for name in ("email", "sms", "phone") if name in present]
    unreachable = users.filter(pl.all_horizontal(pl.lit(True), *(pl.col(name).is_null() for name in contacts)))
    findings.add_rows("guardians.no-contact", unreachable.select(LINE, key="guardian"), file=file)
    if "email" in present:
        shared = users.filter(pl.col("email").str.to_lowercase().is_duplicated() & pl.col("email").is_not_null())
        if shared.height:
            detail = f"{shared.height:,} guardians"
            findings.add("guardians.shared-email", file=file, line=shared.item(0, LINE), column="email", detail=detail)
    marks = [pl.when(_BAD + name).then(pl.lit(name)) for name in checked]
    bad_columns = pl.concat_list(marks).list.drop_nulls() if marks else pl.lit(None, pl.List(pl.String))
    place = (pl.lit(file).alias("_file"), pl.col(LINE))
    return users.select(pl.col("guardian").alias("sourced_id"), *present, *place, bad_columns.alias("_bad"))


def _invalid_users(users: pl.DataFrame, unusable: pl.DataFrame, file: str) -> pl.DataFrame:
    cells = users.explode("_bad").filter(pl.col("_bad").is_not_null())
    cells = cells.select("sourced_id", pl.col("_bad").alias("column"), "_file", LINE)
    people = unusable.group_by(sourced_id="guardian").agg(pl.col(LINE).min())
    people = people.with_columns(column=pl.lit(None, pl.String), _file=pl.lit(file)).select(*INVALID)
    return pl.concat([cells, people]).sort(LINE, "sourced_id")
