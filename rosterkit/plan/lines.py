"""A plan as people read it: the very changes that apply executes, row by row (LINES)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from rosterkit.plan.changes import Changes
from rosterkit.plan.fields import as_text
from rosterkit.plan.plan import LINES
from rosterkit.plan.records import KEY_FIELD
from rosterkit.roster.schema import Entity, by_name, entities

NAMES: dict[str, type[pl.DataType]] = {"id": pl.Int64, "name": pl.String, "school": pl.String}
"""What people call a record, and its schools: by entity, for every record of the plan."""

_WHY = {
    ("create", "incoming"): "new in the source",
    ("restore", "incoming"): "back in the source",
    ("update", "incoming"): "changed in the source",
    ("update", "manual"): "edited by a person",
    ("archive", "absent"): "no longer in the source",
    ("archive", "deleted"): "the source says that it is gone",
    ("archive", "removed"): "no longer listed",
    ("archive", "scope"): "out of scope: the source still has it",
    ("archive", "ended"): "its term is over",
    ("archive", "cascade"): "what it belongs to leaves",
    ("archive", "cascade-explicit"): "what it belongs to leaves",
    ("update", "cascade"): "what it referred to leaves",
}


def _why() -> pl.Expr:
    both = pl.concat_str("action", pl.lit(" "), "cause")
    known = {f"{action} {cause}": why for (action, cause), why in _WHY.items()}
    return both.replace_strict(known, default="undoes an earlier revision")


def _lines(name: str, frame: pl.DataFrame, names: pl.DataFrame, beside: Sequence[str]) -> pl.DataFrame:
    frame = frame.join(names, on="id", how="left", maintain_order="left")
    return frame.with_columns(
        pl.col("name", "school").fill_null(""),
        file=pl.col("source_file").fill_null(""),
        line=pl.col("source_line").fill_null(0),
        entity=pl.lit(name),
        why=pl.col("why") if "why" in frame.columns else _why(),
        held=pl.col("hold").fill_null(""),
        held_why=pl.col("hold_reason").fill_null(""),
    ).select(*LINES, *beside)


def _named(entity: Entity, update: pl.DataFrame, names: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Changed fields with the names of the records that references point to."""
    fields = {c.label: c.to for c in entity.refs}
    called = [n.select("id", "name", to=pl.lit(to)) for to, n in names.items() if to in fields.values()]
    known = pl.concat([pl.DataFrame(schema={"id": pl.Int64, "name": pl.String, "to": pl.String}), *called])
    out = update.with_columns(to=pl.col("field").replace_strict(fields, default=None, return_dtype=pl.String))
    for side in ("before", "after"):
        here = known.select("to", pl.col("id").alias(f"{side}_id"), pl.col("name").alias(f"{side}_name"))
        out = out.join(here, on=["to", f"{side}_id"], how="left", maintain_order="left")
    return out


def lines(
    parts: Changes | Sequence[Changes], names: Mapping[str, pl.DataFrame], beside: Sequence[str] = ()
) -> pl.DataFrame:
    """Every change of these as LINES, by entity, action, school and name. ``names``: NAMES by entity.

    ``beside``: further columns of ``names``, texts, that stand beside the lines of each record.
    """
    blank = pl.DataFrame(schema={**NAMES, **dict.fromkeys(beside, pl.String)})
    out = [pl.DataFrame(schema={**LINES, **dict.fromkeys(beside, pl.String)})]
    for entity in entities():
        known = names.get(entity.name, blank)
        every = (parts,) if isinstance(parts, Changes) else parts
        found = [_lines(entity.name, rows, known, beside) for part in every for rows in _of(entity, part, names)]
        if found:
            out.append(_in_order(pl.concat(found)))
    return pl.concat(out)


