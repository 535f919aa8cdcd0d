"""Every planted defect is found by its rule, with exactly its count, in the district that each fake serves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from depth import DEEP

from rosterkit import registry
from rosterkit.errors import UsageError
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.fake_server import Invented, Running
from rosterkit.sources.findings import Findings

FAKES = ("clever", "classlink", "oneroster")


def extract(running: Running, folder: Path) -> Extract:
    settings = dict(running.settings)
    source = registry.source(str(settings.pop("kind")))
    secrets = {f"env:{name}": value for name, value in running.secrets.items()}
    context = Context(
        Findings(source.rules), date(2026, 10, 1), folder, folder, demographics=True,
        secret=lambda reference: secrets.get(reference, reference),
    )  # fmt: skip
    return source.extract(source.Settings.model_validate(settings), context)


def found(extracted: Extract) -> Mapping[str, int]:
    counts: dict[str, Any] = dict(extracted.findings.group_by("rule").len().iter_rows())
    return counts


@pytest.mark.parametrize("kind", FAKES)
@pytest.mark.deep
@pytest.mark.parametrize("seed", [1, 2, 3] if DEEP else [1])
def test_each_planted_defect_is_found_with_its_count(kind: str, seed: int, tmp_path: Path) -> None:
    with registry.fake(kind).serve(Invented(200, seed, defects=True), 0) as running:
        assert found(extract(running, tmp_path)) == {rule: n for rule, n in running.planted.items() if n}


@pytest.mark.parametrize("kind", FAKES)
def test_a_district_without_defects_has_no_findings(kind: str, tmp_path: Path) -> None:
    with registry.fake(kind).serve(Invented(200, 7), 0) as running:
        assert found(extract(running, tmp_path)) == {}


@pytest.mark.parametrize("kind", FAKES)
def test_records_changed_on_the_day_that_is_asked_for(kind: str, tmp_path: Path) -> None:
    """Here a day ahead, as it is east of the district; nothing is wrong with that."""
    with registry.fake(kind).serve(Invented(60, 7, changed=date(2026, 10, 2)), 0) as running:
        extracted = extract(running, tmp_path)
    assert found(extracted) == {}
    users = next(table for table in extracted.tables if table.entity == "User")
    days = users.rows.select(pl.col("_modified_at").str.slice(0, 10).unique()).collect().to_series().to_list()
    assert days == ["2026-10-02"]


@pytest.mark.parametrize("kind", FAKES)
def test_a_district_that_is_too_small_for_the_defects_says_so(kind: str) -> None:
    with pytest.raises(UsageError, match="at least 200"), registry.fake(kind).serve(Invented(60, 1, defects=True), 0):
        pass
