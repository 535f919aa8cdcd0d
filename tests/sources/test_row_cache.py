"""The row cache is a memo: an extract is the same, byte for byte, with it, without it, with an old or a damaged one."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from depth import DEEP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.oneroster import SOURCE
from providers.oneroster import rows as rows_module
from providers.oneroster.settings import OneRosterSettings
from providers.oneroster.spec import FILES
from providers.oneroster.values import Conversion
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.csv import Reading
from rosterkit.sources.findings import Findings
from rosterkit.sources.row_cache import CachedRows, Converted, RowCache
from rosterkit.testing.package import csv_text, manifest_text

sys.path.insert(0, str(Path(__file__).parents[1] / "providers" / "oneroster"))
from tiny import tiny


def extract(package: Path, cache: RowCache | None, **how: Any) -> dict[str, Any]:
    """Everything that an extract holds, in plain values."""
    with tempfile.TemporaryDirectory() as scratch:
        context = Context(
            Findings(SOURCE.rules), date(2026, 11, 20), Path(scratch), package, demographics=True, row_cache=cache
        )
        made = SOURCE.extract(OneRosterSettings(path=str(package), **how), context)
        return plain(made)


def plain(made: Extract) -> dict[str, Any]:
    tables = {
        table.entity: (
            table.rows.collect().to_dict(as_series=False),
            table.rows.collect_schema(),
            str(table.coverage),
            table.reason,
            table.invalid.rows(),
            [parents.rows() for parents in table.parents],
            table.changes,
        )
        for table in made.tables
    }
    return {
        "id": made.id,
        "tables": tables,
        "findings": made.findings.rows(),
        "read": made.rows_read,
        "about": (made.name, made.version, made.system, made.cursor),
    }


@contextmanager
def converted_rows() -> Iterator[list[int]]:
    """How many rows each conversion was given."""
    counts: list[int] = []
    convert = Conversion.__call__

    def counted(self: Conversion, texts: pl.DataFrame) -> Converted:
        counts.append(texts.height)
        return convert(self, texts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conversion, "__call__", counted)
        yield counts


CELLS = [
    "",
    " ",
    "NULL",
    "TRUE",
    "x",
    " ana ",
    "a,b",
    'say "hi"',
    "1.2E+11",
    "3/4/2026",
    "8/15/2026",
    "é",
    "ana",
    "s1",
    "d:1",
]
LINES = ["", ",,,", "x,ragged", 'q,"open', 'close",q', "a" * 90, '5" pipe,,,,']


@st.composite
def packages(draw: st.DrawFn) -> dict[str, list[str]]:
    """The lines of each file of the tiny roster, spoilt here and there."""
    version = draw(st.sampled_from(["1.1", "1.2"]))
    files: dict[str, list[str]] = {"version": [version]}
    for name, sound in tiny(version).items():
        rows = [*sound, *({**sound[0], "sourcedId": f"{name}{n}"} for n in range(draw(st.integers(0, 6))))]
        for _ in range(draw(st.integers(0, 2))):
            row = draw(st.integers(0, len(rows) - 1))
            column = draw(st.sampled_from(FILES[version][name].header))
            rows[row] = {**rows[row], column: draw(st.sampled_from(CELLS))}
        files[name] = csv_text(FILES[version][name].header, rows).splitlines()
    return files


@st.composite
def edits(draw: st.DrawFn, files: dict[str, list[str]]) -> dict[str, list[str]]:
    """The package of the next day: lines changed, moved, doubled, dropped, cut; columns of the header renamed."""
    edited = {name: list(lines) for name, lines in files.items()}
    names = [name for name in files if name != "version"]
    for _ in range(draw(st.integers(0, 6))):
        lines = edited[draw(st.sampled_from(names))]
        at = draw(st.integers(1, max(1, len(lines) - 1)))
        match draw(st.sampled_from(["cell", "line", "double", "drop", "move", "header"])):
            case "cell" if at < len(lines):
                cells = lines[at].split(",")
                cells[draw(st.integers(0, len(cells) - 1))] = draw(
                    st.sampled_from(["", "x", " y ", "TRUE", "2026-01-31"])
                )
                lines[at] = ",".join(cells)
            case "line":
                lines.insert(at, draw(st.sampled_from(LINES)))
            case "double" if at < len(lines):
                lines.insert(draw(st.integers(1, len(lines))), lines[at])
            case "drop" if len(lines) > 2 and at < len(lines):
                del lines[at]
            case "move":
                lines[1:] = random.Random(at).sample(lines[1:], len(lines) - 1)
            case "header":
                lines[0] = lines[0].replace("dateLastModified", "metadata.x")
            case _:
                pass
    return edited


def write(folder: Path, files: dict[str, list[str]], *, delta: str = "") -> Path:
    (version,) = files["version"]
    folder.mkdir(parents=True, exist_ok=True)
    modes = {name: "delta" if name == delta else "bulk" for name in files if name != "version"}
    (folder / "manifest.csv").write_text(manifest_text(modes, version=version), encoding="utf-8")
    for name in modes:
        (folder / f"{name}.csv").write_text("\n".join(files[name]) + "\n", encoding="utf-8")
    return folder


@contextmanager
def small_blocks(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "Reading", partial(Reading, block_bytes=size))
        yield


def damage(folder: Path, at: int) -> None:
    for path in sorted(folder.rglob("*.arrow")):
        raw = bytearray(path.read_bytes())
        raw[at % len(raw)] ^= 0x40
        path.write_bytes(raw)


@pytest.mark.deep
@settings(max_examples=1000 if DEEP else 3, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    days=packages().flatmap(lambda files: st.tuples(st.just(files), edits(files))),
    how=st.fixed_dictionaries({"strict": st.booleans(), "dates": st.sampled_from(["iso", "day-first"])}),
    delta=st.sampled_from(["", "users", "enrollments"]),
    damaged_at=st.integers(0, 5000),
)
def test_an_extract_is_the_same_with_the_cache_without_it_with_an_older_and_with_a_damaged_one(
    days: tuple[dict[str, list[str]], dict[str, list[str]]], how: dict[str, Any], delta: str, damaged_at: int
) -> None:
    first, second = days
    with tempfile.TemporaryDirectory() as place:
        old, new = write(Path(place, "a", "p"), first), write(Path(place, "b", "p"), second, delta=delta)
        cache = RowCache(Path(place, "cache"), may_write=True, smallest_file=0)
        assert extract(old, cache) == extract(old, None)
        wanted = extract(new, None, **how)
        reading = RowCache(cache.folder, smallest_file=0)
        assert extract(new, reading, **how) == wanted  # with an older one
        assert extract(new, cache, **how) == wanted  # which is written anew
        assert extract(new, reading, **how) == wanted
        assert extract(old, cache) == extract(old, None)
        damage(cache.folder, damaged_at)
        assert extract(new, reading, **how) == wanted
        with small_blocks(200):
            assert extract(old, cache) == extract(old, None)


@pytest.fixture
def cache(tmp_path: Path) -> RowCache:
    return RowCache(tmp_path / "cache", may_write=True, smallest_file=0)


def many(version: str = "1.1", students: int = 30) -> dict[str, list[str]]:
    files = tiny(version)
    files["users"] += [{**files["users"][0], "sourcedId": f"u{n}", "username": f"u{n}"} for n in range(students)]
    texts = {name: csv_text(FILES[version][name].header, rows).splitlines() for name, rows in files.items()}
    return {"version": [version], **texts}


def test_only_lines_that_are_not_known_are_converted(tmp_path: Path, cache: RowCache) -> None:
    files = many()
    extract(write(tmp_path / "a", files), cache)
    files["users"][5] = files["users"][5].replace("Ana", "Anna")
    with converted_rows() as counts:
        extract(write(tmp_path / "b", files), cache)
    assert counts == [1]


def test_the_cache_is_written_anew_only_when_more_than_a_tenth_is_not_known(tmp_path: Path, cache: RowCache) -> None:
    files = many()
    extract(write(tmp_path / "a", files), cache)
    before = sorted(cache.folder.rglob("*.arrow"))
    files["users"][5] = files["users"][5].replace("Ana", "Anna")
    extract(write(tmp_path / "b", files), cache)
    assert sorted(cache.folder.rglob("*.arrow")) == before
    for at in range(2, 12):
        files["users"][at] = files["users"][at].replace("Ruiz", "Roca")
    extract(write(tmp_path / "c", files), cache)
    after = sorted(cache.folder.rglob("*.arrow"))
    assert after != before
    assert len(after) == len(before)


def test_a_file_with_a_record_of_several_lines_is_read_in_full(tmp_path: Path, cache: RowCache) -> None:
    files = many()
    files["users"][5] = files["users"][5].replace("Ana", '"An\na"')
    package = write(tmp_path / "a", files)
    for _ in range(2):
        assert extract(package, cache) == extract(package, None)
    with converted_rows() as counts:
        extract(package, cache)
    assert max(counts) == 33


def test_neither_a_reading_run_nor_a_set_of_changes_writes(tmp_path: Path, cache: RowCache) -> None:
    files = many()
    extract(write(tmp_path / "a", files), RowCache(cache.folder, smallest_file=0))
    assert not cache.folder.exists()
    delta = {name: files[name] for name in ("version", "users")}
    extract(write(tmp_path / "b", delta, delta="users"), cache)
    assert not list(cache.folder.rglob("*.arrow"))


def test_a_record_whose_first_hash_is_that_of_another_is_not_taken_for_it(
    tmp_path: Path, cache: RowCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup goes by 64 bits; the other 64 must agree too."""

    def colliding(self: CachedRows) -> list[pl.Expr]:
        alike = pl.col("text").str.slice(0, 2).hash(self.seeds[0])
        return [alike.alias("\0hash"), pl.col("text").hash(self.seeds[1]).alias("\0confirm")]

    monkeypatch.setattr(CachedRows, "hashes", colliding)
    files = many()
    extract(write(tmp_path / "a", files), cache)
    files["users"][2] = files["users"][2].replace("Haddad", "Hadad")
    package = write(tmp_path / "b", files)
    assert extract(package, cache) == extract(package, None)


