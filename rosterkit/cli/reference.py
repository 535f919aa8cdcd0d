"""Writes ``docs/commands.md`` from the command itself: ``python -m rosterkit.cli.reference``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rosterkit.cli.main import command

__all__ = ["document", "verbs"]

_HEAD = """# Commands

Every verb of `rosterkit`. `-C DIR` names the workspace (the current folder where it is left out) and stands before the
verb: `rosterkit -C our-district plan`. Paths on the command line are meant from the current folder. Exit codes are in
[exit-codes.md](exit-codes.md), the shapes of `--json` in [json.md](json.md). The same verbs in Python are methods of
`rosterkit.Workspace`.

<!-- Made by `python -m rosterkit.cli.reference`: do not edit. -->
"""


def verbs() -> Iterator[tuple[str, Any]]:
    """Each verb's name, such as ``feed build``, and its command, in the order of ``--help``."""
    for name, verb in command.commands.items():  # type: ignore[attr-defined]  # a group has them
        inner = getattr(verb, "commands", {})
        yield from ((f"{name} {more}", found) for more, found in inner.items())
        if not inner:
            yield name, verb


def document() -> str:
    """The text of ``docs/commands.md``."""
    return _HEAD + "".join(_verb(name, verb) for name, verb in verbs())


def _verb(name: str, verb: Any) -> str:
    example = verb.epilog.removeprefix("Example: ")
    out = [f"\n## {name}\n\n{' '.join(verb.help.split())}\n\nExample: `{example}`\n\n"]
    rows = [_row(parameter) for parameter in verb.params if parameter.name != "help"]
    if rows:
        out += ["| argument | default | meaning |\n|---|---|---|\n", *rows]
    return "".join(out)


def _row(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    metavar = (parameter.metavar or parameter.name.upper()).strip("[]")
    spoken = [*parameter.opts, *parameter.secondary_opts]
    value = "" if argument or parameter.is_flag else f" {metavar}"
    name = metavar if argument else ", ".join(spoken) + value
    return f"| `{name.replace('|', chr(92) + '|')}` | {_default(parameter)} | {parameter.help} |\n"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or value is False or value == "" else f"`{value}`"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the page is what this module prints when it is run
