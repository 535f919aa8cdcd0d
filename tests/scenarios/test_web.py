"""``web``, ``web user`` and ``audit-log`` on the command line."""

from __future__ import annotations

import io
import json
import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from rosterkit import Workspace
from rosterkit.cli.main import run as command
from rosterkit.store import access

COMMAND = [sys.executable, "-m", "rosterkit.cli.entry"]


class Run:
    """Runs a command line here: what it printed, and its exit code."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], hand: pytest.MonkeyPatch) -> None:
        self._folder, self._capture, self._hand = folder, capture, hand

    def __call__(self, *words: str, given: str = "") -> tuple[int, str, str]:
        self._hand.setattr(sys, "stdin", io.StringIO(given))
        self._capture.readouterr()
        code = command(["-C", str(self._folder), *words])
        out, err = self._capture.readouterr()
        assert "Traceback" not in err
        return code, out, err


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(folder, capsys, monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Workspace.init(tmp_path / "ws")
    return tmp_path / "ws"


def test_accounts_are_added_listed_changed_and_removed(run: Run) -> None:
    added = run("web", "user", "add", "maria", "--role", "approver", given="a-long-password\n")
    assert added[:2] == (0, "maria may log in, as approver.\n")
    assert run("web", "user", "add", "maria", given="a-long-password\n")[0] == 4
    assert run("web", "user", "add", "sam", given="short\n")[0] == 2
    assert run("web", "user", "add", "sam", "--school", "nowhere", given="a-long-password\n")[0] == 2
    assert run("web", "user", "add", "sam", "--provider")[0] == 0
    found = json.loads(run("web", "user", "list", "--json")[1])["accounts"]
    assert [(one["name"], one["role"], one["password"]) for one in found] == [
        ("maria", "approver", True),
        ("sam", "viewer", False),
    ]
    assert "maria" in run("web", "user", "list")[1]
    assert run("web", "user", "password", "maria", given="another-password\n")[0] == 0
    assert run("web", "user", "remove", "maria")[0] == 0
    assert run("web", "user", "remove", "maria")[0] == 2


def test_the_audit_log_is_printed(run: Run, folder: Path) -> None:
    assert run("audit-log")[1] == "Nobody looked at anything.\n"
    with access.opened(folder) as connection:
        access.record(connection, "maria", "view", "record", records=["User S-1017"], address="127.0.0.1")
        access.record(connection, "sam", "act", "hold", records=["User S-1018"])
    assert "User S-1018" in run("audit-log")[1]
    entries = json.loads(run("audit-log", "--record", "S-1017", "--json")[1])["entries"]
    assert [(one["actor"], one["records"]) for one in entries] == [("maria", ["User S-1017"])]
    assert json.loads(run("audit-log", "--actor", "sam", "--json")[1])["entries"][0]["verb"] == "hold"
    assert json.loads(run("audit-log", "--since", "2100-01-01", "--json")[1])["entries"] == []
    assert run("audit-log", "--since", "yesterday")[0] == 2


def served(folder: Path, *words: str, verify: Any = True) -> tuple[str, httpx.Response]:
    """What ``rosterkit web`` prints, and the page that it serves."""
    with subprocess.Popen(
        [*COMMAND, "-C", str(folder), "web", "--port", "0", *words], stdout=subprocess.PIPE, text=True
    ) as process:
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
    trusted = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    files = ("--certificate", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    line, page = served(folder, *files, verify=trusted)
    assert "https://127.0.0.1:" in line
    assert page.headers["set-cookie"].startswith("__Host-rosterkit=")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "0.0.0.0"), "Passwords would cross the network unencrypted."),
        (("--certificate", "nowhere.pem"), "belong together"),
        (("--certificate", "nowhere.pem", "--key", "nowhere.pem"), "is not a file"),
        (("--host", "192.0.2.1", "--certificate", "{toml}", "--key", "{toml}"), "cannot be had"),
    ],
)
def test_an_unsafe_or_impossible_address_is_refused(
    run: Run, folder: Path, words: tuple[str, ...], message: str
) -> None:
    code, _, err = run("web", *(word.replace("{toml}", str(folder / "rosterkit.toml")) for word in words))
    assert code == 2
    assert message in err
