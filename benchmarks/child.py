"""The inside of a measured process: it times its own phases and says them, with what it found, as one line of JSON.

A measured module imports this first and its libraries after it, so that ``imports`` holds what importing them took.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Phases"]

_BEGUN = time.perf_counter()


class Phases:
    """Seconds by phase; made when everything is imported."""

    def __init__(self) -> None:
        self.imports = time.perf_counter() - _BEGUN
        self.seconds: dict[str, float] = {}
        self.processor = 0.0  # seconds of all threads together: what shared cores change least

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times what happens inside; the same name twice adds up."""
        begun, worked = time.perf_counter(), time.process_time()
        yield
        self.processor += time.process_time() - worked
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def say(self, **said: Any) -> None:
        """Tells the measuring process; ``rows`` is how many records were gone through."""
        told = {"imports": self.imports, "phases": self.seconds, "processor": self.processor, "said": said}
        sys.stdout.write(json.dumps(told) + "\n")
