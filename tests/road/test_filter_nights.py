"""What a filter of unchanged records could get wrong, one trap a test: plans and stores are those of a full reading.

``TwoRoads`` compares both after every verb; the tests say besides what the plan must be and which road was taken.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import polars as pl
import pytest
from nights import District, Row, bulk, delta, enrolled, tiny_district
from nights_alike import facts
from nights_roads import TwoRoads, harm, took, two_roads

from rosterkit.plan.plan import Counts, Plan

NOTHING = Counts()


SHORT = ("orgs", "academicSessions")
"""Few records, on which much depends: always read whole."""


@pytest.fixture
def roads() -> Iterator[TwoRoads]:
    with two_roads() as both:
        yield both


@pytest.fixture
def district() -> District:
    return tiny_district()


def rules(roads: TwoRoads, plan: Plan) -> dict[str, list[int]]:
    """The lines of the plan's findings by rule."""
    found = roads.fast.show(plan.id).findings.group_by("rule").agg(pl.col("line").sort())
    return dict(found.iter_rows())


def email(district: District, key: str, value: str) -> None:
    district.sheets["users"].find(key).cells["email"] = value


# --- nothing changed


def test_a_night_on_which_nothing_changed_writes_nothing(roads: TwoRoads, district: District) -> None:
    package = bulk(district)
    before = business(roads)
    plan = roads.night(roads.folder / "first.zip")
    assert (plan.total, plan.total_held) == (NOTHING, NOTHING)
    took(plan, **at_best(district, "same"))
    plan = roads.night(roads.write(package, level=1, backwards=True))
    assert (plan.total, plan.total_held) == (NOTHING, NOTHING)
    took(plan, **at_best(district, "same filtered"))
    assert parsed(plan) == 0
    assert business(roads) == before
    assert len(roads.fast.history()) == 1


def business(roads: TwoRoads) -> dict[object, object]:
    """The store without its plans and packages."""
    return {key: row for key, row in facts(roads.fast).items() if key[0] not in ("plan", "package")}


def parsed(plan: Plan) -> int:
    """Records that were parsed, beside those of the two short files that always are."""
    return sum(one.parsed for name, one in plan.reading.items() if name.removesuffix(".csv") not in SHORT)


def at_best(district: District, road: str) -> dict[str, str]:
    """Every file on that road, but for the short ones."""
    return {name: "full" if name in SHORT else road for name in district.sheets}


def test_one_line_that_changed_is_what_is_parsed(roads: TwoRoads, district: District) -> None:
    email(district, "S1-p3", "one@lk.example")
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="filtered", enrollments="same", classes="same", demographics="same")
    assert 0 < parsed(plan) <= 3  # the row, and those whose family links lean on it


# --- twins


@pytest.mark.parametrize("place", ["adjacent", "far"])
def test_a_twin_of_an_unchanged_line_is_seen(roads: TwoRoads, district: District, place: str) -> None:
    users = district.sheets["users"]
    at = users.at("S1-p4")
    users.rows.insert(at + 1 if place == "adjacent" else len(users.rows), users.rows[at].copy())
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    assert list(rules(roads, plan)) == ["row.repeated"]
    took(plan, users="filtered")
    users.rows[at].cells["email"] = "other@lk.example"
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    assert len(rules(roads, plan)["row.conflict"]) == 2
    took(plan, users="filtered")


def test_a_twin_that_leaves_takes_nothing_with_it(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    users.rows.append(users.find("S1-p4").copy())
    roads.night(bulk(district))
    del users.rows[users.at("S1-p4")]  # the second copy stays, and is the record now
    plan = roads.night(bulk(district))
    assert (plan.total, rules(roads, plan)) == (NOTHING, {})
    took(plan, users="filtered")


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_key_of_an_unchanged_row_used_again_protects_it(roads: TwoRoads, district: District, place: str) -> None:
    users = district.sheets["users"]
    at = users.at("S1-p5")
    other = users.rows[at].copy(middleName="Wren")
    users.rows.insert(at if place == "before" else len(users.rows), other)
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    assert len(rules(roads, plan)["row.conflict"]) == 2
    took(plan, users="filtered")
    users.rows = [row for row in users.rows if row.key != "S1-p5" or row is other]
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="filtered")


# --- parents and what leans on them


