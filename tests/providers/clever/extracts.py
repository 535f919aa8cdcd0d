"""What tests ask of an extract."""

from __future__ import annotations

from typing import Any

import polars as pl

from rosterkit.sources.base import Coverage, Extract, Table

__all__ = ["contact", "counts", "coverages", "found", "row", "table"]


def table(extract: Extract, entity: str, space: str = "") -> Table:
    made = extract.table(entity, space)
    assert made is not None
    return made


def counts(extract: Extract) -> dict[str, int]:
    """Rows by entity, with the id space behind it where it has one."""
    return {
        f"{t.entity} {t.id_space}".strip(): t.rows.select(pl.len()).collect().item()
        for t in extract.tables
        if t.coverage != Coverage.ABSENT
    }


def coverages(extract: Extract) -> dict[str, str]:
    return {f"{t.entity} {t.id_space}".strip(): str(t.coverage) for t in extract.tables}


def found(extract: Extract) -> dict[str, int]:
    """Findings by rule."""
    return dict(extract.findings.group_by("rule").len().iter_rows())


def row(extract: Extract, entity: str, key: str, space: str = "") -> dict[str, Any]:
    rows = table(extract, entity, space).rows.filter(pl.col("sourced_id") == key).collect()
    assert rows.height == 1, f"{rows.height} rows of {key}"
    return rows.row(0, named=True)


def contact(key: str, name: str, *links: tuple[str, str, str], **role: Any) -> dict[str, Any]:
    """A contact as Clever shows it: links are (student, relationship, type); email stands beside the role."""
    email = role.pop("email", "")
    relationships = [dict(zip(("student", "relationship", "type"), link, strict=True)) for link in links]
    return {
        "id": key,
        "district": "68800000d15721c700000000",
        "name": {"last": name},
        "email": email,
        "last_modified": "2026-08-20T06:15:00.000Z",
        "roles": {"contact": {"student_relationships": relationships, **role}},
    }
