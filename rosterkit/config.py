"""``rosterkit.toml``: what a workspace is told, validated (docs/settings.md lists every setting).

Unknown keys are refused with the nearest known one, values out of range with a sentence; nothing is guessed.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from rosterkit.errors import UsageError
from rosterkit.plan.limits import Limits
from rosterkit.sources.limits import SizeLimits

__all__ = ["FILE", "Config", "FeedSettings", "SourceSettings", "load", "loads", "nearest"]

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


class SourceSettings(BaseModel):
    """``[sources.NAME]``: where a roster comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str = Field(min_length=1)
    path: _PathText = Field(min_length=1)
    strict: bool = False
    dates: Literal["iso", "month-first", "day-first"] = "iso"

    def package(self, folder: Path) -> Path:
        """The package's path; a relative one is meant from the workspace's folder."""
        return folder / Path(self.path).expanduser()


class FeedSettings(BaseModel):
    """``[feeds.NAME]``: a file that is built; keys beside ``kind`` and ``folder`` are handed to the feed."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    kind: str = Field(min_length=1)
    folder: _PathText = ""

    def target(self, folder: Path, name: str) -> Path:
        """Where the files of the feed of that name go; a relative path is meant from the workspace's folder."""
        return folder / (Path(self.folder).expanduser() if self.folder else Path("outbox", name))

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the feed itself is told, as it stands in the file."""
        return dict(self.model_extra or {})


class Config(BaseModel):
    """A whole ``rosterkit.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    timezone: str = "UTC"
    mode: Literal["observe", "review", "auto"] = "review"
    override_hours: int = Field(default=24, ge=1, le=_LONGEST_HOURS)
    plan_hours: int = Field(default=24, ge=1, le=_LONGEST_HOURS)
    demographics: bool = False
    sources: Mapping[str, SourceSettings] = Field(default_factory=dict)
    feeds: Mapping[str, FeedSettings] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
    caps: SizeLimits = Field(default_factory=SizeLimits)

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

    @field_validator("sources")
    @classmethod
    def _is_one(cls, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if len(value) > 1:
            raise ValueError(f"a workspace has one source so far, and here are {len(value)}: make a workspace for each")
        return value

    @field_validator("limits", "caps", mode="before")
    @classmethod
    def _are_numbers_in_range(cls, value: object, info: ValidationInfo) -> object:
        table = {"limits": Limits, "caps": SizeLimits}[str(info.field_name)]
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
            "sources": {name: [s.kind, s.strict, s.dates] for name, s in self.sources.items()},
            "limits": {name: float(value) for name, value in asdict(self.limits).items()},
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def source(self, name: str = "main") -> SourceSettings:
        """The source of that name; UsageError, naming the nearest, when there is none."""
        if name not in self.sources:
            raise UsageError(_unknown("source", name, self.sources))
        return self.sources[name]

    def feed(self, name: str = "") -> tuple[str, FeedSettings]:
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


def _numbers(table: type[Limits | SizeLimits], said: Mapping[str, Any]) -> Limits | SizeLimits:
    """The table of numbers with what was said of it; ValueError for a value that is no number or out of range."""
    least = 1 if table is SizeLimits else 0
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
        "caps": {field.name for field in fields(SizeLimits)},
    }
    tables = {"": raw} | {table: raw.get(table) for table in ("limits", "caps")}
    sources = raw.get("sources")
    for source, settings in sources.items() if isinstance(sources, dict) else ():
        known[f"sources.{source}"] = set(SourceSettings.model_fields)
        tables[f"sources.{source}"] = settings
    for table, settings in tables.items():
        for key in settings if isinstance(settings, dict) else ():
            if key not in known[table]:
                where = f"{table}.{key}" if table else key
                hint = nearest(key, known[table]) or f"; known are {', '.join(sorted(known[table]))}."
                raise UsageError(f"{name}: {where} is not a setting{hint}")


def _sentence(error: Any) -> str:
    """One pydantic complaint as a sentence that starts with the key."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":
        joint = "." if where in ("limits", "caps") else ": "
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
