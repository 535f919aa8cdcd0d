"""The settings of a place: ``transport`` says which kind, and the descriptions here become the documentation."""

from __future__ import annotations

import ipaddress
from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from rosterkit.errors import UsageError
from rosterkit.transport.secrets import SecretReference

_GIB = 1 << 30
_MIB = 1 << 20


def _is_safe_header(value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    if secret := [name for name in value if name.lower() in ("authorization", "cookie", "proxy-authorization")]:
        raise UsageError(
            f'The setting "{info.field_name}" would hold a secret in {secret[0]}. Use the setting "authorization".'
        )
    return value


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    max_bytes: int = Field(default=8 * _GIB, ge=1, description="A file with more bytes is not fetched.")

    @property
    def destination(self) -> dict[str, object]:
        """What says which place it is, not how files are brought there: sizes, times, attempts, ages of keys."""
        return self.model_dump(
            mode="json", exclude={*_NetworkSettings.model_fields, "rename", "read_back", "part_bytes"}
        )


class _NetworkSettings(_Settings):
    attempts: int = Field(
        default=5, ge=1, le=20, description="How often one file is tried where a new attempt can help."
    )
    connect_seconds: float = Field(default=30.0, gt=0, description="How long a connection may take to be made.")
    idle_seconds: float = Field(default=60.0, gt=0, description="How long nothing may move before a new attempt.")
    file_seconds: float = Field(default=3600.0, gt=0, description="How long one file may take, all attempts together.")
    bytes_per_second: int = Field(
        default=0, ge=0, description="Sending: at most so many bytes a second, on average; 0: no limit."
    )
    credentials_issued: date | None = Field(
        default=None, description="The day on which the credentials were issued, such as 2026-08-24."
    )
    credentials_days: int | None = Field(
        default=None, ge=1, description="For how many days they are valid, or after how many they are to be changed."
    )


class FolderSettings(_Settings):
    """A folder of this machine or of a file share."""

    transport: Literal["folder"]
    path: str = Field(min_length=1, description="The folder; a relative path is meant from the workspace.")
    subfolder: str = Field(
        default="",
        description="Sending: the files lie in this folder inside `path`, which is swapped as one. Left empty, they "
        "lie in `path` itself, beside what else is there.",
    )
    group_may_read: bool = Field(
        default=False, description="Sending: whether the group of the folder may read the files, or only their owner."
    )


class SftpSettings(_NetworkSettings):
    """A folder on an SFTP server. Its host key must have been trusted; FTP and FTPS are not spoken."""

    transport: Literal["sftp"]
    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9._:-]+$", description="The server's name or address.")
    port: int = Field(default=22, ge=1, le=65535, description="The server's port.")
    username: str = Field(min_length=1, description="The name to log in with.")
    password: SecretReference | None = Field(default=None, description="A reference to the password.")
    key: SecretReference | None = Field(default=None, description="A reference to the private key, in OpenSSH or PEM.")
    key_passphrase: SecretReference | None = Field(default=None, description="A reference to the key's passphrase.")
    known_hosts: str = Field(
        default="known_hosts", min_length=1, description="The file of trusted host keys, from the workspace."
    )
    path: str = Field(default=".", min_length=1, description="The folder on the server, from where the log-in lands.")
    rename: bool = Field(
        default=True,
        description="Sending: write under a temporary name, then rename. `false` only where the server forbids "
        "renaming: whoever looks at the wrong moment then sees half a file.",
    )
    read_back: bool = Field(default=False, description="Sending: read the file back and compare, before it is renamed.")

    @model_validator(mode="after")
    def _has_a_way_to_log_in(self) -> Self:
        if self.password is None and self.key is None:
            raise ValueError("sftp needs a password or a key; give a reference to one of them")
        return self


class S3Settings(_NetworkSettings):
    """A bucket of Amazon S3, or of a service that speaks its protocol."""

    transport: Literal["s3"]
    bucket: str = Field(min_length=3, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]+$", description="The bucket.")
    prefix: str = Field(default="", description='What comes before a file\'s name in its key, such as "roster/".')
    region: str = Field(default="us-east-1", min_length=1, description="The bucket's region.")
    access_key_id: SecretReference | None = Field(
        default=None, description="A reference to the access key id; left out, the machine's own AWS identity is used."
    )
    secret_access_key: SecretReference | None = Field(default=None, description="A reference to the secret access key.")
    endpoint_url: str = Field(default="", description="The service's address, where it is not Amazon's.")
    ca: str = Field(default="", description="A PEM file of certificates to trust instead of the usual ones.")
    read_back: bool = Field(default=True, description="Sending: read the object back and compare, if the key may.")
    part_bytes: int = Field(
        default=16 * _MIB, ge=5 * _MIB, le=512 * _MIB, description="Larger files are sent in parts of this size."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key belong together; give both or neither")
        if self.endpoint_url:
            parts = urlsplit(self.endpoint_url)
            if parts.username or parts.query or (parts.scheme != "https" and not _is_loopback(parts.hostname or "")):
                raise ValueError("endpoint_url must be a plain https address")
        return self


class HttpsSettings(_NetworkSettings):
    """One address: GET reads from it, PUT sends to it (for example a presigned one)."""

    transport: Literal["https"]
    address: str = Field(
        min_length=1,
        description="A reference to the address; or, for reading what is public, the plain https address.",
    )
    name: str = Field(
        default="", description="Reading: the name of the file. Left empty, it is the last part of the address's path."
    )
    authorization: SecretReference | None = Field(
        default=None, description='A reference to the value of the header Authorization, such as "Bearer …".'
    )
    headers: Annotated[dict[str, str], AfterValidator(_is_safe_header)] = Field(
        default_factory=dict, description="Headers that the address was signed with, such as Content-Type."
    )
    ca: str = Field(default="", description="A PEM file of certificates to trust instead of the usual ones.")

    @model_validator(mode="after")
    def _address_is_by_reference(self) -> Self:
        kind = self.address.partition(":")[0]
        if kind in ("env", "file", "keyring"):
            return self
        parts = urlsplit(self.address)
        if parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or parts.username):
            return self
        raise UsageError(
            'The setting "address" is neither a reference nor a plain https address. An address with a query or a '
            "password is a secret: keep it in env:NAME, file:/path or keyring:service/name."
        )


PlaceSettings = Annotated[
    FolderSettings | SftpSettings | S3Settings | HttpsSettings,
    Field(discriminator="transport", description="Where files come from or go to."),
]
"""The settings of any place."""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
