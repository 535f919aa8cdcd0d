"""Every source of a whole roster passes the conformance kit that rosterkit ships."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import providers.classlink
import providers.clever
import providers.oneroster
import providers.oneroster.rest
from providers.classlink.fake import PARTNER_KEY, TENANT, FakeClassLink
from providers.clever.fake import FakeClever, Fault
from providers.one_sis.clever_csv_shape import write_files
from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, invented
from providers.one_sis.shapes import package, rest
from providers.oneroster.rest.fake import KEY, SECRET, Ask, FakeServer, Reply, serving
from rosterkit.sources import http
from rosterkit.testing.package import csv_text, manifest_text
from rosterkit.testing.source_cases import Deliver, SourceCase, files
from rosterkit.testing.source_suite import source_suite

with tempfile.TemporaryDirectory() as _folder:
    MADE = invented(Path(_folder), 20, seed=6)
    CLEVER_FILES = {
        path.name: path.read_text(encoding="utf-8") for path in write_files(MADE, Path(_folder) / "files").iterdir()
    }
NAMES = sorted({row["familyName"] for row in MADE.files["users"] if len(row["familyName"]) > 6})
NO_COLUMNS = {"misspelt-column": "fields have names of their own in JSON; one that nobody has is a missing column"}
ROWS = {name: len(rows) for name, rows in MADE.files.items()}
LINKS = sum(len(link["sides"]) for link in MADE.links.values())
TERMS = sum(len(row["termSourcedIds"].split(",")) for row in MADE.files["classes"])
ROLES = sum(len(row["orgSourcedIds"].split(",")) for row in MADE.files["users"])
OF_ONEROSTER = {
    "Org": ROWS["orgs"],
    "AcademicSession": ROWS["academicSessions"],
    "Course": ROWS["courses"],
    "Class": ROWS["classes"],
    "ClassTerm": TERMS,
    "User": ROWS["users"],
    "Role": ROLES,
    "Enrollment": ROWS["enrollments"],
    "GuardianLink": LINKS,
    "Demographics": ROWS["demographics"],
}


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    real = http.Api.__init__

    def quick(self: Any, *arguments: Any, **named: Any) -> None:
        limits = named.get("limits") or http.HttpLimits()
        named["limits"] = replace(limits, attempts=2, wait_initial=0.001, wait_max=0.01, read=2.0, whole=3.0)
        real(self, *arguments, **named)

    monkeypatch.setattr(http.Api, "__init__", quick)


# the servers


def clever_server(change: Callable[[FakeClever], object] = lambda _server: None) -> Deliver:
    @contextmanager
    def deliver(_folder: Path) -> Iterator[Mapping[str, Any]]:
        with FakeClever(clever(MADE), events_on=False) as server:
            change(server)
            os.environ["CONFORMANCE_SECRET"] = server.token
            address = {"address": server.address, "token_address": server.address}
            yield {"token": "env:CONFORMANCE_SECRET", "page_size": 40, **address}

    return deliver


def rest_server(
    make: Callable[[Any], FakeServer], settings: Callable[[FakeServer], dict[str, Any]], secret: str
) -> Callable[..., Deliver]:
    def server(
        change: Callable[[Any], object] = lambda _roster: None, fault: Callable[[Ask, int], Reply | None] | None = None
    ) -> Deliver:
        @contextmanager
        def deliver(_folder: Path) -> Iterator[Mapping[str, Any]]:
            roster = rest(MADE)
            change(roster)
            fake = make(roster)
            fake.fault = fault or fake.fault
            os.environ["CONFORMANCE_SECRET"] = secret
            with serving(fake) as running:
                yield settings(running)

        return deliver

    return server


classlink = rest_server(
    FakeClassLink,
    lambda fake: {
        "proxy_url": fake.base,
        "partner_key": "env:CONFORMANCE_SECRET",
        "tenant_id": TENANT,
        "page_size": 100,
    },
    PARTNER_KEY,
)
oneroster = rest_server(
    FakeServer,
    lambda fake: {
        "url": fake.base,
        "page_size": 50,
        "client_id": KEY,
        "client_secret": "env:CONFORMANCE_SECRET",
        "token_url": f"{fake.base}/token",
    },
    SECRET,
)


def answers(reply: Callable[[], Reply], skip: int = 0) -> Callable[[Ask, int], Reply | None]:
    """In the place of users, after so many requests for them."""
    seen = [0]

    def fault(ask: Ask, _count: int) -> Reply | None:
        seen[0] += ask.path.endswith("/users")
        return reply() if ask.path.endswith("/users") and seen[0] > skip else None

    return fault


def without_id(roster: Any) -> None:
    del roster["users"][3]["sourcedId"]


def odd(roster: Any) -> None:
    roster["users"][1] = {"sourcedId": {"a": 1}, "givenName": ["x"], "orgs": "y", "enabledUser": [], "role": 7}
    roster["classes"][0] |= {"grades": {"a": [1]}, "terms": "z", "school": [], "metadata": [["deep"]]}
    roster["enrollments"][0] = None


def shuffled(roster: Any) -> None:
    for records in roster.values():
        records.reverse()


def rest_case(name: str, server: Callable[..., Deliver]) -> SourceCase:
    return SourceCase(
        name,
        server(),
        OF_ONEROSTER,
        {("Org", min(org["sourcedId"] for org in MADE.files["orgs"])): ("orgs", 1)},  # records come by id
        shuffled=server(shuffled) if name == "oneroster-rest" else None,  # ClassLink sorts by id
        personal=NAMES,
        damaged={
            "cut-short": server(fault=answers(lambda: Reply(200, b'{"users":[', cut=5))),
            "header-only": server(lambda roster: roster["users"].clear()),
            "missing": server(fault=answers(lambda: Reply(404, b"{}"))),
            "unreadable-key": server(without_id),
        },
        bad={"odd values": server(odd), "HTML": server(fault=answers(lambda: Reply(200, b"<html>")))},
        not_applicable=NO_COLUMNS,
        damaged_entities=("User",),
        demographics=True,
    )


def clever_case() -> SourceCase:
    def keyless(server: FakeClever) -> None:
        server.data.records["users"][3].pop("id")

    def strange(server: FakeClever) -> None:
        server.data.records["users"][1]["roles"] = {"student": {"grade": ["x"], "school": 7, "schools": "y"}}
        server.data.records["users"][2]["name"] = "z"

    def faulty(fault: Fault) -> Deliver:
        return clever_server(lambda server: server.faults.append(fault))

    guardians = {guardian for guardian, _ in MADE.links}
    alone = sum(1 for row in MADE.guardians if row["sourcedId"] not in guardians)
    users = ROWS["users"] - alone
    first = clever(MADE).records["schools"][0]
    return SourceCase(
        "clever",
        clever_server(),
        {
            "Org": ROWS["orgs"],
            "AcademicSession": ROWS["academicSessions"],
            "Course": ROWS["courses"],
            "Class": len(clever(MADE).records["sections"]),
            "ClassTerm": sum("term_id" in section for section in clever(MADE).records["sections"]),
            "User": users,
            "Role": ROLES - alone,
            "Enrollment": ROWS["enrollments"],
            "GuardianLink": len(MADE.links),
            "Demographics": ROWS["demographics"],
        },
        {("Org", first["id"]): ("schools", 1)},
        shuffled=None,  # Clever sorts by id
        personal=NAMES,
        damaged={
            "cut-short": faulty(Fault("users", "drop", 300, skip=1)),
            "header-only": clever_server(lambda server: server.data.records["users"].clear()),
            "missing": clever_server(lambda server: server.unshared.add("users")),
            "unreadable-key": clever_server(keyless),
        },
        bad={"odd values": clever_server(strange), "HTML": faulty(Fault("users", "html"))},
        not_applicable=NO_COLUMNS,
        damaged_entities=("User",),
        demographics=True,
    )


# files


def oneroster_files(change: Callable[[dict[str, str]], object] = lambda _contents: None) -> Deliver:
    from providers.oneroster.spec import FILES

    contents = {
        f"package/{name}.csv": csv_text(FILES["1.1"][name].header, rows) for name, rows in package(MADE).items()
    }
    contents["package/manifest.csv"] = manifest_text(dict.fromkeys(package(MADE), "bulk"))
    change(contents)
    return files(contents, {"path": "package"})


def oneroster_case() -> SourceCase:
    name = "package/users.csv"

    def edit(how: Callable[[str], str]) -> Deliver:
        return oneroster_files(lambda contents: contents.update({name: how(contents[name])}))

    def reverse(contents: dict[str, str]) -> None:
        for key, text in contents.items():
            head, *lines = text.splitlines()
            contents[key] = "\n".join([head, *reversed(lines), ""])

    return SourceCase(
        "oneroster",
        oneroster_files(),
        OF_ONEROSTER,
        {("Org", MADE.files["orgs"][0]["sourcedId"]): ("orgs.csv", 2)},
        shuffled=oneroster_files(reverse),
        personal=NAMES,
        damaged={
            "cut-short": edit(lambda text: text[: int(len(text) * 0.6)].rsplit(",", 3)[0]),
            "header-only": edit(lambda text: text.splitlines()[0] + "\n"),
            "missing": oneroster_files(lambda contents: contents.pop(name)),
            "misspelt-column (role)": edit(lambda text: text.replace(",role,", ",roel,", 1)),
            "unreadable-key": edit(lambda text: "\n".join([*text.splitlines()[:-1], ",,,x,x", ""])),
        },
        damaged_entities=("User",),
        demographics=True,
    )


def clever_files(change: Callable[[dict[str, str]], object] = lambda _contents: None) -> Deliver:
    contents = {f"files/{name}": text for name, text in CLEVER_FILES.items()}
    change(contents)
    return files(contents, {"path": "files"})


def clever_csv_case(made: Neutral) -> SourceCase:
    name = "files/teachers.csv"

    def edit(how: Callable[[str], str]) -> Deliver:
        return clever_files(lambda contents: contents.update({name: how(contents[name])}))

    api = clever_case().rows
    sections = clever(made).records["sections"]
    used = {
        row["courseSourcedId"]
        for row in made.files["classes"]
        if any(s["sis_id"] == row["sourcedId"] for s in sections)
    }
    rows = {**api, "Course": len(used), "AcademicSession": len({s["term_id"] for s in sections})}
    return SourceCase(
        "clever-csv",
        clever_files(),
        rows,
        {("Org", made.schools[0]["sourcedId"]): ("schools.csv", 2)},
        shuffled=None,  # the first line of a person at several schools names the primary one
        personal=NAMES,
        damaged={
            "cut-short": edit(lambda text: text[: int(len(text) * 0.6)].rsplit(",", 1)[0]),
            "header-only": edit(lambda text: text.splitlines()[0] + "\n"),
            "missing": clever_files(lambda contents: contents.pop(name)),
            "misspelt-column (Last_name)": edit(lambda text: text.replace("Last_name", "Lastnmae", 1)),
            "unreadable-key": edit(lambda text: text.rstrip("\n") + "\n,,,,,,\n"),
        },
        damaged_entities=("Nobody",),
        demographics=True,
    )  # fmt: skip


test_clever = source_suite(providers.clever.SOURCE, [clever_case()])
test_clever_csv = source_suite(providers.clever.CSV_SOURCE, [clever_csv_case(MADE)])
test_classlink = source_suite(providers.classlink.SOURCE, [rest_case("classlink", classlink)])
test_oneroster_rest = source_suite(providers.oneroster.rest.SOURCE, [rest_case("oneroster-rest", oneroster)])
test_oneroster = source_suite(providers.oneroster.SOURCE, [oneroster_case()])
