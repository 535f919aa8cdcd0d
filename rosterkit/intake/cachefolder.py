"""A cache as a folder of Arrow files, private to its owner; complete once ``meta.json`` is there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.intake.cache import Cache, CachedFile

__all__ = ["Damaged", "load", "meta", "save"]

_META = "meta.json"
_PROBE = pl.DataFrame({"text": ["", "Ana,Ibáñez", "x" * 100]})


class Damaged(Exception):  # noqa: N818 - it is no error: everything is then read
    """The cache cannot be used; the argument says why, in words."""


def _probe() -> list[str]:
    """What the hashes of this version of polars are: the cache is of no use to another."""
    return [pl.__version__, *(str(value) for value in _PROBE.select(pl.col("text").hash(11)).to_series())]


def _frames(cache: Cache) -> Iterator[tuple[str, pl.DataFrame]]:
    for name, file in cache.files.items():
        yield f"file/{name}/records", file.records
        yield f"file/{name}/carried", file.carried
        yield from ((f"file/{name}/list/{label}", frame) for label, frame in file.lists.items())
    yield from ((f"stated/{name}", frame) for name, frame in cache.stated.items())
    yield from ((f"doubt/{name}", ids.to_frame("id")) for name, ids in cache.doubt.items())
    yield from ((f"context/{name}", frame) for name, frame in cache.context.items())
    yield from ((f"counts/{name}", frame) for name, frame in cache.counts.items())


def save(folder: Path, cache: Cache, told: dict[str, Any]) -> None:
    """Writes the cache whole or not at all; ``told`` is what ``meta`` says of it again."""
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        sums: dict[str, str] = {}
        for number, (name, frame) in enumerate(_frames(cache)):
            out = io.BytesIO()
            frame.write_ipc(out)
            sums[name] = hashlib.sha256(out.getbuffer()).hexdigest()
            _write(draft / f"{number}.arrow", out.getbuffer())
        headers = {name: [file.header, file.packed, file.content] for name, file in cache.files.items()}
        said = told | {"probe": _probe(), "sums": sums, "headers": headers}
        _write(draft / _META, json.dumps(said).encode())
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write(path: Path, content: bytes | memoryview) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)


def meta(folder: Path) -> dict[str, Any]:
    """What was told of the cache when it was written; Damaged where that cannot be read."""
    try:
        said = json.loads((folder / _META).read_bytes())
    except (OSError, ValueError):
        raise Damaged("what was remembered of last time is damaged") from None
    if not isinstance(said, dict) or not isinstance(said.get("sums"), dict):
        raise Damaged("what was remembered of last time is damaged")
    return said


def load(folder: Path) -> Cache:
    """Reads a cache; Damaged where anything is not as it was written, or was written by another version."""
    said = meta(folder)
    if said.get("probe") != _probe():
        raise Damaged("what was remembered of last time was written by another version of polars")
    try:
        return _read(folder, said)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError):
        raise Damaged("what was remembered of last time is damaged") from None


def _read(folder: Path, said: dict[str, Any]) -> Cache:
    frames: dict[str, pl.DataFrame] = {}
    for number, (name, expected) in enumerate(said["sums"].items()):
        try:
            content = (folder / f"{number}.arrow").read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != expected:
            raise Damaged("what was remembered of last time is damaged")
        frames[name] = pl.read_ipc(io.BytesIO(content))
    files = {}
    for name, (header, packed, content) in said["headers"].items():
        lists, carried = _under(frames, f"file/{name}/list/"), frames[f"file/{name}/carried"]
        files[name] = CachedFile(header, frames[f"file/{name}/records"], packed, content, lists, carried)
    doubt = {name: frame["id"] for name, frame in _under(frames, "doubt/").items()}
    return Cache(files, _under(frames, "stated/"), doubt, _under(frames, "context/"), _under(frames, "counts/"))


def _under(frames: dict[str, pl.DataFrame], start: str) -> dict[str, pl.DataFrame]:
    return {name.removeprefix(start): frame for name, frame in frames.items() if name.startswith(start)}
