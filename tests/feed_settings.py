"""Settings of a feed for a test, without a configuration file around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rosterkit.errors import UsageError

__all__ = ["read_settings"]

Model = TypeVar("Model", bound=BaseModel)


def read_settings(model: type[Model], given: Mapping[str, Any], *, where: str) -> Model:
    """The settings as ``model``; UsageError names each wrong key, as the configuration does with its line."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        found = error.errors(include_url=False)
        keys = (".".join([where, *map(str, detail["loc"])]) for detail in found)
        raise UsageError(" ".join(f"{key} is wrong: {d['msg']}" for key, d in zip(keys, found, strict=True))) from None