def test_a_person_who_is_dropped_leaves_enrollments_and_demographics_behind(
    roads: TwoRoads, district: District
) -> None:
    users = district.sheets["users"]
    row = users.rows.pop(users.at("S1-p1"))
    plan = roads.night(bulk(district))
    assert plan.changes["Person"] == Counts(archive=1)
    assert plan.changes["Enrollment"] == Counts(archive=2)
    assert plan.changes["Demographics"] == Counts(archive=1)
    took(plan, users="filtered", enrollments="same filtered", demographics="same filtered")
    assert roads.night(bulk(district)).total == NOTHING
    users.rows.insert(3, row)
    plan = roads.night(bulk(district))
    assert plan.changes["Enrollment"] == Counts(restore=2)
    assert plan.changes["Demographics"] == Counts(restore=1)


@pytest.mark.parametrize("kind", ["classes", "orgs", "courses"])
def test_a_record_that_others_lean_on_goes_and_comes_back(roads: TwoRoads, district: District, kind: str) -> None:
    rows = district.sheets[kind].rows
    last = rows.pop()
    plan = roads.night(bulk(district))
    assert plan.total.total + plan.total_held.total > 1
    rows.insert(0, last)
    took(roads.night(bulk(district)), **{kind: "full" if kind in SHORT else "filtered"})


def test_a_line_that_waits_comes_in_when_what_it_names_arrives(roads: TwoRoads, district: District) -> None:
    early = Row(enrolled("S1-c1", "S1-late", "S1"))
    district.sheets["enrollments"].rows.insert(5, early)
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    assert list(rules(roads, plan)) == ["reference.missing"]
    model = district.sheets["users"].find("S1-p0")
    district.sheets["users"].rows.insert(2, model.copy(sourcedId="S1-late", username="late", agentSourcedIds=""))
    plan = roads.night(bulk(district))
    assert plan.changes["Enrollment"] == Counts(create=1)
    took(plan, users="filtered", enrollments="same filtered")


def test_an_unreadable_line_that_stays_goes_on_protecting(roads: TwoRoads, district: District) -> None:
    district.sheets["users"].find("S1-p4").spoilt = "short"
    assert roads.night(bulk(district)).total == NOTHING
    enrollments = district.sheets["enrollments"]
    enrollments.rows = [row for row in enrollments.rows if row.cells["userSourcedId"] != "S1-p4"]
    plan = roads.night(bulk(district))
    assert (plan.total, plan.held["Enrollment"]) == (NOTHING, Counts(archive=1))
    assert list(rules(roads, plan)) == ["csv.ragged"]
    took(plan, enrollments="filtered")


def test_a_reused_id_stays_a_case_on_lines_that_do_not_change(roads: TwoRoads, district: District) -> None:
    row = district.sheets["users"].find("S1-p2")
    row.cells |= {"givenName": "Imani", "familyName": "Castellanos", "identifier": "N-other"}
    assert roads.night(bulk(district)).held["Person"] == Counts(update=1)
    district.sheets["enrollments"].rows.append(Row(enrolled("S2-c0", "S1-p2", "S2")))
    package = bulk(district)
    plan = roads.night(package)
    assert (plan.held["Person"], plan.held["Enrollment"]) == (Counts(update=1), Counts(create=1))
    roads.do_with_plan(lambda ws, plan: ws.approve_held(plan, reason="adopted", actor="kim", entity="Person"))
    plan = roads.night(package)
    assert (plan.changes["Person"], plan.changes["Enrollment"]) == (Counts(update=1), Counts(create=1))


def test_a_row_that_changes_is_found_in_rows_that_do_not(roads: TwoRoads, district: District) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    roads.night(bulk(district))
    sheets["orgs"].find("S2").cells["type"] = "department"
    sheets["orgs"].find("D").cells["parentSourcedId"] = "S1"
    for term in ("T1", "T2"):
        sheets["academicSessions"].find(term).cells |= {"startDate": "2026-08-20", "endDate": "2026-08-25"}
    sheets["users"].find("S1-p1").cells["username"] = "s2-p6"
    sheets["users"].find("S1-g0").cells["role"] = "teacher"
    sheets["enrollments"].rows.insert(2, Row(enrolled("S2-c0", "S2-p3", "S2") | {"sourcedId": "again"}))
    expected = {"semantic.school-type", "semantic.cycle", "semantic.enrollment-dates", "semantic.username-shared"}
    expected |= {"agents.not-family", "semantic.enrolled-twice"}
    plan = roads.night(bulk(district))
    assert expected <= set(rules(roads, plan))
    email(district, "S2-p0", "later@lk.example")
    assert expected <= set(rules(roads, roads.night(bulk(district))))  # also on a night that says nothing of it


