"""Secrets by reference: settings say where a secret is kept, never what it is (vendor-feeds U8, A1).

    env:NAME               the environment variable NAME
    file:/path             a file that only its owner may read
    keyring:service/name   the operating system's key store

A plain secret in settings is refused. What is read comes back as ``SecretStr``, whose repr is stars.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr, ValidationInfo

from rosterkit.errors import UsageError

_KINDS = ("env", "file", "keyring")
_HOW = "Write a reference: env:NAME, file:/path or keyring:service/name."
_LARGEST = 65_536  # bytes; a private key has some 3,000


def _is_a_reference(value: str, info: ValidationInfo) -> str:
    """The reference. Raises UsageError, not ValueError: pydantic would print the value, which may be a secret."""
    kind, _, rest = value.partition(":")
    if kind not in _KINDS or not rest or (kind == "keyring" and not all(_service_and_name(rest))):
        raise UsageError(f'The setting "{info.field_name}" holds something that is not a reference to a secret. {_HOW}')
    return value


SecretReference = Annotated[str, AfterValidator(_is_a_reference)]
"""The type of a setting that refers to a secret; a plain secret is refused without being shown."""


def references(settings: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in the settings (as JSON has them) that is a reference to a secret, with its dotted key."""
    if isinstance(settings, str) and settings.partition(":")[0] in _KINDS and settings.partition(":")[2]:
        yield key, settings
    elif isinstance(settings, Mapping):
        for name, value in settings.items():
            yield from references(value, f"{key}.{name}" if key and key != "settings" else str(name))
    elif isinstance(settings, list):
        for value in settings:
            yield from references(value, key)


def resolve(reference: str, folder: Path) -> SecretStr:
    """The secret that is meant; a relative ``file:`` path is meant from ``folder``. Line ends after it are taken off.

    Raises UsageError where there is none, where it is empty, or where others may read its file.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise UsageError(f"The environment variable {rest} is not set. Set it for the account that runs rosterkit.")
    elif kind == "file":
        value = _from_file(folder / Path(rest).expanduser())
    elif kind == "keyring":
        value = _from_keyring(*_service_and_name(rest))
    else:
        raise UsageError(f"A secret is given by something that is not a reference. {_HOW}")
    value = value.rstrip("\r\n")
    if not value:
        raise UsageError(f"The secret at {reference} is empty. Store it there again.")
    return SecretStr(value)


def revealed(value: str, folder: Path) -> str:
    """The secret that a setting refers to. What is no reference is the value itself: a client id may be one.

    Settings that must be references are checked when they are read. Raises what ``resolve`` raises.
    """
    return resolve(value, folder).get_secret_value() if any(references(value)) else value


def _service_and_name(rest: str) -> tuple[str, str]:
    service, _, name = rest.rpartition("/")
    return service, name


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):  # elsewhere the mode says nothing
                raise UsageError(f"Others may read the secret in {path}. Run: chmod 600 {path}")
            raw = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"The secret in {path} cannot be read: {error.strerror or type(error).__name__}. "
            "Name a file that the account running rosterkit can read."
        ) from None
    if len(raw) > _LARGEST:
        raise UsageError(f"{path} holds more than {_LARGEST:,} bytes. Name a file that holds the secret alone.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text. Store the secret as text.") from None  # the cause shows its bytes


def _from_keyring(service: str, name: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an optional dependency
        from keyring.errors import KeyringError  # noqa: PLC0415 - as above
    except ImportError:
        raise UsageError(
            "The key store cannot be asked, because the package keyring is missing. "
            "Run: pip install 'rosterkit[keyring]'"
        ) from None
    try:
        value = keyring.get_password(service, name)
    except KeyringError as error:
        raise UsageError(
            f"The key store does not answer ({type(error).__name__}). Unlock it, or use env: or file:."
        ) from None
    if value is None:
        raise UsageError(
            f"The key store has no secret {service}/{name}. Store it there: keyring set {service} {name}"
        ) from None
    return value
