"""The commented ``rosterkit.toml`` that ``init`` writes, made from the models of the settings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rosterkit import registry
from rosterkit.compare.settings import CompareSettings, Thresholds, Weights
from rosterkit.config import Config, FeedEntry, SourceEntry
from rosterkit.feeds.delivery import DeliverySettings
from rosterkit.plan.calendar import CalendarSettings, GraceSettings, RolloverSettings
from rosterkit.plan.limits import Limits
from rosterkit.plan.policy import PolicySettings
from rosterkit.run_settings import NoticeSettings, ScheduleSettings
from rosterkit.sources.limits import SizeLimits
from rosterkit.web_settings import OidcSettings, WebSettings

TABLES: dict[str, tuple[str, type[BaseModel]]] = {
    "": ("The workspace", Config),
    "limits": ("Limits: how much may be removed in one run before it is held for a person", Limits),
    "grace": ("Grace: how long a person who disappears stays", GraceSettings),
    "calendar": ("Calendar: which days are school days", CalendarSettings),
    "rollover": ("Rollover: the turn of a term and of the school year", RolloverSettings),
    "policy": ("Policy: who may change what while a source is synced", PolicySettings),
    "schedule": ("Schedule: when runs without a person take place", ScheduleSettings),
    "notices": ("Notices: who is notified, and of what", NoticeSettings),
    "web": ("Web: the page where people review", WebSettings),
    "web.oidc": ("Web: log-in by the district's own provider", OidcSettings),
    "caps": ("Caps: how much a package may hold before it is refused unread", SizeLimits),
    "delivery": ("Delivery: what is kept of what was sent", DeliverySettings),
    "compare": ("Compare: what counts as much where sources are compared", CompareSettings),
    "compare.weights": ("Compare: how many points of 100 each reason can cost", Weights),
    "compare.thresholds": ("Compare: from which percentage on a reason counts", Thresholds),
}
"""The tables that the engine itself has, with title and model."""

_WRITTEN = ("timezone", "mode")  # written out in a fresh file; the rest is there as comments


def template(path: str = "package.zip") -> str:
    """The commented file that ``init`` writes: every setting with its default, which is what it loads as."""
    out = ["# The settings of this workspace. Commented lines show the defaults.\n"]
    for table, (title, model) in TABLES.items():
        out.append(f"\n\n# {title}.\n" + (f"[{table}]\n" if table else ""))
        out += [_lines(name, field, written=name in _WRITTEN) for name, field in plain_fields(model).items()]
        if not table:
            out.append(_entry("sources.main", "A source: where a roster comes from", "oneroster", {"path": path}))
            out.append(_entry("feeds.oneroster", "A feed: files that are built for a product", "oneroster", {}))
    return "".join(out)


def plain_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model that are keys of its own table, not further tables of the engine."""
    tables = {table.rpartition(".")[2] for table in TABLES} | {"sources", "feeds"}
    skipped = tables if model in (Config, CompareSettings, WebSettings) else {"settings"}
    return {name: field for name, field in model.model_fields.items() if name not in skipped}


def _lines(name: str, field: FieldInfo, value: object = None, *, written: bool) -> str:
    value = value if value is not None else _default(field)
    mark = "" if written else "# "
    return _comment(field.description or "") + f"{mark}{name} = {toml(value)}\n"


def _default(field: FieldInfo) -> object:
    return field.get_default(call_default_factory=True, validated_data={})


def _entry(table: str, title: str, kind: str, values: Mapping[str, object]) -> str:
    """The lines of a source or feed of that kind, with its own settings as comments where they have a default."""
    entry, settings = models(table.partition(".")[0], kind)
    out = [f'\n\n# {title}.\n[{table}]\n{_comment(entry.model_fields["kind"].description or "")}kind = "{kind}"\n']
    for name, field in {**plain_fields(entry), **settings.model_fields}.items():
        if name != "kind" and (name in values or _default(field) is not None):
            out.append(_lines(name, field, values.get(name), written=name in values))
    return "".join(out)


def models(word: str, kind: str) -> tuple[type[BaseModel], type[BaseModel]]:
    """The settings that every source or feed has, and those of that kind."""
    if word == "sources":
        return SourceEntry, registry.source(kind).Settings
    return FeedEntry, registry.feed(kind).Settings


def _comment(text: str) -> str:
    """The text as lines of comment, after an empty line."""
    return "\n" + textwrap.fill(text.replace("`", ""), 100, initial_indent="# ", subsequent_indent="# ") + "\n"


def _key(name: str) -> str:
    """The key as TOML has it: in quotation marks unless it is made of letters, digits, _ and - alone."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def toml(value: object) -> str:
    """The value as TOML has it; settings that are tables of their own as an inline table."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {toml(item)}" for key, item in value.items() if item is not None) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, float):
        return f"{value:g}"
    return '"' + str("" if value is None else value).replace("\\", "\\\\").replace('"', '\\"') + '"'
