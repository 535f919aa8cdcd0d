"""What goes wrong on the way from each API, and how a pull must end: the table of ``test_faults``.

``whole``: everything came all the same. ``not whole``: what came is used, and nobody is missed for what did not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

import pytest

from providers.classlink.fake import FakeClassLink
from providers.clever.fake import FakeClever, Fault
from providers.oneroster.rest.fake import Ask, FakeServer, Reply

__all__ = ["FAULTS", "met_by"]

Act = Callable[[FakeServer, Ask], Reply | None]
Happened = Callable[[], bool]
"""Whether it went wrong as it was to."""


@dataclass(frozen=True)
class RestFault:
    """What a OneRoster server or ClassLink does with requests for ``of``, from number ``after`` on, ``times`` times."""

    act: Act
    of: str = "users"
    after: int = 1
    times: int = 10**9
    outcome: str = "not whole"

    def start(self, fake: FakeServer, _monkeypatch: pytest.MonkeyPatch) -> Happened:
        seen = 0

        def fault(ask: Ask, _count: int) -> Reply | None:
            nonlocal seen
            if self.of != "*" and not ask.path.endswith(f"/{self.of}"):
                return None
            seen += 1
            return self.act(fake, ask) if self.after < seen <= self.after + self.times else None

        fake.fault = fault
        return lambda: seen > self.after


@dataclass(frozen=True)
class CleverFault:
    """The faults that Clever's server is given, or what else is done to it."""

    faults: tuple[Fault, ...] = ()
    outcome: str = "not whole"
    change: Callable[[FakeClever], None] = lambda _server: None

    def start(self, server: FakeClever, _monkeypatch: pytest.MonkeyPatch) -> Happened:
        planted = [replace(fault) for fault in self.faults]
        server.faults = planted
        self.change(server)
        return lambda: all(fault.happened for fault in planted)


@dataclass(frozen=True)
class WrongClock:
    """A server whose clock is an hour ahead, and which then asks to wait for a second."""

    outcome: str = "whole"

    def start(self, server: FakeServer | FakeClever, monkeypatch: pytest.MonkeyPatch) -> Happened:
        real = BaseHTTPRequestHandler.date_time_string
        monkeypatch.setattr(
            BaseHTTPRequestHandler,
            "date_time_string",
            lambda self, timestamp=None: real(self, (timestamp or time.time()) + 3600),
        )
        if isinstance(server, FakeClever):
            answers = iter([int(time.time()) + 3601])
            monkeypatch.setattr(server, "over_limit", lambda: next(answers, None))
            return lambda: next(answers, None) is None
        later = Reply(429, b"{}", {"Retry-After": httpdate(time.time() + 3601)})
        return RestFault(lambda _fake, _ask: later, times=1).start(server, monkeypatch)


def httpdate(at: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at))


def answer(status: int, body: bytes = b"{}", headers: dict[str, str] | None = None, kind: str = "text/plain") -> Act:
    return lambda _fake, _ask: Reply(status, body, headers or {}, kind)


def dropped(at: int) -> Act:
    return lambda fake, ask: replace(fake.data(ask), cut=at)


def truncated(fake: FakeServer, ask: Ask) -> Reply:
    reply = fake.data(ask)
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def first_page(fake: FakeServer, ask: Ask) -> Reply:
    return fake.data(replace(ask, query={**ask.query, "offset": "0"}))


def one_less(fake: FakeServer, ask: Ask) -> Reply:
    """A record of the first page is gone: the next page begins one record later than it should."""
    fake.roster = {**fake.roster, "users": fake.roster["users"][1:]}
    return fake.data(ask)


def new_token(fake: FakeServer, _ask: Ask) -> None:
    """What was accepted until now is no longer accepted; whoever asks for a token gets another."""
    if isinstance(fake, FakeClassLink):
        fake.bearer = "0d5c1f6e-2222-4aaa-9bbb-000000000002"
    fake.tokens.clear()


def new_permissions(fake: FakeServer, _ask: Ask) -> None:
    if isinstance(fake, FakeClassLink):
        fake.revision = "rev-2"


def rotated(server: FakeClever) -> None:
    """The token changes when users are asked for; the list of tokens has the new one."""

    def fault(resource: str) -> None:
        if resource == "users":
            server.token = "c" * 40

    vars(server)["fault"] = fault


