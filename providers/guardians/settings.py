"""The settings of a guardian file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from providers.guardians.words import RELATIONSHIPS, SPELLINGS
from rosterkit.sources.contact_points import regions


class GuardianSettings(BaseModel):
    """The keys of ``[sources.NAME]`` beside ``kind = "guardians"``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1, description="The file. A relative path starts at the workspace.")]
    student_key: Annotated[
        Literal["identifier", "sourced_id", "username", "email"],
        Field(description="What the student column holds: the student's number, source id, username or e-mail."),
    ] = "identifier"
    ids: Annotated[
        Literal["file", "generated"],
        Field(
            description="Where guardians' ids come from: a column of the file, or made from name, student and contacts."
        ),
    ] = "file"
    org: Annotated[
        str,
        Field(
            description="The sourcedId, in the roster's source, of the organisation at which every guardian has the "
            "role of a guardian: usually the district. Left empty, no roles are made."
        ),
    ] = ""
    columns: Annotated[
        dict[str, str],
        Field(description='The names of columns in this file, where they are unusual: student = "Stu. Ref".'),
    ] = Field(default_factory=dict)
    relationships: Annotated[
        dict[str, str],
        Field(description='Words for relationships in this file, and what they mean: Padrino = "relative".'),
    ] = Field(default_factory=dict)
    delimiter: Annotated[str, Field(min_length=1, max_length=1, description="What stands between two cells.")] = ","
    final_line_break: Annotated[
        bool, Field(description="A last row that no line break ends counts as cut short. False if none ever has one.")
    ] = True
    phone_region: Annotated[
        str, Field(description='The country (ISO 3166) of phone numbers that do not begin with "+".')
    ] = "US"

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(SPELLINGS)):
            raise ValueError(f"there is no column {', '.join(unknown)}; there are {', '.join(SPELLINGS)}")
        return value

    @field_validator("relationships")
    @classmethod
    def _relationships_are_known(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value.values()) - set(RELATIONSHIPS)):
            raise ValueError(f"there is no relationship {', '.join(unknown)}; there are {', '.join(RELATIONSHIPS)}")
        return value

    @field_validator("phone_region")
    @classmethod
    def _region_is_known(cls, value: str) -> str:
        if value not in regions():
            raise ValueError("a country is two capital letters, such as US or CA")
        return value
