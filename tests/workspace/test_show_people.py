from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from rich.console import Console

from rosterkit.errors import UsageError
from rosterkit.plan.plan import Counts, PlanView
from rosterkit.render import text as tables
from rosterkit.render.html import page
from rosterkit.render.labels import Choice, chosen, counted, gathered, visible, with_values_in_words
from rosterkit.results import Applied, Explanation, FeedReceipt, Hold, Revision, Value
from rosterkit.roster.findings import concat, finding
from rosterkit.sources.base import TableCoverage
from rosterkit.testing.views import AT, RULES, line, make_findings, make_plan, make_report, make_view

ZONE = ZoneInfo("America/Chicago")
HOSTILE = '<script>alert("x")</script>[red]\x1b[31m\u202e'


def printed(view: PlanView, choice: Choice | None = None, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False)
    tables.view(console, view, choice or Choice(), RULES, ZONE)
    return written(console)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def html(view: PlanView, choice: Choice | None = None) -> str:
    return page(view, choice or Choice(), RULES, ZONE)


def test_lines_stand_by_entity_action_school_and_name() -> None:
    lines = [
        line(entity="Enrollment", action="create", sourced_id="e1"),
        line(action="archive", sourced_id="s9"),
        line(action="create", sourced_id="s2", school="Birch"),
        line(action="create", sourced_id="s1", school="Birch", name="Aiyana"),
        line(action="create", sourced_id="s3", school="Alder", name="Zofia"),
        line(entity="Org", action="update", sourced_id="o1"),
    ]
    ordered = chosen(make_view(lines=lines).lines, Choice())
    assert ordered["sourced_id"].to_list() == ["o1", "s3", "s1", "s2", "s9", "e1"]


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        (Choice(entity="enrollment"), ["enr-7"]),
        (Choice(action="CREATE"), ["stu-2"]),
        (Choice(school="birch"), ["stu-2"]),
        (Choice(held=True), ["enr-7"]),
        (Choice(entity="User", held=True), []),
    ],
)
def test_filters_choose_lines(choice: Choice, kept: list[str]) -> None:
    assert chosen(make_view().lines, choice.checked())["sourced_id"].to_list() == kept


