"""``rosterkit.toml``: what a workspace is told, validated (docs/settings.md lists every setting).

Unknown keys are refused with the nearest known one, values out of range with a sentence; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from rosterkit import registry
from rosterkit.errors import UsageError
from rosterkit.plan.limits import Limits
from rosterkit.sources.reading import Caps

__all__ = ["FILE", "Config", "FeedEntry", "SourceEntry", "load", "loads", "nearest"]

FILE = "rosterkit.toml"
_NAME = r"[a-z][a-z0-9_-]{0,39}"
_RESERVED = ("manual", "joined")  # origins that no source may take
_LONGEST_HOURS = 24 * 31


def _is_a_path(value: str) -> str:
    """The path, if a path can be made of it."""
    if "\0" in value:
        raise ValueError("a path holds no NUL; write it without")
    try:
        Path(value).expanduser()
    except RuntimeError:
        raise ValueError(f"nobody here is called {value.partition('/')[0]}; write the path in full") from None
    return value


_PathText = Annotated[str, AfterValidator(_is_a_path)]


class SourceEntry(BaseModel):
    """``[sources.NAME]``: where a roster comes from. Keys beside these are the source's own ``Settings``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    kind: str = Field(min_length=1, description="What reads the roster: an installed source, such as oneroster.")
    enabled: bool = Field(
        default=True, description="Whether it is read. The records of a source that is not stay as they are."
    )
    settings: BaseModel


class FeedEntry(BaseModel):
    """``[feeds.NAME]``: files that are built for a product. Keys beside these are the feed's own ``Settings``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    kind: str = Field(min_length=1, description="What builds the files: an installed feed, such as oneroster.")
    folder: _PathText = Field(
        default="", description="Where the files go. Left empty they go to outbox/NAME in the workspace."
    )
    settings: BaseModel

    def target(self, folder: Path, name: str) -> Path:
        """Where the files of the feed of that name go; a relative path is meant from the workspace's folder."""
        return folder / (Path(self.folder).expanduser() if self.folder else Path("outbox", name))

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over the feed's own settings, in whatever order they were written."""
        return _digest(self.settings.model_dump(mode="json"))


class Config(BaseModel):
    """A whole ``rosterkit.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    timezone: str = "UTC"
    mode: Literal["observe", "review", "auto"] = "review"
    override_hours: int = Field(default=24, ge=1, le=_LONGEST_HOURS)
    plan_hours: int = Field(default=24, ge=1, le=_LONGEST_HOURS)
    demographics: bool = False
    sources: Mapping[str, SourceEntry] = Field(default_factory=dict)
    feeds: Mapping[str, FeedEntry] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    caps: Caps = Field(default_factory=Caps)

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        if value not in available_timezones():
            hint = nearest(value, available_timezones())
            raise ValueError(f'"{value}" is no IANA time zone{hint or ", such as America/Chicago"}')
        return value

    @field_validator("sources", "feeds")
    @classmethod
    def _are_plain_names(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in value:
            if not re.fullmatch(_NAME, name) or name in _RESERVED:
                raise ValueError(
                    f'"{name}" cannot be a name: use small letters, digits, - and _, beginning with a letter, '
                    f"and not {' or '.join(_RESERVED)}"
                )
        return value

    @field_validator("sources", "feeds", mode="before")
    @classmethod
    def _have_their_own_settings(cls, value: object, info: ValidationInfo) -> object:
        """Keys that the engine does not know are those of the source or feed of that kind."""
        if not isinstance(value, dict):
            return value
        word = str(info.field_name)
        return {name: _entry(word, str(name), table) for name, table in value.items()}

    @field_validator("limits", "caps", mode="before")
    @classmethod
    def _are_numbers_in_range(cls, value: object, info: ValidationInfo) -> object:
        table = {"limits": Limits, "caps": Caps}[str(info.field_name)]
        return _numbers(table, value) if isinstance(value, dict) else value

    @property
    def zone(self) -> ZoneInfo:
        """The district's zone, in which dates are meant and times are shown."""
        return ZoneInfo(self.timezone)

    @property
    def settings_digest(self) -> str:
        """SHA-256, in hexadecimal, over the settings that change what a plan says: not paths, feeds, caps or hours."""
        told = {
            "timezone": self.timezone,
            "mode": self.mode,
            "demographics": self.demographics,
            "sources": {name: [s.kind, s.settings.model_dump(mode="json")] for name, s in self.sources.items()},
            "limits": {name: float(value) for name, value in asdict(self.limits).items()},
        }
        return _digest(told)

    def source(self, name: str = "main") -> SourceEntry:
        """The source of that name; UsageError, naming the nearest, when there is none."""
        if name not in self.sources:
            raise UsageError(_unknown("source", name, self.sources))
        return self.sources[name]

    def feed(self, name: str = "") -> tuple[str, FeedEntry]:
        """The feed of that name, or the only one when none is named; UsageError otherwise."""
        if not name and len(self.feeds) == 1:
            return next(iter(self.feeds.items()))
        if not name and self.feeds:
            raise UsageError(f"There are several feeds: name one of {', '.join(sorted(self.feeds))}.")
        if name not in self.feeds:
            raise UsageError(_unknown("feed", name, self.feeds))
        return name, self.feeds[name]


