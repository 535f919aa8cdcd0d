"""``target trust``: the host key of a server is shown, compared by a person, and stored (17.5)."""

from __future__ import annotations

import json
from pathlib import Path

import asyncssh
import pytest
from served_places import ServedSftp

from rosterkit.cli.main import run
from rosterkit.settings_template import toml
from rosterkit.testing.package import write_package
from rosterkit.workspace import Workspace


@pytest.fixture
def district(sftp: ServedSftp) -> Path:
    """A workspace whose source and feed are on the SFTP server; no key is trusted."""
    folder = sftp.home / "district"
    Workspace.init(folder)
    lines = ["[sources.main]", 'kind = "oneroster"', f"place = {toml(sftp.given)}", "packages = {quiet_seconds = 0}"]
    lines += ["[feeds.export]", 'kind = "oneroster"', f"target = {toml(sftp.given)}"]
    lines += ["[feeds.other]", 'kind = "oneroster"']
    (folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")
    orgs = [{"sourcedId": "S", "name": "Larch School", "type": "school"}]
    write_package(sftp.home / "full.zip", {"orgs": orgs})
    sftp.put("full.zip", (sftp.home / "full.zip").read_bytes())
    return folder


def test_the_key_is_shown_and_not_stored(district: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(district), "target", "trust", "main"]) == 1
    out = capsys.readouterr().out
    assert "SHA256:" in out
    assert "127.0.0.1" in out
    assert f"target trust main --fingerprint {out.partition('SHA256:')[1]}" in out
    assert not (district / "known_hosts").exists()


def test_nothing_is_read_before_the_key_is_stored_and_everything_after(
    district: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-C", str(district), "plan"]) == 2
    assert "target trust" in capsys.readouterr().err
    fingerprint = Workspace(district).host_key("sources.main").fingerprint
    assert run(["-C", str(district), "target", "trust", "main", "--fingerprint", fingerprint, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["fingerprint"], shown["stored"]) == (fingerprint, True)
    assert fingerprint.startswith("SHA256:")
    assert (district / "known_hosts").stat().st_mode & 0o077 == 0
    assert run(["-C", str(district), "plan"]) == 1, "a package with one file only"


def test_another_fingerprint_is_refused_and_nothing_is_stored(
    district: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    assert run(["-C", str(district), "target", "trust", "export", "--fingerprint", other]) == 2
    assert "shows another key" in capsys.readouterr().err
    assert not (district / "known_hosts").exists()


@pytest.mark.parametrize("name", ["nobody", "feeds.other"])
def test_what_is_on_no_sftp_server_is_named(district: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(district), "target", "trust", name]) == 2
    assert "is not on an SFTP server. These are: sources.main, feeds.export." in capsys.readouterr().err


def test_a_name_of_both_a_source_and_a_feed_must_say_which(district: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = district / "rosterkit.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("feeds.export", "feeds.main"), encoding="utf-8")
    assert run(["-C", str(district), "target", "trust", "main"]) == 2
    assert "Name one of them so" in capsys.readouterr().err
    assert run(["-C", str(district), "target", "trust", "feeds.main"]) == 1
