"""A feed's checklist as it stands: what its vendor asks for, and what people did."""

from __future__ import annotations

import sqlite3

from rosterkit import registry
from rosterkit.config import Config
from rosterkit.feeds.checklist import Checklist, checklist
from rosterkit.store import checklists, deliveries


def checklist_of(connection: sqlite3.Connection, config: Config, name: str) -> Checklist:
    """The checklist of a feed of the configuration; its notice speaks of what was last sent."""
    name, entry = config.feed(name)
    vendor = registry.feed(entry.kind).vendor
    steps = checklist(vendor, entry.settings, checklists.done_items(connection, name))
    sent = deliveries.last_arrived(connection, name)
    text = ""
    if vendor.notice is not None and sent is not None:
        rows = {file.name.rpartition("/")[2]: file.rows for file in sent.files}
        text = vendor.notice(
            rows, (sent.sent_at or sent.at).astimezone(config.zone).date(), checklists.district_name(connection)
        )
    return Checklist(name, vendor.name, steps, text)
