from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeWorkspace
from sqlalchemy.exc import DatabaseError

from rosterkit.cli import options as session
from rosterkit.cli.main import command, run
from rosterkit.errors import Busy, InternalError, Refused, RosterkitError, SourceUnreadable, UsageError

ROSTERKIT = [sys.executable, "-m", "rosterkit.cli.main"]


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (UsageError("Mend it."), 2),
        (SourceUnreadable("Look at it.", rule="zip.crc"), 3),
        (Refused("It is stale.", why="stale"), 4),
        (Busy("Try later."), 5),
        (InternalError("A promise broke."), 70),
    ],
)
def test_each_error_has_its_code_and_one_sentence(
    fake: FakeWorkspace, capsys: pytest.CaptureFixture[str], problem: RosterkitError, code: int
) -> None:
    fake.answers["plan"] = problem
    assert run(["plan", "--json"]) == code
    output = capsys.readouterr()
    assert output.err.startswith(f"Error: {problem}")
    assert output.err.count("\n") == 1
    error = json.loads(output.out)["error"]
    assert (error["exit"], error["message"]) == (code, output.err.strip().removeprefix("Error: "))
    assert error["why"] == getattr(problem, "why", "")


def test_without_json_nothing_is_printed_but_the_sentence(
    fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["apply"] = Refused("It is stale.", why="stale")
    assert run(["apply", "7f3a"]) == 4
    assert capsys.readouterr() == ("", "Error: It is stale.\n")


def test_a_sentence_draws_nothing_on_the_terminal(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    fake.answers["plan"] = SourceUnreadable("There is no package at \x1b[2J\u202ex.zip.", rule="package.missing")
    assert run(["plan"]) == 3
    assert (
        capsys.readouterr().err
        == "Error: There is no package at \N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}x.zip.\n"
    )


def test_our_own_fault_is_70_without_a_traceback_or_what_it_held(
    fake: FakeWorkspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answers["plan"] = ValueError("ana.quispe@example")
    assert run(["plan"]) == 70
    output = capsys.readouterr().err
    assert "please report" in output.lower()
    assert "Traceback" not in output
    assert "ana.quispe" not in output
    monkeypatch.setenv("ROSTERKIT_DEBUG", "1")
    run(["plan"])
    assert "Traceback" in capsys.readouterr().err


def test_what_the_system_refuses_is_named(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    fake.answers["plan"] = PermissionError(13, "Permission denied", "/drop/a.zip")
    assert run(["plan"]) == 2
    assert "Permission denied: /drop/a.zip" in capsys.readouterr().err


def database_says(place: Path) -> Exception:
    try:
        sqlite3.connect(place).execute("select * from sqlite_master")
    except sqlite3.Error as problem:
        return problem
    raise AssertionError("it opened")


def test_a_database_that_cannot_be_read_is_no_fault_of_ours(
    fake: FakeWorkspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fake.answers["plans"] = database_says(tmp_path)
    assert run(["plans"]) == 2
    assert "cannot be opened or written" in capsys.readouterr().err
    junk = tmp_path / "roster.db"
    junk.write_text("this was never a database " * 50)
    fake.answers["plans"] = DatabaseError("select", {}, database_says(junk))
    assert run(["plans"]) == 2
    assert "is damaged" in capsys.readouterr().err
    fake.answers["plans"] = sqlite3.IntegrityError("NOT NULL constraint failed")
    assert run(["plans"]) == 70


def test_ctrl_c_says_that_nothing_is_half_written(fake: FakeWorkspace, capsys: pytest.CaptureFixture[str]) -> None:
    fake.answers["apply"] = KeyboardInterrupt()
    assert run(["apply", "7f3a"]) == 130
    output = capsys.readouterr()
    assert "half-written" in output.err
    assert output.out == ""


def test_a_reader_that_left_is_no_fault() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*ROSTERKIT, "rules"], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (session.READER_LEFT, b"")


def test_a_terminal_that_knows_only_ascii_is_no_fault() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*ROSTERKIT, "rules"], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2500" in done.stdout


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rosterkit 0.")


def every_verb(group: Any = command, *before: str) -> dict[tuple[str, ...], Any]:
    """The verbs by the words that call them, groups in groups too."""
    found: dict[tuple[str, ...], Any] = {}
    for name, verb in group.commands.items():
        found |= every_verb(verb, *before, name) if hasattr(verb, "commands") else {(*before, name): verb}
    return found


@pytest.mark.parametrize("verb", every_verb(), ids=" ".join)
def test_the_help_of_every_verb_teaches_by_an_example(
    capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    assert run([*verb, "--help"]) == 0
    assert "Example: rosterkit" in capsys.readouterr().out


def test_every_verb_but_the_demo_speaks_json() -> None:
    silent = [name for name, verb in every_verb().items() if not any("--json" in o.opts for o in verb.params)]
    others = sorted(name for name in silent if name[:2] != ("web", "user"))  # they ask for passwords
    assert others == [("demo",), ("fake",), ("schedule",)], "these serve people at a terminal"


def test_a_crash_while_modules_are_imported_is_70(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('no module of that name')")
    script = "from rosterkit.cli.entry import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "cannot start" in done.stderr
    assert "Traceback" not in done.stderr
