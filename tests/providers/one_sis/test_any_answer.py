"""Whatever a server answers, with values, shapes, bytes and headers at random: a source reads it or says why not."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever import fake as clever_fake
from providers.clever.fake import FakeClever, invent
from providers.oneroster.rest.fake import KEY, SECRET, Ask, FakeServer, Reply, serving
from providers.oneroster.rest.fake_roster import invented
from rosterkit import registry
from rosterkit.errors import SourceUnreadable
from rosterkit.sources import http
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.extract_checks import checked
from rosterkit.sources.findings import Findings

SECRETS = {"env:S": SECRET, "env:P": PARTNER_KEY, "env:T": "a" * 40}
QUICK = http.HttpLimits(attempts=2, wait_initial=0.001, wait_max=0.01, wait_asked=1, read=2, whole=3)
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 10**40, 2**63, "", "\0", "\x1b[2J", "\ud83d", "\u202e", "x" * 70_000, "NULL", "a:b",
    "%", "2026-13-45", "0000-01-01", "9999-12-31", "10000-01-01T00:00:00Z", [], {}, [[]], [{}], [None], ["a", 1, None],
    {"a": {"b": [1]}}, {"sourcedId": None}, [{"sourcedId": ["a"]}], '{"a":1}',
]  # fmt: skip
NAMES = ["X-Total-Count", "x-count", "x-perm-rev", "Link", "Retry-After", "Date", "Content-Type", "Content-Encoding"]
NAMES += ["Set-Cookie", "X-RateLimit-Reset", "Location"]
TEXTS = ["", "-1", "1e9", "9" * 20, "9" * 5000, "\xb2", "a=\xe9", "<", "<a>; rel=next", "; ;", "gzip", "gzip, gzip"]
TEXTS += ["text/html; charset=utf-7", "Mon, 01 Jan 99999999999 00:00:00 GMT", '<?x={y}>; rel="next"', "file:///etc/x"]


class Chance:
    """Changes some of the answers."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def changed(self, value: Any) -> Any:
        """The JSON value with something in it replaced, doubled or taken out."""
        dice = self.dice
        if isinstance(value, dict) and value and dice.random() < 0.9:
            name = dice.choice(list(value))
            if dice.random() < 0.1:
                value.pop(name)
            elif dice.random() < 0.1:
                value[dice.choice(["id", "sourcedId", "data", "", "\ud83d"])] = dice.choice(VALUES)
            else:
                value[name] = self.changed(value[name])
            return value
        if isinstance(value, list) and value and dice.random() < 0.9:
            at = dice.randrange(len(value))
            if dice.random() < 0.1:
                value.pop(at)
            elif dice.random() < 0.1:
                value.append(copy.deepcopy(value[at]))
            else:
                value[at] = self.changed(value[at])
            return value
        return copy.deepcopy(dice.choice(VALUES))

    def body(self, content: bytes) -> bytes:
        if self.dice.random() < 0.15:
            raw = bytearray(content)
            for _ in range(3 if raw else 0):
                raw[self.dice.randrange(len(raw))] = self.dice.randrange(256)
            return bytes(raw)
        try:
            value = json.loads(content)
        except ValueError:
            return content
        for _ in range(self.dice.randrange(1, 5)):
            value = self.changed(value)
        return json.dumps(value).encode()

    def header(self) -> dict[str, str]:
        return {self.dice.choice(NAMES): self.dice.choice(TEXTS)} if self.dice.random() < 0.4 else {}

    def reply(self, reply: Reply) -> Reply | None:
        if self.dice.random() > 0.3:
            return None
        status = (
            reply.status if self.dice.random() < 0.9 else self.dice.choice([201, 204, 206, 301, 304, 400, 429, 500])
        )
        return replace(reply, status=status, body=self.body(reply.body), headers=reply.headers | self.header())


@contextmanager
def served(kind: str, chance: Chance) -> Iterator[Mapping[str, Any]]:
    """Settings of a source whose server answers by chance."""
    if kind == "clever":
        sends = clever_fake._Handler._bytes

        def sent(handler: Any, status: int, content: bytes, headers: dict[str, str], **more: Any) -> None:
            if chance.dice.random() < 0.3:
                content, headers = chance.body(content), headers | chance.header()
            sends(handler, status, content, headers, **more)

        with FakeClever(invent(8)) as server, pytest.MonkeyPatch.context() as patch:
            server.update("schools", server.data.records["schools"][0])
            patch.setattr(clever_fake._Handler, "_bytes", sent)
            yield {"token": "env:T", "address": server.address, "token_address": server.address, "page_size": 9}
        return
    version = chance.dice.choice(["1.1", "1.2"]) if kind == "oneroster-rest" else "1.1"
    roster = invented(4, version=version)
    auth = chance.dice.choice(["oauth1", "oauth2"])
    fake = FakeClassLink(roster) if kind == "classlink" else FakeServer(roster, version, auth, cap=5, link=True)

    def fault(ask: Ask, _count: int) -> Reply | None:
        return chance.reply(fake.data(ask))

    fake.fault = fault
    with serving(fake):
        if kind == "classlink":
            yield {"proxy_url": fake.base, "partner_key": "env:P", "tenant_id": TENANT}
        else:
            token = {"token_url": f"{fake.base}/token"} if auth == "oauth2" else {}
            keys = {"client_id": KEY, "client_secret": "env:S", "auth": auth, **token}
            yield {"url": fake.base, "version": version, "page_size": 5, **keys}


def extract(kind: str, given: Mapping[str, Any]) -> Extract:
    source = registry.source(kind)
    context = Context(
        Findings(source.rules), date(2026, 10, 1), Path("unused"), Path(), demographics=True,
        secret=lambda text: SECRETS.get(text, text),
    )  # fmt: skip
    return source.extract(source.Settings.model_validate(given), context)


@pytest.mark.deep(only="a server for each example")
@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster-rest"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_any_answer_is_read_or_refused(kind: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("oneroster.rest.session.LIMITS", "classlink.session.LIMITS", "clever.source.CleverApi.limits"):
        monkeypatch.setattr(f"providers.{name}", QUICK)
    with served(kind, Chance(seed)) as given_settings:
        try:
            made = checked(extract(kind, given_settings))
        except SourceUnreadable:
            return
        for table in made.tables:
            table.rows.collect()
            assert table.coverage == "full" or table.reason
