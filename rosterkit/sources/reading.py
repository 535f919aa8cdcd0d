"""The contract of a source: what a provider's module hands to the engine (entry points ``rosterkit.sources``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from rosterkit.roster.rules import Rule
from rosterkit.sources.bundle import Bundle

__all__ = ["Caps", "Progress", "ReadOptions", "Source", "silent"]

Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while long work goes on; total 0 where it is not known."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


class Caps(BaseModel):
    """How much a package may hold before it is refused as hostile or mistaken."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    members: int = Field(default=200, ge=1, description="Files in a package.")
    member_bytes: int = Field(default=8 << 30, ge=1, description="Bytes of one file, unpacked.")
    total_bytes: int = Field(default=24 << 30, ge=1, description="Bytes of all files together, unpacked.")
    ratio: int = Field(default=200, ge=1, description="Unpacked bytes for each compressed one, in a file above 1 MiB.")
    line_bytes: int = Field(default=1 << 20, ge=1, description="Bytes of one record.")
    cell_chars: int = Field(default=65_536, ge=1, description="Characters of one value.")


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
