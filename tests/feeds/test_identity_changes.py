"""People whose identifier is another than in the last file are counted: a vendor would take them for new people."""

from __future__ import annotations

import pytest

from rosterkit.feeds.base import FeedFile
from rosterkit.feeds.csvout import CsvTable, read_csv
from rosterkit.feeds.identity_changes import identity_changes

BEFORE = "id,mail,name\n1,ana@x.example,Ana\n2,bo@x.example,Bo\n3,,Cy\n"


def table(text: str) -> CsvTable:
    return read_csv(FeedFile("people.csv", text.encode(), 3))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (BEFORE, 0),
        (BEFORE.replace("1,ana", "9,ANA"), 1),
        (BEFORE.replace("1,ana", "9,ana").replace("2,bo", "1,bo"), 2),
        (BEFORE.replace("1,ana@x.example,Ana", "1,ana@x.example,Anna"), 0),
        (BEFORE.replace("3,,Cy", "8,,Cy"), 0),
        (BEFORE + "7,ana@x.example,Ana\n", 0),
        (BEFORE.replace("mail", "e-mail"), 0),
    ],
    ids=["none", "one, in capitals", "two swapped", "another name", "no address", "two rows", "another header"],
)
def test_only_who_agrees_in_everything_else_is_counted(text: str, count: int) -> None:
    assert identity_changes(table(text), table(BEFORE), "id", ["mail", "name"]) == count


def test_a_first_file_has_none() -> None:
    assert identity_changes(table(BEFORE), None, "id", ["mail", "name"]) == 0
