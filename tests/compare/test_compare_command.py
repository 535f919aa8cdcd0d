"""``rosterkit compare``: sources of the workspace and on the command line, forms, exit codes; nothing is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import stamina

from providers.one_sis.district import STAMP, generated
from providers.one_sis.serving import served
from providers.one_sis.shapes import package
from rosterkit.cli.main import run
from rosterkit.compare.reading import from_text
from rosterkit.errors import UsageError
from rosterkit.testing.package import write_package

FAMILIES = "student_number,guardian_id,first_name,last_name,email\n{number},f-1,Oriel,Tamm,oriel@post.example\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package, and a guardian file that fits it."""
    folder = tmp_path_factory.mktemp("files")
    made = generated(folder, 200)
    write_package(folder / "export.zip", package(made))
    number = made.students[0]["identifier"]
    (folder / "families.csv").write_text(FAMILIES.format(number=number), encoding="utf-8")
    return folder


def compare(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["compare", *arguments, "--as-of", "2026-10-01"])
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = compare(capsys, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_packages_and_files_are_named_on_the_command_line(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(
        capsys,
        str(files / "export.zip"),
        f"sis@oneroster:{files / 'export.zip'}",
        f"guardians:{files / 'families.csv'}",
    )
    assert [(s["name"], s["kind"], s["whole_roster"]) for s in found["sources"]] == [
        ("export", "oneroster", True),
        ("sis", "oneroster", True),
        ("families", "guardians", False),
    ]
    assert [one["matched"] for one in found["files"]] == [1, 1]


def test_two_sources_of_one_name_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = compare(capsys, str(files / "export.zip"), f"oneroster:{files / 'export.zip'}")
    assert (code, out) == (2, "")
    assert "Several of these sources are called export." in err
    assert "export-new@KIND:PATH" in err


def test_one_csv_file_is_told_which_kinds_read_one(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(files / "families.csv")
    code, _, err = compare(capsys, str(files / "export.zip"), path)
    assert code == 2
    assert f"Write guardians:{path} or table:{path}." in err


def test_a_word_that_is_nothing_is_refused_before_anything_is_read(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = compare(capsys, str(files / "export.zip"), "clevr")
    assert (code, out) == (2, "")
    assert '"clevr" is no file or folder, no kind of source, and no source of rosterkit.toml.' in err


def test_a_name_before_the_at_sign_says_something(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = compare(capsys, f"@oneroster:{files / 'export.zip'}")
    assert code == 2
    assert "has no name before its @" in err


def test_an_at_sign_in_a_path_that_is_there_is_a_part_of_it(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "export@monday.zip").write_bytes((files / "export.zip").read_bytes())
    found = document(capsys, str(tmp_path / "export@monday.zip"))
    assert [source["name"] for source in found["sources"]] == ["export@monday"]


def test_a_page_that_cannot_be_written_is_refused_before_anything_is_read(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rosterkit.compare.reading.read", lambda *_given, **_named: pytest.fail("it was read"))
    for page in (tmp_path, tmp_path / "none" / "choice.html"):
        code, _, err = compare(capsys, str(files / "export.zip"), "--html", str(page))
        assert code == 2
        assert f"No page can be written to {page}." in err


def test_a_file_beside_no_roster_says_what_to_name(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = compare(capsys, f"guardians:{files / 'families.csv'}")
    assert (code, out) == (2, "")
    assert "families (guardians) is a file beside a roster, and no roster" in err
    assert "Name the source of the students too" in err


def test_attempts_that_failed_are_not_printed_into_the_json(
    files: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on port 9 of this machine, and a second attempt is made; no third, as a person waits."""
    caplog.set_level("INFO", "rosterkit")
    monkeypatch.setenv("DISTRICT_TOKEN", "a" * 40)
    nobody = "http://127.0.0.1:9"
    with stamina.set_testing(True, attempts=3):
        code, out, _ = compare(
            capsys,
            str(files / "export.zip"),
            f"clever:address={nobody},token_address={nobody},token=env:DISTRICT_TOKEN",
            "--json",
        )
    assert code == 1
    assert "no connection" in json.loads(out)["unread"]["clever"]
    assert sum("attempt failed" in line for line in caplog.messages) == 1


def test_sources_of_the_workspace_by_name_and_all_of_them(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'[sources.main]\nkind = "oneroster"\npath = "{files / "export.zip"}"\n[compare]\nclasses_per_student = 3\n'
    text += f'[sources.families]\nkind = "guardians"\npath = "{files / "families.csv"}"\n'
    text += f'[sources.old]\nkind = "oneroster"\nenabled = false\npath = "{files / "no.zip"}"\n'
    (tmp_path / "rosterkit.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = document(capsys)
    assert [source["name"] for source in found["sources"]] == ["main", "families"]
    assert found["settings"]["classes_per_student"] == 3
    over = next(one for one in found["questions"] if one["code"] == "student.oversharing")
    assert over["answers"][0]["count"] == 200
    assert [source["name"] for source in document(capsys, "main")["sources"]] == ["main"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rosterkit.toml"]  # nothing is stored


def test_a_source_that_cannot_be_read_is_said_and_the_others_are_compared(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = compare(capsys, str(files / "export.zip"), "oneroster:no-such.zip")
    assert code == 1
    assert "no-such is left out" in out
    code, _, err = compare(capsys, "oneroster:no-such.zip")
    assert code == 3
    assert "no-such" in err


def test_page_and_markdown(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "choice.html"
    code, out, _ = compare(capsys, str(files / "export.zip"), "--html", str(page), "--markdown")
    assert code == 0
    assert out.startswith("# Sources compared on 2026-10-01")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert page.stat().st_mode & 0o077 == 0


def test_values_are_shown_only_where_they_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = generated(tmp_path, 200)
    for row in made.guardians[:2]:
        row["email"] = "shared@post.example"
    export = write_package(tmp_path / "export.zip", package(made))
    assert "shared@post.example" not in compare(capsys, str(export), "--json")[1]
    assert "shared@post.example" in compare(capsys, str(export), "--json", "--show-values")[1]


def test_an_api_is_named_with_its_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull over HTTP, with the token by reference."""
    monkeypatch.setenv("DISTRICT_TOKEN", "a" * 40)
    made = generated(tmp_path, 200)
    with served(made, tmp_path) as sources:
        address = sources["clever"][1]["address"]
        found = document(capsys, f"clever:address={address},token_address={address},token=env:DISTRICT_TOKEN")
    assert found["questions"][0]["answers"][0]["count"] == 200


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("oneroster:path=x,colour=red", '"colour=red" is no setting of oneroster'),
        ("nokind:x", 'There is no source of kind "nokind"'),
        ("clever:token=hunter2", 'The setting "token" holds something that is not a reference'),
    ],
)
def test_a_source_that_cannot_be_meant_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_text(text, Path())
    assert problem in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_without_a_workspace_and_a_source_nothing_can_be_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = compare(capsys)
    assert code == 2
    assert "There is no workspace" in err


def test_two_forms_at_once_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(capsys, str(files / "export.zip"), "--json", "--markdown")[0] == 2


def test_two_packages_of_one_kind_are_told_apart_in_the_ways(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = files / "export.zip"
    found = document(capsys, f"spring@oneroster:{package}", f"autumn@oneroster:{package}")
    titles = [choice["title"] for choice in found["recommendation"]["choices"]]
    assert len(set(titles)) == len(titles)
    assert {title for title in titles if title.endswith("(spring)")}


def test_a_kind_without_settings_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a kind of source"):
        from_text("clever", tmp_path)
    with pytest.raises(UsageError, match="Write guardians:PATH or guardians:KEY=VALUE"):
        from_text("guardians", tmp_path)


def test_what_a_setting_says_is_wrong_is_shown_without_the_librarys_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        from_text("clever:token=", tmp_path)
    assert "Value error" not in str(raised.value)


@pytest.mark.parametrize("text", [None, "", "student_number,guardian_id,first_name,last_name\n", "a,b\n1,2\n"])
def test_a_guardian_file_of_which_nothing_comes_is_left_out(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    """Missing, without bytes, a header alone, other columns."""
    if text is not None:
        (tmp_path / "none.csv").write_text(text)
    code, out, err = compare(capsys, str(files / "export.zip"), f"guardians:{tmp_path / 'none.csv'}")
    assert (code, err) == (1, "")
    assert "none is left out: " in out
    assert "guardian file" not in out.partition("People")[0]


def test_a_guardian_file_of_another_district_is_no_way(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "others.csv").write_text(FAMILIES.format(number="99-none"), encoding="utf-8")
    code, out, _ = compare(capsys, str(files / "export.zip"), f"guardians:{tmp_path / 'others.csv'}")
    assert code == 1
    assert "others is left out: Of 1 rows none names a student who came." in " ".join(out.split())
    assert "guardian file" not in out.partition("People")[0]


@pytest.mark.parametrize(("without", "why"), [("users", "User: "), ("enrollments", "Enrollment: ")])
def test_a_package_that_lacks_what_makes_a_roster_is_no_way(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], without: str, why: str
) -> None:
    made = package(generated(tmp_path, 60))
    part = write_package(tmp_path / "part.zip", {name: rows for name, rows in made.items() if name != without})
    code, out, _ = compare(capsys, str(part), str(files / "export.zip"), "--json")
    found = json.loads(out)
    assert code == 1
    assert "It is no whole roster: " in found["unread"]["part"]
    assert why in found["unread"]["part"]
    assert {choice["source"] for choice in found["recommendation"]["choices"]} == {"export"}
    assert compare(capsys, str(part))[1].startswith("There is nothing to choose from")


def test_a_package_of_changes_is_no_way(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stamp = {"status": "active", "dateLastModified": STAMP}
    made = {name: [row | stamp for row in rows] for name, rows in package(generated(tmp_path, 60)).items()}
    changes = write_package(tmp_path / "changes.zip", made, modes=dict.fromkeys(made, "delta"))
    code, out, _ = compare(capsys, str(changes), str(files / "export.zip"))
    assert code == 1
    assert "changes is left out: It holds changes only." in out


@pytest.mark.parametrize("text", ["", "oneroster:", "clever: "])
def test_a_source_that_names_nothing_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names nothing to read"):
        from_text(text, tmp_path)


def test_a_table_of_attributes_beside_a_roster_is_asked_too(files: Path, tmp_path: Path) -> None:
    """None of its records names another record."""
    (tmp_path / "programs.csv").write_text("number,program\n1,Robotics\n", encoding="utf-8")
    (tmp_path / "rosterkit.toml").write_text(
        f'[sources.main]\nkind = "oneroster"\npath = "{files / "export.zip"}"\n'
        '[sources.programs]\nkind = "table"\npath = "programs.csv"\nattributes = { program = "program" }\n'
        '[sources.programs.columns]\nuser = "number"\n',
        encoding="utf-8",
    )
    assert run(["-C", str(tmp_path), "compare"]) == 0


def test_a_page_never_takes_the_place_of_a_package(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = files / "export.zip"
    before = export.read_bytes()
    code, out, err = compare(capsys, str(export), "--html", str(export))
    assert (code, out) == (2, "")
    assert "holds something else" in err
    assert export.read_bytes() == before
    assert compare(capsys, str(export), "--html", str(files / "choice.html"))[0] == 0
    assert compare(capsys, str(export), "--html", str(files / "choice.html"))[0] == 0
