"""``feed mapping``: the mapping document that uConnect asks for where headers or values differ (U34, U42)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rosterkit import Workspace
from rosterkit.cli.main import run
from rosterkit.errors import UsageError


def test_u34_u42_the_document_is_exported_for_the_vendors_people(products: Workspace, tmp_path: Path) -> None:
    base = ["-C", str(products.folder), "feed", "mapping", "careers", "--as-of", "2026-09-14"]
    assert run([*base, "--export", str(tmp_path / "mapping.md")]) == 0
    assert "| PROGRAM | Career Communities | HLTH-04 | Health | 3 |" in (tmp_path / "mapping.md").read_text()
    assert run([*base, "--export", str(tmp_path / "mapping.csv")]) == 0
    lines = (tmp_path / "mapping.csv").read_text().splitlines()
    assert lines[0] == "header,group,value,community,people"
    assert "CLUBS,Clubs,First Gen,First Gen,2" in lines


def test_u42_it_is_shown_and_printed_as_json(products: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["-C", str(products.folder), "feed", "mapping", "careers"]
    assert run(base) == 0
    assert "Arts and Media" in capsys.readouterr().out
    assert run([*base, "--json"]) == 0
    assert {row["header"] for row in json.loads(capsys.readouterr().out)["mapping"]} == {"PROGRAM", "CLUBS"}


def test_a_vendor_that_wants_no_document_is_named(products: Workspace) -> None:
    with pytest.raises(UsageError, match="Edlio app asks for no mapping document"):
        products.feed_mapping("app")
