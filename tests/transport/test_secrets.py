"""U8, A1: secrets by reference, and never in a message."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from pydantic import BaseModel, SecretStr
from served_places import ADAPTER

from rosterkit.errors import UsageError
from rosterkit.transport import PlaceSettings, resolve

SFTP = {"transport": "sftp", "host": "files.example", "username": "millbrook"}


def test_env(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VENDOR_PASSWORD", "plum-tart-5")
    secret = resolve("env:VENDOR_PASSWORD", tmp_path)
    assert secret.get_secret_value() == "plum-tart-5"
    assert "plum-tart-5" not in f"{secret} {secret!r}"
    monkeypatch.delenv("VENDOR_PASSWORD")
    with pytest.raises(UsageError, match="VENDOR_PASSWORD is not set"):
        resolve("env:VENDOR_PASSWORD", tmp_path)


def test_a_private_file_relative_or_not(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("\ufeffplum-tart-5\r\n", encoding="utf-8")
    path.chmod(0o600)
    assert resolve("file:secret", tmp_path) == resolve(f"file:{path}", Path("/")) == SecretStr("plum-tart-5")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_a_file_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_text("plum-tart-5")
    path.chmod(mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}") as raised:
        resolve("file:secret", tmp_path)
    assert "plum-tart-5" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 65_537, "65,536")]
)
def test_a_file_that_holds_no_secret_is_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "secret").write_bytes(content)
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(UsageError, match=says) as raised:
        resolve("file:secret", tmp_path)
    assert "xff" not in "".join(traceback.format_exception(raised.value))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        resolve("file:secret", tmp_path)


class Store(KeyringBackend):
    priority = 1.0
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("plum-tart-5")
        return {("vendor/sftp", "millbrook"): "plum-tart-5"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def test_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = Store()  # type: ignore[no-untyped-call] # keyring's class
    monkeypatch.setattr(keyring, "get_password", store.get_password)
    assert resolve("keyring:vendor/sftp/millbrook", tmp_path) == SecretStr("plum-tart-5")
    with pytest.raises(UsageError, match="keyring set vendor nobody"):
        resolve("keyring:vendor/nobody", tmp_path)
    store.locked = True
    with pytest.raises(UsageError, match="does not answer") as raised:
        resolve("keyring:vendor/sftp/millbrook", tmp_path)
    assert "plum-tart-5" not in "".join(traceback.format_exception(raised.value))


def test_keyring_need_not_be_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=r"rosterkit\[keyring\]"):
        resolve("keyring:vendor/millbrook", tmp_path)


@pytest.mark.parametrize("plain", ["plum-tart-5", "env:", "keyring:plum-tart-5", "pass:plum-tart-5", ""])
def test_a_plain_secret_in_settings_is_refused_and_not_shown(plain: str) -> None:
    class Outer(BaseModel):
        """Settings of somebody who did not think of hiding inputs."""

        target: PlaceSettings

    with pytest.raises(UsageError, match='"password"') as raised:
        Outer.model_validate({"target": SFTP | {"password": plain}})
    assert "plum-tart-5" not in "".join(traceback.format_exception(raised.value))


def test_resolve_refuses_what_is_no_reference_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        resolve("plum-tart-5", tmp_path)
    assert "plum-tart-5" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        SFTP,
        SFTP | {"password": "env:A", "port": "22"},
        SFTP | {"password": "env:A", "colour": "red"},
        SFTP | {"transport": "ftp", "password": "env:A"},
        SFTP | {"transport": "ftps", "password": "env:A"},
        SFTP | {"host": "ftp://files.example", "password": "env:A"},
    ],
)
def test_a10_settings_are_strict_and_ftp_is_not_spoken(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ADAPTER.validate_python(wrong)
