"""A cache on disk: private, checked when it is looked at, and linked to where nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rosterkit.intake import cachefolder
from rosterkit.intake.cache import CARRIED, Cache, CachedFile, Damaged
from rosterkit.intake.cachefolder import load, meta, save


def cache() -> Cache:
    records = pl.DataFrame({"h1": [1, 2], "h2": [3, 4], "again": [False, True]})
    frames = {"records": records, "carried": pl.DataFrame(schema=CARRIED)}
    doubt = {"Person": pl.DataFrame({"id": [7]})}
    return Cache({"users.csv": CachedFile("sourcedId", 2, frames, True, "packed", "content")}, doubt, {}, {})


def arrow_of(folder: Path, name: str) -> Path:
    sums = json.loads((folder / "meta.json").read_text())["said"]["sums"]
    return folder / str(sums[name][0])


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save(tmp_path / "plan", cache(), {"settings": "of today"})
    again = load(tmp_path / "plan").files["users.csv"]
    assert again.records.equals(cache().files["users.csv"].records)
    assert (again.header, again.count, again.again, again.packed, again.content) == (
        "sourcedId",
        2,
        True,
        "packed",
        "content",
    )
    assert load(tmp_path / "plan").doubt["Person"]["id"].to_list() == [7]
    assert meta(tmp_path / "plan")["settings"] == "of today"


def test_it_is_private_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    save(tmp_path / "plan", cache(), {})
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "plan").iterdir()} == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["plan"]


def test_what_did_not_change_is_linked_to(tmp_path: Path) -> None:
    save(tmp_path / "first", cache(), {})
    save(tmp_path / "second", load(tmp_path / "first"), {})
    for name in ("file/users.csv//records", "doubt/Person"):
        assert arrow_of(tmp_path / "second", name).samefile(arrow_of(tmp_path / "first", name))
    changed = load(tmp_path / "second").files["users.csv"].reading(pl.Series([0], dtype=pl.UInt32))
    save(tmp_path / "third", Cache({"users.csv": changed}), {})
    assert not arrow_of(tmp_path / "third", "file/users.csv//records").samefile(
        arrow_of(tmp_path / "first", "file/users.csv//records")
    )
    assert load(tmp_path / "third").files["users.csv"].records["again"].to_list() == [True, True]


@pytest.mark.parametrize("how", ["gone", "short", "garbled"])
def test_a_damaged_file_is_noticed_when_it_is_looked_at(tmp_path: Path, how: str) -> None:
    save(tmp_path / "plan", cache(), {})
    path = arrow_of(tmp_path / "plan", "file/users.csv//records")
    content = path.read_bytes()
    path.unlink()
    if how != "gone":
        path.write_bytes(content[:-1] if how == "short" else content[:200] + b"\xff" + content[201:])
    loaded = load(tmp_path / "plan")
    assert loaded.doubt["Person"].height == 1
    with pytest.raises(Damaged, match="damaged"):
        _ = loaded.files["users.csv"].records


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"said": {}, "sum": 1}', b'"text"'])
def test_a_damaged_table_of_contents_is_noticed_at_once(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "plan", cache(), {})
    (tmp_path / "plan" / "meta.json").write_bytes(content)
    with pytest.raises(Damaged, match="damaged"):
        load(tmp_path / "plan")


def test_a_word_in_the_table_of_contents_that_changed_is_noticed(tmp_path: Path) -> None:
    save(tmp_path / "plan", cache(), {})
    path = tmp_path / "plan" / "meta.json"
    path.write_text(path.read_text().replace('"content"', '"another"'))
    with pytest.raises(Damaged, match="damaged"):
        load(tmp_path / "plan")


def test_hashes_of_another_polars_are_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "plan", cache(), {})
    monkeypatch.setattr(cachefolder, "_probe", lambda: ["another"])
    with pytest.raises(Damaged, match="another version of polars"):
        load(tmp_path / "plan")
