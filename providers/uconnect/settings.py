"""The settings of the uConnect feed: the keys of [feeds.NAME] beside kind and target."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from providers.uconnect.columns import DEFAULTS, FLAGS, IDENTITY, ORDER
from rosterkit.feeds.mapping import Value
from rosterkit.feeds.preflight import Limits
from rosterkit.feeds.selection import Who
from rosterkit.feeds.settings import FeedSettings


class Population(Who):
    """One population of the merged file: its name, and who belongs to it."""

    name: str = Field(min_length=1, description="the user type that is sent for these people")


class UConnectSettings(FeedSettings):
    """How the one file for uConnect is made (support.gouconnect.com, articles 2915823 and 12841447)."""

    identity: Literal["email", "user_id", "user_login"] = Field(
        description="the identifier that equals what SSO passes and never changes. `email` sends neither USER_ID nor "
        "USER_LOGIN, so say it only where the e-mail address never changes and is the one that SSO passes."
    )
    populations: tuple[Population, ...] = Field(
        min_length=1, description="who is in the file, by population; a record is of the first one that it fits"
    )
    prefer: tuple[str, ...] = Field(
        default=(),
        description="populations in the order in which a person's row counts who stands in several, such as a graduate "
        "who is in the SIS and in a table of alumni. Without it such a person is withheld.",
    )
    file: str = Field(
        default="uconnect.csv",
        pattern=r"^[A-Za-z0-9._/-]+\.csv$",
        description="the object's key; the same in every run, and overwritten",
    )
    columns: dict[str, Value] = Field(
        default_factory=dict,
        description="where a column comes from. Columns beyond those of uConnect feed one community group each.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="other header names, such as DELETE = 'REMOVE'; the pages of uConnect differ"
    )
    audience_header: Literal["USER_TYPE", "STAKEHOLDERS"] = Field(
        default="USER_TYPE", description="the header of the population; newer pages of uConnect require STAKEHOLDERS"
    )
    groups: dict[str, str] = Field(
        default_factory=dict,
        description="the community group that each community column feeds, for the mapping document",
    )
    communities: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the communities that exist at uConnect, by header; others are a warning"
    )
    attribute_order: tuple[str, ...] = Field(
        default=(),
        description="the sources whose statement about an attribute counts first; `own` is the user's record",
    )
    auto_deprovision: bool = Field(
        default=False, description="whether Auto Deprovision is on at uConnect: who is not in the file is removed there"
    )
    leaver: Literal["absent", "delete_flag"] = Field(
        default="absent", description="what a person who left is: not in the file, or in it with the delete flag"
    )
    delete_after_days: int = Field(
        default=0, ge=0, description="days after leaving before the delete flag is TRUE; until then the row goes on"
    )
    delete_weeks: int = Field(default=4, ge=1, description="for how many weeks the delete flag is sent")
    few_rows: int = Field(default=3, ge=0, description="a file of fewer rows is taken for a placeholder (a warning)")
    line_end: Literal["crlf", "lf"] = Field(default="crlf", description="how lines end; RFC 4180 says crlf")
    limits: Limits = Field(default_factory=Limits, description="how far a file may differ from the one last sent")

    @field_validator("headers")
    @classmethod
    def _known_headers(cls, given: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(given) - set(ORDER))
        if unknown:
            raise ValueError(f"headers renames {', '.join(ORDER)}, and not {', '.join(unknown)}")
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [population.name for population in self.populations]
        if len(names) != len(set(names)):
            raise ValueError("two populations have one name")
        if set(self.prefer) - set(names):
            raise ValueError("prefer names a population that is not among populations")
        if "USER_TYPE" in self.columns:
            raise ValueError("columns.USER_TYPE comes from populations; name them there")
        odd = [name for name in self.columns if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)]
        if odd:
            raise ValueError(f'a header has letters, digits and "_": rename columns.{odd[0]}')
        twice = sorted({group for group in self.groups.values() if list(self.groups.values()).count(group) > 1})
        if twice:
            raise ValueError(
                f'groups: U34: the community group "{twice[0]}" has two columns; uConnect takes one for each group'
            )
        stray = sorted(set(self.groups) - set(self.community_columns()) - {"PROGRAM"})
        if stray:
            raise ValueError(f"groups.{stray[0]} names a column that columns does not have")
        return self

    def header(self, column: str) -> str:
        """The header that is written for a column of ours."""
        if column == "USER_TYPE":
            return self.headers.get(column, self.audience_header)
        return self.headers.get(column, column)

    def community_columns(self) -> list[str]:
        """The columns that feed community groups, PROGRAM apart, in the order of the configuration."""
        return [name for name in self.columns if name not in ORDER]

    def has_user_type(self) -> bool:
        """Whether the population is sent: where there are several, or the newer header is asked for."""
        return len(self.populations) > 1 or self.audience_header == "STAKEHOLDERS"

    def mapped(self) -> dict[str, Value]:
        """Where each column comes from, in the order of the file, without USER_TYPE."""
        wanted = {"FIRST_NAME", "LAST_NAME", "EMAIL", "GRADUATION", IDENTITY[self.identity], *self.columns}
        if self.leaver == "delete_flag":
            wanted.add("DELETE")
        values = {**DEFAULTS, **self.columns}
        return {name: values[name] for name in [*ORDER, *self.community_columns()] if name in wanted and name in values}

    def columns_in_order(self) -> list[str]:
        """The columns of the file, in their order."""
        named = [*self.mapped(), *(["USER_TYPE"] if self.has_user_type() else [])]
        return [name for name in [*ORDER, *self.community_columns()] if name in named]

    def delete_weeks_in_all(self) -> int:
        """For how many weeks a leaver's row goes on: until the flag is TRUE, and while it is."""
        return -(-self.delete_after_days // 7) + self.delete_weeks

    def flags(self) -> list[str]:
        """The headers of flags that the file has."""
        return [self.header(name) for name in FLAGS if name in self.mapped()]
