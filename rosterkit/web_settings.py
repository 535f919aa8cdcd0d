"""The settings of the page where people review, ``rosterkit web``."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OidcSettings(_Settings):
    """``[web.oidc]``: log-in by the district's own provider (OpenID Connect), beside or in place of passwords."""

    issuer: str = Field(
        default="", description="The provider's address, such as `https://login.example.org`. Left empty: no provider."
    )
    client_id: str = Field(default="", description="What the provider calls this page.")
    client_secret: str = Field(
        default="", description="Where the secret is: `env:NAME`, `file:PATH` or `keyring:NAME`."
    )
    claim: str = Field(
        default="email",
        description="The claim that holds the name of the account. An e-mail must be one that the provider verified.",
    )
    label: str = Field(default="Log in with the district's account", description="What the button says.")


class WebSettings(_Settings):
    """``[web]``: the page where people review."""

    url: str = Field(
        default="",
        description="The address by which people reach the page, such as `https://roster.example.org`. It is needed "
        "behind a proxy and for `[web.oidc]`. Left empty: this machine.",
    )
    idle_minutes: int = Field(
        default=30, ge=1, le=24 * 60, description="Who does nothing for so many minutes is logged out."
    )
    longest_hours: int = Field(default=12, ge=1, le=24 * 7, description="After so many hours people log in again.")
    oidc: OidcSettings = Field(default_factory=OidcSettings)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("https", "http") or not parts.hostname or parts.path.strip("/")):
            raise ValueError("an address is https://NAME, without a path")
        return value.rstrip("/")
