"""Accounts and the audit log as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, tzinfo

from rich.console import Console
from rich.table import Table

from rosterkit.render.json import VERSION
from rosterkit.render.labels import moment, visible
from rosterkit.store.access import Account, Entry


def accounts(console: Console, found: Sequence[Account]) -> None:
    """A table of the accounts."""
    if not found:
        console.print("There is no account. Add one: rosterkit web user add NAME --role approver")
        return
    table = Table("name", "role", "schools", "log-in")
    for one in found:
        where = ", ".join(one.schools) or "all"
        table.add_row(visible(one.name), one.role, visible(where), "password" if one.has_password else "provider")
    console.print(table)


def accounts_json(found: Sequence[Account]) -> str:
    """``web user list --json`` (docs/json.md)."""
    rows = [
        {"name": one.name, "role": one.role, "schools": list(one.schools), "password": one.has_password}
        for one in found
    ]
    return json.dumps({"version": VERSION, "accounts": rows}, indent=2, ensure_ascii=False) + "\n"


def audit(console: Console, found: Sequence[Entry], zone: tzinfo) -> None:
    """A table of the entries, the newest first."""
    if not found:
        console.print("Nobody looked at anything.")
        return
    table = Table("at", "who", "what", "about", "records", "by")
    for one in found:
        few = ", ".join(one.records[:3]) + (f" and {len(one.records) - 3:,} more" if len(one.records) > 3 else "")
        who, what = visible(one.actor or "unknown"), f"{one.action}: {one.verb}"
        table.add_row(moment(one.at, zone), who, what, visible(one.subject), visible(few), one.way)
    console.print(table)


def audit_json(found: Sequence[Entry]) -> str:
    """``audit-log --json`` (docs/json.md)."""
    rows = [
        {
            "at": one.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "actor": one.actor,
            "action": one.action,
            "verb": one.verb,
            "subject": one.subject,
            "records": list(one.records),
            "address": one.address,
            "way": one.way,
        }
        for one in found
    ]
    return json.dumps({"version": VERSION, "entries": rows}, indent=2, ensure_ascii=False) + "\n"
