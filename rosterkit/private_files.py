"""Folders and files that only their owner may read, whatever the umask."""

from __future__ import annotations

import os
from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Makes the folder and those of its parents that are missing; nobody else may enter any of them."""
    for one in (*reversed(folder.parents), folder):
        if not one.exists():
            one.mkdir(mode=0o700, exist_ok=True)
            one.chmod(0o700)  # whatever the umask


def write_private_file(path: Path, content: bytes) -> None:
    """Writes a new file. Raises FileExistsError where there is one."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    path.chmod(0o600)
