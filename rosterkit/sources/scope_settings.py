"""The settings of scope: which records of a source are wanted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Names = Annotated[tuple[str, ...], Field(strict=False)]


class Scope(BaseModel):
    """``[sources.NAME.scope]``: which records are wanted. Records out of scope are not stored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schools: _Names = Field(
        default=(), description="Schools to take, by source id, number or name. Left empty: all schools."
    )
    one_school: dict[str, str] = Field(
        default={},
        description="Schools that are part of another one: each by source id, number or name, and the other.",
    )
    grades: _Names = Field(default=(), description="Grades of the students to take (CEDS codes). Left empty: all.")
    homerooms_only: bool = Field(default=False, description="Take homerooms and leave every other class.")
    subjects: _Names = Field(
        default=(), description="Take classes with one of these subjects, by name or code. Left empty: all."
    )
    courses: _Names = Field(
        default=(), description="Take classes of these courses, by source id, code or title. Left empty: all."
    )
    terms: _Names = Field(
        default=(), description="Take classes that meet in these terms or their parts, by source id or title."
    )
    contact_types: dict[str, Literal["guardian", "ignore"]] = Field(
        default={},
        description="What to do with each type of contact (or relationship, where there are no types): `guardian` or "
        "`ignore`. A link of a type that does not stand here is set aside and reported. Left empty: all are guardians.",
    )
    district_staff: bool = Field(
        default=True, description="Whether staff who belong to the district and to no school are taken."
    )

    @property
    def is_open(self) -> bool:
        """Whether everything is wanted."""
        return self == Scope()
