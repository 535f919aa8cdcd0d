"""A comparison on a terminal: the recommendation, the ways, the questions, the people."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rosterkit.compare.comparison import Comparison
from rosterkit.compare.matching import GROUPS
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

_STYLE = {"error": "bold red", "warning": "yellow", "info": "", "": "dim"}
_MARK = {"error": " !!", "warning": " !"}
_QUESTION = 40  # columns without which a question beside its answers is hard to read
_SIDE = 22  # columns without which what a source can carry is hard to read
_BORDER = 3  # columns between two cells
_RECORDS = 3
"""So many records prove an answer on a terminal; the page has more, with their values."""


def comparison(console: Console, found: Comparison) -> None:
    """Prints it."""
    console.print(Text(recommendation_text(found), style="bold"))
    for name, why in found.unread.items():
        console.print(Text(f"{name} is left out: {why}", style="bold red"))
    _choices(console, found)
    for group in dict.fromkeys(question.group for question in QUESTIONS):
        _questions(console, found, group)
    console.print(Text("! a warning, !! an error, – cannot be answered for this source", style="dim"))
    _proofs(console, found)
    _people(console, found)
    _repairs(console, found)
    _capabilities(console, found)


def _choices(console: Console, found: Comparison) -> None:
    if not found.recommendation.choices:
        return
    table = Table(title="Ways, best first", title_justify="left", show_lines=True)
    table.add_column("points", justify="right")
    table.add_column("way", ratio=2)
    table.add_column("what speaks against it", ratio=3)
    for choice in found.recommendation.choices:
        reasons = "\n".join(f"−{reason.points:g}  {reason.sentence}" for reason in choice.reasons)
        style = "bold" if choice in found.recommendation.best else ""
        table.add_row(f"{choice.points:g}", Text(choice.route.title, style=style), Text(reasons or "nothing"))
    console.print(table)


def _questions(console: Console, found: Comparison, group: str) -> None:
    names = [side.name for side in found.sides]
    asked = {one.text: [*map(_cell, found.answers[one.code].values())] for one in QUESTIONS if one.group == group}
    columns = zip(names, *asked.values(), strict=True)
    if console.width < _QUESTION + sum(max(map(len, column)) + _BORDER for column in columns):
        console.print(Text(f"\n{group}", style="bold"))
        for text, cells in asked.items():
            answers = (Text.assemble(name, " ", cell) for name, cell in zip(names, cells, strict=True))
            console.print(Text(text), Padding(Text(", ").join(answers), (0, 0, 0, 4)), sep="\n")
        return
    table = Table(title=group, title_justify="left")
    table.add_column("question", ratio=1)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for text, cells in asked.items():
        table.add_row(Text(text), *cells)
    console.print(table)


def _cell(answer: Answer) -> Text:
    return Text(f"{count_text(answer)}{_MARK.get(answer.severity, '')}", style=_STYLE[answer.severity])


def _proofs(console: Console, found: Comparison) -> None:
    rows = list(proofs(found, _RECORDS))
    if not rows:
        return
    table = Table(title="What to do, gravest first", title_justify="left", show_lines=True)
    for name, ratio in (("question", 2), ("what to do", 3), ("the records that prove it", 3)):
        table.add_column(name, ratio=ratio, overflow="fold")
    for question, severity, records in rows:
        table.add_row(Text(question.text, style=_STYLE[severity]), Text(question.remedy), Text("\n".join(records)))
    console.print(table)


def _people(console: Console, found: Comparison) -> None:
    if not found.matches:
        return
    table = Table(title="The same people", title_justify="left", show_lines=True)
    table.add_column("who", ratio=2)
    for name in ("in both", "only first", "only second"):
        table.add_column(name, justify="right")
    table.add_column("matched by, and what differs", ratio=3)
    for match in found.matches:
        who = f"{GROUPS[match.group]}: {match.left} and {match.right}"
        table.add_row(
            Text(who),
            f"{match.both:,}",
            f"{match.left_only:,}",
            f"{match.right_only:,}",
            Text("\n".join(match_lines(match))),
        )
    console.print(table)
    for (left, right), schools in found.schools.items():
        for one in schools:
            console.print(Text(f"School, {left} and {right}: {school_text(left, right, one)}"))


def _repairs(console: Console, found: Comparison) -> None:
    for source, ways in found.repairs.items():
        if ways:
            table = Table(title=f"Missing guardians of {source}: the six ways", title_justify="left", show_lines=True)
            table.add_column("way", ratio=2)
            table.add_column("what it costs here", ratio=3)
            for one in ways:
                table.add_row(Text(f"({one.letter}) {one.title}"), Text(one.cost))
            console.print(table)


def _capabilities(console: Console, found: Comparison) -> None:
    """Side by side, or where that is too narrow, one after the other."""
    names = [side.name for side in found.sides]
    rows = list(capability_rows(found))
    title = "What the sources can carry"
    apart = [([name], [(row[0], row[at]) for row in rows]) for at, name in enumerate(names, start=1)]
    for heads, cells in apart if console.width < _SIDE * (len(names) + 1) else [(names, rows)]:
        table = Table(title=title, title_justify="left", show_lines=True)
        table.add_column("")
        for head in heads:
            table.add_column(head, ratio=1)
        for row in cells:
            table.add_row(*map(Text, row))
        console.print(table)
