"""Settings of the OneRoster source: ``[sources.NAME]`` beside ``kind``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class OneRosterSettings(BaseModel):
    """How a OneRoster CSV package is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str = Field(
        min_length=1,
        description="The package: a zip, or a folder with the CSV files. A relative path is meant from the workspace.",
    )
    strict: bool = Field(
        default=False,
        description="Read exactly by the standard: what would be corrected with a warning is an error and is not used.",
    )
    dates: Literal["iso", "month-first", "day-first"] = Field(
        default="iso",
        description="How 3/4/2026 is meant. With iso, such a date is read only where one reading is possible.",
    )
