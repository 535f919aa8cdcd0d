"""What the settings of a feed name, wherever it stands in them: fields and attributes, with the path of the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import BaseModel

from rosterkit.feeds.base import Roster
from rosterkit.feeds.mapping import Value
from rosterkit.feeds.selection import Who

_SENSITIVE = ("preferred_given_name", "preferred_middle_name", "preferred_family_name", "pronouns")
"""Fields that are in no file unless somebody decided so. Demographics are a setting of the feed that can send them."""

_OF_USERS = ("User", "UserAttributes")

Path = tuple[str, ...]


def _settings(found: Any, path: Path = ()) -> Iterator[tuple[Path, BaseModel]]:
    """Every model in the settings, with the path of its key."""
    if isinstance(found, BaseModel):
        yield path, found
        for name in type(found).model_fields:
            yield from _settings(getattr(found, name), (*path, name))
    elif isinstance(found, Mapping):
        for name, inner in found.items():
            yield from _settings(inner, (*path, str(name)))
    elif isinstance(found, Sequence) and not isinstance(found, str | bytes):
        for place, inner in enumerate(found):
            yield from _settings(inner, (*path, str(place)))


def attributes_named(settings: BaseModel) -> dict[str, Path]:
    """The attributes that mappings and selections name, and the path of the first key that does."""
    named: dict[str, Path] = {}
    for path, model in _settings(settings):
        if isinstance(model, Value) and model.attribute is not None:
            named.setdefault(model.attribute, path)
        if isinstance(model, Who):
            for name in model.attributes:
                named.setdefault(name, (*path, "attributes", name))
    return named


def nobody_has(roster: Roster, names: Sequence[str]) -> list[str]:
    """Which of these attributes no active user has, by any source."""
    if not names:
        return []
    there = [pl.col("attributes").str.contains(f'"{name}":', literal=True).any().alias(name) for name in names]
    found = pl.collect_all([roster.table(entity).select(there) for entity in _OF_USERS])
    return [name for name in names if not any(frame[name].item() for frame in found)]


def sensitive_fields(settings: BaseModel) -> list[str]:
    """What the settings send that is in no file by itself: preferred names, pronouns, demographics."""
    fields = {
        name
        for _, model in _settings(settings)
        if isinstance(model, Value)
        for name in _SENSITIVE
        if model.field == name or f"{{{name}}}" in (model.template or "")
    }
    return sorted(fields | ({"demographics"} if getattr(settings, "demographics", False) else set()))
