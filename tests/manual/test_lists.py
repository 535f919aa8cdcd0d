"""``blocks`` and ``pins`` at a terminal: plain words, times in the district's zone, and no raw escapes."""

from __future__ import annotations

import pytest
from by_hand import School

from rosterkit.cli.main import run as command


def shown(school: School, capsys: pytest.CaptureFixture[str], verb: str) -> str:
    capsys.readouterr()
    assert command(["-C", str(school.ws.folder), verb]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", ["blocks", "pins"])
def test_a_list_is_for_people(school: School, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert shown(school, capsys, verb) in (
        "Nothing is blocked, suppressed or archived by hand.\n",
        "No value is pinned.\n",
    )
    school.ws.suppress("st-1", reason="custody \x1b[2J", actor="noa:leader")
    school.ws.pin("User", "st-1", "email", reason="custody \x1b[2J", actor="noa:leader")
    out = shown(school, capsys, verb)
    assert "UTC" in out
    assert "T0" not in out.replace("UTC", "")
    assert not {"sourced_id", "student_key", "actor"} & set(out.split())
    assert "\x1b" not in out
    assert "\N{REPLACEMENT CHARACTER}[2J" in out
