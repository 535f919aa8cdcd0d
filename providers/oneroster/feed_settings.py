"""The settings of the OneRoster feed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rosterkit.feeds.preflight import Limits


class FeedSettings(BaseModel):
    """How a package is written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    version: Literal["1.1", "1.2"] = Field(
        default="1.2", description="The version of OneRoster that is written: 1.1 or 1.2 (as 1.2.1 has it)."
    )
    demographics: bool = Field(
        default=False,
        description="Whether demographics.csv is sent. It holds birth dates, sex and race: decide before you say true.",
    )
    extensions: bool = Field(
        default=True, description="Whether attributes whose name starts with metadata. are sent, as further columns."
    )
    complete_guardians: bool = Field(
        default=True,
        description="Guardians whose source states no enabledUser or username, as a guardian file does not, are sent "
        "with enabledUser true and their sourcedId as username. false: they are withheld.",
    )
    form: Literal["zip", "folder"] = Field(
        default="zip", description="zip: one file. folder: the CSV files in a folder named after the feed."
    )
    name: str = Field(default="oneroster.zip", description="The file name of the zip.")

    limits: Limits = Field(
        default=Limits(), description="How many rows a file may lose against what was last sent before a person looks."
    )

    @field_validator("name")
    @classmethod
    def _is_a_zip(cls, value: str) -> str:
        if not value.isprintable() or set(value) & set("/\\") or value.startswith(".") or not value.endswith(".zip"):
            raise ValueError("it must be a file name that ends in .zip, without folders")
        return value
