"""A file of 500 MB is sent with bounded memory and with progress; only ``HYPOTHESIS_PROFILE=deep`` does that."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from blob_feed import write
from sending import Sender
from served_places import ServedS3, ServedSftp

SIZE = 500_000_000
MEMORY = 450 << 20  # bytes above what a workspace takes before; SQLite's cache is 256 MiB of it


@pytest.mark.deep(only="half a gigabyte")
@pytest.mark.parametrize("kind", ["sftp", "s3"])
def test_half_a_gigabyte_takes_little_memory(kind: str, request: pytest.FixtureRequest, folder_of_sender: Path) -> None:
    served: ServedSftp | ServedS3 = request.getfixturevalue(kind)
    if kind == "s3":  # without the server between, which holds whole requests
        served.given["endpoint_url"] = f"http://127.0.0.1:{request.getfixturevalue('moto_port')}"
    sender = Sender(
        served,
        folder_of_sender,
        size=SIZE,
        first=False,
        read_back=kind == "s3",
        part_bytes=16 << 20,
        attempts=5,
        idle_seconds=600.0,
    )
    command = [sys.executable, str(Path(__file__).with_name("large.py")), str(sender.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["state"] == "verified"
    assert measured["last"] == [SIZE, SIZE]
    assert measured["steps"] > SIZE // (32 << 20)
    assert measured["after"] - measured["before"] < MEMORY, f"{(measured['after'] - measured['before']) >> 20} MiB"
    wanted = io.BytesIO()
    write(date(2026, 9, 15), SIZE, wanted)
    assert hashlib.sha256(served.there()["users.csv"]).digest() == hashlib.sha256(wanted.getbuffer()).digest()
    sys.stdout.write(f"{kind}: {measured}\n")
