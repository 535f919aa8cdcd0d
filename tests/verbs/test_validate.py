"""``validate``: every setting and every secret's reference, all problems at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rosterkit.errors import UsageError
from rosterkit.workspace import Workspace


def test_valid_settings_are_valid(scenario: Any) -> None:
    scenario.ws.validate()


def test_every_secret_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_KEY_ID", "AK1")
    Workspace.init(tmp_path / "w")
    (tmp_path / "w" / "rosterkit.toml").write_text(
        """
[sources.main]
kind = "classlink"
partner_key = "env:CLASSLINK_KEY"
tenant_id = 2222
[notices]
to = ["env:NOTICES_TO"]
[feeds.careers]
kind = "oneroster"
[feeds.careers.target]
transport = "s3"
bucket = "drop-box"
access_key_id = "env:BUCKET_KEY_ID"
secret_access_key = "env:BUCKET_KEY"
[feeds.app]
kind = "oneroster"
[feeds.app.target]
transport = "sftp"
host = "sftp.app.example"
username = "elm"
password = "file:password.txt"
""",
        encoding="utf-8",
    )
    with pytest.raises(UsageError) as refused:
        Workspace(tmp_path / "w").validate()
    lines = str(refused.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "sources.main.partner_key",
        "feeds.careers.target.secret_access_key",
        "feeds.app.target.password",
        "notices.to",
    ]
