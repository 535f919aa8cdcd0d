"""The jobs of a schedule: the sync at its times, each feed that has a clock of its own, and its rehearsal before."""

from __future__ import annotations

from rosterkit.clock import Clock
from rosterkit.config import Config
from rosterkit.delivery.configured_feed import clock_of, rehearsal_of
from rosterkit.run_settings import DAYS, time_of

SYNC = "sync"
REHEARSAL = "rehearsal"


def clocks(config: Config) -> dict[str, Clock]:
    """The jobs of a workspace and when they are due: the sync, each feed that has times of its own, rehearsals."""
    days = frozenset(DAYS.index(day) for day in config.schedule.days)
    read = (time_of(text) for text in config.schedule.sync)
    found = {SYNC: Clock(tuple((at, own or config.zone) for at, own in read), days)}
    clocks = {name: clock_of(entry, config.zone) for name, entry in config.feeds.items()}
    rehearsals = {name: rehearsal_of(entry, config.zone) for name, entry in config.feeds.items()}
    found |= {f"{REHEARSAL} {name}": clock for name, clock in rehearsals.items() if clock}
    return found | {f"feed {name}": clock for name, clock in clocks.items() if clock}


def is_rehearsal(job: str) -> bool:
    """Whether a job builds and checks a feed, and sends nothing."""
    return job.startswith(f"{REHEARSAL} ")


def own_feeds(config: Config, job: str) -> list[str]:
    """The feeds that a job sends or rehearses: a sync sends those without times of their own."""
    if job != SYNC:
        return [job.partition(" ")[2]]
    return [name for name, entry in config.feeds.items() if clock_of(entry, config.zone) is None]
