"""What every command shares: the workspace it works in, the paper it prints on, the person it acts for."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from rosterkit.sources.base import Progress
    from rosterkit.workspace import Workspace

__all__ = [
    "Actor",
    "AsOf",
    "Json",
    "PlanId",
    "Reason",
    "actor_named",
    "command_of",
    "folder_of",
    "opened",
    "paper",
    "progress",
    "put",
    "said",
]

_PIPE_WIDTH = 120  # columns where there is no terminal to ask
READER_LEFT = 141  # what a shell shows for a program whose reader closed the pipe

Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON (docs/json.md) in place of tables.")]
Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who does this. Left out: your login name.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. It is kept with the decision.")]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or as much of it as is unique.")]


def day_of(text: str) -> date:
    """The day that a text means; a usage error for one that means none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is no day: write it as 2026-09-15.') from None


AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", metavar="DATE", parser=day_of, help="The day it is meant for, as 2026-09-15. Left out: today."
    ),
]


def folder_of(ctx: typer.Context) -> Path:
    """The workspace's folder: ``-C DIR``, or the current one."""
    folder: Path = ctx.find_root().params["folder"]
    return folder


def command_of(ctx: typer.Context) -> str:
    """How this workspace is spoken to, for hints that can be pasted: ``rosterkit -C our-district``."""
    folder = folder_of(ctx)
    return "rosterkit" if folder == Path() else f"rosterkit -C {shlex.quote(str(folder))}"


@contextmanager
def opened(ctx: typer.Context) -> Iterator[Workspace]:
    """The workspace that the command works in, with progress shown while it does."""
    from rosterkit.workspace import Workspace

    with progress() as told:
        yield Workspace(folder_of(ctx), told)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress on standard error where that is a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rosterkit.cli.progress import bars

    with bars() as told:
        yield told


@contextmanager
def paper() -> Iterator[Console]:
    """A console whose text is printed when the block ends; coloured only on a terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    sheet = io.StringIO()
    yield Console(
        file=sheet, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False
    )
    text = sheet.getvalue()
    put(text if terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def put(text: str, output: Path | None = None) -> None:
    """Prints the text, or writes it to a file that only its owner may read; a reader that left ends the command."""
    if output is not None:
        output.touch(mode=0o600)
        output.chmod(0o600)
        output.write_text(text, encoding="utf-8")
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must go somewhere, or the interpreter complains while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(READER_LEFT) from None


def actor_named(name: str) -> str:
    """The person who acts: as named, or the login name; UsageError where there is none."""
    import getpass

    try:
        actor = name.strip() or getpass.getuser()
    except (KeyError, OSError):
        actor = ""
    if not actor:
        raise UsageError("Nobody is logged in here by name: say who does this with --as NAME.")
    return actor


def said(reason: str) -> str:
    """The reason without its margins; UsageError for an empty one."""
    if not reason.strip():
        raise UsageError("A reason must say something: --reason TEXT is kept with the decision.")
    return reason.strip()
