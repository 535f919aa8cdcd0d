"""Workspaces in which people who disappear leave at once, for tests of other things."""

from __future__ import annotations

from rosterkit import Workspace

__all__ = ["without_grace"]


def without_grace(workspace: Workspace) -> Workspace:
    """The workspace with ``[grace]`` set to no days."""
    path = workspace.folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8")
    for who in ("students", "guardians"):
        assert f"# {who} = 3\n" in text
        text = text.replace(f"# {who} = 3\n", f"{who} = 0\n")
    path.write_text(text, encoding="utf-8")
    return Workspace(workspace.folder)
