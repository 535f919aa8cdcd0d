"""Words of the standard that several packages use."""

from __future__ import annotations

import polars as pl

NO_SCHOOLS = ("department", "district", "local", "national", "state")
"""Org types that are no school; ``school`` and ``ext:…`` are."""


ENTITY_WORDS = {
    word: entity
    for entity, words in {
        "User": "student teacher guardian parent relative staff administrator aide principal counselor person people",
        "Org": "school district department organisation organization",
        "AcademicSession": "term session semester",
        "Class": "section homeroom",
        "GuardianLink": "link contact",
    }.items()
    for word in (*words.split(), *(f"{word}s" for word in words.split()))
}
"""What people call the records of an entity."""


def is_school(kind: pl.Expr) -> pl.Expr:
    """Whether an org of that type is a school; one of unknown type is none."""
    return kind.is_in(NO_SCHOOLS).not_().fill_null(value=False)
