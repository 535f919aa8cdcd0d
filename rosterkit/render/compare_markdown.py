"""``compare --markdown``: a comparison that can be pasted into a ticket or a wiki."""

from __future__ import annotations

from collections.abc import Iterator

from rosterkit.compare.comparison import Comparison
from rosterkit.compare.matching import GROUPS, Matched
from rosterkit.compare.question import Answer
from rosterkit.compare.questions import QUESTIONS
from rosterkit.render.compare_shapes import (
    capability_rows,
    count_text,
    match_lines,
    proofs,
    recommendation_text,
    school_text,
)


def as_markdown(comparison: Comparison) -> str:
    """The Markdown."""
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield f"# Sources compared on {comparison.as_of}\n"
    yield f"**{_plain(recommendation_text(comparison))}**\n"
    for name, why in comparison.unread.items():
        yield f"{_plain(name)} is left out: {_plain(why)}\n"
    yield from _ways(comparison)
    for group in dict.fromkeys(question.group for question in QUESTIONS):
        yield from _questions(comparison, group)
    yield from _proofs(comparison)
    yield from _people(comparison)
    yield "## What the sources can carry\n"
    yield from _table(["", *(side.name for side in comparison.sides)], capability_rows(comparison))


def _ways(comparison: Comparison) -> Iterator[str]:
    if comparison.recommendation.choices:
        yield "## Ways, best first\n"
    for choice in comparison.recommendation.choices:
        yield f"### {_plain(choice.route.title)}: {choice.points:g} points\n"
        yield from (f"- −{reason.points:g}: {_plain(reason.sentence)}" for reason in choice.reasons)
        yield "" if choice.reasons else "Nothing speaks against it.\n"
    for source, ways in comparison.repairs.items():
        if ways:
            yield f"## Missing guardians of {_plain(source)}: the six ways\n"
            yield from _table(["Way", "What it costs here"], [[f"({w.letter}) {w.title}", w.cost] for w in ways])


def _questions(comparison: Comparison, group: str) -> Iterator[str]:
    asked = [question for question in QUESTIONS if question.group == group]
    rows = [[one.text, *map(_cell, comparison.answers[one.code].values()), one.remedy] for one in asked]
    yield f"## {group}\n"
    yield from _table(["Question", *(side.name for side in comparison.sides), "What to do"], rows)
    notes = [
        f"- {_plain(f'{one.text} {answer.source}: {answer.why or answer.detail}')}"
        for one in asked
        for answer in comparison.answers[one.code].values()
        if answer.why or answer.detail
    ]
    yield from [*notes, ""] if notes else []


def _cell(answer: Answer) -> str:
    mark = {"error": " **!!**", "warning": " **!**"}.get(answer.severity, "")
    return f"{count_text(answer)}{mark}"


def _proofs(comparison: Comparison) -> Iterator[str]:
    found = list(proofs(comparison))
    if found:
        yield "## The records that prove it\n"
        yield from (f"- {_plain(question.text)} {_plain('; '.join(records))}" for question, _, records in found)
        yield ""


def _people(comparison: Comparison) -> Iterator[str]:
    if not comparison.matches:
        return
    yield "## The same people\n"
    head = ["Who", "In both", "Only in the first", "Only in the second", "By what, and what differs"]
    yield from _table(head, [_match(match) for match in comparison.matches])
    lines = [
        f"- School, {_plain(left)} and {_plain(right)}: {_plain(school_text(left, right, one))}"
        for (left, right), found in comparison.schools.items()
        for one in found
    ]
    yield from [*lines, ""] if lines else []


def _match(match: Matched) -> list[str]:
    who = f"{GROUPS[match.group]}: {match.left} and {match.right}"
    counts = [f"{count:,}" for count in (match.both, match.left_only, match.right_only)]
    return [who, *counts, "; ".join(match_lines(match))]


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_plain, head))} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(_plain(cell, keep='*') for cell in row)} |" for row in rows)
    yield ""


def _plain(text: str, keep: str = "") -> str:
    """The text with what Markdown would take for marks escaped; of ``keep`` nothing is."""
    for mark in "\\`*_[]<>|#":
        if mark not in keep:
            text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
