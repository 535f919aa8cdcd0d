"""``fake``: a vendor's server on this machine, to try a source before the vendor's access is there."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import echo

__all__ = ["fake"]


@app.command(epilog="Example: rosterkit fake oneroster-rest --students 200 --defects")
def fake(
    kind: Annotated[str, typer.Argument(metavar="VENDOR", help="Which vendor; an unknown one lists those there are.")],
    students: Annotated[int, typer.Option(metavar="N", min=40, max=1_000_000, help="How many students it has.")] = 200,
    defects: Annotated[
        bool, typer.Option("--defects", metavar="", help="Plant defects, and say how many findings they make.")
    ] = False,
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="0: any port that is free.")] = 0,
) -> None:
    """Serve an invented district as a vendor would, on this machine only, until it is interrupted."""
    import threading

    from rosterkit import registry

    with registry.fake(kind).serve(students, defects, port) as running:
        echo(f"An invented district of {students} students is served at {running.address} (Ctrl-C ends it).\n\n")
        echo("Set these in the shell that runs rosterkit:\n")
        echo("".join(f"  export {name}={value!r}\n" for name, value in running.secrets.items()))
        echo("\nand in rosterkit.toml:\n")
        echo("".join(f"  {line}\n" for line in _toml(running.settings)))
        if running.planted:
            echo("\nPlanted defects, and how many findings each makes:\n")
            echo("".join(f"  {rule:<36} {count:>4}\n" for rule, count in sorted(running.planted.items())))
        threading.Event().wait()


def _toml(settings: object) -> list[str]:
    assert isinstance(settings, dict)
    shown = (f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"' for key, value in settings.items())
    return [f"[sources.{settings['kind']}]", *shown]
