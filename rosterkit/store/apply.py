"""Applying a plan: one transaction of bulk statements that makes the plan's changes, and no others."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

import polars as pl

from rosterkit.errors import InternalError
from rosterkit.plan.changes import Changes
from rosterkit.plan.plan import Plan
from rosterkit.plan.records import KEY_FIELD
from rosterkit.plan.snapshot import with_key_parts
from rosterkit.roster.schema import FINGERPRINT, PROVENANCE, Column, Entity, by_name, entities
from rosterkit.sources.base import Progress, no_progress
from rosterkit.store.bulk import MANY, ids_table, indexes_after, insert, update
from rosterkit.store.plans import Stored, now
from rosterkit.store.snapshot import revision_of
from rosterkit.store.staging import Staging


def touched(changes: Changes) -> dict[str, pl.Series]:
    """Ids of the records that these changes write, by entity."""
    out: dict[str, list[pl.Series]] = {}
    for _, name, frame in changes.written():
        out.setdefault(name, []).append(frame["id"])
    return {name: pl.concat(ids).unique().sort() for name, ids in out.items()}


def _pieces(frames: Mapping[str, pl.DataFrame], name: str) -> Iterator[pl.DataFrame]:
    """The rows by id, so that the unique index is written from left to right: ids rise with the sourced ids."""
    return frames.pieces(name) if isinstance(frames, Stored) else iter((frames[name].sort("id"),))


def _heights(frames: Mapping[str, pl.DataFrame]) -> Mapping[str, int]:
    return frames.heights if isinstance(frames, Stored) else {name: frame.height for name, frame in frames.items()}


class _Creating:
    """Writes what a plan creates, entity by entity. While one is written, the next large one is on its way."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        create: Mapping[str, pl.DataFrame],
        same: Mapping[str, object],
        stage: Staging | None,
    ) -> None:
        self._connection, self._create, self._same, self._stage = connection, create, same, stage
        self.references: dict[tuple[str, str], list[pl.Series]] = {}  # what the new rows refer to
        self._heights = _heights(create)
        large = [e for e in entities() if self._heights.get(e.name, 0) > MANY]
        self._ahead = large[: stage.files] if stage else []
        self._brought: dict[str, int] = {}
        self._bring_next()

    def write(self, entity: Entity) -> None:
        rows = self._heights.get(entity.name, 0)
        if self._stage and entity.name in self._brought:
            self._bring_next()
            self._stage.pour(self._brought[entity.name], entity.table, self._same, rows)
            return
        with indexes_after(self._connection, entity.table, rows):
            for frame in self._rows(entity, _pieces(self._create, entity.name)):
                same = [pl.lit(value).alias(name) for name, value in self._same.items()]
                insert(self._connection, entity.table, frame.with_columns(same))

    def _bring_next(self) -> None:
        if self._stage and self._ahead:
            entity = self._ahead.pop(0)
            pieces = _pieces(self._create, entity.name)  # read here: the connection is of this thread
            self._brought[entity.name] = self._stage.bring(self._rows(entity, pieces))

    def _rows(self, entity: Entity, pieces: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for piece in pieces:
            for column in entity.refs:
                named = self.references.setdefault((entity.name, column.name), [])
                named.append(piece[column.name].drop_nulls().unique())
            for begin in range(0, piece.height, MANY):
                yield piece.slice(begin, MANY).drop("hold", "hold_reason")
            del piece  # before the next one is read


def _place(frame: pl.DataFrame, revision: int) -> pl.DataFrame:
    """Id and where its change was delivered, the last of each record. What is written has no fingerprint yet."""
    rows = frame.select("id", *PROVENANCE).unique("id", keep="last")
    return rows.with_columns(updated_revision=pl.lit(revision), **dict.fromkeys(FINGERPRINT, pl.lit(None, pl.Int64)))


def _provenance(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, revision: int) -> None:
    """Where the last change was delivered; a change that no row states keeps the record's own date."""
    rows = _place(frame, revision)
    dated = rows.filter(pl.col("modified_at").is_not_null())
    update(connection, entity.table, dated)
    update(connection, entity.table, rows.filter(pl.col("modified_at").is_null()).drop("modified_at"))


def write_fingerprints(connection: sqlite3.Connection, changes: Changes) -> None:
    """Stores the fingerprints of rows that are stored as they were delivered: after all else, which clears them."""
    for name, frame in changes.fingerprints.items():
        update(connection, by_name(name).table, frame)


def _status(connection: sqlite3.Connection, entity: Entity, frame: pl.DataFrame, revision: int) -> None:
    status = pl.when(pl.col("action") == "archive").then(pl.lit("archived")).otherwise(pl.lit("active"))
    met = update(connection, entity.table, frame.select("id", status=status))
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
    renamed = frame.filter(pl.col("field") == KEY_FIELD)
    if renamed.height:
        keys = with_key_parts(renamed.lazy().select("id", key="after")).collect()
        _expect(entity, update(connection, entity.table, keys), renamed.height)
    _provenance(connection, entity, frame, revision)


def _expect(entity: Entity, met: int, wanted: int) -> None:
    if met != wanted:
        raise InternalError(
            f"The plan changes {wanted} rows of {entity.name}, and the store has {met} of them. "
            "Nothing was written; please report this."
        )


def write_changes(
    connection: sqlite3.Connection,
    changes: Changes,
    revision: int,
    progress: Progress = no_progress,
    stage: Staging | None = None,
) -> dict[tuple[str, str], list[pl.Series]]:
    """Writes the canonical rows, parents before what references them; returns what the created ones refer to.

    Progress is in rows of the changes.
    """
    sizes = Counter[str]()
    for frames in (changes.create, changes.status, changes.update, changes.dates):
        sizes.update(_heights(frames))
    same = {
        "status": "active",
        "created_revision": revision,
        "updated_revision": revision,
    }
    creating = _Creating(connection, changes.create, same, stage)
    done = 0
    for entity in entities():
        done += sizes[entity.name]
        if entity.name in changes.create:
            creating.write(entity)
        if entity.name in changes.status:
            _status(connection, entity, changes.status[entity.name], revision)
        if entity.name in changes.update:
            _update(connection, entity, changes.update[entity.name], revision)
        if entity.name in changes.dates:
            update(connection, entity.table, changes.dates[entity.name])
        progress("applying", done, sizes.total())
    return creating.references


def _check_references(connection: sqlite3.Connection, ids: dict[str, pl.Series]) -> None:
    """No active row that was changed references an inactive one, and none references a changed one that is inactive."""
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
                    raise _broken(entity, broken, column.name)


def _check_created(
    connection: sqlite3.Connection, references: Mapping[tuple[str, str], list[pl.Series]], revision: int
) -> None:
    """No row that was created references an inactive one: every record that any of them names is looked at once."""
    for (name, column), found in references.items():
        entity = by_name(name)
        (to,) = [str(c.to) for c in entity.refs if c.name == column]
        ids = json.dumps(pl.concat(found).unique().to_list())
        query = (
            f'select r.value from json_each(?) r left join "{by_name(to).table}" p on p.id=r.value '
            "where coalesce(p.status,'')<>'active'"
        )
        gone = [row[0] for row in connection.execute(query, (ids,))]
        if gone:
            those = f'"{column}" in (select value from json_each(?))'
            query = f'select count(*) from "{entity.table}" where created_revision=? and {those}'
            broken = connection.execute(query, (revision, json.dumps(gone))).fetchone()[0]
            raise _broken(entity, broken, column)


def _broken(entity: Entity, rows: int, column: str) -> InternalError:
    return InternalError(
        f"{rows} active rows of {entity.name} would reference a {column.removesuffix('_id')} that is not active. "
        "Nothing was written; please report this."
    )


def write_revision(
    connection: sqlite3.Connection,
    plan: Plan,
    changes: Changes,
    actor: str,
    progress: Progress = no_progress,
    stage: Staging | None = None,
) -> int:
    """Writes the next revision, with all these changes, inside the caller's transaction; returns its number."""
    revision = revision_of(connection) + 1
    _check_created(connection, write_changes(connection, changes, revision, progress, stage), revision)
    ids = touched(replace(changes, create={}))
    _check_references(connection, ids)
    counted = {name: asdict(counts) for name, counts in plan.changes.items()}
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
            json.dumps(counted),
        ),
    )
    for name, series in ids.items():
        rows = pl.DataFrame({"record": series}).with_columns(entity=pl.lit(name), revision=pl.lit(revision))
        insert(connection, "touch", rows)
    return revision
