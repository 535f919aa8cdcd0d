"""What ``[sources.NAME]`` may say for ``kind = "clever"`` and ``kind = "clever-csv"``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from providers.clever.vocabulary import CONTACT_TYPES
from rosterkit.transport.secrets import SecretReference

Action = Literal["guardian", "ignore"]


class Scope(BaseModel):
    """Which contacts are guardians. What else is in scope is decided alike for every source."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    contact_types: dict[str, Action] = Field(
        default={},
        description='What to do with each type of contact: "guardian" or "ignore". By default Parent/Guardian, Primary,'
        " Secondary and Family are guardians, and Emergency is ignored. A link of any other type is set aside"
        " and reported until its type stands here.",
    )

    def action_of_type(self) -> dict[str, Action]:
        """The action for each type, by its name without case and punctuation."""
        actions: dict[str, Action] = {
            "parentguardian": "guardian",
            "primary": "guardian",
            "secondary": "guardian",
            "family": "guardian",
            "emergency": "ignore",
        }
        return actions | {"".join(c for c in t.lower() if c.isalnum()): a for t, a in self.contact_types.items()}

    @field_validator("contact_types")
    @classmethod
    def _types_can_be_told_apart(cls, types: dict[str, Action]) -> dict[str, Action]:
        names = ["".join(c for c in t.lower() if c.isalnum()) for t in types]
        if len(set(names)) != len(names):
            raise ValueError(f"a type stands twice; Clever's types are {', '.join(CONTACT_TYPES.values())}")
        return types


class _Reading(BaseModel):
    """What both kinds of source have in common."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    scope: Scope = Field(default=Scope(), description="Which contacts are guardians.")
    last_day: Literal["inclusive", "exclusive"] = Field(
        default="inclusive",
        description="Whether the end of a term or of a student's time at a school is the last day itself, or the day"
        " after it. Clever does not say; districts usually send the last day.",
    )
    staff_role: Literal["administrator", "aide", "siteAdministrator"] = Field(
        default="administrator",
        description="The role of people who are staff and not teachers. Clever does not say what they do.",
    )
    attributes: list[str] = Field(
        default=["department", "ext.*", "full_name", "graduation_year", "title"],
        description="Which further fields are kept as attributes: names, or a name with * at its end. Others, such as"
        " ell_status, frl_status, gifted_status, home_language, iep_status and section_504_status, are not"
        " stored unless they stand here.",
    )


class ApiSettings(_Reading):
    """A district's roster from Clever's API (Secure Sync)."""

    address: str = Field(default="https://api.clever.com", description="The API without its version.")
    token_address: str = Field(default="https://clever.com", description="The server that lists district tokens.")
    version: str = Field(default="v3.1", description="The API's version: v3.1 or v3.0.")
    token: SecretReference | None = Field(
        default=None, description="Where the district's token is: a secret reference."
    )
    client_id: SecretReference | None = Field(
        default=None, description="Where the application's client id is: a secret reference. Tokens are listed with it."
    )
    client_secret: SecretReference | None = Field(
        default=None, description="Where the application's client secret is: a secret reference."
    )
    district: str | None = Field(
        default=None,
        description="The Clever id of the district. Another district's data is refused; needed where the application"
        " has several districts.",
        pattern="^[0-9a-f]{24}$",
    )
    page_size: int = Field(default=10_000, ge=1, le=10_000, description="Records asked for at once.")
    events: bool = Field(default=True, description="Read only what changed since the last applied run, where possible.")
    events_limit: int = Field(
        default=50_000, ge=1, description="Read everything in full when more events than this are waiting."
    )
    ca_file: Path | None = Field(
        default=None, description="A file of certificates to trust instead of the usual ones.", strict=False
    )

    @field_validator("version")
    @classmethod
    def _version_3(cls, version: str) -> str:
        if version.startswith(("v2", "v1")):
            raise ValueError(
                f"{version} is not read: it gives a contact of several students one type and one relationship. "
                'Set version = "v3.1" and move the application to it in Clever\'s dashboard; every id changes once'
            )
        if version not in ("v3.1", "v3.0"):
            raise ValueError(f'{version} is not known; use "v3.1"')
        return version

    @model_validator(mode="after")
    def _credentials(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret go together")
        if self.token is None and self.client_id is None:
            raise ValueError("give token, or client_id and client_secret")
        return self


class CsvSettings(_Reading):
    """A district's roster from the CSV files that districts upload to Clever."""

    path: Path = Field(description="The folder or zip file with schools.csv, students.csv, ...", strict=False)
