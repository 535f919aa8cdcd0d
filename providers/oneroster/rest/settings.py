"""The settings of a OneRoster REST source (the keys beside ``kind`` in ``[sources.NAME]``)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from providers.oneroster.rest.fields import COLLECTIONS
from rosterkit.transport.secrets import SecretReference

CollectionName = Literal["orgs", "academicSessions", "courses", "classes", "users", "enrollments", "demographics"]
_ALL: tuple[CollectionName, ...] = (
    "orgs",
    "academicSessions",
    "courses",
    "classes",
    "users",
    "enrollments",
    "demographics",
)
assert [collection.name for collection in COLLECTIONS] == list(_ALL)


class ReadingSettings(BaseModel):
    """What every source that reads OneRoster over REST can be set to."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    version: Literal["1.1", "1.2"] = Field("1.1", description="The version of OneRoster that the server speaks.")
    collections: list[CollectionName] = Field(
        list(_ALL),
        min_length=1,
        description="The collections to read. One that is left out is absent: what is stored of it stays. "
        "demographics is read only where the workspace asks for it.",
    )
    guardians: bool = Field(
        True, description="Link guardians to students by the agents of users. false: stored links stay as they are."
    )
    end_dates: Literal["exclusive", "inclusive"] = Field(
        "exclusive",
        description="Whether an end date is the first day after (exclusive, as the standard says) or the last day.",
    )
    state_id_type: str = Field(
        "", description='The type of the user id that is the state\'s number of a person, such as "StateID".'
    )
    page_size: int = Field(
        5000, ge=1, le=100_000, description="How many records to ask for at once; servers may send fewer."
    )
    ca_file: str = Field("", description="A file of certificates to trust instead of the usual ones, in PEM form.")


class RestSettings(ReadingSettings):
    """Settings of ``kind = "oneroster-rest"``."""

    url: str = Field(
        description="The server's address, as the vendor shows it: https://host, https://host/prefix, or with "
        "/ims/oneroster/... up to and with the version."
    )
    auth: Literal["oauth2", "oauth1"] = Field(
        "oauth2", description="oauth2: client credentials and a bearer token. oauth1: every request is signed."
    )
    client_id: str = Field(
        description="The client id or consumer key: a reference such as env:SIS_ID, or the id itself."
    )
    client_secret: SecretReference = Field(
        description="A reference to the client's secret: env:NAME, file:PATH or keyring:NAME."
    )
    token_url: str = Field("", description="OAuth 2: where tokens are asked for.")
    oauth_scope: str = Field(
        "",
        description="OAuth 2: the scopes to ask for, with spaces between. Blank: the standard's scopes for reading "
        'rosters. "none": no scope is sent.',
    )
    signature: Literal["HMAC-SHA256", "HMAC-SHA1"] = Field(
        "HMAC-SHA256", description="OAuth 1: how requests are signed. Some older servers know HMAC-SHA1 only."
    )
    incremental: bool = Field(
        False,
        description="Ask only for what changed since the last applied run. Purged records and records that are no "
        "longer shared are then seen only when everything is read.",
    )
    full_every_days: int = Field(7, ge=1, le=366, description="With incremental: how often everything is read.")
    overlap_hours: int = Field(
        24, ge=0, le=24 * 31, description="With incremental: how far to look back before the latest known change."
    )

    @model_validator(mode="after")
    def _complete(self) -> RestSettings:
        if self.auth == "oauth2" and not self.token_url:
            raise ValueError('token_url is needed with auth = "oauth2": the vendor shows it beside the client id')
        return self
