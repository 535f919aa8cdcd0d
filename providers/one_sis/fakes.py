"""The servers that ``rosterkit fake`` starts: each shows the same invented district as its vendor would."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever.fake import FakeClever
from providers.clever.fake_defects import plant as plant_in_clever
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, invented
from providers.one_sis.shapes import rest
from providers.oneroster.rest.fake import KEY, SECRET, FakeServer, serving
from providers.oneroster.rest.fake_roster import Roster, plant
from rosterkit.errors import UsageError
from rosterkit.sources.fake_server import Fake, Invented, Running

_LEAST = 200
"""So many students give each defect a family of its own."""


def _district(asked: Invented) -> Neutral:
    if asked.defects and asked.students < _LEAST:
        raise UsageError(f"Defects need a district of at least {_LEAST} students.")
    with tempfile.TemporaryDirectory() as folder:
        made = invented(Path(folder), asked.students, asked.seed)
    return replace(made, stamp=f"{asked.changed}T00:00:00.000Z") if asked.changed else made


def _collections(asked: Invented) -> tuple[Roster, dict[str, int]]:
    """The collections of OneRoster, and how many findings what is planted in them makes."""
    roster = rest(_district(asked))
    return roster, dict(plant(roster)) if asked.defects else {}


@contextmanager
def _clever(asked: Invented, port: int) -> Iterator[Running]:
    data = clever(_district(asked))
    if asked.defects:
        plant_in_clever(data)
    with FakeClever(data, port=port) as server:
        settings = {"kind": "clever", "token": "env:CLEVER_TOKEN", "address": server.address}
        secrets = {"CLEVER_TOKEN": server.token}
        yield Running(server.address, settings | {"token_address": server.address}, secrets, data.defects)


@contextmanager
def _classlink(asked: Invented, port: int) -> Iterator[Running]:
    roster, planted = _collections(asked)
    with serving(FakeClassLink(roster), port) as server:
        settings = {
            "kind": "classlink",
            "proxy_url": server.base,
            "partner_key": "env:CLASSLINK_KEY",
            "tenant_id": TENANT,
        }
        yield Running(server.base, settings, {"CLASSLINK_KEY": PARTNER_KEY}, planted)


@contextmanager
def _oneroster(asked: Invented, port: int) -> Iterator[Running]:
    roster, planted = _collections(asked)
    with serving(FakeServer(roster), port) as server:
        settings = {
            "kind": "oneroster-rest",
            "url": server.base,
            "client_id": KEY,
            "client_secret": "env:ONEROSTER_SECRET",
            "token_url": f"{server.base}/token",
        }
        yield Running(server.base, settings, {"ONEROSTER_SECRET": SECRET}, planted)


CLEVER = Fake("clever", _clever)
CLASSLINK = Fake("classlink", _classlink)
ONEROSTER = Fake("oneroster-rest", _oneroster)
