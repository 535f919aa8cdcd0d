"""The district of docs/for-admins.md: a package, ClassLink and Clever of one SIS, each with what is usual of it."""

from __future__ import annotations

import copy
import csv
from pathlib import Path

from rich.console import Console

import providers.classlink
import providers.clever
import providers.guardians
import providers.oneroster
from providers.classlink.fake import TENANT, FakeClassLink
from providers.clever.fake import FakeClever
from providers.one_sis.district import Neutral, generated
from providers.one_sis.serving import DAY, read_source
from providers.one_sis.shapes import clever, package, rest
from providers.oneroster.rest.fake import serving
from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.delivered import Delivered
from rosterkit.compare.settings import CompareSettings
from rosterkit.render import compare_text
from rosterkit.testing.package import write_package

STUDENTS = 1_000


def choice(folder: Path) -> list[Delivered]:
    """What the three and a guardian file deliver."""
    made = generated(folder, STUDENTS)
    export = write_package(folder / "export.zip", package(_without_links(made)))
    families = _families(made, folder / "families.csv")
    with (
        serving(FakeClassLink(rest(_guardians_at_district(made)))) as classlink,
        FakeClever(clever(_of_clever(made))) as api,
    ):
        api.unshared.add("contact")
        return [
            read_source("sis-export", providers.oneroster.SOURCE, {"path": str(export)}, folder),
            read_source(
                "classlink",
                providers.classlink.SOURCE,
                {"proxy_url": classlink.base, "partner_key": "env:PARTNER", "tenant_id": TENANT},
                folder,
            ),
            read_source(
                "clever",
                providers.clever.SOURCE,
                {"address": api.address, "token_address": api.address, "token": "env:TOKEN"},
                folder,
            ),
            read_source("families", providers.guardians.SOURCE, {"path": str(families)}, folder),
        ]


def _without_links(made: Neutral) -> Neutral:
    """An export whose users.csv has guardians and says of none whose they are (C24)."""
    changed = copy.deepcopy(made)
    changed.links = {}
    return changed


def _guardians_at_district(made: Neutral) -> Neutral:
    """Every third guardian belongs to the district (C19)."""
    changed = copy.deepcopy(made)
    for row in changed.guardians[::3]:
        row["orgSourcedIds"] = changed.district
    return changed


def _of_clever(made: Neutral) -> Neutral:
    """Forty students are not shared, thirty attend a second school (C33), and some addresses are newer."""
    changed = copy.deepcopy(made)
    gone = {row["sourcedId"] for row in changed.students[:40]}
    changed.files["users"] = [row for row in changed.files["users"] if row["sourcedId"] not in gone]
    changed.files["enrollments"] = [row for row in changed.files["enrollments"] if row["userSourcedId"] not in gone]
    changed.links = {pair: link for pair, link in changed.links.items() if pair[1] not in gone}
    for row in changed.students[100:130]:
        row["orgSourcedIds"] = f"{row['orgSourcedIds']},{changed.schools[-1]['sourcedId']}"
    for row in changed.students[200:225]:
        row["email"] = f"new.{row['email']}"
    return changed


def _families(made: Neutral, path: Path) -> Path:
    """A guardian file of nearly everybody."""
    people = {row["sourcedId"]: row for row in made.files["users"]}
    columns = ("student_number", "guardian_id", "first_name", "last_name", "relationship", "email", "phone")
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(columns)
        for guardian, student in sorted(made.links)[:-12]:
            one, number = people[guardian], people[student]["identifier"]
            rows.writerow([number, guardian, one["givenName"], one["familyName"], "Mother", one["email"], one["phone"]])
    return path


def compared(folder: Path, settings: CompareSettings | None = None) -> Comparison:
    """The comparison that the page walks through."""
    return compare(choice(folder), settings or CompareSettings(), DAY)


def printed(comparison: Comparison) -> str:
    """As on a terminal of 120 columns."""
    console = Console(width=120, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        compare_text.comparison(console, comparison)
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
