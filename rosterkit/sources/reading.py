"""The contract of a source: what a provider's module hands to the engine (entry points ``rosterkit.sources``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from rosterkit.roster.rules import Rule
from rosterkit.sources.bundle import Bundle

__all__ = ["Caps", "Progress", "ReadOptions", "Source", "silent"]

Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while long work goes on; total 0 where it is not known."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Caps:
    """How much a package may hold before it is refused as hostile or mistaken."""

    members: int = 200
    member_bytes: int = 8 << 30  # inflated
    total_bytes: int = 24 << 30  # inflated
    ratio: int = 200  # inflated : compressed, of a member above 1 MiB
    line_bytes: int = 1 << 20
    cell_chars: int = 65_536


@dataclass(frozen=True)
class ReadOptions:
    """How a package is to be read."""

    strict: bool = False
    demographics: bool = False
    dates: str = "iso"  # iso | month-first | day-first: how 3/4/2026 is meant; iso: it cannot be told
    accepted_lines: frozenset[str] = frozenset()  # hashes of unreadable lines that a person accepted
    caps: Caps = field(default_factory=Caps)
    progress: Progress = silent


@runtime_checkable
class Source(Protocol):
    """Reads one kind of package into a Bundle."""

    kind: str
    rules: tuple[Rule, ...]
    Settings: type[BaseModel]

    def read(self, package: Path, options: ReadOptions) -> Bundle:
        """Reads the package; raises SourceUnreadable when it is refused whole. Never writes anything."""
        ...
