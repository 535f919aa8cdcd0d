"""The worst that could happen: a table counts as full, and records are missing. No fault of an answer may do that."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from depth import DEEP
from rest_runs import read, rows

from providers.oneroster.rest.fake import Ask, FakeServer, Reply, failure, serving
from providers.oneroster.rest.fake_roster import invented
from rosterkit.errors import SourceUnreadable

STYLES: dict[str, dict[str, Any]] = {
    "total": {"total": True, "link": False},
    "link": {"total": False, "link": True},
    "both": {"total": True, "link": True},
    "neither": {"total": False, "link": False},
}
ENTITIES = {"orgs": "Org", "classes": "Class", "users": "User", "enrollments": "Enrollment"}


def changed(reply: Reply, change: Callable[[list[Any]], list[Any]], headers: dict[str, str] | None = None) -> Reply:
    body = json.loads(reply.body)
    name = next(iter(body))
    kept = reply.headers if headers is None else headers
    return Reply(reply.status, json.dumps({name: change(body[name])}).encode(), kept)


Fault = Callable[[Reply, random.Random], Reply]
LOUD: dict[str, Fault] = {
    "cut": lambda reply, dice: Reply(200, reply.body, reply.headers, cut=dice.randrange(len(reply.body))),
    "truncated": lambda reply, dice: Reply(200, reply.body[: dice.randrange(len(reply.body))], reply.headers),
    "status": lambda _, dice: failure(dice.choice([400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504]), "x", "1.2"),
    "error": lambda _, dice: Reply(200, failure(200, "server_busy", dice.choice(["1.2", "1.1-text"])).body),
    "no list": lambda reply, dice: Reply(
        200, dice.choice([b"{}", b"null", b"7", b'""', b'{"users":{}}']), reply.headers
    ),
    "html": lambda _, __: Reply(200, b"<html>", kind="text/html"),
    "redirect": lambda _, __: Reply(302, b"", {"Location": "/"}),
    "twice": lambda reply, __: changed(reply, lambda page: page + page[:1]),
    "no headers": lambda reply, __: Reply(200, reply.body),
}
SILENT: dict[str, Fault] = {  # nobody can see these where neither counts nor links are sent
    "shorter": lambda reply, __: changed(reply, lambda page: page[:-1]),
    "empty": lambda reply, __: changed(reply, lambda _page: []),
    "another total": lambda reply, dice: Reply(
        200, reply.body, reply.headers | {"X-Total-Count": str(dice.randrange(60))}
    ),
}


def pull(style: str, seed: int) -> None:
    dice = random.Random(seed)
    faults = LOUD | (SILENT if STYLES[style]["total"] else {})
    fault, at, times = dice.choice(sorted(faults)), dice.randrange(1, 30), dice.choice([1, 2, 10**6])
    roster = invented(6)
    truth = {name: {record["sourcedId"] for record in records} for name, records in roster.items()}
    with serving(FakeServer(roster, cap=dice.choice([4, 7, 1000]), **STYLES[style])) as fake:

        def broken(ask: Ask, count: int) -> Reply | None:
            reply = fake.data(ask)
            return faults[fault](reply, dice) if at <= count < at + times and reply.status == 200 else None

        fake.fault = broken
        try:
            extract = read(fake, page_size=dice.choice([5, 100]), collections=list(ENTITIES))
        except SourceUnreadable:
            return
    for name, entity in ENTITIES.items():
        table = extract.table(entity)
        assert table is not None
        if table.coverage == "full":
            protected = set(table.invalid["sourced_id"])
            assert set(rows(extract, entity)["sourced_id"]) | protected == truth[name], (fault, at, times)
        else:
            assert table.reason


@pytest.mark.deep
@pytest.mark.parametrize("style", STYLES)
def test_whatever_goes_wrong_a_full_table_is_full(style: str) -> None:
    for seed in range(100 if DEEP else 6):
        pull(style, seed)
