"""Whatever a store holds, what the feed writes is a package in which the strict reader finds no error."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from depth import DEEP
from hypothesis import given, settings
from hypothesis import strategies as st
from small_roster import Rows, contents, render, role, roster
from strict_validator import faults, members
from tiny import extract

from providers.oneroster.writer import zipped
from rosterkit.feeds.base import FeedFile
from rosterkit.roster.schema import by_name

IDS = ("ana", "bo", "gus", "tess", "pia", "D", "S1", "S2", "Y", "T1", "K", "C1", "C2", "UP", "nobody", "a b")
WORDS = ("student", "teacher", "guardian", "parent", "administrator", "school", "term", "primary", "ext:own", "ext:o n")
DATES = ("2026-08-10", "2026-09-01", "2027-01-16", "2019-01-01", "2031-01-01", "2026-02-30", "8/27/2026")
ODD = ("", " ", " x", "x\ny", "x\u2028y", "\ufeffx", "NULL", 'say "x"', "a,b", "1.23E+11", "é" * 300, "9", "K", "2027")
ITEMS = ("09", "9", "K", "P1", " 10", "a,b", "NULL", "", "x\ny", "{SIS:5}", "{a:b:c}", "{unknown:x,y}", "12345", "Life")

TEXTS = st.none() | st.sampled_from((*IDS, *WORDS, *DATES, *ODD))
LISTS = st.none() | st.lists(st.sampled_from(ITEMS), max_size=3).map(
    lambda items: "[" + ",".join(f'"{i.replace(chr(10), chr(92) + "n")}"' for i in items) + "]"
)
LIST_COLUMNS = {"grades", "subjects", "subject_codes", "periods", "user_ids"}


def _value(entity: str, column: str) -> st.SearchStrategy[Any]:
    if column == "attributes":
        return st.sampled_from(('{"metadata.bus":"7"}', '{"metadata.Bus":"8\\n9"}', '{"metadata.bus":" ","x":"1"}'))
    if column in LIST_COLUMNS:
        return LISTS
    return st.booleans() if str(by_name(entity).incoming_schema[column]) == "Boolean" else TEXTS


@st.composite
def rosters(draw: st.DrawFn) -> Rows:
    """The small roster with families, roles and enrollments at random, and some cells that hold anything."""
    rows = roster()
    people, kinds = st.sampled_from(IDS[:5]), st.sampled_from(("student", "teacher", "guardian", "parent", "ext:own"))
    rows["Role"] += [
        role(f"r{n}", draw(people), draw(st.sampled_from(("S1", "S2", "D"))), draw(kinds))
        for n in range(draw(st.integers(0, 4)))
    ]
    rows["GuardianLink"] += [
        {"sourced_id": f"g{n + 3}", "asserted_by": by, "guardian": draw(people), "student": draw(people)}
        for n, by in enumerate(draw(st.lists(st.sampled_from(("student", "guardian", "file")), max_size=4)))
    ]
    rows["Enrollment"] += [
        {"sourced_id": f"E{n + 4}", "class": klass, "user": draw(people), "role": draw(kinds),
         "begin_date": draw(st.none() | st.sampled_from(DATES)), "end_date": draw(st.none() | st.sampled_from(DATES))}
        for n, klass in enumerate(draw(st.lists(st.sampled_from(("C1", "C2")), max_size=3)))
    ]  # fmt: skip
    rows["UserProfile"] = [{"sourced_id": "UP", "user": draw(people), "profile_type": "LMS", "vendor_id": "v",
                            "credential_type": "x", "username": "u"}]  # fmt: skip
    for _ in range(draw(st.integers(0, 6))):
        entity = draw(st.sampled_from(sorted(rows)))
        columns = ["sourced_id", *by_name(entity).incoming_schema]
        column = draw(st.sampled_from(columns))
        value = draw(TEXTS.filter(lambda t: t is not None) if column == "sourced_id" else _value(entity, column))
        draw(st.sampled_from(rows[entity]))[column] = value
    return rows


def errors(content: bytes) -> list[tuple[str, str, str]]:
    """What the strict reader calls an error in the package: rule, file and value."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "package.zip")
        path.write_bytes(content)
        found = extract(path, strict=True).findings
    return [(f["rule"], f["file"], f["value"]) for f in found.to_dicts() if f["severity"] == "error"]


@pytest.mark.deep
@pytest.mark.parametrize("version", ["1.1", "1.2"])
@given(rows=rosters())
@settings(max_examples=1500 if DEEP else 4)
def test_the_strict_reader_finds_no_error(version: str, rows: Rows) -> None:
    rendered = render(rows, version, form="zip")
    for file in rendered.files:
        assert errors(file.content) == []
        assert faults(members(file.content)) == []


def test_the_roster_reads_strictly_and_a_fault_would_be_seen() -> None:
    sound = contents(render(roster(), "1.2"))
    assert errors(_zip(sound)) == []
    spoilt = sound | {"users.csv": sound["users.csv"].replace(b",gus", b",bo")}
    assert ("agents.two-students", "users.csv", "bo") in errors(_zip(spoilt))


def _zip(files: dict[str, bytes]) -> bytes:
    return zipped("oneroster.zip", [FeedFile(name, content, 1) for name, content in files.items()], 1).content
