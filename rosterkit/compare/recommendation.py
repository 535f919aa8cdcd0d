"""Which way is recommended, and why: reasons with points, so that people can argue with them.

Each reason has a share from 0 to 1 of whom or what it concerns. Below its threshold it costs nothing. From there on it
costs half of its weight and, in proportion to the share, up to all of it. A way starts with 100 points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rosterkit.compare.matching import Matched
from rosterkit.compare.question import Answer
from rosterkit.compare.routes import Route
from rosterkit.compare.settings import CompareSettings
from rosterkit.sources.base import Capabilities

Facts = Mapping[str, Answer]
"""A source's answers by the code of the question."""


@dataclass(frozen=True)
class Situation:
    """What a reason looks at."""

    route: Route
    capabilities: Capabilities
    facts: Facts
    settings: CompareSettings
    undershared: float  # the share of people whom another source has and this one does not
    undershared_count: int
    rivals: tuple[Capabilities, ...]  # of all sources that are compared

    @property
    def own(self) -> bool:
        """The product reads the vendor itself."""
        return self.route.way.startswith("own")

    def share(self, *codes: str) -> float:
        """The largest share among these questions."""
        return max((self.facts[code].share for code in codes), default=0.0)

    def count(self, code: str) -> str:
        """The count of a question as people read it."""
        return f"{self.facts[code].count or 0:,}"


@dataclass(frozen=True)
class Reason:
    """A reason against a way. ``share`` of a situation: None where it has nothing to do with that way."""

    code: str
    share: Callable[[Situation], float | None]
    sentence: Callable[[Situation], str]


@dataclass(frozen=True)
class Spoken:
    """A reason that counts: what it costs, and why."""

    code: str
    points: float
    sentence: str


@dataclass(frozen=True)
class Choice:
    """A way with its points, and the reasons that cost it some, dearest first."""

    route: Route
    points: float
    reasons: tuple[Spoken, ...]


@dataclass(frozen=True)
class Recommendation:
    """All ways, best first. ``best``: those among which nobody can tell; one where the answer is clear."""

    choices: tuple[Choice, ...]
    best: tuple[Choice, ...]

    @property
    def too_close(self) -> bool:
        """Whether several ways are within the margin."""
        return len(self.best) > 1


def _of_own(
    share: Callable[[Situation], float], applies: Callable[[Situation], bool]
) -> Callable[[Situation], float | None]:
    return lambda s: share(s) if s.own and applies(s) else None


def _own(s: Situation) -> str:
    return s.capabilities.own_pull.name if s.capabilities.own_pull else s.route.source


def _filters(s: Situation) -> bool:
    return any(word in s.capabilities.filters for word in ("class", "course", "section"))


def _lacks_sign_on(s: Situation) -> float | None:
    """1 where a vendor of another way would let people sign on and this way does not."""
    possible = any(c.own_pull is not None and c.own_pull.sign_on for c in s.rivals)
    kept = s.own and s.capabilities.own_pull is not None and s.capabilities.own_pull.sign_on
    return 1.0 if possible and not kept else None


