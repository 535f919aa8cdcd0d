"""The tables of an extract as scope reads them: columns over all id spaces of an entity, and names of schools."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from rosterkit.sources.base import Coverage, Extract
from rosterkit.sources.scope_settings import Scope

KEY = ("_ref_space", "_ref")
"""A reference: the id space and the sourced id of the record that is meant; null where it is none of this source's."""


def columns(extract: Extract, entity: str, *labels: str) -> pl.DataFrame | None:
    """_space, sourced_id and these columns of every row of the entity; None where nothing is known of it.

    A column that a table lacks is null.
    """
    found = []
    for table in extract.tables:
        if table.entity == entity and table.coverage is not Coverage.ABSENT:
            present = table.rows.collect_schema().names()
            wanted = [pl.col(n) if n in present else pl.lit(None, pl.String).alias(n) for n in labels]
            found.append(table.rows.select(pl.lit(table.id_space).alias("_space"), "sourced_id", *wanted))
    return pl.concat(pl.collect_all(found), how="vertical_relaxed") if found else None


def keyed(rows: pl.LazyFrame, label: str) -> pl.LazyFrame:
    """The rows with KEY of the reference in that column."""
    names = rows.collect_schema().names()
    space = pl.col(f"_space_{label}").fill_null("") if f"_space_{label}" in names else pl.lit("")
    own = pl.col(f"_by_{label}").is_null() if f"_by_{label}" in names else pl.lit(value=True)
    reference = pl.when(own).then(pl.col(label))
    return rows.with_columns(_ref_space=pl.when(reference.is_not_null()).then(space), _ref=reference)


def references(extract: Extract, entity: str, label: str, *others: str) -> pl.DataFrame | None:
    """_space, sourced_id, KEY of the reference and other columns of every row; None where nothing is known of it."""
    found = []
    for table in extract.tables:
        present = table.rows.collect_schema().names()
        if table.entity == entity and table.coverage is not Coverage.ABSENT and label in present:
            wanted = [pl.col(n) if n in present else pl.lit(None, pl.String).alias(n) for n in others]
            rows = keyed(table.rows, label)
            found.append(rows.select(pl.lit(table.id_space).alias("_space"), "sourced_id", *KEY, *wanted))
    return pl.concat(pl.collect_all(found), how="vertical_relaxed") if found else None


def named(rows: pl.DataFrame, names: Collection[str], *labels: str) -> pl.Series:
    """Sourced ids of the rows of which one of these columns has one of the names, without regard to case."""
    wanted = [name.strip().lower() for name in names]
    met = pl.any_horizontal(pl.col(label).str.strip_chars().str.to_lowercase().is_in(wanted) for label in labels)
    return rows.filter(met.fill_null(value=False))["sourced_id"]


def _orgs(extract: Extract) -> pl.DataFrame | None:
    rows = columns(extract, "Org", "identifier", "name", "type", "attributes")
    return None if rows is None else rows.with_columns(sis_id=pl.col("attributes").str.json_path_match("$.sis_id"))


def schools_named(extract: Extract, names: Collection[str]) -> pl.Series:
    """Ids of the schools with these ids (of the source or of the SIS behind it), numbers or names.

    Where no school is delivered, the names are taken as ids.
    """
    orgs = _orgs(extract)
    if orgs is None:
        return pl.Series("sourced_id", list(names), pl.String)
    return named(orgs, names, "sourced_id", "identifier", "name", "sis_id")


def school_map(extract: Extract, scope: Scope) -> dict[str, str]:
    """By id of a school that is part of another one, the id of that other."""
    found: dict[str, str] = {}
    for part, whole in scope.one_school.items():
        targets = schools_named(extract, [whole])
        if targets.len() == 1:
            found |= {one: targets[0] for one in schools_named(extract, [part]) if one != targets[0]}
    return found
