"""The desired state: deferred records, queued deltas, and what each source delivered in this run, merged in this order.

A later row of a record replaces an earlier one. A full table replaces everything that came before it, except rows of
records which it holds and which cannot be read. A row that is older than what is known of its record is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from rosterkit.plan.deferred import incoming_rows
from rosterkit.plan.fingerprint import fingerprint
from rosterkit.plan.ids import among, minus
from rosterkit.plan.snapshot import QueuedDelta, Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import Entity, entities
from rosterkit.sources.base import Coverage, Extract, Table
from rosterkit.sources.extract_checks import without_blanks

Dates = Callable[[Collection[str]], pl.DataFrame]
"""Of stored rows with these sourced ids: sourced_id and modified_at."""

Place = tuple[str, str]
"""A source and an id space."""

_PLACES = ("_file", "_line")


@dataclass(frozen=True)
class Delivered:
    """What one source of the workspace delivered in this run.

    ``known``: the changes in it are queued or applied already, and are not counted a second time.
    """

    source: str
    extract: Extract
    known: bool = False


@dataclass(frozen=True)
class Desired:
    """What is delivered, in all, of one entity by one source in one id space.

    ``rows``: sourced_id, deleted, modified_at, import_id, source_file, source_line, ``unset`` and ``invalid`` (bits of
    the columns that the row does not have, and of cells that could not be read), every business column by its label,
    ``_by_<label>`` and ``_space_<label>`` where the source has them.
    ``invalid``: sourced ids of records that cannot be read. ``parents``: as in ``sources.base.Table``, with import_id.
    ``outside``: sourced ids of records that are out of scope. ``stale``: import_id and sourced_id of rows that were
    left out because they are older than what is known.
    """

    entity: Entity
    source: str
    id_space: str
    rows: pl.LazyFrame
    invalid: pl.Series
    parents: tuple[pl.DataFrame, ...]
    coverage: Coverage
    findings: pl.DataFrame
    stale: pl.DataFrame
    outside: pl.Series

    def rows_with_fingerprint(self) -> pl.DataFrame:
        """All ``rows``, with FINGERPRINT: the one time that they are read in whole."""
        names = self.rows.collect_schema().names()
        return without_blanks(self.entity.name, self.rows.with_columns(fingerprint(self.entity, names)).collect())


@dataclass(frozen=True)
class _Batch:
    """One table of one extract, as it is merged; ``rows`` as ``Desired.rows``."""

    import_id: str
    coverage: Coverage
    rows: pl.LazyFrame
    invalid: pl.Series
    parents: tuple[pl.DataFrame, ...] = ()
    outside: pl.Series = field(default_factory=lambda: pl.Series("sourced_id", [], pl.String))


_NO_KEYS = pl.Series("sourced_id", [], dtype=pl.String)
_NO_STALE = pl.DataFrame(schema={"import_id": pl.String, "sourced_id": pl.String})


def _bits(entity: Entity, invalid: pl.DataFrame) -> pl.LazyFrame:
    """sourced_id and ``invalid``, the bits of the cells that could not be read."""
    masks = {c.label: 1 << i for i, c in enumerate(entity.columns)}
    cells = invalid.lazy().filter(pl.col("column").is_not_null())
    of_cell = pl.col("column").replace_strict(masks, return_dtype=pl.UInt32)
    return cells.group_by("sourced_id").agg(invalid=of_cell.unique().sum())


def _normal(entity: Entity, rows: pl.LazyFrame, invalid: pl.DataFrame, import_id: str) -> pl.LazyFrame:
    """The rows of a source's table in the shape of ``Desired.rows``."""
    names = rows.collect_schema().names()
    unset = sum(1 << i for i, c in enumerate(entity.columns) if c.label not in names)
    others = [f"_{kind}_{c.label}" for c in entity.refs for kind in ("by", "space")]
    optional = {"_deleted": pl.lit(value=False), "_modified_at": pl.lit(None, pl.String)}
    shaped = {name: pl.col(name) if name in names else empty for name, empty in optional.items()}
    if invalid["column"].null_count() < invalid.height:
        rows = rows.join(_bits(entity, invalid), on="sourced_id", how="left", maintain_order="left")
        bad = pl.col("invalid").fill_null(0).cast(pl.UInt32)
    else:
        bad = pl.lit(0, pl.UInt32)
    return rows.select(
        "sourced_id",
        deleted=shaped["_deleted"].fill_null(value=False),
        modified_at=shaped["_modified_at"],
        import_id=pl.lit(import_id),
        source_file="_file",
        source_line="_line",
        unset=pl.lit(unset, pl.UInt32),
        invalid=bad,
        **{c.label: pl.col(c.label) if c.label in names else pl.lit(None, c.incoming_dtype) for c in entity.columns},
        **{name: pl.col(name) for name in others if name in names},
    )


