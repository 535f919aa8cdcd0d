"""``rosterkit.toml``: the settings of a workspace, validated (docs/settings.md lists every one).

All problems are reported at once. An unknown key is refused with the nearest known one, a value out of its range with
the range.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from rosterkit import registry
from rosterkit.clock import from_cron
from rosterkit.compare.settings import CompareSettings
from rosterkit.config_problems import Problem, explained, nearest, placed, problem_of
from rosterkit.errors import UsageError
from rosterkit.feeds.delivery import DeliverySettings
from rosterkit.feeds.preflight import require_transport
from rosterkit.plan.calendar import CalendarSettings, GraceSettings, RolloverSettings
from rosterkit.plan.limits import Limits
from rosterkit.plan.policy import PolicySettings
from rosterkit.run_settings import NoticeSettings, ScheduleSettings, Window, zones
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.scope_settings import Scope
from rosterkit.toml_lines import key_lines
from rosterkit.transport.incoming import IncomingSettings
from rosterkit.transport.secrets import references
from rosterkit.transport.settings import PlaceSettings
from rosterkit.web_settings import WebSettings

__all__ = ["FILE", "NEVER", "WITH_SYNC", "Config", "FeedEntry", "SourceEntry", "explained", "load", "loads", "nearest"]

FILE = "rosterkit.toml"
NEVER = "never"  # of ``rehearse_at``: no rehearsal
WITH_SYNC = "sync"  # of ``send_at``: the feed has no clock of its own
_NAME = r"[a-z][a-z0-9_-]{0,39}"
_RESERVED = ("manual", "joined")  # origins that no source may take
_HALF_DAY = 12 * 60  # minutes
_CLOSE = 15  # minutes: an upload takes time, and a vendor says "about"
_LONGEST_DAYS = 31
_LONGEST_HOURS = 24 * _LONGEST_DAYS
_ZONES = {
    abbreviation: zone
    for zone, abbreviations in {
        "America/New_York": "ET EST EDT EASTERN",
        "America/Chicago": "CT CST CDT CENTRAL",
        "America/Denver": "MT MST MDT MOUNTAIN",
        "America/Los_Angeles": "PT PST PDT PACIFIC",
        "America/Anchorage": "AKST AKDT ALASKA",
        "Pacific/Honolulu": "HST HAWAII",
        "America/Puerto_Rico": "AST",
    }.items()
    for abbreviation in abbreviations.split()
}
"""What people in North America call their zones: abbreviations are no unambiguous IANA names."""


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
    manages: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="The roles that this source owns, such as `student`. It never archives people of other roles. "
        "Left empty: all roles.",
    )
    place: PlaceSettings | None = Field(
        default=None,
        description="Where packages come from: a table with `transport` and its settings (docs/transport.md). It takes "
        "the place of `path`.",
    )
    packages: IncomingSettings = Field(
        default=IncomingSettings(),
        description="With `place`: which files there are packages, a table (docs/transport.md).",
    )
    scope: Scope = Field(
        default=Scope(), description="Which records are wanted, a table (docs/scope.md). Left out: all of them."
    )
    settings: BaseModel


class FeedEntry(BaseModel):
    """``[feeds.NAME]``: files that are built for a product. Keys beside these are the feed's own ``Settings``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, arbitrary_types_allowed=True)

    kind: str = Field(min_length=1, description="What builds the files: an installed feed, such as oneroster.")
    folder: _PathText = Field(
        default="", description="Where the files go. Left empty they go to outbox/NAME in the workspace."
    )
    target: PlaceSettings | None = Field(
        default=None,
        description="A place that the files go to: a table with `transport` and its settings (docs/transport.md). "
        "Left out, they go to `folder`.",
    )
    send_unchanged: bool | None = Field(
        default=None,
        description="Whether files that are the same as the last ones are sent again. Left out, the vendor decides.",
    )
    send_at: str = Field(
        default="",
        description="When the file is sent, as cron: minute, hours, `* *` and days of the week, such as `5 8 * * Sat`, "
        "in the vendor's zone. `sync` sends it with each sync. Left out, the vendor's own clock counts; where it has "
        "none, each sync sends it.",
    )
    rehearse_at: str = Field(
        default="",
        description="When the file is built and checked, and not sent, so that people see problems while the office is "
        "open: cron as of `send_at`, or `never`. Left out, the vendor's own time counts; most have none.",
    )
    stale_hours: int | None = Field(
        default=None,
        ge=1,
        description="After so many hours without a file that arrived there is an alarm. Left out, after two of the "
        "vendor's times; without such a clock there is none.",
    )
    settings: BaseModel

    @field_validator("send_at", "rehearse_at")
    @classmethod
    def _is_cron(cls, value: str, info: ValidationInfo) -> str:
        if value not in ("", WITH_SYNC if info.field_name == "send_at" else NEVER):
            from_cron(value, ZoneInfo("UTC"))
        return value

    def outbox(self, folder: Path, name: str) -> Path:
        """The folder for the files of the feed of that name; a relative path is meant from the workspace's folder."""
        return folder / (Path(self.folder).expanduser() if self.folder else Path("outbox", name))

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, over what a person looks at before a file leaves: the feed's own settings and where
        the files go, in whatever order they were written. Time limits of the target and its keys' ages do not count.
        """
        target = self.target.destination if self.target else {}
        return _digest([self.settings.model_dump(mode="json"), self.folder, target])


class Config(BaseModel):
    """A whole ``rosterkit.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    timezone: str = Field(
        default="UTC",
        description="The district's time zone: an IANA zone such as `America/Chicago`. Dates are meant in it, and "
        "times are shown in it.",
    )
    mode: Literal["observe", "review", "auto"] = Field(
        default="review",
        description="`observe` plans and never applies. `review` asks a person to approve every plan. `auto` applies "
        "what needs no person. A first plan always needs one, and so do the first records of a source.",
    )
    plan_days: int = Field(
        default=7, ge=1, le=_LONGEST_DAYS, description="A plan that was not applied expires after this many days."
    )
    approval_hours: int = Field(
        default=24,
        ge=1,
        le=_LONGEST_HOURS,
        description="An approval of held changes counts for this many hours. The next plan uses it up.",
    )
    approvers: int = Field(
        default=1,
        ge=1,
        le=2,
        description="How many people must approve a plan that a person must approve. With 2, the second sees what the "
        "first wrote, and nobody approves a plan twice.",
    )
    demographics: bool = Field(
        default=False,
        description="Whether birth dates, sex and race are read and stored. Where they are not, they never enter the "
        "store.",
    )
    sources: Mapping[str, SourceEntry] = Field(default_factory=dict)
    feeds: Mapping[str, FeedEntry] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits, description="How much may change in one run.")
    grace: GraceSettings = Field(
        default_factory=GraceSettings, description="How long a person who disappears from a source stays."
    )
    calendar: CalendarSettings = Field(default_factory=CalendarSettings, description="Which days are school days.")
    rollover: RolloverSettings = Field(
        default_factory=RolloverSettings, description="The turn of a term and of the school year."
    )
    policy: PolicySettings = Field(
        default_factory=PolicySettings, description="Who may change what while a source is synced."
    )
    caps: SizeLimits = Field(
        default_factory=SizeLimits, description="How much a package may hold before it is refused unread."
    )

    schedule: ScheduleSettings = Field(
        default_factory=ScheduleSettings, description="When runs without a person take place."
    )
    notices: NoticeSettings = Field(default_factory=NoticeSettings, description="Who is notified, and of what.")
    windows: tuple[Window, ...] = Field(
        default=(),
        strict=False,
        description="Days on which a sync does less, each as `[[windows]]` with `kind`, `first`, `last` (both dates "
        "included) and `reason`. `blackout`: nothing is read and no file is sent. `additions`: what is new is taken "
        "in, and nothing is changed or archived. A blocked link or a suppressed person leaves the files even so.",
    )
    web: WebSettings = Field(default_factory=WebSettings, description="The page where people review.")
    delivery: DeliverySettings = Field(
        default_factory=DeliverySettings, description="What is kept of what was sent, and when somebody is notified."
    )
    compare: CompareSettings = Field(
        default=CompareSettings(), description="How sources are compared, and what the recommendation is made of."
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        if value not in zones():
            hint = _ZONES.get(value.upper()) and f"; did you mean {_ZONES[value.upper()]}?"
            hint = hint or nearest(value, zones())
            raise ValueError(f'"{value}" is not an IANA time zone{hint or ", such as America/Chicago"}')
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

    @property
    def zone(self) -> ZoneInfo:
        """The district's zone, in which dates are meant and times are shown."""
        return ZoneInfo(self.timezone)

    def secrets(self) -> Iterator[tuple[str, str]]:
        """Every reference to a secret, with its dotted key."""
        parts: dict[str, BaseModel] = {f"sources.{name}": entry for name, entry in self.sources.items()}
        parts |= {f"feeds.{name}": entry for name, entry in self.feeds.items()}
        parts |= {"notices": self.notices, "web": self.web}
        for where, part in parts.items():
            # As any: a source's and a feed's own settings are of a class that the entry does not name.
            for key, reference in references(part.model_dump(mode="json", serialize_as_any=True)):
                yield f"{where}.{key}", reference

    @property
    def settings_digest(self) -> str:
        """SHA-256, in hexadecimal, over the settings that change what a plan says.

        Not paths, feeds, caps and hours, nor windows, which only take away.
        """
        covered = {
            "timezone": self.timezone,
            "mode": self.mode,
            "demographics": self.demographics,
            "sources": {
                name: [
                    s.kind,
                    *sorted(s.manages),
                    s.settings.model_dump(mode="json"),
                    s.scope.model_dump(mode="json"),
                ]
                for name, s in self.sources.items()
            },
            "policy": self.policy.model_dump(mode="json"),
            "grace": self.grace.model_dump(mode="json"),
            "calendar": self.calendar.model_dump(mode="json"),
            "rollover": self.rollover.model_dump(mode="json"),
            "limits": {n: v if isinstance(v, str) else float(v) for n, v in self.limits.model_dump().items()},
        }
        return _digest(covered)

    def source(self, name: str) -> SourceEntry:
        """The source of that name; UsageError, naming the nearest, when there is none."""
        if name not in self.sources:
            raise UsageError(_unknown("source", name, self.sources))
        return self.sources[name]

    def source_name(self, name: str = "") -> str:
        """The name of a source, or of the only one when none is named; UsageError otherwise."""
        if not name and len(self.sources) == 1:
            return next(iter(self.sources))
        if not name and self.sources:
            raise UsageError(f"There are several sources: name one of {', '.join(sorted(self.sources))}.")
        self.source(name)
        return name

    def feed(self, name: str = "") -> tuple[str, FeedEntry]:
        """The feed of that name, or the only one when none is named; UsageError otherwise."""
        if not name and len(self.feeds) == 1:
            return next(iter(self.feeds.items()))
        if not name and self.feeds:
            raise UsageError(f"There are several feeds: name one of {', '.join(sorted(self.feeds))}.")
        if name not in self.feeds:
            raise UsageError(_unknown("feed", name, self.feeds))
        return name, self.feeds[name]


def load(folder: Path, tried: Mapping[str, str] | None = None) -> Config:
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
    return loads(text, name=str(path), tried=tried)


def loads(text: str, *, name: str = FILE, tried: Mapping[str, str] | None = None) -> Config:
    """The configuration that ``text`` states; UsageError, with the file's name and the key, when it does not hold.

    ``tried``: values, as TOML has them, that take the place of some: by their key with the tables before it.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(f"{name} is not valid TOML: {problem}. Look there: put texts in quotation marks.") from None
    for key, value in (tried or {}).items():
        _put(raw, key, value)
    problems: list[Problem] = []
    entries = {word: _entries(word, raw[word], problems) for word in _ENTRIES if word in raw}
    try:
        config = Config.model_validate(raw | entries)
    except ValidationError as problem:
        problems += [problem_of(error, Config) for error in problem.errors()]
    if problems:
        lines = key_lines(text)
        sentences = dict.fromkeys(placed(problem, lines, tried or {}) for problem in problems)
        raise UsageError(f"{name}: " + " ".join(sentences))
    return config


def _put(raw: dict[str, Any], key: str, value: str) -> None:
    """Sets a key such as ``limits.halving_min_size``; UsageError where the value is no TOML."""
    *tables, last = key.split(".")
    for table in tables:
        raw = raw.setdefault(table, {})
        if not isinstance(raw, dict):
            raise UsageError(f"{key}: {table} is not a table.")
    try:
        raw[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{key}: {value} is no value. Put texts in quotation marks.") from None


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


_ENTRIES: dict[str, tuple[type[SourceEntry | FeedEntry], Callable[[str], type[BaseModel]]]] = {
    "sources": (SourceEntry, lambda kind: registry.source(kind).Settings),
    "feeds": (FeedEntry, lambda kind: registry.feed(kind).Settings),
}


def _entries(word: str, tables: object, problems: list[Problem]) -> object:
    """The sources or feeds that are right; the others are left out, and what is wrong with them is in ``problems``."""
    if not isinstance(tables, dict):
        return tables
    made = {}
    for name, table in tables.items():
        where = f"{word}.{name}"
        if not isinstance(table, dict):
            problems.append(((word, name), f"{where} is {table!r}: it must be a table, [{where}]."))
            continue
        try:
            made[name] = _entry(word, where, table, problems)
        except ValidationError as problem:
            problems += [problem_of(error, _ENTRIES[word][0], (word, name)) for error in problem.errors()]
        except UsageError as problem:
            problems.append(((word, name), str(problem)))
    return {name: entry for name, entry in made.items() if entry is not None}


def _entry(
    word: str, where: str, table: Mapping[str, object], problems: list[Problem]
) -> SourceEntry | FeedEntry | None:
    """The table with the keys of the source or feed itself under ``settings``, validated by its own model.

    None where a key of its own is wrong; ``problems`` says which. Raises UsageError for other problems.
    """
    entry, settings_of = _ENTRIES[word]
    shared = {key: value for key, value in table.items() if key in entry.model_fields and key != "settings"}
    if not isinstance(table.get("kind"), str) or not table["kind"]:
        raise UsageError(f"{where}.kind is missing or is no text: it must name an installed kind of {word[:-1]}.")
    if word == "feeds":
        _require_transport(where, table)
        _require_clock(where, table)
    model = settings_of(str(table["kind"]))
    given = {key: value for key, value in table.items() if key not in shared}
    if "scope" in shared and "scope" in model.model_fields:
        given["scope"], shared["scope"] = _own_scope(shared["scope"])
    if "place" in shared:
        given |= _in_place_of_a_path(where, table, model)
    try:
        own = model.model_validate(given)
    except ValidationError as problem:
        known = set(entry.model_fields) - {"settings"}
        at = tuple(where.split("."))
        problems += [problem_of(error, model, at, known) for error in problem.errors()]
        return None
    except UsageError as problem:
        raise UsageError(f"{where}: {problem}") from None
    if isinstance(path := getattr(own, "path", None), str):
        try:
            _is_a_path(path)
        except ValueError as problem:
            raise UsageError(f"{where}.path: {problem}.") from None
    return entry.model_validate(shared | {"settings": own})


def _in_place_of_a_path(where: str, table: Mapping[str, object], model: type[BaseModel]) -> dict[str, object]:
    """What a source that reads from a place has as its path: each run names the package that it fetched."""
    if "path" not in model.model_fields:
        raise UsageError(f"{where}.place: {table['kind']} reads an API and no files. Take it out.")
    if "path" in table:
        raise UsageError(f"{where} has both path and place. Keep the one that is meant.")
    return {"path": "."}


def _require_transport(where: str, table: Mapping[str, object]) -> None:
    """Raises UsageError, naming the vendor's rule, where the vendor takes no files by the target's transport."""
    target = table.get("target")
    if isinstance(target, dict) and isinstance(target.get("transport"), str):
        vendor = registry.feed(str(table["kind"])).vendor
        try:
            require_transport(vendor, target["transport"], vendor.transport_rule or f"{where}.target")
        except UsageError as problem:
            raise UsageError(f"{where}.target.transport: {problem}") from None


def _require_clock(where: str, table: Mapping[str, object]) -> None:
    """Raises UsageError, naming the vendor's rule, where a file would leave while the vendor reads, or just before."""
    vendor, line = registry.feed(str(table["kind"])).vendor, table.get("send_at")
    if not vendor.reads_at or not isinstance(line, str) or line in ("", WITH_SYNC):
        return
    try:
        times = [at for at, _ in from_cron(line, ZoneInfo("UTC")).times]
    except ValueError:
        return  # the model says what is wrong
    reads = time.fromisoformat(vendor.reads_at)
    for at in times:
        after = (at.hour * 60 + at.minute - reads.hour * 60 - reads.minute + _HALF_DAY) % (2 * _HALF_DAY) - _HALF_DAY
        if -_CLOSE <= after < _CLOSE:
            raise UsageError(
                f"{where}.send_at: {vendor.clock_rule}: {vendor.name} reads at about {vendor.reads_at} {vendor.zone}, "
                f"and a file that comes later waits for its next reading. Send at another time than {at:%H:%M}, such "
                f"as {vendor.send_at}, or leave send_at out."
            )


def _own_scope(scope: object) -> tuple[object, object]:
    """The types of contacts, which a source may know by itself, and what is decided on the tables of any source."""
    if not isinstance(scope, dict):
        return {}, scope
    mine = {key: value for key, value in scope.items() if key == "contact_types"}
    return mine, {key: value for key, value in scope.items() if key not in mine}


def _unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    if not known:
        return f"No {what} is configured: add [{what}s.{name or 'main'}] to {FILE}."
    hint = nearest(name, known) or f"; there is {', '.join(sorted(known))}."
    return f'There is no {what} "{name}" in {FILE}{hint}'
