"""The canonical columns are declared once; everything made from them says the same."""

from pathlib import Path
from typing import Any

import pytest

from rosterkit.roster import _columns, generate
from rosterkit.roster.entities import CANONICAL
from rosterkit.roster.schema import BOOKKEEPING, by_name, entities


def test_the_generated_columns_are_current() -> None:
    committed = Path(_columns.__file__).read_text(encoding="utf-8")
    assert committed == generate.render(), "run: python -m rosterkit.roster.generate"


def test_every_canonical_table_is_an_entity_of_the_same_name() -> None:
    assert [e.name for e in entities()] == [t.__name__ for t in CANONICAL]
    assert [e.table for e in entities()] == [t.__tablename__ for t in CANONICAL]


def test_parents_stand_before_what_references_them() -> None:
    seen: set[str] = set()
    for entity in entities():
        seen.add(entity.name)
        assert {c.to for c in entity.refs} <= seen, entity.name


@pytest.mark.parametrize("table", CANONICAL, ids=lambda t: t.__name__)
def test_every_column_of_a_table_is_bookkeeping_or_business(table: Any) -> None:
    entity = by_name(table.__name__)
    business = {c.name for c in entity.columns}
    bookkeeping = {name for name, _ in BOOKKEEPING}
    assert business.isdisjoint(bookkeeping)
    assert business | bookkeeping == set(table.__table__.columns.keys())


@pytest.mark.parametrize("table", CANONICAL, ids=lambda t: t.__name__)
def test_a_sourced_id_is_unique_per_source_and_id_space(table: Any) -> None:
    from sqlalchemy import UniqueConstraint

    keys = [tuple(c.columns.keys()) for c in table.__table__.constraints if isinstance(c, UniqueConstraint)]
    assert keys == [("source", "id_space", "sourced_id")]


def test_a_column_is_found_by_label_and_by_name() -> None:
    enrollment = by_name("Enrollment")
    assert enrollment.column("class") is enrollment.column("class_id")
    with pytest.raises(KeyError, match="no column teacher"):
        enrollment.column("teacher")
    with pytest.raises(KeyError):
        by_name("Pupil")
