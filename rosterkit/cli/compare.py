"""Choosing where the roster comes from: ``compare``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import AsOf, Json, echo, folder_of, printing, progress, spare_other
from rosterkit.errors import UsageError

if TYPE_CHECKING:
    from rosterkit.compare.reading import SourceSpec
    from rosterkit.compare.settings import CompareSettings
    from rosterkit.config import Config, SourceEntry


@app.command(epilog="Example: rosterkit compare export.zip guardians:families.csv --html choice.html")
def compare(
    ctx: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="A source of the workspace by name, a OneRoster package, KIND:PATH or KIND:KEY=VALUE,KEY=VALUE, with "
            "NAME@ before it to name it. Left out: every source of the workspace.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page with charts.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", metavar="", help="Print Markdown in place of tables.")
    ] = False,
    json: Json = False,
    show_values: Annotated[
        bool, typer.Option("--show-values", metavar="", help="Show names, numbers and addresses in the examples.")
    ] = False,
    as_of: AsOf = None,
) -> None:
    """Ask every source the same questions, say which people and values differ, and recommend a way.

    Reads the sources and stores nothing. Exit 1: a source is left out, and the others are compared.
    """
    from rosterkit.compare.comparison import compare as compared
    from rosterkit.compare.reading import read
    from rosterkit.render import compare_html, compare_markdown, compare_shapes, compare_text
    from rosterkit.transport.secrets import revealed

    if markdown and json:
        raise UsageError("Choose one of --markdown and --json.")
    if html is not None and (html.is_dir() or not html.absolute().parent.is_dir()):  # reading may take long
        raise UsageError(f"No page can be written to {html}. Name a file in a folder that is there.")
    if html is not None:
        spare_other(html, "<!DOCTYPE html>")
    config = _config(folder_of(ctx), needed=not sources)
    specs = _specs(sources or [], config, folder_of(ctx))
    day = as_of or _today(config)
    with progress() as report:
        delivered, unread = read(
            specs, day, secret=revealed, progress=report, demographics=bool(config and config.demographics)
        )
        found = compared(delivered, _settings(config), day, show_values=show_values, unread=unread)
    if html is not None:
        echo(compare_html.page(found), html)
    if json:
        echo(compare_shapes.as_json(found))
    elif markdown:
        echo(compare_markdown.as_markdown(found))
    else:
        with printing() as console:
            compare_text.comparison(console, found)
            if html is not None:
                console.print(f"The page is {html}.", soft_wrap=True)
    raise typer.Exit(1 if found.unread else 0)


def _config(folder: Path, *, needed: bool) -> Config | None:
    """The workspace's settings; None where there is no workspace and the command line names every source."""
    from rosterkit.config import FILE, load

    if (folder / FILE).exists():
        return load(folder)
    if needed:
        raise UsageError(f"There is no workspace in {folder}, so name the sources: rosterkit compare export.zip")
    return None


def _settings(config: Config | None) -> CompareSettings:
    from rosterkit.compare.settings import CompareSettings

    return config.compare if config else CompareSettings()


def _specs(texts: list[str], config: Config | None, folder: Path) -> list[SourceSpec]:
    from rosterkit.compare.reading import SourceSpec, from_text

    known = config.sources if config else {}

    def configured(name: str, entry: SourceEntry) -> SourceSpec:
        return SourceSpec(name, entry.kind, entry.settings, folder, entry.place, entry.packages)

    if not texts:
        specs = [configured(name, entry) for name, entry in known.items() if entry.enabled]
        if not specs:
            raise UsageError("The workspace has no source. Name one: rosterkit compare export.zip")
        return specs
    return [configured(text, known[text]) if text in known else from_text(text, Path()) for text in texts]


def _today(config: Config | None) -> date:
    return datetime.now(config.zone if config else UTC).date()
