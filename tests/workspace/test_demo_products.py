"""The demonstration of products: files of four vendors in a folder, their verdicts, and a refused one with its rule."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rosterkit.demo.products import step
from rosterkit.workspace import Workspace

FILES = {
    "careers/uconnect.csv": 18,
    "jobs/20260914_users.csv": 18,
    "app/app/Staff.csv": 5,
    "app/app/Users.csv": 19,
    "app/app/Parents.csv": 13,
    "app/app/Classes.csv": 6,
    "app/app/Enrollments.csv": 38,
    "messages/messages/users.csv": 25,
    "messages/messages/classes.csv": 6,
    "messages/messages/enrollments.csv": 39,
    "messages/messages/guardians.csv": 15,
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder, out = tmp_path_factory.mktemp("demo") / "demo", StringIO()
    step(Workspace.init(folder), Console(file=out, width=200))
    return folder / "products" / "products", out.getvalue()


def test_the_verdicts_are_shown_and_a_file_that_was_cut_short_is_refused_with_its_rule(shown: tuple[Path, str]) -> None:
    _, text = shown
    for vendor in ("uConnect", "Handshake", "Edlio app", "SchoolStatus Connect"):
        assert f"{vendor}: accepted" in text
    assert "Feed careers: ignored." in text
    assert "U22" in text


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_by_a_strict_reader_of_csv(shown: tuple[Path, str], name: str) -> None:
    """Not by ours: the reader of the standard library, which raises for a stray quote, in strict mode."""
    path = shown[0] / name
    content = path.read_bytes()
    assert content.decode("utf-8", "strict").encode() == content
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\n")
    header, *rows = list(csv.reader(StringIO(content.decode(), newline=""), strict=True))
    assert len(set(header)) == len(header)
    assert {len(row) for row in rows} == {len(header)}
    assert len(rows) == FILES[name]
    cells = [cell for row in rows for cell in row]
    assert all(cell == cell.strip() and cell.isprintable() for cell in cells)
    assert not {"None", "null", "nan", "[]", "{}", "True", "False"} & set(cells)


def test_nothing_that_nobody_mapped_is_in_a_file(shown: tuple[Path, str]) -> None:
    """Numbers of phones are in Connect's guardians.csv alone, and homes and birth dates nowhere."""
    for name in FILES:
        if "guardians" not in name:
            assert "(360)" not in (shown[0] / name).read_text(encoding="utf-8"), name
