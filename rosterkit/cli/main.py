"""``rosterkit``: runs the command and turns whatever happens into a sentence and an exit code (docs/exit-codes.md)."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from rosterkit.cli import compare as choosing
from rosterkit.cli import doctor as examining
from rosterkit.cli import fake as fakes
from rosterkit.cli import feed as feeds
from rosterkit.cli import inspect as looking
from rosterkit.cli import manual, safety
from rosterkit.cli import plan as planning
from rosterkit.cli import review as deciding
from rosterkit.cli import setup as preparing
from rosterkit.cli import target as servers
from rosterkit.cli import vendor as answering
from rosterkit.cli.app import app
from rosterkit.errors import InternalError, RosterkitError

__all__ = ["command", "main", "run"]

INTERRUPTED = 130  # what a shell shows for Ctrl-C
_USAGE: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The root of typer's usage errors; typer brings its own copy of click, or leans on click, by version."""

_ROOMS = [
    room.__name__
    for room in (
        *(preparing, choosing, planning, deciding, manual, safety, looking, feeds, answering, examining, servers),
        fakes,
    )
]
"""The modules whose verbs the app has, in the order in which --help lists them."""

app.registered_commands.sort(key=lambda verb: _ROOMS.index(getattr(verb.callback, "__module__", "")))
command = typer.main.get_command(app)


def main() -> None:
    """The entry point. A terminal that cannot show a letter shows its number; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; nothing is raised."""
    json = "--json" in arguments
    try:
        code = command.main(args=list(arguments), prog_name="rosterkit", standalone_mode=False)
    except RosterkitError as problem:
        return _failed(problem.exit_code, _told(problem), problem, json)
    except _USAGE as problem:
        return _failed(2, _usage(problem), problem, json)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except OSError as problem:
        return _failed(2, _system(problem), problem, json)
    except Exception as problem:  # noqa: BLE001 - the last net: whatever it is becomes a sentence
        if database := _database(problem):
            return _failed(2, database, problem, json)
        return _failed(InternalError.exit_code, _fault(problem), problem, json)
    if code == INTERRUPTED:
        sys.stderr.write("Interrupted. What was under way was not done; nothing is half-written.\n")
    return code if isinstance(code, int) else 0


def _failed(exit_code: int, message: str, problem: Exception, json: bool) -> int:
    if os.environ.get("ROSTERKIT_DEBUG") == "1":
        traceback.print_exception(problem)
    # A path or a key in the message may hold a terminal's escapes.
    shown = "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in message)
    sys.stderr.write(f"{shown}\n")
    if json:
        from rosterkit.render import json as shapes

        sys.stdout.write(shapes.error(exit_code, message, problem))
    return exit_code


def _told(problem: RosterkitError) -> str:
    report = " Please report it, with the output of ROSTERKIT_DEBUG=1." if isinstance(problem, InternalError) else ""
    return f"{problem}{report}"


def _usage(problem: Exception) -> str:
    """The message of a wrong command line, and where to read more; a group without a verb has shown its help."""
    context = getattr(problem, "ctx", None)
    told = str(problem.format_message()) if hasattr(problem, "format_message") else str(problem)
    told = told or "Name a verb."
    path = context.command_path if context else "rosterkit"
    return f"{told} See: {path} --help"


def _system(problem: OSError) -> str:
    place = f": {problem.filename}" if problem.filename else ""
    return f"The system refused ({problem.strerror or type(problem).__name__}{place}). Mend that and run it again."


def _database(problem: Exception) -> str:
    """The sentence for a database that the system keeps from us or that is damaged; "" for anything else."""
    import sqlite3

    cause = getattr(problem, "orig", problem)  # what SQLAlchemy wraps
    # The last byte of SQLite's code is the kind; what stands above it says more than a person needs.
    kind = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    place = "roster.db in the workspace"
    if kind in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"{place} is damaged, or no database of rosterkit's. Put back a copy of the folder, and run it again."
    if kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return f"{place} cannot be opened or written ({cause}). See that this user may write there, and run it again."
    if kind == sqlite3.SQLITE_FULL:
        return "The disk is full. Nothing was half-written. Make room, and run it again."
    return ""


def _fault(problem: Exception) -> str:
    """Says where, never what: the message of a stray exception may hold personal data."""
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""  # noqa: PTH119 - a name
    return (
        f"This is a fault of rosterkit's own ({type(problem).__name__}{place}). Nothing was half-written. "
        "Please report it, with the output of ROSTERKIT_DEBUG=1."
    )


if __name__ == "__main__":
    main()
