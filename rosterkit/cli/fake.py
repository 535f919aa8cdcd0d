"""``fake`` and ``generate``: an invented district, as a vendor's server on this machine or as a package."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, echo
from rosterkit.errors import UsageError

_Seed = Annotated[int, typer.Option(metavar="S", min=0, max=2**31, help="Another seed, another district.")]
_PART = ".part"


@app.command(epilog="Example: rosterkit fake oneroster-rest --students 200 --defects")
def fake(
    kind: Annotated[str, typer.Argument(metavar="VENDOR", help="Which vendor; an unknown one lists those there are.")],
    students: Annotated[int, typer.Option(metavar="N", min=40, max=100_000, help="How many students it has.")] = 200,
    seed: _Seed = 1,
    defects: Annotated[
        bool, typer.Option("--defects", metavar="", help="Plant defects, and say how many findings they make.")
    ] = False,
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="0: any port that is free.")] = 0,
) -> None:
    """Serve an invented district as a vendor would, on this machine only, until it is interrupted.

    The same number of students and the same seed give the same district at every vendor, and in generate.
    """
    import threading

    from rosterkit import registry
    from rosterkit.sources.fake_server import Invented

    today = datetime.now(UTC).date()
    with registry.fake(kind).serve(Invented(students, seed, defects, today), port) as running:
        echo(f"An invented district of {students} students is served at {running.address} (Ctrl-C ends it).\n\n")
        echo("Set these in the shell that runs rosterkit:\n")
        echo("".join(f"  export {name}={value!r}\n" for name, value in running.secrets.items()))
        echo("\nand in rosterkit.toml:\n")
        echo("".join(f"  {line}\n" for line in _toml(running.settings)))
        echo(f"\nor compare it without a workspace:\n  rosterkit compare {_source(running.settings)}\n")
        if running.planted:
            echo("\nPlanted defects, and how many findings each makes:\n")
            echo("".join(f"  {rule:<36} {count:>4}\n" for rule, count in sorted(running.planted.items())))
        threading.Event().wait()


def _source(settings: Mapping[str, object]) -> str:
    """The source as compare takes it."""
    values = ",".join(f"{key}={value}" for key, value in settings.items() if key != "kind")
    return f"{settings['kind']}:{values}"


def _toml(settings: Mapping[str, object]) -> list[str]:
    shown = (f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in settings.items())
    return [f"[sources.{settings['kind']}]", *shown]


@app.command(epilog="Example: rosterkit generate --students 500 --out district.zip")
def generate(
    out: Annotated[Path, typer.Option(metavar="PACKAGE.zip", help="Where to write it; nothing may be there.")],
    students: Annotated[int, typer.Option(metavar="N", min=40, max=1_000_000, help="How many students it has.")] = 200,
    seed: _Seed = 1,
    oneroster: Annotated[
        Literal["1.1", "1.2"], typer.Option(metavar="1.1|1.2", help="The version of OneRoster.")
    ] = "1.1",
    json: Json = False,
) -> None:
    """Write an invented district as a OneRoster package: the same that fake serves for these numbers."""
    from rosterkit.render import json as shapes
    from rosterkit.testing.district import District, write_district

    if out.exists():
        raise UsageError(f"{out} is there already. Name another file, or move it away.")
    if not out.parent.is_dir():
        raise UsageError(f"There is no folder {out.parent}. Make it, or name another file.")
    part = out.with_name(f".{out.name}{_PART}")
    try:
        rows = write_district(part, District(students, seed, oneroster))
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    if json:
        echo(shapes.facts(package=str(out), students=students, seed=seed, version=oneroster, rows=rows))
        return
    echo(f"{out} holds an invented district of {students:,} students:\n")
    echo("".join(f"  {name + '.csv':<24} {count:>10,}\n" for name, count in rows.items()))
