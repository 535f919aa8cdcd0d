"""Pages of a plan's changes out of the store say what the whole plan says."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pages import Client

from rosterkit import Workspace
from rosterkit.plan.plan import LINES
from rosterkit.store import plan_lines, plans
from rosterkit.store.plan_lines import SORTS, LinePage, LineQuery, page_of

ORDER = [name for name in LINES if name not in ("before_name", "after_name")]


@pytest.fixture(scope="module")
def shared(made_workspace: Path) -> Workspace:
    return Workspace(made_workspace)


def page(workspace: Workspace, query: LineQuery) -> LinePage:
    with workspace.reading() as connection:
        return page_of(workspace.folder, workspace.database, connection, plans.find(connection, None), query)


def every(workspace: Workspace, query: LineQuery) -> pl.DataFrame:
    """All pages of a query, put together."""
    first = page(workspace, query)
    pages = [
        page(workspace, replace(query, page=number)).rows for number in range(1, -(-first.lines // query.size) + 1)
    ]
    return pl.concat([first.rows.clear(), *pages])


def alike(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.select(ORDER).sort(ORDER).equals(other.select(ORDER).sort(ORDER))


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("size", [7, 50, 200])
def test_the_pages_together_are_the_plan(shared: Workspace, sort: str, size: int) -> None:
    whole = shared.show().lines
    found = every(shared, LineQuery(sort=sort, size=size))
    assert alike(found, whole)
    assert page(shared, LineQuery(size=size)).lines == whole.height
    if sort == "name":
        assert found["name"].is_sorted()


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (LineQuery(entity="User"), pl.col("entity") == "User"),
        (LineQuery(action="archive"), pl.col("action") == "archive"),
        (LineQuery(field="email"), pl.col("field") == "email"),
        (LineQuery(held="yes"), pl.col("held") != ""),
        (LineQuery(held="no"), pl.col("held") == ""),
        (LineQuery(held="case"), pl.col("held") == "case"),
        (LineQuery(school="Alder Creek Elementary"), pl.col("school").str.contains("Alder Creek Elementary")),
        (LineQuery(search="QUISPE"), pl.any_horizontal(pl.col("name", "before", "after").str.contains("(?i)quispe"))),
        (LineQuery(entity="User", action="update", held="no"),
         (pl.col("entity") == "User") & (pl.col("action") == "update") & (pl.col("held") == "")),
    ],
)  # fmt: skip
def test_filters_and_search(shared: Workspace, query: LineQuery, wanted: pl.Expr) -> None:
    expected = shared.show().lines.filter(wanted)
    assert expected.height > 0
    assert alike(every(shared, replace(query, size=5)), expected)
    assert page(shared, query).lines == expected.height
    assert page(shared, query).records == expected.select(pl.struct("entity", "action", "sourced_id").n_unique()).item()


def test_counts_are_those_of_everything(shared: Workspace) -> None:
    plan = shared.plans()[0]
    counts = page(shared, LineQuery(search="nobody has this name")).by_entity
    for entity, one in plan.changes.items():
        mine = counts.filter((pl.col("entity") == entity) & ~pl.col("is_held"))
        assert mine["records"].sum() == one.total, entity
    assert page(shared, LineQuery()).fields == tuple(sorted(set(shared.show().lines["field"]) - {""}))


def test_an_account_of_one_school_gets_the_lines_of_that_school(shared: Workspace) -> None:
    found = every(shared, LineQuery(schools=("org-alder",)))
    assert 0 < found.height < shared.show().lines.height
    assert {"org-alder"} <= set(found["schools"].str.strip_chars("\x1f").str.split("\x1f").explode())
    assert every(shared, LineQuery(schools=())).height == 0
    assert every(shared, LineQuery(schools=("no-such-school",))).height == 0
    counted = page(shared, LineQuery(schools=("org-alder",)))
    assert counted.by_entity["records"].sum() == counted.records


def test_a_page_beyond_the_last_is_empty(shared: Workspace) -> None:
    assert page(shared, LineQuery(page=10_000)).rows.height == 0


def kept_files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.folder / "cache" / "plans").glob("*.arrow"))


def test_a_file_that_is_kept_is_private_and_made_anew_after_a_revision(client: Client, workspace: Workspace) -> None:
    """The overview makes the newest plan ready; names may be others after a revision."""
    client.log_in("viewer")
    page(workspace, LineQuery())  # waits for it
    (first,) = kept_files(workspace)
    assert {one.stat().st_mode & 0o077 for one in first.parent.iterdir()} == {0}
    plan = workspace.plans()[0].id
    workspace.approve(plan, reason="checked", actor="kim")
    workspace.apply(plan, actor="kim")
    client.get(f"/plans/{plan}")
    assert first in kept_files(workspace)  # somebody may still be reading it
    (second,) = set(kept_files(workspace)) - {first}
    old = time.time() - 3600
    os.utime(first, (old, old))
    second.unlink()
    client.get(f"/plans/{plan}")
    assert kept_files(workspace) == [second]


def test_requests_at_once_make_the_lines_once_and_all_get_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is never replaced: polars opens it more than once while it reads, and would find other bytes."""
    made: list[str] = []

    def slow(*args: Any) -> pl.DataFrame:
        made.append("")
        time.sleep(0.05)
        return plain(*args)

    shutil.rmtree(workspace.folder / "cache", ignore_errors=True)
    plain = plan_lines._made
    monkeypatch.setattr(plan_lines, "_made", slow)
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: page(workspace, LineQuery()), range(4)))
    assert len(made) == 1
    assert [one.lines for one in pages] == [workspace.show().lines.height] * 4


def test_lines_of_which_only_a_part_was_written_are_made_anew(workspace: Workspace) -> None:
    """A process that was killed between the two files."""
    page(workspace, LineQuery())
    (file,) = kept_files(workspace)
    file.with_suffix(".json").unlink()
    assert page(workspace, LineQuery()).lines == workspace.show().lines.height
