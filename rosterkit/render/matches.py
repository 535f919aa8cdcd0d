"""Matches that people stated, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from rich.console import Console

from rosterkit.render.labels import moment
from rosterkit.render.tables import table, text
from rosterkit.results import Matched
from rosterkit.store.matches import StatedMatch


def matched(console: Console, done: Matched, command: str, *, revoked: bool) -> None:
    """Both persons of a match, one below the other."""
    if revoked:
        console.print(text(f"{done.new.sourced_id} is not matched with {done.old.sourced_id} any more."))
        return
    sides = [("comes", done.new), ("stored", done.old)]
    rows = [(word, one.sourced_id, one.name, one.number, one.kind, ", ".join(one.schools)) for word, one in sides]
    console.print(table("One person", ["", "id", "name", "number", "kind", "schools"], rows))
    hint = f"The next plan gives the stored person the new id: {command} plan. Is it wrong? Say --revoke before."
    console.print(text(hint), soft_wrap=True)


def stated(console: Console, found: Sequence[StatedMatch], zone: tzinfo) -> None:
    """What people said of one person."""
    rows = [(one.sourced_id, one.actor, one.reason, moment(one.at, zone), _state(one, zone)) for one in found]
    console.print(table("Ids that somebody said are this person's", ["id", "who", "why", "when", "state"], rows))


def _state(one: StatedMatch, zone: tzinfo) -> str:
    if one.revoked:
        return "revoked"
    return f"used by plan {one.used_in}" if one.used_in else f"for plans until {moment(one.expires_at, zone)}"
