"""The ways a roster can take to a product: by whom it is read, with which file beside it, and what it leaves to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from rosterkit.compare.delivered import Roster
from rosterkit.compare.guardian_questions import reachable
from rosterkit.compare.question import Answer

WAYS = {
    "own": "{vendor}, read by the product itself",
    "own-file": "{vendor}, read by the product itself, with a guardian file from rosterkit",
    "through": "{source} through rosterkit",
    "through-file": "{source} and {file} through rosterkit",
    "own-by-hand": "{vendor}, read by the product itself, with guardians entered by hand",
}
"""The ways, and how people call them."""


@dataclass(frozen=True)
class Supplement:
    """What a file beside a source adds to it: students who then have a guardian that can be reached."""

    file: str
    source: str
    links: int  # of the file
    matched: int  # whose student is in the source
    students: int  # of the source
    without: int  # of them, those who still have no guardian that can be reached


@dataclass(frozen=True)
class Route:
    """One way from one source to a product."""

    way: str
    source: str
    file: str
    title: str
    without_guardian: int  # students whom no guardian with a contact would be linked to
    by_hand: int  # students whose guardians somebody types
    students: int


@dataclass(frozen=True)
class Repair:
    """One of the six ways to bring missing guardians (C29), and what it costs on this data."""

    letter: str
    title: str
    cost: str


def supplements(main: Roster, files: Sequence[Roster]) -> tuple[Supplement, ...]:
    """What each file adds to that source."""
    return tuple(_supplement(main, file) for file in files)


def _supplement(main: Roster, file: Roster) -> Supplement:
    links = file.table("GuardianLink").select("guardian", "student", "student_by", "student_value")
    students = main.of("student")
    keys = {"identifier": "identifier", "sourced_id": "sourced_id", "username": "username", "email": "email"}
    known = [
        students.select(student_key="key", student_by=pl.lit(by), student_value=column).drop_nulls()
        for by, column in keys.items()
    ]
    every = pl.concat(known).unique(["student_by", "student_value"], keep="none")
    found = links.join(every, on=["student_by", "student_value"])
    contact = reachable(file.people).select("key")
    able = found.join(contact, left_on="guardian", right_on="key", how="semi").select("student_key")
    still = _unreached(main).join(able, left_on="key", right_on="student_key", how="anti")
    return Supplement(file.name, main.name, links.height, found.height, students.height, still.height)


def _unreached(roster: Roster) -> pl.DataFrame:
    """Students without a guardian who has an e-mail address or a phone."""
    contact = reachable(roster.of("guardian")).select("key")
    able = roster.links.join(contact, left_on="guardian", right_on="key", how="semi")
    return roster.of("student").join(able, left_on="key", right_on="student", how="anti")


def routes(mains: Sequence[Roster], files: Sequence[Roster], by_hand_from: float) -> tuple[Route, ...]:
    """Every way that these sources allow; by hand from that percentage of students without a guardian on."""
    found = [route for main in mains for route in _of(main, supplements(main, files), by_hand_from)]
    titles = Counter(route.title for route in found)
    # Two packages of one kind have the same vendor: the name says which is meant.
    return tuple(
        replace(route, title=f"{route.title} ({route.source})") if titles[route.title] > 1 else route for route in found
    )


def _of(main: Roster, files: Sequence[Supplement], by_hand_from: float) -> list[Route]:
    unreached, students = _unreached(main).height, main.of("student").height
    own = main.capabilities.own_pull

    def route(way: str, without: int, *, file: str = "", by_hand: int = 0) -> Route:
        vendor = own.name if own else main.name
        title = WAYS[way].format(vendor=vendor, source=main.name, file=file)
        return Route(way, main.name, file, title, without, by_hand, students)

    found = []
    if own:
        found.append(route("own", unreached))
        found += [route("own-file", one.without, file=one.file) for one in files]
        if students and 100 * unreached / students >= by_hand_from:
            found.append(route("own-by-hand", 0, by_hand=unreached))
    found.append(route("through", unreached))
    found += [route("through-file", one.without, file=one.file) for one in files]
    return found


def repairs(main: Roster, files: Sequence[Roster], answers: Mapping[str, Answer]) -> tuple[Repair, ...]:
    """The six ways to bring guardians that a vendor lacks, each with what it costs here (C29)."""
    missing, students = _unreached(main).height, main.of("student").height
    own = main.capabilities.own_pull
    if not missing or own is None or own.files_by_district:
        return ()
    name = own.name
    added = supplements(main, files)
    best = min(added, key=lambda one: one.without, default=None)
    some = f"{missing:,} of {students:,} students have no guardian who can be reached"
    without_any = answers["student.no-guardian"]
    if best is None:
        file = f"{some}; no guardian file was compared, so name one on the command line to see what it adds"
    else:
        file = f"{best.file} links {best.matched:,} of its {best.links:,} rows; {best.without:,} students stay without"
    signs_on = f"; people no longer sign on with {name}" if own.sign_on else ""
    none = "Nearly all" if without_any.share >= 0.95 else f"{without_any.count or 0:,}"
    return (
        Repair("a", f"Repair what the SIS sends to {name}", f"{some}. {none} have none at all."),
        Repair("b", f"Correct the guardian columns of the files that go to {name}", f"{some}, if files are sent."),
        Repair("c", f"Keep {name}, and send a guardian file every day", f"{file}."),
        Repair(
            "d", f"Keep {name}, and upload the same file by hand", f"{file}; somebody does it again at each change."
        ),
        Repair(
            "e", f"Keep {name}, and enter guardians by hand", f"{missing:,} students to go through, and each change."
        ),
        Repair("f", "Send the whole roster as files instead", f"The district makes and reviews the files{signs_on}."),
    )
