"""A package as an interface of records would fill it: of each kind a file of JSON lines, or a folder of JSON pages.

Objects come with their keys in any order, and what belongs to one person on several lines. Here they become records:
each is one line of text in canonical form, so that two that say the same have the same text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.intake.records import LINE

__all__ = ["GROUPED", "Stream", "canonical", "package_id", "read_stream"]

GROUPED = ("people",)
"""Kinds of which several lines with one id are one record: a list of those lines, sorted, each once."""

_BLOCK = 500  # records that are handed on at a time


@dataclass(frozen=True)
class Stream:
    """The records of one kind in their order: ``text`` and LINE, by which they are counted from 1.

    Of a record of several lines LINE is the first. ``why``: why there are none to read.
    """

    kind: str
    texts: pl.DataFrame
    why: str = ""

    def blocks(self) -> Iterator[pl.DataFrame]:
        """The records, some at a time."""
        return self.texts.iter_slices(_BLOCK)


def canonical(value: Any) -> str:
    """A JSON value as one line of text: the same for the same value, in whatever order its keys came."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def read_stream(package: Path, kind: str) -> Stream:
    """Every record of a kind; a file or page that is not what it should be leaves none."""
    try:
        values = list(_values(package, kind))
    except (OSError, ValueError, KeyError, TypeError):
        return _stream(kind, [], f"{kind} is not there, or a page of it cannot be read")
    lines = _grouped(values) if kind in GROUPED else [(line, canonical(value)) for line, value in values]
    return _stream(kind, lines, "" if lines else f"{kind} has no records")


def _stream(kind: str, lines: list[tuple[int, str]], why: str) -> Stream:
    schema = {LINE: pl.Int64, "text": pl.String}
    return Stream(kind, pl.DataFrame(lines, schema=schema, orient="row").select("text", LINE), why)


def _values(package: Path, kind: str) -> Iterator[tuple[int, Any]]:
    """What stands on each line, or in each place of the pages one after the other; a line that is no JSON is a text."""
    if (package / kind).is_dir():
        pages = sorted((package / kind).iterdir())
        items = [item for page in pages for item in list(json.loads(page.read_bytes())["data"])]
        yield from enumerate(items, 1)
        return
    for number, text in enumerate((package / f"{kind}.jsonl").read_bytes().decode().splitlines(), 1):
        try:
            yield number, json.loads(text)
        except ValueError:
            yield number, text


def _grouped(values: list[tuple[int, Any]]) -> list[tuple[int, str]]:
    """One record per id, where its first line stands. A line without an id is a record by itself."""
    groups: dict[object, tuple[int, set[str]]] = {}
    for line, value in values:
        key = value.get("id") if isinstance(value, dict) else None
        _, texts = groups.setdefault(key if isinstance(key, str) else line, (line, set()))
        texts.add(canonical(value))
    return [(line, f"[{','.join(sorted(texts))}]") for line, texts in groups.values()]


def package_id(package: Path) -> str:
    """SHA-256 over the names and contents of all files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
