"""Every question, in the order in which people read the answers."""

from __future__ import annotations

from collections.abc import Sequence

from rosterkit.compare.class_questions import CLASS_QUESTIONS
from rosterkit.compare.delivered import Roster
from rosterkit.compare.guardian_questions import GUARDIAN_QUESTIONS
from rosterkit.compare.people_questions import PEOPLE_QUESTIONS
from rosterkit.compare.question import Answer, Question, answered
from rosterkit.compare.record_questions import RECORD_QUESTIONS
from rosterkit.compare.settings import CompareSettings

QUESTIONS: tuple[Question, ...] = (*PEOPLE_QUESTIONS, *GUARDIAN_QUESTIONS, *CLASS_QUESTIONS, *RECORD_QUESTIONS)


def answers(roster: Roster, settings: CompareSettings, *, show_values: bool) -> Sequence[Answer]:
    """What one source answers to each question."""
    return tuple(answered(question, roster, settings, show_values=show_values) for question in QUESTIONS)
