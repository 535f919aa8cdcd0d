"""What is remembered after a plan is what the store says once it is applied."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from providers.oneroster import SOURCE
from rosterkit import Workspace
from rosterkit.intake.cache import Cache
from rosterkit.intake.source import Caps
from rosterkit.model.schema import by_name
from rosterkit.operate.caching import reader_digest, remembered
from rosterkit.plan.limits import BY_CLASS, PEOPLE
from rosterkit.store.census import Census
from rosterkit.testing.package import write_package

Files = dict[str, list[dict[str, str]]]


def district() -> Files:
    schools = [{"sourcedId": s, "name": s, "type": "school"} for s in ("North", "South")]
    year = {"sourcedId": "Y", "title": "Year", "type": "schoolYear", "startDate": "2026-08-01", "endDate": "2027-07-01"}
    files: Files = {"orgs": schools, "academicSessions": [year | {"schoolYear": "2027"}], "users": [], "classes": []}
    files["courses"] = [{"sourcedId": "K", "title": "Art", "orgSourcedId": "North"}]
    files["enrollments"] = []
    for n in range(12):
        school = ("North", "South")[n % 2]
        person = {"sourcedId": f"P{n}", "enabledUser": "true", "username": f"p{n}", "givenName": "Ilse"}
        files["users"].append(person | {"familyName": f"Obi{n}", "role": "student", "orgSourcedIds": school})
    for school in ("North", "South"):
        kind = {"title": "Art", "classType": "scheduled", "courseSourcedId": "K", "termSourcedIds": "Y"}
        files["classes"].append({"sourcedId": f"C-{school}", "schoolSourcedId": school, **kind})
    for n in range(12):
        school = ("North", "South")[n % 2]
        seat = {"classSourcedId": f"C-{school}", "userSourcedId": f"P{n}", "role": "student"}
        files["enrollments"].append({"sourcedId": f"E{n}", "schoolSourcedId": school, **seat})
    return files


READER = reader_digest("oneroster", SOURCE.rules, Caps())


def cache_of(ws: Workspace) -> Cache:
    with closing(sqlite3.connect(ws.database)) as connection:
        digest = connection.execute("select settings_digest from plan order by seq desc limit 1").fetchone()[0]
        cache, why, _ = remembered(ws.folder / "cache" / "main", connection, "main", digest, READER)
    assert cache is not None, why
    return cache


def night(ws: Workspace, folder: Path, files: Files, change: Callable[[Files], object] = lambda _: None) -> None:
    change(files)
    plan = ws.plan(write_package(folder / "tonight.zip", files))
    ws.approve(plan.id, reason="as expected", actor="kim")
    ws.apply(plan.id, actor="kim")


def counted(ws: Workspace, table: str, role: str, place: str) -> list[tuple[str, int, int]]:
    query = f"select {role}, {place}, count(*) from {table} where status='active' group by 1, 2 order by 1, 2"
    with closing(sqlite3.connect(ws.database)) as connection:
        return connection.execute(query).fetchall()


def moved(files: Files) -> None:
    files["users"][2]["orgSourcedIds"] = "South"
    files["enrollments"][2] |= {"classSourcedId": "C-South", "schoolSourcedId": "South"}
    files["enrollments"][3]["role"] = "teacher"
    del files["enrollments"][5]
    files["enrollments"].append(files["enrollments"][4] | {"sourcedId": "E-new", "userSourcedId": "P9"})


def test_counts_are_what_the_store_counts(tmp_path: Path) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    for change in (lambda _: None, moved, lambda f: f["users"].pop(7), lambda f: f["classes"].reverse()):
        night(ws, tmp_path, files, change)
        counts = cache_of(ws).counts
        for entity, table, role, place in (
            ("Enrollment", "enrollment", "role", "school_id"),
            ("Role", "role", "role", "org_id"),
            ("Class", "class", "''", "school_id"),
            ("Course", "course", "''", "org_id"),
        ):
            assert counts[entity].select("role", "place", "base").rows() == counted(ws, table, role, place), entity
        by_class = counts[BY_CLASS].sort("role", "place").select("role", "place", "base").rows()
        assert by_class == counted(ws, "enrollment", "role", "class_id")
        anew = Census(ws.database, "main", {})
        for entity in PEOPLE:
            assert set(counts[entity].rows()) == set(anew.of(by_name(entity)).filter(pl.col("base") != 0).rows()), (
                entity
            )


def test_every_active_record_is_stated_by_one_line_or_in_doubt(tmp_path: Path) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    for change in (lambda _: None, moved, lambda f: f["enrollments"].reverse()):
        night(ws, tmp_path, files, change)
        cache = cache_of(ws)
        for entity, table in (("Person", "person"), ("Enrollment", "enrollment"), ("Role", "role"), ("Class", "class")):
            with closing(sqlite3.connect(ws.database)) as connection:
                active = [row[0] for row in connection.execute(f"select id from {table} where status='active'")]
            stated = pl.concat(file.stated(entity)["id"] for file in cache.files.values())
            assert set(active) <= {*stated, *cache.doubt[entity]["id"]}, entity
            assert stated.is_unique().all(), entity


def test_a_cache_of_a_plan_that_was_not_applied_is_not_used(tmp_path: Path) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    night(ws, tmp_path, files)
    before = cache_of(ws).files["users.csv"].records
    files["users"][0]["givenName"] = "Ines"
    ws.plan(write_package(tmp_path / "tonight.zip", files))
    assert cache_of(ws).files["users.csv"].records.equals(before)


def test_what_a_later_revision_touched_is_read_again(tmp_path: Path) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    night(ws, tmp_path, files)
    night(ws, tmp_path, files, lambda f: f["users"][0].update(givenName="Ines"))
    undo = ws.undo()
    ws.approve(undo.id, reason="not yet", actor="kim")
    ws.apply(undo.id, actor="kim")
    cache = cache_of(ws)
    again = cache.files["users.csv"].records["again"].to_list()
    assert again == [True, *[False] * 11]
    assert cache.counts == {}


def test_a_cache_that_cannot_be_written_spoils_no_plan(tmp_path: Path) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    (ws.folder / "cache" / "main").write_text("in the way")
    night(ws, tmp_path, files)
    files["users"][0]["givenName"] = "Ines"
    plan = ws.plan(write_package(tmp_path / "tonight.zip", files))
    assert plan.total.update == 1
    assert plan.reading["users.csv"].road == "full"
    assert plan.reading["users.csv"].why == "nothing is remembered of an earlier package"


def test_other_rules_read_everything_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws, files = Workspace.init(tmp_path / "ws"), district()
    night(ws, tmp_path, files)
    monkeypatch.setattr(type(SOURCE), "rules", SOURCE.rules[:-1])
    plan = ws.plan(write_package(tmp_path / "tonight.zip", files))
    assert plan.reading["users.csv"].road == "full"
    assert "another version" in plan.reading["users.csv"].why
