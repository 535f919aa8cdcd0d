"""Scope, decided on the tables of an extract, and what a plan makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rosterkit.plan.plan import Plan
from rosterkit.settings_template import toml
from rosterkit.sources.base import Coverage, Extract, Table
from rosterkit.sources.scope import marked, scoped, unmarked
from rosterkit.sources.scope_settings import Scope
from rosterkit.testing.package import write_package
from rosterkit.workspace import Workspace

Rows = list[dict[str, str]]


def person(key: str, role: str, school: str, **more: str) -> dict[str, str]:
    row = {"sourcedId": key, "enabledUser": "true", "orgSourcedIds": school, "role": role, "username": key}
    return row | {"givenName": f"G{key}", "familyName": f"F{key}", "identifier": f"N{key}"} | more


def class_(key: str, school: str, **more: str) -> dict[str, str]:
    row = {"sourcedId": key, "title": f"Class {key}", "classType": "scheduled", "courseSourcedId": "algebra"}
    return row | {"schoolSourcedId": school, "termSourcedIds": "fall", "subjects": "Mathematics"} | more


def enrolled(user: str, key: str, role: str = "student") -> dict[str, str]:
    school = key[0].upper()
    row = {"sourcedId": f"{user}-{key}", "classSourcedId": key, "schoolSourcedId": school, "userSourcedId": user}
    return row | {"role": role}


def district() -> dict[str, Rows]:
    """Schools A and B: a homeroom and a section each, a teacher, two students with a guardian each; one registrar."""
    files: dict[str, Rows] = {
        "orgs": [
            {"sourcedId": "D", "name": "Fern County", "type": "district"},
            {"sourcedId": "A", "name": "Alder School", "type": "school", "identifier": "001", "parentSourcedId": "D"},
            {"sourcedId": "B", "name": "Birch School", "type": "school", "identifier": "002", "parentSourcedId": "D"},
        ],
        "academicSessions": [
            session("year", "2026-2027", "schoolYear"),
            session("fall", "Fall", "semester", parentSourcedId="year"),
            session("spring", "Spring", "semester", parentSourcedId="year"),
        ],
        "courses": [
            {"sourcedId": "algebra", "title": "Algebra", "courseCode": "MA1", "orgSourcedId": "D"},
            {"sourcedId": "choir", "title": "Choir", "courseCode": "MU1", "orgSourcedId": "D"},
        ],
        "classes": [],
        "users": [person("office", "administrator", "D")],
        "enrollments": [],
    }
    for school in "AB":
        low = school.lower()
        files["classes"] += [
            class_(f"{low}-home", school, classType="homeroom", subjects="Homeroom", termSourcedIds="year"),
            class_(f"{low}-choir", school, courseSourcedId="choir", subjects="Music", termSourcedIds="spring"),
        ]
        files["users"].append(person(f"{low}-t", "teacher", school))
        for at, grade in ((1, "03"), (2, "09")):
            child, adult = f"{low}-s{at}", f"{low}-g{at}"
            files["users"].append(person(child, "student", school, grades=grade, agentSourcedIds=adult))
            files["users"].append(person(adult, "parent", school))
            files["enrollments"] += [enrolled(child, f"{low}-home"), enrolled(child, f"{low}-choir")]
        files["enrollments"] += [enrolled(f"{low}-t", f"{low}-{name}", "teacher") for name in ("home", "choir")]
    return files


def session(key: str, title: str, kind: str, **more: str) -> dict[str, str]:
    row = {"sourcedId": key, "title": title, "type": kind, "startDate": "2026-08-24", "endDate": "2027-06-12"}
    return row | {"schoolYear": "2027"} | more


class District:
    """A workspace that reads the district, with a scope that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "workspace"
        Workspace.init(self.folder)
        self.package = write_package(folder / "package.zip", district())
        self.scope({})

    def scope(self, settings: Mapping[str, Any]) -> None:
        lines = ['mode = "auto"']
        lines += ["[sources.main]", 'kind = "oneroster"', f'path = "{self.package}"', f"scope = {toml(dict(settings))}"]
        (self.folder / "rosterkit.toml").write_text("\n".join(lines), encoding="utf-8")

    def plan(self) -> Plan:
        return Workspace(self.folder).plan()

    def apply(self) -> Plan:
        plan, workspace = self.plan(), Workspace(self.folder)
        workspace.approve(plan.id, reason="as expected", actor="ida")
        workspace.apply(plan.id, actor="ida")
        return plan

    def lines(self, plan: Plan) -> pl.DataFrame:
        return Workspace(self.folder).show(plan.id).lines

    def created(self, plan: Plan) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for entity, key in self.lines(plan).filter(action="create").select("entity", "sourced_id").iter_rows():
            found.setdefault(entity, set()).add(key)
        return found


@pytest.fixture
def fern(tmp_path: Path) -> District:
    return District(tmp_path)


