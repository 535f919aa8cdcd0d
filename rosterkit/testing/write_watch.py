"""Notices every write of this process outside one folder, by Python's audit events."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_watching: list[WriteWatch] = []
_hooked: list[bool] = []


class WriteWatch:
    """While it is entered, ``written`` collects the paths that Python code writes outside ``allowed``.

    Libraries that write by native code are not seen; compare a folder's contents for those.
    """

    def __init__(self, allowed: Path) -> None:
        self._allowed = os.path.realpath(allowed)
        self.written: list[str] = []

    def __enter__(self) -> Self:
        if not _hooked:  # an audit hook cannot be taken away again
            sys.addaudithook(_notice)
            _hooked.append(True)
        _watching.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _watching.remove(self)

    def take(self, path: str) -> None:
        """Notes the path, unless it may be written."""
        real = os.path.realpath(path)
        inside = real == self._allowed or real.startswith(self._allowed + os.sep)
        device = real.startswith("/dev/") and not real.startswith("/dev/shm/")  # noqa: S108 - files in memory, none is made here
        if not inside and not device and "__pycache__" not in real:
            self.written.append(real)


def _notice(event: str, args: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "open":
        path, mode, flags = args
        writes = any(char in (mode or "") for char in "wax+") or (mode is None and (flags or 0) & _WRITING)
        paths = [path] if writes else []
    elif event in _CHANGES:
        paths = [arg for arg in args[:2] if isinstance(arg, (str, bytes))]
    else:
        return
    for path in paths:
        if isinstance(path, (str, bytes)):
            for watch in _watching:
                watch.take(os.fsdecode(path))
