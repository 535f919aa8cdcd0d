"""Every requirement of a vendor (requirements.toml) has a test, a line of the checklist or a sentence of the page.

``HYPOTHESIS_PROFILE=deep`` takes the rules of each R-E requirement out in turn, and sees its tests fail.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import providers.connect
import providers.edlio
import providers.handshake
import providers.uconnect
from rosterkit.feeds.base import Feed

ROOT = Path(__file__).parents[2]
ITEMS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "requirements.toml").read_text())
FEEDS: dict[str, Feed] = {
    "U": providers.uconnect.FEED,
    "A": providers.edlio.FEED,
    "H": providers.handshake.FEED,
    "C": providers.connect.FEED,
}
COUNTS = {"U": 45, "A": 14, "H": 21, "C": 45}
POLICY = {"C34", "C35", "C36", "C37", "C38", "C39", "C41", "C42", "C43", "C44"}  # one test allows, one refuses
DOCUMENTED = {"U13", "A7"}  # the page has the commands of schedulers; the scheduler and the delivery are no feed's
_REFUSED = [item for item, found in ITEMS.items() if "R-E" in found["tags"]]


def test_no_requirement_is_left_out() -> None:
    assert list(ITEMS) == [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]


@cache
def named_in(path: str) -> dict[str, str]:
    """The tests of a file: their name, and what says which requirement they are of (name and first line)."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: ((ast.get_docstring(node) or "").splitlines() or [""])[0] for node in found}
    return {name: f"{name} {line}" for name, line in lines.items() if name.startswith("test_")}


def ids(text: str) -> set[str]:
    return {one.upper() for one in re.findall(r"(?<![A-Za-z0-9])[UAHCuahc]\d+(?![0-9A-Za-z])", text.replace("_", " "))}


@pytest.mark.parametrize("item", ITEMS)
def test_every_requirement_is_shown_by_its_tag(item: str) -> None:
    found, feed = ITEMS[item], FEEDS[item[0]]
    tags = set(found["tags"])
    assert tags <= {"S", "R-E", "R-W", "L", "P"}
    assert item in ids((ROOT / found["shown"]).read_text(encoding="utf-8")), "the page does not speak of it"
    if "P" in tags:
        assert item in {entry.rule for entry in feed.vendor.checklist}, "it is not in the checklist"
    if "S" in tags:
        assert found.get("tests") or found.get("refused") or item in DOCUMENTED, "no test shows it"
    if tags & {"R-E", "R-W"} or item in POLICY:
        assert found["golden"], "nothing shows what is accepted"
        assert found["refused"], "nothing shows what is not"


@pytest.mark.parametrize("item", [item for item in ITEMS if {"tests", "golden", "refused"} & set(ITEMS[item])])
def test_every_test_of_the_table_exists_and_names_the_requirement(item: str) -> None:
    found = ITEMS[item]
    for node in [*found.get("tests", ()), *found.get("golden", ()), *found.get("refused", ())]:
        path, _, name = node.partition("::")
        plain = name.partition("[")[0]
        assert plain in named_in(path), node
        assert item in ids(f"{name} {named_in(path)[plain]}") | ids(name.partition("[")[2]), node


def failing_without(item: str, tests: list[str]) -> set[str]:
    """Which of these tests fail when the rules of a requirement are out."""
    environment = {**os.environ, "RULE_OUT": item, "PYTHONPATH": str(Path(__file__).parent)}
    line = [sys.executable, "-m", "pytest", "-p", "rule_out", "-n0", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider"]
    done = subprocess.run([*line, *tests], cwd=ROOT, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode in {0, 1}, done.stdout.decode()
    return set(re.findall(r"^FAILED (\S+)", done.stdout.decode(), re.MULTILINE))


def test_the_tests_of_a_requirement_fail_when_its_rule_is_out_and_no_others() -> None:
    own, others = ITEMS["U22"]["refused"], ITEMS["U5"]["refused"]
    assert failing_without("U22", [*own, *others]) == set(own)


@pytest.mark.deep(only="it starts pytest for each of the requirements")
@pytest.mark.parametrize("item", _REFUSED)
def test_a_requirement_whose_rule_is_taken_out_is_missed(item: str) -> None:
    assert failing_without(item, ITEMS[item]["refused"])
