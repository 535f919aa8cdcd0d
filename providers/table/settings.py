"""The settings of a mapped table."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from providers.table.words import ROLES, SPELLINGS
from rosterkit.sources.contact_points import regions


def is_role(word: str) -> bool:
    """Whether it is one of OneRoster's roles, or an extension (``ext:alumni``)."""
    return word in ROLES or (word.startswith("ext:") and len(word) > len("ext:"))


class TableSettings(BaseModel):
    """The keys of ``[sources.NAME]`` beside ``kind = "table"``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1, description="The file. A relative path starts at the workspace.")]
    rows: Annotated[
        Literal["attributes", "people"],
        Field(description="What a row is: attributes of a user of another source, or a person of its own."),
    ] = "attributes"
    user_key: Annotated[
        Literal["identifier", "sourced_id", "username", "email"],
        Field(description="Of attributes: what the user column holds: a number, source id, username or e-mail."),
    ] = "identifier"
    attributes: Annotated[
        dict[str, str],
        Field(description='Attributes, and the columns that hold them: program = "Program Code".'),
    ] = Field(default_factory=dict)
    unique: Annotated[
        tuple[str, ...],
        Field(description="Attributes that name one person: a value that two people have is not used."),
    ] = ("auth_identifier", "card_id")
    columns: Annotated[
        dict[str, str],
        Field(description='Other columns with unusual names: user = "Stu. Ref", or of people family_name = "Nom".'),
    ] = Field(default_factory=dict)
    role: Annotated[
        str, Field(description="Of people: the role of everybody in the table, where no column says it.")
    ] = ""
    org: Annotated[
        str, Field(description="Of people: the organisation of everybody in the table, where no column says it.")
    ] = ""
    org_key: Annotated[
        Literal["identifier", "sourced_id"],
        Field(description="Of people: what org holds, the organisation's number or its source id."),
    ] = "identifier"
    roles: Annotated[
        dict[str, str],
        Field(description='Of people: words for roles in this file, and what they mean: Adjunct = "teacher".'),
    ] = Field(default_factory=dict)
    delimiter: Annotated[str, Field(min_length=1, max_length=1, description="What stands between two cells.")] = ","
    final_line_break: Annotated[
        bool, Field(description="A last row that no line break ends counts as cut short. False if none ever has one.")
    ] = True
    phone_region: Annotated[
        str, Field(description='The country (ISO 3166) of phone numbers that do not begin with "+".')
    ] = "US"

    @field_validator("phone_region")
    @classmethod
    def _region_is_known(cls, value: str) -> str:
        if value not in regions():
            raise ValueError("a country is two capital letters, such as US or CA")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.rows == "attributes" and not self.attributes:
            raise ValueError("a table of attributes needs the key attributes: which columns hold which attribute")
        if self.rows == "attributes" and (self.role or self.org or self.roles):
            raise ValueError('role, org and roles belong to rows = "people"')
        known = SPELLINGS if self.rows == "people" else ("user",)
        if unknown := sorted(set(self.columns) - set(known)):
            raise ValueError(f"there is no column {', '.join(unknown)}; there are {', '.join(known)}")
        if wrong := [name for name in self.attributes if not re.fullmatch(r"[A-Za-z][\w.-]*", name)]:
            raise ValueError(f"an attribute's name is a letter with letters, digits and _ . - after it: {wrong[0]!r}")
        if taken := sorted(set(self.attributes) & {*known, "attributes"}):
            raise ValueError(f"{', '.join(taken)} is no attribute but a column of its own")
        for word in filter(None, (self.role, *self.roles.values())):
            if not is_role(word):
                raise ValueError(f"there is no role {word}; there are {', '.join(ROLES)} and ext:something")
        return self
