"""How much a package may hold before it is refused as hostile or mistaken."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SizeLimits"]


@dataclass(frozen=True)
class SizeLimits:
    """Sizes count what was read so far, never what a package declares of itself.

    Memory is bounded by these: about 16 bytes for each cell, and the bytes of the largest member.
    """

    members: int = 200
    member_bytes: int = 8 << 30  # unpacked
    total_bytes: int = 24 << 30  # unpacked
    ratio: int = 100  # unpacked bytes to packed bytes, of a member above 1 MiB
    line_bytes: int = 1 << 20
    cell_chars: int = 65_536
    cells: int = 400_000_000  # of a file: its rows times its columns
