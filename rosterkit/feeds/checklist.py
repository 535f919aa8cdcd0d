"""What people do and decide at a vendor before and after the first file: which items are done, and what is next.

The items are data of the vendor (``VendorFacts.checklist``). What was done is remembered by the store, with who, when
and a note. An item that a setting answers is done when the setting has an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rosterkit.errors import Refused, UsageError
from rosterkit.feeds.base import ChecklistItem, VendorFacts


@dataclass(frozen=True)
class Done:
    """That an item is done: who did it, when, and what they noted."""

    actor: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Step:
    """One item, and whether it is done: by a person (``done``), or by its setting."""

    item: ChecklistItem
    done: Done | None
    by_setting: bool = False

    @property
    def is_done(self) -> bool:
        return self.done is not None or self.by_setting

    @property
    def blocks(self) -> bool:
        """Whether nothing is sent until somebody does it."""
        return self.item.blocks and not self.is_done


@dataclass(frozen=True)
class Checklist:
    """The items of one feed in their order, and a text for the vendor's people where there is one to send."""

    feed: str
    vendor: str
    steps: tuple[Step, ...]
    notice: str = ""

    @property
    def open(self) -> tuple[Step, ...]:
        """What is not done yet."""
        return tuple(step for step in self.steps if not step.is_done)

    @property
    def blocking(self) -> tuple[Step, ...]:
        """What must be done before anything is sent."""
        return tuple(step for step in self.steps if step.blocks)


def checklist(vendor: VendorFacts, settings: Any, done: Mapping[str, Done]) -> tuple[Step, ...]:
    """The items of the vendor; ``done`` says what people did, by the item's name."""
    return tuple(
        Step(item, None if item.setting else done.get(item.name), _answered(item, settings))
        for item in vendor.checklist
    )


def _answered(item: ChecklistItem, settings: Any) -> bool:
    return bool(item.setting) and item.answered(settings)


def item_named(vendor: VendorFacts, feed: str, name: str) -> ChecklistItem:
    """The item that a person marks. Raises UsageError where there is none, or a setting answers it."""
    found = next((item for item in vendor.checklist if item.name.lower() == name.lower()), None)
    if found is None:
        names = ", ".join(item.name for item in vendor.checklist) or "none"
        raise UsageError(f"The checklist of {feed} has no item {name}. Its items: {names}.")
    if found.setting:
        raise UsageError(
            f"{found.name} is answered in rosterkit.toml: set {found.setting} in [feeds.{feed}]. It cannot be marked."
        )
    return found


def require_done(feed: str, steps: Sequence[Step]) -> None:
    """Raises Refused where an item is open that must be done before anything is sent."""
    blocking = [step.item.name for step in steps if step.blocks]
    if blocking:
        raise Refused(
            f"Nothing of the feed {feed} is sent before {', '.join(blocking)} of its checklist "
            f"{'is' if len(blocking) == 1 else 'are'} done. See: rosterkit doctor {feed}",
            why="checklist",
        )
