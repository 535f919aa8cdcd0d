"""Logs as JSON lines: one event a line, with ids and counts, never with anything about a person.

Events go to the logger ``rosterkit`` of the standard library, so a program that uses the engine decides where they go.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, TextIO

_logger = logging.getLogger("rosterkit")
_logger.addHandler(logging.NullHandler())


@cache
def log() -> Any:
    """Where every part of a run reports what it does."""
    import structlog  # noqa: PLC0415 - takes 50 ms, and most verbs report nothing

    return structlog.wrap_logger(
        _logger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def log_lines(out: TextIO) -> logging.Handler:
    """From now on every event is also written to ``out`` as one line of JSON, with its time in UTC."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(message)s"))
    _logger.addHandler(handler)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
    return handler


def end_log_lines(handler: logging.Handler) -> None:
    """Ends what ``log_lines`` began."""
    _logger.removeHandler(handler)
    handler.close()