@pytest.mark.parametrize(("choice", "hint"), [(Choice(entity="Usr"), "User"), (Choice(action="updte"), "update")])
def test_an_unknown_filter_names_the_nearest(choice: Choice, hint: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {hint}"):
        choice.checked()


def test_a_limit_shortens_each_group_and_says_so() -> None:
    lines = [line(sourced_id=f"s{n}", field="email") for n in range(5)] + [line(action="archive", sourced_id="s9")]
    view = make_view(lines=lines)
    cut = chosen(view.lines, Choice(limit=2))
    assert cut["sourced_id"].to_list() == ["s0", "s1", "s9"]
    assert cut["more"].to_list() == [3, 3, 0]
    assert "… and 3 lines more: rosterkit show 7f3a9c21 --entity User --action update --limit 0" in printed(
        view, Choice(limit=2)
    )
    assert "3 lines more are not on this page" in html(view, Choice(limit=2))


def test_a_created_record_says_what_its_name_does_not() -> None:
    created = {
        "sourced_id": "stu-2",
        "given_name": "Kofi",
        "grades": '["03","04"]',
        "primary_org": "org-7",
        "enabled": True,
    }
    view = replace(make_view(), creates={"User": pl.DataFrame([created])})
    shown = with_values_in_words(view, chosen(view.lines, Choice(action="create")))
    assert shown["after"].to_list() == ["grades: 03, 04, enabled: true"]


def test_a_created_record_of_which_the_name_says_all_is_just_created() -> None:
    created = {"sourced_id": ["stu-2"], "given_name": ["Kofi"], "family_name": ["Mensah"]}
    view = replace(make_view(), creates={"User": pl.DataFrame(created)})
    assert "<li>given_name: Kofi, family_name: Mensah</li>" in html(view)


def test_a_list_is_shown_without_brackets() -> None:
    view = make_view(lines=[line(field="grades", before=None, after='["09","10"]')])
    shown = with_values_in_words(view, view.lines)
    assert shown.select("before", "after").rows() == [(None, "09, 10")]
    assert "grades: – → 09, 10" in printed(view)


def test_findings_are_counted_in_words() -> None:
    assert counted({"error": 1, "warning": 2000, "info": 2}) == "1 error, 2,000 warnings, 2 info"
    assert counted({"error": 0}) == "none"


def test_the_hash_of_an_unreadable_line_is_shown_where_it_is_asked_for() -> None:
    unread = [finding("date.unreadable", "error", file="a.csv", line=at, detail=f"hash {at}") for at in (1, 2, 3, 4)]
    listed = gathered(concat(unread), RULES)
    assert listed["meaning"].to_list() == ["This is no date. (hash 1; hash 2; hash 3; …)"]
    assert listed["lines"].to_list() == ["1, 2, 3, …"]


def test_findings_are_gathered_with_a_count_and_the_first_lines() -> None:
    listed = gathered(make_findings(), RULES)
    assert listed.select("severity", "rule", "count", "lines").rows() == [
        ("error", "date.unreadable", 1, "136"),
        ("warning", "bool.case", 2, "4, 9"),
    ]


def test_a_table_shows_the_plan_from_its_summary_to_its_lines() -> None:
    text = printed(make_view())
    places = [
        text.index(word)
        for word in (
            "Plan 7f3a9c21",
            "mode is review.",
            "Four enrollments wait",
            "4 of 6 removed",
            "enrollments.csv:136 beginDate",
            "email: a@x.example → b@x.example",
            "held (limit): 4 of 6 removed",
        )
    ]
    assert places == sorted(places)
    assert "(users.csv:12)" in text
    assert text.count("Ana Quispe [stu-1]") == 1
    assert "2026-09-14 22:30 CDT" in text, "times are the district's"


def test_an_id_of_the_usual_length_can_be_copied() -> None:
    key = "bd387817-1b04-47f6-b2a7-ad9d28c706c9"
    long = line(sourced_id=key, name="Algebra I, Period 1", school="Cedar Elementary School 6", field="title")
    view = make_view(lines=[long | {"before": "a " * 60, "after": "b " * 60, "why": "the source says so " * 4}])
    for width in (100, 120, 200):
        text = printed(view, width=width)
        assert f"[{key}]" in text
        assert max(map(len, text.splitlines())) <= width


def test_a_column_that_holds_nothing_is_left_out() -> None:
    assert "school" in printed(make_view())
    assert "school" not in printed(make_view(lines=[line(school="", action="archive")]))


def test_hints_can_be_pasted() -> None:
    lines = [line(sourced_id=f"s{n}", action="archive") for n in range(5)]
    console = Console(file=io.StringIO(), width=80, markup=False)
    tables.view(console, make_view(lines=lines), Choice(limit=2), RULES, ZONE, "rosterkit -C 'our district'")
    hint = "rosterkit -C 'our district' show 7f3a9c21 --entity User --action archive --limit 0\n"
    assert hint in written(console)


def test_no_colour_is_written_where_there_is_no_terminal() -> None:
    assert "\x1b" not in printed(make_view())


def test_no_value_draws_on_the_screen() -> None:
    view = make_view(lines=[line(name=HOSTILE, field="email", before=HOSTILE, after=HOSTILE, school=HOSTILE)])
    text = printed(view)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]" in text
    assert visible("two\nlines\x00") == "two⏎lines\N{REPLACEMENT CHARACTER}"


def test_zero_width_joiners_of_names_are_left() -> None:
    assert visible("می\u200cخواهم") == "می\u200cخواهم"


def test_nothing_to_show_is_said() -> None:
    assert "There is no change to show." in printed(make_view(lines=[]))
    assert "Nothing changes." in html(make_view(lines=[], changes={}, held={}))


def test_a_partial_table_that_a_note_names_is_not_named_again() -> None:
    coverage = (TableCoverage("User", "partial", "line 9"),)
    note = "User is partial (line 9): nobody is archived for being absent there."
    for text in (printed, html):
        assert text(make_view(coverage=coverage, notes=(note,))).count("is partial") == 1


def test_tables_that_did_not_come_are_named_once_for_each_reason() -> None:
    came = TableCoverage("Org", "full")
    absent = [TableCoverage(one, "absent", "there is no users.csv") for one in ("User", "Class", "Enrollment")]
    for text in (printed, html):
        told = text(make_view(coverage=(came, *absent)))
        assert told.count("User, Class and Enrollment are absent (there is no users.csv).") == 1


