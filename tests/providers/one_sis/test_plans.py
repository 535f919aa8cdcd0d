"""Every source is planned, applied and planned again through a workspace: the second plan is empty (P1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import providers.clever
from providers.one_sis.clever_csv_shape import write_files
from providers.one_sis.district import invented
from rosterkit import registry
from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources.fake_server import Invented
from rosterkit.workspace import Workspace

DISTRICT = Invented(80, seed=5)


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


@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster-rest", "clever-csv"])
def test_what_was_applied_is_not_planned_again(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(kind, tmp_path, monkeypatch) as one:
        first = applied(one)
        assert first.changes["User"].create > 120
        assert not first.held or sum(counts.total for counts in first.held.values()) == 0
        again = one.plan()
    assert again.total.total == 0
    assert again.findings["error"] == 0


@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster-rest"])
def test_a_workspace_checks_what_an_api_delivers(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(kind, tmp_path, monkeypatch) as one:
        report = one.check()
    assert report.count("error") == 0
    assert sum(report.rows_read.values()) > 300
