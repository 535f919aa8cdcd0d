"""What was sent, written down beside it: the receipt."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["About", "Sent", "receipt", "sent"]


@dataclass(frozen=True)
class About:
    """What a delivery is of; ``verdict`` is the preflight's word on the files."""

    feed: str  # its name in the configuration
    kind: str
    revision: int
    as_of: date
    built_at: datetime  # with its zone
    settings_digest: str  # SHA-256 of the feed's settings
    verdict: str = "accepted"


@dataclass(frozen=True, slots=True)
class Sent:
    """One file that was written: ``name`` relative to the folder, ``sha256`` in hexadecimal."""

    name: str
    rows: int
    bytes: int
    sha256: str


def sent(path: Path, name: str, rows: int) -> Sent:
    """What was written to ``path``, as it will lie under that name."""
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
        return Sent(name, rows, written.tell(), digest)


def receipt(about: About, files: tuple[Sent, ...]) -> bytes:
    """The receipt as JSON, keys in a fixed order."""
    said = {
        "feed": about.feed,
        "kind": about.kind,
        "revision": about.revision,
        "as_of": about.as_of.isoformat(),
        "built_at": about.built_at.isoformat(),
        "settings_sha256": about.settings_digest,
        "rosterkit": version("rosterkit"),
        "verdict": about.verdict,
        "files": [asdict(file) for file in files],
    }
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode()
