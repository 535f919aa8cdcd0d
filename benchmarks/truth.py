"""What must come out: counted from two packages by whole tables and joins, without anything of rosterkit.

``files``: rows that are new, gone or other, by file. ``entities``: records created, archived and updated, by entity of
the canonical model, where lists in a row are records of their own.
"""

from __future__ import annotations

from benchmarks.child import Phases  # isort: skip - first, so that imports are timed

import sys
from pathlib import Path

import polars as pl

from benchmarks.packages import rows_of

Counts = dict[str, int]

_ENTITY_OF = {
    "academicSessions": "AcademicSession",
    "classes": "Class",
    "courses": "Course",
    "demographics": "Demographics",
    "enrollments": "Enrollment",
    "orgs": "Org",
    "roles": "Role",
    "userProfiles": "UserProfile",
    "users": "User",
}
_LISTS = {  # file, column of the list, columns that a record of the list has beside: the entity
    "classes": (("termSourcedIds", (), "ClassTerm"),),
    "users": (("orgSourcedIds", ("role",), "Role"), ("agentSourcedIds", (), "GuardianLink")),
}
_ELSEWHERE = ("termSourcedIds", "orgSourcedIds", "role", "agentSourcedIds", "password")
"""Columns of classes.csv and users.csv that are no values of the class or the person."""


def _difference(old: pl.DataFrame, new: pl.DataFrame, keys: list[str]) -> Counts:
    """Rows by key: in ``new`` alone, in ``old`` alone, and in both with other values."""
    values = [name for name in new.columns if name not in keys]
    both = new.join(old, on=keys, how="inner", suffix="\0old")
    other = 0
    if values:
        differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}\0old")) for name in values)
        other = both.select(differs.sum()).item()
    return {"create": new.height - both.height, "archive": old.height - both.height, "update": other}


def _listed(rows: pl.DataFrame, column: str, beside: tuple[str, ...]) -> pl.DataFrame:
    items = rows.select("sourcedId", *beside, item=pl.col(column).str.split(","))
    return items.explode("item").drop_nulls("item")


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def main(before: Path | None, after: Path) -> None:
    """Counts from one unzipped package to the next, or of the first."""
    phases = Phases()
    files: dict[str, Counts] = {}
    entities: dict[str, Counts] = {}
    rows = 0
    for path in rows_of(after):
        name = path.stem
        new = _read(path)
        old = _read(before / path.name) if before else new.clear()
        rows += new.height
        files[name] = _difference(old, new, ["sourcedId"])
        elsewhere = _ELSEWHERE if name in _LISTS else ()
        own = [column for column in new.columns if column not in elsewhere]
        entities[_ENTITY_OF[name]] = _difference(old.select(own), new.select(own), ["sourcedId"])
        for column, beside, entity in _LISTS.get(name, ()):
            if column in new.columns:
                listed_before, listed_after = (_listed(frame, column, beside) for frame in (old, new))
                entities[entity] = _difference(listed_before, listed_after, ["sourcedId", "item"])
    phases.say(files=files, entities={e: c for e, c in entities.items() if any(c.values())}, rows=rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1] else None, Path(sys.argv[2]))
