"""What people see of a comparison: nothing is fetched, nothing personal leaks, every form says the same."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from compare_hand import DAY, sample
from compare_planting import Planted
from rich.console import Console

from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.questions import QUESTIONS
from rosterkit.compare.settings import CompareSettings
from rosterkit.render import compare_html, compare_markdown, compare_shapes, compare_text

DOCS = Path(__file__).parents[2] / "docs"


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.ids += [str(found["id"])] if found.get("id") else []
        self.links += [str(found[name]) for name in ("href", "src") if found.get(name)]
        if tag not in ("meta", "br", "rect", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One that closes itself opens nothing."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_self_contained(defective: tuple[Planted, Comparison]) -> None:
    page = _Page(compare_html.page(defective[1]))
    assert page.open == []
    assert page.tags & {"script", "img", "link", "iframe"} == set()
    assert {link for link in page.links if not link.startswith("#")} == set()
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def terminal(comparison: Comparison, width: int = 300) -> str:
    console = Console(width=width, force_terminal=False, markup=False, highlight=False)
    with console.capture() as captured:
        compare_text.comparison(console, comparison)
    return captured.get()


def test_every_question_stands_in_every_form(defective: tuple[Planted, Comparison]) -> None:
    _, comparison = defective
    page, markdown = compare_html.page(comparison), compare_markdown.as_markdown(comparison)
    printed = terminal(comparison)
    document = json.loads(compare_shapes.as_json(comparison))
    assert [one["code"] for one in document["questions"]] == [question.code for question in QUESTIONS]
    for question in QUESTIONS:
        assert question.text in page
        assert question.text in markdown
        assert question.text in printed


def test_on_a_narrow_terminal_a_question_stands_above_its_answers(defective: tuple[Planted, Comparison]) -> None:
    lines = terminal(defective[1], 60).splitlines()
    text = " ".join(" ".join(lines).split())
    assert [one.text for one in QUESTIONS if one.text not in text] == []
    assert max(map(len, lines)) <= 60


def test_no_personal_value_is_in_any_form_unless_it_is_asked_for() -> None:
    hand, other = sample(40), sample(40, "other")
    for row in hand.rows["User"][:4]:
        row["email"] = "shared@wren.example"
    values = ("shared@wren.example", "Givenp3", "400003", "5550000003")
    hidden = compare([hand.delivered(), other.delivered()], CompareSettings(), DAY)
    for form in (compare_html.page(hidden), compare_shapes.as_json(hidden), compare_markdown.as_markdown(hidden)):
        assert [value for value in values if value in form] == []
    assert [value for value in values if value in terminal(hidden)] == []
    seen = compare([hand.delivered(), other.delivered()], CompareSettings(), DAY, show_values=True)
    assert "shared@wren.example" in compare_html.page(seen)


def unlike() -> Comparison:
    """Two sources: schools of other names and numbers, values that differ, two people who share a number."""
    left, right = sample(40), sample(40, "other")
    left.rows["Org"][1]["name"] = "Heron Primary"
    for row in left.rows["User"]:
        if row["sourced_id"] == "p3":
            row["email"] = "elsewhere@wren.example"
        if row["sourced_id"] == "p5":
            row.update(sourced_id="p5x", given_name="Zora", family_name="Quill")
    for entity, column in (("Role", "user"), ("Enrollment", "user"), ("GuardianLink", "student")):
        for row in left.rows[entity]:
            row[column] = "p5x" if row[column] == "p5" else row[column]
    for row in left.rows["User"][:4]:
        row["username"] = None
    return compare([left.delivered(), right.delivered()], CompareSettings(), DAY)


def test_terminal_page_and_markdown_say_the_same_of_people_and_schools() -> None:
    found = unlike()
    page = compare_html.page(found)
    forms = {
        "terminal": terminal(found),
        "markdown": compare_markdown.as_markdown(found),
        "page": page,
    }
    expected = {
        "terminal": ["e-mail: 1 differ", "1 share a value and have two names", "Heron Primary in kestrel"],
        "markdown": ["e-mail: 1 differ", "1 share a value and have two names", "Heron Primary in kestrel"],
        "page": ["<dt>e-mail</dt>", "1 share a value and have two names", "<td>Heron Primary</td>"],
    }
    for form, texts in expected.items():
        assert [text for text in texts if text not in forms[form]] == [], form


def test_what_to_do_stands_beside_the_records_that_prove_it(defective: tuple[Planted, Comparison]) -> None:
    """On a terminal and in Markdown the gravest answers come with ids, never with values."""
    _, comparison = defective
    grave = [
        (question, answer)
        for question in QUESTIONS
        for answer in comparison.answers[question.code].values()
        if answer.severity in ("error", "warning") and answer.examples.height
    ]
    assert grave
    printed, markdown = " ".join(terminal(comparison).split()), compare_markdown.as_markdown(comparison)
    for question, answer in grave:
        first = str(answer.examples["id"][0])
        assert question.remedy in markdown
        assert f"{answer.source}: {first}" in markdown
        assert first in printed


def test_what_a_source_says_is_escaped() -> None:
    hand = sample(40)
    for row in hand.rows["Class"]:
        row["title"] = "<script>alert(1)</script>|x"
    found = compare([hand.delivered()], CompareSettings(), DAY)
    assert "<script" not in compare_html.page(found)


def test_every_key_of_the_document_is_documented(defective: tuple[Planted, Comparison]) -> None:
    text = (DOCS / "json.md").read_text(encoding="utf-8")
    known = set(re.findall(r"`\"?(\w+)\"?`", text)) | set(re.findall(r'"(\w+)":', text))
    document = json.loads(compare_shapes.as_json(defective[1]))
    top = set(document) | {key for name in ("sources", "questions", "people") for key in document[name][0]}
    top |= set(document["recommendation"]) | set(document["recommendation"]["choices"][0])
    top |= set(document["questions"][0]["answers"][0])
    assert top - known == set()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.code)
def test_every_question_is_documented(question: object) -> None:
    text = (DOCS / "questions.md").read_text(encoding="utf-8")
    assert f"`{getattr(question, 'code', '')}`" in text
