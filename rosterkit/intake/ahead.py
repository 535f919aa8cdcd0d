"""Work of which the next piece is done in another thread while the one before it is in use."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

_Item = TypeVar("_Item")
_END = object()


def ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items; what making one raises is raised where it would be taken.

    One at a time is asked for, so that neither side can wait for the other for ever, whatever either of them raises.
    """
    with ThreadPoolExecutor(1) as other:
        coming = other.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = other.submit(next, items, _END)
            yield item  # type: ignore[misc] # it is not _END
