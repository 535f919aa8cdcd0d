"""The canonical tables laid out as the files of a version: every row that the feed would like to send, not yet judged.

A *draft* is one frame per file. Its columns are those of the file by name, text as String, lists as List(String), true
and false as Boolean, and to their right the extensions (``metadata.…``), by name; what rosterkit does not carry is
null. No row is left out here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import polars as pl

from providers.oneroster.convert import agents, roles_of_12, users_of_11
from providers.oneroster.format import FILES, Field, File
from rosterkit.model.schema import by_name

__all__ = ["LISTS", "ORDER", "draft"]

_PREFIX = "metadata."
LISTS = ("refs", "texts", "user_ids")
"""The types of field whose cell is a list."""

ORDER = {
    "orgs": "Org",
    "academicSessions": "AcademicSession",
    "courses": "Course",
    "users": "Person",
    "userProfiles": "UserProfile",
    "roles": "Role",
    "classes": "Class",
    "enrollments": "Enrollment",
    "demographics": "Demographics",
}
"""The files that the feed writes, each after every file that its rows cannot stand without, and the entity of each."""


def draft(
    frames: Mapping[str, pl.DataFrame], version: str, *, extended: bool
) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:
    """The drafts by file in ``ORDER``, with extensions if ``extended``, and the findings of the conversion."""
    given = {name: frames.get(name, pl.DataFrame(schema=_empty(name))) for name in (*ORDER.values(), *_BESIDE)}
    given["Class"] = _with_terms(given["Class"], given["ClassTerm"])
    given["Enrollment"] = _with_school(given["Enrollment"], given["Class"])
    given["Demographics"] = given["Demographics"].with_columns(sourced_id=pl.col("person"))
    if version == "1.1":
        given, findings = users_of_11(given)
    else:
        given, findings = roles_of_12(given)
    given["Person"] = given["Person"].join(agents(given["GuardianStatement"]), on="sourced_id", how="left")
    files = {file: entity for file, entity in ORDER.items() if file in FILES[version]}
    return {file: _laid_out(FILES[version][file], given[of], extended=extended) for file, of in files.items()}, findings


_BESIDE = ("ClassTerm", "GuardianStatement")


def _empty(name: str) -> dict[str, type[pl.DataType]]:
    return {"sourced_id": pl.String, **by_name(name).said_schema}


def _with_terms(classes: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    listed = terms.group_by("class").agg(termSourcedIds="session")
    return classes.join(listed, left_on="sourced_id", right_on="class", how="left")


def _with_school(enrollments: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Where an enrollment does not say its school, it is the school of the class."""
    of_class = classes.unique("sourced_id", keep="none").select(pl.col("sourced_id").alias("class"), of_class="school")
    joined = enrollments.join(of_class, on="class", how="left")
    return joined.with_columns(school=pl.coalesce("school", "of_class")).drop("of_class")


def _laid_out(file: File, rows: pl.DataFrame, *, extended: bool) -> pl.DataFrame:
    said = _extensions(rows["attributes"]) if extended else pl.DataFrame({"attributes": []}, {"attributes": pl.String})
    cells = [_cell(field, rows.schema).alias(field.name) for field in file.fields]
    wide = rows.select(*cells, _attributes="attributes").join(
        said, left_on="_attributes", right_on="attributes", how="left"
    )
    return wide.drop("_attributes")


def _extensions(attributes: pl.Series) -> pl.DataFrame:
    """One row per distinct text of ``attributes``, and one column per extension in it."""
    texts = attributes.drop_nulls().unique().to_list()
    stated = [_stated(text) for text in texts]
    names = sorted({name for one in stated for name in one})
    columns = {"attributes": texts} | {name: [one.get(name) for one in stated] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _stated(text: str) -> dict[str, str]:
    """The extensions among the attributes of a record; a name that no header can hold is none."""
    said: dict[str, str] = json.loads(text)
    return {
        name: value
        for name, value in said.items()
        if name.startswith(_PREFIX) and name.strip() != _PREFIX and name.isprintable()
    }


def _cell(field: Field, schema: pl.Schema) -> pl.Expr:
    """The column by its own name where it was made here, otherwise by the label of its home; lists from JSON."""
    label = "sourced_id" if field.name == "sourcedId" else field.home.partition(".")[2]
    column = next((name for name in (field.name, label) if name in schema), None)
    dtype = pl.List(pl.String) if field.type in LISTS else pl.Boolean if field.type == "bool" else pl.String
    if column is None:
        return pl.lit(None, dtype)
    if schema[column] == pl.String and dtype != pl.String:
        return pl.col(column).str.json_decode(dtype)
    return pl.col(column)
