"""Packages of a tiny district, night after night: what each plan must be, whatever came before it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import polars as pl
import pytest
from nights import District, Row, bulk, delta, enrolled, tiny_district
from tiny_road import TIGHT, TinyRoad, tiny_road

from rosterkit.plan.plan import Counts

NOTHING = Counts()


@pytest.fixture
def road() -> Iterator[TinyRoad]:
    with tiny_road() as one:
        yield one


@pytest.fixture
def district() -> District:
    return tiny_district()


def email(district: District, key: str, value: str) -> None:
    district.sheets["users"].find(key).cells["email"] = value


# --- twins


def test_a_twin_that_leaves_takes_nothing_with_it(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    users.rows.append(users.find("S1-p4").copy())
    road.night(bulk(district))
    del users.rows[users.at("S1-p4")]  # the second copy stays, and is the record now
    plan = road.night(bulk(district))
    assert (plan.total, road.rules(plan)) == (NOTHING, {})


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_key_that_is_used_again_protects_its_record(road: TinyRoad, district: District, place: str) -> None:
    users = district.sheets["users"]
    at = users.at("S1-p5")
    other = users.rows[at].copy(middleName="Wren")
    users.rows.insert(at if place == "before" else len(users.rows), other)
    plan = road.night(bulk(district))
    assert plan.total == NOTHING
    assert len(road.rules(plan)["row.conflict"]) == 2
    users.rows = [row for row in users.rows if row.key != "S1-p5" or row is other]
    plan = road.night(bulk(district))
    assert plan.total == Counts(update=1)


# --- parents and what leans on them


def test_a_person_who_is_dropped_leaves_enrollments_and_demographics_behind(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    row = users.rows.pop(users.at("S1-p1"))
    plan = road.night(bulk(district))
    assert plan.changes["User"] == Counts(archive=1)
    assert plan.changes["Enrollment"] == Counts(archive=2)
    assert plan.changes["Demographics"] == Counts(archive=1)
    assert road.night(bulk(district)).total == NOTHING
    users.rows.insert(3, row)
    plan = road.night(bulk(district))
    assert plan.changes["Enrollment"] == Counts(restore=2)
    assert plan.changes["Demographics"] == Counts(restore=1)


@pytest.mark.parametrize("kind", ["classes", "orgs", "courses"])
def test_a_record_that_others_lean_on_goes_and_comes_back(road: TinyRoad, district: District, kind: str) -> None:
    rows = district.sheets[kind].rows
    last = rows.pop()
    plan = road.night(bulk(district))
    assert plan.total.total + plan.total_held.total > (kind != "courses")  # a course stays while a class needs it
    rows.insert(0, last)
    plan = road.night(bulk(district))
    assert plan.total.archive == 0


def test_a_line_that_waits_comes_in_when_what_it_names_arrives(road: TinyRoad, district: District) -> None:
    early = Row(enrolled("S1-c1", "S1-late", "S1"))
    district.sheets["enrollments"].rows.insert(5, early)
    plan = road.night(bulk(district))
    assert plan.total == NOTHING
    assert list(road.rules(plan)) == ["reference.missing"]
    model = district.sheets["users"].find("S1-p0")
    district.sheets["users"].rows.insert(2, model.copy(sourcedId="S1-late", username="late", agentSourcedIds=""))
    plan = road.night(bulk(district))
    assert plan.changes["Enrollment"] == Counts(create=1)


def test_an_unreadable_line_that_stays_goes_on_protecting(road: TinyRoad, district: District) -> None:
    district.sheets["users"].find("S1-p4").spoilt = "short"
    assert road.night(bulk(district)).total == NOTHING
    enrollments = district.sheets["enrollments"]
    enrollments.rows = [row for row in enrollments.rows if row.cells["userSourcedId"] != "S1-p4"]
    plan = road.night(bulk(district))
    assert (plan.total, plan.held["Enrollment"]) == (NOTHING, Counts(archive=1))
    assert list(road.rules(plan)) == ["csv.ragged"]


def test_a_reused_id_stays_a_case_until_it_is_approved(road: TinyRoad, district: District) -> None:
    row = district.sheets["users"].find("S1-p2")
    row.cells |= {"givenName": "Imani", "familyName": "Castellanos", "identifier": "N-other"}
    assert road.night(bulk(district)).held["User"] == Counts(update=1)
    district.sheets["enrollments"].rows.append(Row(enrolled("S2-c0", "S1-p2", "S2")))
    package = bulk(district)
    plan = road.night(package)
    assert (plan.held["User"], plan.held["Enrollment"]) == (Counts(update=1), Counts(create=1))
    road.workspace.approve_held(plan.id, reason="adopted", actor="kim", sourced_id="S1-p2")
    plan = road.night(package)
    assert (plan.changes["User"], plan.changes["Enrollment"]) == (Counts(update=1), Counts(create=1))


def test_what_contradicts_other_rows_is_found_every_night(road: TinyRoad, district: District) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    road.night(bulk(district))
    sheets["orgs"].find("S2").cells["type"] = "department"
    sheets["orgs"].find("D").cells["parentSourcedId"] = "S1"
    for term in ("T1", "T2"):
        sheets["academicSessions"].find(term).cells |= {"startDate": "2026-08-20", "endDate": "2026-08-25"}
    sheets["users"].find("S1-p1").cells["username"] = "s2-p6"
    sheets["users"].find("S1-g0").cells["role"] = "teacher"
    sheets["enrollments"].rows.insert(2, Row(enrolled("S2-c0", "S2-p3", "S2") | {"sourcedId": "again"}))
    expected = {"semantic.school-type", "semantic.cycle", "semantic.enrollment-dates", "semantic.username-shared"}
    expected |= {"agents.not-family", "semantic.enrolled-twice"}
    plan = road.night(bulk(district))
    assert expected <= set(road.rules(plan))
    email(district, "S2-p0", "later@lk.example")
    assert expected <= set(road.rules(road.night(bulk(district))))  # also on a night that says nothing of it


def test_what_contradicts_roles_and_profiles_is_found_in_users() -> None:
    district = tiny_district("1.2")
    with tiny_road("1.2") as road:
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
        plan = road.night(bulk(district))
        assert expected <= set(road.rules(plan))
        sheets["roles"].find("r-S1-g0").cells["role"] = "guardian"
        plan = road.night(bulk(district))
        assert set(road.rules(plan)) == expected - {"agents.not-family"}


def test_terms_that_a_class_lists_anew_are_found_in_its_enrollments(road: TinyRoad, district: District) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    sheets["academicSessions"].find("T2").cells |= {"startDate": "2027-02-01", "endDate": "2027-06-15"}
    road.night(bulk(district))
    classes = sheets["classes"]
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    plan = road.night(bulk(district))
    assert "semantic.enrollment-dates" in road.rules(plan)
    classes.find("S1-c0").cells["termSourcedIds"] = "T1,T2"
    plan = road.night(bulk(district))
    assert "semantic.enrollment-dates" not in road.rules(plan)
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    plan = road.night(bulk(district))
    assert "semantic.enrollment-dates" in road.rules(plan)


def test_a_term_that_is_held_is_not_listed_any_more_on_the_next_night_either(
    road: TinyRoad, district: District
) -> None:
    road.configure(limits=TIGHT)
    district.sheets["classes"].find("S1-c0").cells["termSourcedIds"] = "T1"
    road.plan(bulk(district))
    email(district, "S2-p0", "later@lk.example")
    plan = road.plan(bulk(district))
    assert plan.held["ClassTerm"] == Counts(archive=1)


def test_a_limit_counts_every_record_also_of_kinds_that_stand_at_no_school(road: TinyRoad, district: District) -> None:
    road.configure(limits=TIGHT)
    terms = district.sheets["academicSessions"].rows
    terms.remove(district.sheets["academicSessions"].find("T2"))
    plan = road.plan(bulk(district))
    shown = road.workspace.show(plan.id).lines.filter(pl.col("entity") == "AcademicSession")
    (reason,) = shown["held_why"].to_list()
    assert reason.startswith("over all, 1 of 3 would be removed, above the limit of 0 % and 0; suspected cause: ")


# --- text and order


def test_a_shuffled_package_has_the_same_content_hash(road: TinyRoad, district: District) -> None:
    for sheet in district.sheets.values():
        random.Random(7).shuffle(sheet.rows)
    plan = road.night(bulk(district))
    assert plan.total == NOTHING
    for sheet in district.sheets.values():
        random.Random(8).shuffle(sheet.rows)
    email(district, "S2-p1", "moved@lk.example")
    plan = road.night(bulk(district))
    shown = road.workspace.show(plan.id).lines.select("sourced_id", "file", "line").rows()
    assert shown == [("S2-p1", "users.csv", district.sheets["users"].at("S2-p1") + 2)]


def test_findings_move_with_their_lines(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    users.rows[-1].cells["enabledUser"] = "perhaps"
    last = len(users.rows) + 1
    assert [last] in road.rules(road.night(bulk(district))).values()
    users.rows.insert(0, users.rows[0].copy(sourcedId="first", username="first", agentSourcedIds=""))
    plan = road.night(bulk(district))
    assert [last + 1] in road.rules(plan).values()


def test_findings_that_are_told_once_for_a_file_count_its_rows(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    for key in ("S1-p2", "S1-p6"):
        users.find(key).cells |= {"dateLastModified": "2026-10-05T00:00:00.000Z"}
        users.find(key).spoilt = "gap"
    road.night(bulk(district))
    users.find("S1-p2").cells["dateLastModified"] = ""
    plan = road.night(bulk(district))
    found = road.found(plan).filter(pl.col("rule") == "bulk.date")
    assert found["detail"].to_list() == ["1 row"]
    assert road.rules(plan)["csv.blank-line"]


def test_columns_may_go_come_and_change_places(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    header = list(users.header)
    users.header.remove("grades")
    plan = road.night(bulk(district))
    assert plan.total == NOTHING
    users.header = [*header[:5], "metadata.house", *header[5:][::-1]]
    users.find("S1-p2").cells["metadata.house"] = "Otter"
    plan = road.night(bulk(district))
    assert plan.total == Counts(update=1)


def test_the_same_bytes_may_be_declared_otherwise(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    for row in users.rows:
        row.cells |= {"status": "active", "dateLastModified": "2026-11-03T00:00:00.000Z"}
    package = bulk(district)
    road.night(package)
    modes = dict.fromkeys(district.sheets, "bulk")
    for other in (package.with_manifest("1.1", modes | {"users": "delta"}), package.without_manifest()):
        plan = road.night(other)
        assert plan.total == NOTHING
    del users.rows[4]
    plan = road.night(bulk(district))
    assert plan.changes["User"] == Counts(archive=1)


def test_a_package_of_another_version_has_roles_of_its_own_which_wait_for_a_person(road: TinyRoad) -> None:
    plan = road.night(bulk(tiny_district("1.2")))
    assert plan.held["Role"].create == len(tiny_district("1.2").sheets["roles"].rows)


def test_files_that_miss_a_night_come_back_unchanged(road: TinyRoad, district: District) -> None:
    states = {"users": "absent", "enrollments": "header", "classes": "cut", "orgs": "not text", "courses": "undeclared"}
    assert road.night(bulk(district, states)).total == NOTHING
    plan = road.night(bulk(district))
    assert (plan.total, road.rules(plan)) == (NOTHING, {})


# --- what was decided or written since


def test_a_full_package_takes_back_what_a_delta_said(road: TinyRoad, district: District) -> None:
    before = tiny_district()
    email(district, "S1-p0", "delta@lk.example")
    plan = road.night(delta(district, before, day=2, only=("users",)))
    assert plan.total == Counts(update=1)
    plan = road.night(bulk(before))  # every line is as it was on the first night, and the store is not
    assert plan.total == Counts(update=1)


def test_what_an_undo_took_back_stays_so_until_the_source_says_another_value(
    road: TinyRoad, district: District
) -> None:
    email(district, "S1-p0", "undone@lk.example")
    package = bulk(district)
    road.night(package)
    undo = road.workspace.undo()
    road.approve(undo.id)
    road.apply(undo.id)
    plan = road.night(package)
    assert (plan.total, plan.total_held) == (NOTHING, Counts(update=1))
    email(district, "S1-p0", "new@lk.example")
    assert road.night(bulk(district)).total == Counts(update=1)


def test_what_was_set_aside_comes_when_it_is_released(road: TinyRoad, district: District) -> None:
    road.workspace.hold("User", "S1-p0", reason="wait", actor="kim")
    email(district, "S1-p0", "held@lk.example")
    package = bulk(district)
    assert road.night(package).total_held == Counts(update=1)
    road.workspace.release("User", "S1-p0", reason="enough", actor="kim")
    assert road.night(package).total == Counts(update=1)


def test_an_accepted_line_makes_a_file_whole(road: TinyRoad, district: District) -> None:
    district.sheets["users"].find("S2-p3").spoilt = "no key"
    package = bulk(district)
    plan = road.night(package)
    assert plan.total == NOTHING
    detail = road.found(plan).filter(pl.col("rule") == "csv.key-unreadable")["detail"][0]
    road.workspace.ignore_line(detail.split()[-1], reason="a heading", actor="kim")
    assert road.night(package).changes["User"] == Counts(archive=1)


@pytest.mark.parametrize("rejected", [False, True])
def test_a_plan_that_is_not_applied_leaves_the_change_to_the_next(
    road: TinyRoad, district: District, *, rejected: bool
) -> None:
    email(district, "S1-p0", "twice@lk.example")
    plan = road.plan(bulk(district))
    if rejected:
        road.workspace.reject(plan.id, reason="no", actor="kim")
    assert road.night(bulk(district)).total == Counts(update=1)


def test_an_older_plan_that_is_applied_late_leaves_the_rest_to_the_next(road: TinyRoad, district: District) -> None:
    email(district, "S1-p0", "early@lk.example")
    early = road.plan(bulk(district))
    road.approve(early.id)
    email(district, "S1-p0", "late@lk.example")
    email(district, "S1-p1", "late@lk.example")
    road.plan(bulk(district))
    road.apply(early.id)
    assert road.night(bulk(district)).total == Counts(update=2)


# --- settings


@pytest.mark.parametrize(
    "told", [{"dates": "month-first"}, {"demographics": False}, {"strict": True}, {"limits": TIGHT}]
)
def test_settings_that_change_are_heeded(road: TinyRoad, district: District, told: dict[str, object]) -> None:
    district.sheets["enrollments"].find("S1-c0.S1-p2").cells["beginDate"] = "3/4/2026"
    package = bulk(district)
    road.night(package)
    road.configure(**told)
    plan = road.night(package)
    assert plan.total == (Counts(update=1) if "dates" in told else NOTHING)


def test_demographics_that_were_not_read_before_are_read(district: District) -> None:
    with tiny_road(demographics=False) as road:
        road.configure(demographics=True)
        plan = road.night(bulk(district))
        assert plan.total == Counts(create=len(district.sheets["demographics"].rows))