def test_what_roles_and_profiles_say_is_found_in_users_that_do_not_change() -> None:
    district = tiny_district("1.2")
    with two_roads("1.2") as roads:
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
        plan = roads.night(bulk(district))
        assert expected <= set(rules(roads, plan))
        took(plan, users="same filtered", roles="filtered", userProfiles="filtered", enrollments="same")
        sheets["roles"].find("r-S1-g0").cells["role"] = "guardian"
        plan = roads.night(bulk(district))
        assert set(rules(roads, plan)) == expected - {"agents.not-family"}


def test_terms_that_a_class_lists_anew_are_found_in_enrollments_that_do_not_change(
    roads: TwoRoads, district: District
) -> None:
    sheets = district.sheets
    sheets["enrollments"].find("S1-c0.S1-p2").cells |= {"beginDate": "2026-09-01", "endDate": "2027-01-10"}
    sheets["academicSessions"].find("T2").cells |= {"startDate": "2027-02-01", "endDate": "2027-06-15"}
    roads.night(bulk(district))
    classes = sheets["classes"]
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    classes.find("S2-c0").cells["title"] = "Art\nand Craft"  # so that the classes are all read
    plan = roads.night(bulk(district))
    assert "semantic.enrollment-dates" in rules(roads, plan)
    took(plan, classes="full", enrollments="filtered")
    classes.find("S1-c0").cells["termSourcedIds"] = "T1,T2"
    classes.find("S2-c0").cells["title"] = "Art"
    plan = roads.night(bulk(district))
    assert "semantic.enrollment-dates" not in rules(roads, plan)
    classes.find("S1-c0").cells["termSourcedIds"] = "T2"
    plan = roads.night(bulk(district))
    assert "semantic.enrollment-dates" in rules(roads, plan)
    took(plan, classes="filtered", enrollments="filtered")


def test_a_term_that_is_held_is_not_listed_any_more_on_the_next_night_either(
    roads: TwoRoads, district: District
) -> None:
    roads.configure(limits="tight")
    district.sheets["classes"].find("S1-c0").cells["termSourcedIds"] = "T1"
    roads.plan(bulk(district))
    email(district, "S2-p0", "later@lk.example")
    plan = roads.plan(bulk(district))
    assert plan is not None
    assert plan.held["ClassTerm"] == Counts(archive=1)


# --- text and order


def test_a_quoted_line_break_sends_its_file_down_the_full_road(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    users.find("S1-p2").cells["middleName"] = "Ana\nLu"
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="full", enrollments="same")
    email(district, "S1-p3", "below@lk.example")
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="full")


def test_a_shuffled_package_has_the_same_content_hash(roads: TwoRoads, district: District) -> None:
    for sheet in district.sheets.values():
        random.Random(7).shuffle(sheet.rows)
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    took(plan, users="filtered", enrollments="filtered", demographics="filtered")
    assert parsed(plan) == 0
    for sheet in district.sheets.values():
        random.Random(8).shuffle(sheet.rows)
    email(district, "S2-p1", "moved@lk.example")
    plan = roads.night(bulk(district))
    shown = roads.fast.show(plan.id).lines.select("sourced_id", "file", "line").rows()
    assert shown == [("S2-p1", "users.csv", district.sheets["users"].at("S2-p1") + 2)]


