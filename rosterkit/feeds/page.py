"""The documentation page of a feed, from its data: what is true of the vendor, settings, rules and checklist."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rosterkit.feeds.base import Feed
from rosterkit.feeds.mapping import Value


def feed_page(feed: Feed, *, note: str, text: str) -> str:
    """The page as Markdown: ``text`` (what the feed does, in sentences), and tables made of the feed's own data."""
    vendor = feed.vendor
    facts = [
        ("file", vendor.files),
        ("transports", ", ".join(vendor.transports)),
        ("another transport", f"is refused by {vendor.transport_rule}" if vendor.transport_rule else "is refused"),
        ("clock", vendor.clock),
        ("a person who left", vendor.leaver),
        ("must never change", ", ".join(vendor.never_changes) or "nothing"),
        ("absence", "deletes the person there" if vendor.absence_deletes else "changes nothing there"),
        ("size", f"below {vendor.max_bytes:,} bytes" if vendor.max_bytes else "no limit is published"),
        ("a file that is the same", "is sent each time" if vendor.takes_unchanged else "is not sent again"),
        ("taking back", vendor.recall or "is not known"),
        ("cadence", f"at most once in {vendor.min_hours_between} hours" if vendor.min_hours_between else "no limit"),
    ]
    parts = [
        f"# The {vendor.name} feed",
        note,
        text.strip(),
        "## Facts",
        _table(("what", "how"), facts),
        "## Settings",
        "`[feeds.NAME]`, beside `kind` and `target`:",
        settings_table(feed.Settings),
        "A *value* says where a column comes from:",
        settings_table(Value),
        "## Rules",
        _table(
            ("rule", "severity", "meaning", "the row is", "remedy"),
            [(f"`{rule.code}`", rule.lenient, rule.meaning, rule.row, rule.remedy) for rule in feed.rules],
        ),
        "## Checklist",
        "`rosterkit doctor FEED` walks through it. Nothing is sent before the items marked with * are done.",
        _table(
            ("item", "what to do"),
            [(item.name + ("*" if item.blocks else ""), item.text) for item in vendor.checklist],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def settings_table(model: type[BaseModel]) -> str:
    """A Markdown table of all settings of the model, those of nested tables by their dotted names."""
    return _table(("setting", "default", "meaning"), list(_rows(model, "")))


def _rows(model: type[BaseModel], prefix: str) -> Iterable[tuple[str, str, str]]:
    for name, found in model.model_fields.items():
        yield f"`{prefix}{name}`", _default(found), found.description or ""
        for nested in _models(found.annotation):
            if nested is not Value:
                yield from _rows(nested, f"{prefix}{name}.")


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _default(found: FieldInfo) -> str:
    if found.is_required():
        return "required"
    default = found.get_default(call_default_factory=True, validated_data={})
    if default is None or default in ((), {}):
        return "none"
    if isinstance(default, BaseModel):
        default = default.model_dump(exclude_defaults=True)
        return f"`{json.dumps(default, ensure_ascii=False, default=str)}`" if default else "as below"
    return f"`{json.dumps(default, ensure_ascii=False, default=str)}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
