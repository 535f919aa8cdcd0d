"""Export rows: the canonical tables in the columns of the files of a version, not yet checked.

There is one frame per file. Its columns are those of the file by name, text as String, lists as List(String), true
and false as Boolean, ids that other files refer to and these references as positions of ids (``ExportRows.ids``). The
extensions (``metadata.…``) follow, by name. A column that need not have a value and has none is of type Null, which
takes no memory. No row is dropped here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from providers.oneroster.guardian_accounts import with_accounts
from providers.oneroster.numeric_ids import NumberedRoster
from providers.oneroster.roles import agents, roles_of_12, users_of_11, with_columns_of
from providers.oneroster.spec import FILES, Field, File

_PREFIX = "metadata."
LISTS = ("refs", "texts", "user_ids")
"""The types of field whose cell is a list."""

ORDER = {
    "orgs": "Org",
    "academicSessions": "AcademicSession",
    "courses": "Course",
    "users": "User",
    "userProfiles": "UserProfile",
    "roles": "Role",
    "classes": "Class",
    "enrollments": "Enrollment",
    "demographics": "Demographics",
}
"""The files that the feed writes, each after every file that its rows require, and the entity of each."""


@dataclass(frozen=True)
class ExportRows:
    """What is to be sent, not yet checked.

    ``files``: the rows by file in ``ORDER``. ``ids``: by file, the ids that other files may name, in order; rows have
    the position there instead of an id. ``findings`` are those of the conversion.
    """

    files: dict[str, pl.DataFrame]
    ids: dict[str, pl.Series]
    findings: list[pl.DataFrame]


def export_rows(
    frames: NumberedRoster, version: str, *, extended: bool, demographics: bool, accounts: bool
) -> ExportRows:
    """The rows of every file, with extensions if ``extended``, without demographics unless ``demographics``.

    ``accounts``: guardians without an account get one (``guardian_accounts``).
    """
    files = {file: FILES[version][file] for file in ORDER if file in FILES[version]}
    if not demographics:
        del files["demographics"]
    asked = _BESIDE | {ORDER[name]: _labels(file, extended=extended) for name, file in files.items()}
    asked["User"] = [*dict.fromkeys((*asked["User"], "primary_org"))]  # which row of 1.1 is a person's own
    given = {entity: frames.read(entity, asked[entity]) for entity in ("Org", "Role", "User")}
    family = frames.read("GuardianLink", asked["GuardianLink"])
    completed: list[pl.DataFrame] = []
    if accounts:
        given["User"], filled = with_accounts(given["User"], given["Role"], family, frames.ids("User"))
        completed.append(filled)
    user_rows, findings = (users_of_11 if version == "1.1" else roles_of_12)(given, frames.ids("User"))
    links = user_rows.family(family)
    given["User"] = with_columns_of(given["User"], "sourced_id", agents(links), user_rows.ids)
    given["Class"] = _with_terms(
        frames.read("Class", asked["Class"]), frames.read("ClassTerm", asked["ClassTerm"]), frames.ids("Class")
    )
    schools = given["Class"].unique("sourced_id", keep="none").select("sourced_id", of_class="school")
    exported = {}
    for name, file in files.items():  # one entity in memory at a time
        rows = given.pop(ORDER[name]) if ORDER[name] in given else frames.read(ORDER[name], asked[ORDER[name]])
        if name == "demographics":
            rows = rows.with_columns(user_rows.own(rows["user"]).alias("sourced_id"))
        elif name == "enrollments":
            rows = user_rows.enrolled(_with_school(rows, schools))
        exported[name] = _projected(file, rows)
    targets = {field.to for file in FILES[version].values() for field in file.fields if field.to in exported}
    ids = {name: user_rows.ids if name == "users" else frames.ids(ORDER[name]) for name in targets}
    return ExportRows(exported, ids, [*completed, *findings])


_BESIDE = {
    "ClassTerm": ["class", "session"],
    "GuardianLink": ["asserted_by", "guardian", "student"],
    "Role": ["user", "org", "role", "type"],
}


def ids_by_column(file: File, ids: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """By column of the file, the ids that its cells are positions of."""
    named = {field.name: field.to for field in file.fields if field.to} | {
        "sourcedId": file.field("sourcedId").to or file.name
    }
    return {column: ids[of] for column, of in named.items() if of in ids}


def _labels(file: File, *, extended: bool) -> list[str]:
    """The labels of its entity that a file has."""
    homes = [field.home.split(".") for field in file.fields if field.home]
    labels = [label for entity, label in homes if entity == ORDER[file.name]]
    return [*labels, "attributes"] if extended else labels


def _with_terms(classes: pl.DataFrame, terms: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return with_columns_of(classes, "sourced_id", terms.group_by("class").agg(termSourcedIds="session"), ids)


def _with_school(enrollments: pl.DataFrame, schools: pl.DataFrame) -> pl.DataFrame:
    """An enrollment without a school gets the school of its class."""
    if not enrollments["school"].null_count():
        return enrollments
    joined = enrollments.join(schools, left_on="class", right_on="sourced_id", how="left", maintain_order="left")
    return joined.with_columns(school=pl.coalesce("school", "of_class")).drop("of_class")


def _projected(file: File, rows: pl.DataFrame) -> pl.DataFrame:
    cells = [_cell(field, rows).alias(field.name) for field in file.fields]
    if "attributes" not in rows.columns or (extensions := _extensions(rows["attributes"])).width == 1:
        return rows.select(cells)
    wide = rows.select(*cells, _attributes="attributes")
    wide = wide.join(extensions, left_on="_attributes", right_on="attributes", how="left", maintain_order="left")
    return wide.drop("_attributes")


def _extensions(attributes: pl.Series) -> pl.DataFrame:
    """One row per distinct text of ``attributes``, and one column per extension in it."""
    texts = attributes.drop_nulls().unique().to_list()
    extensions = [_extensions_of(text) for text in texts]
    names = sorted({name for one in extensions for name in one})
    columns = {"attributes": texts} | {name: [one.get(name) for one in extensions] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _extensions_of(text: str) -> dict[str, str]:
    """The extensions among the attributes of a record; a name that is invalid in a header is skipped."""
    attributes: dict[str, str] = json.loads(text)
    return {
        name: value
        for name, value in attributes.items()
        if name.startswith(_PREFIX) and name.strip() != _PREFIX and name.isprintable()
    }


def _cell(field: Field, rows: pl.DataFrame) -> pl.Expr:
    """The column by its own name where it was made here, otherwise by the label of its home; lists from JSON."""
    label = "sourced_id" if field.name == "sourcedId" else field.home.partition(".")[2]
    column = next((name for name in (field.name, label) if name in rows.columns), None)
    plain = not field.to and not field.required
    if column is None or (plain and rows[column].null_count() == rows.height):
        return pl.lit(None)
    if field.type in LISTS and rows[column].dtype == pl.String:
        return pl.col(column).str.json_decode(pl.List(pl.String))
    return pl.col(column)
