"""B1.8: who is whose guardian, from either side, both, or neither."""

from typing import Any

import pytest
from rest_runs import coverage, met, read, rows

from providers.oneroster.rest.convert import Reading, converted
from providers.oneroster.rest.decode import decoded, joined
from providers.oneroster.rest.fake import FakeServer, serving
from providers.oneroster.rest.fake_roster import invented
from providers.oneroster.rest.fields import COLLECTIONS
from providers.oneroster.rest.guardians import guardian_links
from providers.oneroster.rest.nested_records import Listed

USERS = next(collection for collection in COLLECTIONS if collection.name == "users")
PEOPLE: dict[str, dict[str, Any]] = {
    "student": {"role": "student"},
    "guardian": {"role": "parent"},
    "both": {"roles": [{"role": "student"}, {"role": "guardian"}]},
    "neither": {"role": "teacher"},
    "unknown": {"role": "janitor"},
}
STUDENTS, GUARDIANS = "rest.agent-students", "rest.agent-guardians"
ROLE, UNCLEAR, MISSING = "rest.agent-role", "rest.agent-unclear", "rest.agent-missing"
EXPECTED = {
    "student": {"student": STUDENTS, "guardian": "student", "both": "student", "neither": ROLE, "unknown": "student"},
    "guardian": {
        "student": "guardian",
        "guardian": GUARDIANS,
        "both": "guardian",
        "neither": ROLE,
        "unknown": "guardian",
    },
    "both": {"student": "guardian", "guardian": "student", "both": UNCLEAR, "neither": ROLE, "unknown": UNCLEAR},
    "neither": dict.fromkeys(PEOPLE, ROLE),
    "unknown": {"student": "guardian", "guardian": "student", "both": UNCLEAR, "neither": UNCLEAR, "unknown": UNCLEAR},
}


def links(users: list[dict[str, Any]], *, whole: bool = True) -> Listed:
    raw = joined([decoded(users, USERS)], USERS)
    return guardian_links(converted(raw, USERS, Reading()), whole=whole)


@pytest.mark.parametrize("owner", PEOPLE)
@pytest.mark.parametrize("listed", PEOPLE)
def test_who_asserts_a_link_follows_from_both_roles(owner: str, listed: str) -> None:
    users = [
        {"sourcedId": "one", "agents": [{"sourcedId": "other"}]} | PEOPLE[owner],
        {"sourcedId": "other", "agents": []} | PEOPLE[listed],
    ]
    found = links(users)
    expected = EXPECTED[owner][listed]
    if expected.startswith("rest."):
        assert found.rows.is_empty()
        assert [note.rule for note in found.notes] == [expected]
    else:
        pair = ("one", "other") if expected == "guardian" else ("other", "one")
        assert found.rows.select("asserted_by", "guardian", "student").rows() == [(expected, *pair)]
        assert found.notes == ()


def test_a_list_that_cannot_be_understood_leaves_stored_links_alone() -> None:
    found = links(
        [{"sourcedId": "one", "agents": [{"sourcedId": "two"}]} | PEOPLE["both"], {"sourcedId": "two"} | PEOPLE["both"]]
    )
    assert not any("one" in parents.to_series(-1).to_list() for parents in found.parents)


@pytest.mark.parametrize("whole", [True, False])
def test_an_agent_who_is_not_shown_is_linked_only_where_not_everything_came(whole: bool) -> None:
    found = links([{"sourcedId": "s", "role": "student", "agents": [{"sourcedId": "g"}]}], whole=whole)
    assert found.rows.height == (0 if whole else 1)
    assert [note.rule for note in found.notes] == ([MISSING] if whole else [])


def test_the_relationship_is_the_guardians_role() -> None:
    users = [
        {"sourcedId": "s", "role": "student", "agents": [{"sourcedId": "g"}]},
        {"sourcedId": "g", "role": "relative", "agents": [{"sourcedId": "s"}]},
    ]
    assert links(users).rows["relationship"].to_list() == ["relative", "relative"]


def test_agents_on_one_side_only() -> None:
    roster = invented()
    for user in roster["users"]:
        if user["role"] == "student":
            user["agents"] = []
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    assert set(rows(extract, "GuardianLink")["asserted_by"]) == {"guardian"}
    table = extract.table("GuardianLink")
    assert table is not None
    assert [parents.height for parents in table.parents] == [60, 60]  # every list was read, the empty ones too


@pytest.mark.parametrize("how", ["empty", "missing"])
def test_a_server_without_agents_does_not_take_links_away(how: str) -> None:
    roster = invented()
    for user in roster["users"]:
        user.pop("agents")
        if how == "empty":
            user["agents"] = []
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    assert extract.table("GuardianLink") is None  # absent
    assert met(extract) == {"rest.no-agents": 1}


def test_agents_of_whom_nobody_is_shown_do_not_take_links_away() -> None:
    """B1.6: the district does not share unenrolled users, so that the guardians cannot be read."""
    roster = invented()
    roster["users"] = [user for user in roster["users"] if user["role"] != "guardian"]
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    assert coverage(extract)["GuardianLink"] == "absent"
    assert met(extract) == {"rest.agent-missing": 60}


def test_guardians_of_the_district_have_their_role_there() -> None:
    """B1.8: guardians whose organisation is the district and not a school."""
    roster = invented()
    for user in roster["users"]:
        if user["role"] == "guardian":
            user["orgs"] = [{"sourcedId": "D-1"}]
            user["email"] = ""
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    assert set(rows(extract, "Role").filter(role="guardian")["org"]) == {"D-1"}
    assert rows(extract, "GuardianLink").height == 120
    assert met(extract) == {}
