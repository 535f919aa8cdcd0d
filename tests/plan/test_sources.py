"""Several sources in one workspace: one plan, each table owned by one, references by another kind of key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from driving import plan_extract, workspace

from rosterkit import Workspace
from rosterkit.errors import InternalError, SourceUnreadable
from rosterkit.plan.plan import Counts, Plan
from rosterkit.sources.base import Context, Extract
from rosterkit.testing.memory import MemorySource, extract, table

SETTINGS = """
[sources.main]
kind = "oneroster"
path = "sis.zip"
[sources.family]
kind = "oneroster"
path = "family.csv"
"""
ORGS = [
    {"sourced_id": "D", "name": "Birch", "type": "district"},
    {"sourced_id": "S", "name": "Birch School", "type": "school", "parent": "D"},
]


class Broken(MemorySource):
    """A source that cannot be read."""

    def extract(self, settings: Any, context: Context) -> Extract:
        raise SourceUnreadable("the package is no zip", rule="zip.broken")


def student(key: str, number: str, **more: Any) -> dict[str, Any]:
    return {"sourced_id": key, "given_name": f"Given {key}", "family_name": "Osei", "identifier": number, **more}


def sis(*students: dict[str, Any], roles: Mapping[str, str] | None = None, **named: Any) -> Extract:
    """The student information system: a school and these students."""
    kinds = {row["sourced_id"]: "student" for row in students} | dict(roles or {})
    rows = [{"sourced_id": f"{k}:S", "user": k, "org": "S", "role": kind} for k, kind in kinds.items()]
    return extract([table("Org", ORGS), table("User", list(students)), table("Role", rows)], **named)


def family(*links: tuple[str, str, str], **named: Any) -> Extract:
    """A guardian file: (guardian, kind of key, value), each with a person of its own."""
    people = [{"sourced_id": g, "given_name": f"Given {g}", "family_name": "Osei"} for g in {link[0] for link in links}]
    rows = [
        {"sourced_id": f"{g}:{value}", "asserted_by": "file", "guardian": g, "student": value, "_by_student": kind}
        for g, kind, value in links
    ]
    roles = [
        {"sourced_id": f"{p['sourced_id']}:D", "user": p["sourced_id"], "org": "D", "_by_org": "sourced_id"}
        | {"role": "guardian"}
        for p in people
    ]
    return extract([table("User", people), table("Role", roles), table("GuardianLink", rows)], **named)


KIDS = (student("k1", "4711"), student("k2", "4712"))
LINKS = (("g1", "identifier", "4711"), ("g2", "identifier", "4712"))


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with workspace() as made:
        (made.folder / "rosterkit.toml").write_text(SETTINGS, encoding="utf-8")
        yield Workspace(made.folder)


def plan(ws: Workspace, **sources: Extract | MemorySource) -> Plan:
    """Plans what each source delivers."""
    found = {name: s if isinstance(s, MemorySource) else MemorySource(s) for name, s in sources.items()}
    queue = iter(found[name] for name in ws.config.sources)
    with patch("rosterkit.extraction.source", lambda _kind: next(queue)):
        return ws.plan()


def apply(ws: Workspace, made: Plan) -> Plan:
    if ws.show(made.id).plan.state == "proposed":
        ws.approve(made.id, reason="looked at", actor="kim")
    ws.apply(made.id, actor="kim")
    return made


def lines(ws: Workspace, made: Plan) -> set[tuple[str, str, str]]:
    return set(ws.show(made.id).lines.select("entity", "action", "sourced_id").rows())


def rules(ws: Workspace, made: Plan) -> list[str]:
    return ws.show(made.id).findings["rule"].to_list()


def test_all_sources_are_planned_together(ws: Workspace) -> None:
    made = apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    assert made.sources == ("main", "family")
    assert made.changes["User"] == Counts(create=4)
    assert made.changes["GuardianLink"] == Counts(create=2)
    again = plan(ws, main=sis(*KIDS), family=family(*LINKS))
    assert (again.total, rules(ws, again)) == (Counts(), [])


def test_absence_archives_only_rows_of_the_source_that_delivered_the_table(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    made = plan(ws, main=sis(KIDS[0]), family=family(*LINKS))
    gone = {line for line in lines(ws, made) if line[1] == "archive"}
    assert gone == {("User", "archive", "k2"), ("Role", "archive", "k2:S"), ("GuardianLink", "archive", "g2:4712")}
    made = plan(ws, main=sis(*KIDS), family=family(LINKS[0]))
    gone = {line for line in lines(ws, made) if line[1] == "archive"}
    assert gone == {("User", "archive", "g2"), ("Role", "archive", "g2:D"), ("GuardianLink", "archive", "g2:4712")}


def test_the_same_id_of_two_sources_is_two_records(ws: Workspace) -> None:
    made = apply(ws, plan(ws, main=sis(student("x", "4711")), family=family(("x", "identifier", "4711"))))
    assert made.changes["User"] == Counts(create=2)
    assert plan(ws, main=sis(student("x", "4711")), family=family(("x", "identifier", "4711"))).total == Counts()


def test_a_source_that_cannot_be_read_freezes_its_own_records(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    made = plan(ws, main=sis(*KIDS, student("k3", "4713")), family=Broken(family()))
    assert lines(ws, made) == {("User", "create", "k3"), ("Role", "create", "k3:S")}
    assert any("family could not be read" in note for note in made.notes)
    made = plan(ws, main=Broken(sis()), family=family(*LINKS))
    assert made.total == Counts()


def test_a_new_source_needs_a_person_whenever_its_first_records_come(ws: Workspace) -> None:
    """Also where it was configured days before, and a person approved what the others brought meanwhile."""
    path = ws.folder / "rosterkit.toml"
    path.write_text(f'mode = "auto"\n{SETTINGS.split("[sources.family]", maxsplit=1)[0]}', encoding="utf-8")
    with patch("rosterkit.extraction.source", lambda _kind: MemorySource(sis(*KIDS))):
        first = Workspace(ws.folder)
        apply(first, first.plan())
    path.write_text(f'mode = "auto"\n{SETTINGS}', encoding="utf-8")
    both = Workspace(ws.folder)
    nothing = plan(both, main=sis(*KIDS), family=extract([]))
    assert (nothing.needs_approval, nothing.total) == (False, Counts())
    apply(both, nothing)
    made = plan(both, main=sis(*KIDS, student("k3", "4713")), family=extract([]))
    assert made.approval_why == "settings have changed since the last plan that was applied"
    apply(both, made)
    made = plan(both, main=sis(*KIDS, student("k3", "4713")), family=family(*LINKS))
    assert made.approval_why == "it brings the first records of source family"
    apply(both, made)
    assert not plan(both, main=sis(*KIDS), family=family(*LINKS, ("g3", "identifier", "4711"))).needs_approval


def test_the_only_source_that_cannot_be_read_is_an_error(ws: Workspace) -> None:
    (ws.folder / "rosterkit.toml").write_text(SETTINGS.split("[sources.family]", maxsplit=1)[0], encoding="utf-8")
    with pytest.raises(SourceUnreadable):
        plan(Workspace(ws.folder), main=Broken(sis()))


def test_a_source_that_is_disabled_freezes_its_own_records(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    text = SETTINGS.replace('path = "family.csv"', 'path = "family.csv"\nenabled = false')
    (ws.folder / "rosterkit.toml").write_text(text, encoding="utf-8")
    off = Workspace(ws.folder)
    with patch("rosterkit.extraction.source", lambda _kind: MemorySource(sis(*KIDS))):
        assert off.plan().total == Counts()


def test_a_number_that_moves_to_another_child_moves_the_link_once_a_person_says_so(ws: Workspace) -> None:
    """The guardian's line is the same: a reference by number is compared by what it means now."""
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    moved = (student("k1", "4712"), student("k2", "4711"))
    made = plan(ws, main=sis(*moved), family=family(*LINKS))
    fields = ws.show(made.id).lines.filter(pl.col("entity") == "GuardianLink")
    assert set(fields.select("sourced_id", "field", "before", "after").rows()) == {
        ("g1:4711", "student", "k1", "k2"),
        ("g2:4712", "student", "k2", "k1"),
    }
    assert links_of(ws, made) == {("g1:4711", "update", "case"), ("g2:4712", "update", "case")}
    assert rules(ws, made) == ["identity.moved-number"] * 2
    apply(ws, made)
    for key in ("g1:4711", "g2:4712"):
        ws.approve_held(made.id, reason="we asked", actor="kim", entity="GuardianLink", sourced_id=key)
    made = apply(ws, plan(ws, main=sis(*moved), family=family(*LINKS)))
    assert links_of(ws, made) == {("g1:4711", "update", ""), ("g2:4712", "update", "")}
    assert plan(ws, main=sis(*moved), family=family(*LINKS)).total == Counts()


