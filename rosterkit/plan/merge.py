"""What the source says in all: pending rows, then queued deltas, then tonight's package, folded into one.

A later word about a record replaces an earlier one. A full file replaces everything that was said before it, except
about records whose row it holds but cannot be read. A row that is older than what is known of its record is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from rosterkit.plan.snapshot import Layer
from rosterkit.roster import findings
from rosterkit.roster.schema import Entity
from rosterkit.sources.bundle import ROW_KEYS, UNREADABLE, Listing

__all__ = ["Said", "fold", "from_pending", "stated", "with_keep", "without_stale"]


@dataclass(frozen=True)
class Said:
    """What is said of one entity.

    ``rows``: sourced_id, deleted, modified_at, package, file, line, ``keep`` (a bit for each business column, in the
    entity's order: 1 = not stated or not readable, so the stored value stays) and every business column by its label.
    ``state``: of tonight's segment; absence counts only in a ``full`` one. ``stale``: package and sourced_id of rows
    that were left because they are older than what is known.
    """

    rows: pl.DataFrame
    unreadable: pl.DataFrame
    listings: tuple[pl.DataFrame, ...]
    state: str
    findings: pl.DataFrame
    stale: pl.DataFrame


def with_keep(entity: Entity, layer: Layer) -> pl.DataFrame:
    """The layer's rows with every business column, and ``keep`` in place of ``unread``."""
    rows = layer.rows
    absent = [c.label not in rows.columns for c in entity.columns]
    always = sum(1 << i for i, missing in enumerate(absent) if missing)
    keep: pl.Expr = pl.lit(always, pl.UInt64)
    if rows["unread"].null_count() < rows.height:
        for i, column in enumerate(entity.columns):
            hit = pl.col("unread").list.contains(column.label).fill_null(value=False)
            keep = keep | pl.when(hit).then(pl.lit(1 << i, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
    for i, column in enumerate(entity.columns):
        if column.required and not absent[i] and rows[column.label].null_count():
            # No row can stand without it: a blank there says nothing.
            blank = pl.col(column.label).is_null()
            keep = keep | pl.when(blank).then(pl.lit(1 << i, pl.UInt64)).otherwise(pl.lit(0, pl.UInt64))
    return rows.with_columns(
        keep.alias("keep"),
        pl.lit(layer.package).alias("package") if "package" not in rows.columns else pl.col("package"),
        *(
            pl.lit(None, c.said_dtype).alias(c.label)
            for c, missing in zip(entity.columns, absent, strict=True)
            if missing
        ),
    ).select(
        "sourced_id", "deleted", "modified_at", "package", "file", "line", "keep", *(c.label for c in entity.columns)
    )


def stated(entity: Entity, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``Said`` as ``pending`` keeps them: ``body`` holds what was read, by label, as a JSON object."""
    labels = [c.label for c in entity.columns]
    body = pl.struct(
        pl.struct(labels).alias("row"),
        pl.concat_list(
            pl.when((pl.col("keep") & (1 << i)) != 0).then(pl.lit(label)).otherwise(pl.lit(""))
            for i, label in enumerate(labels)
        )
        .list.unique(maintain_order=True)
        .alias("unread"),
    ).struct.json_encode()
    return rows.select("sourced_id", body.alias("body"), "deleted", "modified_at", "package", "file", "line")


def from_pending(entity: Entity, pending: pl.DataFrame) -> Layer:
    """Pending rows as the oldest layer."""
    shape = pl.Struct(
        [
            pl.Field("row", pl.Struct([pl.Field(k, t) for k, t in entity.said_schema.items()])),
            pl.Field("unread", pl.List(pl.String)),
        ]
    )
    if pending.height == 0:
        return Layer("", "delta", _no_rows(entity), pl.DataFrame(schema=UNREADABLE))
    body = pending.with_columns(pl.col("body").str.json_decode(shape)).unnest("body").unnest("row")
    rows = body.with_columns(pl.col("unread").list.drop_nulls()).drop("why")
    return Layer("", "delta", rows, pl.DataFrame(schema=UNREADABLE))


def _no_rows(entity: Entity) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {**ROW_KEYS, "package": pl.String, **entity.said_schema}
    return pl.DataFrame(schema=schema)


def _fresh(rows: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are not older than what is known of their record, and findings for those that are.

    ``known``: sourced_id, modified_at. Rows without a date are never stale.
    """
    if rows["modified_at"].null_count() == rows.height:
        return rows, findings.empty()
    newest = known.drop_nulls().group_by("sourced_id").agg(pl.col("modified_at").max().alias("known_at"))
    rows = rows.join(newest, on="sourced_id", how="left", maintain_order="left")
    old = (pl.col("modified_at") < pl.col("known_at")).fill_null(value=False)
    stale = rows.filter(old).select(
        rule=pl.lit("delta.stale-row"),
        severity=pl.lit("warning"),
        file=pl.col("file").fill_null(""),
        line=pl.col("line").fill_null(0),
        column=pl.lit("modified_at"),
        value="modified_at",
        key="sourced_id",
        detail=pl.format("known since {}", "known_at"),
    )
    return rows.filter(~old).drop("known_at"), stale


def _unlisted_by(listings: Sequence[pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose owner lists anew in a later layer."""
    for owners in listings:
        on = [c for c in owners.columns if c not in ("file", "line", "package")]
        rows = rows.join(owners.select(on).unique(), on=on, how="anti", maintain_order="left")
    return rows


def without_stale(entity: Entity, layer: Layer, said: Mapping[str, Said]) -> Layer:
    """The layer without what stale rows list: who is too old to speak for a person is too old for their guardians."""
    listings, rows = [], layer.rows
    for listing in layer.listings:
        owners = listing.owners
        on = [c for c in owners.columns if c not in ("file", "line")]
        for label in on:
            to = entity.column(label).to
            left = said[to].stale.filter(pl.col("package") == layer.package) if to else None
            if left is None or left.is_empty():
                continue
            stale = owners.join(left.select(pl.col("sourced_id").alias(label)), on=label, how="semi")
            rows = rows.join(stale, on=on, how="anti", maintain_order="left")
            owners = owners.join(stale, on=on, how="anti", maintain_order="left")
        listings.append(Listing(owners))
    return replace(layer, rows=rows, listings=tuple(listings))


def _owners(listings: Iterable[Listing], package: str) -> list[pl.DataFrame]:
    return [listing.owners.with_columns(package=pl.lit(package)) for listing in listings if listing.owners.height]


def fold(entity: Entity, layers: Sequence[Layer], stored: pl.DataFrame, state: str) -> Said:
    """Folds the layers, oldest first. ``stored``: sourced_id and modified_at of every stored row."""
    rows = with_keep(entity, layers[0])
    unreadable = pl.DataFrame(schema=UNREADABLE)
    listings: list[pl.DataFrame] = []
    found = [findings.empty()]
    left = [pl.DataFrame(schema={"package": pl.String, "sourced_id": pl.String})]
    for layer in layers[1:]:
        new = with_keep(entity, layer)
        owners = _owners(layer.listings, layer.package)
        if layer.state == "full":
            rows = rows.join(layer.unreadable, on="sourced_id", how="semi")
            listings, unreadable = [], layer.unreadable
        else:
            known = pl.concat([rows.select("sourced_id", "modified_at"), stored.select("sourced_id", "modified_at")])
            new, stale = _fresh(new, known)
            found.append(stale)
            left.append(stale.select(package=pl.lit(layer.package), sourced_id="key"))
            unreadable = pl.concat([unreadable.join(new, on="sourced_id", how="anti"), layer.unreadable])
        if rows.height:
            rows = _unlisted_by(owners, rows.join(new, on="sourced_id", how="anti"))
        rows = pl.concat([rows, new]) if rows.height else new
        listings += owners
    return Said(rows, unreadable.unique("sourced_id"), tuple(listings), state, findings.concat(found), pl.concat(left))
