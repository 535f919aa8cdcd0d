"""Work that is done ahead: nothing is lost, nothing hangs, whatever either side raises."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from rosterkit.intake.ahead import ahead


def counting(upto: int, made: list[int] | None = None) -> Iterator[int]:
    for number in range(upto):
        if made is not None:
            made.append(number)
        yield number


def broken(after: int) -> Iterator[int]:
    yield from range(after)
    raise OSError("the disk is gone")


def test_items_come_as_they_are_made() -> None:
    assert list(ahead(counting(50))) == list(range(50))
    assert list(ahead(counting(0))) == []


def test_one_item_is_made_while_the_one_before_is_in_use() -> None:
    made: list[int] = []
    items = ahead(counting(50, made))
    next(items)
    next(items)
    items.close()  # type: ignore[attr-defined] # it is a generator
    assert made == [0, 1, 2]


def test_what_the_worker_raises_is_raised_where_the_item_would_be_taken() -> None:
    taken: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"):
        taken.extend(ahead(broken(3)))
    assert taken == [0, 1, 2]


def test_who_takes_them_may_raise_and_the_worker_ends() -> None:
    threads = threading.active_count()
    items = ahead(counting(50))
    with pytest.raises(ZeroDivisionError):
        sum(1 // item for item in items)
    items.close()  # type: ignore[attr-defined] # it is a generator
    assert threading.active_count() == threads