def test_the_findings_of_unchanged_rows_move_with_their_lines(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    users.rows[-1].cells["enabledUser"] = "perhaps"
    last = len(users.rows) + 1
    assert [last] in rules(roads, roads.night(bulk(district))).values()
    users.rows.insert(0, users.rows[0].copy(sourcedId="first", username="first", agentSourcedIds=""))
    plan = roads.night(bulk(district))
    assert [last + 1] in rules(roads, plan).values()
    took(plan, users="filtered")


def test_findings_that_are_told_once_for_a_file_count_its_unchanged_rows(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    for key in ("S1-p2", "S1-p6"):
        users.find(key).cells |= {"dateLastModified": "2026-10-05T00:00:00.000Z"}
        users.find(key).spoilt = "gap"
    roads.night(bulk(district))
    users.find("S1-p2").cells["dateLastModified"] = ""
    plan = roads.night(bulk(district))
    found = roads.fast.show(plan.id).findings.filter(pl.col("rule") == "bulk.date")
    assert found["detail"].to_list() == ["1 rows"]
    assert rules(roads, plan)["csv.blank-line"]


def test_more_findings_than_are_shown_are_counted_alike(roads: TwoRoads, district: District) -> None:
    more = [enrolled("S1-c0", "S1-p0", "S1", "proctor") | {"sourcedId": f"e{i}"} for i in range(1010)]
    district.sheets["enrollments"].rows += [Row(row | {"primary": "perhaps"}) for row in more]
    roads.night(bulk(district))
    del district.sheets["enrollments"].rows[3]
    district.sheets["enrollments"].rows[-1].cells["primary"] = "true"
    took(roads.night(bulk(district)), enrollments="filtered")


def test_columns_that_go_come_or_change_places_are_read_in_full(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    header = list(users.header)
    users.header.remove("grades")
    plan = roads.night(bulk(district))
    assert plan.total == NOTHING
    took(plan, users="full", enrollments="same")
    users.header = [*header[:5], "metadata.house", *header[5:][::-1]]
    users.find("S1-p2").cells["metadata.house"] = "Otter"
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="full")


def test_the_same_bytes_declared_otherwise_are_read_anew(roads: TwoRoads, district: District) -> None:
    users = district.sheets["users"]
    for row in users.rows:
        row.cells |= {"status": "active", "dateLastModified": "2026-11-03T00:00:00.000Z"}
    package = bulk(district)
    roads.night(package)
    modes = dict.fromkeys(district.sheets, "bulk")
    for other in (package.with_manifest("1.1", modes | {"users": "delta"}), package.without_manifest()):
        plan = roads.night(other)
        assert plan.total == NOTHING
        took(plan, users="full")
    del users.rows[4]
    plan = roads.night(bulk(district))
    assert plan.changes["Person"] == Counts(archive=1)


def test_a_package_of_another_version_is_read_in_full(roads: TwoRoads) -> None:
    plan = roads.night(bulk(tiny_district("1.2")))
    assert plan.changes["Role"].create == len(tiny_district("1.2").sheets["roles"].rows)
    took(plan, users="full", roles="full", enrollments="full")


def test_files_that_miss_a_night_come_back_unchanged(roads: TwoRoads, district: District) -> None:
    states = {"users": "absent", "enrollments": "header", "classes": "cut", "orgs": "not text", "courses": "undeclared"}
    assert roads.night(bulk(district, states)).total == NOTHING
    plan = roads.night(bulk(district))
    assert (plan.total, rules(roads, plan)) == (NOTHING, {})


# --- what was decided or written since


def test_lines_that_a_delta_changed_meanwhile_are_judged_again(roads: TwoRoads, district: District) -> None:
    before = tiny_district()
    email(district, "S1-p0", "delta@lk.example")
    plan = roads.night(delta(district, before, day=2, only=("users",)))
    assert plan.total == Counts(update=1)
    plan = roads.night(bulk(before))  # every line is as it was on the first night, and the store is not
    assert plan.total == Counts(update=1)
    took(plan, users="same filtered", enrollments="same")


def test_what_an_undo_took_back_stays_so_until_the_source_says_another_value(
    roads: TwoRoads, district: District
) -> None:
    email(district, "S1-p0", "undone@lk.example")
    package = bulk(district)
    roads.night(package)
    assert roads.undo() is not None
    assert roads.approve()
    assert roads.apply()
    plan = roads.night(package)
    assert (plan.total, plan.total_held) == (NOTHING, Counts(update=1))
    email(district, "S1-p0", "new@lk.example")
    assert roads.night(bulk(district)).total == Counts(update=1)


def test_what_was_set_aside_comes_when_it_is_released_though_no_line_changes(
    roads: TwoRoads, district: District
) -> None:
    roads.do(lambda ws: ws.hold("Person", "S1-p0", reason="wait", actor="kim"))
    email(district, "S1-p0", "held@lk.example")
    package = bulk(district)
    assert roads.night(package).total_held == Counts(update=1)
    roads.do(lambda ws: ws.release("Person", "S1-p0", reason="enough", actor="kim"))
    assert roads.night(package).total == Counts(update=1)


def test_an_accepted_line_makes_an_unchanged_file_whole(roads: TwoRoads, district: District) -> None:
    district.sheets["users"].find("S2-p3").spoilt = "no key"
    package = bulk(district)
    plan = roads.night(package)
    assert plan.total == NOTHING
    detail = roads.fast.show(plan.id).findings.filter(pl.col("rule") == "csv.key-unreadable")["detail"][0]
    roads.do(lambda ws: ws.accept(detail.split()[-1], reason="a heading", actor="kim"))
    assert roads.night(package).changes["Person"] == Counts(archive=1)


@pytest.mark.parametrize("fate", ["left", "rejected", "crashed"])
def test_a_plan_that_is_not_applied_leaves_the_change_to_the_next(
    roads: TwoRoads, district: District, fate: str
) -> None:
    email(district, "S1-p0", "twice@lk.example")
    package = bulk(district)
    if fate == "crashed":
        roads.crash_while_planning(package)
    else:
        roads.plan(package)
    if fate == "rejected":
        roads.do_with_plan(lambda ws, plan: ws.reject(plan, reason="no", actor="kim"))
    assert roads.night(package).total == Counts(update=1)


def test_an_approved_plan_that_is_applied_late_is_what_the_cache_goes_by(roads: TwoRoads, district: District) -> None:
    email(district, "S1-p0", "early@lk.example")
    roads.plan(bulk(district))
    roads.approve()
    email(district, "S1-p0", "late@lk.example")
    email(district, "S1-p1", "late@lk.example")
    package = bulk(district)
    roads.plan(package)
    assert roads.apply(-2)
    assert roads.night(package).total == Counts(update=2)


# --- the cache and the settings


@pytest.mark.parametrize(
    ("how", "place"), [("delete", 0), ("truncate", 0), ("truncate", 60), ("garble", 40), ("stray", 60)]
)
def test_a_cache_that_is_harmed_is_made_anew(roads: TwoRoads, district: District, how: str, place: int) -> None:
    for path in roads.cached():
        harm(path, how, place)
    email(district, "S1-p0", "harmed@lk.example")
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="filtered full" if how == "stray" else "full")
    email(district, "S1-p1", "whole@lk.example")
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="filtered", enrollments="same")


