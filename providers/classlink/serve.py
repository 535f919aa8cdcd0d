"""The fake ClassLink as ``rosterkit fake classlink`` starts it: the proxy, with a partner's key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.oneroster.rest.fake import serving
from providers.oneroster.rest.fake_roster import invented, plant
from rosterkit.testing.fakes import Fake, Running

__all__ = ["FAKE"]


@contextmanager
def _serve(students: int, defects: bool, port: int) -> Iterator[Running]:
    roster = invented(students)
    planted = plant(roster) if defects else {}
    with serving(FakeClassLink(roster), port) as server:
        settings = {
            "kind": "classlink",
            "proxy_url": server.base,
            "partner_key": "env:CLASSLINK_KEY",
            "tenant_id": TENANT,
        }
        yield Running(server.base, settings, {"CLASSLINK_KEY": PARTNER_KEY}, planted)


FAKE = Fake("classlink", _serve)