def test_homerooms_only(fern: District) -> None:
    fern.scope({"homerooms_only": True})
    found = fern.created(fern.plan())
    assert found["Class"] == {"a-home", "b-home"}
    assert {key.partition("-a-")[2] or key.partition("-b-")[2] for key in found["Enrollment"]} == {"home"}
    assert len(found["User"]) == 11, "nobody leaves because a class does"


@pytest.mark.parametrize("name", ["A", "001", "alder school"])
def test_one_school_by_id_number_or_name(fern: District, name: str) -> None:
    fern.scope({"schools": [name]})
    found = fern.created(fern.plan())
    assert found["Org"] == {"D", "A"}
    assert found["User"] == {"office", "a-t", "a-s1", "a-g1", "a-s2", "a-g2"}
    assert found["Class"] == {"a-home", "a-choir"}
    assert {key[0] for key in found["Enrollment"]} == {"a"}
    assert len(found["GuardianLink"]) == 2


def test_grades_keep_the_families_of_their_students(fern: District) -> None:
    fern.scope({"grades": ["03"]})
    found = fern.created(fern.plan())
    assert found["User"] == {"office", "a-t", "b-t", "a-s1", "a-g1", "b-s1", "b-g1"}
    assert {key.split("-")[1] for key in found["Enrollment"]} == {"s1", "t"}


def test_subjects_courses_and_terms_choose_classes(fern: District) -> None:
    for settings, wanted in (
        ({"subjects": ["music"]}, {"a-choir", "b-choir"}),
        ({"courses": ["MU1"]}, {"a-choir", "b-choir"}),
        ({"courses": ["Algebra"]}, {"a-home", "b-home"}),
        ({"terms": ["Spring"]}, {"a-choir", "b-choir"}),
        ({"terms": ["2026-2027"]}, {"a-home", "b-home", "a-choir", "b-choir"}),
        ({"subjects": ["music"], "schools": ["B"]}, {"b-choir"}),
    ):
        fern.scope(settings)
        assert fern.created(fern.plan())["Class"] == wanted, settings


def test_two_schools_become_one(fern: District) -> None:
    fern.scope({"one_school": {"Birch School": "Alder School"}})
    plan = fern.apply()
    assert fern.created(plan)["Org"] == {"D", "A"}
    assert len(fern.created(plan)["User"]) == 11
    lines = fern.lines(plan).filter(entity="Class")
    assert set(lines["school"]) == {"Alder School"}
    assert fern.plan().total.total == 0


def test_staff_of_the_district_can_be_left_out(fern: District) -> None:
    fern.scope({"district_staff": False})
    found = fern.created(fern.plan())
    assert "office" not in found["User"]
    assert len(found["User"]) == 10


def test_a_narrower_scope_is_planned_and_the_plan_says_that_scope_did_it(fern: District) -> None:
    fern.apply()
    fern.scope({"schools": ["A"]})
    plan = fern.plan()
    assert plan.needs_approval
    assert "settings have changed" in plan.approval_why
    lines = fern.lines(plan).filter(pl.col("action") == "archive")
    why = dict(
        lines.group_by("entity", "why").len().select(pl.concat_str("entity", "why", separator=": "), "len").rows()
    )
    scope = "out of scope: the source still has it"
    assert why[f"User: {scope}"] == 5
    assert why[f"Org: {scope}"] == 1
    assert not [text for text in why if "no longer in the source" in text]
    assert lines.filter(pl.col("sourced_id").str.starts_with("a-")).is_empty()


def test_a_wider_scope_brings_them_back(fern: District) -> None:
    fern.scope({"schools": ["A"]})
    fern.apply()
    fern.scope({})
    assert fern.created(fern.plan())["User"] == {"b-t", "b-s1", "b-g1", "b-s2", "b-g2"}


def test_a_school_that_nothing_is_called_is_an_error_that_names_it(fern: District) -> None:
    fern.scope({"schools": ["A", "Cedar School"]})
    plan = fern.plan()
    found = Workspace(fern.folder).show(plan.id).findings.filter(rule="scope.unknown")
    assert found.select("column", "value").rows() == [("schools", "Cedar School")]
    assert fern.created(plan)["Org"] == {"D", "A"}


def test_a_student_whose_grade_is_blank_is_neither_brought_nor_archived(tmp_path: Path) -> None:
    fern = District(tmp_path)
    fern.apply()
    files = district()
    for user in files["users"]:
        if user["sourcedId"] in ("a-s1", "b-s2"):
            user["grades"] = ""
    files["users"].append(person("a-new", "student", "A"))
    write_package(fern.package, files)
    fern.scope({"grades": ["03"]})
    plan = fern.plan()
    gone = set(fern.lines(plan).filter(action="archive", entity="User")["sourced_id"])
    assert "a-s2" in gone
    assert not gone & {"a-s1", "b-s2", "b-g2", "a-g1"}, "where nobody can say, what is stored stays"
    assert "a-new" not in fern.created(plan).get("User", set())