def test_a_cache_that_is_older_than_the_store_is_not_believed(roads: TwoRoads, district: District) -> None:
    old = roads.copy_cache()
    package = bulk(district)
    email(district, "S1-p0", "new@lk.example")
    roads.night(bulk(district))
    roads.put_back(old)  # its lines are those of the first night again
    assert roads.night(package).total == Counts(update=1)


def test_a_lost_cache_is_made_anew(roads: TwoRoads, district: District) -> None:
    assert roads.cached()
    roads.lose_cache()
    email(district, "S1-p0", "lost@lk.example")
    plan = roads.night(bulk(district))
    assert plan.total == Counts(update=1)
    took(plan, users="full", enrollments="full")


@pytest.mark.parametrize(
    "told", [{"dates": "month-first"}, {"demographics": False}, {"strict": True}, {"limits": "tight"}]
)
def test_settings_that_change_are_heeded_on_unchanged_lines(
    roads: TwoRoads, district: District, told: dict[str, object]
) -> None:
    district.sheets["enrollments"].find("S1-c0.S1-p2").cells["beginDate"] = "3/4/2026"
    package = bulk(district)
    roads.night(package)
    roads.configure(**told)
    plan = roads.night(package)
    assert plan.total == (Counts(update=1) if "dates" in told else NOTHING)
    if "limits" not in told:
        took(plan, users="full", enrollments="full")


def test_demographics_that_were_not_read_before_are_read(district: District) -> None:
    with two_roads(demographics=False) as roads:
        roads.configure(demographics=True)
        plan = roads.night(bulk(district))
        assert plan.total == Counts(create=len(district.sheets["demographics"].rows))
