"""The roster goes out as a OneRoster package."""

from __future__ import annotations

from rich.console import Console

from rosterkit import registry
from rosterkit.demo.packages import DAYS
from rosterkit.errors import InternalError
from rosterkit.render import text as tables
from rosterkit.workspace import Workspace

TITLE = "Out again, as a OneRoster package."


def step(workspace: Workspace, console: Console) -> None:
    """Builds the feed again. Raises InternalError where undo did not bring the first file back byte for byte."""
    before = {file.name: file.sha256 for file in workspace.feed_log("oneroster")[-1].files}
    after = workspace.feed_build("oneroster", DAYS["day-1"])
    if before != {name: sha256 for name, _, _, sha256 in after.files}:
        raise InternalError("Undo did not bring the first package back.")
    tables.receipt(console, after, registry.rules())
    console.print("It is the file that the first package gave, byte for byte: undo brought everything back.")
