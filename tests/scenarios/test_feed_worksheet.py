"""``feed worksheet``: what Connect holds already, and what it may be of the roster (C32)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from rosterkit import Workspace
from rosterkit.cli.main import run
from rosterkit.demo.products import DAY
from rosterkit.errors import UsageError
from rosterkit.feeds.csvout import read_csv
from rosterkit.store.sent_files import read_files


def test_C32_students_are_matched_and_the_list_is_written_for_a_spreadsheet(
    products: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (products.folder / "packages" / "products" / "roster" / "users.csv").open(
        newline="", encoding="utf-8"
    ) as file:
        student = next(row for row in csv.DictReader(file) if row["role"] == "student")
    given = tmp_path / "students.csv"
    given.write_text(
        "id,student_number,email,given_name,family_name,grade\n"
        f"x1,{student['identifier']},,=Nick,{student['familyName']},\n"
        "x2,,nobody@elsewhere.example,,,\n",
        encoding="utf-8",
    )
    base = ["-C", str(products.folder), "feed", "worksheet", "messages", str(given), "--as-of", "2026-09-14"]
    assert run([*base, "--output", str(tmp_path / "out.csv")]) == 0
    first, second = csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert (first["sourcedId"], first["by"], first["candidates"]) == (student["sourcedId"], "student number", "1")
    assert first["given_name"] == "'=Nick", "a spreadsheet would compute it"
    assert (second["sourcedId"], second["candidates"]) == ("", "0")
    assert run([*base, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["worksheet"][0]["sourcedId"] == student["sourcedId"]


def test_C32_classrooms_are_matched_with_the_classes_that_are_sent(
    products: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt = products.feed_build("messages", DAY, send=False)
    assert receipt.delivery is not None
    with products._read() as connection:
        file = next(f for f in read_files(connection, receipt.delivery.id) if f.name == "classes.csv")
        row = read_csv(file).rows.row(0, named=True)
    given = tmp_path / "classrooms.csv"
    given.write_text(f'id,title,school\nr1,"{row["title"].upper()}",{row["schoolSourcedId"]}\n', encoding="utf-8")
    assert run(["-C", str(products.folder), "feed", "worksheet", "messages", str(given), "--as-of", "2026-09-14"]) == 0
    assert row["sourcedId"] in capsys.readouterr().out


def test_a_vendor_that_needs_none_is_named(products: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="uConnect needs no worksheet"):
        products.feed_worksheet("careers", tmp_path / "any.csv")
