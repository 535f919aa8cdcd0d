"""Every setting in words: the template that ``init`` writes and ``docs/settings.md`` are both made from this table.

``python -m rosterkit.settings_page`` prints ``docs/settings.md``.
"""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel

from rosterkit.config import Config, FeedSettings, SourceSettings

__all__ = ["SETTINGS", "TABLES", "Setting", "default", "document", "template"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of ``rosterkit.toml``; ``table`` is "" for the top, ``sources.NAME`` for every source."""

    table: str
    key: str
    allowed: str
    meaning: str


TABLES = {
    "": "The workspace",
    "sources.NAME": "A source: where a roster comes from",
    "feeds.NAME": "A feed: a file that is built for somebody",
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
        "sources.NAME", "kind", "an installed source", "What reads the package. `oneroster` reads CSV 1.1 and 1.2."
    ),
    Setting(
        "sources.NAME",
        "path",
        "a path",
        "The package: a zip or a folder. A relative path is meant from the workspace's folder.",
    ),
    Setting(
        "sources.NAME",
        "strict",
        "`true` or `false`",
        "Whether the package is held to the letter of the specification, as for certification.",
    ),
    Setting(
        "sources.NAME",
        "dates",
        "`iso`, `month-first` or `day-first`",
        "How a date such as 3/4/2026 is meant. `iso`: nobody can tell, and the cell is not read.",
    ),
    Setting("feeds.NAME", "kind", "an installed feed", "What writes the files. `oneroster` writes CSV 1.1 or 1.2."),
    Setting(
        "feeds.NAME",
        "folder",
        "a path",
        "Where the files go. Left empty they go to `outbox/NAME/`. Every other key is handed to the feed.",
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
    Setting("caps", "cells", "1 or more", "Cells of one file: its rows times its columns."),
)

_EXAMPLES = {"sources.NAME": {"kind": "oneroster", "path": "package.zip"}, "feeds.NAME": {"kind": "oneroster"}}
_NAMES = {"sources.NAME": "sources.main", "feeds.NAME": "feeds.oneroster"}
_SPOKEN = ("timezone", "mode", "kind", "path")  # written out in a fresh file; the rest stands there as comments

_INTRODUCTION = """# Settings

Everything that `rosterkit.toml` may say. `rosterkit init DIR` writes one with every setting in it. A key that is not
listed here is refused, naming the nearest that is; so is a value out of its range.

<!-- Made by `python -m rosterkit.settings_page`: do not edit. -->
"""


def default(setting: Setting) -> Any:
    """The value that counts when the key is left out; None where it must be stated."""
    if setting.table in ("limits", "caps"):
        return asdict(getattr(Config(), setting.table))[setting.key]
    models: dict[str, type[BaseModel]] = {"": Config, "sources.NAME": SourceSettings, "feeds.NAME": FeedSettings}
    field = models[setting.table].model_fields[setting.key]
    return None if field.is_required() else field.default


def template(path: str = "package.zip") -> str:
    """The commented file that ``init`` writes: every setting with its default, which is what it loads as."""
    out = [
        "# rosterkit: what this workspace is told. A line that begins with # shows what counts where nothing is said.\n"
    ]
    for table, title in TABLES.items():
        out.append(f"\n\n# {title}.\n" + (f"[{_NAMES.get(table, table)}]\n" if table else ""))
        for setting in (setting for setting in SETTINGS if setting.table == table):
            value = _EXAMPLES.get(table, {}).get(setting.key, default(setting))
            value = path if (table, setting.key) == ("sources.NAME", "path") else value
            mark = "" if setting.key in _SPOKEN else "# "
            out.append(_comment(setting.meaning))
            out.append(f"{mark}{setting.key} = {_toml(value)}  # {setting.allowed.replace('`', '')}\n")
    return "".join(out)


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
            value = default(setting)
            shown = "must be stated" if value is None else f"`{_toml(value)}`"
            out.append(f"| `{setting.key}` | {shown} | {setting.allowed} | {setting.meaning} |\n")
    return "".join(out)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value:_}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - the page is what this module prints when it is run
