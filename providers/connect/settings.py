"""The settings of the Connect feed: what a district decides, and how Connect is set up (docs/feeds/connect.md)."""

from __future__ import annotations

from datetime import time
from string import Formatter
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from providers.connect.columns import FILES, GUARDIANS, MAX_AGENTS
from rosterkit.feeds.contacts import CUSTODY_ORDER, Decision
from rosterkit.feeds.preflight import Limits
from rosterkit.feeds.selection import SchoolRule, claims
from rosterkit.feeds.settings import FeedSettings

TITLE_FIELDS = ("title", "course", "code", "location", "teacher")


class ConnectSettings(FeedSettings):
    """``[feeds.NAME]`` with ``kind = "connect"``."""

    profile: Literal["full", "guardians_only"] = Field(
        default="full",
        description="full: everything; guardians_only: only guardians.csv, beside a Clever or ClassLink sync.",
    )
    guardians: Literal["file", "users", "none"] = Field(
        default="file",
        description="file: in guardians.csv; users: as rows of users.csv, named on the students' rows; none: not sent.",
    )
    sync_manages_guardians: bool = Field(
        default=False,
        description='"Allow sync to manage guardians" in Connect. It must be off where guardians.csv is used.',
    )
    guardian_headers: dict[str, str] = Field(
        default_factory=dict,
        description="Headers of guardians.csv that differ from ours, as Connect's sample file shows them.",
    )
    student_key: Literal["sourced_id", "identifier"] = Field(
        default="sourced_id",
        description="What names the student in guardians.csv beside a Clever or ClassLink sync: what that sync uses as "
        "the student's id in Connect.",
    )
    guardian_id: Literal["sourced_id", "blank"] = Field(
        default="sourced_id", description="What is sent as the guardian's own id in guardians.csv."
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="Only people whose record comes from one of these sources, such as the SIS and not a table of "
        "alumni; none means all.",
    )
    contact_types: dict[str, Decision] = Field(
        default_factory=dict,
        description="Contact types of your own, or other decisions: { Neighbor = "
        '"omit" }. Case does not matter. A type that nobody has mapped is not sent, and shown.',
    )
    contact_relationships: tuple[str, ...] = Field(
        default=(), description="Only these relationships are sent; none means all. Case does not matter."
    )
    custody_order: tuple[str, ...] = Field(
        default=CUSTODY_ORDER,
        description="Contact types, the closest first: who is kept where a student has more guardians than fit. Among "
        "equals the priority decides, then the guardian's id.",
    )
    max_guardians: int = Field(
        default=MAX_AGENTS,
        ge=1,
        le=MAX_AGENTS,
        description="How many guardians of a student are sent. A student's row in Connect takes six.",
    )
    user_ids: Literal["plain", "by_kind"] = Field(
        default="plain",
        description="plain: sourcedId is the source's id; by_kind: with student-, staff- or guardian- before it, for "
        "sources in which a student and an employee may have one number.",
    )
    limits: Limits = Field(
        default=Limits.model_validate({}),
        description="How far the files may differ from the last ones before a person looks.",
    )
    schools: Literal["all", "primary"] = Field(
        default="all", description="Whether a student of several schools is sent with all of them or the primary one."
    )
    school_id: Literal["sourced_id", "identifier"] = Field(
        default="sourced_id", description="Which id of a school has been entered in Connect as School ID."
    )
    school_rules: tuple[SchoolRule, ...] = Field(
        default=(),
        description="Schools that are others in Connect: several become one, or one becomes several by grade. Each "
        "student lands in exactly one.",
    )
    known_schools: tuple[str, ...] = Field(
        default=(), description="The School IDs entered in Connect. Where they are given, any other is refused."
    )
    district_staff: Literal["omit", "schools"] = Field(
        default="omit",
        description="Staff whose only role is at the district: left out, or sent with every school of the feed.",
    )
    classes: Literal["all", "homeroom"] = Field(
        default="all", description="Whether all classes are sent or only homerooms."
    )
    subjects: tuple[str, ...] = Field(default=(), description="Only classes of these subjects; none means all.")
    courses: tuple[str, ...] = Field(default=(), description="Only classes of these course codes; none means all.")
    terms: Literal["all", "current"] = Field(
        default="current", description="All classes, or only those with a term that runs on the day of the feed."
    )
    join_sections: bool = Field(
        default=False, description="Whether sections of one teacher and course at one school become one classroom."
    )
    title: str = Field(
        default="{title}",
        description="The classroom's name, of {title}, {course}, {code}, {location} and {teacher} (the family name).",
    )
    identifier: bool = Field(
        default=False,
        description='Whether the student number is sent. Needed where "Student ID" is STUDENT NUMBER in Connect.',
    )
    phone_credential: Literal["sms", "phone"] = Field(
        default="sms", description="The column that Connect uses for log-in and messages."
    )
    home_phone: bool = Field(
        default=False,
        description="Whether home phones are sent. Connect only keeps them; they are sent anyway where they are the "
        "credential.",
    )
    unique_contacts: bool = Field(
        default=False,
        description="Whether Connect wants each e-mail and mobile number to belong to one person. Since 2026 they may "
        "share; before, the others lost theirs.",
    )
    grade_codes: dict[str, str] = Field(
        default_factory=dict, description="Connect's codes for grades that differ from CEDS: { KG = 'K' }."
    )
    languages: dict[str, str] = Field(default_factory=dict, description="Language codes for words of your own.")
    encoding: Literal["utf-8", "ascii", "iso-8859-1"] = Field(
        default="utf-8", description="The encoding of the files. iso-8859-1 only by arrangement with Connect."
    )
    deletion_threshold: float = Field(
        default=10.0,
        ge=0,
        le=100,
        description="The deletion threshold in Connect, in percent of the records that the sync manages.",
    )
    many_classes: int = Field(
        default=10, ge=1, description="A student in more classes than this is counted in a warning."
    )
    sync_start: time | None = Field(
        default=None, description="When Connect fetches the files, in the district's zone; they are to be there before."
    )
    update_active_users: bool = Field(
        default=False, description='"Allow the sync to update contact details of active users" in Connect.'
    )
    update_language: bool = Field(default=False, description='"Allow sync to update user language" in Connect.')
    unarchive_classrooms: bool = Field(default=False, description='"Unarchive classrooms that reappear" in Connect.')

    @field_validator("guardian_headers")
    @classmethod
    def _known_headers(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(FILES[GUARDIANS])):
            raise ValueError(f"guardians.csv has no {', '.join(unknown)}. It has: {', '.join(FILES[GUARDIANS])}.")
        headers = [value.get(name, name).casefold() for name in FILES[GUARDIANS]]
        if len(set(headers)) < len(headers):
            raise ValueError("two columns of guardians.csv have one header; give each a header of its own.")
        return value

    @field_validator("school_rules")
    @classmethod
    def _each_student_in_one(cls, value: tuple[SchoolRule, ...]) -> tuple[SchoolRule, ...]:
        claims(value)
        return value

    @field_validator("title")
    @classmethod
    def _known_fields(cls, value: str) -> str:
        parts = list(Formatter().parse(value))
        names = [name for _, name, _, _ in parts if name is not None]
        if not names or any(
            name not in TITLE_FIELDS or spec or mark for _, name, spec, mark in parts if name is not None
        ):
            raise ValueError("a title is made of {" + "}, {".join(TITLE_FIELDS) + "} and plain text.")
        return value

    @model_validator(mode="after")
    def _guardians_have_one_way(self) -> Self:
        if self.profile == "guardians_only" and self.guardians != "file":
            raise ValueError('C30: profile = "guardians_only" sends guardians.csv; set guardians = "file".')
        if self.guardians == "file" and self.profile == "full" and self.sync_manages_guardians:
            raise ValueError(
                'C24: where guardians.csv is used, turn "Allow sync to manage guardians" off in Connect, '
                "and set sync_manages_guardians = false."
            )
        return self

    @property
    def sends_phone(self) -> bool:
        """Whether the column phone is filled."""
        return self.home_phone or self.phone_credential == "phone"

    def guardian_header(self, name: str) -> str:
        """The header that guardians.csv has for a column."""
        return self.guardian_headers.get(name, name)
