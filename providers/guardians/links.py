"""Links of guardians to students."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.guardians.words import RELATIONSHIPS
from rosterkit.sources.base import INVALID, Coverage, Table
from rosterkit.sources.findings import Findings
from rosterkit.sources.headings import fold
from rosterkit.sources.keys import joined_key
from rosterkit.sources.textfile import LINE


def with_relationships(rows: pl.DataFrame, words: Mapping[str, str], findings: Findings, *, file: str) -> pl.DataFrame:
    """The rows with relationships in one vocabulary; an unknown word stays, with one finding per word."""
    if "priority" in rows.columns:
        odd = rows.filter(~pl.col("priority").str.contains(r"^\d{1,4}$"))
        findings.add_rows("guardians.priority-unusual", odd.select(LINE), file=file, column="priority")
    if "relationship" not in rows.columns:
        return rows
    known = {fold(word): meaning for meaning, spellings in RELATIONSHIPS.items() for word in (meaning, *spellings)}
    known |= {fold(word): meaning for word, meaning in words.items()}
    written = rows["relationship"].unique().drop_nulls().to_list()
    meanings = {word: known[fold(word)] for word in written if fold(word) in known}
    unknown = rows.filter(pl.col("relationship").is_in([word for word in written if word not in meanings]))
    first = unknown.group_by("relationship").agg(pl.col(LINE).min(), pl.len())
    found = first.select(LINE, detail=pl.format("{} rows have this word", "len"))
    findings.add_rows("guardians.relationship-unknown", found, file=file, column="relationship")
    return rows.with_columns(pl.col("relationship").replace(meanings))


def link_rows(
    rows: pl.DataFrame,
    unusable: pl.DataFrame,
    findings: Findings,
    *,
    file: str,
    student_key: str,
    coverage: tuple[Coverage, str],
) -> Table:
    """GuardianLink: one row per guardian and student, the student by ``student_key``."""
    details = [name for name in ("relationship", "type", "priority") if name in rows.columns]
    rows = rows.with_columns(_order=_priority_order(rows)).sort("_order", *details, LINE, nulls_last=True)
    pairs = rows.group_by("guardian", "student").agg(pl.col(details).first(), pl.col(LINE).min(), pl.len())
    twice = pairs.filter(pl.col("len") > 1).select(LINE, key="guardian")
    findings.add_rows("guardians.pair-twice", twice, file=file)
    links = pairs.sort(LINE).select(
        joined_key("guardian", "student").alias("sourced_id"),
        pl.lit("file").alias("asserted_by"),
        "guardian",
        "student",
        pl.lit(student_key).alias("_by_student"),
        *details,
        pl.lit(file).alias("_file"),
        LINE,
    )
    return Table("GuardianLink", links.lazy(), *coverage, invalid=_invalid(unusable, file))


def role_rows(users: pl.DataFrame, unusable: pl.DataFrame, org: str, *, coverage: tuple[Coverage, str]) -> Table:
    """Role: one row per guardian, at the organisation of that sourcedId in another source."""

    def key(guardian: str) -> pl.Expr:
        return joined_key(guardian, "org", "role").alias("sourced_id")

    same = {"org": pl.lit(org), "_by_org": pl.lit("sourced_id"), "role": pl.lit("guardian"), "type": pl.lit("primary")}
    rows = users.select("_file", LINE, user="sourced_id", **same)
    rows = rows.select(key("user"), "user", "org", "_by_org", "role", "type", "_file", LINE)
    lost = unusable.filter(pl.col("column").is_null()).rename({"sourced_id": "user"}).with_columns(**same)
    return Table("Role", rows.lazy(), *coverage, invalid=lost.select(key("user"), "column", "_file", LINE))


def _priority_order(rows: pl.DataFrame) -> pl.Expr:
    if "priority" not in rows.columns:
        return pl.lit(None, pl.Int64)
    return pl.col("priority").cast(pl.Int64, strict=False)


def _invalid(unusable: pl.DataFrame, file: str) -> pl.DataFrame:
    frame = unusable.group_by("guardian", "student").agg(pl.col(LINE).min())
    frame = frame.select(joined_key("guardian", "student").alias("sourced_id"), LINE)
    frame = frame.with_columns(column=pl.lit(None, pl.String), _file=pl.lit(file))
    return frame.select(*INVALID).sort(LINE, "sourced_id")
