"""The active rows as feeds take them: by places of ids, whole or in slices."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rosterkit.store import bulk, frames
from rosterkit.store.database import connect, migrate
from rosterkit.store.frames import ActiveFrames

Row = dict[str, Any]
KEPT = {"origin": "main", "id_space": "", "status": "active", "created_revision": 1, "updated_revision": 1}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    migrate(tmp_path / "roster.db")
    return tmp_path / "roster.db"


def fill(path: Path, table: str, rows: list[Row]) -> None:
    with closing(connect(path)) as connection:
        bulk.insert(connection, table, pl.DataFrame([KEPT | row for row in rows], infer_schema_length=None))


def enrollment(number: int, key: str, **more: object) -> Row:
    return {"id": number, "sourced_id": key, "class_id": 1, "user_id": 1, "role": "student", **more}


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_PORTION", 4)
    monkeypatch.setattr(frames, "_SAMPLE", 2)


def keys(path: Path) -> list[list[str]]:
    return [part["sourced_id"].to_list() for part in ActiveFrames(path).slices("Enrollment", ["role"])]


def test_references_are_places_in_the_ids_in_their_order(path: Path) -> None:
    fill(path, "org", [
        {"id": 7, "sourced_id": "b", "parent_id": 9},
        {"id": 8, "sourced_id": "gone", "status": "archived"},
        {"id": 9, "sourced_id": "a", "parent_id": None},
        {"id": 3, "sourced_id": "c", "parent_id": 8},
        {"id": 2, "sourced_id": "d", "parent_id": 7},
        {"id": 1, "sourced_id": "d", "parent_id": 30, "origin": "manual"},
    ])  # fmt: skip
    given = ActiveFrames(path)
    assert given.ids("Org").to_list() == ["a", "b", "c", "d"]
    rows = given.read("Org", ["parent"]).sort("sourced_id", "parent", nulls_last=True).rows()
    assert rows == [(0, None), (1, 0), (2, None), (3, 1), (3, None)]
    assert given.read("Org", []).columns == ["sourced_id"]


def test_an_entity_without_rows(path: Path) -> None:
    given = ActiveFrames(path)
    assert given.ids("User").to_list() == []
    assert given.read("User", ["username", "primary_org"]).shape == (0, 3)
    assert [part.shape for part in given.slices("Enrollment", ["class", "user"])] == [(0, 3)]


@pytest.mark.usefixtures("small_slices")
def test_slices_follow_each_other_in_the_order_of_the_ids(path: Path) -> None:
    fill(path, "enrollment", [enrollment(n, f"e{n * 37 % 101:03}") for n in range(1, 31)])
    parts = keys(path)
    assert len(parts) > 3
    assert [key for part in parts for key in part] == sorted(f"e{n * 37 % 101:03}" for n in range(1, 31))


@pytest.mark.usefixtures("small_slices")
def test_rows_of_one_id_lie_in_one_slice_whatever_space_they_come_from(path: Path) -> None:
    spaces = [("main", ""), ("main", "enrollments.csv"), ("manual", "")]
    rows = [(space, f"e{number:02}") for space in spaces for number in range(12)]
    fill(path, "enrollment", [
        enrollment(at, key, origin=origin, id_space=space) for at, ((origin, space), key) in enumerate(rows, 1)
    ])  # fmt: skip
    parts = keys(path)
    assert len(parts) > 3
    assert [key for part in parts for key in part] == [f"e{number:02}" for number in range(12) for _ in spaces]
    assert sum(len(set(part)) for part in parts) == 12


@pytest.mark.usefixtures("small_slices")
def test_a_slice_whose_rows_are_all_archived_is_empty(path: Path) -> None:
    fill(path, "enrollment", [
        enrollment(n, f"e{n:02}", status="archived" if 5 <= n <= 20 else "active") for n in range(1, 31)
    ])  # fmt: skip
    parts = keys(path)
    assert [] in parts
    assert [key for part in parts for key in part] == [f"e{n:02}" for n in (*range(1, 5), *range(21, 31))]
