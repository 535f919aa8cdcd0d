from __future__ import annotations

import io

import pytest

from rosterkit.cli import options as session
from rosterkit.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_what_how_many_and_how_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with session.progress() as report:
        report("reading users.csv", 0, 1000)
        report("reading users.csv", 600, 1000)
        report("counting", 3, 0)
    drawn = screen.getvalue()
    assert "reading users.csv" in drawn
    assert "600/1,000" in drawn
    assert "counting" in drawn


def test_the_rate_is_in_rows_a_second() -> None:
    moments = iter(range(100))
    from rich.progress import Progress

    with Progress(auto_refresh=False, get_time=lambda: float(next(moments))) as drawn:
        task = drawn.add_task("x", total=10_000)
        for done in (0, 2_000, 4_000):
            drawn.update(task, completed=done)
        rate = progress._Rate().render(drawn.tasks[0]).plain
    assert rate.endswith("/s")
    assert int(rate.removesuffix("/s").replace(",", "")) > 0


def test_a_pipe_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.StringIO()
    monkeypatch.setattr("sys.stderr", pipe)
    with session.progress() as report:
        report("reading", 1, 2)
    assert pipe.getvalue() == ""
