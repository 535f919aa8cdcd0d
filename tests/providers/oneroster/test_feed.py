from __future__ import annotations

import io
import zipfile
import zlib

import pytest
from isal import isal_zlib
from pydantic import ValidationError
from small_roster import built, contents, frames, render, role, roster
from strict_validator import faults, members

from providers.oneroster import FEED
from providers.oneroster import writer as package
from rosterkit.feeds.base import Feed
from rosterkit.testing.frames import roster_of

VERSIONS = ("1.1", "1.2")


def test_it_is_a_feed() -> None:
    assert isinstance(FEED, Feed)
    assert FEED.kind == "oneroster"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_roster_is_strictly_valid_and_nothing_is_found(version: str) -> None:
    rendered = render(roster(), version)
    assert faults(contents(rendered)) == []
    assert rendered.findings.rows() == []


def test_files_stand_in_the_order_of_the_manifest_with_their_rows() -> None:
    rendered = render(roster(), "1.1")
    assert [(file.name, file.rows) for file in rendered.files] == [
        ("manifest.csv", 15),
        ("academicSessions.csv", 2),
        ("classes.csv", 2),
        ("courses.csv", 1),
        ("demographics.csv", 1),
        ("enrollments.csv", 3),
        ("orgs.csv", 3),
        ("users.csv", 5),
    ]


def test_lines_as_they_are_written() -> None:
    files = contents(render(roster(), "1.1"))
    assert files["orgs.csv"].decode().splitlines() == [
        "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId,metadata.city",
        'D,,,"Plainfield, Unified",district,0612,,',
        'S1,,,Elm,school,,D,"Elm, MN"',
        'S2,,,"The ""Oak""",school,,D,',
    ]
    ana, bo, gus = files["users.csv"].decode().splitlines()[1:4]
    assert ana == (
        'ana,,,true,S1,student,ana.ibáñez,"{LDAP:ana},{SIS:5}",Ana,Ibáñez,Luz,1001,ana@plainfield.example,,,gus,09,,7'
    )
    assert bo.split(",")[3:6] == ["true", '"S1', 'S2"']
    assert gus == "gus,,,false,S1,guardian,gus.ibáñez,,Gus,Ibáñez,,,,,,bo,,,"
    assert files["classes.csv"].decode().splitlines()[1] == (
        'C1,,,Biology 1,09,K,B-1,scheduled,Room 4,S1,"T1,Y",Life,03051,"3,1"'
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("form", ["zip", "folder"])
def test_shuffled_rows_and_columns_give_the_same_bytes(version: str, form: str) -> None:
    settings = {"version": version, "form": form, "demographics": True}
    rows = roster()
    rows["Role"] += [
        role("z", "tess", "S1", "aide"),
        role("a", "tess", "S1", "proctor"),
        role("b", "tess", "S2", "aide"),
    ]
    straight = frames(rows)
    shuffled = {
        name: frame.select(reversed(frame.columns)).sample(fraction=1, shuffle=True, seed=11)
        for name, frame in reversed(straight.items())
    }
    first = built(roster_of(straight), **settings)
    second = built(roster_of(shuffled), **settings)
    assert [(f.name, f.rows, f.content) for f in first.files] == [(f.name, f.rows, f.content) for f in second.files]


def test_grades_and_user_ids_are_sorted_sets() -> None:
    rows = roster()
    rows["User"][0] |= {"grades": '["10","09","10"]', "user_ids": '["{SIS:5}","{LDAP:ana}"]'}
    line = contents(render(rows))["users.csv"].decode().splitlines()[1]
    assert '"{LDAP:ana},{SIS:5}"' in line
    assert '"09,10"' in line


def test_the_zip_is_sorted_dated_once_and_holds_the_same_files() -> None:
    rendered = render(roster(), form="zip")
    (only,) = rendered.files
    assert (only.name, only.rows) == ("oneroster.zip", 23)
    assert members(only.content) == contents(render(roster()))
    with zipfile.ZipFile(io.BytesIO(only.content)) as sent:
        infos = sent.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {(info.date_time, info.external_attr >> 16, info.create_system) for info in infos} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, 3)
    }


def test_demographics_are_sent_only_when_asked_for() -> None:
    assert "demographics.csv" not in contents(render(roster(), demographics=False))


def test_extensions_can_be_left_out_and_other_attributes_never_go() -> None:
    assert b"metadata" not in contents(render(roster(), extensions=False))["users.csv"]
    assert b"program" not in contents(render(roster()))["users.csv"]


def test_files_without_rows_are_absent() -> None:
    files = contents(render(roster() | {"Enrollment": []}))
    assert "enrollments.csv" not in files
    assert b"file.enrollments,absent" in files["manifest.csv"]
    assert faults(files) == []


def test_no_row_at_all_is_no_package() -> None:
    assert render({}).files == ()
    assert render({}, form="zip").files == ()


def test_a_list_whose_items_are_all_left_out_is_blank() -> None:
    rows = roster()
    rows["User"][0]["user_ids"] = '["77"]'
    files = contents(render(rows))
    assert faults(files) == []
    assert b"ana.ib\xc3\xa1\xc3\xb1ez,,Ana," in files["users.csv"]


def test_a_school_may_be_of_a_type_of_ones_own_in_12() -> None:
    rows = roster()
    rows["Org"][2]["type"] = "ext:academy"
    rendered = render(rows)
    assert rendered.findings.rows() == []
    assert faults(contents(rendered)) == []


def test_a_metadata_column_of_left_out_rows_only_is_not_sent() -> None:
    rows = roster()
    rows["Org"].append({"sourced_id": "S 9", "name": "Gone", "type": "school", "attributes": '{"metadata.fax":"1"}'})
    assert b"metadata.fax" not in contents(render(rows))["orgs.csv"]


@pytest.mark.parametrize(
    "settings",
    [{"colour": "red"}, {"version": 1.1}, {"form": "tar"}, {"demographics": "true"}, {"extensions": 1}]
    + [{"name": name} for name in ("../roster.zip", "roster.csv", 7)],
)
def test_settings_are_checked(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FEED.Settings.model_validate(settings)


def test_a_file_written_in_pieces_is_the_file_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(render(roster()))
    monkeypatch.setattr(package, "_LINES", 2)
    assert contents(render(roster())) == whole
    assert members(render(roster(), form="zip").files[0].content) == whole


def test_a_zip_is_deflated_by_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = zlib.compressobj
    monkeypatch.setattr(isal_zlib, "compressobj", lambda *_: stored(0, zlib.DEFLATED, -15))
    assert b"sourcedId,status," in render(roster(), form="zip").files[0].content


@pytest.mark.parametrize(("rows", "version"), [(1, 45), (1_000, 20)])
def test_a_zip_makes_room_for_a_file_that_may_pass_two_gigabytes(
    monkeypatch: pytest.MonkeyPatch, rows: int, version: int
) -> None:
    monkeypatch.setattr(package, "_LARGE", rows)
    content = render(roster(), form="zip").files[0].content
    assert members(content) == contents(render(roster()))
    with zipfile.ZipFile(io.BytesIO(content)) as sent:
        assert sent.getinfo("users.csv").extract_version == version