OF_CLASSLINK = ("permissions that change once",)
HTML = b"<!DOCTYPE html><title>Maintenance</title>"
BUSY = {"Retry-After": "0"}

FAULTS: dict[str, tuple[RestFault | WrongClock | None, CleverFault | WrongClock | None]] = {
    # what a OneRoster server and ClassLink do, and what Clever does; None: it has no such way to fail
    "dropped at byte 0": (RestFault(dropped(0)), CleverFault((Fault("users", "drop", 0, skip=1),))),
    "dropped at byte 1": (RestFault(dropped(1)), CleverFault((Fault("users", "drop", 1, skip=1),))),
    "dropped at byte 700": (RestFault(dropped(700)), CleverFault((Fault("users", "drop", 700, skip=1),))),
    "dropped among the members of classes": (
        RestFault(dropped(300), of="enrollments"),
        CleverFault((Fault("sections", "drop", 300),)),
    ),
    "dropped once": (
        RestFault(dropped(300), times=1, outcome="whole"),
        CleverFault((Fault("users", "drop", 300, skip=1, times=1),), "whole"),
    ),
    "a storm of 429 that passes": (
        RestFault(lambda fake, ask: None if len(fake.log) % 2 else Reply(429, b"{}", BUSY), "*", 0, outcome="whole"),
        CleverFault(tuple(Fault(of, "status", 429, times=1) for of in ("schools", "users", "sections")), "whole"),
    ),
    "429 for ever": (RestFault(answer(429, headers=BUSY)), CleverFault((Fault("users", "status", 429, skip=1),))),
    "429 until tomorrow": (
        RestFault(answer(429, headers={"Retry-After": "86400"})),
        CleverFault(change=lambda server: vars(server).update(limit=7, window=86400.0)),
    ),
    "500 and 503 that pass": (
        RestFault(answer(503, HTML, kind="text/html"), times=1, outcome="whole"),
        CleverFault((Fault("users", "status", 500, times=1), Fault("sections", "status", 503, times=1)), "whole"),
    ),
    "500 for ever": (
        RestFault(answer(500, b"oops"), of="enrollments"),
        CleverFault((Fault("sections", "status", 500, skip=1),)),
    ),
    "503 from the start": (RestFault(answer(503), after=0), CleverFault((Fault("users", "status", 503),))),
    "a page of HTML": (RestFault(answer(200, HTML, kind="text/html")), CleverFault((Fault("users", "html", skip=1),))),
    "HTML that says it is JSON": (RestFault(answer(200, HTML, kind="application/json")), None),
    "JSON cut short": (RestFault(truncated), CleverFault((Fault("users", "truncate", 400, skip=1),))),
    "a 200 without a list": (RestFault(answer(200)), CleverFault((Fault("users", "unlisted", skip=1),))),
    "an end that comes early": (
        RestFault(answer(200, b'{"users":[]}')),
        CleverFault((Fault("users", "last", skip=1),)),
    ),
    "a page that comes again": (RestFault(first_page), CleverFault((Fault("users", "repeat", skip=1),))),
    "records that move while they are read": (RestFault(one_less), None),  # Clever goes by id: none is passed over
    "permissions that change once": (RestFault(new_permissions, outcome="whole"), None),
    "a token that expires and is given anew": (
        RestFault(new_token, times=1, outcome="whole"),
        CleverFault((), "whole", rotated),
    ),
    "a token that is withdrawn": (RestFault(answer(401)), CleverFault((Fault("users", "status", 401, skip=1),))),
    "a list that is refused half-way": (RestFault(answer(403)), CleverFault((Fault("users", "status", 404, skip=1),))),
    "a list that is no longer shared": (
        RestFault(answer(403), of="classes", after=0),
        CleverFault((Fault("users", "status", 404),)),
    ),
    "nothing is shared": (RestFault(answer(404), of="*", after=0), CleverFault((Fault("districts", "status", 404),))),
    "a clock that is an hour ahead": (WrongClock(), WrongClock()),
}


def met_by(kind: str) -> list[str]:
    """The faults that a kind of source can meet."""
    at = 1 if kind == "clever" else 0
    return [name for name, pair in FAULTS.items() if pair[at] and (kind == "classlink" or name not in OF_CLASSLINK)]