@pytest.mark.parametrize("what", ["the list of schools is missing", "a school's type is unknown", "a school's line"])
@pytest.mark.parametrize("stored", [False, True])
def test_who_belongs_to_a_school_that_nobody_can_look_up_is_neither_brought_nor_archived(
    tmp_path: Path, what: str, stored: bool
) -> None:
    fern, files = District(tmp_path), district()
    if stored:
        fern.apply()
    if what == "the list of schools is missing":
        files.pop("orgs")
    elif what == "a school's type is unknown":
        files["orgs"][2]["type"] = "bus depot"
    else:
        files["orgs"][2]["sourcedId"] = ""
    write_package(fern.package, files)
    fern.scope({"schools": ["001"]})
    plan = fern.plan()
    found = fern.created(plan)
    everything = {key for keys in found.values() for key in keys}
    assert not {key for key in everything if key.startswith("b-")}, "Birch School is not in scope"
    gone = set(fern.lines(plan).filter(action="archive")["sourced_id"])
    assert not {key for key in gone if key.startswith("b-")}, "and nobody can see that they are Birch School's"
    if not stored and "schools" not in what:
        assert found["User"] == {"office", "a-t", "a-s1", "a-g1", "a-s2", "a-g2"}


# contact types, on an extract made by hand

PLACE = {"_file": "links", "_line": 1}


def table(entity: str, rows: Iterable[dict[str, Any]], coverage: Coverage = Coverage.FULL, **more: Any) -> Table:
    found = [{**PLACE, **row} for row in rows]
    return Table(entity, pl.LazyFrame(found, infer_schema_length=None), coverage, **more)


def families(coverage: Coverage = Coverage.FULL) -> Extract:
    kinds = {"p": "Parent/Guardian", "e": "Emergency", "n": "Neighbor"}
    users: list[dict[str, Any]] = [{"sourced_id": "s", "grades": '["03"]', "primary_org": "A"}]
    users += [{"sourced_id": key, "grades": None, "primary_org": None} for key in kinds]
    roles = [{"sourced_id": f"r{key}", "user": key, "org": "A", "role": "parent"} for key in kinds]
    roles.append({"sourced_id": "rs", "user": "s", "org": "A", "role": "student"})
    links = [
        {"sourced_id": f"l{key}", "guardian": key, "student": "s", "type": kind, "relationship": None}
        for key, kind in kinds.items()
    ]
    orgs = [{"sourced_id": "A", "type": "school", "name": "Alder", "identifier": "1"}]
    tables = (
        table("Org", orgs),
        table("User", users, coverage),
        table("Role", roles, coverage),
        table("GuardianLink", links, coverage),
    )
    return Extract("x", "x", "1", tables, pl.DataFrame(schema={}))


def kept(extract: Extract, entity: str) -> set[str]:
    found = extract.table(entity)
    assert found
    return set(found.rows.collect()["sourced_id"])


TYPES = Scope(contact_types={"parent/guardian": "guardian", "Emergency": "ignore"})


def test_contact_types_choose_links_and_the_people_behind_them() -> None:
    from rosterkit.roster.findings import empty

    extract = families()
    made = scoped(Extract("x", "x", "1", extract.tables, empty()), TYPES)
    assert kept(made, "GuardianLink") == {"lp"}
    assert kept(made, "User") == {"s", "p"}
    links, users = made.table("GuardianLink"), made.table("User")
    assert links
    assert users
    assert set(links.outside) == {"le"}
    assert set(users.outside) == {"e"}
    # of the type that nobody mapped, link and person are set aside: what is stored of them stays
    assert links.invalid.select("sourced_id", "column").rows() == [("ln", None)]
    assert "n" in users.invalid["sourced_id"].to_list()
    found = made.findings.filter(rule="scope.contact-type")
    assert found.select("value", "detail").rows() == [("Neighbor", "1 links")]


def test_in_a_set_of_changes_who_is_out_of_scope_is_a_delete_by_scope() -> None:
    from rosterkit.roster.findings import empty

    extract = families(Coverage.DELTA)
    made = scoped(Extract("x", "x", "1", extract.tables, empty()), Scope(grades=("09",)))
    users = made.table("User")
    assert users
    rows = users.rows.collect()
    assert dict(rows.select("sourced_id", "_deleted").rows())["s"] is True
    assert set(users.outside) >= {"s"}


def test_everything_wanted_leaves_the_extract_as_it_is() -> None:
    extract = families()
    assert scoped(extract, Scope()) is extract


def test_with_a_scope_and_after_one_an_api_is_read_in_full() -> None:
    narrow = Scope(schools=("A",))
    assert unmarked(marked("event-7", narrow), narrow) is None
    assert unmarked(marked("event-7", narrow), Scope()) is None
    assert unmarked("event-7", narrow) is None
    assert unmarked(marked("event-7", Scope()), Scope()) == "event-7"
    assert marked(None, narrow) is None
