"""Disabling a source without archiving anybody, whole or for one school, and enabling it again."""

from __future__ import annotations

from rosterkit.errors import Refused
from rosterkit.manual.revision import ManualRun
from rosterkit.review import required_reason
from rosterkit.roster.schema import by_name
from rosterkit.store.activity import disable_source, enable_source
from rosterkit.store.lookup import find_record


def disable(run: ManualRun, source: str, school: str, reason: str) -> None:
    """From now on no plan changes the records of the source, or those at one school; people may edit them."""
    run.permit("source")
    why = required_reason(reason)
    run.config.source(source)
    key = find_record(run.connection, by_name("Org"), school).sourced_id if school else ""
    disable_source(run.connection, source, key, run.actor.name, why)


def enable(run: ManualRun, source: str, school: str, reason: str) -> None:
    """Lets plans change the records again; Refused where the source was not disabled so."""
    run.permit("source")
    why = required_reason(reason)
    run.config.source(source)
    key = find_record(run.connection, by_name("Org"), school).sourced_id if school else ""
    if not enable_source(run.connection, source, key, run.actor.name, why):
        raise Refused(f"The source {source} is not disabled{f' for {school}' if school else ''}.", why="not-in-force")
