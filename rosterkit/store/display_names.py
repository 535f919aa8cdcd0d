"""What people call the records that are stored or that a plan creates, and their schools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.lines import NAMES
from rosterkit.roster.schema import Entity, by_name, entities
from rosterkit.roster.vocabulary import is_school
from rosterkit.store.bulk import read
from rosterkit.store.schools import one_text


def _all(path: Path, entity: Entity, columns: list[str], created: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """These columns of every stored row and of every row that the plan creates."""
    schema = {"id": pl.Int64, "sourced_id": pl.String} | {c.name: c.dtype for c in entity.columns}
    wanted = {name: schema[name] for name in ["id", *columns]}
    stored = read(path, entity.table, wanted)
    if entity.name in created:
        new = created[entity.name].select(list(wanted))
        return pl.concat([stored, new]).unique("id", keep="first") if stored.height else new
    return stored


def keys_of(path: Path, *changes: Changes) -> dict[str, pl.DataFrame]:
    """sourced_id by id of every stored record and of those that these changes create."""
    created = _created(changes)
    return {e.name: _all(path, e, ["sourced_id"], created).select("sourced_id", "id") for e in entities()}


def _created(changes: tuple[Changes, ...]) -> dict[str, pl.DataFrame]:
    found: dict[str, list[pl.DataFrame]] = {}
    for part in changes:
        for name, frame in part.create.items():
            found.setdefault(name, []).append(frame)
    return {name: pl.concat(frames) for name, frames in found.items()}


def _people(path: Path, created: Mapping[str, pl.DataFrame], orgs: pl.DataFrame) -> pl.DataFrame:
    people = _all(path, by_name("User"), ["given_name", "family_name"], created)
    roles = _all(path, by_name("Role"), ["user_id", "org_id"], created)
    places = roles.join(orgs.filter("is_school").select(org_id="id", text="name"), on="org_id")
    schools = one_text(places.select("text", id="user_id").drop_nulls(), "; ")
    named = people.select("id", name=pl.concat_str("given_name", "family_name", separator=" ", ignore_nulls=True))
    return named.join(schools.select("id", school="text"), on="id", how="left")


def _join(rows: pl.DataFrame, column: str, names: pl.DataFrame, alias: str) -> pl.DataFrame:
    return rows.join(
        names.select(
            pl.col("id").alias(column), pl.col("name").alias(alias), pl.col("school").alias(f"{alias}_school")
        ),
        on=column,
        how="left",
    )


def names_of(path: Path, *changes: Changes) -> dict[str, pl.DataFrame]:
    """NAMES of every record, by entity; what these changes create is included."""
    created = _created(changes)
    orgs = _all(path, by_name("Org"), ["name", "type"], created).with_columns(is_school=is_school(pl.col("type")))
    out = {"Org": orgs.select("id", "name", school=pl.lit(""))}
    for name in ("AcademicSession", "Course"):
        rows = _all(path, by_name(name), ["title"], created)
        out[name] = rows.select("id", name="title", school=pl.lit(""))
    classes = _all(path, by_name("Class"), ["title", "school_id"], created)
    classes = _join(classes, "school_id", out["Org"], "org")
    out["Class"] = classes.select("id", name="title", school="org")
    out["User"] = _people(path, created, orgs)
    linked = {
        "ClassTerm": ("class_id", "Class", "session_id", "AcademicSession", "in"),
        "Role": ("user_id", "User", "org_id", "Org", "at"),
        "Enrollment": ("user_id", "User", "class_id", "Class", "in"),
        "GuardianLink": ("guardian_id", "User", "student_id", "User", "for"),
    }
    for name, (left, left_to, right, right_to, word) in linked.items():
        rows = _all(path, by_name(name), [left, right], created)
        rows = _join(_join(rows, left, out[left_to], "a"), right, out[right_to], "b")
        school = "b_school" if name in ("Enrollment", "GuardianLink") else "a_school"
        out[name] = rows.select(
            "id",
            name=pl.format(f"{{}} {word} {{}}", pl.col("a").fill_null("?"), pl.col("b").fill_null("?")),
            school=school,
        )
    for name in ("UserProfile", "Demographics", "UserAttributes"):
        rows = _join(_all(path, by_name(name), ["user_id"], created), "user_id", out["User"], "a")
        out[name] = rows.select("id", name="a", school="a_school")
    return {name: rows.select(list(NAMES)) for name, rows in out.items()}
