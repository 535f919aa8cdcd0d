from __future__ import annotations

import csv
import hashlib

import pytest
from independent_tables import TABLES
from small_roster import Rows, contents, person, render, role, roster
from strict_validator import faults

from providers.oneroster.roles import ROLES_IN_11


def _read(files: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files[f"{name}.csv"].decode().splitlines()))


def _users(rows: Rows) -> dict[str, tuple[str, str]]:
    """Role and organisations of every row of a 1.1 users.csv."""
    files = contents(render(rows, "1.1"))
    assert faults(files) == []
    return {row["sourcedId"]: (row["role"], row["orgSourcedIds"]) for row in _read(files, "users")}


def test_every_role_of_both_versions_has_a_word_in_11() -> None:
    words = {
        token
        for version in TABLES
        for column in TABLES[version]["users"]
        if column.name == "role"
        for token in column.tokens
    }
    spoken = {column.name: column.tokens for column in TABLES["1.2"]["roles"]}["role"]
    assert set(ROLES_IN_11) == words | set(spoken)
    assert set(ROLES_IN_11.values()) <= words


def test_roles_of_one_kind_are_one_row_with_all_their_organisations() -> None:
    rows = roster()
    rows["Role"] += [
        role("a", "pia", "S1", "principal"),
        role("b", "pia", "S2", "systemAdministrator", type="secondary"),
    ]
    users = _users(rows)
    assert users["pia"] == ("administrator", "D,S1,S2")
    assert "pia-administrator" not in users


def test_roles_of_several_kinds_are_rows_of_their_own_with_the_same_names() -> None:
    rows = roster()
    rows["Role"] += [role("a", "tess", "S2", "counselor"), role("b", "tess", "S1", "aide", type="secondary")]
    rows["User"][3]["primary_org"] = "S1"
    files = contents(render(rows, "1.1"))
    own, more = (row for row in _read(files, "users") if row["username"] == "tess.okafor")
    assert (own["sourcedId"], own["role"], own["orgSourcedIds"]) == ("tess", "teacher", "S1")
    assert (more["sourcedId"], more["role"], more["orgSourcedIds"]) == ("tess-aide", "aide", "S1,S2")
    told_apart = {"sourcedId", "role", "orgSourcedIds"}
    assert {k: v for k, v in own.items() if k not in told_apart} == {
        k: v for k, v in more.items() if k not in told_apart
    }


@pytest.mark.parametrize(
    ("roles", "home", "main"),
    [
        ([("S1", "teacher"), ("S2", "aide"), ("D", "aide")], "S1", "teacher"),  # at the primary organisation
        ([("S1", "aide"), ("S2", "teacher"), ("D", "teacher")], None, "teacher"),  # the most frequent
        ([("S1", "teacher"), ("S2", "aide")], None, "aide"),  # a tie: by the alphabet
        ([("S1", "teacher"), ("S2", "aide")], "D", "aide"),  # no role at the primary organisation
    ],
)
def test_which_kind_is_the_persons_own_row(roles: list[tuple[str, str]], home: str | None, main: str) -> None:
    rows = roster()
    rows["User"].append(person("sol", "Sol", "Adeyemi", primary_org=home))
    rows["Role"] += [role(f"r{at}", "sol", org, kind) for at, (org, kind) in enumerate(roles)]
    assert _users(rows)["sol"][0] == main


def test_enrollments_and_families_name_the_row_of_their_role() -> None:
    rows = roster()
    rows["User"][3]["primary_org"] = None
    rows["Role"].append(role("a", "tess", "S1", "parent"))
    rows["Role"].append(role("b", "tess", "D", "parent"))
    rows["GuardianLink"].append({"sourced_id": "g3", "asserted_by": "guardian", "guardian": "tess", "student": "bo"})
    rows["GuardianLink"].append({"sourced_id": "g4", "asserted_by": "file", "guardian": "tess", "student": "ana"})
    files = contents(render(rows, "1.1"))
    assert faults(files) == []
    users = {row["sourcedId"]: row for row in _read(files, "users")}
    assert (users["tess"]["role"], users["tess-teacher"]["role"]) == ("parent", "teacher")
    assert users["tess"]["agentSourcedIds"] == "bo"
    assert users["tess-teacher"]["agentSourcedIds"] == ""
    assert users["ana"]["agentSourcedIds"] == "gus,tess"
    assert {row["sourcedId"]: row["userSourcedId"] for row in _read(files, "enrollments")}["E3"] == "tess-teacher"


