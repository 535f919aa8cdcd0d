"""How often a server is tried that has not answered yet.

A run at night tries as often as the settings say, as the server may be starting again. A person who waits is told after
the second attempt: most often the address is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

FIRST_ATTEMPTS = 2
"""How often a server is tried that has not answered yet, where somebody waits."""

_WAITS: ContextVar[bool] = ContextVar("somebody waits", default=False)


@contextmanager
def somebody_waits() -> Iterator[None]:
    """What connects meanwhile gives up a server that does not answer early."""
    before = _WAITS.set(True)
    try:
        yield
    finally:
        _WAITS.reset(before)


class Patience:
    """That of one client with its server. It is made where somebody may wait; its threads share it."""

    def __init__(self) -> None:
        self._waits = _WAITS.get()
        self.answered = False  # the client says so

    def ends(self, attempts: int) -> bool:
        """Whether a server that did not answer is given up after so many attempts."""
        return self._waits and not self.answered and attempts >= FIRST_ATTEMPTS
