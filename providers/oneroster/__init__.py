"""OneRoster: the source (CSV 1.1 and 1.2) and the feed that writes it again."""

from __future__ import annotations

from providers.oneroster.feed import OneRosterFeed

__all__ = ["FEED"]

FEED = OneRosterFeed()