def _whole(invalid: pl.DataFrame) -> pl.Series:
    """Sourced ids of the records that could not be read."""
    if invalid["column"].null_count() == 0:
        return _NO_KEYS
    return invalid.filter(pl.col("column").is_null())["sourced_id"].unique()


def _batch(entity: Entity, table: Table, import_id: str) -> _Batch:
    parents = tuple(p.with_columns(import_id=pl.lit(import_id)) for p in table.parents if p.height)
    rows = _normal(entity, table.rows, table.invalid, import_id)
    return _Batch(import_id, table.coverage, rows, _whole(table.invalid), parents, table.outside)


def _queued(entity: Entity, delta: QueuedDelta) -> _Batch:
    table = Table(entity.name, delta.rows.lazy(), Coverage.DELTA, invalid=delta.invalid, parents=delta.parents)
    return _batch(entity, table, delta.import_id)


def parent_labels(parents: pl.DataFrame) -> list[str]:
    """The columns by which rows name the parent."""
    return [name for name in parents.columns if name not in (*_PLACES, "import_id")]


def _not_of(rows: pl.DataFrame, parents: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The rows of other parents than these."""
    for owners in parents:
        on = parent_labels(owners)
        missing = [pl.lit(None, pl.String).alias(name) for name in on if name not in rows.columns]
        rows = rows.with_columns(missing).join(owners, on=on, how="anti", nulls_equal=True, maintain_order="left")
    return rows


def _current(
    rows: pl.DataFrame, known: pl.DataFrame, import_id: str
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows that are not older than what is known of their record, findings for those that are, and which these are.

    ``known``: sourced_id, modified_at. Rows without a date are never older.
    """
    newest = known.drop_nulls().group_by("sourced_id").agg(pl.col("modified_at").max().alias("known_at"))
    rows = rows.join(newest, on="sourced_id", how="left", maintain_order="left")
    old = (pl.col("modified_at") < pl.col("known_at")).fill_null(value=False)
    stale = rows.filter(old)
    found = stale.select(
        rule=pl.lit("delta.stale-row"),
        severity=pl.lit("warning"),
        file=pl.col("source_file").fill_null(""),
        line=pl.col("source_line").fill_null(0),
        column=pl.lit("modified_at"),
        value="modified_at",
        key="sourced_id",
        detail=pl.format("known since {}", "known_at"),
    )
    return rows.filter(~old).drop("known_at"), found, stale.select(pl.lit(import_id).alias("import_id"), "sourced_id")


def _without_stale(entity: Entity, batch: _Batch, stale: Mapping[str, pl.DataFrame]) -> _Batch:
    """The batch without the lists of stale rows: a row that is too old is too old for what it lists, too.

    ``stale``: by entity, as in ``Desired``.
    """
    parents, rows = [], batch.rows
    for frame in batch.parents:
        owners = frame
        for label in parent_labels(frame):
            to = entity.column(label).to if not label.startswith("_") else None
            left = stale.get(to or "", _NO_STALE).filter(pl.col("import_id") == batch.import_id)
            if left.is_empty():
                continue
            old = owners.join(left.select(pl.col("sourced_id").alias(label)), on=label, how="semi")
            rows = _not_of(rows.collect(), [old]).lazy()
            owners = _not_of(owners, [old])
        parents.append(owners)
    return replace(batch, rows=rows, parents=tuple(parents))


def _only(rows: pl.LazyFrame, keys: pl.Series) -> pl.LazyFrame:
    return rows.filter(among(pl.col("sourced_id"), keys))


def _merged(entity: Entity, place: Place, batches: Sequence[_Batch], coverage: Coverage, dates: Dates) -> Desired:
    """Merges the batches, oldest first. ``coverage``: of what was delivered in this run."""
    invalid, parents = _NO_KEYS, list[pl.DataFrame]()
    rows: pl.LazyFrame | None = None
    found, left, outside = [findings.empty()], [_NO_STALE], _NO_KEYS
    for batch in batches:
        outside = batch.outside if batch.coverage == Coverage.FULL else pl.concat([outside, batch.outside])
        new = batch.rows
        if batch.coverage == Coverage.FULL:
            invalid, parents = batch.invalid, []
            rows = None if rows is None or invalid.is_empty() else _only(rows, invalid)
        else:
            fresh = new.collect()
            if fresh["modified_at"].null_count() < fresh.height:
                known = dates(fresh["sourced_id"].to_list())
                if rows is not None:
                    known = pl.concat([known, rows.select("sourced_id", "modified_at").collect()])
                fresh, more, stale = _current(fresh, known, batch.import_id)
                found.append(more)
                left.append(stale)
            if invalid.len() or batch.invalid.len():
                invalid = pl.concat([minus(invalid, fresh["sourced_id"]), batch.invalid])
            new = fresh.lazy()
        if rows is not None:
            earlier = rows.join(new.select("sourced_id"), on="sourced_id", how="anti", maintain_order="left")
            new = pl.concat([_not_of(earlier.collect(), batch.parents).lazy(), new], how="diagonal")
        rows = new
        parents += batch.parents
    assert rows is not None
    invalid = invalid.unique() if invalid.len() else invalid
    return Desired(
        entity, *place, rows, invalid, tuple(parents), coverage, findings.concat(found), pl.concat(left), outside
    )


def _batches(
    entity: Entity, extracts: Sequence[Delivered], deferred: pl.DataFrame | None, queued: Sequence[QueuedDelta]
) -> dict[Place, list[_Batch]]:
    """What there is of one entity, oldest first."""
    out: dict[Place, list[_Batch]] = {}
    for place, rows in incoming_rows(entity, deferred) if deferred is not None else ():
        out.setdefault(place, []).append(_Batch("", Coverage.DELTA, rows.lazy(), _NO_KEYS))
    for delta in queued:
        out.setdefault((delta.source, delta.id_space), []).append(_queued(entity, delta))
    for one in extracts:
        for table in one.extract.tables:
            silent = table.coverage == Coverage.ABSENT or (one.known and table.changes)
            if table.entity == entity.name and not silent:
                out.setdefault((one.source, table.id_space), []).append(_batch(entity, table, one.extract.id))
    return dict(sorted(out.items()))


def coverages(extracts: Sequence[Delivered]) -> dict[tuple[str, str, str], tuple[Coverage, str]]:
    """By entity, source and id space, the coverage of what was delivered in this run, in all, and why it is not full.

    Changes behind a full table leave it full. A part that is unknown stays so until a full table comes.
    """
    found: dict[tuple[str, str, str], tuple[Coverage, str]] = {}
    for one in extracts:
        for table in one.extract.tables:
            place = (table.entity, one.source, table.id_space)
            before = found.get(place, (Coverage.ABSENT, ""))[0]
            keeps = before is not Coverage.ABSENT and table.coverage in (Coverage.ABSENT, Coverage.DELTA)
            if place not in found or not keeps:
                found[place] = (table.coverage, table.reason)
    return found


def merge(extracts: Sequence[Delivered], snapshot: Snapshot) -> dict[str, tuple[Desired, ...]]:
    """By entity, what is delivered in all; an entity of which nothing was delivered or kept is missing."""
    deferred, queued = snapshot.deferred(), snapshot.queued()
    coverage = coverages(extracts)
    stale: dict[str, dict[str, pl.DataFrame]] = {}  # by source and entity
    out: dict[str, tuple[Desired, ...]] = {}
    for entity in entities():
        found = []
        every = _batches(entity, extracts, deferred.get(entity.name), queued.get(entity.name, ()))
        for place, batches in every.items():
            older = stale.setdefault(place[0], {})
            current = [_without_stale(entity, batch, older) for batch in batches] if older else batches
            covered, _ = coverage.get((entity.name, *place), (Coverage.ABSENT, ""))
            desired = _merged(entity, place, current, covered, _dates(entity, place, snapshot))
            if desired.stale.height:
                older[entity.name] = pl.concat([older.get(entity.name, _NO_STALE), desired.stale])
            found.append(desired)
        if found:
            out[entity.name] = tuple(found)
    return out


def _dates(entity: Entity, place: Place, snapshot: Snapshot) -> Dates:
    def dates(keys: Collection[str]) -> pl.DataFrame:
        return snapshot.find(entity, *place, keys).select("sourced_id", "modified_at")

    return dates