def test_a_change_of_settings_or_rules_finds_nothing(
    tmp_path: Path, cache: RowCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write(tmp_path / "a", many())
    extract(package, cache)
    with converted_rows() as counts:
        extract(package, cache)
        assert counts == []
        extract(package, cache, dates="day-first")
        assert sum(counts) > 30
        counts.clear()
        monkeypatch.setattr(rows_module, "_RULES_VERSION", "another")
        extract(package, cache)
        assert sum(counts) > 30


def test_folders_and_files_are_private(tmp_path: Path, cache: RowCache) -> None:
    """Hostile 9: whatever the umask."""
    before = os.umask(0)
    try:
        extract(write(tmp_path / "a", many()), cache)
    finally:
        os.umask(before)
    places = [cache.folder, *cache.folder.rglob("*")]
    assert {place.stat().st_mode & 0o777 for place in places if place.is_dir()} == {0o700}
    assert {place.stat().st_mode & 0o777 for place in places if place.is_file()} == {0o600}


def test_a_cache_that_cannot_be_written_or_read_changes_nothing(tmp_path: Path) -> None:
    package = write(tmp_path / "a", many())
    (tmp_path / "file").write_text("no folder")
    assert extract(package, RowCache(tmp_path / "file" / "cache", may_write=True, smallest_file=0)) == extract(
        package, None
    )
