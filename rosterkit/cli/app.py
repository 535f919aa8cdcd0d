"""The command itself: ``rosterkit -C DIR VERB``. Verbs are in modules by what a person does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.options import echo

__all__ = ["app"]

app = typer.Typer(
    name="rosterkit",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Carries a district's roster from its SIS to every product that needs it: checked, planned, reviewed, "
    "applied, undone.",
    epilog="Start with rosterkit demo. Exit codes: 0 done; 1 done, but look (held, degraded or "
    "found); 2 wrong usage; 3 the source cannot be read; 4 refused; 5 busy; 70 our own fault.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"rosterkit {version('rosterkit')}\n")
        raise typer.Exit


@app.callback()
def workspace(
    folder: Annotated[
        Path, typer.Option("-C", "--workspace", metavar="DIR", help="The workspace: the folder with rosterkit.toml.")
    ] = Path(),
    version: Annotated[  # the callback answers it
        bool,
        typer.Option("--version", metavar="", help="Print the version and leave.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Where the verbs work."""
