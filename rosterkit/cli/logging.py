"""``--verbose`` and ``--log-file``: what happens, as JSON lines with ids and counts."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rosterkit.errors import UsageError
from rosterkit.operate.logs import end_log_lines, log, log_lines

_OPEN = ExitStack()


def start_logging(file: Path | None, *, verbose: bool) -> None:
    """From now on events go to standard error and to the file, which only its owner may read.

    Raises UsageError where the file cannot be written.
    """
    if verbose:
        _OPEN.callback(end_log_lines, log_lines(sys.stderr))
    if file is None:
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as problem:
        raise UsageError(f"The log file {file.absolute()} cannot be written: {problem.strerror}.") from None
    out = _OPEN.enter_context(os.fdopen(descriptor, "a", encoding="utf-8", buffering=1))
    _OPEN.callback(end_log_lines, log_lines(out))


def end_logging(verb: str, exit_code: int) -> None:
    """Writes how the command ended, and closes what was opened."""
    log().info("command", verb=verb, exit=exit_code)
    _OPEN.close()
