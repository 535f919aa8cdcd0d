"""The whole comparison: one value, from which terminal, page, Markdown and JSON are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from rosterkit.compare.delivered import Delivered, Roster
from rosterkit.compare.matching import GROUPS, Matched, SchoolDifference, matched, schools_matched
from rosterkit.compare.question import Answer
from rosterkit.compare.questions import QUESTIONS, answers
from rosterkit.compare.recommendation import Recommendation, recommended
from rosterkit.compare.routes import Repair, Supplement, repairs, routes, supplements
from rosterkit.compare.settings import CompareSettings
from rosterkit.sources.base import Capabilities, Coverage

_NEEDED = ("Org", "User", "Class", "Enrollment")
"""Without one of these a product has nothing to work with."""


@dataclass(frozen=True)
class Side:
    """One source as people know it."""

    name: str
    kind: str
    what: str  # the package's or the server's name
    system: str
    capabilities: Capabilities
    main: bool  # it can be a roster of its own; else it is a file beside one, or a part of a roster
    absent: Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """What the sources answer, how they differ, and which way is recommended."""

    as_of: date
    settings: CompareSettings
    sides: tuple[Side, ...]
    answers: Mapping[str, Mapping[str, Answer]]  # question → source → answer
    matches: tuple[Matched, ...]
    schools: Mapping[tuple[str, str], tuple[SchoolDifference, ...]]
    supplements: tuple[Supplement, ...]
    repairs: Mapping[str, tuple[Repair, ...]]  # by source
    recommendation: Recommendation
    unread: Mapping[str, str]  # source → why it could not be read
    show_values: bool


def compare(
    delivered: Sequence[Delivered],
    settings: CompareSettings,
    as_of: date,
    *,
    show_values: bool = False,
    unread: Mapping[str, str] | None = None,
) -> Comparison:
    """Asks every source the same questions, matches its people with those of the others, and weighs the ways.

    A source that carries no enrollments is a file beside the others: it is asked too, and is a part of ways. One that
    carries them and did not bring a whole roster is asked, and is no way.
    """
    rosters = [Roster(one, as_of) for one in delivered]
    full = [roster for roster in rosters if "Enrollment" in roster.capabilities.entities]
    files = [roster for roster in rosters if "GuardianLink" in roster.capabilities.entities and roster not in full]
    lacking = {roster.name: why for roster in full if (why := _lacking(roster))}
    mains = [roster for roster in full if roster.name not in lacking]
    by_source: dict[str, dict[str, Answer]] = {}
    for roster in rosters:
        by_source[roster.name] = {a.code: a for a in answers(roster, settings, show_values=show_values)}
        roster.release_classes()
    pairs = tuple(combinations(mains, 2))
    matches = tuple(matched(group, *pair, show_values=show_values) for pair in pairs for group in GROUPS)
    added = tuple(one for main in mains for one in supplements(main, files))
    strange = _of_another_district(added)
    ways = routes(mains, [file for file in files if file.name not in strange], settings.thresholds.guardians)
    capabilities = {roster.name: roster.capabilities for roster in rosters}
    return Comparison(
        as_of,
        settings,
        tuple(_side(roster, main=roster in mains) for roster in rosters),
        {
            question.code: {name: answers[question.code] for name, answers in by_source.items()}
            for question in QUESTIONS
        },
        matches,
        {(left.name, right.name): schools_matched(left, right) for left, right in pairs},
        added,
        {main.name: repairs(main, files, by_source[main.name]) for main in mains},
        recommended(ways, capabilities, by_source, matches, settings),
        {**(unread or {}), **lacking, **strange},
        show_values,
    )


def _lacking(roster: Roster) -> str:
    """Why what came is no whole roster; "" where it is one."""
    if any(table.coverage is Coverage.DELTA for table in roster.extract.tables):
        return "It holds changes only. Compare a package of everything."
    reasons = [f"{entity}: {roster.absent[entity]}" for entity in _NEEDED if entity in roster.absent]
    return f"It is no whole roster: {'; '.join(reasons)}." if reasons else ""


def _of_another_district(added: Sequence[Supplement]) -> dict[str, str]:
    """By name, what is odd about a guardian file of which no row names a student of any source: it is no way."""
    fits = {one.file for one in added if one.matched}
    rows = {one.file: one.links for one in added if one.links and one.file not in fits}
    return {
        file: f"Of {links:,} rows none names a student who came. Is it of another district, or are students known "
        "there by another number?"
        for file, links in rows.items()
    }


def _side(roster: Roster, *, main: bool) -> Side:
    extract = roster.extract
    return Side(roster.name, roster.kind, extract.name, extract.system, roster.capabilities, main, roster.absent)
