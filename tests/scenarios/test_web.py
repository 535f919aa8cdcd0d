"""``web``, ``web user`` and ``audit-log`` on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from rosterkit import Workspace
from rosterkit.store import access

COMMAND = [sys.executable, "-m", "rosterkit.cli.entry"]


def run(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "-C", str(folder), *words]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Workspace.init(tmp_path / "ws")
    return tmp_path / "ws"


def test_accounts_are_added_listed_changed_and_removed(folder: Path) -> None:
    added = run(folder, "web", "user", "add", "maria", "--role", "approver", given="a-long-password\n")
    assert (added.returncode, added.stdout) == (0, "maria may log in, as approver.\n")
    assert run(folder, "web", "user", "add", "maria", given="a-long-password\n").returncode == 4
    assert run(folder, "web", "user", "add", "sam", given="short\n").returncode == 2
    assert run(folder, "web", "user", "add", "sam", "--school", "nowhere", given="a-long-password\n").returncode == 2
    assert run(folder, "web", "user", "add", "sam", "--provider").returncode == 0
    found = json.loads(run(folder, "web", "user", "list", "--json").stdout)["accounts"]
    assert [(one["name"], one["role"], one["password"]) for one in found] == [
        ("maria", "approver", True),
        ("sam", "viewer", False),
    ]
    assert "maria" in run(folder, "web", "user", "list").stdout
    assert run(folder, "web", "user", "password", "maria", given="another-password\n").returncode == 0
    assert run(folder, "web", "user", "remove", "maria").returncode == 0
    gone = run(folder, "web", "user", "remove", "maria")
    assert (gone.returncode, gone.stderr.count("Traceback")) == (2, 0)


def test_the_audit_log_is_printed(folder: Path) -> None:
    assert run(folder, "audit-log").stdout == "Nobody looked at anything.\n"
    with access.opened(folder) as connection:
        access.record(connection, "maria", "view", "record", records=["User S-1017"], address="127.0.0.1")
        access.record(connection, "sam", "act", "hold", records=["User S-1018"])
    assert "User S-1018" in run(folder, "audit-log").stdout
    entries = json.loads(run(folder, "audit-log", "--record", "S-1017", "--json").stdout)["entries"]
    assert [(one["actor"], one["records"]) for one in entries] == [("maria", ["User S-1017"])]
    assert json.loads(run(folder, "audit-log", "--actor", "sam", "--json").stdout)["entries"][0]["verb"] == "hold"
    assert json.loads(run(folder, "audit-log", "--since", "2100-01-01", "--json").stdout)["entries"] == []
    assert run(folder, "audit-log", "--since", "yesterday").returncode == 2


def served(folder: Path, *words: str, verify: Any = True) -> tuple[str, httpx.Response]:
    """What ``rosterkit web`` prints, and the page that it serves."""
    command = [*COMMAND, "-C", str(folder), "web", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"https?://\S+", line)
            assert address, line
            return line, httpx.get(f"{address[0]}/log-in", verify=verify)
        finally:
            process.terminate()


def test_the_page_is_served_on_this_machine(folder: Path) -> None:
    line, page = served(folder)
    assert line.startswith("The page is at http://127.0.0.1:")
    assert page.status_code == 200
    assert "Log in" in page.text
    assert "secure" not in page.headers["set-cookie"].lower()


def test_the_page_is_served_by_tls_with_a_certificate(folder: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    made.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    import ssl

    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    files = ("--certificate", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    line, page = served(folder, *files, verify=trusted)
    assert "https://127.0.0.1:" in line
    assert page.headers["set-cookie"].startswith("__Host-rosterkit=")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--host", "0.0.0.0"), "Passwords would cross the network unencrypted."),
        (("--certificate", "nowhere.pem"), "belong together"),
        (("--certificate", "nowhere.pem", "--key", "nowhere.pem"), "is not a file"),
        (("--host", "192.0.2.1", "--certificate", "{toml}", "--key", "{toml}"), "cannot be had"),
    ],
)
def test_an_unsafe_or_impossible_address_is_refused(folder: Path, words: tuple[str, ...], told: str) -> None:
    filled = [word.replace("{toml}", str(folder / "rosterkit.toml")) for word in words]
    done = run(folder, "web", *filled)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
