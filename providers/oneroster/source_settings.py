"""The settings of the OneRoster CSV source."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["SourceSettings"]


class SourceSettings(BaseModel):
    """Where the package is, and how it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str = Field(
        min_length=1,
        description="The package: a zip or a folder. A relative path is meant from the workspace's folder.",
    )
    strict: bool = Field(
        default=False,
        description="Whether the package must follow the specification to the letter, as for certification.",
    )
    dates: Literal["iso", "month-first", "day-first"] = Field(
        default="iso",
        description="How a date such as 3/4/2026 is meant. iso: it cannot be told, and the cell is not used.",
    )

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        if "\0" in value:
            raise ValueError("a path holds no NUL; write it without")
        try:
            Path(value).expanduser()
        except RuntimeError:
            raise ValueError(f"nobody here is called {value.partition('/')[0]}; write the path in full") from None
        return value
