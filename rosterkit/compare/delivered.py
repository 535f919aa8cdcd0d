"""What one source delivered, as the frames that questions are asked of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from rosterkit.roster.schema import by_name
from rosterkit.roster.vocabulary import is_school
from rosterkit.sources.base import Capabilities, Coverage, Extract, Table

FAMILY = ("guardian", "parent", "relative")
"""Roles of the adults of a student."""

_BETWEEN = "\x1f"
"""Stands between id space and sourced id in a key of these frames."""

_ENTITIES = ("Org", "AcademicSession", "Course", "Class", "ClassTerm", "User", "Role", "Enrollment", "GuardianLink")


@dataclass(frozen=True)
class Delivered:
    """A source by name, what it declares, and what it delivered."""

    name: str
    kind: str
    capabilities: Capabilities
    extract: Extract


class Roster:
    """The tables of one source, each read once and only where a question needs it.

    Keys: ``key`` of a record is its id space and sourced id; a reference is a key too, or null where it is blank or
    names a record of another source (then ``<reference>_by`` and ``<reference>_value`` say which).
    """

    def __init__(self, delivered: Delivered, as_of: date) -> None:
        self.name = delivered.name
        self.kind = delivered.kind
        self.capabilities = delivered.capabilities
        self.extract = delivered.extract
        self.as_of = as_of
        self._frames: dict[str, pl.DataFrame] = {}

    @cached_property
    def absent(self) -> Mapping[str, str]:
        """Entity → why nothing is known of it, for every entity of which this source delivered nothing."""
        found: dict[str, str] = {}
        for entity in _ENTITIES:
            tables = [table for table in self.extract.tables if table.entity == entity]
            if any(table.coverage is not Coverage.ABSENT for table in tables):
                continue
            declared = entity in self.capabilities.entities
            reasons = [table.reason for table in tables if table.reason]
            default = "nothing of it came" if declared else "this source does not carry it"
            found[entity] = reasons[0] if reasons else default
        return found

    def table(self, entity: str) -> pl.DataFrame:
        """All rows of that entity in every id space: ``key``, every column of the entity, references as keys."""
        if entity not in self._frames:
            tables = [t for t in self.extract.tables if t.entity == entity and t.coverage is not Coverage.ABSENT]
            self._frames[entity] = pl.concat([_frame(entity, t) for t in tables] or [_empty(entity)])
        return self._frames[entity]

    @cached_property
    def unusable(self) -> pl.DataFrame:
        """(entity, sourced_id, column, _file, _line): records and cells that came and could not be used."""
        frames = [t.invalid.select(pl.lit(t.entity).alias("entity"), "*") for t in self.extract.tables]
        schema = {"entity": pl.String, "sourced_id": pl.String, "column": pl.String, "_file": pl.String}
        return pl.concat([pl.DataFrame(schema={**schema, "_line": pl.Int64}), *frames])

    @cached_property
    def people(self) -> pl.DataFrame:
        """Everybody: User with student, teacher, staff, guardian (Boolean), ``school`` (key) and ``school_name``."""
        flags = self._roles.group_by("user").agg(
            student=(pl.col("role") == "student").any(),
            teacher=(pl.col("role") == "teacher").any(),
            staff=(~pl.col("role").is_in(["student", *FAMILY])).any(),
            guardian=pl.col("role").is_in(FAMILY).any(),
            at=pl.col("org").filter(pl.col("at_school")).first(),
        )
        linked = self.table("GuardianLink").select(key="guardian").drop_nulls().unique().with_columns(adult=True)
        users = self.table("User").join(flags, left_on="key", right_on="user", how="left", maintain_order="left")
        users = users.join(linked, on="key", how="left", maintain_order="left")
        schools = self.schools.select(at="key", school_name="name")
        return (
            users.with_columns(pl.col("student", "teacher", "staff").fill_null(value=False))
            .with_columns(guardian=pl.col("guardian").fill_null(False) | pl.col("adult").fill_null(False))
            .with_columns(
                at=pl.when(pl.col("primary_org").is_in(schools["at"].implode())).then("primary_org").otherwise("at")
            )
            .join(schools, on="at", how="left", maintain_order="left")
            .rename({"at": "school"})
            .drop("adult")
        )

    @cached_property
    def schools(self) -> pl.DataFrame:
        """Org rows that are schools."""
        return self.table("Org").filter(is_school(pl.col("type")))

    @cached_property
    def _roles(self) -> pl.DataFrame:
        schools = self.schools["key"].implode()
        return self.table("Role").with_columns(at_school=pl.col("org").is_in(schools).fill_null(value=False))

    @cached_property
    def roles(self) -> pl.DataFrame:
        """Role rows that have not ended, with ``at_school``."""
        return self._roles.filter(pl.col("end_date").is_null() | (pl.col("end_date") > self.as_of.isoformat()))

    @cached_property
    def links(self) -> pl.DataFrame:
        """(guardian, student): each pair once, with ``sides`` (how many said so), relationship and type."""
        links = self.table("GuardianLink").drop_nulls("guardian")
        student = pl.coalesce("student", "student_value")
        return (
            links.with_columns(student_named=student)
            .group_by("guardian", "student_named", maintain_order=True)
            .agg(
                pl.col("student").first(),
                pl.col("asserted_by").n_unique().alias("sides"),
                pl.col("asserted_by").first(),
                pl.col("relationship").drop_nulls().first(),
                pl.col("type").drop_nulls().first(),
                pl.col("sourced_id").first(),
            )
        )

    @cached_property
    def guardians_apart(self) -> bool:
        """Guardians are records of their own kind: they have no organisation, and only one side can state a link."""
        links = self.table("GuardianLink")
        apart = any(table.entity == "User" and table.id_space for table in self.extract.tables)
        return apart or (links.height > 0 and bool((links["asserted_by"] == "file").all()))

    def of(self, group: str) -> pl.DataFrame:
        """The people of that group: student, teacher, staff or guardian."""
        return self.people.filter(group)

    @cached_property
    def members(self) -> pl.DataFrame:
        """Enrollment rows of classes and people that came."""
        rows = self.table("Enrollment").join(
            self.table("Class").select("key"), left_on="class", right_on="key", how="semi"
        )
        return rows.join(self.table("User").select("key"), left_on="user", right_on="key", how="semi")

    def release_classes(self) -> None:
        """Forgets what only questions need, the largest tables: matching and ways look at people."""
        for entity in ("Class", "ClassTerm", "Course", "Enrollment"):
            self._frames.pop(entity, None)
        self.__dict__.pop("members", None)


def id_of(column: str = "key") -> pl.Expr:
    """The sourced id of a key."""
    return pl.col(column).str.split(_BETWEEN).list.last()


def _frame(entity: str, table: Table) -> pl.DataFrame:
    schema = table.rows.collect_schema()
    rows = table.rows
    if "_deleted" in schema:
        rows = rows.filter(~pl.col("_deleted").fill_null(value=False))

    def given(name: str, dtype: type[pl.DataType] = pl.String) -> pl.Expr:
        found = pl.col(name) if name in schema else pl.lit(None)
        return found.cast(dtype).alias(name)

    columns: list[pl.Expr] = []
    for column in by_name(entity).columns:
        if column.kind != "ref":
            columns.append(given(column.label, pl.Boolean if column.kind == "bool" else pl.String))
            continue
        space, by, value = given(f"_space_{column.label}"), given(f"_by_{column.label}"), given(column.label)
        key = pl.concat_str(space.fill_null(""), pl.lit(_BETWEEN), value)
        columns += [
            pl.when(by.is_null()).then(key).alias(column.label),
            by.alias(f"{column.label}_by"),
            pl.when(by.is_not_null()).then(value).alias(f"{column.label}_value"),
        ]
    places = (given("_file"), given("_line", pl.Int64), given("_modified_at"))
    key = pl.concat_str(pl.lit(table.id_space + _BETWEEN), "sourced_id").alias("key")
    return rows.select(key, "sourced_id", *columns, *places).collect()


def _empty(entity: str) -> pl.DataFrame:
    rows = pl.LazyFrame(schema={"sourced_id": pl.String})
    return _frame(entity, Table(entity, rows, Coverage.ABSENT))
