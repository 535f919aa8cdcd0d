"""Two workspaces on the same nights: one keeps its cache, the other forgets everything before each plan."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from nights import Package, bulk, tiny_district
from nights_alike import facts, said, same

from rosterkit import Workspace
from rosterkit.errors import Refused, RosterkitError, SourceUnreadable
from rosterkit.plan.plan import Plan

T = TypeVar("T")

LIMITS = {
    "usual": {},
    "tight": {"vanished_percent": 0, "vanished_floor": 0, "vanished_overall_percent": 0, "vanished_overall_floor": 0},
    "loose": {"vanished_percent": 100, "vanished_overall_percent": 100, "halved_from": 1000},
}
Settings = Mapping[str, Any]
USUAL: Settings = {"demographics": True, "dates": "iso", "strict": False, "limits": "usual"}


def plan_in_full(ws: Workspace, package: Path, as_of: date) -> Plan:
    """A plan that knows nothing of the nights before."""
    _empty(ws.folder / "cache")
    return ws.plan(package, as_of=as_of, full=True)


def took(plan: Plan, **roads: str) -> None:
    """Asserts which road each file took: ``users="filtered"``, or one of several, ``users="same filtered"``."""
    for name, road in roads.items():
        found = plan.reading[f"{name}.csv"]
        assert found.road in road.split(), f"{name}.csv was {found.road}: {found.why}"
        few = found.records < 3  # what is tied to them may be all of them
        assert few or found.parsed < found.records or found.road == "full", f"{name}.csv: every record was parsed"
        short = name in ("orgs", "academicSessions")
        assert found.why or short or found.road != "full", f"{name}.csv was read in full, and nobody says why"


def few(examples: int, **more: Any) -> settings:
    """So many examples, as each takes seconds; forty times as many where HYPOTHESIS_PROFILE is deep."""
    deep = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
    return settings(max_examples=examples * (40 if deep else 1), suppress_health_check=list(HealthCheck), **more)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)


def configure(folder: Path, told: Settings) -> None:
    """Writes the settings of a workspace."""
    lines = ['mode = "review"', f"demographics = {str(told['demographics']).lower()}", "[sources.main]"]
    lines += ['kind = "oneroster"', 'path = "package.zip"', f'dates = "{told["dates"]}"']
    lines += [f"strict = {str(told['strict']).lower()}", "[limits]"]
    lines += [f"{name} = {value}" for name, value in LIMITS[told["limits"]].items()]
    lines += ["[caps]", *told.get("caps", ())]
    (folder / "rosterkit.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")


class TwoRoads:
    """The fast workspace and the full one. Whatever is done is done to both, and then they must be alike."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plans: list[tuple[str, str]] = []  # ids, fast and full
        self.nights = 0
        self.written = 0
        self.told: Settings = USUAL
        self._open()

    def _open(self) -> None:
        self.fast, self.full = Workspace(self.folder / "fast"), Workspace(self.folder / "full")

    @property
    def as_of(self) -> date:
        return date(2026, 11, 1) + timedelta(days=self.nights)

    def configure(self, **told: Any) -> None:
        self.told = {**self.told, **told}
        for ws in (self.fast, self.full):
            configure(ws.folder, self.told)
        self._open()

    def write(self, package: Package, *, level: int = 6, backwards: bool = False, folder: bool = False) -> Path:
        self.written += 1
        name = f"package{self.written}" if folder else f"package{self.written}.zip"
        return package.write(self.folder / name, level=level, backwards=backwards)

    def plan(self, package: Path | Package) -> Plan | None:
        """Tonight's plan, which is alike on both roads, as the fast one made it; None where both refuse the package."""
        path = self.write(package) if isinstance(package, Package) else package
        self.nights += 1
        return self._planned(
            lambda: self.fast.plan(path, as_of=self.as_of), lambda: plan_in_full(self.full, path, self.as_of)
        )

    def undo(self, revision: int | None = None) -> Plan | None:
        return self._planned(
            lambda: self.fast.undo(revision, as_of=self.as_of), lambda: self.full.undo(revision, as_of=self.as_of)
        )

    def _planned(self, fast: Callable[[], Plan], full: Callable[[], Plan]) -> Plan | None:
        plan, other = self._both(fast, full)
        if plan is None or other is None:
            return None
        self.plans.append((plan.id, other.id))
        fast_view, full_view = self.fast.show(plan.id), self.full.show(other.id)
        same(said(fast_view), said(full_view), "the plans")
        assert fast_view.findings.equals(full_view.findings), "the findings stand in another order"
        self.alike()
        return plan

    def alike(self) -> None:
        same(facts(self.fast), facts(self.full), "the stores")

    def _both(self, fast: Callable[[], T], full: Callable[[], T]) -> tuple[T | None, T | None]:
        """What both say; None where both refuse, which they do with the same word."""
        one, one_refusal = _tried(fast)
        other, other_refusal = _tried(full)
        assert one_refusal == other_refusal, f"fast: {one_refusal or 'done'}; full: {other_refusal or 'done'}"
        return one, other

    def do(self, verb: Callable[[Workspace], object]) -> bool:
        """Does it to both; whether they let it be done."""
        return not self._refused(lambda: verb(self.fast), lambda: verb(self.full))

    def do_with_plan(self, verb: Callable[[Workspace, str], object], number: int = -1) -> bool:
        """As ``do``, with one of the plans that were made."""
        fast, full = self.plans[number]
        return not self._refused(lambda: verb(self.fast, fast), lambda: verb(self.full, full))

    def _refused(self, fast: Callable[[], object], full: Callable[[], object]) -> bool:
        done, _ = self._both(lambda: (fast(), True), lambda: (full(), True))
        self.alike()
        return done is None

    def approve(self, number: int = -1) -> bool:
        return self.do_with_plan(lambda ws, plan: ws.approve(plan, reason="as expected", actor="kim"), number)

    def apply(self, number: int = -1) -> bool:
        return self.do_with_plan(lambda ws, plan: ws.apply(plan, actor="kim"), number)

    def night(self, package: Path | Package) -> Plan:
        """A plan that is approved and applied."""
        plan = self.plan(package)
        assert plan is not None
        assert self.approve()
        assert self.apply()
        return plan

    def crash_while_planning(self, package: Package) -> None:
        """The fast one dies when its cache is written and its plan is not yet stored."""
        path = self.write(package)
        copy = self.folder / "before"
        shutil.copytree(self.fast.folder, copy, ignore=shutil.ignore_patterns("cache"))
        with suppress(RosterkitError):
            self.fast.plan(path, as_of=self.as_of)
        for old in self.fast.folder.iterdir():
            if old.is_dir() and old.name != "cache":
                shutil.rmtree(old)
            elif not old.is_dir():
                old.unlink()
        shutil.copytree(copy, self.fast.folder, dirs_exist_ok=True)
        shutil.rmtree(copy)

    @property
    def cache(self) -> Path:
        """The folder that the fast one keeps and may lose."""
        return self.fast.folder / "cache"

    def cached(self) -> list[Path]:
        return sorted(path for path in self.cache.rglob("*") if path.is_file())

    def lose_cache(self) -> None:
        _empty(self.cache)

    def copy_cache(self) -> Path:
        self.written += 1
        return Path(shutil.copytree(self.cache, self.folder / f"cache{self.written}"))

    def put_back(self, copy: Path) -> None:
        """The cache is as it was when it was copied, as if what came since had died before it was kept."""
        shutil.rmtree(self.cache)
        shutil.copytree(copy, self.cache)


