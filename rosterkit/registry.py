"""What is installed beside the engine, found by entry point: sources, feeds, and the rules of both."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TypeVar

from rosterkit.errors import UsageError
from rosterkit.feeds.alarms import ALARM_RULES
from rosterkit.feeds.base import Feed
from rosterkit.roster.rules import Rule, catalogue
from rosterkit.sources.base import Source
from rosterkit.sources.fake_server import Fake

T = TypeVar("T")


def source(kind: str) -> Source:
    """The source of that kind; UsageError when none is installed."""
    return _installed("source", kind, Source)  # type: ignore[type-abstract] # a protocol is what is asked for


def feed(kind: str) -> Feed:
    """The feed of that kind; UsageError when none is installed."""
    return _installed("feed", kind, Feed)  # type: ignore[type-abstract] # as above


def fake(kind: str) -> Fake:
    """The server that acts as that vendor on this machine; UsageError when none is installed."""
    return _installed("fake", kind, Fake)


def demo_comparison() -> Callable[[Path], object]:
    """What compares the sources of one invented SIS, given a folder to work in; UsageError when none is installed."""
    return _installed("demo", "comparison", Callable)  # type: ignore[arg-type] # a function is what is asked for


def fake_kinds() -> tuple[str, ...]:
    """The kinds of vendors' servers that are installed, each once though it may have several names."""
    return tuple(sorted({fake(name).kind for name in _points("fake")}))


def source_kinds() -> tuple[str, ...]:
    """The kinds of source that are installed, by name."""
    return tuple(sorted(_points("source")))


def feed_kinds() -> tuple[str, ...]:
    """The kinds of feed that are installed, by name."""
    return tuple(sorted(_points("feed")))


def rules() -> dict[str, Rule]:
    """Every rule by code, the engine's first; a rule that a source and its feed share stands once."""
    found = [rule for kind in source_kinds() for rule in source(kind).rules]
    return catalogue(ALARM_RULES, tuple(dict.fromkeys([*found, *feed_rules()])))


def feed_rules() -> tuple[Rule, ...]:
    """The rules of all feeds: one feed may have another build a part of its files."""
    return tuple(dict.fromkeys(rule for kind in feed_kinds() for rule in feed(kind).rules))


@cache  # looking through everything that is installed takes 20 ms
def _points(word: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"rosterkit.{word}s")}


def _installed(word: str, kind: str, contract: type[T]) -> T:
    points = _points(word)
    if kind not in points:
        raise UsageError(f'There is no {word} of kind "{kind}". Installed: {", ".join(sorted(points)) or "none"}.')
    loaded = points[kind].load()
    if not isinstance(loaded, contract):
        raise UsageError(f'What is installed as {word} "{kind}" is not a rosterkit {word}. Reinstall its package.')
    return loaded
