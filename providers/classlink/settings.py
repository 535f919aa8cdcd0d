"""The settings of a ClassLink source (the keys beside ``kind`` in ``[sources.NAME]``)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from providers.oneroster.rest.settings import ReadingSettings
from rosterkit.transport.secrets import SecretReference


class ClassLinkSettings(ReadingSettings):
    """Settings of ``kind = "classlink"``."""

    access: Literal["proxy", "direct"] = Field(
        "proxy",
        description="proxy: with the partner's key, for every district that shares with the application. "
        "direct: with the key and secret of one district's server.",
    )
    proxy_url: str = Field(
        "https://oneroster-proxy.apis.classlink.com", description="proxy: the address of ClassLink's OneRoster proxy."
    )
    partner_key: SecretReference = Field(
        "", description="proxy: a reference to the partner's API key, such as env:CLASSLINK_KEY."
    )
    tenant_id: int | None = Field(
        None, description="proxy: the district's tenant id, as the Partner Portal shows it under Tenants."
    )
    application: str = Field(
        "",
        description="proxy: the name of the application, where the district shares with several of one partner.",
    )
    url: str = Field("", description="direct: the address of the district's server, without /ims/oneroster.")
    client_id: str = Field("", description="direct: the key of that server: a reference, or the key itself.")
    client_secret: SecretReference = Field("", description="direct: a reference to the secret of that server.")
    signature: Literal["HMAC-SHA256", "HMAC-SHA1"] = Field(
        "HMAC-SHA256", description="direct: how requests are signed."
    )
    state_id_type: str = Field("StateID", description="The type of the user id that is the state's number of a person.")
    page_size: int = Field(
        10_000,
        ge=100,
        le=10_000,
        description="How many records to ask for at once. It is halved where the server cannot make such a page (502).",
    )
    stale_days: int = Field(
        21, ge=1, le=366, description="Warn where no record has changed for so many days: the import may be paused."
    )

    @model_validator(mode="after")
    def _complete(self) -> ClassLinkSettings:
        needed = ("partner_key", "tenant_id") if self.access == "proxy" else ("url", "client_id", "client_secret")
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f'access = "{self.access}" needs {" and ".join(missing)}')
        return self
