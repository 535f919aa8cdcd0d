"""New attempts at what may succeed the next time; each is an event of the log.

Left alone, stamina prints them to standard output, into what ``--json`` and ``--markdown`` print there.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import structlog
from stamina import retry_context as retries
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

__all__ = ["retries"]


def _logged(details: RetryDetails) -> None:
    event = {
        "number": details.retry_num,
        "wait_seconds": round(details.wait_for, 1),
        "why": str(details.caused_by),
        "event": "attempt failed",
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat(),
    }
    logging.getLogger("rosterkit").info(json.dumps(event))


if not structlog.is_configured():  # a program that configured it decides for itself
    set_on_retry_hooks([_logged])