def _of(entity: Entity, changes: Changes, names: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The changes of one entity, kind by kind."""
    name = entity.name
    blank = ("before", "after", "before_name", "after_name")
    none = {"field": pl.lit(""), **dict.fromkeys(blank, pl.lit(None, pl.String))}
    if name in changes.create:
        kept = ("id", "sourced_id", "source_file", "source_line", "hold", "hold_reason")
        yield changes.create[name].select(*kept, action=pl.lit("create"), cause=pl.lit("incoming"), **none)
    if name in changes.status:
        status = changes.status[name]
        if name in changes.update:
            shown = changes.update[name].filter(pl.col("action") == "restore")
            status = status.join(shown.select("id").unique(), on="id", how="anti", maintain_order="left")
        yield status.with_columns(**none)
    if name in changes.update:
        yield _named(entity, _with_ids(_unkept(changes, name)), names)
    if name in changes.pins:
        yield _pinned(entity, changes.pins[name], names)
    if name in changes.blocks:
        yield _blocked(changes.blocks[name])


def _with_ids(update: pl.DataFrame) -> pl.DataFrame:
    """Re-linked records with their ids, where no more than the id is another: of a key people see no more."""
    mine = pl.col("field") == KEY_FIELD
    if not update.filter(mine).height:
        return update
    place, own = (pl.col(side).str.extract("^([^/]*/[^/]*/)") for side in ("before", "after"))
    whole = [pl.col(side).str.splitn("/", 3).struct for side in ("before", "after")]
    ids = [
        pl.when(place == own).then(p.field("field_2")).otherwise(p.field("field_0") + "/" + p.field("field_2"))
        for p in whole
    ]
    shown = {
        side: pl.when(mine).then(text).otherwise(side) for side, text in zip(("before", "after"), ids, strict=True)
    }
    return update.with_columns(**shown)


def _in_order(found: pl.DataFrame) -> pl.DataFrame:
    """By action, school and name. Texts are dear to sort by, so a column that holds one value is left out."""
    keys = ["school", "name", "sourced_id"]
    keys = ["action", *keys] if found["action"].n_unique() > 1 else keys
    keys = [*keys, "field"] if found["field"].n_unique() > 1 else keys
    return found.with_row_index("_row").sort(*keys, "_row").drop("_row")  # half the time of maintain_order


_NO_PLACE = {
    "source_file": pl.lit(None, pl.String),
    "source_line": pl.lit(None, pl.Int64),
    "before_id": pl.lit(None, pl.Int64),
    "action": pl.lit("update"),
    "hold": pl.lit(None, pl.String),
    "hold_reason": pl.lit(None, pl.String),
}


def _unkept(changes: Changes, name: str) -> pl.DataFrame:
    """Changed fields without those that a pin covers: the pin is shown, with both values."""
    update = changes.update[name]
    if name not in changes.pins:
        return update
    covered = changes.pins[name].select("id", "field")
    return update.join(covered, on=["id", "field"], how="anti", maintain_order="left")


def _pinned(entity: Entity, pins: pl.DataFrame, names: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Pins that are set or lifted; and what policy or a person keeps, with the pinned and the delivered value."""
    kept = (pl.col("op") == "keep") | ((pl.col("op") == "set") & (pl.col("code") != "person"))
    code = pl.when(pl.col("code") == "person").then(pl.lit("pinned")).otherwise(pl.lit("policy"))
    own = _NO_PLACE | {"hold": pl.when(kept).then(code), "hold_reason": pl.when(kept).then("reason")}
    set_ = pl.when(kept).then(pl.lit("changed in the source")).otherwise(pl.lit("pinned by a person"))
    why = pl.when(pl.col("op") == "lift").then(pl.lit("its pin is lifted")).otherwise(set_)
    rows = pins.with_columns(**own, after_id=pl.lit(None, pl.Int64), why=why)
    return _named(entity, rows, names)


def _blocked(blocks: pl.DataFrame) -> pl.DataFrame:
    """Blocks that are set or lifted."""
    what = (
        pl.when(pl.col("kind") == "link")
        .then(pl.lit("link"))
        .when((pl.col("kind") == "suppress") & (pl.col("field") != ""))
        .then("field")
        .otherwise(pl.lit(""))
    )
    words = {"link": "blocked", "suppress": "suppressed", "archive": "archived by a person"}
    word = pl.col("kind").replace_strict(words)
    where = pl.when(pl.col("feed") == "").then(word).otherwise(pl.format("{} in {}", word, "feed"))
    whom = pl.when(pl.col("student_key").is_null()).then(where).otherwise(pl.format("{}: {}", where, "student_key"))
    none = pl.lit(None, pl.String)
    is_set = pl.col("op") == "set"
    return blocks.with_columns(
        **_NO_PLACE,
        field=what,
        before=pl.when(is_set).then(none).otherwise(whom),
        after=pl.when(is_set).then(whom).otherwise(none),
        before_name=none,
        after_name=none,
        why=pl.lit("child safety: ") + pl.col("reason"),
    )


def creates(changes: Changes, names: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The created records with every business column by label."""
    return {name: as_text(by_name(name), frame, names).drop("id").collect() for name, frame in changes.create.items()}