REASONS: tuple[Reason, ...] = (
    Reason(
        "guardians",
        lambda s: s.route.without_guardian / s.route.students if s.route.students else 0.0,
        lambda s: (
            f"{s.route.without_guardian:,} of {s.route.students:,} students would have no guardian who can be reached."
        ),
    ),
    Reason(
        "separation",
        lambda s: None if s.route.file else s.share("guardian.no-type"),
        lambda s: f"{s.count('guardian.no-type')} links do not say whether the adult is a parent or another contact.",
    ),
    Reason(
        "guardian_schools",
        _of_own(
            lambda s: s.share("guardian.at-district"),
            lambda s: (
                s.capabilities.own_pull is not None
                and s.capabilities.own_pull.guardians_need_schools
                and not s.route.file
            ),
        ),
        lambda s: (
            f"{s.count('guardian.at-district')} guardians belong to the district and would not arrive; "
            "rosterkit puts them at the schools of their students."
        ),
    ),
    Reason(
        "guardian_ids",
        _of_own(lambda s: s.share("guardian.no-stable-id"), lambda s: not s.route.file),
        lambda s: (
            f"{s.count('guardian.no-stable-id')} guardians have no id of their own and may get a second account "
            "when an address changes; rosterkit recognises them."
        ),
    ),
    Reason(
        "schools",
        _of_own(
            lambda s: s.share("student.loses-school"),
            lambda s: s.capabilities.own_pull is not None and s.capabilities.own_pull.primary_school_only,
        ),
        lambda s: (
            f"{s.count('student.loses-school')} students would lose a school: {_own(s)} gives a product that reads "
            "it itself the primary school only."
        ),
    ),
    Reason(
        "split",
        _of_own(
            lambda s: 1.0 if s.settings.split_schools else 0.0,
            lambda s: s.capabilities.own_pull is not None and not s.capabilities.own_pull.splits_schools,
        ),
        lambda s: f"One school must become two, and a product that reads {_own(s)} itself cannot do that every day.",
    ),
    Reason(
        "district_staff",
        _of_own(
            lambda s: s.share("staff.at-district"),
            lambda s: s.capabilities.own_pull is not None and not s.capabilities.own_pull.district_staff,
        ),
        lambda s: f"{s.count('staff.at-district')} members of staff belong to the district only and would not arrive.",
    ),
    Reason(
        "classrooms",
        _of_own(lambda s: s.share("class.several-of-course", "class.same-title"), lambda _s: True),
        lambda s: (
            f"{s.count('class.several-of-course')} teachers' courses have several classes and "
            f"{s.count('class.same-title')} classes share a title; rosterkit names them by a template."
        ),
    ),
    Reason(
        "oversharing",
        _of_own(lambda s: s.share("student.oversharing"), lambda s: not _filters(s)),
        lambda s: (
            f"{s.count('student.oversharing')} students are in more classes than are wanted, and the vendor has no "
            "filter for classes."
        ),
    ),
    Reason("sign_on", _lacks_sign_on, lambda _s: "People cannot sign on to the product with the vendor's account."),
    Reason(
        "identity",
        lambda s: s.share("student.no-number", "student.same-number"),
        lambda s: (
            f"{s.count('student.no-number')} students have no number and {s.count('student.same-number')} share one."
        ),
    ),
    Reason(
        "undershared",
        lambda s: s.undershared,
        lambda s: f"{s.undershared_count:,} students and staff are in another source and not in this one.",
    ),
    Reason(
        "references",
        lambda s: s.share("reference.missing"),
        lambda s: f"{s.count('reference.missing')} rows name a record that did not come.",
    ),
    Reason(
        "unreadable",
        lambda s: s.share("record.unusable"),
        lambda s: f"{s.count('record.unusable')} records or cells cannot be used as they are.",
    ),
    Reason(
        "freshness",
        lambda s: 1.0 if s.facts["source.stale"].count else None,
        lambda s: f"Nothing has changed at the source for {s.count('source.stale')} days.",
    ),
    Reason(
        "files",
        lambda s: 1.0 if s.capabilities.own_pull is not None and s.capabilities.own_pull.files_by_district else None,
        lambda _s: "The district makes and reviews the files of the roster itself.",
    ),
    Reason(
        "guardian_file",
        lambda s: 1.0 if s.route.file else None,
        lambda s: f"The district exports {s.route.file} every day.",
    ),
    Reason(
        "own_server",
        lambda s: None if s.route.way in ("own", "own-by-hand") else 1.0,
        lambda _s: "Somebody in the district runs rosterkit every day.",
    ),
    Reason(
        "by_hand",
        lambda s: s.route.by_hand / s.route.students if s.route.students else None,
        lambda s: f"Somebody enters the guardians of {s.route.by_hand:,} students, and every later change.",
    ),
)
"""Every reason; its weight and threshold are the settings of the same name."""


def recommended(
    routes: Sequence[Route],
    capabilities: Mapping[str, Capabilities],
    facts: Mapping[str, Facts],
    matches: Sequence[Matched],
    settings: CompareSettings,
) -> Recommendation:
    """The ways by points, and the best of them. ``capabilities`` and ``facts`` are by the name of the source."""
    choices = []
    for route in routes:
        missing, share = _undershared(route.source, matches)
        rivals = tuple(capabilities[name] for name in dict.fromkeys(r.source for r in routes))
        about = Situation(route, capabilities[route.source], facts[route.source], settings, share, missing, rivals)
        spoken = sorted(_spoken(about), key=lambda reason: -reason.points)
        choices.append(Choice(route, round(100 - sum(reason.points for reason in spoken), 1), tuple(spoken)))
    ranked = tuple(sorted(choices, key=lambda choice: -choice.points))
    best = tuple(choice for choice in ranked if ranked[0].points - choice.points <= settings.too_close)
    return Recommendation(ranked, best)


def _spoken(about: Situation) -> list[Spoken]:
    found = []
    for reason in REASONS:
        share = reason.share(about)
        least = getattr(about.settings.thresholds, reason.code, 0.0) / 100
        weight = getattr(about.settings.weights, reason.code)
        if not share or share < least or not weight:
            continue
        points = round(weight * (0.5 + 0.5 * min(1.0, share)), 1)
        found.append(Spoken(reason.code, points, reason.sentence(about)))
    return found


def _undershared(source: str, matches: Sequence[Matched]) -> tuple[int, float]:
    """How many students and staff the fullest other source has and this one does not; and of all that it has."""
    most, share = 0, 0.0
    for other in {name for match in matches for name in (match.left, match.right)} - {source}:
        missing = everybody = 0
        for match in matches:
            if match.group == "guardian" or {match.left, match.right} != {source, other}:
                continue
            gone = match.right_only if match.left == source else match.left_only
            missing += gone
            everybody += match.both + gone
        if everybody and missing / everybody > share:
            most, share = missing, missing / everybody
    return most, share
