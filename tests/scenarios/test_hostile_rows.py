"""Rows by which an attacker, or an odd export, might make the reader see less than there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from nights import District, Package, Row, bulk, enrolled, tiny_district
from tiny_road import TinyRoad, tiny_road

from rosterkit.plan.plan import Counts

NOTHING = Counts()


@pytest.fixture
def road() -> Iterator[TinyRoad]:
    with tiny_road() as one:
        yield one


@pytest.fixture
def district() -> District:
    return tiny_district()


def night(d: District, **change: Callable[[bytes], bytes]) -> Package:
    """The district's package, with some files' bytes changed."""
    members = dict(bulk(d).members)
    for name, how in change.items():
        members[f"{name}.csv"] = how(members[f"{name}.csv"])
    return Package(members)


def commas(d: District) -> bytes:
    """A line of users.csv without any value."""
    return b"," * (len(d.sheets["users"].header) - 1) + b"\n"


def test_a_line_of_commas_at_the_end_does_not_hide_that_the_file_was_cut(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    users.rows = users.rows[:-3]
    users.rows[-1].spoilt = "short"
    plan = road.plan(night(district, users=lambda t: t + commas(district)))
    assert road.rules(plan)["csv.cut-short"] == [len(users.rows) + 1]
    assert plan.changes["User"] == NOTHING


def test_a_line_of_commas_is_a_blank_line(road: TinyRoad, district: District) -> None:
    lines = bulk(district).members["users.csv"].split(b"\n")
    lines.insert(5, commas(district).strip())
    plan = road.plan(night(district, users=lambda _: b"\n".join(lines)))
    assert (plan.total, road.rules(plan)) == (NOTHING, {"csv.blank-line": [6]})


def test_a_control_character_beside_an_id_makes_no_other_id(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    other = {"sourcedId": "S1-p6\x1f", "givenName": "Other", "username": "zz", "identifier": "N99"}
    users.rows.append(users.find("S1-p6").copy(**other))
    plan = road.plan(bulk(district))
    assert plan.total == NOTHING
    assert road.rules(plan)["row.conflict"] == [users.at("S1-p6") + 2, len(users.rows) + 1]


def test_a_mark_before_an_id_inside_the_file_belongs_to_it(road: TinyRoad, district: District) -> None:
    row = district.sheets["users"].find("S1-p3")
    row.cells |= {"sourcedId": "\ufeffS1-p3", "givenName": "Other", "identifier": ""}
    plan = road.plan(bulk(district))
    assert plan.changes["User"] == Counts(create=1, archive=1)


def test_an_id_that_begins_like_a_compressed_file_is_an_id(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    users.rows.insert(7, users.rows[0].copy(sourcedId="x\u069a1", username="q", agentSourcedIds=""))
    plan = road.plan(bulk(district))
    assert plan.changes["User"] == Counts(create=1)


@pytest.mark.parametrize(("person", "role"), [("S1-p3\x1f", "student"), ("S1-p3", "\u017ftudent")])
def test_a_seat_is_the_same_however_it_is_written(road: TinyRoad, district: District, person: str, role: str) -> None:
    seats = district.sheets["enrollments"].rows
    seats.append(Row(enrolled("S1-c0", person, "S1", role) | {"sourcedId": "e"}))
    plan = road.plan(bulk(district))
    assert road.rules(plan)["semantic.enrolled-twice"] == [len(seats) + 1]


def test_a_twin_of_a_line_is_seen_and_one_that_contradicts_it_too(road: TinyRoad, district: District) -> None:
    users = district.sheets["users"]
    users.rows.append(users.find("S1-p4").copy())
    plan = road.plan(bulk(district))
    assert (plan.total, list(road.rules(plan))) == (NOTHING, ["row.repeated"])
    users.find("S1-p4").cells["email"] = "other@lk.example"
    plan = road.plan(bulk(district))
    assert (plan.total, len(road.rules(plan)["row.conflict"])) == (NOTHING, 2)


@pytest.mark.parametrize("what", ["orgs", "academicSessions"])
def test_protection_reaches_across_optional_references(road: TinyRoad, district: District, what: str) -> None:
    if what == "orgs":
        row, column = Row({"sourcedId": "X", "name": "X", "type": "department"}), "orgSourcedId"
    else:
        row, column = district.sheets[what].find("Y").copy(sourcedId="X"), "schoolYearSourcedId"
    district.sheets[what].rows.insert(0, row)
    district.sheets["courses"].find("K2").cells[column] = "X"
    road.night(bulk(district))
    row.spoilt = "long"
    enrollments = district.sheets["enrollments"]
    enrollments.rows = [one for one in enrollments.rows if one.key != "S2-c1.S2-p3"]
    plan = road.plan(bulk(district))
    assert (plan.total, plan.held["Enrollment"]) == (NOTHING, Counts(archive=1))


@pytest.mark.parametrize("state", ["header", "absent", "not text"])
def test_without_roles_nobody_is_taken_for_a_guardian(state: str) -> None:
    district = tiny_district("1.2")
    with tiny_road("1.2") as road:
        plan = road.plan(bulk(district, {"roles": state}))
        assert plan.total == NOTHING
        assert "agents.role-unknown" in road.rules(plan)


def test_a_primary_org_is_missed_in_roles_only_where_these_are_whole() -> None:
    district = tiny_district("1.2")
    with tiny_road("1.2") as road:
        district.sheets["users"].find("S1-p3").cells["primaryOrgSourcedId"] = "S2"
        spoilt = district.sheets["roles"].find("r-S2-p3")
        spoilt.spoilt = "no key"
        assert "semantic.primary-org-role" not in road.rules(road.plan(bulk(district)))
        spoilt.spoilt = ""
        assert "semantic.primary-org-role" in road.rules(road.plan(bulk(district)))


def test_a_profile_that_changes_its_owner_is_found_in_roles() -> None:
    district = tiny_district("1.2")
    with tiny_road("1.2") as road:
        district.sheets["userProfiles"].find("u-S1-t0").cells["userSourcedId"] = "S2-p3"
        assert "semantic.profile-owner" in road.rules(road.plan(bulk(district)))


def test_a_cell_longer_than_the_cap_is_not_read(road: TinyRoad, district: District) -> None:
    district.sheets["users"].find("S1-p3").cells["givenName"] = "x" * 300
    assert road.night(bulk(district)).total == Counts(update=1)
    road.configure(caps=("cell_chars = 200",))
    plan = road.plan(bulk(district))
    assert (plan.total, list(road.rules(plan))) == (NOTHING, ["csv.too-long"])
