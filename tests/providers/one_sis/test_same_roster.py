"""The same district, read through every source, is the same canonical roster but for the table of differences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import providers.clever
from providers.one_sis.clever_csv_shape import write_files
from providers.one_sis.clever_shape import clever
from providers.one_sis.differences import DIFFERENCES, ROWS
from providers.one_sis.district import Neutral, invented
from providers.one_sis.serving import DAY, SECRETS, served
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Context, Coverage, Extract, Source
from rosterkit.sources.findings import Findings

KEYS = {
    "ClassTerm": ["class", "session"],
    "Role": ["user", "org", "role"],
    "Enrollment": ["class", "user", "role"],
    "GuardianLink": ["asserted_by", "guardian", "student"],
    "Demographics": ["user"],
}
Frames = Mapping[str, pl.DataFrame]


def extract(source: Source, settings: Mapping[str, Any], folder: Path) -> Extract:
    context = Context(
        Findings(source.rules), DAY, folder, folder, demographics=True, secret=lambda text: SECRETS.get(text, text)
    )
    found = source.extract(source.Settings.model_validate(settings), context)
    reasons = {one.reason for one in found.tables if one.coverage != Coverage.FULL}
    assert reasons <= {"staff.csv is missing"}, source.kind  # all of this district's staff teach
    return found


def frames(found: Extract, ids: Mapping[str, str]) -> Frames:
    """Business columns by entity, with every id as the district has it."""
    parts = defaultdict(list)
    for table in found.tables:
        entity, rows = by_name(table.entity), table.rows.collect()
        known = [column.label for column in entity.columns if column.label in rows.columns]
        named = ["sourced_id", *(column.label for column in entity.refs if column.label in rows.columns)]
        parts[table.entity].append(rows.select("sourced_id", *known).with_columns(pl.col(named).replace(ids)))
    return {entity: pl.concat(some, how="diagonal") for entity, some in parts.items()}


def csv_ids(made: Neutral, found: Extract) -> dict[str, str]:
    """Of the CSV files, what the ids that are made from columns of sections stand for."""
    titles = {row["title"]: row["sourcedId"] for row in made.files["academicSessions"]}
    codes = {row["courseCode"]: row["sourcedId"] for row in made.files["courses"]}
    numbers = {row["identifier"]: row["sourcedId"] for row in made.staff if row["role"] != "teacher"}
    ids = {"district": made.district, **numbers}
    for entity, column, names in (("AcademicSession", "title", titles), ("Course", "code", codes)):
        table = found.table(entity)
        assert table
        for key, name in table.rows.select("sourced_id", column).collect().iter_rows():
            ids[key] = names[name]
    return ids


def differing(base: Frames, other: Frames) -> set[tuple[str, str]]:
    """(entity, column) where they differ."""
    found = set()
    assert set(base) == set(other)
    for entity, one in base.items():
        two, key = other[entity], KEYS.get(entity, ["sourced_id"])
        if any(a.join(b, on=key, how="anti").height for a, b in ((one, two), (two, one))):
            found.add((entity, ROWS))
        both = one.join(two, on=key, suffix=" of the other")
        for column in {*one.columns, *two.columns} - {*key, "sourced_id"}:
            here = column in one.columns
            if here and column in two.columns:
                differ = both.filter(pl.col(column).ne_missing(pl.col(f"{column} of the other"))).height > 0
            else:
                values = (one if here else two)[column]
                differ = values.null_count() < len(values)
            if differ:
                found.add((entity, column))
    return found


@pytest.fixture(scope="module")
def rosters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Frames]:
    folder = tmp_path_factory.mktemp("district")
    made = invented(folder, 60, seed=3)
    of_clever = {theirs: ours for ours, theirs in clever(made).ids.items()}
    found = {}
    with served(made, folder) as sources:
        for name, (source, settings) in sources.items():
            found[name] = frames(extract(source, settings, folder), of_clever if name == "clever" else {})
    files = extract(providers.clever.CSV_SOURCE, {"path": str(write_files(made, folder / "clever"))}, folder)
    return found | {"clever-csv": frames(files, csv_ids(made, files))}


@pytest.mark.parametrize("name", ["oneroster-rest", "classlink", "clever", "clever-csv"])
def test_one_district_is_the_same_roster_through_every_source(rosters: dict[str, Frames], name: str) -> None:
    stated = {(one.entity, column) for one in DIFFERENCES if name in one.sources for column in one.columns}
    assert differing(rosters["oneroster"], rosters[name]) == stated


def test_the_district_is_worth_reading(rosters: dict[str, Frames]) -> None:
    base = rosters["oneroster"]
    assert base["User"].height > 100
    assert base["Enrollment"].height > 300
    assert base["Class"]["grades"].str.contains(",").any()
    assert (base["User"]["enabled"] == False).any()  # noqa: E712 - a column
