"""The third form that Edlio takes: a set of OneRoster 1.1 CSV files, made by the OneRoster feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

from rosterkit.errors import UsageError
from rosterkit.feeds.base import Feed, FeedContext, FeedFile, Roster
from rosterkit.sources.findings import Findings

__all__ = ["oneroster_feed", "oneroster_files"]


def oneroster_feed() -> tuple[Feed, Any]:
    """The installed OneRoster feed, and its settings for Edlio: version 1.1, single files, nothing beyond the roster.

    Raises UsageError where no OneRoster feed is installed that can be asked for that.
    """
    points = {point.name: point for point in entry_points(group="rosterkit.feeds")}
    feed = points["oneroster"].load() if "oneroster" in points else None
    if not isinstance(feed, Feed):
        raise UsageError(
            'The setting layout = "oneroster" of the Edlio feed needs a OneRoster feed that builds and checks files. '
            'None is installed. Set layout = "files".'
        )
    return feed, feed.Settings.model_validate(
        {"version": "1.1", "form": "folder", "demographics": False, "extensions": False}
    )


def oneroster_files(roster: Roster, context: FeedContext) -> Sequence[FeedFile]:
    """The files of the OneRoster feed. What it found is counted by rule and file, under ``A6.oneroster``.

    Raises UsageError as ``oneroster_feed`` does.
    """
    feed, settings = oneroster_feed()
    own = Findings(feed.rules)
    files = feed.build(roster, settings, replace(context, findings=own))
    for (rule, file), found in own.frame().group_by("rule", "file", maintain_order=True):
        context.findings.add("A6.oneroster", file=str(file), detail=f"{rule}: {found.height:,}")
    return files
