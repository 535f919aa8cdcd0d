"""The part of the demonstration about products: each vendor's files in a folder, their verdicts, and a refused one."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rosterkit import config, registry
from rosterkit.demo.packages import ACTOR, fixtures
from rosterkit.errors import InternalError
from rosterkit.render import text as tables
from rosterkit.results import FeedCheck
from rosterkit.workspace import Workspace

TITLE = "The files of four products, their verdicts, and one that is refused."

DAY = date(2026, 9, 14)
"""The day that the package is meant for."""


def step(workspace: Workspace, console: Console) -> None:
    """Builds, checks, approves and sends the files of every feed of the package ``products``.

    They go into a workspace of their own, in the folder ``products``. Raises InternalError where a file is not
    accepted, or where the file that is cut short is.
    """
    folder = workspace.folder / "products"
    workspace = workspace_of_products(folder)
    for name in workspace.config.feeds:
        built = workspace.feed_build(name, DAY)
        for item in workspace.checklist(name).blocking:
            workspace.checklist_done(name, item.item.name, note="done for the demonstration", actor=ACTOR)
        workspace.feed_approve(name, reason="the first file, compared with the office", actor=ACTOR)
        vendor = registry.feed(built.kind).vendor.name
        files = ", ".join(f"{file} ({rows:,} rows)" for file, rows, *_ in built.files)
        console.print(Text(f"  {name:<9} {vendor}: {built.verdict}. {files}"), soft_wrap=True)
    console.print(Text(f"The files are in {folder / 'products'}, each with its receipt."), soft_wrap=True)
    refused = _cut_short(workspace)
    console.print(Text("\nA file that was cut short after its header, as the vendor would answer:"))
    tables.feed_check(console, refused, registry.rules())


def _cut_short(workspace: Workspace) -> FeedCheck:
    """The verdict on the first feed's file, when only its header is left."""
    name, entry = next(iter(workspace.config.feeds.items()))
    sent = next(path for path in sorted(entry.outbox(workspace.folder, name).iterdir()) if path.suffix == ".csv")
    short = workspace.folder / "cut-short" / sent.name
    short.parent.mkdir()
    short.write_bytes(sent.read_bytes().splitlines(keepends=True)[0])
    found = workspace.feed_check(name, [short])
    if found.verdict.startswith("accepted") or found.findings.is_empty():
        raise InternalError("A file without a record was accepted.")
    return found


def workspace_of_products(folder: Path) -> Workspace:
    """A new workspace with the package ``products`` planned, approved and applied, and nothing sent."""
    Workspace.init(folder)
    shutil.copytree(fixtures() / "products", folder / "packages" / "products")
    shutil.copyfile(fixtures() / "products" / config.FILE, folder / config.FILE)
    workspace = Workspace(folder)
    plan = workspace.plan(as_of=DAY)
    workspace.approve(plan.id, reason="the first load, compared with the office", actor=ACTOR)
    workspace.apply(plan.id, actor=ACTOR)
    return workspace
