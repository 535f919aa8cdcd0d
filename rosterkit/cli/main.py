"""``rosterkit``: runs the command and turns whatever happens into a sentence and an exit code (docs/exit-codes.md)."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from rosterkit.cli import (
    compare,
    doctor,
    fake,
    feed,
    inspect,
    limits,
    manual,
    operate,
    plan,
    privacy,
    review,
    safety,
    setup,
    target,
    vendor,
    web,
)
from rosterkit.cli.app import app
from rosterkit.problems import sentence

__all__ = ["command", "main", "run"]

INTERRUPTED = 130  # what a shell shows for Ctrl-C
_USAGE: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The root of typer's usage errors; typer brings its own copy of click, or leans on click, by version."""

_MODULES = [
    module.__name__
    for module in (
        setup,
        compare,
        plan,
        review,
        limits,
        operate,
        manual,
        safety,
        privacy,
        inspect,
        feed,
        vendor,
        doctor,
        target,
        web,
        fake,
    )
]
"""The modules whose verbs the app has, in the order in which --help lists them."""

app.registered_commands.sort(key=lambda verb: _MODULES.index(getattr(verb.callback, "__module__", "")))
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
    except _USAGE as problem:
        return _failed(2, _usage(problem), problem, json)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as problem:  # noqa: BLE001 - the last net: whatever it is becomes a sentence
        return _failed(*sentence(problem), problem, json)
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


def _usage(problem: Exception) -> str:
    """The message of a wrong command line, and where to read more; a group without a verb has shown its help."""
    context = getattr(problem, "ctx", None)
    text = str(problem.format_message()) if hasattr(problem, "format_message") else str(problem)
    text = text or "Name a verb."
    path = context.command_path if context else "rosterkit"
    return f"{text} See: {path} --help"


if __name__ == "__main__":
    main()
