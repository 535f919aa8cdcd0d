"""Everything that must be right before the first run without a person, each with what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from pydantic import BaseModel

from rosterkit.config import FILE
from rosterkit.delivery.checklist import checklist_of
from rosterkit.errors import RosterkitError, UsageError
from rosterkit.operate.base import Verbs
from rosterkit.operate.heartbeat import alive
from rosterkit.operate.windows import blackout
from rosterkit.problems import sentence
from rosterkit.results import Check, FeedStatus
from rosterkit.store import plans, runs
from rosterkit.store.blocks import blocks
from rosterkit.store.database import quick_check
from rosterkit.store.snapshot import revision_of
from rosterkit.transport.credentials import credentials, written_on
from rosterkit.transport.place import open_place
from rosterkit.transport.secrets import references, resolve
from rosterkit.transport.settings import PlaceSettings

_GIB = 1 << 30
_SKEW = timedelta(minutes=5)
_SOON_DAYS = 30  # before a credential expires
_OLD_DAYS = 400  # of a credential


def examine(verbs: Verbs, feeds: Callable[[], tuple[FeedStatus, ...]]) -> tuple[Check, ...]:
    """Every check. Reads files and the store and opens connections; writes and sends nothing."""
    groups: tuple[Callable[[], Iterator[Check]], ...] = (
        lambda: _settings(verbs),
        lambda: _secrets(verbs),
        lambda: _sources(verbs),
        lambda: _feeds(verbs, feeds()),
        lambda: _notices(verbs),
        lambda: _clock(verbs),
        lambda: _disk(verbs.folder),
        lambda: _permissions(verbs.folder),
        lambda: _store(verbs),
        lambda: _schedule(verbs),
    )
    found: list[Check] = []
    for group in groups:
        try:
            found += group()
        except (RosterkitError, sqlite3.Error, OSError) as problem:
            found.append(Check("doctor", "", "bad", sentence(problem)[1], "Mend that, and run rosterkit doctor again."))
    return tuple(found)


def _settings(verbs: Verbs) -> Iterator[Check]:
    config = verbs.config
    if config.timezone == "UTC":
        remedy = 'Set timezone in rosterkit.toml, such as "America/Chicago".'
        yield Check(
            "settings", "timezone", "look", "It is UTC: dates and times are meant in the district's zone.", remedy
        )
    else:
        yield Check("settings", "timezone", "ok", f"It is {config.timezone}.")
    if config.mode == "observe":
        yield Check(
            "settings", "mode", "look", "It is observe: nothing is ever applied.", 'Set mode = "review" or "auto".'
        )
    else:
        meaning = "every plan waits for a person" if config.mode == "review" else "what needs no person is applied"
        yield Check("settings", "mode", "ok", f"It is {config.mode}: {meaning}.")
    if not config.sources:
        yield Check("settings", "sources", "bad", "There is no source.", "Add [sources.main] to rosterkit.toml.")
    if not config.feeds:
        yield Check("settings", "feeds", "look", "There is no feed.", "Add [feeds.NAME], if products are to get files.")
    if window := blackout(config, verbs.today()):
        yield Check("settings", "windows", "look", f"It is on: {window}.", "Nothing is read or sent until it is over.")


def _secrets(verbs: Verbs) -> Iterator[Check]:
    """Whether each secret is where the settings say. Its value is read and never shown."""
    for key, reference in verbs.config.secrets():
        try:
            resolve(reference, verbs.folder)
        except UsageError as problem:
            yield Check("secrets", key, "bad", str(problem), "Store it there, or change the reference.")
        else:
            yield Check("secrets", key, "ok", f"{reference} is there.")


def _sources(verbs: Verbs) -> Iterator[Check]:
    for name, entry in verbs.config.sources.items():
        where = f"sources.{name}"
        if not entry.enabled:
            yield Check(
                "sources", where, "look", "The settings disable it.", "Set enabled = true, if it is to be read."
            )
        elif entry.place is not None:
            yield _reached("sources", where, entry.place, verbs.folder)
            for one in credentials(entry.place, verbs.folder):
                yield _credential(f"{where}.place.{one.setting}", one.age(verbs.today()), one.expires, verbs)
        elif path := getattr(entry.settings, "path", ""):
            yield _package(where, verbs.folder / Path(str(path)).expanduser())
        else:
            for address in _addresses(entry.settings):
                yield from _server(where, address)
            for key, reference in references(entry.settings.model_dump(mode="json")):
                if written := written_on(reference, verbs.folder):
                    yield _credential(f"{where}.{key}", (verbs.today() - written).days, None, verbs)


def _addresses(settings: BaseModel) -> list[str]:
    """The servers that an API source reads."""
    values = (str(value) for value in settings.model_dump(mode="json").values() if isinstance(value, str))
    return sorted({value for value in values if value.startswith(("https://", "http://"))})


def _server(where: str, address: str) -> Iterator[Check]:
    """Whether a server answers, whatever it says, and whether its clock is ours."""
    import httpx  # noqa: PLC0415 - 50 ms of every verb

    try:
        answer = httpx.head(address, timeout=10.0, follow_redirects=False)
    except httpx.HTTPError as problem:
        text = f"{address} does not answer ({type(problem).__name__})."
        yield Check("sources", where, "bad", text, "See that this machine may reach it: firewall, proxy, address.")
        return
    yield Check("sources", where, "ok", f"{address} answers.", "See that it lets you in: rosterkit plan")
    said = parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else None
    if said and abs(said - plans.now()) > _SKEW:
        text = f"{address} says {said:%Y-%m-%d %H:%M} UTC, this machine {plans.now():%Y-%m-%d %H:%M} UTC."
        yield Check(
            "clock", where, "bad", text, "Set the clock of this machine: servers refuse signatures of another time."
        )


def _package(where: str, path: Path) -> Check:
    if not path.exists():
        return Check(
            "sources", where, "bad", f"There is nothing at {path}.", "Bring the package there, or change path."
        )
    if not os.access(path, os.R_OK):
        return Check("sources", where, "bad", f"{path} cannot be read.", "Let the account that runs rosterkit read it.")
    return Check("sources", where, "ok", f"{path} is there.", "See what it holds: rosterkit check")


def _reached(area: str, where: str, settings: PlaceSettings, folder: Path) -> Check:
    """Whether a place answers and lets us list it; nothing is written."""
    try:
        with open_place(settings, folder) as place:
            count = len(place.list())
    except RosterkitError as problem:
        remedy = "Mend that; rosterkit target trust and rosterkit target test help with servers."
        return Check(area, where, "bad", str(problem), remedy)
    return Check(area, where, "ok", f"It answers; {count} {'file is' if count == 1 else 'files are'} there.")


def _feeds(verbs: Verbs, feeds: tuple[FeedStatus, ...]) -> Iterator[Check]:
    with verbs.read() as connection:
        unknown = set(blocks(connection)["feed"]) - {"", *verbs.config.feeds}
    for name in sorted(unknown):
        text = "Somebody suppressed something in a feed of this name, which rosterkit.toml does not have."
        yield Check("feeds", f"feeds.{name}", "bad", text, "Suppress it in the feed's new name: see rosterkit blocks.")
    for status in feeds:
        entry, where = verbs.config.feeds[status.feed], f"feeds.{status.feed}"
        if entry.target is None:
            yield _outbox(where, entry.outbox(verbs.folder, status.feed))
        elif entry.target.transport == "https":
            yield Check("feeds", where, "ok", "An address that files are sent to cannot be looked at beforehand.")
        else:
            yield _reached("feeds", where, entry.target, verbs.folder)
        for one in status.credentials:
            yield _credential(f"{where}.{one.setting}", one.age(verbs.today()), one.expires, verbs)
        yield from _checklist(verbs, status.feed, where)
        if not status.last_at:
            remedy = f"Look at the first file and approve it: rosterkit feed build {status.feed}"
            yield Check("feeds", where, "look", "No file of it ever arrived: the first one waits for a person.", remedy)


def _checklist(verbs: Verbs, feed: str, where: str) -> Iterator[Check]:
    with verbs.read() as connection:
        found = checklist_of(connection, verbs.config, feed)
    if not found.steps:
        return
    done, every = len(found.steps) - len(found.open), len(found.steps)
    remedy = f"Walk through it: rosterkit doctor {feed}"
    if found.blocking:
        names = ", ".join(step.item.name for step in found.blocking)
        yield Check("feeds", where, "bad", f"Nothing is sent before these items are done: {names}.", remedy)
    elif found.open:
        yield Check("feeds", where, "look", f"{done} of {every} items of its vendor's checklist are done.", remedy)
    else:
        yield Check("feeds", where, "ok", f"All {every} items of its vendor's checklist are done.")


def _outbox(where: str, folder: Path) -> Check:
    place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if os.access(place, os.W_OK):
        return Check("feeds", where, "ok", f"Its files go to {folder}.")
    return Check(
        "feeds", where, "bad", f"{place} cannot be written.", "Let the account that runs rosterkit write there."
    )


def _credential(where: str, age: int | None, expires: object, verbs: Verbs) -> Check:
    left = (expires - verbs.today()).days if expires else None  # type: ignore[operator] # a date
    if left is not None and left <= _SOON_DAYS:
        state, remedy = ("bad" if left < 0 else "look"), "Ask whoever issued it for a new one, and store it there."
        return Check("credentials", where, state, f"It expires on {expires}.", remedy)
    if age is not None and age > _OLD_DAYS:
        return Check("credentials", where, "look", f"It is {age} days old.", "Ask whoever issued it for a new one.")
    known = f"It is {age} days old." if age is not None else "Nobody knows its age: set credentials_issued."
    return Check("credentials", where, "ok", known)


def _notices(verbs: Verbs) -> Iterator[Check]:
    to = verbs.config.notices.to
    if not to:
        remedy = "Set [notices] to (docs/notices.md)."
        yield Check("notices", "to", "look", "Nobody is notified when something fails or waits.", remedy)
    else:
        yield Check("notices", "to", "ok", f"{len(to)} addresses.", "See that it arrives: rosterkit notify --test")


def _clock(verbs: Verbs) -> Iterator[Check]:
    now = plans.now()
    with verbs.read() as connection:
        newest = _newest_moment(connection)
    if newest and newest > now + _SKEW:
        text = f"This machine says {now:%Y-%m-%d %H:%M} UTC, and the store knows {newest:%Y-%m-%d %H:%M} UTC."
        yield Check("clock", "time", "bad", text, "Set the clock of this machine, and keep it set by NTP.")
    else:
        text = (
            f"It is {now.astimezone(verbs.config.zone):%Y-%m-%d %H:%M %Z} in the district. Compare it with your watch."
        )
        yield Check("clock", "time", "ok", text)


def _newest_moment(connection: sqlite3.Connection) -> datetime | None:
    known = [plan.created_at for plan in plans.all_plans(connection)[:1]]
    known += [run.started_at for run in runs.recent(connection, 1)]
    return max(known, default=None)


def _disk(folder: Path) -> Iterator[Check]:
    free, size = shutil.disk_usage(folder).free, _size(folder / "roster.db")
    text = f"{free / _GIB:.1f} GiB are free; the store has {size / _GIB:.2f} GiB."
    if free < max(2 * size, _GIB // 5):
        yield Check("disk", str(folder), "bad", text, "Make room: a run needs about twice the size of the store.")
    elif free < max(4 * size, _GIB):
        yield Check("disk", str(folder), "look", text, "Make room soon: the store keeps every revision.")
    else:
        yield Check("disk", str(folder), "ok", text)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _permissions(folder: Path) -> Iterator[Check]:
    for path in (folder, folder / FILE, folder / "roster.db"):
        if not os.access(path, os.R_OK | os.W_OK):
            yield Check(
                "permissions", str(path), "bad", "It cannot be written.", "Give it to the account that runs rosterkit."
            )
        elif os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            mode = "700" if path.is_dir() else "600"
            yield Check("permissions", str(path), "bad", "Others may read it.", f"Run: chmod {mode} {path}")
        else:
            yield Check("permissions", str(path), "ok", "Only its owner reads and writes it.")


def _store(verbs: Verbs) -> Iterator[Check]:
    with verbs.read() as connection:
        damage, revision = quick_check(connection), revision_of(connection)
    if damage:
        yield Check("store", "roster.db", "bad", f"It is damaged: {damage}", "Put the copy of your backup back.")
    else:
        yield Check("store", "roster.db", "ok", "It is sound.")
    if not revision:
        remedy = "Run rosterkit plan, look at it with rosterkit show, approve it, and apply it."
        yield Check(
            "store", "first plan", "look", "Nothing was applied yet: a first plan always needs a person.", remedy
        )


def _schedule(verbs: Verbs) -> Iterator[Check]:
    if alive(verbs.folder):
        yield Check("schedule", "process", "ok", "A process runs the schedule.")
        return
    remedy = "Start rosterkit schedule, or let rosterkit schedule --print cron|systemd|windows write what begins it."
    yield Check("schedule", "process", "look", "No process of rosterkit schedule runs here.", remedy)
    if sys.platform == "win32" and not shutil.which("rosterkit"):
        yield Check("schedule", "command", "look", "rosterkit is not in the PATH.", "Name its whole path in the task.")
