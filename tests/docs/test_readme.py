"""The demo's output in docs/demo.md, and its part in the README, are what a run prints.

``python tests/docs/test_readme.py`` pastes both anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
PAGE = README.parent / "docs" / "demo.md"
_BLOCK = re.compile(r"(?<=```text\n).*?(?=```)", re.DOTALL)
_PART = re.compile(r"2\. The second package:.*?\d held\.\n", re.DOTALL)
_VARYING = (
    (r"\b\d{8}-[0-9a-f]{8}\b", "PLAN"),
    (r"good until [\d-]+ [\d:]+ ?\nUTC", "good until TIME"),
    (r"(undoes revision 2.*) as of [\d-]+", r"\1 as of DAY"),
    (r"(?<= )\d+\.\d(?= )", "N.N"),  # seconds
    (r"began at [\d-]+ [\d:]+ UTC", "began at TIME"),
    (r"(oneroster\.zip +\d+) .*", r"\1 DIGEST"),  # how bytes are deflated is the platform's
)

_FOUR_STEPS = """
from rosterkit import demo
from rosterkit.cli.main import run

demo.STEPS = demo.STEPS[:4]
raise SystemExit(run(["demo"]))
"""


def demo(folder: Path) -> str:
    """What the first four steps print: one district's way through a plan."""
    environment = {**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", _FOUR_STEPS]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().partition("\nWhat to try next")[0] + "\n"


def steady(text: str) -> str:
    for pattern, word in _VARYING:
        text = re.sub(pattern, word, text)
    return text


def pasted(page: Path = PAGE) -> str:
    found = _BLOCK.search(page.read_text(encoding="utf-8"))
    assert found
    return found.group()


def second_day(printed: str) -> str:
    """The summary of the second package's plan, which the README shows."""
    found = _PART.search(printed)
    assert found
    return found.group()


def test_the_page_shows_what_the_demo_prints(tmp_path: Path) -> None:
    assert steady(pasted()) == steady(demo(tmp_path))


def test_the_readme_shows_the_second_day() -> None:
    assert pasted(README) == second_day(pasted())


def test_the_demo_shows_what_it_is_for() -> None:
    text = pasted()
    for sign in ("enrollments.csv:136", "4 of 6", "may have been reused", "byte for byte"):
        assert sign in text
    table = text.split("\n2. ")[1].split("\n3. ")[0]
    people = re.search(r"^User +(\d+) +(\d+) +(\d+) +\S+ +(\d+)$", table, re.MULTILINE)
    assert people
    assert all(int(count) > 0 for count in people.groups()), "creates, updates, archives and a held case"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        printed = demo(Path(place))
    for page, text in ((PAGE, printed), (README, second_day(printed))):
        page.write_text(page.read_text(encoding="utf-8").replace(pasted(page), text), encoding="utf-8")
