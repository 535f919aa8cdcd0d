"""The settings of the Edlio feed: everything that Edlio leaves open has a default here (docs/feeds/edlio.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from providers.edlio.activation import Stage
from providers.edlio.columns import FILE_NAMES, FILES, PEOPLE
from rosterkit.feeds.contacts import Decision
from rosterkit.feeds.mapping import Value
from rosterkit.feeds.preflight import Limits
from rosterkit.feeds.settings import FeedSettings

DEFAULT_FIELDS = {
    column: Value.model_validate(field)
    for column, field in (
        ("Unique ID", "sourced_id"),
        ("Employee ID", "identifier"),
        ("Student ID", "identifier"),
        ("First Name", "given_name"),
        ("Last Name", "family_name"),
        ("Email 1", "email"),
    )
}
"""What fills the columns that Edlio requires. The others are blank until they are mapped: least data."""

T = TypeVar("T")

_COMPUTED = {"Role", "Organization ID"}  # follow from a person's roles, and are not mapped


class EdlioSettings(FeedSettings):
    """``[feeds.NAME]`` with ``kind = "edlio"``."""

    layout: Literal["files", "combined", "oneroster"] = Field(
        default="files",
        description="files: one file per role, and classes and enrollments in their own; combined: all people in one "
        "file; oneroster: the CSV files of OneRoster 1.1.",
    )
    file_names: dict[Literal["staff", "users", "guardians", "combined", "classes", "enrollments"], str] = Field(
        default_factory=dict,
        description="Names of the files that differ from the template's. Edlio maps each file once, by its name.",
    )
    file_names_agreed: bool = Field(
        default=False,
        description="Whether Edlio has confirmed how the files are to be named. Nothing is sent before.",
    )
    removal: Literal["unknown", "absent_removed", "absent_kept"] = Field(
        default="unknown",
        description="What Edlio has answered: is a person who is no longer in the files removed there, or kept? "
        "Nothing is sent while it is unknown.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        description='Headers of your own for the columns of the template, such as { "Unique ID" = "person_guid" }.',
    )
    columns: dict[str, Value] = Field(
        default_factory=dict,
        description='What fills a column, such as { "staff.Phone 1" = "sms", Title = { attribute = "title" } }; a part '
        "before the point limits it to one file. Required columns have a default; others are blank until mapped.",
    )
    guardians: Literal["none", "file", "users"] = Field(
        default="none",
        description="Whether parents and guardians are sent: not at all, in a file of their own, or in the file of the "
        "students. Edlio publishes no columns for them, so ask first.",
    )
    contact_types: dict[str, Decision] = Field(
        default_factory=dict,
        description="Contact types of your own, or other decisions: { Neighbor = "
        '"omit" }. Case does not matter. A type that nobody has mapped is not sent, and shown.',
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="Only people whose record comes from one of these sources, such as the SIS and not a table of "
        "alumni; none means all.",
    )
    child: Literal["student_id", "unique_id"] = Field(
        default="student_id",
        description="By what a parent's row names the child: the child's Student ID or Unique ID. One row per child.",
    )
    classes: bool = Field(default=True, description="Whether classes and enrollments are sent.")
    organization_id: Literal["sourced_id", "identifier"] = Field(
        default="sourced_id", description="Which id of a school is sent as Organization ID."
    )
    organizations: tuple[str, ...] = Field(
        default=(),
        description="The Organization IDs that Edlio knows. Where they are given, any other id is refused.",
    )
    phone_required: bool = Field(
        default=False,
        description="Whether staff without a phone number are withheld. Edlio's pages differ: one requires Phone 1, "
        "one only where Mass Communication is used.",
    )
    languages: dict[str, str] = Field(
        default_factory=dict,
        description="Language codes for words of your own, such as { Mexicano = "
        '"es" }. A language without a code of two letters is sent blank.',
    )
    limits: Limits = Field(
        default=Limits.model_validate({}),
        description="How far the files may differ from the last ones before a person looks.",
    )
    stage: Stage = Field(default=Stage.CREDENTIALS, description="How far the set-up with Edlio is.")
    credentials_issued: date | None = Field(
        default=None, description="When Edlio sent the link to the credentials. It works for seven days."
    )

    @field_validator("headers")
    @classmethod
    def _known_columns(cls, value: dict[str, str]) -> dict[str, str]:
        known = {column.name for columns in FILES.values() for column in columns}
        return _known(value, known)

    @field_validator("columns")
    @classmethod
    def _columns_of_people(cls, value: dict[str, Value]) -> dict[str, Value]:
        of = {part: {column.name for column in FILES[part]} - _COMPUTED for part in PEOPLE}
        known = set().union(*of.values()) | {f"{part}.{name}" for part, names in of.items() for name in names}
        return _known(value, known)

    @model_validator(mode="after")
    def _oneroster_has_its_own_names(self) -> Self:
        if self.layout == "oneroster":
            own = {"headers": bool(self.headers), "file_names": bool(self.file_names)}
            own["columns.Unique ID"] = "Unique ID" in self.columns
            if wrong := [name for name, there in own.items() if there]:
                raise ValueError(f'{wrong[0]}: layout = "oneroster" has the names and ids of OneRoster; remove it.')
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [self.file_name(part).casefold() for part in FILES]
        if len(set(names)) < len(names):
            raise ValueError("file_names: two files have one name. Give each file a name of its own.")
        if any("/" in name or "\\" in name or not name.endswith(".csv") for name in names):
            raise ValueError("A8: a file name ends in .csv and holds no folder.")
        headers = [self.header(column) for column in {c.name for columns in FILES.values() for c in columns}]
        if len({header.casefold() for header in headers}) < len(headers):
            raise ValueError("headers: two columns have one header. Give each column a header of its own.")
        return self

    def file_name(self, part: str) -> str:
        """The name of the file of that part (a key of ``columns.FILES``)."""
        own: Mapping[str, str] = {str(name): value for name, value in self.file_names.items()}
        return own.get(part, FILE_NAMES[part])

    def header(self, column: str) -> str:
        """The header that the district uses for a column of the template."""
        return self.headers.get(column, column)

    def column(self, part: str, column: str) -> Value | None:
        """What fills that column of that file, or None where it is blank."""
        own = self.columns.get(f"{part}.{column}", self.columns.get(column))
        return own or DEFAULT_FIELDS.get(column)


def _known(value: dict[str, T], known: set[str]) -> dict[str, T]:
    if unknown := sorted(set(value) - known):
        raise ValueError(f"Edlio has no such column: {', '.join(unknown)}. It has: {', '.join(sorted(known))}.")
    return value
