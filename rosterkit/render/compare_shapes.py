"""A comparison as JSON and as Markdown. Both say the same; the page and the terminal show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rosterkit.compare.comparison import Comparison
from rosterkit.compare.matching import GROUPS, TIERS, Matched
from rosterkit.compare.question import Answer
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.recommendation import Choice
from rosterkit.render.json import VERSION

__all__ = ["as_json", "as_markdown", "capability_rows", "count_text", "recommendation_text"]


def as_json(comparison: Comparison) -> str:
    """``compare --json`` (docs/json.md)."""
    return json.dumps(_document(comparison), indent=2, ensure_ascii=False) + "\n"


def _document(comparison: Comparison) -> dict[str, Any]:
    return {
        "version": VERSION,
        "as_of": comparison.as_of.isoformat(),
        "show_values": comparison.show_values,
        "sources": [
            {
                "name": side.name,
                "kind": side.kind,
                "read": side.what,
                "system": side.system,
                "whole_roster": side.main,
                "absent": dict(side.absent),
                "capabilities": asdict(side.capabilities),
            }
            for side in comparison.sides
        ],
        "unread": dict(comparison.unread),
        "questions": [
            {
                "code": question.code,
                "group": question.group,
                "question": question.text,
                "remedy": question.remedy,
                "reference": question.reference,
                "answers": [_answer(answer) for answer in comparison.answers[question.code].values()],
            }
            for question in QUESTIONS
        ],
        "people": [_match(match) for match in comparison.matches],
        "schools": [
            {"left": left, "right": right, "differences": [asdict(one) for one in found]}
            for (left, right), found in comparison.schools.items()
        ],
        "files": [asdict(one) for one in comparison.supplements],
        "repairs": {source: [asdict(one) for one in found] for source, found in comparison.repairs.items()},
        "recommendation": {
            "too_close": comparison.recommendation.too_close,
            "text": recommendation_text(comparison),
            "best": [choice.route.title for choice in comparison.recommendation.best],
            "choices": [_choice(choice) for choice in comparison.recommendation.choices],
        },
        "settings": comparison.settings.model_dump(mode="json"),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "source": answer.source,
        "count": answer.count,
        "of": answer.of,
        "percent": round(answer.percent, 2),
        "severity": answer.severity,
        "detail": answer.detail,
        "why": answer.why,
        "examples": answer.examples.to_dicts(),
    }


def _match(match: Matched) -> dict[str, Any]:
    return {
        "group": match.group,
        "left": match.left,
        "right": match.right,
        "both": match.both,
        "matched_by": match.by,
        "left_only": match.left_only,
        "right_only": match.right_only,
        "contradicting": match.contradicting,
        "left_only_by_school": _schools(match.left_by_school),
        "right_only_by_school": _schools(match.right_by_school),
        "left_examples": match.left_examples.to_dicts(),
        "right_examples": match.right_examples.to_dicts(),
        "not_carried": [{"field": field, "source": source} for field, source in match.not_carried],
        "differences": [
            {
                "field": one.field,
                "count": one.count,
                "only_left": one.only_left,
                "only_right": one.only_right,
                "by_school": _schools(one.by_school),
                "examples": one.examples.to_dicts(),
            }
            for one in match.differences
        ],
    }


def _schools(counts: Any) -> list[dict[str, Any]]:
    return [{"school": school, "count": count} for school, count in counts]


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "title": choice.route.title,
        "way": choice.route.way,
        "source": choice.route.source,
        "file": choice.route.file,
        "points": choice.points,
        "reasons": [asdict(reason) for reason in choice.reasons],
    }


def count_text(answer: Answer) -> str:
    """``12 (0.2 %)``, or ``–`` where it cannot be answered."""
    if answer.count is None:
        return "–"
    if not answer.of or not answer.count:
        return f"{answer.count:,}"
    share = f"{answer.percent:.1f}" if answer.percent >= 0.05 else "under 0.1"
    return f"{answer.count:,} ({share} %)"


def recommendation_text(comparison: Comparison) -> str:
    """The recommendation in a sentence or two."""
    found = comparison.recommendation
    if not found.choices:
        return "There is nothing to choose from: no source that was read carries a whole roster."
    first = found.best[0]
    if found.too_close:
        names = "; ".join(f"{choice.route.title} ({choice.points:g} points)" for choice in found.best)
        return (
            f"Too close to call. These ways are within {comparison.settings.too_close:g} points of each other: {names}."
        )
    second = next((choice for choice in found.choices if choice not in found.best), None)
    ahead = f", {first.points - second.points:g} ahead of the next" if second else ", and nothing to compare it with"
    return f"{first.route.title}: {first.points:g} of 100 points{ahead}."


def as_markdown(comparison: Comparison) -> str:
    """``compare --markdown``: what can be pasted into a ticket or a wiki."""
    return "\n".join(_markdown(comparison)) + "\n"


def _markdown(comparison: Comparison) -> Iterator[str]:
    yield f"# Sources compared on {comparison.as_of}\n"
    yield f"**{_plain(recommendation_text(comparison))}**\n"
    for name, why in comparison.unread.items():
        yield f"{_plain(name)} is left out: {_plain(why)}\n"
    yield "## Ways, best first\n"
    for choice in comparison.recommendation.choices:
        yield f"### {_plain(choice.route.title)}: {choice.points:g} points\n"
        yield from (f"- −{reason.points:g}: {_plain(reason.sentence)}" for reason in choice.reasons)
        yield "" if choice.reasons else "Nothing speaks against it.\n"
    names = [side.name for side in comparison.sides]
    for group in dict.fromkeys(question.group for question in QUESTIONS):
        yield f"## {group}\n"
        yield from _table(["Question", *names, "What to do"], _question_rows(comparison, group))
    yield "## The same people\n"
    yield from _table(_MATCH_HEAD, [_match_row(match) for match in comparison.matches])
    yield "## What the sources can carry\n"
    yield from _table(["", *names], capability_rows(comparison))


def _question_rows(comparison: Comparison, group: str) -> list[list[str]]:
    rows = []
    for question in QUESTIONS:
        if question.group == group:
            cells = [_cell(answer) for answer in comparison.answers[question.code].values()]
            rows.append([question.text, *cells, question.remedy])
    return rows


def _cell(answer: Answer) -> str:
    mark = {"error": " **!!**", "warning": " **!**"}.get(answer.severity, "")
    return f"{count_text(answer)}{mark}"


_MATCH_HEAD = ["Who", "In both", "Matched by", "Only in the first", "Only in the second", "What differs"]


def _match_row(match: Matched) -> list[str]:
    by = ", ".join(f"{TIERS[tier]} {count:,}" for tier, count in match.by.items())
    differ = ", ".join(f"{one.field} {one.count:,}" for one in match.differences)
    who = f"{GROUPS[match.group]}: {match.left} and {match.right}"
    return [who, f"{match.both:,}", by, f"{match.left_only:,}", f"{match.right_only:,}", differ]


def capability_rows(comparison: Comparison) -> list[list[str]]:
    """What each source declares, a line each."""
    declared = [side.capabilities for side in comparison.sides]
    return [
        ["Guardians", *(one.guardians for one in declared)],
        ["Ids of guardians", *("stable" if one.stable_contact_ids else "not always" for one in declared)],
        ["Demographics", *("yes" if one.demographics else "no" for one in declared)],
        ["Reads changes only", *(one.incremental or "no" for one in declared)],
        ["Sign-on", *(one.sso or "not known" for one in declared)],
        ["Filters at the vendor", *(", ".join(one.filters) or "none" for one in declared)],
        ["Who sets it up", *(one.set_up_by for one in declared)],
        ["What it needs", *(" ".join(one.needs) for one in declared)],
        ["What cannot be done", *(" ".join(one.cannot) for one in declared)],
    ]


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
