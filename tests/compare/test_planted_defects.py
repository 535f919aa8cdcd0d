"""On a district of 5,000 served by the fakes, every question counts what was planted."""

from __future__ import annotations

import pytest
from compare_planting import SOURCES, Planted

from providers.one_sis.district import Neutral
from rosterkit.compare.comparison import Comparison
from rosterkit.compare.questions import QUESTIONS

pytestmark = pytest.mark.deep(only="half a minute: three fakes serve 5,000 students")
TOTALS = {"people.student", "people.staff", "people.guardian", "class.all", "school.all"}
ELSEWHERE = {"source.stale", "rule.broken"}  # tested in test_questions.py


def test_every_question_has_a_planted_defect(defective: tuple[Planted, Comparison]) -> None:
    planted, _ = defective
    assert {question.code for question in QUESTIONS} - TOTALS - ELSEWHERE == set(planted.counts)


def test_question_source_planted_found(defective: tuple[Planted, Comparison]) -> None:
    """The table: question, source, planted, found."""
    planted, comparison = defective
    table = [
        (question, source, planted.expected(question, source), comparison.answers[question][source].count)
        for question in sorted(planted.counts)
        for source in SOURCES
    ]
    assert [row for row in table if row[2] != row[3]] == []
    assert len(table) == len(SOURCES) * len(planted.counts)


def test_without_defects_nothing_is_found(regular: tuple[Neutral, Comparison]) -> None:
    made, comparison = regular
    found = {
        (code, answer.source): answer.count
        for code, answers in comparison.answers.items()
        for answer in answers.values()
        if answer.count and code not in TOTALS
    }
    # A table has no links: nobody in it is linked.
    alone = {("guardian.unlinked", "table"): len(made.guardians), ("student.no-guardian", "table"): len(made.students)}
    assert found == alone


def test_totals_are_those_of_the_district(regular: tuple[Neutral, Comparison]) -> None:
    made, comparison = regular
    expected = {
        "people.student": len(made.students),
        "people.staff": len(made.staff),
        "people.guardian": len(made.guardians),
        "class.all": len(made.files["classes"]),
        "school.all": len(made.schools),
    }
    found = {code: {answer.count for answer in comparison.answers[code].values()} for code in expected}
    without = {"class.all", "school.all"}  # of which a table has none
    assert found == {code: {count, None} if code in without else {count} for code, count in expected.items()}


@pytest.mark.parametrize("question", ["guardian.one-side", "guardian.at-district"])
def test_a_question_without_meaning_says_why(question: str, defective: tuple[Planted, Comparison]) -> None:
    answer = defective[1].answers[question]["clever"]
    assert answer.count is None
    assert "no organisation" in answer.why


def test_the_same_data_differs_only_where_a_capability_says_so(defective: tuple[Planted, Comparison]) -> None:
    """Between two servers of one standard nothing differs; elsewhere what ``otherwise`` gives a reason for."""
    planted, comparison = defective
    differing = {
        code
        for code, answers in comparison.answers.items()
        if len({answer.count for answer in answers.values()}) > 1 and code not in ELSEWHERE
    }
    assert differing - TOTALS == {code for code, _ in planted.otherwise}
    assert all(why for _, why in planted.otherwise.values())
    standard = [
        {answers[name].count for name in ("oneroster-rest", "classlink")} for answers in comparison.answers.values()
    ]
    assert all(len(counts) == 1 for counts in standard)


def test_the_same_people_are_matched_in_every_pair(regular: tuple[Neutral, Comparison]) -> None:
    made, comparison = regular
    expected = {"student": len(made.students), "staff": len(made.staff), "guardian": len(made.guardians)}
    for match in comparison.matches:
        assert (match.both, match.left_only, match.right_only) == (expected[match.group], 0, 0), match.group
        assert match.differences == ()


def test_examples_are_ten_at_most_and_hide_personal_values(defective: tuple[Planted, Comparison]) -> None:
    """What is shown of a record is its id, and dots where a personal value stands."""
    _, comparison = defective
    shared = comparison.answers["guardian.shared-email"]["classlink"].examples
    assert shared["value"].unique().to_list() == ["•••"]
    assert max(a.examples.height for answers in comparison.answers.values() for a in answers.values()) == 10
