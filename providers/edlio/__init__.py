"""The Edlio app: people, classes and enrollments as CSV files over SFTP."""

from __future__ import annotations

from providers.edlio.feed import EdlioFeed

__all__ = ["FEED", "EdlioFeed"]

FEED = EdlioFeed()
