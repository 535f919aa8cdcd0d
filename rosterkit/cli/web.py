"""The page where people review: ``web``, ``web user …``, ``audit-log``."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import Json, command_of, echo, folder_of, print_either
from rosterkit.errors import UsageError

web = typer.Typer(invoke_without_command=True)
user = typer.Typer(help="Who may open the page.", no_args_is_help=True)
app.add_typer(web, name="web")
web.add_typer(user, name="user")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to log in by.")]
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _installed() -> None:
    """UsageError where the extra is not installed."""
    try:
        import argon2  # noqa: F401 - whether it is there
        import authlib  # noqa: F401 - as above
        import starlette  # noqa: F401 - as above
        import uvicorn  # noqa: F401 - as above
    except ImportError as problem:
        raise UsageError(f"The page needs {problem.name}. Install it: pip install 'rosterkit[web]'") from None


@web.callback(epilog="Example: rosterkit -C our-district web --port 8080")
def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on: this machine only.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="0: any port that is free.")] = 8080,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TLS certificate with its chain, as PEM. --key belongs to it.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The certificate's private key, as PEM.")] = None,
) -> None:
    """Serve the page where people review, until it is interrupted.

    Other machines reach it by a proxy that speaks TLS (set [web] url to its address), or by --host with --certificate
    and --key.
    """
    if ctx.invoked_subcommand:
        return
    _installed()
    import uvicorn

    from rosterkit.web.app import create_app
    from rosterkit.web.serving import Bind, bound

    folder = folder_of(ctx)
    place = bound(folder, Bind(host, port, certificate, key), loopback=_LOOPBACK)
    echo(f"The page is at {place.address} (Ctrl-C ends it).\n")
    if not place.accounts:
        echo(f"Nobody may log in yet. Add somebody: {command_of(ctx)} web user add NAME --role approver\n")
    settings = uvicorn.Config(
        create_app(folder, secure=place.secure, hosts=place.hosts),
        log_level="warning",
        access_log=False,  # addresses hold ids of children
        server_header=False,
        proxy_headers=place.proxied,
        forwarded_allow_ips="127.0.0.1,::1",
        ssl_certfile=str(certificate) if certificate else None,
        ssl_keyfile=str(key) if key else None,
    )
    uvicorn.Server(settings).run(sockets=[place.socket])


@user.command(epilog="Example: rosterkit -C our-district web user add maria --role approver")
def add(
    ctx: typer.Context,
    name: _Name,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="viewer, staff, leader, users_manager or approver (docs/policy.md).")
    ] = "viewer",
    school: Annotated[
        list[str] | None,
        typer.Option(
            "--school", metavar="KEY", help="Sees this school only, by sourced id; may be said several times."
        ),
    ] = None,
    provider: Annotated[
        bool, typer.Option("--provider", metavar="", help="Logs in by the district's provider only: no password.")
    ] = False,
) -> None:
    """Add an account. The password is asked for, or read from standard input."""
    _installed()
    from rosterkit.store import browse
    from rosterkit.web import accounts
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    with workspace.reading() as connection:
        known = [row["sourced_id"] for row in browse.schools(connection)]
    secret = "" if provider else _asked()
    accounts.add(workspace.folder, name, role, secret, schools=school or (), known=known, provider=provider)
    echo(f"{name} may log in, as {role}{f', for {len(school)} schools' if school else ''}.\n")


def _asked() -> str:
    """A new password: typed twice on a terminal, or the first line of standard input."""
    if sys.stdin.isatty():
        import getpass

        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Again: "):
            raise UsageError("The two passwords differ. Nothing was changed.")
        return first
    return sys.stdin.readline().rstrip("\r\n")


@user.command("list", epilog="Example: rosterkit -C our-district web user list")
def listed(ctx: typer.Context, json: Json = False) -> None:
    """Show every account."""
    _installed()
    from rosterkit.render import access as shapes
    from rosterkit.web import accounts
    from rosterkit.workspace import Workspace

    found = accounts.listed(Workspace(folder_of(ctx)).folder)
    print_either(json, lambda: shapes.accounts_json(found), shapes.accounts, found)


@user.command(epilog="Example: rosterkit -C our-district web user remove maria")
def remove(ctx: typer.Context, name: _Name) -> None:
    """Remove an account, and end its sessions."""
    _installed()
    from rosterkit.web import accounts
    from rosterkit.workspace import Workspace

    accounts.remove(Workspace(folder_of(ctx)).folder, name)
    echo(f"{name} may not log in any more.\n")


@user.command(epilog="Example: rosterkit -C our-district web user password maria")
def password(ctx: typer.Context, name: _Name) -> None:
    """Set another password, and end the account's sessions."""
    _installed()
    from rosterkit.web import accounts
    from rosterkit.workspace import Workspace

    accounts.change_password(Workspace(folder_of(ctx)).folder, name, _asked())
    echo(f"{name} has another password.\n")


@app.command(epilog="Example: rosterkit -C our-district audit-log --record S-1017")
def audit_log(
    ctx: typer.Context,
    actor: Annotated[str, typer.Option(metavar="NAME", help="Only what this account did.")] = "",
    record: Annotated[str, typer.Option(metavar="KEY", help="Only what touched this record, by sourced id.")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="Only from this day on, as 2026-09-15.")] = "",
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="How many lines, the newest; 0: all.")] = 100,
    json: Json = False,
) -> None:
    """Show who looked at which records and who did what, on the page and at the command line; the newest first."""
    from datetime import UTC, datetime, time

    from rosterkit.render import access as shapes
    from rosterkit.store import access
    from rosterkit.workspace import Workspace

    workspace = Workspace(folder_of(ctx))
    start = datetime.combine(_day(since), time(), workspace.config.zone).astimezone(UTC) if since else None
    with access.opened(workspace.folder) as connection:
        found = access.entries(connection, actor=actor, record=record, since=start, limit=limit)
    print_either(json, lambda: shapes.audit_json(found), shapes.audit, found, workspace.config.zone)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'"{text}" is no day: write it as 2026-09-15.') from None
