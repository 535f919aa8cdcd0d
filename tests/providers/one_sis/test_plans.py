"""Every source is planned, applied and planned again through a workspace: the second plan is empty (P1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

import providers.clever
from providers.one_sis.clever_csv_shape import write_files
from providers.one_sis.district import invented
from rosterkit import registry
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources.fake_server import Invented
from rosterkit.workspace import Workspace

DISTRICT = Invented(24, seed=5)


@contextmanager
def workspace(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace of that kind of source; a server runs meanwhile where it is one."""
    place = folder / "workspace"
    Workspace.init(place)

    def configured(settings: dict[str, object]) -> Workspace:
        lines = [
            "demographics = true",
            "[sources.main]",
            *(f"{key} = {toml(value)}" for key, value in settings.items()),
        ]
        (place / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
        return Workspace(place)

    if kind == providers.clever.CSV_SOURCE.kind:
        files = write_files(invented(folder, DISTRICT.students, DISTRICT.seed), folder / "files")
        yield configured({"kind": kind, "path": str(files)})
        return
    with registry.fake(kind).serve(DISTRICT, 0) as running:
        for name, value in running.secrets.items():
            monkeypatch.setenv(name, value)
        yield configured(dict(running.settings))


def applied(one: Workspace) -> Plan:
    plan = one.plan()
    one.approve(plan.id, reason="as expected", actor="noor")
    one.apply(plan.id, actor="noor")
    return plan


@pytest.fixture(scope="module", params=["clever", "classlink", "oneroster-rest", "clever-csv"])
def synced(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Workspace, Plan]]:
    """A workspace in which the whole district is applied, and the plan that did it."""
    folder = tmp_path_factory.mktemp("district")
    with pytest.MonkeyPatch.context() as patch, workspace(request.param, folder, patch) as one:
        yield one, applied(one)


def test_what_was_applied_is_not_planned_again(synced: tuple[Workspace, Plan]) -> None:
    one, first = synced
    assert first.changes["User"].create > 40
    assert not first.held or sum(counts.total for counts in first.held.values()) == 0
    again = one.plan()
    assert again.total.total == 0
    assert again.findings["error"] == 0


def test_a_workspace_checks_what_a_source_delivers(synced: tuple[Workspace, Plan]) -> None:
    report = synced[0].check()
    assert report.count("error") == 0
    assert sum(report.rows_read.values()) > 100


def test_scope_works_alike_at_every_source(synced: tuple[Workspace, Plan]) -> None:
    """17.7: homerooms only, and one school: what leaves says that scope did it."""
    folder = synced[0].folder
    settings = folder / "rosterkit.toml"
    whole = settings.read_text(encoding="utf-8")
    try:
        settings.write_text(f"{whole}\n[sources.main.scope]\nhomerooms_only = true\n", encoding="utf-8")
        plan = Workspace(folder).plan()
        lines = Workspace(folder).show(plan.id).lines.filter(action="archive")
        assert set(lines["entity"]) >= {"Class", "Enrollment"}
        assert not set(lines["entity"]) & {"User", "Org", "Role", "GuardianLink"}
        assert set(lines.filter(entity="Class")["why"]) == {"out of scope: the source still has it"}
        settings.write_text(f'{whole}\n[sources.main.scope]\nschools = ["0610001"]\n', encoding="utf-8")
        plan = Workspace(folder).plan()
        lines = Workspace(folder).show(plan.id).lines.filter(action="archive")
        assert lines.filter(entity="Org").height == 1
        assert lines.filter(entity="User").height > 20
        assert "no longer in the source" not in lines.filter(pl.col("entity").is_in(["Org", "Class", "User"]))["why"]
    finally:
        settings.write_text(whole, encoding="utf-8")
