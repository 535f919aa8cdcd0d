"""The fake Clever as ``rosterkit fake clever`` starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from providers.clever.fake import FakeClever, invent
from providers.clever.fake_defects import plant
from rosterkit.testing.fakes import Fake, Running

__all__ = ["FAKE"]


@contextmanager
def _serve(students: int, defects: bool, port: int) -> Iterator[Running]:
    data = invent(students)
    if defects:
        plant(data)
    with FakeClever(data, port=port) as server:
        settings = {"kind": "clever", "token": "env:CLEVER_TOKEN", "address": server.address}
        secrets = {"CLEVER_TOKEN": server.token}
        yield Running(server.address, settings | {"token_address": server.address}, secrets, data.defects)


FAKE = Fake("clever", _serve)
