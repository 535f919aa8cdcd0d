"""Packages of a tiny district, run after run: what each plan must be, whatever came before it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import polars as pl
import pytest
from tiny_packages import District, Row, bulk, delta, enrolled, tiny_district
from tiny_scenario import TIGHT, Scenario, tiny_scenario

from rosterkit.plan.plan import Counts

NOTHING = Counts()


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    with tiny_scenario() as one:
        yield one


@pytest.fixture
def district() -> District:
    return tiny_district()


def email(district: District, key: str, value: str) -> None:
    district.sheets["users"].find(key).cells["email"] = value


# --- twins


def test_a_twin_that_leaves_takes_nothing_with_it(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    users.rows.append(users.find("S1-p4").copy())
    scenario.sync(bulk(district))
    del users.rows[users.at("S1-p4")]  # the second copy stays, and is the record now
    plan = scenario.sync(bulk(district))
    assert (plan.total, scenario.rules(plan)) == (NOTHING, {})


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_key_that_is_used_again_protects_its_record(scenario: Scenario, district: District, place: str) -> None:
    users = district.sheets["users"]
    at = users.at("S1-p5")
    other = users.rows[at].copy(middleName="Wren")
    users.rows.insert(at if place == "before" else len(users.rows), other)
    plan = scenario.sync(bulk(district))
    assert plan.total == NOTHING
    assert len(scenario.rules(plan)["row.conflict"]) == 2
    users.rows = [row for row in users.rows if row.key != "S1-p5" or row is other]
    plan = scenario.sync(bulk(district))
    assert plan.total == Counts(update=1)


# --- parents and what leans on them


def test_a_person_who_is_dropped_leaves_enrollments_and_demographics_behind(
    scenario: Scenario, district: District
) -> None:
    users = district.sheets["users"]
    row = users.rows.pop(users.at("S1-p1"))
    plan = scenario.sync(bulk(district))
    assert plan.changes["User"] == Counts(archive=1)
    assert plan.changes["Enrollment"] == Counts(archive=2)
    assert plan.changes["Demographics"] == Counts(archive=1)
    assert scenario.sync(bulk(district)).total == NOTHING
    users.rows.insert(3, row)
    plan = scenario.sync(bulk(district))
    assert plan.changes["Enrollment"] == Counts(restore=2)
    assert plan.changes["Demographics"] == Counts(restore=1)


@pytest.mark.parametrize("kind", ["classes", "orgs", "courses"])
def test_a_record_that_others_refer_to_goes_and_comes_back(scenario: Scenario, district: District, kind: str) -> None:
    rows = district.sheets[kind].rows
    last = rows.pop()
    plan = scenario.sync(bulk(district))
    assert plan.total.total + plan.total_held.total > (kind != "courses")  # a course stays while a class needs it
    rows.insert(0, last)
    plan = scenario.sync(bulk(district))
    assert plan.total.archive == 0


def test_a_line_that_waits_comes_in_when_what_it_names_arrives(scenario: Scenario, district: District) -> None:
    early = Row(enrolled("S1-c1", "S1-late", "S1"))
    district.sheets["enrollments"].rows.insert(5, early)
    plan = scenario.sync(bulk(district))
    assert plan.total == NOTHING
    assert list(scenario.rules(plan)) == ["reference.missing"]
    model = district.sheets["users"].find("S1-p0")
    district.sheets["users"].rows.insert(2, model.copy(sourcedId="S1-late", username="late", agentSourcedIds=""))
    plan = scenario.sync(bulk(district))
    assert plan.changes["Enrollment"] == Counts(create=1)


def test_an_unreadable_line_that_stays_goes_on_protecting(scenario: Scenario, district: District) -> None:
    district.sheets["users"].find("S1-p4").malformed = "short"
    assert scenario.sync(bulk(district)).total == NOTHING
    enrollments = district.sheets["enrollments"]
    enrollments.rows = [row for row in enrollments.rows if row.cells["userSourcedId"] != "S1-p4"]
    plan = scenario.sync(bulk(district))
    assert (plan.total, plan.held["Enrollment"]) == (NOTHING, Counts(archive=1))
    assert list(scenario.rules(plan)) == ["csv.ragged"]


def test_a_reused_id_stays_a_case_until_it_is_approved(scenario: Scenario, district: District) -> None:
    row = district.sheets["users"].find("S1-p2")
    row.cells |= {"givenName": "Imani", "familyName": "Castellanos", "identifier": "N-other"}
    assert scenario.sync(bulk(district)).held["User"] == Counts(update=1)
    district.sheets["enrollments"].rows.append(Row(enrolled("S2-c0", "S1-p2", "S2")))
    package = bulk(district)
    plan = scenario.sync(package)
    assert (plan.held["User"], plan.held["Enrollment"]) == (Counts(update=1), Counts(create=1))
    scenario.workspace.approve_held(plan.id, reason="adopted", actor="kim", sourced_id="S1-p2")
    plan = scenario.sync(package)
    assert (plan.changes["User"], plan.changes["Enrollment"]) == (Counts(update=1), Counts(create=1))


def test_what_contradicts_other_rows_is_found_in_every_run(scenario: Scenario, district: District) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    scenario.sync(bulk(district))
    sheets["orgs"].find("S2").cells["type"] = "department"
    sheets["orgs"].find("D").cells["parentSourcedId"] = "S1"
    for term in ("T1", "T2"):
        sheets["academicSessions"].find(term).cells |= {"startDate": "2026-08-20", "endDate": "2026-08-25"}
    sheets["users"].find("S1-p1").cells["username"] = "s2-p6"
    sheets["users"].find("S1-g0").cells["role"] = "teacher"
    sheets["enrollments"].rows.insert(2, Row(enrolled("S2-c0", "S2-p3", "S2") | {"sourcedId": "again"}))
    expected = {"semantic.school-type", "semantic.cycle", "semantic.enrollment-dates", "semantic.username-shared"}
    expected |= {"agents.not-family", "semantic.enrolled-twice"}
    plan = scenario.sync(bulk(district))
    assert expected <= set(scenario.rules(plan))
    email(district, "S2-p0", "later@lk.example")
    assert expected <= set(scenario.rules(scenario.sync(bulk(district))))  # also on a package that has nothing on it


def test_what_contradicts_roles_and_profiles_is_found_in_users() -> None:
    district = tiny_district("1.2")
    with tiny_scenario("1.2") as scenario:
        sheets = district.sheets
        sheets["roles"].find("r-S1-g0").cells["role"] = "teacher"
        sheets["roles"].find("r-S1-p2").cells["orgSourcedId"] = "S2"
        sheets["roles"].rows.insert(1, sheets["roles"].find("r-S2-p1").copy(sourcedId="again", role="aide"))
        sheets["userProfiles"].find("u-S1-t0").cells["userSourcedId"] = "S2-t0"
        expected = {
            "agents.not-family",
            "semantic.primary-org-role",
            "semantic.primary-roles",
            "semantic.profile-owner",
        }
        plan = scenario.sync(bulk(district))
        assert expected <= set(scenario.rules(plan))
        sheets["roles"].find("r-S1-g0").cells["role"] = "guardian"
        plan = scenario.sync(bulk(district))
        assert set(scenario.rules(plan)) == expected - {"agents.not-family"}


def test_terms_that_a_class_lists_anew_are_found_in_its_enrollments(scenario: Scenario, district: District) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    sheets["academicSessions"].find("T2").cells |= {"startDate": "2027-02-01", "endDate": "2027-06-15"}
    scenario.sync(bulk(district))
    classes = sheets["classes"]
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    plan = scenario.sync(bulk(district))
    assert "semantic.enrollment-dates" in scenario.rules(plan)
    classes.find("S1-c0").cells["termSourcedIds"] = "T1,T2"
    plan = scenario.sync(bulk(district))
    assert "semantic.enrollment-dates" not in scenario.rules(plan)
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    plan = scenario.sync(bulk(district))
    assert "semantic.enrollment-dates" in scenario.rules(plan)


def test_a_term_that_is_held_is_not_listed_any_more_in_the_next_run_either(
    scenario: Scenario, district: District
) -> None:
    scenario.configure(limits=TIGHT)
    district.sheets["classes"].find("S1-c0").cells["termSourcedIds"] = "T1"
    scenario.plan(bulk(district))
    email(district, "S2-p0", "later@lk.example")
    plan = scenario.plan(bulk(district))
    assert plan.held["ClassTerm"] == Counts(archive=1)


def test_a_limit_counts_every_record_also_of_kinds_that_stand_at_no_school(
    scenario: Scenario, district: District
) -> None:
    scenario.configure(limits=TIGHT)
    terms = district.sheets["academicSessions"].rows
    terms.remove(district.sheets["academicSessions"].find("T2"))
    plan = scenario.plan(bulk(district))
    shown = scenario.workspace.show(plan.id).lines.filter(pl.col("entity") == "AcademicSession")
    (reason,) = shown["held_why"].to_list()
    assert reason.startswith("over all, 1 of 3 would be removed, above the limit of 0 % and 0; suspected cause: ")


# --- text and order


def test_a_shuffled_package_has_the_same_content_hash(scenario: Scenario, district: District) -> None:
    for sheet in district.sheets.values():
        random.Random(7).shuffle(sheet.rows)
    plan = scenario.sync(bulk(district))
    assert plan.total == NOTHING
    for sheet in district.sheets.values():
        random.Random(8).shuffle(sheet.rows)
    email(district, "S2-p1", "moved@lk.example")
    plan = scenario.sync(bulk(district))
    shown = scenario.workspace.show(plan.id).lines.select("sourced_id", "file", "line").rows()
    assert shown == [("S2-p1", "users.csv", district.sheets["users"].at("S2-p1") + 2)]


def test_findings_move_with_their_lines(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    users.rows[-1].cells["enabledUser"] = "perhaps"
    last = len(users.rows) + 1
    assert [last] in scenario.rules(scenario.sync(bulk(district))).values()
    users.rows.insert(0, users.rows[0].copy(sourcedId="first", username="first", agentSourcedIds=""))
    plan = scenario.sync(bulk(district))
    assert [last + 1] in scenario.rules(plan).values()


def test_findings_that_are_told_once_for_a_file_count_its_rows(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    for key in ("S1-p2", "S1-p6"):
        users.find(key).cells |= {"dateLastModified": "2026-10-05T00:00:00.000Z"}
        users.find(key).malformed = "gap"
    scenario.sync(bulk(district))
    users.find("S1-p2").cells["dateLastModified"] = ""
    plan = scenario.sync(bulk(district))
    found = scenario.found(plan).filter(pl.col("rule") == "bulk.date")
    assert found["detail"].to_list() == ["1 row"]
    assert scenario.rules(plan)["csv.blank-line"]


def test_columns_may_go_come_and_change_places(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    header = list(users.header)
    users.header.remove("grades")
    plan = scenario.sync(bulk(district))
    assert plan.total == NOTHING
    users.header = [*header[:5], "metadata.house", *header[5:][::-1]]
    users.find("S1-p2").cells["metadata.house"] = "Otter"
    plan = scenario.sync(bulk(district))
    assert plan.total == Counts(update=1)


def test_the_same_bytes_may_be_declared_otherwise(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    for row in users.rows:
        row.cells |= {"status": "active", "dateLastModified": "2026-11-03T00:00:00.000Z"}
    package = bulk(district)
    scenario.sync(package)
    modes = dict.fromkeys(district.sheets, "bulk")
    for other in (package.with_manifest("1.1", modes | {"users": "delta"}), package.without_manifest()):
        plan = scenario.sync(other)
        assert plan.total == NOTHING
    del users.rows[4]
    plan = scenario.sync(bulk(district))
    assert plan.changes["User"] == Counts(archive=1)


def test_a_package_of_another_version_has_role_ids_of_its_own_which_wait_for_a_person(scenario: Scenario) -> None:
    plan = scenario.sync(bulk(tiny_district("1.2")))
    few = 2  # of a role that so few people have
    assert plan.held["Role"] == Counts(update=len(tiny_district("1.2").sheets["roles"].rows) - few)
    assert plan.changes["Role"] == Counts(update=few)


def test_files_that_miss_a_run_come_back_unchanged(scenario: Scenario, district: District) -> None:
    states = {"users": "absent", "enrollments": "header", "classes": "cut", "orgs": "not text", "courses": "undeclared"}
    assert scenario.sync(bulk(district, states)).total == NOTHING
    plan = scenario.sync(bulk(district))
    assert (plan.total, scenario.rules(plan)) == (NOTHING, {})


# --- what was decided or written since


def test_a_full_package_takes_back_what_a_delta_said(scenario: Scenario, district: District) -> None:
    before = tiny_district()
    email(district, "S1-p0", "delta@lk.example")
    plan = scenario.sync(delta(district, before, day=2, only=("users",)))
    assert plan.total == Counts(update=1)
    plan = scenario.sync(bulk(before))  # every line is as it was on the first package, and the store is not
    assert plan.total == Counts(update=1)


def test_what_an_undo_took_back_stays_so_until_the_source_says_another_value(
    scenario: Scenario, district: District
) -> None:
    email(district, "S1-p0", "undone@lk.example")
    package = bulk(district)
    scenario.sync(package)
    undo = scenario.workspace.undo()
    scenario.approve(undo.id)
    scenario.apply(undo.id)
    plan = scenario.sync(package)
    assert (plan.total, plan.total_held) == (NOTHING, Counts(update=1))
    email(district, "S1-p0", "new@lk.example")
    assert scenario.sync(bulk(district)).total == Counts(update=1)


def test_what_was_set_aside_comes_when_it_is_released(scenario: Scenario, district: District) -> None:
    scenario.workspace.hold("User", "S1-p0", reason="wait", actor="kim")
    email(district, "S1-p0", "held@lk.example")
    package = bulk(district)
    assert scenario.sync(package).total_held == Counts(update=1)
    scenario.workspace.release("User", "S1-p0", reason="enough", actor="kim")
    assert scenario.sync(package).total == Counts(update=1)


def test_an_accepted_line_makes_a_file_whole(scenario: Scenario, district: District) -> None:
    district.sheets["users"].find("S2-p3").malformed = "no key"
    package = bulk(district)
    plan = scenario.sync(package)
    assert plan.total == NOTHING
    detail = scenario.found(plan).filter(pl.col("rule") == "csv.key-unreadable")["detail"][0]
    scenario.workspace.ignore_line(detail.split()[-1], reason="a heading", actor="kim")
    assert scenario.sync(package).changes["User"] == Counts(archive=1)


@pytest.mark.parametrize("rejected", [False, True])
def test_a_plan_that_is_not_applied_leaves_the_change_to_the_next(
    scenario: Scenario, district: District, *, rejected: bool
) -> None:
    email(district, "S1-p0", "twice@lk.example")
    plan = scenario.plan(bulk(district))
    if rejected:
        scenario.workspace.reject(plan.id, reason="no", actor="kim")
    assert scenario.sync(bulk(district)).total == Counts(update=1)


def test_an_older_plan_that_is_applied_late_leaves_the_rest_to_the_next(scenario: Scenario, district: District) -> None:
    email(district, "S1-p0", "early@lk.example")
    early = scenario.plan(bulk(district))
    scenario.approve(early.id)
    email(district, "S1-p0", "late@lk.example")
    email(district, "S1-p1", "late@lk.example")
    scenario.plan(bulk(district))
    scenario.apply(early.id)
    assert scenario.sync(bulk(district)).total == Counts(update=2)


# --- settings


@pytest.mark.parametrize(
    "settings", [{"dates": "month-first"}, {"demographics": False}, {"strict": True}, {"limits": TIGHT}]
)
def test_settings_that_change_are_used(scenario: Scenario, district: District, settings: dict[str, object]) -> None:
    district.sheets["enrollments"].find("S1-c0.S1-p2").cells["beginDate"] = "3/4/2026"
    package = bulk(district)
    scenario.sync(package)
    scenario.configure(**settings)
    plan = scenario.sync(package)
    assert plan.total == (Counts(update=1) if "dates" in settings else NOTHING)


def test_demographics_that_were_not_read_before_are_read(district: District) -> None:
    with tiny_scenario(demographics=False) as scenario:
        scenario.configure(demographics=True)
        plan = scenario.sync(bulk(district))
        assert plan.total == Counts(create=len(district.sheets["demographics"].rows))
