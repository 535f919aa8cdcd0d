"""Servers that files come from and go to: ``target test``, ``target trust``."""

from __future__ import annotations

from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, command_of, echo, folder_of, open_workspace, print_either

target = typer.Typer(help="The servers that files come from and go to.", no_args_is_help=True)
app.add_typer(target, name="target")


@target.command(epilog="Example: rosterkit -C our-district target trust main --fingerprint SHA256:2c5…")
def trust(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source or feed on an SFTP server.")],
    fingerprint: Annotated[
        str, typer.Option(metavar="SHA256:…", help="The fingerprint that the vendor gave you. Left out: only show it.")
    ] = "",
    json: Json = False,
) -> None:
    """Show the host key of an SFTP server, and store it once you have compared it with what the vendor says.

    Nothing is sent to a server whose key is not stored. Exit 1: the key was shown and not stored. Exit 2: the server
    shows another key than the one you named.
    """
    from rosterkit.render import json as shapes
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    key = workspace.trust_host_key(name, fingerprint) if fingerprint else workspace.host_key(name)
    if json:
        echo(
            shapes.facts(
                host=key.host,
                port=key.port,
                algorithm=key.algorithm,
                fingerprint=key.fingerprint,
                stored=bool(fingerprint),
            )
        )
    elif fingerprint:
        echo(f"Stored: {key}\n")
    else:
        echo(
            f"The server shows this key:\n  {key}\nAsk the vendor for the fingerprint, by a way that does not go "
            f"through this server. If it is the same, store it:\n  {command_of(ctx)} target trust {name} "
            f"--fingerprint {key.fingerprint}\n"
        )
    raise typer.Exit(0 if fingerprint else 1)


@target.command("test", epilog="Example: rosterkit -C our-district target test careers")
def try_out(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A feed, or a source that reads from a place.")],
    json: Json = False,
) -> None:
    """Connect, write a small file, read it back and remove it: what the key may do, and what it may not.

    Where a source reads from, nothing is written. Exit 1: something that sending needs is not allowed.
    """
    from rosterkit.render import feeds as pages
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        place, tried = workspace.target_test(name)
    print_either(json, lambda: shapes.rights(place, tried), pages.rights, place, tried)
    needed = {"connect", "write"} if any(one.right == "write" for one in tried) else {"connect", "list"}
    raise typer.Exit(int(any(one.allowed is False and one.right in needed for one in tried)))
