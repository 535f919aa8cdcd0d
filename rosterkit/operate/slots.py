"""The jobs of a schedule: the sync at its times, and each feed that has a clock of its own."""

from __future__ import annotations

from rosterkit.clock import Clock
from rosterkit.config import Config
from rosterkit.configured_feed import clock_of
from rosterkit.run_settings import DAYS, time_of

__all__ = ["SYNC", "clocks", "own_feeds"]

SYNC = "sync"


def clocks(config: Config) -> dict[str, Clock]:
    """The jobs of a workspace and when they are due: the sync, and each feed that has times of its own."""
    days = frozenset(DAYS.index(day) for day in config.schedule.days)
    read = (time_of(text) for text in config.schedule.sync)
    found = {SYNC: Clock(tuple((at, own or config.zone) for at, own in read), days)}
    clocks = {name: clock_of(entry, config.zone) for name, entry in config.feeds.items()}
    return found | {f"feed {name}": clock for name, clock in clocks.items() if clock}


def own_feeds(config: Config, job: str) -> list[str]:
    """The feeds that a job sends: a sync those without times of their own."""
    if job != SYNC:
        return [job.removeprefix("feed ")]
    return [name for name, entry in config.feeds.items() if clock_of(entry, config.zone) is None]
