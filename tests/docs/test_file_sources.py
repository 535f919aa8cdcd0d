"""Every rule, setting and column of the sources of single files stands on their pages, and the examples are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from providers.guardians import SOURCE as GUARDIANS
from providers.guardians.words import RELATIONSHIPS, SPELLINGS
from providers.table import SOURCE as TABLE
from providers.table.words import SPELLINGS as PEOPLE
from rosterkit.sources.base import Coverage, Source
from rosterkit.testing.source_cases import files
from rosterkit.testing.source_suite import read

PAGES = Path(__file__).parents[2] / "docs" / "sources"


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", [GUARDIANS, TABLE], ids=lambda source: source.kind)
def test_every_rule_and_setting_is_documented(source: Source) -> None:
    rules = page(source.kind) + (page("guardians") if source is TABLE else "")
    assert [rule.code for rule in source.rules if f"`{rule.code}`" not in rules] == []
    assert [name for name in source.Settings.model_fields if f"| `{name}` |" not in page(source.kind)] == []


def test_every_column_and_relationship_is_documented() -> None:
    assert [name for name in (*SPELLINGS, *RELATIONSHIPS) if f"`{name}`" not in page("guardians")] == []
    assert [name for name in PEOPLE if f"`{name}`" not in page("table")] == []


def blocks(name: str) -> list[str]:
    return [
        dedent(block).strip("\n") + "\n"
        for block in re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", page(name), re.MULTILINE)
    ]


@pytest.mark.parametrize(("source", "first"), [(GUARDIANS, 0), (TABLE, 0), (TABLE, 2)])
def test_the_examples_are_read_as_they_stand(tmp_path: Path, source: Source, first: int) -> None:
    settings, text = blocks(source.kind)[first : first + 2]
    (table,) = tomllib.loads(settings)["sources"].values()
    wanted: dict[str, Any] = {key: value for key, value in table.items() if key != "kind"}
    if source is GUARDIANS:
        text = text.replace("student number", "Stu. Ref")
    found = read(source, files({wanted["path"]: text}, wanted), tmp_path)
    assert {item.coverage for item, _ in found.tables} == {Coverage.FULL}
    assert found.findings.is_empty()
