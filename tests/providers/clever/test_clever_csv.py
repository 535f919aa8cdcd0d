"""The CSV files that districts upload to Clever, read without Clever."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from extracts import counts, coverages, found, row, table
from pydantic import ValidationError

from providers.clever import CSV_SOURCE
from providers.clever.settings import CsvSettings
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Context, Coverage, Extract, Source
from rosterkit.sources.findings import Findings

Files = dict[str, str]
Run = Callable[..., Extract]


@pytest.fixture
def files() -> Files:
    return {
        "schools": "School_id,School_name,School_number\n001,Alder School,1\n002,Birch School,2\n",
        "students": (
            "School id,Student_id,Last_name,First_name,Student_number,Grade,DOB,Gender,Race,Hispanic_Latino,ext.bus,"
            "Contact_name,Contact_type,Contact_relationship,Contact_phone,Contact_phone_type,Contact_email,Contact_sis_id\n"
            "001,7,Okafor,Ngozi,4007,KG,4/9/2017,F,B,N,12,Ada Okafor,Parent/Guardian,Parent,5550100001,Cell,a@b.us,\n"
            "001,7,Okafor,Ngozi,4007,KG,4/9/2017,F,B,N,12,Emeka Okafor,Emergency,Other,5550100009,Cell,,\n"
            "002,7,Okafor,Ngozi,4007,KG,4/9/2017,F,B,N,12,,,,,,,\n"
            '002,8,"Okafor, Jr",Chidi,4008,-1,2018-05-01,M,White,Y,,"Okafor, Ada",primary,parent,555 010-0001,Home,,\n'
            "001,9,Dahl,Bo,4009,12,,,,,,Cy Dahl,Family,Parent,5550100002,Work,,C-9\n"
        ),
        "teachers": (
            "School_id,Teacher_id,Last_name,First_name,Teacher_email\n"
            "001,7,Nakamura,Jun,jun@juniper-valley.example\n002,7,Nakamura,Jun,jun@juniper-valley.example\n"
            "002,8,Sato,Ren,ren@juniper-valley.example\n"
        ),
        "sections": (
            "School_id,Section_id,Teacher_id,Teacher_2_id,Name,Grade,Course_name,Course_number,Subject,Period,"
            "Term_name,Term_start,Term_end\n"
            "001,S1,7,8,,KG,Reading,R1,English/language arts,1,Fall,08/17/2026,12/18/2026\n"
            "002,S2,8,,Homeroom,,,,Homeroom/advisory,,Fall,2026-08-17,2026-12-18\n"
        ),
        "enrollments": "School_id,Section_id,Student_id\n001,S1,7\n002,S2,8\n001,S1,9\n001,S1,9\n",
        "staff": (
            "School_id,Staff_id,Staff_email,Last_name,First_name,Title\n"
            "district,7,ivy@juniper-valley.example,Reed,Ivy,Nurse\n002,9,,Paz,Lu,Clerk\n"
        ),
    }


@pytest.fixture
def read(tmp_path: Path, files: Files) -> Run:
    def run(*, zipped: bool = False, demographics: bool = True, **settings: Any) -> Extract:
        folder = tmp_path / "drop"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / f"{name}.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
        path = folder
        if zipped:
            path = tmp_path / "drop.zip"
            with zipfile.ZipFile(path, "w") as package:
                for name, content in files.items():
                    package.writestr(f"export/{name}.csv", content)
        chosen = CsvSettings.model_validate({"path": str(path)} | settings)
        context = Context(Findings(CSV_SOURCE.rules), date(2026, 9, 1), tmp_path, tmp_path, demographics=demographics)
        return CSV_SOURCE.extract(chosen, context)

    return run


def test_it_is_a_source() -> None:
    assert isinstance(CSV_SOURCE, Source)


def test_every_record_becomes_a_row(read: Run) -> None:
    extract = read()
    assert counts(extract) == {
        "Org": 3,
        "Class": 2,
        "ClassTerm": 2,
        "Course": 1,
        "AcademicSession": 1,
        "Enrollment teacher": 3,
        "Enrollment student": 3,
        "User student": 3,
        "Role student": 4,
        "Demographics student": 3,
        "User teacher": 2,
        "Role teacher": 3,
        "User staff": 2,
        "Role staff": 2,
        "User contact": 2,
        "Role contact": 2,
        "GuardianLink": 3,
    }
    assert set(coverages(extract).values()) == {"full"}
    assert found(extract) == {"clever.contact-without-id": 3}


def test_a_student_and_a_teacher_may_share_a_number(read: Run) -> None:
    extract = read()
    assert [row(extract, "User", "7", kind)["given_name"] for kind in ("student", "teacher", "staff")] == [
        "Ngozi",
        "Jun",
        "Ivy",
    ]
    members = table(extract, "Enrollment", "teacher").rows.collect()
    assert set(members["_space_user"]) == {"teacher"}
    assert members.select("class", "user", "primary").rows() == [
        ("S1", "7", True),
        ("S2", "8", True),
        ("S1", "8", False),
    ]
    assert set(table(extract, "Enrollment", "student").rows.collect()["_space_user"]) == {"student"}
    assert set(table(extract, "GuardianLink").rows.collect()["_space_student"]) == {"student"}


def test_several_rows_of_a_student_are_one_student(read: Run) -> None:
    """A row for each school and each contact."""
    extract = read()
    student = row(extract, "User", "7", "student")
    assert (student["primary_org"], student["grades"], student["attributes"]) == ("001", '["KG"]', '{"ext.bus":"12"}')
    roles = table(extract, "Role", "student").rows.filter(pl.col("user") == "7").collect()
    assert roles.select("org", "type").rows() == [("001", "primary"), ("002", "secondary")]


def test_contacts_are_one_person_across_siblings_and_emergency_is_left_out(read: Run) -> None:
    links = table(read(), "GuardianLink").rows.collect()
    assert links["student"].to_list() == ["7", "8", "9"]
    ada = links["guardian"].to_list()
    assert ada[0] == ada[1]
    assert ada[2] == "C-9"


def test_dates_grades_and_races_are_read_in_every_spelling(read: Run) -> None:
    extract = read()
    facts = [row(extract, "Demographics", key, "student") for key in ("7", "8")]
    assert [f["birth_date"] for f in facts] == ["2017-04-09", "2018-05-01"]
    assert [(f["black_or_african_american"], f["white"]) for f in facts] == [(True, False), (False, True)]
    assert [row(extract, "User", key, "student")["grades"] for key in ("8", "9")] == ['["PK"]', '["12"]']
    term = table(extract, "AcademicSession").rows.collect().row(0, named=True)
    assert (term["title"], term["start_date"], term["end_date"]) == ("Fall", "2026-08-17", "2026-12-19")


def test_staff_of_all_schools_belong_to_the_district(read: Run) -> None:
    roles = table(read(), "Role", "staff").rows.collect()
    assert roles.select("user", "org").rows() == [("7", "district"), ("9", "002")]


def test_a_zip_a_mark_and_other_line_ends_change_nothing(read: Run, files: Files) -> None:
    plain = read()
    assert counts(read(zipped=True)) == counts(plain)
    for name, content in files.items():
        files[name] = "\ufeff" + content.replace("\n", "\r\n").removesuffix("\r\n")
    other = read()
    for one, two in zip(plain.tables, other.tables, strict=True):
        assert one.rows.collect().equals(two.rows.collect()), one.entity


def test_lines_are_counted_as_people_count_them(read: Run, files: Files) -> None:
    files["schools"] += "\n\n003,Cedar School,3\n"
    assert row(read(), "Org", "003")["_line"] == 6


@pytest.mark.parametrize(
    "line",
    [
        "001,S1",
        "001,S1,7,9",
        '001,S1,"7',
        '001,S1,7"',
        "001",
        "001,S1,\x1b[2J7",
        "001,S1,\u202e7",
        f"001,S1,{'7' * 2**20}",
    ],
)
def test_a_line_that_cannot_be_read_archives_nobody(read: Run, files: Files, line: str) -> None:
    """A file cut short."""
    files["enrollments"] += line
    extract = read()
    made = table(extract, "Enrollment", "student")
    assert made.coverage == Coverage.PARTIAL
    assert made.reason == "1 lines of enrollments.csv cannot be read"
    assert extract.findings.filter(pl.col("rule") == "clever.csv-row").select("file", "line").rows() == [
        ("enrollments.csv", 6)
    ]
    assert counts(extract)["Enrollment student"] == 3
    assert coverages(extract)["User student"] == "full"


def test_a_lost_line_of_a_student_makes_its_contacts_partial_too(read: Run, files: Files) -> None:
    files["students"] += "001,10,Li\n"
    extract = read()
    partial = {name for name, coverage in coverages(extract).items() if coverage == "partial"}
    assert partial == {
        "User student",
        "Role student",
        "Demographics student",
        "User contact",
        "Role contact",
        "GuardianLink",
    }


def test_a_blank_key_makes_the_file_partial(read: Run, files: Files) -> None:
    files["teachers"] += "001,,Nobody,Known,\n"
    extract = read()
    assert coverages(extract)["User teacher"] == "partial"
    assert found(extract)["clever.csv-no-key"] >= 1


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "clever.csv-missing"),
        ("", "clever.csv-empty"),
        ("School_id,Student_id,Last_name,First_name\n", "clever.csv-empty"),
        ("School_id,Id,Last_name,First_name\n1,2,a,b\n", "clever.csv-columns"),
        ("School_id,Student_id,student id,Last_name,First_name\n1,2,2,a,b\n", "clever.csv-columns"),
        ("School_id,Student_id,Last_name,First_name\n1,2,\udce9,b\n", "clever.csv-encoding"),
        ("School_id,Student_id,Last_name,First_name\n1,2,a\0,b\n", "clever.csv-encoding"),
    ],
)
def test_a_file_that_cannot_be_used_is_absent(read: Run, files: Files, content: str | None, rule: str) -> None:
    if content is None:
        del files["students"]
    else:
        files["students"] = content
    extract = read()
    absent = {name for name, coverage in coverages(extract).items() if coverage == "absent"}
    assert absent == {
        "User student",
        "Role student",
        "Demographics student",
        "User contact",
        "Role contact",
        "GuardianLink",
    }
    assert found(extract)[rule] == 1
    assert all(t.reason for t in extract.tables if t.coverage == Coverage.ABSENT)


def test_staff_may_be_missing(read: Run, files: Files) -> None:
    del files["staff"]
    extract = read()
    assert coverages(extract)["User staff"] == "absent"
    assert found(extract) == {"clever.contact-without-id": 3}


def test_without_columns_for_contacts_there_are_none_to_miss(read: Run, files: Files) -> None:
    files["students"] = "School_id,Student_id,Last_name,First_name\n001,7,Okafor,Ngozi\n"
    extract = read()
    assert coverages(extract)["GuardianLink"] == "absent"
    assert "grades" not in table(extract, "User", "student").rows.collect_schema()


def test_what_is_wrong_is_found(read: Run, files: Files) -> None:
    more = "".join(
        f"001,20,Li,An,,13th,2/30/2012,F,,,,Name{n} Li,{kind},Neighbour,555,Pager,no-address,C{n}\n"
        for n, kind in enumerate(["Primary", "Primary", "Primary", "Primary", "Primary", "Godparent"])
    )
    files["students"] += more + "001,21,Oh,No,,1,,,,,,,,,5550100001,,,\n002,8,Okafor,Changed,,,,,,,,,,,,,,\n"
    extract = read()
    assert found(extract) == {
        "clever.contact-type-unknown": 1,
        "clever.contact-without-id": 3,
        "clever.csv-contact-incomplete": 1,
        "clever.csv-many-contacts": 1,
        "clever.csv-rows-differ": 1,
        "clever.date-unreadable": 1,
        "clever.email-unusable": 6,
        "clever.unknown-value": 18,  # 6 grades, 6 relationships, 6 kinds of phone
    }
    assert "2/30/2012" not in str(extract.findings.rows())


@pytest.mark.parametrize(
    ("what", "rule"),
    [
        ("nothing", "package.missing"),
        ("empty folder", "package.empty"),
        ("other files", "clever.csv-unreadable"),
        ("no zip", "package.not-a-zip"),
        ("a zip that unpacks without end", "package.ratio"),
    ],
)
def test_a_path_without_the_files_says_so(tmp_path: Path, what: str, rule: str) -> None:
    path = tmp_path / "there"
    if what == "other files":
        path.mkdir()
        (path / "users.csv").write_text("sourcedId\n", encoding="utf-8")
    if what == "a zip that unpacks without end":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr("students.csv", "School_id,Student_id\n" * 500_000)
    if what == "empty folder":
        path.mkdir()
    if what == "no zip":
        path.write_bytes(b"PK")
    context = Context(Findings(CSV_SOURCE.rules), date(2026, 9, 1), tmp_path, tmp_path)
    with pytest.raises(SourceUnreadable) as raised:
        CSV_SOURCE.extract(CsvSettings.model_validate({"path": "there"}), context)
    assert raised.value.rule == rule


def test_a_path_is_needed() -> None:
    with pytest.raises(ValidationError):
        CsvSettings.model_validate({})
