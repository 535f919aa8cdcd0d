"""Whole runs on CSV packages: what a short, broken or strange package may do to the children of a district."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from rosterkit import Workspace
from rosterkit.errors import SourceUnreadable
from rosterkit.plan.plan import Counts

NOTHING = Counts()
PER_SCHOOL = 30  # students, in the district of this folder's conftest


def without(kind: Any, *keys: Any) -> Any:
    def change(files: Any) -> None:
        files[kind] = [row for row in files[kind] if row["sourcedId"] not in keys]

    return change


def test_the_same_package_again_changes_nothing(scenario: Any) -> None:
    plan = scenario.plan()
    assert plan.total == NOTHING
    assert plan.total_held == NOTHING
    assert not plan.needs_approval


def test_a_first_plan_needs_a_person_whatever_the_mode(tmp_path: Path, scenario: Any) -> None:
    workspace = Workspace.init(tmp_path / "other")
    settings = workspace.folder / "rosterkit.toml"
    settings.write_text(settings.read_text().replace('mode = "review"', 'mode = "auto"'))
    plan = Workspace(workspace.folder).plan(scenario.package(scenario.files))
    assert plan.approval_why == "it is the first plan of this source"


def test_one_student_leaves_with_everything_that_is_theirs(scenario: Any) -> None:
    def leave(files: Any) -> None:
        without("users", "S1-p0", "S1-g0")(files)
        without("enrollments", "S1-c0.S1-p0", "S1-c1.S1-p0")(files)

    plan = scenario.sync(scenario.changed(leave))
    assert plan.total_held == NOTHING
    assert plan.changes["User"] == Counts(archive=2)
    assert plan.changes["Enrollment"] == Counts(archive=2)
    assert plan.changes["GuardianLink"] == Counts(archive=1)
    assert plan.changes["Role"] == Counts(archive=2)


def test_a_person_who_is_dropped_takes_the_enrollments_that_stay_behind(scenario: Any) -> None:
    plan = scenario.plan(scenario.changed(without("users", "S1-p0")))
    held = {line for line in scenario.lines(plan) if line[3]}
    assert held == set()
    assert plan.changes["Enrollment"] == Counts(archive=2)
    found = scenario.workspace.show(plan.id).findings
    assert set(found["rule"]) == {"reference.gone"}
    assert found.filter(found["column"] == "userSourcedId").height == 2


@pytest.mark.parametrize("missing", ["users", "enrollments", "classes", "orgs"])
def test_a_file_that_is_missing_archives_nobody(scenario: Any, missing: Any) -> None:
    files = {name: rows for name, rows in scenario.files.items() if name != missing}
    plan = scenario.plan(files)
    assert plan.total.archive == 0
    assert plan.total_held.archive == 0
    states = {table.entity: table.coverage for table in plan.coverage}
    assert (
        states[{"users": "User", "enrollments": "Enrollment", "classes": "Class", "orgs": "Org"}[missing]] == "absent"
    )


@pytest.mark.parametrize("kind", ["users", "enrollments", "classes"])
def test_a_header_only_file_archives_nobody(scenario: Any, kind: Any) -> None:
    plan = scenario.plan({**scenario.files, kind: []})
    assert plan.total.archive == 0
    assert plan.total_held.archive == 0


def test_a_file_cut_short_inside_a_row_archives_nobody(scenario: Any) -> None:
    text = users_csv(scenario)
    cut = text[: len(text) * 2 // 3].rstrip(b"\n")
    assert not text[: len(cut) + 1].endswith(b"\n")
    plan = scenario.plan(
        {k: v for k, v in scenario.files.items() if k != "users"}, raw={"users.csv": cut}, modes={"users": "bulk"}
    )
    assert plan.total.archive == 0
    assert {table.coverage for table in plan.coverage if table.entity == "User"} == {"partial"}


def users_csv(scenario: Any) -> Any:
    with zipfile.ZipFile(scenario.package(scenario.files)) as package:
        return package.read("users.csv")


def test_a_file_cut_short_between_rows_is_held_by_the_limits(scenario: Any) -> None:
    keep = len(scenario.files["users"]) * 2 // 3
    plan = scenario.plan(scenario.changed(lambda files: files.update(users=files["users"][:keep])))
    assert plan.changes["User"].archive == 0
    assert plan.held["User"].archive == len(scenario.files["users"]) - keep
    assert plan.changes["Enrollment"].archive == 0


def test_a_vanished_school_is_held_and_the_other_goes_on(scenario: Any) -> None:
    def lose(files: Any) -> None:
        files["users"] = [u for u in files["users"] if not u["sourcedId"].startswith("S2-p")]
        files["enrollments"] = [e for e in files["enrollments"] if not e["userSourcedId"].startswith("S2-p")]
        next(u for u in files["users"] if u["sourcedId"] == "S1-p0")["email"] = "new@jv.example"

    plan = scenario.plan(scenario.changed(lose))
    assert plan.total == Counts(update=1)
    assert plan.held["User"] == Counts(archive=30)
    assert plan.held["Enrollment"] == Counts(archive=60)


def test_what_a_limit_held_stays_held_until_it_returns(scenario: Any) -> None:
    lost = scenario.changed(without("users", *(f"S2-p{i}" for i in range(7))))
    plan = scenario.plan(lost)
    assert plan.held["User"] == Counts(archive=7)

    def grow(files: Any) -> None:
        without("users", *(f"S2-p{i}" for i in range(7)))(files)
        more = [{**files["users"][-2], "sourcedId": f"S2-new{i}", "username": f"n{i}"} for i in range(25)]
        files["users"] += more

    bigger = scenario.sync(scenario.changed(grow))
    assert bigger.held["User"] == Counts(archive=7)
    assert len([h for h in scenario.workspace.holds() if h.code == "limit"]) >= 7
    scenario.sync(scenario.files)
    assert [
        h for h in scenario.workspace.holds() if h.code == "limit" and h.entity == "User" and h.sourced_id == "S2-p0"
    ] == []


def test_approving_what_is_held_is_a_ceiling(scenario: Any) -> None:
    lost = scenario.changed(without("users", *(f"S2-p{i}" for i in range(7))))
    plan = scenario.plan(lost)
    signed = scenario.workspace.approve_held(plan.id, reason="they moved away", actor="kim")
    assert signed.freed >= 7
    more = scenario.changed(without("users", *(f"S2-p{i}" for i in range(8))))
    again = scenario.plan(more)
    assert again.changes["User"] == Counts(archive=7)
    assert again.held["User"] == Counts(archive=1)
    scenario.apply(again)
    assert scenario.plan(more).changes["User"] == NOTHING


def test_two_rows_of_one_key_that_contradict_each_other_protect_the_child(scenario: Any) -> None:
    def double(files: Any) -> None:
        row = next(u for u in files["users"] if u["sourcedId"] == "S1-p3")
        files["users"].append({**row, "familyName": "Other"})
        files["enrollments"] = [e for e in files["enrollments"] if e["userSourcedId"] != "S1-p3"]

    plan = scenario.plan(scenario.changed(double))
    assert plan.total == NOTHING
    held = {line for line in scenario.lines(plan) if line[3] == "protected"}
    assert ("Enrollment", "archive", "S1-c0.S1-p3", "protected") in held
    assert not [line for line in scenario.lines(plan) if line[2] == "S1-p3"]


def test_identical_copies_of_a_row_are_one(scenario: Any) -> None:
    plan = scenario.plan(scenario.changed(lambda files: files["users"].insert(0, dict(files["users"][5]))))
    assert plan.total == NOTHING
    assert plan.findings["warning"] == 1


def test_an_unreadable_row_protects_its_record_and_what_refers_to_it(scenario: Any) -> None:
    raw = users_csv(scenario).replace(b"S1-p4,,,true", b"S1-p4,,true", 1)
    files = {k: v for k, v in scenario.files.items() if k != "users"}
    files["enrollments"] = [e for e in files["enrollments"] if e["userSourcedId"] != "S1-p4"]
    plan = scenario.plan(files, raw={"users.csv": raw}, modes={"users": "bulk"})
    assert plan.total == NOTHING
    assert {line[3] for line in scenario.lines(plan)} == {"protected"}


def test_a_bad_cell_keeps_the_stored_value_and_a_blank_one_clears(scenario: Any) -> None:
    def first(files: Any) -> None:
        files["users"][2] |= {"middleName": "Lee", "enabledUser": "true"}

    scenario.sync(scenario.changed(first))

    def second(files: Any) -> None:
        files["users"][2] |= {"middleName": "", "enabledUser": "maybe"}

    plan = scenario.plan(scenario.changed(second))
    shown = scenario.workspace.show(plan.id).lines
    assert shown.select("field", "before", "after").rows() == [("middle_name", "Lee", None)]
    assert plan.findings["error"] == 1


def test_a_column_that_is_not_there_leaves_what_is_stored(scenario: Any) -> None:
    raw = users_csv(scenario)
    header, *rows = raw.decode().splitlines()
    at = header.split(",").index("grades")
    cut = [",".join(c for i, c in enumerate(line.split(",")) if i != at) for line in (header, *rows)]
    files = {k: v for k, v in scenario.files.items() if k != "users"}
    plan = scenario.plan(files, raw={"users.csv": "\n".join([*cut, ""]).encode()}, modes={"users": "bulk"})
    assert plan.total == NOTHING


def test_tobedeleted_in_a_bulk_file_is_an_explicit_archive(scenario: Any) -> None:
    plan = scenario.plan(scenario.changed(lambda files: files["users"][2].update(status="tobedeleted")))
    assert ("User", "archive", "S1-p0", "") in scenario.lines(plan)
    assert plan.findings["warning"] >= 1


def test_a_reused_id_is_a_case_and_never_an_update(scenario: Any) -> None:
    def reuse(files: Any) -> None:
        row = next(u for u in files["users"] if u["sourcedId"] == "S1-p0")
        row |= {"givenName": "Imani", "familyName": "Castellanos", "identifier": "N-other", "email": "imani@jv.example"}
        files["enrollments"].append(
            {
                "sourcedId": "new",
                "classSourcedId": "S2-c0",
                "schoolSourcedId": "S2",
                "userSourcedId": "S1-p0",
                "role": "student",
            }
        )

    plan = scenario.sync(scenario.changed(reuse))
    assert plan.total == NOTHING
    assert ("User", "update", "S1-p0", "case") in scenario.lines(plan)
    assert ("Enrollment", "create", "new", "dependant") in scenario.lines(plan)
    explained = scenario.workspace.explain("User", "S1-p0")
    assert {v.field: v.value for v in explained.values}["given_name"] == "GivenS1-p0"
    assert explained.pending
    freed = scenario.workspace.approve_held(plan.id, reason="the same child, adopted", actor="kim", sourced_id="S1-p0")
    assert freed.freed == 1
    again = scenario.plan(scenario.changed(reuse))
    assert again.changes["User"] == Counts(update=1)
    assert again.changes["Enrollment"] == Counts(create=1)


def test_two_children_whose_ids_were_swapped_are_two_cases(scenario: Any) -> None:
    def swap(files: Any) -> None:
        one = next(u for u in files["users"] if u["sourcedId"] == "S1-p0")
        two = next(u for u in files["users"] if u["sourcedId"] == "S1-p1")
        one["sourcedId"], two["sourcedId"] = two["sourcedId"], one["sourcedId"]

    plan = scenario.plan(scenario.changed(swap))
    assert plan.changes["User"] == NOTHING
    assert plan.held["User"] == Counts(update=2)


def test_a_class_that_stays_and_loses_most_of_its_students_keeps_them(scenario: Any) -> None:
    gone = {f"S1-c0.S1-p{i}" for i in range(20)}
    plan = scenario.plan(scenario.changed(without("enrollments", *gone)))
    assert plan.held["Enrollment"] == Counts(archive=20)
    assert plan.changes["Enrollment"] == NOTHING


def test_a_guardian_link_that_the_sis_removed_goes_though_the_child_is_held(scenario: Any) -> None:
    scenario.workspace.hold("User", "S1-p0", reason="custody case", actor="kim")

    def part(files: Any) -> None:
        next(u for u in files["users"] if u["sourcedId"] == "S1-p0")["agentSourcedIds"] = ""

    plan = scenario.sync(scenario.changed(part))
    assert ("GuardianLink", "archive", "S1-p0:S1-g0", "") in scenario.lines(plan)


@pytest.mark.parametrize("bad", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_a_package_that_is_none_leaves_everything_as_it_was(scenario: Any, bad: Any) -> None:
    before = [p.id for p in scenario.workspace.plans()]
    path = scenario.folder / "bad.zip"
    path.write_bytes(bad)
    with pytest.raises(SourceUnreadable):
        scenario.workspace.plan(path)
    assert [p.id for p in scenario.workspace.plans()] == before


def test_a_school_that_is_missing_from_orgs_takes_nobody_whose_row_still_names_it(scenario: Any) -> None:
    lost = scenario.changed(lambda files: files.update(orgs=[o for o in files["orgs"] if o["sourcedId"] != "S2"]))
    plan = scenario.plan(lost)
    assert plan.total.archive == 0
    held = scenario.lines(plan)
    assert ("Role", "archive", "S2-p0:S2", "limit") in held
    assert ("Org", "archive", "S2", "dependant") in held


def test_classes_cut_short_between_rows_keep_their_enrollments(scenario: Any) -> None:
    plan = scenario.plan(scenario.changed(lambda files: files.update(classes=files["classes"][:3])))
    assert plan.total.archive == 0
    assert plan.held["Enrollment"].archive >= PER_SCHOOL
    assert plan.held["Class"].archive == 1


def test_what_follows_stays_held_from_run_to_run(scenario: Any) -> None:
    lost = scenario.changed(lambda files: files.update(classes=files["classes"][:3]))
    first = scenario.sync(lost)
    second = scenario.sync(lost)
    assert [h for h in scenario.workspace.holds() if h.code == "limit" and h.sourced_id == "S2-c1.S2-p0"]
    third = scenario.plan(lost)
    assert first.held == second.held == third.held
    assert third.total.archive == 0


def test_a_plan_that_archives_an_org_needs_a_person_even_in_auto(scenario: Any) -> None:
    settings = scenario.workspace.folder / "rosterkit.toml"
    settings.write_text(settings.read_text().replace('mode = "review"', 'mode = "auto"'))
    scenario.workspace = Workspace(scenario.workspace.folder)
    scenario.sync(scenario.changed(lambda files: files["users"][2].update(email="a@jv.example")))
    assert not scenario.plan(
        scenario.changed(lambda files: files["users"][2].update(email="b@jv.example"))
    ).needs_approval
    row = {**scenario.files["orgs"][1], "status": "tobedeleted", "dateLastModified": "2026-11-01T00:00:00.000Z"}
    plan = scenario.plan({"orgs": [row]}, modes={"orgs": "delta"})
    assert plan.changes["Org"].archive == 1
    assert "would leave" in plan.approval_why
