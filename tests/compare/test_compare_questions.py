"""Questions beside the planted defects: how fresh, rules that are broken, and what nobody can answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from compare_hand import DAY, Hand, sample

from rosterkit.compare.comparison import compare
from rosterkit.compare.question import Answer
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.settings import CompareSettings
from rosterkit.roster.findings import concat, finding


def ask(code: str, hand: Hand, as_of: date = DAY, *, homerooms_only: bool = False) -> Answer:
    found = compare([hand.delivered()], CompareSettings(homerooms_only=homerooms_only), as_of)
    return found.answers[code][hand.name]


@pytest.mark.parametrize(("day", "days", "severity"), [(7, 0, ""), (8, 8, "error"), (30, 30, "error")])
def test_a_source_is_stale_when_nothing_changed_for_more_than_the_setting(day: int, days: int, severity: str) -> None:
    answer = ask("source.stale", sample(20), date.fromordinal(date(2026, 9, 30).toordinal() + day))
    assert (answer.count, answer.severity) == (days, severity)
    assert f"{day} days old" in answer.detail


def test_a_source_without_times_of_change_cannot_answer() -> None:
    hand = sample(20)
    hand.stamp = None  # type: ignore[assignment]  # as a source that does not say
    answer = ask("source.stale", hand)
    assert (answer.count, answer.why) == (None, "this source does not say when its records changed")


def test_rules_that_the_reader_found_broken_are_listed_once() -> None:
    one = sample(20).delivered()
    rows = [
        finding("x.one", "error"),
        finding("x.one", "error"),
        finding("x.two", "warning"),
        finding("x.three", "info"),
    ]
    broken = replace(one, extract=replace(one.extract, findings=concat(rows)))
    answer = compare([broken], CompareSettings(), DAY).answers["rule.broken"]["kestrel"]
    assert answer.count == 2
    assert answer.examples["id"].to_list() == ["x.one", "x.two"]


def test_what_did_not_come_is_not_answered_with_zero() -> None:
    """No guardian links at all: the questions about links have no answer, and every student lacks a guardian."""
    hand = sample(40)
    del hand.rows["GuardianLink"]
    assert ask("guardian.one-side", hand).count is None
    assert ask("guardian.one-side", hand).why == "GuardianLink: nothing of it came"
    assert ask("student.no-guardian", hand).count == 40


def test_only_homerooms_are_wanted() -> None:
    hand = sample(40)
    assert ask("student.oversharing", hand).count == 0
    hand.rows["Class"][0]["type"] = "scheduled"
    assert ask("student.oversharing", hand, homerooms_only=True).count == 20


def test_codes_are_unique_and_every_question_says_what_to_do() -> None:
    assert len({question.code for question in QUESTIONS}) == len(QUESTIONS)
    assert all(question.text.endswith("?") and question.remedy.endswith(".") for question in QUESTIONS)
