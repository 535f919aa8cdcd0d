"""What was sent, written down beside it: the receipt."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True)
class About:
    """What a delivery is of; ``verdict`` is the preflight's word on the files, "" before it looked."""

    feed: str  # its name in the configuration
    kind: str
    revision: int
    as_of: date
    built_at: datetime  # with its zone
    settings_digest: str  # SHA-256 of the feed's settings
    verdict: str = "accepted"


@dataclass(frozen=True, slots=True)
class Sent:
    """One file: ``name`` relative to the target's folder, ``sha256`` in hexadecimal; and how it arrived, if it did."""

    name: str
    rows: int
    bytes: int
    sha256: str
    where: str = ""  # its path, key or host at the target
    verified: str = ""  # how its arrival was verified (transport.Verified)
    why: str = ""  # why it was not verified in a stronger way
    attempts: int = 0  # of the run that brought it there; 0: it was found there after a run that had ended


def sent(path: Path, name: str, rows: int) -> Sent:
    """What was written to ``path``, as it will lie under that name."""
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
        return Sent(name, rows, written.tell(), digest)


def receipt(about: About, files: tuple[Sent, ...], target: str) -> bytes:
    """The receipt as JSON, keys in a fixed order."""
    facts = {
        "feed": about.feed,
        "kind": about.kind,
        "revision": about.revision,
        "as_of": about.as_of.isoformat(),
        "built_at": about.built_at.isoformat(),
        "settings_sha256": about.settings_digest,
        "rosterkit": version("rosterkit"),
        "verdict": about.verdict,
        "target": target,
        "files": [asdict(file) for file in files],
    }
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()
