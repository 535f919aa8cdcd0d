"""Each check of the conformance kit fails on a source that breaks what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel, Field

from rosterkit.errors import SourceUnreadable
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Capabilities, Context, Coverage, Extract, Table
from rosterkit.sources.csv_rules import TEXTFILE_RULES
from rosterkit.sources.textfile import LINE, read_text_file
from rosterkit.testing.source_cases import DAMAGES, csv_case, files
from rosterkit.testing.source_suite import CHECKS, source_suite

TEXT = "id,name,card\nT-1,Halvard,7\nT-2,Ngozi,8\nT-3,Beatriz,9\n"
RULE = Rule("tiny.key", "error", "error", "The id is blank.", "Fill it in.")


Breaking = Callable[[Extract, Context], Extract]


class Settings(BaseModel):
    path: str = Field(description="The file.")


@dataclass
class Tiny:
    """A small source that keeps the contract; ``breaking`` changes what it answers."""

    breaking: Breaking = lambda extract, _: extract
    kind: str = "tiny"
    rules: Sequence[Rule] = (*TEXTFILE_RULES, RULE)
    capabilities: Any = Capabilities(("User", "Role", "UserAttributes"), "none", False, False, "", "", (), "")  # noqa: RUF009
    Settings: type[BaseModel] = Settings

    def extract(self, settings: Any, context: Context) -> Extract:
        file = read_text_file(context.folder / settings.path, context.findings)
        coverage, reason, rows = file.coverage, file.reason, file.rows
        if coverage is not Coverage.ABSENT and not {"id", "name"} <= set(file.header):
            coverage, reason = Coverage.ABSENT, "a column is missing"
        if coverage is Coverage.ABSENT:
            tables = [Table(entity, pl.LazyFrame(), coverage, reason) for entity in ("User", "Role", "UserAttributes")]
        else:
            tables = self._tables(file.name, rows, coverage, reason, context)
        extract = Extract(file.sha256, file.name, "1", tuple(tables), context.findings.frame(), "", {file.name: 0})
        return self.breaking(extract, context)

    def _tables(self, name: str, rows: pl.DataFrame, coverage: Coverage, reason: str, context: Context) -> list[Table]:
        keyed = rows.filter(pl.col("id").is_not_null() & ~pl.col("id").str.contains(r"E\+"))
        if keyed.height < rows.height:
            context.findings.add("tiny.key", file=name, line=2)
            coverage, reason = Coverage.PARTIAL, "an id is blank"
        keyed = keyed.unique("id", keep="none").sort(LINE)
        place = (pl.lit(name).alias("_file"), pl.col(LINE))
        key = pl.col("id").alias("sourced_id")
        users = keyed.select(key, given_name="name", email=pl.lit(None, pl.String)).with_columns(keyed.select(place))
        roles = keyed.select(
            key, pl.col("id").alias("user"), org=pl.lit("70"), _by_org=pl.lit("identifier"), role=pl.lit("teacher")
        ).with_columns(keyed.select(place))
        extra = keyed.select(key, user="id", attributes=pl.lit('{"a":"b"}')).with_columns(keyed.select(place))
        return [
            Table("User", users.lazy(), coverage, reason),
            Table("Role", roles.lazy(), coverage, reason),
            Table("UserAttributes", extra.lazy(), coverage, reason),
        ]


CASE = csv_case(
    "tiny",
    "t.csv",
    TEXT,
    {"path": "t.csv"},
    rows={"User": 3, "Role": 3, "UserAttributes": 3},
    locations={("User", "T-2"): ("t.csv", 3)},
    required=("id", "name"),
    key="id",
    personal=("name",),
)

test_a_source_that_keeps_the_contract = source_suite(Tiny(), [CASE])


def changed(
    entity: str = "User", *, rows: Callable[[pl.DataFrame], pl.DataFrame] | None = None, **parts: Any
) -> Breaking:
    """Breaks one table where the file has rows: its rows, or other parts of it."""

    def breaking(extract: Extract, _context: Context) -> Extract:
        tables = []
        for table in extract.tables:
            frame = table.rows.collect()
            if table.entity == entity and frame.height:
                tables.append(replace(table, rows=rows(frame).lazy() if rows else table.rows, **parts))
            else:
                tables.append(table)
        return replace(extract, tables=tuple(tables))

    return breaking


def columns(entity: str = "User", **values: Any) -> Breaking:
    return changed(entity, rows=lambda frame: frame.with_columns(**values))


def wrong(sourced_id: str | None, column: str | None) -> pl.DataFrame:
    schema = {"sourced_id": pl.String, "column": pl.String, "_file": pl.String, "_line": pl.Int64}
    return pl.DataFrame([(sourced_id, column, "t.csv", 2)], schema=schema, orient="row")


def finding(**parts: Any) -> Breaking:
    def breaking(extract: Extract, _context: Context) -> Extract:
        row = {
            "rule": "tiny.key",
            "severity": "error",
            "file": "t.csv",
            "line": 1,
            "column": "",
            "value": "",
            "key": "",
        }
        row |= {"detail": "", **parts}
        return replace(extract, findings=pl.DataFrame([row], schema=extract.findings.schema))

    return breaking


def always_full(extract: Extract, _context: Context) -> Extract:
    tables = (replace(table, coverage=Coverage.FULL, reason="") for table in extract.tables)
    return replace(extract, tables=tuple(tables))


def writes_beside(extract: Extract, context: Context) -> Extract:
    (context.folder.parent / "beside.txt").write_text("x")
    return extract


def writes_natively(extract: Extract, context: Context) -> Extract:
    pl.DataFrame({"a": [1]}).write_parquet(str(context.folder / "beside.parquet"))
    return extract


def crashes(extract: Extract, _context: Context) -> Extract:
    if extract.findings["rule"].is_in(["textfile.encoding"]).any():
        raise ValueError("decoding failed")
    return extract


def tells_names(extract: Extract, _context: Context) -> Extract:
    if extract.tables[0].coverage is Coverage.ABSENT:
        raise SourceUnreadable("Halvard cannot be read.", rule="tiny.key")
    return extract


COUNTER = count()


def counts(extract: Extract, context: Context) -> Extract:
    return columns(given_name=pl.lit(f"n{next(COUNTER)}"))(extract, context)


def counts_findings(extract: Extract, context: Context) -> Extract:
    return finding(line=next(COUNTER))(extract, context)


def last_wins(extract: Extract, context: Context) -> Extract:
    by_line = pl.col("given_name").sort_by("_line").last()
    return columns(given_name=by_line)(extract, context)


BROKEN: list[tuple[str, str, Breaking]] = [
    ("tables", "a sourced_id is null", columns(sourced_id=pl.lit(None, pl.String))),
    ("tables", "sourced_ids are not unique", columns(sourced_id=pl.lit("T-1"))),
    ("tables", "spaces around it", columns(sourced_id=pl.col("sourced_id") + " ")),
    ("tables", "no sourced_id of type String", changed(rows=lambda frame: frame.drop("sourced_id"))),
    ("tables", "has no column nickname", columns(nickname=pl.lit("x"))),
    ("tables", "enabled is String, not", columns(enabled=pl.lit("true"))),
    ("tables", "a blank value is not null", columns(email=pl.lit(""))),
    ("tables", "not in the form of date", columns("Role", begin_date=pl.lit("11/02/2026"))),
    ("tables", "not in the form of list", columns(grades=pl.lit("[]"))),
    ("tables", "not in the form of json", columns("UserAttributes", attributes=pl.lit('{"b":"1","a":"2"}'))),
    ("tables", "is no such time", columns(_modified_at=pl.lit("2026-11-02"))),
    ("tables", "no column role, which it requires", changed("Role", rows=lambda frame: frame.drop("role"))),
    ("tables", "role is null, which it must not be", columns("Role", role=pl.lit(None, pl.String))),
    ("tables", "no column _line", changed(rows=lambda frame: frame.drop("_line"))),
    ("tables", "a place is null", columns(_file=pl.lit(None, pl.String))),
    ("tables", "a place is null", columns(_line=pl.lit(None, pl.Int64))),
    ("tables", "a _line is below 1", columns(_line=pl.lit(0, pl.Int64))),
    ("tables", "a _file is blank", columns(_file=pl.lit(""))),
    ("tables", "kinds of key that do not exist", columns("Role", _by_org=pl.lit("number"))),
    ("tables", "without primary_org", columns(_by_primary_org=pl.lit("identifier"))),
    ("tables", "has no column _by_email", columns(_by_email=pl.lit("identifier"))),
    ("tables", "an absent table has rows", changed(coverage=Coverage.ABSENT, reason="x")),
    ("tables", "no reason why it is not full", changed(coverage=Coverage.PARTIAL)),
    ("tables", "gives a reason", changed(reason="x")),
    ("tables", "not in the capabilities", lambda e, _: replace(e, tables=(replace(e.tables[0], entity="Org"),))),
    ("tables", "two tables of one entity", lambda e, _: replace(e, tables=(*e.tables, e.tables[0]))),
    ("tables", "in rows, and invalid as a whole", changed(invalid=wrong("T-1", None))),
    ("tables", "a cell of a record that is not in rows", changed(invalid=wrong("T-9", "email"))),
    ("tables", "invalid names columns that do not exist", changed(invalid=wrong("T-1", "nickname"))),
    ("tables", "is invalid and not in rows", changed(invalid=wrong("T-1", "sms"))),
    ("tables", "is invalid and has a value", changed(invalid=wrong("T-1", "given_name"))),
    ("tables", "a sourced_id is null", changed(invalid=wrong(None, "email"))),
    ("tables", "invalid has other columns", changed(invalid=pl.DataFrame())),
    ("contents", "full tables have", changed(rows=lambda frame: frame.head(2))),
    ("contents", "stands in", columns(_line=pl.col("_line") + 1)),
    ("contents", "not among rows_read", lambda e, _: replace(e, rows_read={})),
    ("references", "names records of User", columns("Role", user=pl.lit("T-9"))),
    ("coverage", "cut-short: User, Role", always_full),
    ("determinism", "User differs", counts),
    ("determinism", "id differs", lambda e, _: replace(e, id=str(next(COUNTER)))),
    ("determinism", "findings differ", counts_findings),
    ("order", "another order", last_wins),
    ("writes", "outside its scratch", writes_beside),
    ("writes", "outside its scratch", writes_natively),
    ("findings", "rules that are not declared", finding(rule="tiny.other")),
    ("findings", "1 personal values", finding(value="Ngozi")),
    ("findings", "1 personal values", finding(detail="of Ngozi")),
    ("findings", "findings have other columns", lambda e, _: replace(e, findings=e.findings.drop("key"))),
    ("findings", "1 personal values", tells_names),
    ("bad_data", "UTF-16: ValueError", crashes),
    ("bad_data", "open quote: AssertionError", changed(coverage=Coverage.PARTIAL, reason="")),
]


@pytest.mark.parametrize(("name", "message", "breaking"), BROKEN)
def test_a_check_fails_on_a_source_that_breaks_it(tmp_path: Path, name: str, message: str, breaking: Any) -> None:
    with pytest.raises(AssertionError, match=message):
        CHECKS[name](Tiny(breaking), CASE, tmp_path)


class Undescribed(BaseModel):
    path: str


class Nested(BaseModel):
    path: str = Field(description="The file.")
    more: Undescribed | None = Field(default=None, description="More.")


DECLARED: list[tuple[str, Any]] = [
    ("lacks a member", object()),
    ("its kind is blank", Tiny(kind="")),
    ("two rules share a code", Tiny(rules=(RULE, RULE))),
    ("has no meaning or no remedy", Tiny(rules=(replace(RULE, remedy=""),))),
    ("a severity that does not exist", Tiny(rules=(replace(RULE, strict="fatal"),))),
    (r"without a description: \['path'\]", Tiny(Settings=Undescribed)),
    (r"without a description: \['more.path'\]", Tiny(Settings=Nested)),
    ("entities that do not exist", Tiny(capabilities=replace(Tiny.capabilities, entities=("Person",)))),
]


@pytest.mark.parametrize(("message", "source"), DECLARED)
def test_the_declaration_of_a_source(tmp_path: Path, message: str, source: Any) -> None:
    with pytest.raises(AssertionError, match=message):
        CHECKS["declaration"](source, CASE, tmp_path)


def test_every_check_is_seen_failing() -> None:
    assert {name for name, *_ in BROKEN} | {"declaration"} == set(CHECKS)


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_is_seen_by_the_check_of_coverage(tmp_path: Path, name: str) -> None:
    one = {key: deliver for key, deliver in CASE.damaged.items() if key.split(" (")[0] == name}
    assert one
    only = replace(CASE, damaged=one, not_applicable={other: "elsewhere" for other in DAMAGES if other != name})
    with pytest.raises(AssertionError, match=name):
        CHECKS["coverage"](Tiny(always_full), only, tmp_path)


def test_a_case_says_why_a_damage_cannot_happen() -> None:
    with pytest.raises(ValueError, match="no cut-short, header-only, misspelt-column, unreadable-key; say"):
        replace(CASE, damaged={"missing": files({}, {})})
    with pytest.raises(ValueError, match="name in locations"):
        replace(CASE, locations={})


def test_a_source_that_refuses_a_sound_roster(tmp_path: Path) -> None:
    def refuses(_extract: Extract, _context: Context) -> Extract:
        raise SourceUnreadable("No.", rule="tiny.key")

    with pytest.raises(AssertionError, match="refuses a sound roster"):
        CHECKS["tables"](Tiny(refuses), CASE, tmp_path)
