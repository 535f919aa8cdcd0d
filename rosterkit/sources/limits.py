"""How much a package may hold before it is refused as hostile or mistaken."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SizeLimits(BaseModel):
    """Sizes count what was read so far, never what a package declares of itself.

    Memory is bounded by these: about 16 bytes for each cell, and the bytes of the largest member.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    members: int = Field(default=200, ge=1, description="Files in a package.")
    member_bytes: int = Field(default=8 << 30, ge=1, description="Bytes of one file, unpacked.")
    total_bytes: int = Field(default=24 << 30, ge=1, description="Bytes of all files together, unpacked.")
    ratio: int = Field(default=100, ge=1, description="Unpacked bytes for each compressed one, in a file above 1 MiB.")
    line_bytes: int = Field(default=1 << 20, ge=1, description="Bytes of one record.")
    cell_chars: int = Field(default=65_536, ge=1, description="Characters of one value.")
    cells: int = Field(default=400_000_000, ge=1, description="Cells of one file: its rows times its columns.")
