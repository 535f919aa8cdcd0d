"""Notices: one message for a run, with what waits or went wrong, to everybody who is to be notified.

A notice holds names of plans, feeds and sources, and counts. It never holds anything about a person of the roster.
"""

from __future__ import annotations

import logging
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rosterkit.config import Config
from rosterkit.errors import RosterkitError, UsageError
from rosterkit.operate.base import Outcome, Verbs
from rosterkit.operate.logs import log
from rosterkit.operate.record import Recorder
from rosterkit.run_settings import KINDS
from rosterkit.store import notices
from rosterkit.store.notices import StoredNotice
from rosterkit.store.runs import Item
from rosterkit.transport.secrets import resolve


@dataclass(frozen=True)
class Message:
    """A notice as it goes out."""

    title: str
    body: str
    kinds: tuple[str, ...]


def message(config: Config, folder: Path, items: Sequence[Item], *, run: int = 0) -> Message | None:
    """One message of these items, without those of which nobody wants to be notified; None where none is left."""
    wanted = [(kind, text) for kind, text in items if kind in config.notices.kinds]
    if not wanted:
        return None
    kinds = tuple(kind for kind in KINDS if kind in {kind for kind, _ in wanted})
    of_run = f"run {run}" if run else "the schedule"
    title = f"[rosterkit] {_place(config)}{', '.join(kinds)} ({of_run})"
    lines = [f"- {kind}: {text}" for kind, text in wanted]
    return Message(title, "\n".join([*lines, "", *_where(config, folder, run)]), kinds)


def _place(config: Config) -> str:
    return f"{config.notices.district}: " if config.notices.district else ""


def _where(config: Config, folder: Path, run: int) -> list[str]:
    """Where to look: the address that the settings name, and the command."""
    command = f"rosterkit -C {shlex.quote(str(folder.absolute()))} {f'runs {run}' if run else 'status'}"
    link = [f"Look here: {config.notices.link}"] if config.notices.link else []
    return [*link, f"The whole record: {command}"]


def test_message(config: Config) -> Message:
    """What ``rosterkit notify --test`` sends."""
    text = "This is a test of rosterkit's notices. Nothing is wrong, and nobody need do anything."
    return Message(f"[rosterkit] {_place(config)}test", text, ())


def send(config: Config, folder: Path, what: Message, only: Sequence[str] = ()) -> dict[str, str]:
    """Sends a message to every address, or only to these references.

    Returns, by reference, why a message did not arrive; what arrived is missing from it.
    """
    problems = {}
    for reference in only or config.notices.to:
        problem = _send_one(folder, reference, what)
        if problem:
            problems[reference] = problem
    log().info("notice.sent" if not problems else "notice.failed", kinds=what.kinds, failed=len(problems))
    return problems


def _send_one(folder: Path, reference: str, what: Message) -> str:
    """Why the message did not arrive at that address; "" where it did."""
    from apprise import Apprise, AppriseAsset  # noqa: PLC0415 - costs half a second, and most runs notify nobody

    try:
        address = resolve(reference, folder).get_secret_value()
    except UsageError as problem:
        return str(problem)
    with _quiet():
        service = Apprise(asset=AppriseAsset(app_id="rosterkit", app_desc="rosterkit"))
        try:
            if not service.add(address):
                return f"{reference} holds no address that Apprise knows. See docs/notices.md."
            arrived = bool(service.notify(title=what.title, body=what.body))
        except Exception as problem:  # noqa: BLE001 - whatever a service raises, the others are still to be notified
            return f"{reference} could not be reached ({type(problem).__name__})."
    return "" if arrived else f"{reference} did not take the message. Look at the address and at the service."


@contextmanager
def _quiet() -> Iterator[None]:
    """Apprise logs addresses, which hold passwords: its log is not kept."""
    log = logging.getLogger("apprise")
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before


def notify_run(verbs: Verbs, recorder: Recorder) -> Outcome:
    """The last stage of a run: tells people what waits and what went wrong, in one message."""
    config, folder = verbs.config, verbs.folder
    what = message(config, folder, recorder.every_item(), run=recorder.run.id)
    if what is None:
        send_waiting(verbs)
        return Outcome("skipped", "nobody need be notified")
    if not config.notices.to:
        return Outcome("skipped", "[notices] names nobody who is to be notified", facts={"kinds": list(what.kinds)})
    problems = notify(verbs, what, recorder.run.id)
    facts = {"kinds": list(what.kinds), "addresses": len(config.notices.to), "failed": len(problems)}
    if problems:
        return Outcome("failed", " ".join(problems.values()), 1, facts)
    return Outcome("done", facts=facts)


def notify(verbs: Verbs, what: Message, run: int = 0) -> dict[str, str]:
    """Sends a message, and what did not go out before; returns by reference why it did not arrive.

    It is stored first, so that a process that is killed here sends it with its next run. Where the store cannot be
    written, it goes out all the same.
    """
    try:
        with verbs.write() as connection:
            notice = notices.add(connection, run or None, what.kinds, what.title, what.body, verbs.config.notices.to)
    except (RosterkitError, sqlite3.Error, OSError):
        return send(verbs.config, verbs.folder, what)
    return send_waiting(verbs).get(notice, {})


def send_waiting(verbs: Verbs) -> dict[int, dict[str, str]]:
    """Sends what did not go out yet; returns, by notice and reference, why something did not arrive."""
    with verbs.read() as connection:
        left = notices.waiting(connection)
    return {one.id: _send_stored(verbs, one) for one in left}


def _send_stored(verbs: Verbs, one: StoredNotice) -> dict[str, str]:
    known = [reference for reference in one.left if reference in verbs.config.notices.to]
    problems = send(verbs.config, verbs.folder, Message(one.title, one.body, one.kinds), known) if known else {}
    with suppress(RosterkitError, sqlite3.Error, OSError), verbs.write() as connection:
        notices.end(connection, one.id, tuple(problems), " ".join(problems.values()))
    return problems
