"""What an attacker tried against the filter, and once succeeded in: packages by which it saw less than a full reading.

``TwoRoads`` compares plan, findings and store of both roads after every verb.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from nights import District, Package, Row, Sheet, bulk, enrolled, tiny_district
from nights_roads import two_roads


def night(d: District, **change: Callable[[bytes], bytes]) -> Package:
    """The district's package, with some files' bytes changed."""
    members = dict(bulk(d).members)
    for name, how in change.items():
        members[f"{name}.csv"] = how(members[f"{name}.csv"])
    return Package(members)


def commas(d: District, name: str = "users") -> bytes:
    """A line without any value."""
    return b"," * (len(d.sheets[name].header) - 1) + b"\n"


def without(sheet: Sheet, *keys: str) -> None:
    sheet.rows = [row for row in sheet.rows if row.key not in keys]


def test_a_line_of_commas_at_the_end_does_not_hide_that_the_file_was_cut() -> None:
    d = tiny_district()
    with two_roads() as roads:
        roads.night(night(d, users=lambda t: t + commas(d)))
        users = d.sheets["users"]
        users.rows = users.rows[:-3]
        users.rows[-1].spoilt = "short"
        roads.plan(night(d, users=lambda t: t + commas(d)))


def test_a_control_character_beside_an_id_makes_no_other_id() -> None:
    d = tiny_district()
    with two_roads() as roads:
        users = d.sheets["users"]
        other = {"sourcedId": "S1-p6\x1f", "givenName": "Other", "username": "zz", "identifier": "N99"}
        users.rows.append(users.find("S1-p6").copy(**other))
        roads.plan(bulk(d))


def test_a_mark_before_an_id_inside_the_file_belongs_to_it() -> None:
    d = tiny_district()
    with two_roads() as roads:
        row = d.sheets["users"].find("S1-p3")
        row.cells |= {"sourcedId": "\ufeffS1-p3", "givenName": "Other", "identifier": ""}
        roads.plan(bulk(d))


@pytest.mark.parametrize("what", ["orgs", "academicSessions"])
def test_protection_reaches_across_optional_references(what: str) -> None:
    d = tiny_district()
    with two_roads() as roads:
        if what == "orgs":
            row, column = Row({"sourcedId": "X", "name": "X", "type": "department"}), "orgSourcedId"
        else:
            row = d.sheets[what].find("Y").copy(sourcedId="X")
            column = "schoolYearSourcedId"
        d.sheets[what].rows.insert(0, row)
        d.sheets["courses"].find("K2").cells[column] = "X"
        roads.night(bulk(d))
        row.spoilt = "long"
        roads.night(bulk(d))
        without(d.sheets["enrollments"], "S2-c1.S2-p3")
        roads.plan(bulk(d))


@pytest.mark.parametrize("state", ["header", "absent", "not text"])
def test_roles_that_are_not_there_are_missed_by_users(state: str) -> None:
    d = tiny_district("1.2")
    with two_roads("1.2") as roads:
        d.sheets["users"].find("S1-p0").cells["agentSourcedIds"] = ""
        roads.plan(bulk(d, {"roles": state}))


def test_roles_that_left_a_file_that_is_read_whole_are_missed_by_users() -> None:
    d = tiny_district("1.2")
    with two_roads("1.2") as roads:
        roles = d.sheets["roles"]
        roles.header = [*roles.header, "metadata.note"]
        roads.night(bulk(d))
        roles.find("r-S2-p3").cells["metadata.note"] = "a\nb"
        without(roles, "r-S1-g1", "r-S1-p1")
        roads.plan(bulk(d))


def test_roles_that_are_whole_again_are_missed_by_users() -> None:
    d = tiny_district("1.2")
    with two_roads("1.2") as roads:
        d.sheets["users"].find("S1-p3").cells["primaryOrgSourcedId"] = "S2"
        d.sheets["roles"].find("r-S2-p3").spoilt = "no key"
        roads.night(bulk(d))
        d.sheets["roles"].find("r-S2-p3").spoilt = ""
        roads.plan(bulk(d))


@pytest.mark.parametrize("how", ["blank", "whole", "absent"])
def test_a_profile_that_changes_its_owner_is_found_in_roles(how: str) -> None:
    d = tiny_district("1.2")
    with two_roads("1.2") as roads:
        profiles = d.sheets["userProfiles"]
        if how == "blank":
            profiles.find("u-S1-t0").cells["userSourcedId"] = ""
            roads.night(bulk(d))
        if how == "whole":
            profiles.header = profiles.header[::-1]
        if how == "absent":
            d.sheets["roles"].find("r-S1-p3").cells["userProfileSourcedId"] = "u-S2-t0"
            roads.night(bulk(d, {"userProfiles": "absent"}))
        else:
            profiles.find("u-S1-t0").cells["userSourcedId"] = "S2-p3"
        roads.plan(bulk(d))


@pytest.mark.parametrize("cap", ["cell_chars = 200", "member_bytes = 600"])
def test_other_caps_are_heeded(cap: str) -> None:
    d = tiny_district()
    with two_roads() as roads:
        d.sheets["users"].find("S1-p3").cells["givenName"] = "x" * 300
        roads.night(bulk(d))
        roads.configure(caps=(cap,))
        roads.plan(bulk(d))


def test_an_id_that_begins_like_a_compressed_file_is_an_id() -> None:
    d = tiny_district()
    with two_roads() as roads:
        users = d.sheets["users"]
        users.rows.insert(7, users.rows[0].copy(sourcedId="x\u069a1", username="q", agentSourcedIds=""))
        roads.plan(bulk(d))


def test_a_line_of_commas_is_told_every_night() -> None:
    d = tiny_district()
    with two_roads() as roads:
        lines = bulk(d).members["users.csv"].split(b"\n")
        lines.insert(5, commas(d).strip())
        roads.night(night(d, users=lambda _: b"\n".join(lines)))


def test_findings_of_a_record_that_comes_to_rest_are_kept() -> None:
    d = tiny_district()
    with two_roads() as roads:
        seat = d.sheets["enrollments"].find("S1-c0.S1-p2")
        seat.cells |= {"role": "Student", "beginDate": "2026-09-01", "endDate": "2027-01-10"}
        classes = d.sheets["classes"]
        classes.find("S1-c0").cells["termSourcedIds"] = "T2"
        roads.night(bulk(d))
        classes.find("S1-c0").cells["termSourcedIds"] = "T1,T2"
        roads.night(bulk(d))
        roads.plan(bulk(d))


@pytest.mark.parametrize(("person", "role"), [("S1-p3\x1f", "student"), ("S1-p3", "\u017ftudent")])
def test_a_seat_is_the_same_however_it_is_written(person: str, role: str) -> None:
    d = tiny_district()
    with two_roads() as roads:
        d.sheets["enrollments"].rows.append(Row(enrolled("S1-c0", person, "S1", role) | {"sourcedId": "e"}))
        roads.plan(bulk(d))
