"""Where an incremental run goes on: the latest ``dateLastModified`` of each collection, and when all was last read.

A filter by ``dateLastModified`` does not show records that were purged, nor those that are no longer shared. So all
is read again every few days, and whenever the cursor belongs to other settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

_FORMAT = 1


@dataclass(frozen=True)
class Cursor:
    """``settings`` tells what the marks are of; ``full`` is when all was last read."""

    settings: str
    full: date
    marks: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The cursor as it is stored."""
        content = {"format": _FORMAT, "settings": self.settings, "full": self.full.isoformat(), "marks": self.marks}
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, text: str | None) -> Cursor | None:
        """The stored cursor, or None where there is none that this version understands."""
        try:
            found = json.loads(text or "")
            if found["format"] != _FORMAT:
                return None
            marks = {str(name): _checked(mark) for name, mark in found["marks"].items()}
            return cls(str(found["settings"]), date.fromisoformat(found["full"]), marks)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def filters(self, overlap: timedelta) -> dict[str, str]:
        """The filter for each collection that has a mark."""
        return {name: f"dateLastModified>='{_text(_moment(mark) - overlap)}'" for name, mark in self.marks.items()}


def mark_of(latest: str | None, as_of: date) -> str | None:
    """The mark after a collection whose latest change is that; never later than the day before ``as_of``.

    A record that claims to be from the future would otherwise hide every later change.
    """
    if latest is None:
        return None
    limit = datetime.combine(as_of - timedelta(days=1), time(), UTC)
    return _text(min(_moment(latest), limit))


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _checked(mark: object) -> str:
    return _text(_moment(str(mark)))
