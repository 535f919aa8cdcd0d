"""The content hash of a plan: equal changes have an equal hash, in whatever order rows and files came."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import Names, as_text, names_of
from rosterkit.plan.order import order_of
from rosterkit.plan.snapshot import KEY_PARTS, key
from rosterkit.roster.schema import Entity, by_name

_PIECE = 100_000  # rows that are hashed at a time
_FEW = 10_000  # rows up to which sorting them is quicker than finding their order
_CELLS = {
    "status": ["action"],
    "update": ["action", "field", "before", "after"],
    "pins": ["op", "field", "before", "after", "value", "code"],
    "blocks": ["op", "kind", "student_key", "feed", "field"],
}
"""What is hashed of a part beside the keys."""


def content_hash(changes: Changes, names: Names) -> str:
    """SHA-256 over the changes, applicable then held, sorted by part, entity and key.

    Without integer ids, provenance, reasons, times and plan id.
    """
    total = hashlib.sha256()
    for what, some in (("apply", changes.applicable), ("hold", changes.held)):
        for part, name, frame in some.written():
            if part == "dates":
                continue
            total.update(f"{what} {part} {name}\n".encode())
            for chunk in _creates(by_name(name), frame, names) if part == "create" else _lines(part, frame):
                text = io.BytesIO()
                chunk.write_csv(text, include_header=False, null_value="\x00")
                total.update(text.getbuffer())
    return total.hexdigest()


def _lines(part: str, frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    cells = _CELLS[part]
    by = [*KEY_PARTS, *cells[1:2]]
    return frame.lazy().select(*KEY_PARTS, *cells).sort(by).collect().iter_slices(_PIECE)


def _creates(entity: Entity, frame: pl.DataFrame, names: Names) -> Iterator[pl.DataFrame]:
    """The lines to be hashed, in pieces: those of what is created are many, and long."""
    known = names_of(entity, frame, names)
    if frame.height <= _FEW:
        own = frame.lazy().select(pl.exclude("id", "sourced_id"), key()).sort("key")
        yield as_text(entity, own, known).collect()
        return
    keyed = frame.select(pl.exclude("id", "sourced_id"), key())
    order = order_of(keyed["key"])
    for begin in range(0, frame.height, _PIECE):
        yield as_text(entity, keyed[order.slice(begin, _PIECE)], known).collect()
