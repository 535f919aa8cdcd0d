"""What converting a page of records needs and gives: settings, canonical rows, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from providers.clever.cells import extensions

PLACE = ("_file", "_line")

PROBLEMS: dict[str, type[pl.DataType]] = {
    "rule": pl.String,
    "column": pl.String,
    "_file": pl.String,
    "_line": pl.Int64,
    "key": pl.String,
    "value": pl.String,
    "detail": pl.String,
}
"""Row-level findings before they are collected."""


@dataclass(frozen=True)
class Reading:
    """The settings on which converting a record depends."""

    last_day: str = "inclusive"
    staff_role: str = "administrator"
    attributes: tuple[str, ...] = ("department", "ext.*", "full_name", "graduation_year", "title")
    demographics: bool = False


@dataclass(frozen=True)
class Converted:
    """Canonical rows by entity, what of each could not be used (INVALID), and row-level findings (PROBLEMS).

    ``keyless`` counts records without a readable id: while there is one, nobody knows which record is absent.
    """

    tables: dict[str, pl.DataFrame]
    invalid: dict[str, pl.DataFrame]
    problems: pl.DataFrame
    keyless: int = 0


@dataclass
class Notes:
    """Collects what is wrong while a page is converted."""

    frames: list[pl.DataFrame] = field(default_factory=list)
    invalid: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def add(
        self, rule: str, rows: pl.DataFrame, *, column: str = "", key: str = "id", value: str | None = None
    ) -> None:
        """A finding for each row; ``key`` and ``value`` name columns of ``rows``."""
        if rows.is_empty():
            return
        self.frames.append(
            rows.select(
                rule=pl.lit(rule),
                column=pl.lit(column),
                _file="_file",
                _line="_line",
                key=pl.col(key).fill_null(""),
                value=pl.lit("") if value is None else pl.col(value).fill_null(""),
                detail=pl.lit(""),
            )
        )

    def unusable(self, entity: str, rows: pl.DataFrame, *, column: str | None = None, key: str = "id") -> None:
        """The cell of that column (or the whole record) cannot be used in each row: what is stored stays."""
        if not rows.is_empty():
            found = rows.select(
                sourced_id=key, column=pl.lit(column, pl.String), _file="_file", _line="_line"
            ).drop_nulls("sourced_id")
            self.invalid.setdefault(entity, []).append(found)

    def converted(self, tables: dict[str, pl.DataFrame], keyless: int = 0) -> Converted:
        return Converted(
            tables,
            {entity: pl.concat(frames) for entity, frames in self.invalid.items()},
            pl.concat([pl.DataFrame(schema=PROBLEMS), *self.frames]),
            keyless,
        )


def own_fields(records: pl.DataFrame, paths: tuple[str, ...], reading: Reading) -> pl.Expr | None:
    """The district's own fields of each record as members of ``attributes``, or None where no record has one."""
    some = records.select(pl.col("record").str.contains('"ext":{"', literal=True)).to_series()
    if not some.any():
        return None
    objects = records.select(
        pl.when(some).then(pl.coalesce(pl.col("record").str.json_path_match(path) for path in paths))
    ).to_series()
    return pl.lit(extensions(objects, reading.attributes))


def changed() -> pl.Expr:
    """When the source last changed the record, or null where that is not such a time."""
    return pl.col("last_modified").str.extract(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$", 1)
