"""Every setting in words: the template that ``init`` writes and ``docs/settings.md`` are both made from this table.

``python -m rosterkit.settings_page`` prints ``docs/settings.md``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rosterkit import registry
from rosterkit.config import Config, FeedEntry, SourceEntry

__all__ = ["SETTINGS", "TABLES", "Setting", "default", "document", "template"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of ``rosterkit.toml`` that the engine itself has; ``table`` is "" for the top."""

    table: str
    key: str
    allowed: str
    meaning: str


TABLES = {
    "": "The workspace",
    "limits": "Limits: how much may vanish in one night before it is held for a person",
    "caps": "Caps: how much a package may hold before it is refused unread",
}

SETTINGS = (
    Setting(
        "",
        "timezone",
        "an IANA zone such as `America/Chicago`",
        "The district's time zone. Dates are meant in it, and times are shown in it.",
    ),
    Setting(
        "",
        "mode",
        "`observe`, `review` or `auto`",
        "`observe` plans and never applies; `review` asks a person to approve every plan; `auto` applies what needs no "
        "person. A first plan always needs one.",
    ),
    Setting("", "plan_hours", "1 to 744", "After so many hours a plan that was not applied is expired."),
    Setting(
        "",
        "override_hours",
        "1 to 744",
        "For so many hours an approval of held changes counts; it is used up by one sync.",
    ),
    Setting(
        "",
        "demographics",
        "`true` or `false`",
        "Whether birth dates, sex and race are read and stored. Where they are not, they never enter the store.",
    ),
    Setting(
        "limits",
        "vanished_percent",
        "0 to 100",
        "Archives are held where more than this percentage of a unit (entity, role, school) vanishes, and more than "
        "`vanished_floor` records do.",
    ),
    Setting("limits", "vanished_floor", "0 or more", "In a unit, so many may vanish whatever their percentage."),
    Setting(
        "limits",
        "vanished_overall_percent",
        "0 to 100",
        "The same over the whole district: archives of that entity and role are then held everywhere.",
    ),
    Setting(
        "limits",
        "vanished_overall_floor",
        "0 or more",
        "Over the district, so many may vanish whatever their percentage.",
    ),
    Setting(
        "limits",
        "halved_from",
        "0 or more",
        "A unit of at least so many that falls to none, or to less than half, is held; so is a class that stays and "
        "loses its enrollments so.",
    ),
    Setting("caps", "members", "1 or more", "Files in a package."),
    Setting("caps", "member_bytes", "1 or more", "Bytes of one file, inflated."),
    Setting("caps", "total_bytes", "1 or more", "Bytes of all files together, inflated."),
    Setting("caps", "ratio", "1 or more", "Inflated bytes for each compressed one, in a file above 1 MiB."),
    Setting("caps", "line_bytes", "1 or more", "Bytes of one record."),
    Setting("caps", "cell_chars", "1 or more", "Characters of one value."),
)

_WRITTEN = ("timezone", "mode")  # written out in a fresh file; the rest stands there as comments

_INTRODUCTION = """# Settings

Everything that `rosterkit.toml` may say. `rosterkit init DIR` writes one with every setting in it. A key that is not
listed here is refused, naming the nearest that is; so is a value out of its range.

<!-- Made by `python -m rosterkit.settings_page`: do not edit. -->
"""


def default(setting: Setting) -> Any:
    """The value that counts when the key is left out."""
    if setting.table:
        return asdict(getattr(Config(), setting.table))[setting.key]
    return Config.model_fields[setting.key].default


def template(path: str = "package.zip") -> str:
    """The commented file that ``init`` writes: every setting with its default, which is what it loads as."""
    out = ["# The settings of this workspace. Lines that begin with # show the defaults.\n"]
    for table, title in TABLES.items():
        out.append(f"\n\n# {title}.\n" + (f"[{table}]\n" if table else ""))
        for setting in (setting for setting in SETTINGS if setting.table == table):
            mark = "" if setting.key in _WRITTEN else "# "
            out.append(_comment(setting.meaning))
            out.append(f"{mark}{setting.key} = {_toml(default(setting))}  # {setting.allowed.replace('`', '')}\n")
        if not table:
            out.append(_entry("sources.main", "A source: where a roster comes from", "oneroster", {"path": path}))
            out.append(_entry("feeds.oneroster", "A feed: files that are built for a product", "oneroster", {}))
    return "".join(out)


def _entry(table: str, title: str, kind: str, values: Mapping[str, object]) -> str:
    """The lines of a source or feed of that kind, with its own settings as comments where they have a default."""
    entry, settings = _models(table.partition(".")[0], kind)
    out = [f'\n\n# {title}.\n[{table}]\n{_comment(entry.model_fields["kind"].description or "")}kind = "{kind}"\n']
    fields = {**entry.model_fields, **settings.model_fields}
    for name, field in fields.items():
        if name not in ("kind", "settings"):
            mark = "" if name in values else "# "
            value = values.get(name, field.get_default(call_default_factory=True, validated_data={}))
            out.append(_comment(field.description or "") + f"{mark}{name} = {_toml(value)}\n")
    return "".join(out)


def _models(word: str, kind: str) -> tuple[type[BaseModel], type[BaseModel]]:
    if word == "sources":
        return SourceEntry, registry.source(kind).Settings
    return FeedEntry, registry.feed(kind).Settings


def _comment(text: str) -> str:
    """The text as lines of comment, after an empty line."""
    return "\n" + textwrap.fill(text.replace("`", ""), 100, initial_indent="# ", subsequent_indent="# ") + "\n"


def document() -> str:
    """The text of ``docs/settings.md``."""
    out = [_INTRODUCTION]
    for table, title in TABLES.items():
        out.append(f"\n## {title}\n\n" + (f"`[{table}]`\n\n" if table else ""))
        out.append("| setting | default | allowed | meaning |\n|---|---|---|---|\n")
        for setting in (setting for setting in SETTINGS if setting.table == table):
            shown = f"`{_toml(default(setting))}`"
            out.append(f"| `{setting.key}` | {shown} | {setting.allowed} | {setting.meaning} |\n")
    for word, title, kinds in (
        ("sources", "A source: where a roster comes from", registry.source_kinds()),
        ("feeds", "A feed: files that are built for a product", registry.feed_kinds()),
    ):
        out.append(f"\n## {title}\n\n`[{word}.NAME]`, for every kind:\n\n")
        shared = _models(word, kinds[0])[0]
        out.append(_table({name: field for name, field in shared.model_fields.items() if name != "settings"}))
        out += [f'\n### `kind = "{kind}"`\n\n' + _table(_models(word, kind)[1].model_fields) for kind in kinds]
    return "".join(out)


def _table(fields: Mapping[str, FieldInfo]) -> str:
    out = ["| setting | default | meaning |\n|---|---|---|\n"]
    for name, field in fields.items():
        value = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
        shown = "must be set" if field.is_required() else f"`{_toml(value)}`"
        meaning = (field.description or "").replace("|", "\\|")
        out.append(f"| `{name}` | {shown} | {meaning} |\n")
    return "".join(out)


def _toml(value: object) -> str:
    """The value as TOML has it; settings that are tables of their own as an inline table."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items() if item is not None) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, float):
        return f"{value:g}"
    return '"' + str("" if value is None else value).replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the page is what this module prints when it is run