def _tried(verb: Callable[[], T]) -> tuple[T | None, str]:
    try:
        return verb(), ""
    except Refused as refusal:
        return None, f"refused, {refusal.why}"
    except SourceUnreadable as refusal:
        return None, f"unreadable, {refusal.rule}"


def harm(path: Path, how: str, place: int) -> None:
    """Harms a file: delete, empty, truncate (to so many percent), garble (the byte there) or stray (a half beside)."""
    whole = path.read_bytes()
    at = len(whole) * place // 100
    if how == "delete":
        path.unlink()
    elif how == "stray":
        path.with_name(f"{path.name}.half").write_bytes(whole[:at])
        path.with_name("half-written").write_bytes(whole[:at])
    else:
        changed = whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :] if whole else b""
        path.write_bytes({"empty": b"", "truncate": whole[:at], "garble": changed}[how])


@cache
def _first_night(version: str, *, demographics: bool) -> Path:
    """A folder with both workspaces after the first night, made once."""
    folder = Path(tempfile.mkdtemp(prefix="rosterkit-two-roads-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("fast", "full"):
        Workspace.init(folder / name)
    roads = TwoRoads(folder)
    roads.configure(demographics=demographics)
    roads.night(bulk(tiny_district(version)).write(folder / "first.zip"))
    return folder


@contextmanager
def two_roads(version: str = "1.1", *, demographics: bool = True) -> Iterator[TwoRoads]:
    """Two workspaces in a temporary folder, which have ``tiny_district`` of that version, as ``first.zip`` says it."""
    first = _first_night(version, demographics=demographics)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(first, folder, dirs_exist_ok=True)
        roads = TwoRoads(Path(folder))
        roads.told = {**USUAL, "demographics": demographics}
        roads.nights = 1
        yield roads
