"""The settings of the Handshake feed: the keys of [feeds.NAME] beside kind and target."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Literal, Self

from pydantic import Field, model_validator

from providers.handshake.columns import COLUMNS, DEFAULTS, DEPRECATED, MINIMUM, SCHOOL_YEARS
from rosterkit.feeds.mapping import Value, texts_sent
from rosterkit.feeds.preflight import Limits
from rosterkit.feeds.selection import Who
from rosterkit.feeds.settings import FeedSettings

_STUDENTS = Who(roles=("student",))
_OWN = ("username", "auth_identifier", "card_id", "disabled")


class Known(FeedSettings):
    """Names that exist at Handshake already: a name in the file that is not here is reported as new."""

    majors: tuple[str, ...] = Field(default=(), description="majors")
    minors: tuple[str, ...] = Field(default=(), description="minors")
    colleges: tuple[str, ...] = Field(default=(), description="colleges")
    campuses: tuple[str, ...] = Field(default=(), description="campuses")


KNOWN = {
    "majors": ("primary_education:major_names", "primary_education:primary_major_name"),
    "minors": ("primary_education:minor_names",),
    "colleges": ("primary_education:college_name",),
    "campuses": ("campus_name",),
}
"""The columns that hold the names of each kind."""


class Intent(FeedSettings):
    """What the next file is meant to do; a file that does more is held (H19)."""

    new_at_most: int | None = Field(default=None, ge=0, description="new accounts; 0 for updates only")
    archived_at_most: int | None = Field(default=None, ge=0, description="students whose account is disabled")


class HandshakeSettings(FeedSettings):
    """How the student file for Handshake is made."""

    username: Value = Field(
        description="the student's anchor at Handshake: unique, never changed, never given to another person. Decide "
        "it before the first file; it cannot be changed afterwards. A student number is recommended."
    )
    sso: bool = Field(default=True, description="whether students sign in by SSO; then auth_identifier is needed")
    auth_identifier: Value | None = Field(
        default=None, description="the value that equals what SSO returns, as Handshake's SSO settings name it"
    )
    kiosk: bool = Field(default=False, description="whether the check-in kiosk is used; without it no card_id is sent")
    card_id: Value | None = Field(
        default=None, description="the unique part of the student's card; use extract to cut it out"
    )
    sample_swipes: dict[str, str] = Field(
        default_factory=dict, description="what the card reader gave for some students, by username, to test card_id"
    )
    students: Who = Field(default=_STUDENTS, description="who is sent as a student")
    alumni: Who | None = Field(
        default=None, description="who is sent with the school year Alumni; they are never disabled"
    )
    prefer: Literal["nobody", "students", "alumni"] = Field(
        default="nobody",
        description="whose row is sent of a graduate who is among the students and among the alumni under one "
        "username; with `nobody` both rows are withheld",
    )
    school_years: dict[str, str] = Field(default=SCHOOL_YEARS, description="the school year of each grade (CEDS code)")
    columns: dict[str, Value] = Field(
        default_factory=dict, description="where each further column comes from, by its header; others are not sent"
    )
    attribute_order: tuple[str, ...] = Field(
        default=(),
        description="the sources whose statement about an attribute counts first; `own` is the user's record",
    )
    required: tuple[str, ...] = Field(
        default=("email_address", "username", "first_name", "school_year_name"),
        description="headers that the file must have; Handshake's pages differ, this is the reference page's list",
    )
    leaver: Literal["disabled", "absent"] = Field(
        default="disabled",
        description="what a student who left is: in the file with disabled = TRUE, or not in it. Absence archives "
        "nobody at Handshake.",
    )
    disable_after_days: int = Field(default=0, ge=0, description="days after leaving before disabled is TRUE")
    disable_weeks: int = Field(default=4, ge=1, description="for how many weeks disabled = TRUE is sent")
    never_disable: tuple[str, ...] = Field(
        default=("Senior",),
        description="school years in which nobody is disabled: graduates leave the SIS before they are alumni here. "
        "Alumni are never disabled.",
    )
    clear: tuple[str, ...] = Field(
        default=(),
        description="columns in which a value that is gone is erased at Handshake; a blank alone erases none",
    )
    clear_token: str = Field(default="**CLEAR**", min_length=1, description="the text that erases a value")
    known: Known = Field(default_factory=Known, description="majors, minors, colleges and campuses that exist there")
    intent: Intent = Field(default_factory=Intent, description="what the file is meant to do")
    edu_domains: tuple[str, ...] = Field(
        default=(), description="the institution's own .edu domains; an address at another one is refused"
    )
    trial: bool = Field(default=False, description='whether the file is a trial: "test" stands in its name')
    megabytes: float = Field(default=50, gt=0, description="a file stays below this size; larger ones are split")
    email_percent: float = Field(default=10, gt=0, description="from this share of changed addresses none is updated")
    disabled_percent: float = Field(
        default=50, gt=0, description="from this share of disabled among changed rows the file is not run"
    )
    limits: Limits = Field(default_factory=Limits, description="how far a file may differ from the one last sent")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        headers = {column.header: column for column in COLUMNS}
        for name in (*self.columns, *self.required, *self.clear):
            if name not in headers:
                raise ValueError(f'H12: Handshake has no column "{name}"; headers are spelt as in its example file')
        own = sorted(set(self.columns) & set(_OWN))
        if own:
            raise ValueError(
                f"columns.{own[0]} has a setting of its own: {own[0] if own[0] != 'disabled' else 'leaver'}"
            )
        if self.sso and self.auth_identifier is None:
            raise ValueError("H8: with sso = true set auth_identifier, or say sso = false")
        if self.kiosk and self.card_id is None:
            raise ValueError("H9: with kiosk = true set card_id")
        if self.card_id is not None and not self.kiosk:
            raise ValueError("H9: card_id is sent only with kiosk = true")
        fixed = [name for name in self.clear if not headers[name].clearable]
        if fixed:
            raise ValueError(f"clear cannot erase {fixed[0]}")
        self._states_known_values()
        missing = [name for name in MINIMUM if name not in self.required]
        if missing:
            raise ValueError(f"required lacks {missing[0]}, which Handshake cannot do without")
        return self

    def _states_known_values(self) -> None:
        """Raises ValueError where a mapping states a value that Handshake does not know, before any roster is read."""
        values = self.mapped()
        for column in COLUMNS:
            known = {*column.allowed, *DEPRECATED, self.clear_token, ""}
            if column.allowed and column.header in values:
                for text in sorted(texts_sent(values[column.header]) - known):
                    own = column.header == "school_year_name" and column.header not in self.columns
                    setting = "school_years" if own else f"columns.{column.header}"
                    near = get_close_matches(text, column.allowed, 1, 0.4)
                    hint = f'did you mean "{near[0]}"?' if near else f"it knows {', '.join(column.allowed)}"
                    raise ValueError(f'H17: {setting} sends "{text}", which Handshake does not know; {hint}')

    def mapped(self) -> dict[str, Value]:
        """Where each column comes from, in the order of the file; ``disabled`` and what alumni need apart."""
        year = Value(field="grade", values=self.school_years, otherwise="")
        values = {**DEFAULTS, "school_year_name": year, **self.columns, "username": self.username}
        if self.auth_identifier is not None:
            values["auth_identifier"] = self.auth_identifier
        if self.card_id is not None:
            values["card_id"] = self.card_id
        return {column.header: values[column.header] for column in COLUMNS if column.header in values}

    def columns_in_order(self) -> list[str]:
        """The headers of the file."""
        extra = ["disabled"] if self.leaver == "disabled" else []
        if self.alumni is not None:
            extra.append("primary_education:currently_attending")
        return [column.header for column in COLUMNS if column.header in {*self.mapped(), *extra}]
