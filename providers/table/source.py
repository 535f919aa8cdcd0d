"""Reads a mapped table: attributes of another source's users, or people whom no other source has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import polars as pl
from pydantic import BaseModel

from providers.table.rules import RULES
from providers.table.settings import TableSettings, is_role
from providers.table.words import PERSON, SPELLINGS, USER_SPELLINGS
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import INVALID, Capabilities, Context, Coverage, Extract, Table
from rosterkit.sources.contact_points import check_emails, check_phones
from rosterkit.sources.findings import Findings
from rosterkit.sources.headings import NamedColumns, drop_unreadable_keys, name_columns
from rosterkit.sources.keys import joined_key
from rosterkit.sources.textfile import LINE, read_text_file


class MappedTable:
    """Emits UserAttributes, or User and Role."""

    kind = "table"
    rules: Sequence[Rule] = RULES
    capabilities = Capabilities(
        entities=("User", "Role", "UserAttributes"),
        guardians="none",
        stable_contact_ids=False,
        demographics=False,
        incremental="",
        sso="none",
        filters=(),
        set_up_by="The district, with an export of the system that knows the attributes or the people.",
        needs=("A file with one row per person.",),
        cannot=("It has no classes and no enrollments.",),
        package_names="*.csv",
    )
    Settings: type[BaseModel] = TableSettings

    def extract(self, settings: TableSettings, context: Context) -> Extract:
        """Reads the file. Raises SourceUnreadable where the path is no file or may not be read."""
        findings = context.findings
        file = read_text_file(
            context.folder / settings.path,
            findings,
            delimiter=settings.delimiter,
            final_line_break=settings.final_line_break,
            ignored_lines=context.ignored_lines,
        )
        people = settings.rows == "people"
        key = "sourced_id" if people else "user"
        spellings = SPELLINGS if people else {"user": USER_SPELLINGS}
        required = [key, "given_name", "family_name"] if people else [key, *settings.attributes]
        named = {**settings.columns, **settings.attributes}
        columns = name_columns(file, findings, spellings, named=named, required=required)
        columns = drop_unreadable_keys(columns, file, findings, [key], context.ignored_lines)
        context.progress(file.name, file.rows.height, file.rows.height)
        read = _people if people else _attributes
        tables = read(file.name, columns, settings, findings)
        digest = hashlib.sha256(f"{file.name}\n{file.sha256}".encode()).hexdigest()
        return Extract(digest, file.name, "1", tables, findings.frame(), rows_read={file.name: file.rows.height})


SOURCE = MappedTable()


def _attributes(file: str, columns: NamedColumns, settings: TableSettings, findings: Findings) -> tuple[Table, ...]:
    if columns.coverage is Coverage.ABSENT:
        return (_absent("UserAttributes", columns.reason),)
    names = sorted(settings.attributes)
    rows, dropped = _one_row_each(columns.rows, "user", ["user", *names], findings, file)
    rows, shared = _with_attributes(rows, "user", settings, findings, file)
    table = rows.select(
        pl.col("user").alias("sourced_id"),
        "user",
        pl.lit(settings.user_key).alias("_by_user"),
        "attributes",
        pl.lit(file).alias("_file"),
        LINE,
    )
    invalid = _invalid(file, _marked(dropped, "user", None), shared)
    return (Table("UserAttributes", table.lazy(), columns.coverage, columns.reason, invalid=invalid),)


def _people(file: str, columns: NamedColumns, settings: TableSettings, findings: Findings) -> tuple[Table, ...]:
    if columns.coverage is Coverage.ABSENT:
        return tuple(_absent(entity, columns.reason) for entity in ("User", "Role"))
    every = columns.rows
    attributes = [name for name in sorted(settings.attributes) if name in every.columns]
    present = [name for name in PERSON if name in every.columns]
    users, dropped = _one_row_each(every, "sourced_id", ["sourced_id", *present, *attributes], findings, file)
    marks = [_marked(dropped, "sourced_id", None)]
    for name in ("email", "sms", "phone"):
        if name in present:
            bad = (
                check_emails(users, name, findings, file=file)
                if name == "email"
                else check_phones(users, name, findings, file=file, region=settings.phone_region)
            )
            marks.append(_marked(users.filter(bad), "sourced_id", name))
            users = users.with_columns(pl.when(~bad).then(name).alias(name))
    # Without one of the columns the whole set is not known, and what is stored stays.
    if attributes and len(attributes) == len(settings.attributes):
        users, shared = _with_attributes(users, "sourced_id", settings, findings, file)
        present.append("attributes")
        marks.append(shared)
    table = users.select("sourced_id", *present, pl.lit(file).alias("_file"), LINE)
    invalid = _invalid(file, *marks)
    roles = _roles(file, every.join(dropped, on="sourced_id", how="anti"), dropped, columns, settings, findings)
    return (Table("User", table.lazy(), columns.coverage, columns.reason, invalid=invalid), *roles)


def _roles(
    file: str,
    rows: pl.DataFrame,
    dropped: pl.DataFrame,
    columns: NamedColumns,
    settings: TableSettings,
    findings: Findings,
) -> tuple[Table, ...]:
    """Role: one row per person, organisation and role that rows or settings state; none where they do not."""
    constant = {"role": settings.role or None, "org": settings.org or None}
    given = [pl.lit(value, pl.String).alias(name) for name, value in constant.items() if name not in rows.columns]
    rows = rows.with_columns(given).with_columns(pl.col("role").replace(settings.roles))
    if rows["role"].is_null().all() and rows["org"].is_null().all():
        return ()
    known = rows["role"].is_in([word for word in rows["role"].unique().drop_nulls() if is_role(word)])
    unknown = rows.filter(~known)
    incomplete = rows.filter(pl.col("role").is_null() != pl.col("org").is_null())
    findings.add_rows("table.role-unknown", unknown.select(LINE, key="sourced_id"), file=file, column="role")
    findings.add_rows("table.role-incomplete", incomplete.select(LINE, key="sourced_id"), file=file, column="role")
    usable = rows.filter(known.fill_null(value=False) & pl.col("org").is_not_null())
    roles = usable.group_by("sourced_id", "org", "role").agg(pl.col(LINE).min()).sort(LINE)
    table = roles.select(
        joined_key("sourced_id", "org", "role").alias("sourced_id"),
        pl.col("sourced_id").alias("user"),
        "org",
        pl.lit(settings.org_key).alias("_by_org"),
        "role",
        pl.lit(file).alias("_file"),
        LINE,
    )
    coverage, reason = columns.coverage, columns.reason
    if coverage is Coverage.FULL and (unknown.height or incomplete.height or dropped.height):
        coverage, reason = Coverage.PARTIAL, f"{file}: the roles of some rows cannot be read"
    return (Table("Role", table.lazy(), coverage, reason),)


def _one_row_each(
    rows: pl.DataFrame, key: str, names: list[str], findings: Findings, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per key, and (key, LINE) of the rows that contradict one another and so are left out."""
    same = pl.struct(pl.exclude(LINE)).is_duplicated()
    marked = rows.with_columns(_different=pl.struct(names).n_unique().over(key) > 1, _again=same)
    dropped = marked.filter("_different").select(key, LINE)
    findings.add_rows("table.contradiction", dropped.select(LINE, key=key), file=file)
    kept = marked.filter(~pl.col("_different")).sort(LINE)
    findings.add_rows("table.key-twice", kept.filter("_again").select(LINE, key=key), file=file)
    return kept.unique(key, keep="first", maintain_order=True).select(*names, LINE), dropped