def test_family_links_name_the_further_row_of_a_guardian() -> None:
    rows = roster()
    rows["User"][3]["primary_org"] = "S1"
    rows["Role"].append(role("a", "tess", "S2", "relative"))
    rows["GuardianLink"].append({"sourced_id": "g3", "asserted_by": "guardian", "guardian": "tess", "student": "bo"})
    rows["GuardianLink"].append({"sourced_id": "g4", "asserted_by": "student", "guardian": "tess", "student": "ana"})
    users = {row["sourcedId"]: row for row in _read(contents(render(rows, "1.1")), "users")}
    assert (users["tess"]["role"], users["tess-relative"]["role"]) == ("teacher", "relative")
    assert users["tess"]["agentSourcedIds"] == ""
    assert users["tess-relative"]["agentSourcedIds"] == "bo"
    assert users["ana"]["agentSourcedIds"] == "gus,tess-relative"


def test_a_person_without_roles_is_sent_in_12_only() -> None:
    rows = roster()
    rows["User"].append(person("sol", "Sol", "Adeyemi"))
    assert "sol" in {row["sourcedId"] for row in _read(contents(render(rows, "1.2")), "users")}
    assert "sol" not in _users(rows)


def test_administrators_of_11_are_told_by_their_organisation_in_12() -> None:
    rows = roster()
    rows["Role"].append(role("pia2", "pia", "S1", "administrator"))
    roles = _read(contents(render(rows)), "roles")
    assert {row["orgSourcedId"]: row["role"] for row in roles if row["userSourcedId"] == "pia"} == {
        "D": "districtAdministrator",
        "S1": "siteAdministrator",
    }


def test_roles_without_a_fit_id_get_a_minted_one_and_the_others_keep_theirs() -> None:
    rows = roster()
    rows["Role"][0]["sourced_id"] = "role-ana"
    ids = {row["userSourcedId"]: row["sourcedId"] for row in _read(contents(render(rows)), "roles")}
    assert ids["ana"] == "role-ana"
    assert ids["pia"] == hashlib.sha256(b"pia|D|administrator").hexdigest()[:32]


def test_profiles_and_roles_of_12_are_sent_whole() -> None:
    rows = roster()
    profile = {"profile_type": "LMS", "vendor_id": "v.example", "credential_type": "SSO", "username": "t"}
    rows["UserProfile"] = [{"sourced_id": "UP", "user": "tess", "description": "x, y", **profile}]
    dates = {"begin_date": "2026-08-01", "end_date": "2027-07-01"}
    rows["Role"][4] |= {"sourced_id": "rt", "user_profile": "UP", "attributes": '{"metadata.fte":"0.5"}', **dates}
    files = contents(render(rows))
    assert faults(files) == []
    assert files["userProfiles.csv"].decode().splitlines()[1] == 'UP,,,tess,LMS,v.example,,"x, y",SSO,t,'
    assert "rt,,,tess,primary,teacher,2026-08-01,2027-07-01,S1,UP,0.5" in files["roles.csv"].decode().splitlines()


def _with_a_guardian_file(**given: object) -> Rows:
    rows = roster()
    student = next(one["user"] for one in rows["Role"] if one["role"] == "student")
    bare = {"username": None, "enabled": None, **given}
    rows["User"] += [person("C-1", "Harriet", "Pellworth", **bare), person("C-2", "Percival", "Thornbury", **bare)]
    rows["Role"] += [role("c1", "C-1", "D", "guardian"), role("c2", "C-2", "D", "guardian")]
    link = {"student": student, "asserted_by": "file", "guardian": "C-1", "sourced_id": "l1"}
    rows["GuardianLink"] += [link, link | {"guardian": "C-2", "sourced_id": "l2"}]
    return rows


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_guardians_of_a_guardian_file_are_sent_with_an_account_of_their_own(version: str) -> None:
    rendered = render(_with_a_guardian_file(email="family@mail.example"), version)
    files = contents(rendered)
    assert faults(files) == []
    sent = {row["sourcedId"]: (row["username"], row["enabledUser"]) for row in _read(files, "users")}
    assert (sent["C-1"], sent["C-2"]) == (("C-1", "true"), ("C-2", "true"))
    assert sent["tess"] == ("tess.okafor", "true")


def test_guardians_without_an_account_are_withheld_where_the_setting_says_so() -> None:
    files = contents(render(_with_a_guardian_file(), "1.2", complete_guardians=False))
    assert not {row["sourcedId"] for row in _read(files, "users")} & {"C-1", "C-2"}


def test_nobody_gets_a_username_that_is_another_persons_or_a_switch_that_a_source_set() -> None:
    rows = _with_a_guardian_file()
    rows["User"][-1]["enabled"] = False
    rows["User"][3]["username"] = "c-1"
    rows["Role"].append(role("c3", "C-2", "S1", "teacher"))
    files = contents(render(rows, "1.2"))
    assert not {row["sourcedId"] for row in _read(files, "users")} & {"C-1", "C-2"}
