"""``compare --html``: one self-contained page. No script, nothing fetched, all escaped; charts are inline SVG."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rosterkit.compare.comparison import Comparison
from rosterkit.compare.matching import GROUPS, TIERS, Matched
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.settings import Weights
from rosterkit.render.compare_shapes import (
    FIELD_NAMES,
    capability_rows,
    count_text,
    not_carried,
    recommendation_text,
)
from rosterkit.render.labels import visible

SEVERITY = {"error": "serious", "warning": "look", "info": "note", "": "fine"}
"""What people read in the place of a severity."""


def page(comparison: Comparison) -> str:
    """The HTML."""
    environment = Environment(
        loader=PackageLoader("rosterkit.render", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("compare.html.j2").render(
        comparison=comparison,
        recommendation=recommendation_text(comparison),
        choices=comparison.recommendation.choices,
        best=comparison.recommendation.best,
        severities=list(SEVERITY.items()),
        summary=list(_summary(comparison)),
        groups=list(_groups(comparison)),
        people=[_people(match) for match in comparison.matches],
        capabilities=capability_rows(comparison),
        weights=[
            (name, value, Weights.model_fields[name].description)
            for name, value in comparison.settings.weights.model_dump().items()
        ],
        thresholds=comparison.settings.thresholds.model_dump(),
    )


def _summary(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """By source: how many answers are serious, worth a look, a note, fine, or not to be had."""
    for side in comparison.sides:
        answers = [by_source[side.name] for by_source in comparison.answers.values()]
        known = [answer for answer in answers if answer.count is not None]
        counts = {severity: sum(answer.severity == severity for answer in known) for severity in SEVERITY}
        yield {"side": side, "counts": counts, "unanswered": len(answers) - len(known), "asked": len(answers)}


def _groups(comparison: Comparison) -> Iterator[dict[str, Any]]:
    """The questions with their answers; a file beside the sources is left out of those that it cannot answer."""
    files = {side.name for side in comparison.sides if not side.main}
    for number, group in enumerate(dict.fromkeys(question.group for question in QUESTIONS), start=1):
        questions = [
            {
                "question": question,
                "worst": _worst([answer.severity for answer in comparison.answers[question.code].values()]),
                "answers": [
                    {
                        "answer": answer,
                        "text": count_text(answer),
                        "word": SEVERITY[answer.severity] if answer.count is not None else "no answer",
                        "examples": answer.examples.rows(),
                        "columns": [name.replace("_", " ") for name in answer.examples.columns],
                    }
                    for answer in comparison.answers[question.code].values()
                    if answer.count is not None or answer.source not in files
                ],
            }
            for question in QUESTIONS
            if question.group == group
        ]
        yield {"name": group, "id": f"group-{number}", "questions": questions}


def _worst(severities: list[str]) -> str:
    return next((severity for severity in ("error", "warning", "info") if severity in severities), "")


def _people(match: Matched) -> dict[str, Any]:
    everybody = match.both + match.left_only + match.right_only
    return {
        "match": match,
        "who": GROUPS[match.group],
        "everybody": everybody,
        "by": ", ".join(f"{TIERS[tier]} {count:,}" for tier, count in match.by.items()),
        "differences": [
            {
                "name": FIELD_NAMES[one.field],
                "one": one,
                "share": 100 * one.count / match.both if match.both else 0,
                "examples": one.examples.rows(),
            }
            for one in match.differences
        ],
        "not_carried": not_carried(match),
    }
