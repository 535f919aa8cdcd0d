"""The command itself: ``rosterkit -C DIR VERB``. Verbs are in modules by what a person does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.options import OUTPUT, echo

app = typer.Typer(
    name="rosterkit",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Carries a district's roster from its SIS to every product that needs it: checked, planned, reviewed, "
    "applied, undone.",
    epilog="Begin with rosterkit demo; then with a package of your own: check, init, plan, show, approve, apply. "
    "Exit codes: 0 done; 1 done, but look (held, degraded or "
    "found); 2 wrong usage; 3 the source cannot be read; 4 refused; 5 busy; 70 our own fault.",
)


_UNATTENDED = ("sync", "schedule")
"""Verbs that run without a person, as a rule: they try a server that does not answer as often as the settings say."""


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"rosterkit {version('rosterkit')}\n")
        raise typer.Exit


@app.callback()
def workspace(
    ctx: typer.Context,
    folder: Annotated[  # noqa: ARG001 - options.folder_of reads it
        Path, typer.Option("-C", "--workspace", metavar="DIR", help="The workspace: the folder with rosterkit.toml.")
    ] = Path(),
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", metavar="", help="Print errors only, and what --json asks for.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", metavar="", help="Write what happens to standard error as JSON lines.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option("--log-file", metavar="FILE", help="Add what happens to this file as JSON lines.")
    ] = None,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool,
        typer.Option("--version", metavar="", help="Print the version and leave.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Where the verbs work."""
    if ctx.invoked_subcommand not in _UNATTENDED:
        from rosterkit.transport.patience import somebody_waits

        ctx.with_resource(somebody_waits())
    OUTPUT.quiet, OUTPUT.verb, OUTPUT.logs = quiet, ctx.invoked_subcommand or "", verbose or log is not None
    if OUTPUT.logs:
        from rosterkit.cli.logging import start_logging

        start_logging(log, verbose=verbose)
