"""A cache as a folder of Arrow files, private to its owner; complete once ``meta.json`` is there.

A file is read, and held against its checksum, when what it holds is asked for. What is the same as in the cache before
it is a link to the very file. The checksum finds accidents; who can write here can write to the store as well.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from isal import isal_zlib

from rosterkit.intake.cache import Cache, CachedFile, Damaged, hashed, tie

__all__ = ["load", "meta", "save"]

_META = "meta.json"
_PROBE = pl.DataFrame({"text": ["", "Ana,Ibáñez", "x" * 100]})
_DAMAGED = "what was remembered of last time is damaged"


class _Frames(Mapping[str, pl.DataFrame]):
    """The frames of a cache whose names begin so, by the rest of their names; each is read once. Raises Damaged."""

    def __init__(self, folder: Path, sums: Mapping[str, list[Any]], start: str) -> None:
        self._folder = folder
        self._sums = {name.removeprefix(start): told for name, told in sums.items() if name.startswith(start)}
        self._read: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            path, total = self.file(name)
            try:
                if _checksum(path) != total:
                    raise Damaged(_DAMAGED)
                self._read[name] = pl.read_ipc(path)
            except (OSError, pl.exceptions.PolarsError):
                raise Damaged(_DAMAGED) from None
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sums  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._sums)

    def __len__(self) -> int:
        return len(self._sums)

    def file(self, name: str) -> tuple[Path, int]:
        """Where a frame is, and the checksum of that file."""
        file, total = self._sums[name]
        return self._folder / file, int(total)


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            total = isal_zlib.crc32(chunk, total)
    return total


def _probe() -> list[str]:
    """What the hashes of this version of polars are: the cache is of no use to another."""
    hashes = _PROBE.select(*hashed("text"), tie=tie("text"))
    return [pl.__version__, *(str(value) for row in hashes.rows() for value in row)]


def _parts(cache: Cache) -> Iterator[tuple[str, Mapping[str, pl.DataFrame]]]:
    for name, file in cache.files.items():
        yield f"file/{name}//", file.frames
    yield "doubt/", cache.doubt
    yield "context/", cache.context
    yield "counts/", cache.counts


def save(folder: Path, cache: Cache, told: dict[str, Any]) -> None:
    """Writes the cache whole or not at all; ``told`` is what ``meta`` says of it again."""
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700, parents=True)
    try:
        sums: dict[str, tuple[str, int]] = {}
        for start, frames in _parts(cache):
            for name in frames:
                file = f"{len(sums)}.arrow"
                sums[start + name] = (file, _put(draft / file, frames, name))
        files = {n: [f.header, f.count, f.again, f.packed, f.content] for n, f in cache.files.items()}
        said = told | {"probe": _probe(), "sums": sums, "files": files}
        with _private(draft / _META) as out:
            out.write(json.dumps({"said": said, "sum": _sum(said)}).encode())
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(path: Path, frames: Mapping[str, pl.DataFrame], name: str) -> int:
    """Writes a frame, or links to the file that holds it already; returns the checksum."""
    if isinstance(frames, ChainMap):
        frames = next(layer for layer in frames.maps if name in layer)
    if isinstance(frames, _Frames):
        before, total = frames.file(name)
        try:
            os.link(before, path)
        except OSError:  # there are disks that know no links
            with _private(path) as out:
                out.write(before.read_bytes())
        return total
    with _private(path) as out:
        frames[name].write_ipc(out)
    return _checksum(path)


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def meta(folder: Path) -> dict[str, Any]:
    """What was told of the cache when it was written; Damaged where that cannot be read."""
    try:
        whole = json.loads((folder / _META).read_bytes())
        said = whole["said"]
        if _sum(said) != whole["sum"] or not isinstance(said, dict):
            raise Damaged(_DAMAGED)
    except (OSError, ValueError, KeyError, TypeError):
        raise Damaged(_DAMAGED) from None
    return said


def _sum(said: Any) -> int:
    return isal_zlib.crc32(json.dumps(said, sort_keys=True).encode())


def load(folder: Path) -> Cache:
    """Opens a cache; Damaged, now or when it is looked at, where anything is not as it was written, or was written by
    another version.
    """
    said = meta(folder)
    if said.get("probe") != _probe():
        raise Damaged("what was remembered of last time was written by another version of polars")
    try:
        sums = said["sums"]
        files = {}
        for name, (header, count, again, packed, content) in said["files"].items():
            files[name] = CachedFile(header, count, _Frames(folder, sums, f"file/{name}//"), again, packed, content)
        return Cache(files, *(_Frames(folder, sums, start) for start in ("doubt/", "context/", "counts/")))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Damaged(_DAMAGED) from None
