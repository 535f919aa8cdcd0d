"""What is installed beside the engine, found through entry points: sources and feeds."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TypeVar

from rosterkit.errors import UsageError

__all__ = ["installed"]

T = TypeVar("T")


def installed(word: str, kind: str, contract: type[T]) -> T:
    """The ``word`` ("source" or "feed") of that kind; UsageError when none is installed, or it is none."""
    found = {point.name: point for point in entry_points(group=f"rosterkit.{word}s")}
    if kind not in found:
        raise UsageError(f'There is no {word} of kind "{kind}". Installed: {", ".join(sorted(found)) or "none"}.')
    loaded = found[kind].load()
    if not isinstance(loaded, contract):
        raise UsageError(f'What is installed as {word} "{kind}" is not a rosterkit {word}. Reinstall its package.')
    return loaded