def test_a_number_of_a_child_who_left_does_not_bring_the_guardian_to_the_next(ws: Workspace) -> None:
    path = ws.folder / "rosterkit.toml"
    path.write_text(f"{SETTINGS}\n[grace]\nstudents = 0\nguardians = 0\n", encoding="utf-8")
    ws = Workspace(ws.folder)
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    apply(ws, plan(ws, main=sis(KIDS[1]), family=family(*LINKS)))
    made = apply(ws, plan(ws, main=sis(KIDS[1], student("k9", "4711")), family=family(*LINKS)))
    assert links_of(ws, made) == {("g1:4711", "restore", "case")}


@pytest.mark.parametrize(("kind", "value", "found"), [("sourced_id", "k1", 1), ("identifier", "4711", 0)])
def test_a_line_stays_with_a_child_who_gets_another_id(kind: str, value: str, found: int) -> None:
    """Also where the earlier id is given to another child afterwards: a line by it then waits for a person."""
    again = student("Z1", "4711", given_name="Given k1")
    other = student("k1", "9999", given_name="Wren", family_name="Okafor")
    families = family(("g1", kind, value))
    with workspace(relinks=True) as made:
        (made.folder / "rosterkit.toml").write_text(SETTINGS, encoding="utf-8")
        ws = Workspace(made.folder)
        apply(ws, plan(ws, main=sis(*KIDS), family=families))
        second = apply(ws, plan(ws, main=sis(again, KIDS[1], name="second"), family=families))
        assert lines(ws, second) == {("User", "update", "Z1"), ("Role", "update", "Z1:S")}
        assert rules(ws, second) == ["reference.no-match"] * found
        third = plan(ws, main=sis(again, KIDS[1], other, name="third"), family=families)
        assert rules(ws, third) == ["identity.moved-number"] * found
        held = ws.show(third.id).lines.filter(entity="GuardianLink")["held"].to_list()
        assert held == ["case"] * found


