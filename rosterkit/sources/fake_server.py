"""Vendors' servers to try things with, on loopback: ``rosterkit fake`` (entry points ``rosterkit.fakes``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Invented:
    """The district that a server shows. Equal numbers give the same district, whatever the vendor."""

    students: int = 200
    seed: int = 1
    defects: bool = False  # whether defects are planted in it
    changed: date | None = None  # the day on which its records last changed; left out: always the same one


@dataclass(frozen=True)
class Running:
    """A server that runs: how to read it, and what is wrong with its data."""

    address: str
    settings: Mapping[str, object]  # the keys of [sources.NAME]
    secrets: Mapping[str, str]  # environment variables that the settings refer to
    planted: Mapping[str, int] = field(default_factory=dict)  # rule: how many findings a right reading makes


@dataclass(frozen=True)
class Fake:
    """A kind of server. ``serve(invented, port)``: port 0 is any that is free."""

    kind: str
    serve: Callable[[Invented, int], AbstractContextManager[Running]]