def load(folder: Path) -> Config:
    """The configuration of the workspace in ``folder``; UsageError when there is none or it does not hold."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"There is no workspace in {folder}: no {FILE} is there. Make one with: rosterkit init {folder}"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
    return loads(text, name=str(path))


def loads(text: str, *, name: str = FILE) -> Config:
    """The configuration that ``text`` states; UsageError, with the file's name and the key, when it does not hold."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(
            f"{name} is not valid TOML: {problem}. Look there: a text stands in quotation marks."
        ) from None
    _refuse_unknown(raw, name)
    try:
        return Config.model_validate(raw)
    except ValidationError as problem:
        raise UsageError(f"{name}: " + " ".join(_sentence(error) for error in problem.errors())) from None


def nearest(word: str, known: Any) -> str:
    """``; did you mean X?`` or "" when nothing known is near."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


def _numbers(table: type[Limits | Caps], said: Mapping[str, Any]) -> Limits | Caps:
    """The table of numbers with what was said of it; ValueError for a value that is no number or out of range."""
    least = 1 if table is Caps else 0
    for key, kind in get_type_hints(table).items():
        value = said.get(key, least)
        if isinstance(value, bool) or not isinstance(value, (int, kind)):
            number = "a whole number" if kind is int else "a number"
            raise ValueError(f"{key} is {value!r}: it must be {number}")  # noqa: TRY004 - pydantic gathers ValueErrors
        if not least <= value < math.inf:
            raise ValueError(f"{key} is {value}: it must be {least} or more")
        if key.endswith("_percent") and value > 100:
            raise ValueError(f"{key} is {value}: a percentage is 100 or less")
    return table(**said)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


_ENTRIES: dict[str, tuple[type[SourceEntry | FeedEntry], Callable[[str], type[BaseModel]]]] = {
    "sources": (SourceEntry, lambda kind: registry.source(kind).Settings),
    "feeds": (FeedEntry, lambda kind: registry.feed(kind).Settings),
}


def _entry(word: str, name: str, table: object) -> object:
    """The table with the keys of the source or feed itself under ``settings``, validated by its own model."""
    if not isinstance(table, dict) or not isinstance(table.get("kind"), str) or "settings" in table:
        return table
    entry, settings_of = _ENTRIES[word]
    own = {key: value for key, value in table.items() if key not in entry.model_fields}
    shared = {key: value for key, value in table.items() if key in entry.model_fields}
    model = settings_of(table["kind"])
    known = [*model.model_fields, *(field for field in entry.model_fields if field != "settings")]
    for key in own:
        if key not in model.model_fields:
            hint = nearest(key, known) or f"; known are {', '.join(sorted(known))}."
            raise ValueError(f"{name}.{key} is not a setting{hint}")
    try:
        return shared | {"settings": model.model_validate(own)}
    except ValidationError as problem:
        raise ValueError(" ".join(_sentence(error, name) for error in problem.errors())) from None


def _unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    if not known:
        return f"No {what} is configured: add [{what}s.{name or 'main'}] to {FILE}."
    hint = nearest(name, known) or f"; there is {', '.join(sorted(known))}."
    return f'There is no {what} "{name}" in {FILE}{hint}'


def _refuse_unknown(raw: Mapping[str, Any], name: str) -> None:
    """Raises UsageError for the first key that no table knows."""
    known: dict[str, set[str]] = {
        "": set(Config.model_fields),
        "limits": {field.name for field in fields(Limits)},
        "caps": {field.name for field in fields(Caps)},
    }
    tables = {"": raw} | {table: raw.get(table) for table in ("limits", "caps")}
    for table, settings in tables.items():
        for key in settings if isinstance(settings, dict) else ():
            if key not in known[table]:
                where = f"{table}.{key}" if table else key
                hint = nearest(key, known[table]) or f"; known are {', '.join(sorted(known[table]))}."
                raise UsageError(f"{name}: {where} is not a setting{hint}")


def _sentence(error: Any, table: str = "") -> str:
    """One pydantic complaint as a sentence that starts with the key."""
    where = ".".join(str(part) for part in ((table, *error["loc"]) if table else error["loc"]))
    if error["type"] == "value_error":
        joint = "." if where in ("limits", "caps", "sources", "feeds") else ": "
        told = f"{where}{joint}{error['ctx']['error']}"
    elif error["type"] == "missing":
        told = f"{where} is missing"
    elif error["type"] == "string_too_short":
        told = f"{where} is empty: it must say something"
    elif error["type"] in ("dataclass_exact_type", "model_type", "dict_type"):
        told = f"{where} is {error['input']!r}: it must be a table, [{where}]"
    else:
        told = f"{where} is {error['input']!r}: {error['msg'].replace('Input should be', 'it must be')}"
    return told if told.endswith("?") else f"{told}."
