"""A neutral district served by the fakes, and what each source delivers of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import providers.classlink
import providers.clever
import providers.oneroster
import providers.oneroster.rest
import providers.table
from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever.fake import FakeClever
from providers.one_sis.district import AS_OF, Neutral
from providers.one_sis.files import write_clever_files, write_table
from providers.one_sis.shapes import clever, package, rest
from providers.oneroster.rest.fake import KEY, SECRET, FakeServer, serving
from rosterkit.compare.delivered import Delivered
from rosterkit.sources.base import Context, Source
from rosterkit.sources.findings import Findings
from rosterkit.testing.package import write_package

DAY = date.fromisoformat(AS_OF)
SECRETS = {"env:PARTNER": PARTNER_KEY, "env:SECRET": SECRET, "env:TOKEN": "a" * 40}


@contextmanager
def served(made: Neutral, folder: Path) -> Iterator[dict[str, tuple[Source, dict[str, Any]]]]:
    """Source and settings by name, while the three fakes run; the package is a file in that folder."""
    collections = rest(made)
    files = write_package(folder / "package.zip", package(made))
    with (
        serving(FakeServer(collections, auth="oauth1")) as plain,
        serving(FakeClassLink(collections)) as classlink,
        FakeClever(clever(made)) as api,
    ):
        yield {
            "oneroster": (providers.oneroster.SOURCE, {"path": str(files)}),
            "oneroster-rest": (
                providers.oneroster.rest.SOURCE,
                {"url": plain.base, "auth": "oauth1", "client_id": KEY, "client_secret": "env:SECRET"},
            ),
            "classlink": (
                providers.classlink.SOURCE,
                {"proxy_url": classlink.base, "partner_key": "env:PARTNER", "tenant_id": TENANT},
            ),
            "clever": (
                providers.clever.SOURCE,
                {"address": api.address, "token_address": api.address, "token": "env:TOKEN"},
            ),
            "clever-csv": (
                providers.clever.CSV_SOURCE,
                {"path": str(write_clever_files(made, folder / "clever.zip"))},
            ),
            "table": (
                providers.table.SOURCE,
                {"path": str(write_table(made, folder / "people.csv")), "rows": "people", "org_key": "sourced_id"},
            ),
        }


def delivered(made: Neutral, scratch: Path) -> list[Delivered]:
    """What every source delivers of the district."""
    with served(made, scratch) as sources:
        return [read_source(name, source, settings, scratch) for name, (source, settings) in sources.items()]


def read_source(name: str, source: Source, settings: dict[str, Any], scratch: Path) -> Delivered:
    context = Context(
        Findings(source.rules), DAY, scratch, scratch, secret=lambda reference: SECRETS.get(reference, reference)
    )
    extract = source.extract(source.Settings.model_validate(settings), context)
    return Delivered(name, source.kind, source.capabilities, extract)