def links_of(ws: Workspace, made: Plan) -> set[tuple[str, str, str]]:
    """Guardian links that a plan touches: what is done, and what holds it."""
    mine = ws.show(made.id).lines.filter(pl.col("entity") == "GuardianLink")
    return set(mine.select("sourced_id", "action", "held").rows())


def test_a_link_by_number_waits_where_somebody_keeps_that_number_by_a_hold(ws: Workspace) -> None:
    """Else the adult of one child would see the record of another, who never got the number."""
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    moved = sis(student("k1", "4712"), student("k2", "4711"))
    new = family(*LINKS, ("g3", "identifier", "4711"))
    ws.hold("User", "k1", field="identifier", reason="ask the office", actor="kim")
    made = apply(ws, plan(ws, main=moved, family=new))
    expected = {("g1:4711", "update", "case"), ("g2:4712", "update", "case")}
    assert links_of(ws, made) == expected | {("g3:4711", "create", "dependant")}
    ws.release("User", "k1", field="identifier", reason="it is right", actor="kim")
    made = plan(ws, main=moved, family=new)
    assert links_of(ws, made) == expected | {("g3:4711", "create", "")}


def test_a_link_by_number_does_not_move_while_a_child_who_has_the_number_is_in_grace(ws: Workspace) -> None:
    path = ws.folder / "rosterkit.toml"
    path.write_text(f"{SETTINGS}\n[grace]\nstudents = 3\n", encoding="utf-8")
    graced = Workspace(ws.folder)
    apply(graced, plan(graced, main=sis(*KIDS, student("k3", "1")), family=family(*LINKS)))
    made = plan(graced, main=sis(KIDS[1], student("k3", "4711")), family=family(*LINKS))
    assert links_of(graced, made) == {("g1:4711", "update", "case")}


