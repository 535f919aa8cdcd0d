"""rosterkit: carries a school district's roster from its SIS to every product that needs it.

The one entrance for programs is ``rosterkit.Workspace``; errors are in ``rosterkit.errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rosterkit.workspace import Workspace

__all__ = ["Workspace"]


def __getattr__(name: str) -> Any:
    """Loads the façade when it is asked for: importing rosterkit alone stays cheap."""
    if name == "Workspace":
        from rosterkit.workspace import Workspace  # noqa: PLC0415 - lazily, as said above

        return Workspace
    raise AttributeError(f"module rosterkit has no attribute {name}")
