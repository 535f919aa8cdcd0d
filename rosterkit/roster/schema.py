"""The canonical columns as plain data for whole-table work: no ORM is imported here.

They are made from ``rosterkit.roster.entities`` by ``python -m rosterkit.roster.generate``; a test keeps both alike.

How a value lies in a frame, by kind:

=========  ==================  ===========================================================================
kind       polars dtype        content
=========  ==================  ===========================================================================
text       String              as read, never ""
date       String              YYYY-MM-DD
list       String              a JSON array of strings, no spaces: ``["01","02"]``; never ``[]``
json       String              a JSON object of strings, keys sorted, no spaces; never ``{}``
bool       Boolean
ref        Int64 or String     column ``class_id``: the integer id; column ``class`` (its label): the sourced id
=========  ==================  ===========================================================================
"""

from __future__ import annotations

from rosterkit.roster._columns import ENTITIES
from rosterkit.roster.entity import BOOKKEEPING, FINGERPRINT, PROVENANCE, Column, Entity

__all__ = ["BOOKKEEPING", "FINGERPRINT", "PROVENANCE", "Column", "Entity", "by_name", "entities"]

_BY_NAME = {entity.name: entity for entity in ENTITIES}


def entities() -> tuple[Entity, ...]:
    """Every canonical entity, parents before what references them."""
    return ENTITIES


def by_name(name: str) -> Entity:
    """The entity of that name (``User``); KeyError when there is none."""
    return _BY_NAME[name]
