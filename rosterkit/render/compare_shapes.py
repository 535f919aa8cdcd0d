"""A comparison as JSON, and the texts that terminal, page and Markdown share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rosterkit.compare.comparison import Comparison
from rosterkit.compare.matching import TIERS, Difference, Matched, SchoolDifference
from rosterkit.compare.question import EXAMPLES, Answer, Question
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.recommendation import Choice
from rosterkit.render.json import VERSION

FIELD_NAMES = {
    "given_name": "given name",
    "family_name": "family name",
    "email": "e-mail",
    "username": "username",
    "identifier": "number",
    "state_id": "state id",
    "grades": "grades",
    "school": "school",
    "phones": "phone",
}
"""What people call the fields that are compared."""

_SCHOOLS = 5
"""So many schools are named where there are more."""


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
        return (
            "There is nothing to choose from: no source that was read carries a whole roster. Name one beside these, "
            "such as a OneRoster package."
        )
    first = found.best[0]
    if found.too_close:
        names = "; ".join(f"{choice.route.title} ({choice.points:g} points)" for choice in found.best)
        return (
            f"Too close to call. These ways are within {comparison.settings.too_close:g} points of each other: {names}."
        )
    second = next((choice for choice in found.choices if choice not in found.best), None)
    ahead = f", {first.points - second.points:g} ahead of the next" if second else ", and nothing to compare it with"
    return f"{first.route.title}: {first.points:g} of 100 points{ahead}."


def capability_rows(comparison: Comparison) -> list[list[str]]:
    """What each source declares, a line each."""
    declared = [side.capabilities for side in comparison.sides]
    return [
        ["Guardians", *(one.guardians for one in declared)],
        ["Ids of guardians", *("stable" if one.stable_contact_ids else "not always" for one in declared)],
        ["Demographics", *("yes" if one.demographics else "no" for one in declared)],
        ["Reads changes only", *(one.incremental.replace("-", " ") or "no" for one in declared)],
        ["Sign-on", *(one.sso or "not known" for one in declared)],
        ["Filters at the vendor", *(", ".join(one.filters) or "none" for one in declared)],
        ["Who sets it up", *(one.set_up_by for one in declared)],
        ["What it needs", *(" ".join(one.needs) for one in declared)],
        ["What cannot be done", *(" ".join(one.cannot) for one in declared)],
    ]


def match_lines(match: Matched) -> Iterator[str]:
    """By what people were matched, what differs and in which schools, and who is in one source only."""
    if match.by:
        yield "matched by " + ", ".join(f"{TIERS[tier]} {count:,}" for tier, count in match.by.items())
    yield from (_difference(one, match) for one in match.differences)
    if match.contradicting:
        yield f"{match.contradicting:,} share a value and have two names: nobody is matched"
    for source, schools in ((match.left, match.left_by_school), (match.right, match.right_by_school)):
        if schools:
            yield f"only in {source}: {_by_school(schools)}"
    for source, fields in not_carried(match).items():
        yield f"nobody has these in {source}: {fields}"


def not_carried(match: Matched) -> dict[str, str]:
    """By source, the fields that nobody has there and somebody in the other source has."""
    lacking = {
        name: {field for field, source in match.not_carried if source == name} for name in (match.left, match.right)
    }
    sides = ((match.left, match.right), (match.right, match.left))
    fields = {one: [FIELD_NAMES[f] for f in FIELD_NAMES if f in lacking[one] - lacking[other]] for one, other in sides}
    return {source: ", ".join(names) for source, names in fields.items() if names}


def _difference(one: Difference, match: Matched) -> str:
    blank = [
        f"{count:,} only in {name}"
        for count, name in ((one.only_left, match.left), (one.only_right, match.right))
        if count
    ]
    where = "; ".join([*blank, _by_school(one.by_school)])
    return f"{FIELD_NAMES[one.field]}: {one.count:,} differ ({where})"


def _by_school(counts: Sequence[tuple[str, int]]) -> str:
    named = [f"{school}: {count:,}" for school, count in counts[:_SCHOOLS]]
    more = len(counts) - len(named)
    return ", ".join([*named, f"{more:,} more schools"] if more else named)


def school_text(left: str, right: str, one: SchoolDifference) -> str:
    """A school that two sources do not have alike, in a sentence."""
    match one.kind:
        case "left only":
            return f"only in {left}: {one.number} {one.left}"
        case "right only":
            return f"only in {right}: {one.number} {one.right}"
        case "other name":
            return f"{one.number} has another name: {one.left} in {left}, {one.right} in {right}"
        case _:
            numbers = f"{one.left or 'none'} in {left}, {one.right or 'none'} in {right}"
            return f"{one.number} has another number: {numbers}"


def proofs(comparison: Comparison, most: int = EXAMPLES) -> Iterator[tuple[Question, str, list[str]]]:
    """The questions with a serious answer, then those with one that is worth a look: severity, records by source.

    ``most``: so many records of a source are named.
    """
    for severity in ("error", "warning"):
        for question in QUESTIONS:
            answers = [a for a in comparison.answers[question.code].values() if a.severity == severity]
            if answers:
                yield question, severity, [_records(answer, most) for answer in answers]


def _records(answer: Answer, most: int) -> str:
    ids = [str(key) for key in answer.examples["id"]][:most]
    if not ids:
        return f"{answer.source}: {answer.detail or count_text(answer)}"
    more = (answer.count or 0) - len(ids)
    return f"{answer.source}: {', '.join(ids)}{f' and {more:,} more' if more > 0 else ''}"
