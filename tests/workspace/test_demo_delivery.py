"""The demonstration's part about delivery: to an S3 and an SFTP server of this machine, with receipts."""

from __future__ import annotations

import io
import re
import socket
from pathlib import Path

import pytest
from rich.console import Console

from rosterkit import Workspace
from rosterkit.demo.delivery import step


def test_four_products_get_their_files_and_the_servers_stop(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=160, markup=False)
    step(Workspace.init(tmp_path / "ws"), console)
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "11 files lie at the vendors, each once and whole." in shown
    assert len(re.findall(r"read back *$", shown, re.MULTILINE)) == 11
    assert "built → checked → waiting → sending → verified" in shown
    log = Workspace(tmp_path / "ws" / "delivery").feed_log()
    port = next(int(found[1]) for one in log if (found := re.match(r"sftp://127.0.0.1:(\d+)/", one.target)))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)
    assert {one.state for one in log} == {"verified", "unchanged"}
    assert {one.kind for one in log} == {"uconnect", "handshake", "edlio", "connect"}
