"""The columns of the student file as data: headers in the order of the example file, kinds, and allowed values.

Source: support.joinhandshake.com, articles 360012326194 (reference) and 233086688 (importing student data).
"""

from __future__ import annotations

from dataclasses import dataclass

from rosterkit.feeds.mapping import Value


@dataclass(frozen=True)
class Column:
    """One column: ``kind`` is text, list, boolean, date, decimal or phone; ``allowed`` are preset values."""

    header: str
    kind: str = "text"
    allowed: tuple[str, ...] = ()
    clearable: bool = True  # **CLEAR** erases it; it works in no boolean, and not in what identifies a student


_YEARS = (
    "Freshman",
    "Sophomore",
    "Junior",
    "Senior",
    "Masters",
    "Doctorate",
    "Postdoctoral Studies",
    "Masters of Business Administration",
    "Accelerated Masters",
    "Alumni",
)
_LEVELS = (
    "High School",
    "Associates",
    "Certificate",
    "Advanced Certificate",
    "Bachelors",
    "Masters",
    "Doctorate",
    "Postdoctoral Studies",
    "Non-Degree Seeking",
)
_ETHNICITIES = (
    "Native American/Alaskan Native",
    "Black or African American",
    "Asian/Asian American",
    "Native Hawaiian/Pacific Islander",
    "Latino(a)",
    "White/Caucasian",
    "Middle Eastern",
)

COLUMNS = (
    Column("email_address", clearable=False),
    Column("username", clearable=False),
    Column("auth_identifier", clearable=False),
    Column("card_id"),
    Column("first_name", clearable=False),
    Column("last_name"),
    Column("middle_name"),
    Column("preferred_name"),
    Column("school_year_name", allowed=_YEARS, clearable=False),
    Column("primary_education:education_level_name", allowed=_LEVELS),
    Column("primary_education:cumulative_gpa", "decimal"),
    Column("primary_education:department_gpa", "decimal"),
    Column("primary_education:primary_major_name"),
    Column("primary_education:major_names", "list"),
    Column("primary_education:minor_names", "list"),
    Column("primary_education:college_name"),
    Column("primary_education:start_date", "date"),
    Column("primary_education:end_date", "date"),
    Column("primary_education:currently_attending", "boolean", clearable=False),
    Column("campus_name"),
    Column("opt_cpt_eligible", "boolean", clearable=False),
    Column("ethnicity", allowed=_ETHNICITIES),
    Column("gender", allowed=("Male", "Female", "Other")),
    Column("disabled", "boolean", clearable=False),
    Column("work_study_eligible", "boolean", clearable=False),
    Column("system_label_names", "list", clearable=False),
    Column("mobile_number", "phone"),
    Column("assigned_to_email_address"),
    Column("athlete", "boolean", clearable=False),
    Column("veteran", "boolean", clearable=False),
    Column("first_generation", "boolean", clearable=False),
    Column("hometown_location_attributes:name"),
    Column("eu_gdpr_subject", "boolean", clearable=False),
)
"""Every column of the student file, in the order in which they are written."""

MINIMUM = ("email_address", "username", "first_name")
"""What Handshake needs to create or update a student."""

IDENTIFIERS = ("username", "email_address", "auth_identifier", "card_id")
"""Rows that share one of these are skipped by Handshake."""

DEPRECATED = {"Graduate": "Masters", "Post Graduate": "Doctorate"}
"""Old school years, and what replaced them."""

SCHOOL_YEARS = {"09": "Freshman", "10": "Sophomore", "11": "Junior", "12": "Senior"}
"""The school year of a grade (CEDS code) by default; a college maps its own levels."""

DEFAULTS = {
    "email_address": Value(field="email"),
    "first_name": Value(field="given_name"),
    "last_name": Value(field="family_name"),
}
"""The mapping where the settings have none. Everything else leaves only where it is mapped."""


def by_kind(kind: str) -> list[str]:
    """The headers of one kind."""
    return [column.header for column in COLUMNS if column.kind == kind]
