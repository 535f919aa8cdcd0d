"""Credentials: how old they are and when they expire, without showing them."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from rosterkit.transport import PlaceSettings
from rosterkit.transport.credentials import credentials

SFTP = {"transport": "sftp", "host": "sftp.example", "username": "u"}


def of(given: dict[str, Any], folder: Path) -> list[tuple[str, date | None, date | None]]:
    adapter: TypeAdapter[Any] = TypeAdapter(PlaceSettings)
    return [(one.setting, one.issued, one.expires) for one in credentials(adapter.validate_python(given), folder)]


def test_a_folder_has_none(tmp_path: Path) -> None:
    assert of({"transport": "folder", "path": "x"}, tmp_path) == []


def test_settings_say_when_they_were_issued_and_for_how_long(tmp_path: Path) -> None:
    """A1: the day of issue is recorded."""
    given = SFTP | {"password": "env:P", "credentials_issued": date(2026, 8, 24), "credentials_days": 90}
    assert of(given, tmp_path) == [("password", date(2026, 8, 24), date(2026, 11, 22))]


def test_a_file_says_when_it_was_written(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("secret")
    at = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
    os.utime(key, (at, at))
    assert of(SFTP | {"key": "file:key"}, tmp_path) == [("key", date(2026, 3, 2), None)]
    assert of(SFTP | {"key": "file:other"}, tmp_path) == [("key", None, None)]


def test_a_presigned_address_says_itself_when_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "https://s3.example/b/k?X-Amz-Date=20260824T120000Z&X-Amz-Expires=604800&X-Amz-Signature=q")
    place = {"transport": "https", "address": "env:A"}
    assert of(place, tmp_path) == [("address", date(2026, 8, 24), date(2026, 8, 31))]
    for other in ("https://s3.example/b/k?X-Amz-Date=nonsense&X-Amz-Expires=9", "https://x.example/?a=b"):
        monkeypatch.setenv("A", other)
        assert of(place, tmp_path) == [("address", None, None)]
    monkeypatch.delenv("A")
    assert of(place, tmp_path) == [("address", None, None)]