class Reader(HTMLParser):
    """Notes every tag with its attributes, and that each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_is_whole_and_fetches_nothing() -> None:
    read = Reader(html(make_view()))
    assert read.open == []
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "link", "img", "iframe", "form"})
    assert not any(
        "src" in attributes or any(key.startswith("on") for key in attributes) for _, attributes in read.tags
    )
    assert any("default-src 'none'" in str(meta.get("content")) for meta in read.all("meta"))


def test_the_page_can_be_read_without_eyes_and_without_a_mouse() -> None:
    read = Reader(html(make_view()))
    assert read.all("html") == [{"lang": "en"}]
    assert [len(read.all(tag)) for tag in ("title", "header", "nav", "main", "footer", "h1")] == [1] * 6
    assert all(cell.get("scope") in {"col", "row"} for cell in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table")) == len(read.all("div")) == 6
    assert all(region.get("tabindex") == "0" and region.get("aria-label") for region in read.all("div"))
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(link["href"]).removeprefix("#") for link in read.all("a")}
    assert targets <= set(ids)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours written #rrggbb."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_every_colour_of_text_can_be_read_on_every_ground() -> None:
    text = html(make_view())
    colours = re.findall(r"[{ ]color: (#[0-9a-f]{6})", text)
    assert len(colours) >= 5
    assert min(contrast(colour, ground) for colour in colours for ground in ("#ffffff", "#fff4d6")) > 4.5


def test_the_page_escapes_everything() -> None:
    view = make_view(
        lines=[line(name=HOSTILE, field="email", before=HOSTILE, after="=cmd|x", held="limit", held_why=HOSTILE)],
        notes=(HOSTILE,),
    )
    text = html(view)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;" in text
    assert "&#39;=cmd|x" in text


def test_the_page_shows_before_and_after_and_where() -> None:
    text = html(make_view())
    assert "email: <del>a@x.example</del> → <ins>b@x.example</ins>" in text
    assert "users.csv:12" in text
    assert "2026-09-14 22:30 CDT" in text
    assert "enabled: true" in text


def test_the_page_tells_a_reviewer_without_a_shell_how_to_decide() -> None:
    assert "Tell whoever sent you this page" in html(make_view())
    assert "Tell whoever sent you this page" not in html(make_view(state="applied", revision_made=4))


def test_the_fields_of_a_record_stand_together_on_the_page() -> None:
    rows = [line(field=name, before="a", after="b") for name in ("email", "phone")]
    assert html(make_view(lines=rows)).count("Ana Quispe") == 1
    rows[1]["held"] = "person"
    assert html(make_view(lines=rows)).count("Ana Quispe") == 3, "one goes, one is held and named beside the reason"


def test_the_other_tables_say_what_they_hold(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200, markup=False)
    hold = Hold("User", "stu-1", "", "", "person", "moving [red]", "kim", AT)
    lines = make_view().lines.head(1)
    tables.plans(console, [make_plan()], ZONE)
    tables.check(console, make_report())
    tables.holds(console, [hold], ZONE)
    tables.holds(console, [], ZONE)
    past = Revision(4, "sync", "7f3a", "kim", AT, {"User": Counts(update=1)}, lines)
    tables.history(console, [past], ZONE)
    tables.history(console, [replace(past, lines=lines.clear())], ZONE)
    value = Value("email", None, 4, "7f3a", "users.csv", 12, "kim", AT)
    tables.explanation(
        console, Explanation("User", "stu-1", "active", (value,), (hold,), "it waits", make_findings()), RULES, ZONE
    )
    tables.receipt(
        console, FeedReceipt("o", "k", str(tmp_path), 4, (("o.zip", 3000, 400, "ab"),), make_findings(), AT), RULES
    )
    tables.applied(console, Applied("7f3a", 4, True, {"User": Counts(update=1)}, {"User": Counts(archive=7)}, 0.5))
    tables.applied(console, Applied("7f3a", 4, False, {}, {}, 0.5))
    tables.rules(console, RULES.values())
    text = written(console)
    for words in (
        "version 1.1, read leniently",
        "Enrollment is partial (line 9 is cut short).",
        "Without a value: email.",
        "Findings: 1 error, 2 warnings.",
        "Held by person: moving [red] (kim, 2026-09-14 22:30 CDT)",
        "moving [red]",
        "Nothing is held.",
        "History of User stu-1",
        "User: 1 update",
        "Waiting: it waits",
        "3,000",
        "7 changes are still held: rosterkit show 7f3a --held",
        "stays at revision 4",
        "Write YYYY-MM-DD.",
    ):
        assert words in text
