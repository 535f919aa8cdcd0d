"""Invented districts of any size as OneRoster packages, day after day: for tests, benchmarks and trials.

The same arguments give the same rows; nothing is kept between days, and rows are written as they are made, so that a
million students need little memory. Every package is whole (each reference stands) and strictly valid, but for the
line breaks that a day may ask for.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from providers.oneroster.spec import FILES
from rosterkit.testing.district_people import People
from rosterkit.testing.district_schools import Schools
from rosterkit.testing.district_state import Day, District, State
from rosterkit.testing.package import manifest_text

__all__ = ["DAYS", "SIZES", "Day", "District", "write_district"]

SIZES = {"S": 10_000, "M": 100_000, "L": 1_000_000}
"""Students by the name of a size; L is about New York City."""

DAYS = {
    "first": Day(),
    "changed": Day(1),
    "zipped again": Day(1, level=4),
    "re-sorted": Day(1, resorted=True),
    "line breaks": Day(1, line_breaks=3),
    "inserted": Day(2, inserted=True),
}
"""A first day, a second on which one row in a hundred differs, others with its content, and a third."""

Tables = Iterator[tuple[str, Iterable[pl.DataFrame]]]


def write_district(
    path: Path, district: District, day: Day = DAYS["first"], *, portion: int = 400_000
) -> dict[str, int]:
    """Writes the zip of that day, and returns how many rows each file has; ``portion`` rows are made at a time."""
    header = {name: file.header for name, file in FILES[district.version].items()}
    rows: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=day.level) as package:
        for name, frames in _tables(district, day, portion):
            rows[name] = _write(package, name, header[name], frames)
        with package.open("manifest.csv", "w") as stream:
            stream.write(manifest_text(dict.fromkeys(rows, "bulk"), version=district.version).encode())
    return rows


def _tables(district: District, day: Day, portion: int) -> Tables:
    """The files of the package and their rows, a portion at a time."""
    state = State(district, day)
    schools, people = Schools(state), People(state)
    yield "academicSessions", [schools.sessions()]
    yield "orgs", [schools.orgs()]
    yield "courses", [schools.courses()]
    classes = state.class_order()
    yield "classes", (schools.classes(part) for part in _portions(classes, portion))
    orders = people.orders()
    parts = [(kind, part) for kind, order in orders.items() for part in _portions(order, portion)]
    yield "users", (people.users(kind, part) for kind, part in parts)
    if district.version == "1.2":
        yield "userProfiles", (people.profiles(part) for part in _portions(orders["staff"], portion))
        yield "roles", (frame for kind, part in parts for frame in people.roles(kind, part))
    if district.demographics:
        yield "demographics", (people.demographics(part) for part in _portions(orders["student"], portion))
    yield "enrollments", _enrollments(schools, classes, portion)


def _enrollments(schools: Schools, classes: pl.Series, portion: int) -> Iterator[pl.DataFrame]:
    yield from schools.student_enrollments(portion)
    for second in (False, True):
        for part in _portions(classes, portion):
            yield schools.teacher_enrollments(part, second=second)


def _portions(order: pl.Series, portion: int) -> Iterator[pl.Series]:
    return (order[start : start + portion] for start in range(0, len(order), portion))


def _write(package: zipfile.ZipFile, name: str, header: tuple[str, ...], frames: Iterable[pl.DataFrame]) -> int:
    rows = 0
    with package.open(f"{name}.csv", "w", force_zip64=True) as stream:
        stream.write((",".join(header) + "\n").encode())
        for frame in frames:
            text = io.BytesIO()
            blank = [pl.lit(None, pl.String).alias(column) for column in header if column not in frame.columns]
            frame.with_columns(blank).select(header).write_csv(text, include_header=False, line_terminator="\n")
            stream.write(text.getbuffer())
            rows += frame.height
    return rows
