"""The entry point of ``rosterkit``: a crash while modules are imported is 70 too, as any other crash."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Runs the command."""
    try:
        from rosterkit.cli.main import main as command
    except Exception as problem:  # noqa: BLE001 - Python's own code for a crash is 1, which means "done, look"
        sys.stderr.write(f"rosterkit cannot start ({type(problem).__name__}: {problem}). Install it again.\n")
        sys.exit(70)
    try:
        command()
    finally:
        gc.freeze()  # while it ends, Python looks through every object for garbage: 70 ms, and the memory goes anyway


if __name__ == "__main__":
    main()
