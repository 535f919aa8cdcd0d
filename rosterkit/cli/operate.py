"""Runs without a person: ``sync``, ``runs``, ``schedule``, ``status``, ``notify``."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, command_of, echo, folder_of, print_either, printing, progress, workspace_of
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.workspace import Workspace

_Log = Annotated[
    bool, typer.Option("--log", metavar="", help="Write what happens to standard error, one JSON object a line.")
]


@contextmanager
def _waiting(ctx: typer.Context, *, log: bool) -> Iterator[Workspace]:
    """The workspace for a run without a person, which waits where another verb writes."""
    from rosterkit.operate.logs import log_lines
    from rosterkit.sources.base import no_progress

    if log:
        log_lines(sys.stderr)
        yield workspace_of(ctx).reopened(no_progress)
        return
    with progress() as shown:
        yield workspace_of(ctx).reopened(shown)


@app.command(epilog="Example: rosterkit -C our-district sync")
def sync(
    ctx: typer.Context,
    feed: Annotated[
        str, typer.Option("--feed", metavar="FEED", help="Read no source: only build and send this feed.")
    ] = "",
    log: _Log = False,
    json: Json = False,
) -> None:
    """One whole run: read every source, check, plan, apply what is clear, hold what is not, send the feeds, notify.

    A run that was interrupted goes on where it stopped. Exit 0: done. 1: done, and somebody should look. Otherwise the
    worst of its stages: 2 a setting or the system, 3 no source could be read, 4 refused, 70 our own fault. 5: another
    sync is running.
    """
    from rosterkit.render import json as shapes
    from rosterkit.render import runs as tables

    with _waiting(ctx, log=log) as workspace:
        done = workspace.sync(feed)
        zone = workspace.config.zone
    if json:
        echo(shapes.facts(**tables.run_facts(done)))
    else:
        with printing() as console:
            tables.run(console, done, zone)
            for step in tables.next_steps(done, command_of(ctx)):
                console.print(step, soft_wrap=True)
    raise typer.Exit(done.exit_code or 0)


@app.command(epilog="Example: rosterkit -C our-district runs 12")
def runs(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="RUN", min=1, help="The number of a run. Left out: the newest runs.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many runs are listed.")] = 20,
    json: Json = False,
) -> None:
    """The runs that took place, and of one run what each stage did."""
    from rosterkit.render import json as shapes
    from rosterkit.render import runs as tables
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    zone = workspace.config.zone
    if number is not None:
        one = workspace.run(number)
        print_either(json, lambda: shapes.facts(**tables.run_facts(one)), tables.run, one, zone)
        return
    known = workspace.runs(limit)
    print_either(json, lambda: shapes.facts(runs=[tables.run_facts(one) for one in known]), tables.runs, known, zone)


@app.command(epilog="Example: rosterkit -C our-district schedule")
def schedule(
    ctx: typer.Context,
    printed: Annotated[
        str,
        typer.Option("--print", metavar="KIND", help="Print the same schedule for cron, systemd or windows instead."),
    ] = "",
) -> None:
    """Run the sync, and each feed with times of its own, at the times of rosterkit.toml, until it is asked to end.

    It writes what happens to standard error, one JSON object a line. SIGTERM and Ctrl-C end it: what runs then ends or
    is given up, and goes on with the next start.
    """
    from rosterkit.operate.logs import log_lines
    from rosterkit.operate.schedule_export import KINDS, printed_schedule
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    if printed:
        if printed not in KINDS:
            raise UsageError(f'"{printed}" is not one of {", ".join(KINDS)}.')
        echo(printed_schedule(printed, workspace.config, workspace.folder))
        return
    log_lines(sys.stderr)
    workspace.schedule(_asked_to_end())


def _asked_to_end() -> threading.Event:
    """Is set when the process gets SIGTERM, Ctrl-C, or Ctrl-Break on Windows."""
    stop = threading.Event()
    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    return stop


@app.command(epilog="Example: rosterkit -C our-district status --json")
def status(
    ctx: typer.Context,
    alive: Annotated[
        bool, typer.Option("--alive", metavar="", help="Only say whether a process runs the schedule: exit 0 or 1.")
    ] = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", metavar="", help="Print metrics in the text format of Prometheus.")
    ] = False,
    json: Json = False,
) -> None:
    """How the workspace stands: last good run, age of each source and feed, what waits for a person, alarms.

    Exit 0: all is well. 1: something waits, or there is an alarm.
    """
    from rosterkit.operate.heartbeat import responds
    from rosterkit.render import json as shapes
    from rosterkit.render import status as pages
    from rosterkit.workspace import Workspace

    if alive:
        works = responds(folder_of(ctx))
        echo("The schedule is running.\n" if works else "No process runs the schedule, or it does not respond.\n")
        raise typer.Exit(0 if works else 1)
    workspace = Workspace(folder_of(ctx))
    now = workspace.status()
    if prometheus:
        echo(pages.prometheus(now))
    elif json:
        echo(shapes.facts(**pages.status_facts(now)))
    else:
        with printing() as console:
            pages.status(console, now, workspace.config.zone)
    raise typer.Exit(0 if prometheus else now.exit_code)


@app.command(epilog="Example: rosterkit -C our-district notify --test")
def notify(
    ctx: typer.Context,
    test: Annotated[bool, typer.Option("--test", metavar="", help="Send a test to everybody.")] = False,
    json: Json = False,
) -> None:
    """Send a test notice to every address that notices.to names. Exit 1: one did not take it."""
    from rosterkit.render import json as shapes
    from rosterkit.workspace import Workspace

    if not test:
        raise UsageError("Say --test: this verb sends a test. Other notices are sent by the runs themselves.")
    workspace = Workspace(folder_of(ctx))
    problems = workspace.notify_test()
    to = workspace.config.notices.to
    if json:
        echo(shapes.facts(addresses=list(to), failed=[{"to": key, "why": why} for key, why in problems.items()]))
    else:
        echo("".join(f"{reference}: {problems.get(reference, 'sent')}\n" for reference in to))
    raise typer.Exit(1 if problems else 0)