def test_a_number_that_nobody_has_is_a_finding_and_the_row_is_deferred(ws: Workspace) -> None:
    made = apply(ws, plan(ws, main=sis(KIDS[0]), family=family(*LINKS)))
    found = ws.show(made.id).findings
    assert found.select("rule", "column", "value", "key").rows() == [("reference.no-match", "student", "", "g2:4712")]
    assert "4712" not in found["detail"][0]
    assert made.changes["GuardianLink"] == Counts(create=1)
    later = plan(ws, main=sis(*KIDS), family=extract([]))  # the guardian file is not there, and its row was kept
    assert ("GuardianLink", "create", "g2:4712") in lines(ws, later)


def test_a_number_that_two_children_have_is_a_finding_and_what_is_stored_stays(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    both = (student("k1", "4711"), student("k2", "4711"))
    made = plan(ws, main=sis(*both), family=family(*LINKS))
    assert sorted(rules(ws, made)) == ["reference.ambiguous", "reference.no-match"]
    assert made.changes["GuardianLink"] == Counts()


def test_a_student_is_matched_by_an_active_student_role(ws: Workspace) -> None:
    made = plan(ws, main=sis(*KIDS, roles={"k2": "teacher"}), family=family(*LINKS))
    assert rules(ws, made) == ["reference.no-match"]
    assert made.changes["GuardianLink"] == Counts(create=1)


def test_a_reference_by_another_key_never_means_a_record_of_its_own_source(ws: Workspace) -> None:
    own = extract(
        [
            table("User", [student("g1", "1"), student("k9", "4711")]),
            table(
                "GuardianLink",
                [
                    {
                        "sourced_id": "l",
                        "asserted_by": "file",
                        "guardian": "g1",
                        "student": "4711",
                        "_by_student": "identifier",
                    }
                ],
            ),
        ]
    )
    assert rules(ws, plan(ws, main=sis(student("k2", "4712")), family=own)) == ["reference.no-match"]


def test_id_spaces_of_one_source_are_told_apart(ws: Workspace) -> None:
    contacts = table("User", [{"sourced_id": "1", "given_name": "Ada", "family_name": "Osei"}], id_space="contacts")
    link = {
        "sourced_id": "l",
        "asserted_by": "guardian",
        "guardian": "1",
        "_space_guardian": "contacts",
        "student": "1",
    }
    people = table("User", [student("1", "4711")])
    roles = table("Role", [{"sourced_id": "r", "user": "1", "org": "S", "role": "student"}])
    given = extract([table("Org", ORGS), people, contacts, roles, table("GuardianLink", [link])])
    made = apply(ws, plan(ws, main=given, family=extract([])))
    assert made.changes["User"] == Counts(create=2)
    stored = ws.show(made.id).creates["GuardianLink"].row(0, named=True)
    assert (stored["guardian"], stored["student"]) == ("1", "1")
    assert plan(ws, main=given, family=extract([])).total == Counts()


def test_a_delta_of_one_source_waits_until_a_plan_that_covers_it_is_applied(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    people = table("User", [student("k1", "4711", email="new@x.example")])
    plan(ws, main=extract([people], delta=True, name="delta"), family=family(*LINKS))
    made = plan(ws, main=extract([], name="nothing"), family=family(*LINKS))
    assert made.changes["User"] == Counts(update=1)


def test_the_changes_of_an_api_are_not_kept_its_cursor_advances_on_apply(ws: Workspace) -> None:
    apply(ws, plan(ws, main=sis(*KIDS), family=family(*LINKS)))
    people = table("User", [student("k1", "4711", email="new@x.example")])
    changes = extract([people], delta=True, name="events", cursor="42")
    made = plan(ws, main=changes, family=family(*LINKS))
    assert made.changes["User"] == Counts(update=1)
    assert plan(ws, main=extract([], name="later", cursor="42"), family=family(*LINKS)).total == Counts()
    cursors: list[str | None] = []

    class Api(MemorySource):
        def extract(self, settings: Any, context: Context) -> Extract:
            cursors.append(context.cursor)
            return self.given

    again = apply(ws, plan(ws, main=Api(changes), family=family(*LINKS)))
    assert again.changes["User"] == Counts(update=1)
    plan(ws, main=Api(extract([], name="later", cursor="43")), family=family(*LINKS))
    assert cursors == [None, "42"]


def test_a_blank_that_is_not_null_is_refused_before_anything_is_planned() -> None:
    broken = extract({"Org": table("Org", [{**ORGS[0], "name": ""}])})
    with workspace() as ws, pytest.raises(InternalError, match="about Org: a blank is not null"):
        plan_extract(ws, broken)
