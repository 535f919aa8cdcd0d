"""Every rule of what is installed: the engine's own, and those of its sources and feeds."""

from __future__ import annotations

from importlib.metadata import entry_points

from rosterkit.feeds.legacy import feed
from rosterkit.roster.rules import Rule, catalogue
from rosterkit.sources.bundle import source

__all__ = ["installed_rules"]


def installed_rules() -> dict[str, Rule]:
    """The rules by code, the engine's first; a rule that a source and its feed share stands once."""
    groups = (("rosterkit.sources", source), ("rosterkit.feeds", feed))
    loaded = [
        load(name) for group, load in groups for name in sorted(point.name for point in entry_points(group=group))
    ]
    return catalogue(tuple(dict.fromkeys(rule for part in loaded for rule in part.rules)))
