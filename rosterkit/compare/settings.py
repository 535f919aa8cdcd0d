"""What ``[compare]`` in ``rosterkit.toml`` may say: what counts as much, and how much each reason weighs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


def _points(default: float, description: str) -> float:
    found: float = Field(default, ge=0, le=100, description=description)
    return found


def _percent(default: float, description: str) -> float:
    found: float = Field(default, ge=0, le=100, description=description)
    return found


class Weights(BaseModel):
    """How many points of 100 each reason can cost a choice. 0: the reason does not matter to this district."""

    model_config = _STRICT

    guardians: float = _points(30, "Students whom no guardian with an e-mail or a phone would be linked to.")
    separation: float = _points(12, "Links that do not say whether the adult is a parent or an emergency contact.")
    guardian_schools: float = _points(20, "Guardians who belong to the district and would not arrive at a school.")
    guardian_ids: float = _points(12, "Guardians without an id of their own, who may become a second account.")
    schools: float = _points(20, "Students who would lose a school because only the primary one arrives.")
    split: float = _points(40, "One school must become two, and this choice cannot do it.")
    district_staff: float = _points(10, "Staff of the district who would not arrive.")
    classrooms: float = _points(12, "Classes that would have to be joined or renamed by hand.")
    oversharing: float = _points(12, "Students in more classes than are wanted, and no filter to leave them out.")
    sign_on: float = _points(15, "People can no longer sign on with the vendor's account.")
    identity: float = _points(25, "Students without the number by which they are recognised, or with another's.")
    undershared: float = _points(30, "Students and staff whom another source has and this one does not.")
    references: float = _points(15, "Rows that name a record which does not come.")
    unreadable: float = _points(15, "Records and cells that cannot be used as they are.")
    freshness: float = _points(15, "Nothing has changed at the source for too long.")
    files: float = _points(8, "The district makes and reviews the files of the roster itself.")
    guardian_file: float = _points(6, "The district exports a file of guardians every day.")
    own_server: float = _points(6, "The district runs rosterkit every day.")
    by_hand: float = _points(35, "Guardians whom somebody types, once and at each change.")


class Thresholds(BaseModel):
    """From which share on a reason counts, in percent. Below it the reason costs nothing."""

    model_config = _STRICT

    guardians: float = _percent(5, "Students without a guardian who can be reached.")
    separation: float = _percent(5, "Links of no separable type.")
    guardian_schools: float = _percent(2, "Guardians at the district.")
    guardian_ids: float = _percent(5, "Guardians without a stable id.")
    schools: float = _percent(0.5, "Students who would lose a school.")
    district_staff: float = _percent(1, "Staff of the district.")
    classrooms: float = _percent(10, "Classes of one teacher and course, or with the same title.")
    oversharing: float = _percent(10, "Students in too many classes.")
    identity: float = _percent(0.5, "Students without a number, or who share one.")
    undershared: float = _percent(1, "People whom another source has.")
    references: float = _percent(0.5, "Rows with a missing reference.")
    unreadable: float = _percent(0.5, "Records that cannot be used.")
    by_hand: float = _percent(2, "Students whose guardians somebody types.")


class CompareSettings(BaseModel):
    """``[compare]``: how sources are compared, and what the recommendation is made of."""

    model_config = _STRICT

    classes_per_student: int = Field(
        default=8, ge=1, le=100, description="A student in more classes than this is counted as oversharing."
    )
    guardians_per_student: int = Field(
        default=5, ge=1, le=100, description="A student with more guardians than this is counted: some products hold."
    )
    stale_days: int = Field(
        default=7, ge=1, le=366, description="A source in which nothing changed for more days than this is stale."
    )
    too_close: float = Field(
        default=4.0, ge=0, le=100, description="Choices whose points differ by no more than this are too close to call."
    )
    split_schools: bool = Field(
        default=False, description="Whether one school of the district must become two in the product (by grades)."
    )
    homerooms_only: bool = Field(
        default=False, description="Whether only homerooms are wanted: every other class then counts as oversharing."
    )
    weights: Weights = Field(default=Weights(), description="Points that each reason can cost.")
    thresholds: Thresholds = Field(default=Thresholds(), description="From which share on each reason counts.")
