"""The body of a plan: its changes as frames, which are stored, shown, applied, undone and replayed alike.

Every part is one frame of one entity. ``hold`` and ``hold_why`` are null in what will be applied.

========  =======================================================================================================
part      columns
========  =======================================================================================================
create    id, sourced_id, every business column by name (references as ids), PROVENANCE, hold, hold_why
status    id, sourced_id, action (archive | restore), how, digest, PROVENANCE, hold, hold_why
update    id, sourced_id, action (update | restore), field (label), before, after (text, references as sourced ids),
          before_id, after_id (of references), how, PROVENANCE, hold, hold_why
stamp     id, modified_at: what dateLastModified the source said of records that otherwise stay as they are
========  =======================================================================================================
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.compare import bit, has
from rosterkit.plan.frames import order_of, where
from rosterkit.plan.natural_keys import Keys, as_text, digest
from rosterkit.plan.plan import ACTIONS, Counts
from rosterkit.roster.schema import PROVENANCE, Entity, entities

__all__ = ["HOLD", "STATUS", "UPDATE", "Parts", "content_hash", "counts", "parts_of"]

_PIECE = 50_000  # rows that are hashed at a time

HOLD: dict[str, type[pl.DataType]] = {"hold": pl.String, "hold_why": pl.String}
_PLACE: dict[str, type[pl.DataType]] = {name: pl.Int64 if name == "line" else pl.String for name in PROVENANCE}
STATUS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "sourced_id": pl.String,
    "action": pl.String,
    "how": pl.String,
    "digest": pl.String,
    **_PLACE,
    **HOLD,
}
UPDATE: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,
    "sourced_id": pl.String,
    "action": pl.String,
    "field": pl.String,
    "before": pl.String,
    "after": pl.String,
    "before_id": pl.Int64,
    "after_id": pl.Int64,
    "how": pl.String,
    **_PLACE,
    **HOLD,
}


def create_schema(entity: Entity) -> dict[str, type[pl.DataType]]:
    """The columns of a create part."""
    business = {c.name: c.dtype for c in entity.columns}
    return {"id": pl.Int64, "sourced_id": pl.String, **business, **_PLACE, **HOLD}


@dataclass(frozen=True)
class Parts:
    """The changes of a plan by entity; an entity without any is missing."""

    create: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    status: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    update: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    stamp: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def frames(self) -> Iterable[tuple[str, str, pl.DataFrame]]:
        """(part, entity, frame) of each that is not empty."""
        for part in ("create", "status", "update", "stamp"):
            for name, frame in getattr(self, part).items():
                if frame.height:
                    yield part, name, frame

    def applicable(self) -> Parts:
        """Only what will be applied."""
        return self._only(pl.col("hold").is_null(), self.stamp)

    def held(self) -> Parts:
        """Only what is held."""
        return self._only(pl.col("hold").is_not_null(), {})

    def _only(self, which: pl.Expr, stamp: Mapping[str, pl.DataFrame]) -> Parts:
        kept = {
            part: {name: rows for name, frame in getattr(self, part).items() if (rows := where(frame, which)).height}
            for part in ("create", "status", "update")
        }
        return Parts(**kept, stamp=stamp)

    @property
    def empty(self) -> bool:
        """Whether applying these parts would write no row."""
        return not any(True for _ in self.frames())


def _updates(entity: Entity, rows: pl.DataFrame, keys: Keys, field_codes: pl.DataFrame) -> pl.DataFrame:
    """The changed fields of updates and restores, one row each."""
    rows = rows.filter(pl.col("action").is_in(["update", "restore"]) & (pl.col("diff") != 0))
    before, after = as_text(entity, rows, keys, "s."), as_text(entity, rows, keys)
    parts = [pl.DataFrame(schema=UPDATE)]
    for column in entity.columns:
        ids = (
            {"before_id": pl.col(f"s.{column.name}"), "after_id": pl.col(column.name)}
            if column.to
            else {"before_id": pl.lit(None, pl.Int64), "after_id": pl.lit(None, pl.Int64)}
        )
        wide = rows.with_columns(
            field=pl.lit(column.label), before=before[column.label], after=after[column.label], **ids
        ).filter(has("diff", bit(entity, column)))
        if wide.height == 0:
            continue
        own = pl.col("hold").is_null() | (pl.col("hold") == "dependant")  # else a hold of the record came first
        apart = own & has("field_hold", bit(entity, column))
        wide = _with_codes(wide, field_codes).with_columns(
            hold=pl.when(apart).then(pl.coalesce("_code", pl.lit("dependant"))).otherwise("hold"),
            hold_why=pl.when(apart)
            .then(pl.coalesce("_reason", pl.lit("what it refers to is held")))
            .otherwise("hold_why"),
        )
        parts.append(wide.select(list(UPDATE)))
    return pl.concat(parts)


def _with_codes(rows: pl.DataFrame, field_codes: pl.DataFrame) -> pl.DataFrame:
    """Lines of one field with ``_code`` and ``_reason`` of what holds it: a word on the field, or on this very value.

    (A course has a column ``code`` of its own.)
    """
    on = ["sourced_id", "field"]
    undone = pl.col("code") == "undo"
    any_value = field_codes.filter(~undone).unique(on, keep="first")
    this_value = field_codes.filter(undone).rename({"value": "after"}).unique([*on, "after"], keep="first")
    words = any_value.select(*on, _code="code", _reason="reason")
    rows = rows.join(words, on=on, how="left", maintain_order="left")
    words = this_value.select(*on, "after", _code_this="code", _reason_this="reason")
    rows = rows.join(words, on=[*on, "after"], how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(_code=pl.coalesce("_code", "_code_this"), _reason=pl.coalesce("_reason", "_reason_this"))


def parts_of(judged: Mapping[str, pl.DataFrame], keys: Keys, holds: pl.DataFrame) -> Parts:
    """The parts of all judged rows that have an action."""
    create, status, update, stamp = {}, {}, {}, {}
    for entity in entities():
        rows = where(judged[entity.name], pl.col("action").is_not_null())
        new = where(rows, pl.col("action") == "create").select(list(create_schema(entity)))
        moved = rows.filter(pl.col("action").is_in(["archive", "restore"]))
        digests = digest(entity, as_text(entity, moved, keys, "s."))
        mine = holds.filter((pl.col("entity") == entity.name) & (pl.col("field") != ""))
        codes = mine.select("sourced_id", "field", "value", "code", "reason")
        create[entity.name] = new
        status[entity.name] = moved.with_columns(digest=digests).select(list(STATUS))
        update[entity.name] = _updates(entity, rows, keys, codes)
        stamp[entity.name] = _stamps(judged[entity.name])
    return Parts(
        *({name: frame for name, frame in part.items() if frame.height} for part in (create, status, update, stamp))
    )


def _stamps(rows: pl.DataFrame) -> pl.DataFrame:
    newer = (pl.col("modified_at") > pl.col("s_modified_at")).fill_null(value=True) & pl.col(
        "modified_at"
    ).is_not_null()
    calm = pl.col("action").is_null() & pl.col("waits").is_null() & (pl.col("dangling") == 0)
    return rows.filter(pl.col("known") & pl.col("said") & ~pl.col("deleted") & newer & calm).select("id", "modified_at")


def counts(parts: Parts) -> dict[str, Counts]:
    """How many records each action touches, by entity; all entities stand in it."""
    out = {}
    for entity in entities():
        status, update = parts.status.get(entity.name), parts.update.get(entity.name)
        found = dict.fromkeys(ACTIONS, 0)
        found["create"] = parts.create[entity.name].height if entity.name in parts.create else 0
        if status is not None:
            for action in ("archive", "restore"):
                found[action] = int((status["action"] == action).sum())
        if update is not None:
            found["update"] = update.filter(pl.col("action") == "update")["id"].n_unique()
        out[entity.name] = Counts(**found)
    return out


def _digestible(entity: Entity, part: str, frame: pl.DataFrame, keys: Keys) -> Iterator[pl.DataFrame]:
    """The lines to be hashed, in pieces: those of what is created are many, and long."""
    if part == "create":
        order = order_of(frame["sourced_id"])
        for begin in range(0, frame.height, _PIECE):
            yield as_text(entity, frame[order.slice(begin, _PIECE)], keys).drop("id")
        return
    words = ["action"] if part == "status" else ["action", "field", "before", "after"]
    lines = frame.select("sourced_id", *words).sort("sourced_id", *words[1:2])
    yield from lines.iter_slices(_PIECE)


def content_hash(parts: Parts, keys: Keys) -> str:
    """SHA-256 over the changes, applicable then held, sorted by key.

    Without integer ids, provenance, reasons, times and plan id: equal input gives an equal hash.
    """
    total = hashlib.sha256()
    by = {e.name: e for e in entities()}
    for word, some in (("apply", parts.applicable()), ("hold", parts.held())):
        for part, name, frame in some.frames():
            if part == "stamp":
                continue
            total.update(f"{word} {part} {name}\n".encode())
            for chunk in _digestible(by[name], part, frame, keys):
                text = io.BytesIO()
                chunk.write_csv(text, include_header=False, null_value="\x00")
                total.update(text.getbuffer())
    return total.hexdigest()
