"""The invented districts: the same every time, strictly valid, and each day unlike the others as it says."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from rosterkit import Workspace
from rosterkit.testing.district import DAYS, Day, District, write_district

Tables = dict[str, pl.DataFrame]
VERSIONS = ("1.1", "1.2")
STUDENTS = 350


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("districts")


def written(folder: Path, version: str, day: str) -> Path:
    """The zip of that day, made once."""
    path = folder / f"{version} {day}.zip"
    if not path.exists():
        write_district(path, District(STUDENTS, version=version), DAYS[day])
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {info.filename: package.read(info) for info in package.infolist()}


def tables(path: Path) -> Tables:
    return {name: pl.read_csv(io.BytesIO(text), infer_schema=False) for name, text in members(path).items()}


def difference(old: pl.DataFrame, new: pl.DataFrame) -> tuple[int, int, int]:
    """How many rows are new, gone, and other than they were."""
    both = old.join(new, on="sourcedId", how="inner").height
    same = old.join(new, on=old.columns, how="inner", nulls_equal=True).height
    return new.height - both, old.height - both, both - same


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("day", [name for name in DAYS if name != "line breaks"])
def test_every_day_is_strictly_valid(folder: Path, tmp_path: Path, version: str, day: str) -> None:
    report = Workspace.init(tmp_path / "w").check(written(folder, version, day), reading={"strict": True})
    assert set(report.findings["rule"]) <= {"demographics.not-read"}
    assert report.version == version


def test_a_quoted_line_break_is_all_that_strict_reading_finds_on_that_day(folder: Path, tmp_path: Path) -> None:
    report = Workspace.init(tmp_path / "w").check(written(folder, "1.1", "line breaks"), reading={"strict": True})
    assert set(report.findings["rule"]) == {"csv.line-break", "demographics.not-read"}
    breaks, plain = (tables(written(folder, "1.1", day))["classes.csv"] for day in ("line breaks", "changed"))
    assert difference(plain, breaks) == (0, 0, breaks["title"].str.contains("\n").sum())
    assert 0 < breaks["title"].str.contains("\n").sum() < 10


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_arguments_give_the_same_bytes_in_whatever_portions(tmp_path: Path, version: str) -> None:
    district, day = District(90, version=version), Day(2, inserted=True)
    rows = [write_district(tmp_path / f"{n}.zip", district, day, portion=n) for n in (400_000, 64)]
    assert (tmp_path / "400000.zip").read_bytes() == (tmp_path / "64.zip").read_bytes()
    assert rows[0] == rows[1]
    write_district(tmp_path / "other.zip", District(90, seed=2, version=version), day)
    assert members(tmp_path / "other.zip")["users.csv"] != members(tmp_path / "64.zip")["users.csv"]


@pytest.mark.parametrize("version", VERSIONS)
def test_about_one_row_in_a_hundred_is_another_on_the_second_day(tmp_path: Path, version: str) -> None:
    district = District(6_000, version=version)
    for day in ("first", "changed"):
        write_district(tmp_path / f"{day}.zip", district, DAYS[day])
    old, new = (tables(tmp_path / f"{day}.zip") for day in ("first", "changed"))
    changed = {name: difference(old[name], new[name]) for name in old if name != "manifest.csv"}
    for name in ("users.csv", "classes.csv", "enrollments.csv"):
        assert all(changed[name]), name
        assert 0.005 < sum(changed[name]) / old[name].height < 0.03, name
    assert changed["orgs.csv"] == changed["courses.csv"] == changed["academicSessions.csv"] == (0, 0, 0)
    kept = set(new["demographics.csv"]["sourcedId"])
    left = set(old["demographics.csv"]["sourcedId"]) - kept
    assert left
    assert not left & set(new["enrollments.csv"]["userSourcedId"])
    assert not left & set(new["users.csv"]["sourcedId"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_zip_made_again_has_other_bytes_and_the_same_content(folder: Path, version: str) -> None:
    once, again = written(folder, version, "changed"), written(folder, version, "zipped again")
    assert members(once) == members(again)
    with zipfile.ZipFile(once) as one, zipfile.ZipFile(again) as other:
        sizes = [{info.filename: info.compress_size for info in z.infolist()} for z in (one, other)]
    assert sizes[0]["users.csv"] != sizes[1]["users.csv"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_re_sorted_export_has_the_same_rows_in_another_order(folder: Path, version: str) -> None:
    once, again = (tables(written(folder, version, day)) for day in ("changed", "re-sorted"))
    for name in ("users.csv", "classes.csv", "enrollments.csv"):
        assert not once[name].equals(again[name])
        assert once[name].sort("sourcedId").equals(again[name].sort("sourcedId"))


@pytest.mark.parametrize("version", VERSIONS)
def test_new_rows_stand_in_the_middle_of_an_export_or_at_the_end(tmp_path: Path, version: str) -> None:
    days = Day(1, percent=10), Day(2, percent=10, inserted=True), Day(2, percent=10)
    for n, day in enumerate(days):
        write_district(tmp_path / f"{n}.zip", District(STUDENTS, version=version), day)
    before, inserted, at_end = (tables(tmp_path / f"{n}.zip") for n in range(3))

    def places(after: Tables, name: str) -> list[float]:
        new = after[name].with_row_index().join(before[name], on="sourcedId", how="anti")
        return (new["index"] / after[name].height).to_list()

    assert 0 < min(places(inserted, "demographics.csv")) < 0.3
    assert min(places(at_end, "demographics.csv")) > 0.95
    assert inserted["users.csv"].sort("sourcedId").equals(at_end["users.csv"].sort("sourcedId"))


@pytest.mark.parametrize("version", VERSIONS)
def test_families_and_classes_are_of_every_kind(folder: Path, version: str) -> None:
    files = tables(written(folder, version, "first"))
    users, classes = files["users.csv"], files["classes.csv"]
    assert set(classes["classType"]) == {"homeroom", "scheduled"}
    assert classes["termSourcedIds"].n_unique() >= 5
    assert classes["termSourcedIds"].str.contains(",").any()
    if version == "1.1":
        roles = users.select(userSourcedId="sourcedId", role="role")
    else:
        roles = files["roles.csv"].select("userSourcedId", "role")
    students = roles.filter(pl.col("role") == "student")["userSourcedId"]
    is_student = pl.col("sourcedId").is_in(students.implode())
    links = users.select("sourcedId", student=is_student, other=pl.col("agentSourcedIds").str.split(",")).explode(
        "other"
    )
    links = links.drop_nulls("other")
    by_student = set(links.filter("student").select("sourcedId", "other").rows())
    by_guardian = set(links.filter(~pl.col("student")).select("other", "sourcedId").rows())
    assert by_student & by_guardian
    assert by_student - by_guardian
    assert by_guardian - by_student
    shared = users.filter(~is_student & pl.col("email").is_duplicated())
    assert shared["email"].str.starts_with("family.").any()
    families = ("guardian", "parent", "relative")
    relations = roles.filter(pl.col("role").is_in(families))["userSourcedId"]
    if version == "1.1":  # a member of staff has a second row, with the same username
        mine = users.filter(pl.col("sourcedId").is_in(relations.implode()))["username"]
        both = users.filter(~pl.col("role").is_in([*families, "student"]) & pl.col("username").is_in(mine.implode()))
    else:
        both = roles.filter(pl.col("userSourcedId").is_in(relations.implode()) & (pl.col("role") == "teacher"))
    assert both.height
    assert users["givenName"].n_unique() > 100
    assert users.filter(~is_student)["sourcedId"].n_unique() + len(set(students)) == users.height
