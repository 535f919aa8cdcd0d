"""What the settings of a feed name is looked at before a file leaves: unknown attributes, and what is decided on."""

from __future__ import annotations

import pytest

from rosterkit import Workspace
from rosterkit.demo.products import DAY


def edited(workspace: Workspace, old: str, new: str) -> tuple[Workspace, int]:
    path = workspace.folder / "rosterkit.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Workspace(workspace.folder), text[: text.index(old)].count("\n") + 1


def test_an_attribute_that_nobody_has_is_named_with_the_line_of_the_setting(products: Workspace) -> None:
    workspace, line = edited(products, 'CLUBS = { attribute = "clubs"', 'CLUBS = { attribute = "club"')
    found = workspace.feed_build("careers", DAY).findings
    (row,) = found.filter(found["rule"] == "feed.no-attribute").rows(named=True)
    assert (row["file"], row["line"], row["column"], row["detail"]) == (
        "rosterkit.toml",
        line,
        "feeds.careers.columns.CLUBS",
        "club",
    )


def test_attributes_that_somebody_has_are_no_finding(products: Workspace) -> None:
    found = products.feed_build("careers", DAY).findings
    assert "feed.no-attribute" not in found["rule"].to_list()


def test_preferred_names_leave_only_where_mapped_and_with_the_decision_on_record(products: Workspace) -> None:
    plain = products.feed_build("jobs", DAY).why
    assert "It sends" not in plain
    wanted = 'campus_name = "school_name"\npreferred_name = { first_of = ["preferred_given_name", "given_name"] }'
    workspace, _ = edited(products, 'campus_name = "school_name"', wanted)
    assert workspace.feed_build("jobs", DAY).why.endswith(". It sends preferred_given_name")
    for step in workspace.checklist("jobs").blocking:
        workspace.checklist_done("jobs", step.item.name, note="done", actor="lena")
    workspace.feed_approve("jobs", reason="the college asks for preferred names", actor="lena")
    (sent, *_) = workspace.feed_log("jobs")
    reason = "the college asks for preferred names. It sends preferred_given_name"
    assert (sent.actor, sent.reason) == ("lena", reason)


@pytest.mark.parametrize("feed", ["careers", "jobs", "app", "messages"])
def test_a_first_file_says_how_many_people_are_withheld_and_accepts_them_once(products: Workspace, feed: str) -> None:
    first = products.feed_build(feed, DAY)
    count = first.compared["withheld"]
    assert count > 0
    assert f"{count} people are withheld from it" in first.why
    for step in products.checklist(feed).blocking:
        products.checklist_done(feed, step.item.name, note="done", actor="lena")
    products.feed_approve(feed, reason="they have no address", actor="lena")
    again = products.feed_build(feed, DAY.replace(day=16))
    assert (again.compared["withheld"], again.compared["newly withheld"], again.errors) == (count, 0, 0)
