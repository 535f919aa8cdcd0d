"""``rosterkit``: runs the command and turns whatever happens into a sentence and an exit code (docs/exit-codes.md)."""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

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
from rosterkit.cli.options import OUTPUT
from rosterkit.problems import sentence

INTERRUPTED = 130  # what a shell shows for Ctrl-C
_USAGE: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The root of typer's usage errors; typer brings its own copy of click, or leans on click, by version."""

_PANELS: dict[str, tuple[ModuleType, ...]] = {
    "Begin": (setup, compare, fake),
    "Plan, review, apply": (plan, review, limits),
    "Every day": (operate, doctor),
    "Feeds": (feed, vendor, target),
    "Look up": (inspect, privacy),
    "Changes by hand": (manual,),
    "Child safety": (safety,),
    "The page": (web,),
}
"""Of --help: its panels, and the modules of their verbs, in order."""


def _into_panels() -> None:
    panels = {module.__name__: panel for panel, modules in _PANELS.items() for module in modules}
    places = list(panels)
    app.registered_commands.sort(key=lambda verb: places.index(getattr(verb.callback, "__module__", "")))
    for verb in app.registered_commands:
        verb.rich_help_panel = panels[getattr(verb.callback, "__module__", "")]
    for panel, modules in _PANELS.items():
        groups = [value for module in modules for value in vars(module).values() if isinstance(value, typer.Typer)]
        for group in app.registered_groups:
            if group.typer_instance in groups and group.typer_instance is not app:
                group.rich_help_panel = panel


_into_panels()
_WITHOUT = {"init", "demo", "rules", "fake"}  # verbs that need no workspace
command = typer.main.get_command(app)


def _hide_types(verb: Any, parent: typer.Context | None = None) -> None:
    """Switches have no value: their help shows no type."""
    context = typer.Context(verb, parent=parent, **verb.context_settings)
    help_option = verb.get_help_option(context)
    for parameter in (*verb.params, help_option):
        if getattr(parameter, "is_flag", False) or parameter is help_option:
            parameter.metavar = ""
    for inner in getattr(verb, "commands", {}).values():
        _hide_types(inner, context)


_hide_types(command)


def main() -> None:
    """The entry point. A terminal that cannot show a letter shows its number; it is no reason to stop."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; nothing is raised."""
    OUTPUT.quiet, OUTPUT.json, OUTPUT.logs = False, "--json" in arguments, False
    exit_code = _run(arguments)
    if OUTPUT.logs:
        from rosterkit.cli.logging import end_logging

        end_logging(OUTPUT.verb, exit_code)
    return exit_code


def _run(arguments: Sequence[str]) -> int:
    try:
        code = command.main(args=list(arguments), prog_name="rosterkit", standalone_mode=False)
    except _USAGE as problem:
        return _failed(2, _usage(problem), problem)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as problem:  # noqa: BLE001 - the last net: whatever it is becomes a sentence
        exit_code, message = sentence(problem)
        return _failed(exit_code, _with_workspace(message, arguments), problem)
    if code == INTERRUPTED:
        sys.stderr.write("Interrupted. What was under way was not done; nothing is half-written.\n")
    return code if isinstance(code, int) else 0


def _failed(exit_code: int, message: str, problem: Exception) -> int:
    if os.environ.get("ROSTERKIT_DEBUG") == "1":
        traceback.print_exception(problem)
    # A path or a key in the message may hold a terminal's escapes.
    shown = "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in message)
    sys.stderr.write(f"Error: {shown}\n")
    if OUTPUT.json:
        from rosterkit.render import json as shapes

        sys.stdout.write(shapes.error(exit_code, message, problem))
    return exit_code


def _with_workspace(message: str, arguments: Sequence[str]) -> str:
    """The message, in which hints name the workspace of this command line, so that they can be pasted."""
    named = [value for option, value in pairwise(arguments) if option in ("-C", "--workspace")]
    if not named:
        return message
    verbs = "|".join(sorted(set(command.commands) - _WITHOUT, key=len, reverse=True))  # type: ignore[attr-defined] # a group has them
    hint = f"rosterkit -C {shlex.quote(named[0])} "
    return re.sub(rf"\brosterkit (?=(?:{verbs})\b)", lambda _: hint, message)


def _usage(problem: Exception) -> str:
    """The message of a wrong command line, and where to read more; a group without a verb has shown its help."""
    context = getattr(problem, "ctx", None)
    text = str(problem.format_message()) if hasattr(problem, "format_message") else str(problem)
    text = text or "Name a verb."
    path = context.command_path if context else "rosterkit"
    if text.startswith(("No such option: -C", "No such option: --workspace")):
        text = f"-C goes before the verb: rosterkit -C DIR {path.partition(' ')[2]}."
    return f"{text} See: {path} --help"


if __name__ == "__main__":
    main()
