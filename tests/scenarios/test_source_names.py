"""A verb that reads a source takes the only one when none is named, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_packages import bulk, tiny_district

from rosterkit import Workspace
from rosterkit.cli.main import run

ONE = '[sources.{}]\nkind = "oneroster"\npath = "{}.zip"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Workspace.init(tmp_path / "ws")
    bulk(tiny_district()).write(tmp_path / "a.zip")
    bulk(tiny_district()).write(tmp_path / "ws" / "sis.zip")
    return tmp_path / "ws"


def configured(folder: Path, *names: str) -> None:
    (folder / "rosterkit.toml").write_text("".join(ONE.format(name, name) for name in names), encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["plan", "--package", "../a.zip"],
        ["plan", "--try", "limits.halving_min_size=10", "--package", "../a.zip"],
        ["check"],
        ["check", "../a.zip"],
    ],
    ids=" ".join,
)
def test_the_only_source_needs_no_name(
    folder: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(folder, "sis")
    monkeypatch.chdir(folder)
    assert run(words) in {0, 1}, capsys.readouterr().err


def test_a_line_is_looked_for_in_the_only_source(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(folder, "sis")
    monkeypatch.chdir(folder)
    run(["plan"])
    assert run(["ignore-line", "9c1d4be0a2f36d57", "--reason", "a footer"]) == 2
    assert "The newest plan of sis shows no unreadable line" in capsys.readouterr().err


def test_a_misspelt_source_names_the_nearest(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(folder, "sis")
    monkeypatch.chdir(folder)
    assert run(["plan", "--source", "siss"]) == 2
    assert "did you mean sis?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["plan", "--package", "../a.zip"], ["check"], ["ignore-line", "9c1d4be0a2f36d57", "--reason", "a footer"]],
    ids=" ".join,
)
def test_one_of_several_is_named(
    folder: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(folder, "annex", "sis")
    monkeypatch.chdir(folder)
    assert run(words) == 2
    assert "There are several sources: name one of annex, sis." in capsys.readouterr().err
