"""The content hash of a plan: equal changes have an equal hash, in whatever order rows and files came."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import Names, as_text
from rosterkit.plan.order import order_of
from rosterkit.plan.snapshot import KEY_PARTS, key
from rosterkit.roster.schema import by_name

__all__ = ["content_hash"]

_PIECE = 250_000  # rows that are hashed at a time


def content_hash(changes: Changes, names: Mapping[str, Names]) -> str:
    """SHA-256 over the changes, applicable then held, sorted by part, entity and key.

    Without integer ids, provenance, reasons, times and plan id. ``names``: by entity, what its creates refer to.
    """
    total = hashlib.sha256()
    for word, some in (("apply", changes.applicable()), ("hold", changes.held())):
        for part, name, frame in some.written():
            if part == "dates":
                continue
            total.update(f"{word} {part} {name}\n".encode())
            for chunk in _lines(name, part, frame, names.get(name, {})):
                text = io.BytesIO()
                chunk.write_csv(text, include_header=False, null_value="\x00")
                total.update(text.getbuffer())
    return total.hexdigest()


def _lines(name: str, part: str, frame: pl.DataFrame, names: Names) -> Iterator[pl.DataFrame]:
    """The lines to be hashed, in pieces: those of what is created are many, and long."""
    if part != "create":
        cells = ["action"] if part == "status" else ["action", "field", "before", "after"]
        by = [*KEY_PARTS, *cells[1:2]]
        yield from frame.lazy().select(*KEY_PARTS, *cells).sort(by).collect().iter_slices(_PIECE)
        return
    keyed = frame.select(pl.exclude("id", "sourced_id"), key())
    order = order_of(keyed["key"])
    for begin in range(0, frame.height, _PIECE):
        yield as_text(by_name(name), keyed[order.slice(begin, _PIECE)], names).collect()
