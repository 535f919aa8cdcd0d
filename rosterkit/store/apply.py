"""Applying a plan: one transaction of bulk statements that does what the plan's parts say, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.intake.source import Progress, silent
from rosterkit.model.schema import Column, Entity, by_name, entities
from rosterkit.plan.parts import Parts
from rosterkit.plan.plan import Plan
from rosterkit.store.bulk import ids_table, load, update
from rosterkit.store.plans import now
from rosterkit.store.snapshot import revision_of

__all__ = ["touched", "write_parts", "write_revision"]


def touched(parts: Parts) -> dict[str, pl.Series]:
    """Ids of the records that these parts write, by entity."""
    out: dict[str, list[pl.Series]] = {}
    for _, name, frame in parts.frames():
        out.setdefault(name, []).append(frame["id"])
    return {name: pl.concat(ids).unique().sort() for name, ids in out.items()}


def _create(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, origin: str, revision: int) -> None:
    rows = frame.drop("hold", "hold_why").with_columns(
        origin=pl.lit(origin),
        id_space=pl.lit(""),
        status=pl.lit("active"),
        created_in=pl.lit(revision),
        changed_in=pl.lit(revision),
    )
    # Ids rise with the sourced ids, so that the unique index is written from left to right.
    load(connection, entity.table, rows.sort("id"))


def _place(frame: pl.DataFrame, revision: int) -> pl.DataFrame:
    """Id and where its change was said, the last word of each record."""
    rows = frame.select("id", "package", "file", "line", "modified_at").unique("id", keep="last")
    return rows.with_columns(changed_in=pl.lit(revision))


def _provenance(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, revision: int) -> None:
    """Where the last change was said; a change that no row says keeps the record's own dateLastModified."""
    rows = _place(frame, revision)
    dated = rows.filter(pl.col("modified_at").is_not_null())
    update(connection, entity.table, dated)
    update(connection, entity.table, rows.filter(pl.col("modified_at").is_null()).drop("modified_at"))


def _status(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, revision: int) -> None:
    word = pl.when(pl.col("action") == "archive").then(pl.lit("archived")).otherwise(pl.lit("active"))
    met = update(connection, entity.table, frame.select("id", status=word))
    _expect(entity, met, frame.height)
    _provenance(connection, entity, frame, revision)


def _value(column: Column) -> pl.Expr:
    if column.kind == "ref":
        return pl.col("after_id")
    if column.kind == "bool":
        return pl.col("after").replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    return pl.col("after")


def _update(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, revision: int) -> None:
    for column in entity.columns:
        rows = frame.filter(pl.col("field") == column.label)
        if rows.height:
            met = update(connection, entity.table, rows.select("id", _value(column).alias(column.name)))
            _expect(entity, met, rows.height)
    _provenance(connection, entity, frame, revision)


def _expect(entity: Entity, met: int, wanted: int) -> None:
    if met != wanted:
        raise InternalError(
            f"The plan changes {wanted} rows of {entity.name}, and the store has {met} of them. "
            "Nothing was written; please report this."
        )


def write_parts(
    connection: sqlite3.Connection, parts: Parts, origin: str, revision: int, progress: Progress = silent
) -> None:
    """Writes the canonical rows; parents come before what references them. Progress is in rows of the parts."""
    sizes = {name: sum(f.height for _, n, f in parts.frames() if n == name) for _, name, _ in parts.frames()}
    done = 0
    for entity in entities():
        done += sizes.get(entity.name, 0)
        if entity.name in parts.create:
            _create(connection, entity, parts.create[entity.name], origin, revision)
        if entity.name in parts.status:
            _status(connection, entity, parts.status[entity.name], revision)
        if entity.name in parts.update:
            _update(connection, entity, parts.update[entity.name], revision)
        if entity.name in parts.stamp:
            update(connection, entity.table, parts.stamp[entity.name])
        progress("applying", done, sum(sizes.values()))


def _check_references(connection: sqlite3.Connection, ids: dict[str, pl.Series]) -> None:
    """No active row that was touched references an inactive one, and none references a touched one that is inactive."""
    for name, series in ids.items():
        ids_table(connection, f"touched_{by_name(name).table}", series)
    for entity in entities():
        for column in entity.refs:
            assert column.to is not None
            to = by_name(column.to)
            looks = []
            if entity.name in ids:
                looks.append(f'c.id in (select id from "touched_{entity.table}")')
            if to.name in ids:
                looks.append(
                    f'c."{column.name}" in (select t.id from "touched_{to.table}" t '
                    f"join \"{to.table}\" x using (id) where x.status<>'active')"
                )
            for look in looks:
                broken = connection.execute(
                    f'select count(*) from "{entity.table}" c left join "{to.table}" p on p.id=c."{column.name}" '
                    f"where {look} and c.status='active' and c.\"{column.name}\" is not null "
                    "and coalesce(p.status,'')<>'active'"
                ).fetchone()[0]
                if broken:
                    raise InternalError(
                        f"{broken} active rows of {entity.name} would reference a {column.label} that is not active. "
                        "Nothing was written; please report this."
                    )


def write_revision(
    connection: sqlite3.Connection, plan: Plan, parts: Parts, actor: str, progress: Progress = silent
) -> int:
    """Writes the next revision, all that the parts say, inside the caller's transaction; returns its number."""
    revision = revision_of(connection) + 1
    write_parts(connection, parts, plan.source, revision, progress)
    ids = touched(parts)
    _check_references(connection, ids)
    changes = {name: asdict(counts) for name, counts in plan.changes.items()}
    connection.execute(
        "insert into revision (id, plan, kind, actor, at, as_of, content_hash, changes) values (?,?,?,?,?,?,?,?)",
        (
            revision,
            plan.id,
            plan.kind,
            actor,
            now().isoformat(),
            plan.as_of.isoformat(),
            plan.content_hash,
            json.dumps(changes),
        ),
    )
    for name, series in ids.items():
        rows = pl.DataFrame({"record": series}).with_columns(entity=pl.lit(name), revision=pl.lit(revision))
        load(connection, "touch", rows)
    return revision
