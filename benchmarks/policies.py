"""The second plan with every policy on, beside the same plan with none: ``python -m benchmarks.policies [SIZE]``.

With: everybody of the staff and every guardian has signed in, each school has settings of its own, titles of classes
are pinned, links blocked, values suppressed, one school is disabled, and changes are announced. Each plan is made three
times in a process of its own, in turn; the least processor seconds count, as the cores may be shared.
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import measured
from benchmarks.packages import Packages
from rosterkit import Workspace

__all__ = ["main"]

_FOLDER = Path("build/benchmarks")
_FEW = 50
_WHY: dict[str, Any] = {"reason": "measured", "actor": "benchmark:leader"}


def main(words: list[str]) -> None:
    """Prints a row for each of the two."""
    packages = Packages((_FOLDER / "packages").resolve(), words[0] if words else "S", "1.1")
    plain, ruled = (_FOLDER.resolve() / f"policies-{packages.size}-{name}" for name in ("off", "on"))
    copy = plain.with_name("policies-planned")
    for folder in (plain, ruled, copy):
        shutil.rmtree(folder, ignore_errors=True)
    measured("init", "product", "init", plain, "1.1")
    made = measured("first load", "product", "plan", plain, packages.zip("first"))
    measured("first load", "product", "apply", plain, made.said["plan"], "x")
    shutil.copytree(plain, ruled)
    _rule(ruled)
    taken: dict[Path, list[Any]] = {plain: [], ruled: []}
    for _ in range(3):
        for folder, stages in taken.items():
            shutil.copytree(folder, copy)
            stages.append(measured("plan", "product", "plan", copy, packages.zip("changed")))
            shutil.rmtree(copy)
    for name, folder in (("without", plain), ("with every policy", ruled)):
        least = min(taken[folder], key=lambda stage: float(stage.processor))
        changes = sum(sum(counts.values()) for counts in least.said["changes"].values())
        said = (f"{least.processor:.2f}", f"{least.peak / 1e6:.0f}", f"{changes:,}", f"{least.said['held']:,}")
        sys.stdout.write(f"| {' | '.join((packages.size, name, *said))} |\n")


def _rule(folder: Path) -> None:
    """Sets every policy."""
    with closing(sqlite3.connect(folder / "roster.db")) as connection, connection:
        adults = "select distinct user_id from role where status='active' and role<>'student'"
        connection.execute(f"insert into sign_in (user, at) select user_id, '2026-09-01' from ({adults})")
        schools = [key for (key,) in connection.execute("select sourced_id from org where type='school' order by id")]
        titles = [key for (key,) in connection.execute("select sourced_id from class order by id limit ?", (_FEW,))]
        links = connection.execute(
            "select a.sourced_id, s.sourced_id from guardian_link l join user a on a.id=l.guardian_id "
            "join user s on s.id=l.student_id where l.status='active' order by l.id limit ?",
            (_FEW,),
        ).fetchall()
    own = "".join(f'\n[policy.schools."{key}"]\nadd_students = true\n' for key in schools)
    roles = '"student", "teacher", "administrator", "aide", "guardian", "parent", "relative"'
    path = folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('path = "package.zip"', f'path = "package.zip"\nmanages = [{roles}]')
    text = text.replace("[rollover]", '[rollover]\nrelease_date = "2027-08-01"')
    path.write_text(text + own, encoding="utf-8")
    workspace = Workspace(folder)
    for key in titles:
        workspace.edit("Class", key, {"title": "A name by hand"}, actor=_WHY["actor"])
    for adult, student in links:
        workspace.block_link(adult, student, **_WHY)
    for student in {student for _, student in links}:
        workspace.suppress(student, field="email", **_WHY)
    workspace.source_disable("main", school=schools[-1], **_WHY)
    by = datetime.now(workspace.config.zone).date() + timedelta(days=30)
    workspace.expect_domain("juniper-valley.example", "oak.example", by=by, **_WHY)
    workspace.expect_students(1_000, by=by, **_WHY)
    workspace.expect_school(schools[0], by=by, **_WHY)


if __name__ == "__main__":
    main(sys.argv[1:])
