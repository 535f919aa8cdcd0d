"""Guardian statements from either side, both, and by the roles of 1.2; bad agents make none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import Files, Read, as_delta, found, read, rows_of, tiny


def family(**agents: str) -> Files:
    """The tiny package in which these people list these agents, and nobody else any."""
    files = tiny()
    for user in files["users"]:
        user["agentSourcedIds"] = agents.get(user["sourcedId"], "")
    return files


def stated(bundle: Read) -> dict[str, tuple[str, str, str, str | None]]:
    rows = rows_of(bundle, "GuardianLink")
    return {k: (r["asserted_by"], r["guardian"], r["student"], r["relationship"]) for k, r in rows.items()}


def owners(bundle: Read) -> tuple[list[str], list[str]]:
    """Whose lists were read: of students, of guardians."""
    student, guardian = bundle.table("GuardianLink").parents
    return student["student"].to_list(), guardian["guardian"].to_list()


def test_both_sides_are_two_statements_of_one_link(tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny())
    assert stated(bundle) == {
        "ana:lucia": ("student", "lucia", "ana", "parent"),
        "lucia:ana": ("guardian", "lucia", "ana", "parent"),
    }
    assert owners(bundle) == (["ana"], ["lucia"])


@pytest.mark.parametrize(("stater", "other"), [("ana", "lucia"), ("lucia", "ana")])
def test_one_side_is_enough_and_the_other_lists_none(stater: str, other: str, tmp_path: Path) -> None:
    bundle = read(tmp_path, family(**{stater: other}))
    assert list(stated(bundle)) == [f"{stater}:{other}"]
    assert owners(bundle) == (["ana"], ["lucia"])


@pytest.mark.parametrize(
    ("stater", "other", "rule"),
    [
        ("ana", "ana", "agents.self"),
        ("ana", "omar", "agents.not-family"),
        ("omar", "ana", "agents.not-family"),
        ("omar", "lucia", "agents.not-family"),
    ],
)
def test_bad_agents_make_no_statement(stater: str, other: str, rule: str, tmp_path: Path) -> None:
    bundle = read(tmp_path, family(**{stater: other}))
    assert stated(bundle) == {}
    assert len(found(bundle, rule)) == 1
    assert owners(bundle) == (["ana"], ["lucia"])


def test_an_agent_who_is_not_in_the_package_is_left_to_the_engine(tmp_path: Path) -> None:
    bundle = read(tmp_path, family(ana="stored-guardian", lucia="stored-student"))
    assert stated(bundle) == {
        "ana:stored-guardian": ("student", "stored-guardian", "ana", None),
        "lucia:stored-student": ("guardian", "lucia", "stored-student", "parent"),
    }
    assert bundle.unread("GuardianLink", "ana:stored-guardian") == ["relationship"]
    assert bundle.findings.is_empty()


def test_ids_that_hold_colons_cannot_be_confused(tmp_path: Path) -> None:
    files = family(ana="x:y")
    files["users"][0]["sourcedId"], files["users"][0]["agentSourcedIds"] = "a:b%", "x:y"
    assert "a%3Ab%25:x%3Ay" in stated(read(tmp_path, files))


def test_the_roles_of_1_2_say_who_is_who(tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny("1.2"), version="1.2")
    assert list(stated(bundle)) == ["ana:lucia", "lucia:ana"]
    assert rows_of(bundle, "GuardianLink")["ana:lucia"]["relationship"] == "parent"


def test_one_with_both_roles_is_judged_by_the_other(tmp_path: Path) -> None:
    files = tiny("1.2")
    files["roles"].append({**files["roles"][0], "sourcedId": "r9", "userSourcedId": "lucia"})
    bundle = read(tmp_path, files, version="1.2")
    assert stated(bundle)["lucia:ana"][0] == "guardian"
    assert owners(bundle) == (["ana", "lucia"], ["lucia"])


def test_one_with_both_roles_whose_other_is_unknown_lists_none(tmp_path: Path) -> None:
    files = tiny("1.2")
    files["roles"].append({**files["roles"][0], "sourcedId": "r9", "userSourcedId": "lucia"})
    files["users"][2]["agentSourcedIds"] = "ana,somebody"
    bundle = read(tmp_path, files, version="1.2")
    assert list(stated(bundle)) == ["ana:lucia", "lucia:ana"]
    assert owners(bundle) == (["ana"], [])


def test_a_teacher_who_is_a_parent_too_may_be_an_agent(tmp_path: Path) -> None:
    files = tiny("1.2")
    files["roles"].append({**files["roles"][1], "sourcedId": "r9", "userSourcedId": "lucia", "roleType": "secondary"})
    bundle = read(tmp_path, files, version="1.2")
    assert list(stated(bundle)) == ["ana:lucia", "lucia:ana"]


def test_a_delta_without_roles_goes_by_the_side_that_is_known(tmp_path: Path) -> None:
    files = as_delta(tiny("1.2"))
    files = {"users": files["users"], "roles": files["roles"][:1]}
    files["users"][0]["agentSourcedIds"] = ""
    files["users"][1]["agentSourcedIds"] = "unknown"
    bundle = read(tmp_path, files, version="1.2", modes={"users": "delta", "roles": "delta"})
    assert stated(bundle) == {"lucia:ana": ("guardian", "lucia", "ana", None)}
    assert [line for *_, line, _ in found(bundle, "agents.role-unknown")] == [3]
    assert owners(bundle) == (["ana"], [])


def test_a_role_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    files = tiny()
    files["users"][0]["role"] = "pupil"
    bundle = read(tmp_path, files)
    assert sorted(stated(bundle)) == ["ana:lucia", "lucia:ana"]
    assert owners(bundle) == ([], ["lucia"])


def test_a_list_that_cannot_be_read_is_not_listed(tmp_path: Path) -> None:
    bundle = read(tmp_path, family(ana="1.2E+11", lucia="ana"))
    assert list(stated(bundle)) == ["lucia:ana"]
    assert owners(bundle) == ([], ["lucia"])


@pytest.mark.parametrize("name", ["kind", "kind_other", "relation", "relation_other", "user", "item", "classification"])
def test_a_column_that_a_district_added_changes_no_guardian(name: str, tmp_path: Path) -> None:
    files = tiny()
    for user in files["users"]:
        user[name] = "student"
    bundle = read(tmp_path / "added", files)
    plain = read(tmp_path / "plain", tiny())
    assert stated(bundle) == stated(plain)
    assert owners(bundle) == owners(plain)