def _with_attributes(
    rows: pl.DataFrame, key: str, settings: TableSettings, findings: Findings, file: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with ``attributes`` as JSON, and those (marked) whose attributes are not used."""
    names = sorted(settings.attributes)
    shared = pl.lit(value=False)
    for name in (name for name in settings.unique if name in names):
        same = pl.col(name).str.to_lowercase().is_duplicated() & pl.col(name).is_not_null()
        findings.add_rows("table.shared-value", rows.filter(same).select(LINE, key=key), file=file, column=name)
        shared |= same
    marked = _marked(rows.filter(shared), key, "attributes")
    pairs = [pl.concat_str(pl.lit(f"{json.dumps(name, ensure_ascii=False)}:"), _quoted(rows[name])) for name in names]
    text = pl.concat_str(pairs, separator=",", ignore_nulls=True)
    value = pl.when(~shared & (text != "")).then(pl.concat_str(pl.lit("{"), text, pl.lit("}")))
    return rows.with_columns(value.alias("attributes")), marked


def _quoted(values: pl.Series) -> pl.Series:
    """Each value as a JSON string; null where it is blank."""
    distinct = values.unique().drop_nulls()
    return values.replace(
        distinct, pl.Series([json.dumps(value, ensure_ascii=False) for value in distinct], dtype=pl.String)
    )


def _marked(rows: pl.DataFrame, key: str, column: str | None) -> pl.DataFrame:
    """Rows for ``Table.invalid``, without the file's name."""
    lines = rows.group_by(pl.col(key).alias("sourced_id")).agg(pl.col(LINE).min())
    return lines.select("sourced_id", pl.lit(column, pl.String).alias("column"), LINE)


def _invalid(file: str, *marked: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(marked).with_columns(pl.lit(file).alias("_file")).select(*INVALID).sort(LINE, "sourced_id")


def _absent(entity: str, reason: str) -> Table:
    return Table(entity, pl.LazyFrame(schema={"sourced_id": pl.String}), Coverage.ABSENT, reason)
