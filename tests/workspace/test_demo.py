from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from rosterkit import demo
from rosterkit.cli.main import run
from rosterkit.errors import InternalError, Refused
from rosterkit.workspace import Workspace, check_package


def run_demo(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> str:
    """What the first steps print. All of them run where a wheel is installed (``architecture/test_wheel.py``)."""
    monkeypatch.setattr(demo, "STEPS", demo.STEPS[:steps])
    console = Console(file=io.StringIO(), width=120, markup=False)
    demo.run(folder, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("strict", [False, True])
def test_the_first_package_has_no_finding(strict: bool) -> None:
    assert check_package(demo.fixtures() / "day-1", reading={"strict": strict}).findings.to_dicts() == []


def test_the_second_package_has_one_finding_with_its_line() -> None:
    found = check_package(demo.fixtures() / "day-2").findings
    assert found.select("rule", "file", "line", "column").rows() == [
        ("date.unreadable", "enrollments.csv", 136, "beginDate")
    ]
    line = (demo.fixtures() / "day-2" / "enrollments.csv").read_text(encoding="utf-8").splitlines()[135]
    assert "2026-15-09" in line


def shows_its_plan_in_json_and_as_a_page(folder: Path, second: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(folder), "show", second, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "applied"
    held = {line["sourced_id"] for line in shown["lines"] if line["held"]}
    assert {"stu-1036", "enr-7132"} <= held
    assert any(line["file"] == "users.csv" and line["line"] for line in shown["lines"])
    assert run(["-C", str(folder), "show", second, "--html"]) == 0
    assert "Imani" in capsys.readouterr().out


def test_the_demo_leaves_a_workspace_to_look_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "demo"
    assert "byte for byte" in run_demo(folder, monkeypatch, 4)
    workspace = Workspace(folder)
    assert [revision.kind for revision in workspace.history()] == ["undo", "sync", "sync"]
    undo, second, first = workspace.plans()
    assert first.total.create == sum(counts.total for counts in first.changes.values())
    assert (second.held["Enrollment"].archive, second.held["User"].update) == (4, 1)
    assert second.findings["error"] == 2
    assert undo.undoes == 2
    assert folder.stat().st_mode & 0o777 == 0o700
    shows_its_plan_in_json_and_as_a_page(folder, second.id, capsys)


def test_the_demo_makes_its_own_workspace_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "demo"
    run_demo(folder, monkeypatch, 0)
    (folder / "edited").touch()
    run_demo(folder, monkeypatch, 0)
    assert not (folder / "edited").exists()


def test_the_demo_leaves_alone_what_no_demo_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(Refused, match="no demo made"):
        run_demo(tmp_path, monkeypatch, 0)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_an_installation_without_packages_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo.packages, "DAYS", {"day-3": None})
    with pytest.raises(InternalError, match="Install rosterkit again"):
        demo.fixtures()
