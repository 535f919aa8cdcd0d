"""Runs of the ClassLink source against its fake."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from providers.classlink import SOURCE
from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.oneroster.rest.fake import KEY, SECRET
from providers.oneroster.rest.fake_roster import Roster, invented
from rosterkit.sources.base import Context, Extract
from rosterkit.sources.findings import Findings
from rosterkit.sources.http import HttpLimits

QUICK = HttpLimits(attempts=3, wait_initial=0.001, wait_max=0.01, wait_asked=1, read=2, whole=3)
AS_OF = date(2026, 10, 20)
SECRETS = {"env:PARTNER": PARTNER_KEY, "env:SECRET": SECRET}


def district(students: int = 60) -> Roster:
    """The invented district as ClassLink sends it (B1.5): several kinds of user ids, titles that repeat themselves."""
    roster = invented(students)
    for user in roster["users"]:
        user["userIds"] = [{"type": "Fed", "identifier": f"F{user['sourcedId']}"}, *user["userIds"]]
    for record in roster["classes"]:
        record["title"] = f"{record['title']} ({record['title']})"
    return roster


def read(fake: FakeClassLink, *, at: dict[str, Any] | None = None, **more: Any) -> Extract:
    given: dict[str, Any] = {"proxy_url": fake.base, "partner_key": "env:PARTNER", "tenant_id": TENANT}
    if more.get("access") == "direct":
        given = {"url": fake.base, "client_id": KEY, "client_secret": "env:SECRET"}
    context = Context(
        findings=Findings(SOURCE.rules),
        scratch=Path("unused"),
        folder=Path(),
        secret=lambda reference: SECRETS.get(reference, reference),
        **{"as_of": AS_OF, "demographics": True, **(at or {})},
    )
    settings: Any = SOURCE.Settings(**given | more)
    return SOURCE.extract(settings, context)


def rows(extract: Extract, entity: str) -> pl.DataFrame:
    table = extract.table(entity)
    assert table is not None, f"no table of {entity}"
    return table.rows.collect()


def coverage(extract: Extract) -> dict[str, str]:
    return {table.entity: str(table.coverage) for table in extract.tables}


def met(extract: Extract) -> Counter[str]:
    """How many findings there are of each rule."""
    return Counter(extract.findings["rule"].to_list())
