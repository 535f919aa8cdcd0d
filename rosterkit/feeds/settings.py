"""Settings of a feed as a person wrote them: a wrong one is a UsageError that names its key."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from rosterkit.errors import UsageError

__all__ = ["FeedSettings", "read_settings"]


class FeedSettings(BaseModel):
    """What settings of feeds have in common: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


Model = TypeVar("Model", bound=BaseModel)


def read_settings(model: type[Model], given: Mapping[str, Any], *, where: str) -> Model:
    """The settings as ``model``. ``where`` is the table in the configuration, such as ``feeds.careers``.

    Raises UsageError that names each wrong key and what it may hold.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        problems = [_sentence(where, model, detail) for detail in error.errors(include_url=False)]
        raise UsageError(" ".join(dict.fromkeys(problems))) from None


def _sentence(where: str, model: type[BaseModel], detail: ErrorDetails) -> str:
    key = ".".join([where, *(str(part) for part in detail["loc"])])
    match detail["type"]:
        case "missing":
            return f"The setting {key} is missing. Set it in [{where}]."
        case "extra_forbidden":
            near = get_close_matches(str(detail["loc"][-1]), list(model.model_fields), 1)
            hint = f'Did you mean "{near[0]}"?' if near else "Remove it, or see the page of the feed."
            return f"There is no setting {key}. {hint}"
        case _:
            message = detail["msg"].removeprefix("Value error, ").rstrip(".")
            return f"The setting {key} is wrong: {message}."
