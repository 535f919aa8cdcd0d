"""Rows by which an attacker, or an odd export, might make the reader see less than there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tiny_packages import District, Package, Row, bulk, enrolled, tiny_district
from tiny_scenario import Scenario, tiny_scenario

from rosterkit.plan.plan import Counts

NOTHING = Counts()


@pytest.fixture
def scenario() -> Iterator[Scenario]:
    with tiny_scenario() as one:
        yield one


@pytest.fixture
def district() -> District:
    return tiny_district()


def packaged(d: District, **change: Callable[[bytes], bytes]) -> Package:
    """The district's package, with some files' bytes changed."""
    members = dict(bulk(d).members)
    for name, how in change.items():
        members[f"{name}.csv"] = how(members[f"{name}.csv"])
    return Package(members)


def commas(d: District) -> bytes:
    """A line of users.csv without any value."""
    return b"," * (len(d.sheets["users"].header) - 1) + b"\n"


def test_a_line_of_commas_at_the_end_does_not_hide_that_the_file_was_cut(
    scenario: Scenario, district: District
) -> None:
    users = district.sheets["users"]
    users.rows = users.rows[:-3]
    users.rows[-1].malformed = "short"
    plan = scenario.plan(packaged(district, users=lambda t: t + commas(district)))
    assert scenario.rules(plan)["csv.cut-short"] == [len(users.rows) + 1]
    assert plan.changes["User"] == NOTHING


def test_a_line_of_commas_is_a_blank_line(scenario: Scenario, district: District) -> None:
    lines = bulk(district).members["users.csv"].split(b"\n")
    lines.insert(5, commas(district).strip())
    plan = scenario.plan(packaged(district, users=lambda _: b"\n".join(lines)))
    assert (plan.total, scenario.rules(plan)) == (NOTHING, {"csv.blank-line": [6]})


def test_a_control_character_beside_an_id_makes_no_other_id(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    other = {"sourcedId": "S1-p6\x1f", "givenName": "Other", "username": "zz", "identifier": "N99"}
    users.rows.append(users.find("S1-p6").copy(**other))
    plan = scenario.plan(bulk(district))
    assert plan.total == NOTHING
    assert scenario.rules(plan)["row.conflict"] == [users.at("S1-p6") + 2, len(users.rows) + 1]


def test_a_mark_before_an_id_inside_the_file_belongs_to_it(scenario: Scenario, district: District) -> None:
    row = district.sheets["users"].find("S1-p3")
    row.cells |= {"sourcedId": "\ufeffS1-p3", "givenName": "Other", "identifier": "", "username": "other"}
    plan = scenario.plan(bulk(district))
    assert plan.changes["User"] == Counts(create=1, archive=1)


def test_an_id_that_begins_like_a_compressed_file_is_an_id(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    users.rows.insert(7, users.rows[0].copy(sourcedId="x\u069a1", username="q", agentSourcedIds=""))
    plan = scenario.plan(bulk(district))
    assert plan.changes["User"] == Counts(create=1)


@pytest.mark.parametrize(("person", "role"), [("S1-p3\x1f", "student"), ("S1-p3", "\u017ftudent")])
def test_a_seat_is_the_same_however_it_is_written(
    scenario: Scenario, district: District, person: str, role: str
) -> None:
    seats = district.sheets["enrollments"].rows
    seats.append(Row(enrolled("S1-c0", person, "S1", role) | {"sourcedId": "e"}))
    plan = scenario.plan(bulk(district))
    assert scenario.rules(plan)["semantic.enrolled-twice"] == [len(seats) + 1]


def test_a_twin_of_a_line_is_seen_and_one_that_contradicts_it_too(scenario: Scenario, district: District) -> None:
    users = district.sheets["users"]
    users.rows.append(users.find("S1-p4").copy())
    plan = scenario.plan(bulk(district))
    assert (plan.total, list(scenario.rules(plan))) == (NOTHING, ["row.repeated"])
    users.find("S1-p4").cells["email"] = "other@lk.example"
    plan = scenario.plan(bulk(district))
    assert (plan.total, len(scenario.rules(plan)["row.conflict"])) == (NOTHING, 2)


@pytest.mark.parametrize("what", ["orgs", "academicSessions"])
def test_protection_reaches_across_optional_references(scenario: Scenario, district: District, what: str) -> None:
    if what == "orgs":
        row, column = Row({"sourcedId": "X", "name": "X", "type": "department"}), "orgSourcedId"
    else:
        row, column = district.sheets[what].find("Y").copy(sourcedId="X"), "schoolYearSourcedId"
    district.sheets[what].rows.insert(0, row)
    district.sheets["courses"].find("K2").cells[column] = "X"
    scenario.sync(bulk(district))
    row.malformed = "long"
    enrollments = district.sheets["enrollments"]
    enrollments.rows = [one for one in enrollments.rows if one.key != "S2-c1.S2-p3"]
    plan = scenario.plan(bulk(district))
    assert (plan.total, plan.held["Enrollment"]) == (NOTHING, Counts(archive=1))


@pytest.mark.parametrize("state", ["header", "absent", "not text"])
def test_without_roles_nobody_is_taken_for_a_guardian(state: str) -> None:
    district = tiny_district("1.2")
    with tiny_scenario("1.2") as scenario:
        plan = scenario.plan(bulk(district, {"roles": state}))
        assert plan.total == NOTHING
        assert "agents.role-unknown" in scenario.rules(plan)


def test_a_primary_org_is_missed_in_roles_only_where_these_are_whole() -> None:
    district = tiny_district("1.2")
    with tiny_scenario("1.2") as scenario:
        district.sheets["users"].find("S1-p3").cells["primaryOrgSourcedId"] = "S2"
        malformed = district.sheets["roles"].find("r-S2-p3")
        malformed.malformed = "no key"
        assert "semantic.primary-org-role" not in scenario.rules(scenario.plan(bulk(district)))
        malformed.malformed = ""
        assert "semantic.primary-org-role" in scenario.rules(scenario.plan(bulk(district)))


def test_a_profile_that_changes_its_owner_is_found_in_roles() -> None:
    district = tiny_district("1.2")
    with tiny_scenario("1.2") as scenario:
        district.sheets["userProfiles"].find("u-S1-t0").cells["userSourcedId"] = "S2-p3"
        assert "semantic.profile-owner" in scenario.rules(scenario.plan(bulk(district)))


def test_a_cell_longer_than_the_cap_is_not_read(scenario: Scenario, district: District) -> None:
    district.sheets["users"].find("S1-p3").cells["givenName"] = "x" * 300
    assert scenario.sync(bulk(district)).total == Counts(update=1)
    scenario.configure(caps=("cell_chars = 200",))
    plan = scenario.plan(bulk(district))
    assert (plan.total, list(scenario.rules(plan))) == (NOTHING, ["csv.too-long"])
