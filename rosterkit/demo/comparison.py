"""Which provider? One invented SIS, delivered by several, compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rosterkit import registry
from rosterkit.compare.comparison import Comparison
from rosterkit.render import compare_html
from rosterkit.render.compare_shapes import recommendation_text
from rosterkit.workspace import Workspace

TITLE = "Which provider? The same questions, asked of each."

PAGE = "choice.html"
"""The page of the comparison, in the workspace's folder."""


def step(workspace: Workspace, console: Console) -> None:
    """Compares the sources, and writes the page into the workspace's folder."""
    compare_into(workspace.folder, console)


def compare_into(folder: Path, console: Console) -> Path:
    """Compares the sources, prints the recommendation with every way, and writes the page; returns where it lies."""
    with tempfile.TemporaryDirectory(prefix="rosterkit-demo-") as scratch:
        found = registry.demo_comparison()(Path(scratch))
    assert isinstance(found, Comparison), "what is installed as the demo's comparison is one"
    console.print(Text(recommendation_text(found)))
    for choice in found.recommendation.choices[:5]:
        console.print(Text(f"  {choice.points:>5g}  {choice.route.title}"))
    path = folder / PAGE
    path.touch(mode=0o600)
    path.write_text(compare_html.page(found), encoding="utf-8")
    console.print(Text(f"Every question, with what to do about it: {path}"), soft_wrap=True)
    return path
