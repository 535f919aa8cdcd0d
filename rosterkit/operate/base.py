"""What the parts of a run share: the verbs of a workspace that it uses, and how one of its stages ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from rosterkit.config import Config
from rosterkit.plan.plan import Plan
from rosterkit.results import Applied, FeedReceipt
from rosterkit.store.runs import Item

ACTOR = "sync"
"""Who applies what a run applies, as the history shows it."""


class Stopped(KeyboardInterrupt):
    """The process was asked to end: the stage that is running is given up, and the next start goes on with it.

    It is no Exception, so that nothing between the stage and the run takes it for a fault of a source or a feed.
    """


@dataclass(frozen=True)
class Verbs:
    """A workspace as a run sees it."""

    folder: Path
    config: Config
    today: Callable[[], date]
    read: Callable[[], AbstractContextManager[sqlite3.Connection]]
    write: Callable[[], AbstractContextManager[sqlite3.Connection]]
    plan: Callable[[date], Plan]
    apply: Callable[[str], Applied]
    feed_send: Callable[[str, date], FeedReceipt]
    feed_rehearse: Callable[[str, date], FeedReceipt]  # builds and checks, and sends nothing
    feed_alarms: Callable[[], pl.DataFrame]
    overdue: Callable[[], Sequence[str]]  # announced changes that did not come, a sentence each
    go_on: Callable[[], None]  # raises Stopped where the process was asked to end


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: a state of ``store.runs``, why, the exit code that it asks for, and what people are notified
    of. ``facts``: counts, and names of sources and feeds.
    """

    state: str
    why: str = ""
    exit_code: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
