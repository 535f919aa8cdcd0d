"""Before the first plan: ``init``, ``check``, ``validate``, ``rules``, ``demo``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, echo, folder_of, open_workspace, pairs, print_either, printing, progress
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.results import CheckReport


@app.command(epilog="Example: rosterkit init our-district")
def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="The folder to make.")] = None,
    json: Json = False,
) -> None:
    """Make a workspace: a private folder with a commented rosterkit.toml and an empty store."""
    from rosterkit.render import json as shapes
    from rosterkit.workspace import Workspace

    place = folder or folder_of(ctx)
    Workspace.init(place)
    if json:
        echo(shapes.facts(workspace=str(place.resolve())))
        return
    echo(
        f"Made a workspace in {place}. Next: say in {place / 'rosterkit.toml'} which time zone is yours and where your "
        f"package is, then run\n  rosterkit -C {shlex.quote(str(place))} plan\n"
    )


@app.command(epilog="Example: rosterkit check export.zip --strict")
def check(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A package (zip or folder), or a source of the workspace.")
    ] = "",
    strict: Annotated[
        bool | None,
        typer.Option(
            "--strict/--lenient", metavar="", help="By the letter of the specification, or as people send it."
        ),
    ] = None,
    dates: Annotated[str, typer.Option(metavar="ORDER", help="How 3/4/2026 is meant: month-first or day-first.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SETTING=VALUE", help="Another setting of the source, for this check."),
    ] = None,
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="What reads it, where there is no workspace.")
    ] = "oneroster",
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", metavar="", help="Print the findings as CSV.")] = False,
) -> None:
    """Validate a package and change nothing. Exit 0: no errors; 1: errors found; 3: it cannot be read."""
    from rosterkit.render import csv as sheets
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    if json and csv:
        raise UsageError("Choose one of --json and --csv.")
    reading: dict[str, object] = {} if strict is None else {"strict": strict}
    reading |= {"dates": dates} if dates else {}
    report = _checked(ctx, source, kind, reading | pairs(settings or [], "dates=month-first"))
    if json:
        echo(shapes.check(report))
    elif csv:
        echo(sheets.findings(report.findings, report.rules))
    else:
        with printing() as console:
            tables.check(console, report)
    raise typer.Exit(1 if report.count("error") else 0)


def _checked(ctx: typer.Context, source: str, kind: str, reading: Mapping[str, object]) -> CheckReport:
    """By the workspace, with its settings, where there is one; else by the package alone."""
    from rosterkit import config
    from rosterkit.workspace import check_package

    if (folder_of(ctx) / config.FILE).exists():
        with open_workspace(ctx) as workspace:
            if not source or source in workspace.config.sources:
                return workspace.check(source=source, reading=reading)
            return workspace.check(Path(source), reading=reading)
    if not source:
        raise UsageError("Name a package to check, or a workspace with -C DIR: rosterkit check PACKAGE.zip")
    with progress() as report:
        return check_package(Path(source), kind=kind, reading=reading, progress=report)


@app.command(epilog="Example: rosterkit -C our-district validate")
def validate(ctx: typer.Context, json: Json = False) -> None:
    """Check every setting of rosterkit.toml and that every secret it refers to is there; read no data."""
    from rosterkit.render import json as shapes
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    workspace.validate()
    sources, feeds = sorted(workspace.config.sources), sorted(workspace.config.feeds)
    if json:
        echo(shapes.facts(sources=sources, feeds=feeds))
        return
    echo(f"The settings are valid. Sources: {', '.join(sources) or 'none'}. Feeds: {', '.join(feeds) or 'none'}.\n")


@app.command(epilog="Example: rosterkit rules identity.reused-id")
def rules(
    code: Annotated[str, typer.Argument(metavar="CODE", help="One rule, or the beginning of several.")] = "",
    json: Json = False,
) -> None:
    """The catalogue: what every finding means, how grave it is, and what to do about it."""
    from rosterkit import registry
    from rosterkit.render import json as shapes
    from rosterkit.render import text as tables

    known = [rule for rule in registry.rules().values() if rule.code.startswith(code)]
    if not known:
        raise UsageError(f'There is no rule "{code}". rosterkit rules lists them all.')
    print_either(json, lambda: shapes.rules(known), tables.rules, known)


@app.command(epilog="Example: rosterkit demo accidents --students 2000")
def demo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Where to leave the workspace; or accidents: what goes wrong, with and without the guards.",
        ),
    ] = Path("demo-workspace"),
    students: Annotated[int, typer.Option(min=100, help="Of accidents: how large the district is.")] = 40_000,
    markdown: Annotated[bool, typer.Option("--markdown", help="Of accidents: print the table as Markdown.")] = False,
) -> None:
    """Run every step on invented districts, and leave a workspace to look at; or show the accidents."""
    if str(folder) != "accidents":
        from rosterkit.demo import run

        with printing() as console:
            run(folder, console)
        return
    from rosterkit.testing.accidents.report import show

    with printing() as console:
        done = show(console, students, markdown=markdown, say=lambda line: typer.echo(line, err=True))
    if not done:
        raise typer.Exit(1)
