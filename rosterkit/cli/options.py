"""What every command shares: its options, the workspace it works in, and the console it prints on."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec

import typer

from rosterkit.errors import UsageError

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

    from rosterkit.manual.revision import Done
    from rosterkit.sources.base import Progress
    from rosterkit.workspace import Workspace

_Given = ParamSpec("_Given")

_PIPE_WIDTH = 120  # columns where there is no terminal to ask
_BEGINNING = 8  # bytes that tell a page, a table and JSON from a package, a store and settings
READER_LEFT = 141  # what a shell shows for a program whose reader closed the pipe


@dataclass
class Output:
    """What the command line asked of printing; set anew for each command."""

    quiet: bool = False  # only errors are printed
    json: bool = False  # what is printed is data: --quiet does not suppress it
    logs: bool = False  # events are written somewhere
    verb: str = ""


OUTPUT = Output()


def day_of(text: str) -> date:
    """The day that a text means; a usage error for one that means none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f'"{text}" is not a date: write it as 2026-09-15.') from None


def _actor(name: str) -> str:
    """The person who acts: as named, or the login name; UsageError where there is none."""
    actor = name.strip() or _login_name()
    if not actor:
        raise UsageError("This user has no login name: name the person who does this with --as NAME.")
    return actor


def _login_name() -> str:
    """The account of the operating system; "" where it has no name, as in a container."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def _reason(text: str) -> str:
    """The reason without its margins; UsageError for an empty one."""
    if not text.strip():
        raise UsageError("The reason is empty: --reason TEXT is kept with the decision.")
    return text.strip()


def _entity(name: str) -> str:
    from rosterkit.render.labels import entity_named

    return entity_named(name)


def _action(name: str) -> str:
    from rosterkit.render.labels import action_named

    return action_named(name)


Action = Annotated[
    str, typer.Option("--action", metavar="NAME", parser=_action, help="Only this action. Left out: any.")
]
Actor = Annotated[
    str, typer.Option("--as", metavar="NAME", parser=_actor, help="Who does this. Left out: your login name.")
]
ActorRole = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME[:ROLE]", parser=_actor, help="Who does this, and as what. Left out: your login name."
    ),
]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of", metavar="DATE", parser=day_of, help="The day it is meant for, as 2026-09-15. Left out: today."
    ),
]
Entity = Annotated[str, typer.Argument(metavar="ENTITY", parser=_entity, help="Such as User or Class.")]
EntityName = Annotated[str, typer.Option("--entity", metavar="NAME", parser=_entity, help="Only this entity.")]
Field = Annotated[str, typer.Argument(metavar="FIELD", help="Such as title or email.")]
FieldName = Annotated[str, typer.Option("--field", metavar="NAME", help="Only this field. Left out: all.")]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON (docs/json.md) in place of tables.")]
Package = Annotated[
    Path | None, typer.Option("--package", metavar="PACKAGE", help="A zip or folder. Left out: where the source says.")
]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or as much of it as is unique.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", parser=_reason, help="Why. It is kept with the decision.")
]
Record = Annotated[str, typer.Argument(metavar="KEY", help="The record's sourced id, or SOURCE/ID.")]
SourceName = Annotated[
    str, typer.Option("--source", metavar="NAME", help="Whose data the package replaces. Left out: the only source's.")
]
Student = Annotated[str, typer.Argument(metavar="STUDENT", help="The student's sourced id, or SOURCE/ID.")]
Values = Annotated[list[str], typer.Argument(metavar="FIELD=VALUE", help="Such as given_name=Ines.")]


def pairs(texts: Sequence[str], example: str = "given_name=Ines") -> dict[str, str]:
    """NAME=VALUE as a mapping; UsageError, with the example, for a text that is none."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f'"{text}" is not NAME=VALUE, such as {example}.')
        found[name.strip()] = value.strip()
    return found


def folder_of(ctx: typer.Context) -> Path:
    """The workspace's folder: ``-C DIR``, or the current one."""
    folder: Path = ctx.find_root().params["folder"]
    return folder


def command_of(ctx: typer.Context) -> str:
    """The command with this workspace, for hints that can be pasted: ``rosterkit -C our-district``."""
    folder = folder_of(ctx)
    return "rosterkit" if folder == Path() else f"rosterkit -C {shlex.quote(str(folder))}"


@contextmanager
def open_workspace(ctx: typer.Context) -> Iterator[Workspace]:
    """The workspace that the command works in, with progress shown while it does."""
    with progress() as report:
        yield workspace_of(ctx, report)


def workspace_of(ctx: typer.Context, report: Progress | None = None) -> Workspace:
    """The workspace that the command works in; the audit log names the account of the operating system."""
    from rosterkit.sources.base import no_progress
    from rosterkit.store.access import Caller
    from rosterkit.workspace import Workspace

    account = _login_name()
    return Workspace(folder_of(ctx), report or no_progress, caller=Caller("command line", account, account))


def audit_view(workspace: Workspace, verb: str, records: Iterable[str], *, subject: str = "") -> None:
    """Writes into the audit log which records a command shows ("User stu-1017"). A full disk keeps nobody from it."""
    import sqlite3

    try:
        workspace.audit("view", verb, subject=subject, records=sorted(set(records)))
    except (sqlite3.Error, OSError):
        sys.stderr.write("Warning: the audit log cannot be written, so this view is not in it.\n")


def record_names(rows: pl.DataFrame) -> list[str]:
    """The records of these rows as the audit log names them; ``rows`` has entity and sourced_id."""
    return [f"{entity} {sourced_id}" for entity, sourced_id in rows.select("entity", "sourced_id").iter_rows()]


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress on standard error where that is a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rosterkit.cli.progress import bars

    with bars() as report:
        yield report


@contextmanager
def printing() -> Iterator[Console]:
    """A console whose text is printed when the block ends; coloured only on a terminal."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    text_buffer = io.StringIO()
    yield Console(
        file=text_buffer,
        force_terminal=terminal,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
    )
    text = text_buffer.getvalue()
    echo(text if terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines()))


def print_either(
    json: bool,
    data: Callable[[], str],
    table: Callable[Concatenate[Console, _Given], None],
    *given: _Given.args,
    **named: _Given.kwargs,
) -> None:
    """Prints JSON, made by ``data``, or what ``table`` puts on the console of what is ``given``."""
    if json:
        echo(data())
        return
    with printing() as console:
        table(console, *given, **named)


def echo(text: str, output: Path | None = None) -> None:
    """Prints the text, or writes it to a file that only its owner may read; a reader that left ends the command."""
    if output is not None and str(output) != "-":
        spare_other(output, text)
        output.touch(mode=0o600)
        output.chmod(0o600)
        output.write_text(text, encoding="utf-8")
        return
    if OUTPUT.quiet and not OUTPUT.json:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must go somewhere, or the interpreter complains while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(READER_LEFT) from None


def spare_other(output: Path, begins: str) -> None:
    """Raises UsageError where the file holds something else than an earlier output: a slip must not cost a package.

    What this program writes anew begins as it did the last time; ``begins`` is its text, or the beginning of it.
    """
    if output.is_file():
        with output.open("rb") as there:
            start = there.read(_BEGINNING)
        if start and start != begins.encode()[:_BEGINNING]:
            raise UsageError(f"{output} is there and holds something else. Name another file, or remove it first.")


def print_done(done: Done, json: bool) -> None:
    """Prints what a manual verb did."""
    from rosterkit.render import json as shapes

    echo(
        shapes.facts(plan=done.plan, revision=done.revision, done=done.text)
        if json
        else f"{done.text} Revision {done.revision}.\n"
    )
