"""ClassLink: the proxy, a district's own server, and a pull that does not change under us."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from classlink_runs import coverage, district, met, read, rows
from pydantic import ValidationError

from providers.classlink import SOURCE
from providers.classlink.fake import FakeClassLink
from providers.oneroster.rest.fake import Ask, Reply, failure, serving
from providers.oneroster.rest.fake_roster import plant
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.base import Source


def is_data(ask: Ask) -> bool:
    return ask.path != "/applications"


@pytest.mark.parametrize("access", ["proxy", "direct"])
def test_everything_comes_and_nothing_is_odd(access: str) -> None:
    """B1.1, B1.2: both ways in; the application's id goes into the path as it came, percent-encoded."""
    roster = district()
    with serving(FakeClassLink(roster)) as fake:
        extract = read(fake, access=access, page_size=100)
        calls = [ask for ask in fake.log if is_data(ask)]
    assert set(coverage(extract).values()) == {"full"}
    assert met(extract) == {}
    assert set(rows(extract, "User")["sourced_id"]) == {user["sourcedId"] for user in roster["users"]}
    assert all(ask.query["sort"] == "sourcedId" and ask.query["orderBy"] == "asc" for ask in calls)
    prefix = "/%2FgVa0ed75Gs%43/ims/oneroster/v1p1/" if access == "proxy" else "/ims/oneroster/v1p1/"
    assert all(ask.path.startswith(prefix) for ask in calls)


def test_a_record_has_its_canonical_values() -> None:
    """B1.5: the state's number from userIds, several kinds of ids, enabledUser as text."""
    with serving(FakeClassLink(district())) as fake:
        extract = read(fake)
    user = rows(extract, "User").filter(sourced_id="U-3").row(0, named=True)
    assert user["user_ids"] == '["{Fed:FU-3}","{StateID:ST000003}"]'
    assert user["state_id"] == "ST000003"
    assert user["enabled"] is True
    assert rows(extract, "Class").filter(sourced_id="K-0")["title"].item() == "Mathematics 0 (Mathematics 0)"


def test_planted_defects_are_found_through_the_proxy_too() -> None:
    roster = district()
    expected = plant(roster)
    with serving(FakeClassLink(roster)) as fake:
        extract = read(fake)
    assert met(extract) == expected


@pytest.mark.parametrize("most", [1, 3, 4, 100])
def test_the_list_of_applications_is_read_to_its_end(most: int) -> None:
    """B1.2: it has no counts, and a district that is missing looks like one that is not enabled."""
    with serving(FakeClassLink(district(3), others=8, most_applications=most)) as fake:
        assert rows(read(fake), "Org").height == 4


def test_a_list_that_ignores_its_offset_ends() -> None:
    fake = FakeClassLink(district(3))

    def whole_list(ask: Ask, _count: int) -> Reply | None:
        return None if is_data(ask) else fake.data(Ask(ask.method, ask.path, {}, ask.headers, ask.target))

    fake.fault = whole_list
    with serving(fake):
        assert rows(read(fake), "Org").height == 4
        assert fake.lists_read == 2


@pytest.mark.parametrize(
    ("more", "settings", "rule"),
    [
        ({}, {"tenant_id": 9999}, "classlink.not-enabled"),
        ({"enabled": "false"}, {}, "classlink.not-enabled"),
        ({}, {"application": "Cafeteria"}, "classlink.not-enabled"),
        ({"copies": 2}, {}, "classlink.several-applications"),
        ({"bearer": ""}, {}, "classlink.application"),
        ({"bearer": None}, {}, "classlink.application"),
        ({"application_id": ""}, {}, "classlink.application"),
        ({"application_id": ".."}, {}, "classlink.application"),
        ({"application_id": "../other"}, {}, "classlink.application"),
        ({"application_id": "a%2"}, {}, "classlink.application"),
        ({"application_id": "//other.example"}, {}, "classlink.application"),
        ({}, {"partner_key": "env:WRONG"}, "http.unauthorised"),
    ],
)
def test_a_share_that_cannot_be_used_is_an_error(more: dict[str, Any], settings: dict[str, Any], rule: str) -> None:
    with serving(FakeClassLink(district(3), **more)) as fake, pytest.raises(SourceUnreadable) as raised:
        read(fake, **settings)
    assert raised.value.rule == rule
    assert "0d5c1f6e" not in str(raised.value)


@pytest.mark.parametrize("body", [{}, {"status": 1, "applications": None}, {"applications": {}}])
def test_an_answer_without_a_list_of_applications_is_an_error(body: dict[str, Any]) -> None:
    with serving(FakeClassLink(district(3))) as fake:
        fake.fault = lambda ask, _count: None if is_data(ask) else Reply(200, json.dumps(body).encode())
        with pytest.raises(SourceUnreadable) as raised:
            read(fake)
    assert raised.value.rule == "classlink.applications"


def test_several_applications_are_told_apart_by_name() -> None:
    with serving(FakeClassLink(district(3), copies=2)) as fake:
        assert rows(read(fake, application="Library"), "Org").height == 4


def test_a_tenant_that_is_not_active_is_a_finding() -> None:
    with serving(FakeClassLink(district(3), tenant_status="Suspended")) as fake:
        assert met(read(fake))["classlink.tenant-status"] == 1


def test_a_bearer_that_changes_in_the_middle_is_read_again_once() -> None:
    """B1.2: on a 401 the list is read again."""
    fake = FakeClassLink(district())

    def renew(ask: Ask, _count: int) -> Reply | None:
        if ask.path.endswith("/classes"):
            fake.bearer = "0d5c1f6e-2222-4aaa-9bbb-000000000002"
        return None

    fake.fault = renew
    with serving(fake):
        extract = read(fake)
        assert fake.lists_read == 4  # two pages each time
    assert set(coverage(extract).values()) == {"full"}


def test_a_share_that_is_withdrawn_in_the_middle_keeps_what_came() -> None:
    def withdrawn(ask: Ask, _count: int) -> Reply | None:
        return failure(401, "unauthorisedrequest", "1.1") if ask.path.endswith("/users") else None

    with serving(FakeClassLink(district(), fault=withdrawn)) as fake:
        extract = read(fake)
        assert fake.lists_read == 4
        assert sum(ask.path.endswith("/users") for ask in fake.log) == 1  # the same bearer is not tried again
    found = coverage(extract)
    assert (found["Org"], found["Class"], found["User"], found["Enrollment"]) == ("full", "full", "absent", "absent")
    assert "GuardianLink" not in found


def test_a_district_that_is_no_longer_listed_in_the_middle_keeps_what_came() -> None:
    fake = FakeClassLink(district())

    def gone(ask: Ask, _count: int) -> Reply | None:
        if not ask.path.endswith("/users"):
            return None
        fake.enabled = "false"
        return failure(401, "unauthorisedrequest", "1.1")

    fake.fault = gone
    with serving(fake):
        extract = read(fake)
    assert coverage(extract)["Class"] == "full"
    assert coverage(extract)["User"] == "absent"


def revisions(names: Callable[[int], str]) -> tuple[Any, int]:
    """The extract where each answer of data has the revision of its number, from 1; how many there were."""
    fake = FakeClassLink(district())
    count = 0

    def fault(ask: Ask, _count: int) -> Reply | None:
        nonlocal count
        if is_data(ask):
            count += 1
            fake.revision = names(count)
        return None

    fake.fault = fault
    with serving(fake):
        return read(fake), count


def test_a_pull_whose_revision_changes_starts_again() -> None:
    """B1.4: x-perm-rev differs between requests of one batch: everything is thrown away and read again."""
    extract, requests = revisions(lambda count: "a" if count < 5 else "b")
    assert set(coverage(extract).values()) == {"full"}
    assert met(extract) == {"classlink.started-again": 1}
    assert requests == 5 + 7


def test_it_starts_again_three_times_at_most_and_is_partial_then() -> None:
    extract, requests = revisions(str)
    assert set(coverage(extract).values()) == {"partial"}
    assert met(extract) == {"classlink.started-again": 2, "classlink.perm-rev": 7}
    assert requests == 2 + 2 + 7
    assert all("changed" in table.reason for table in extract.tables)
    assert rows(extract, "User").height == 137


def test_a_count_that_does_not_hold_is_partial() -> None:
    with serving(FakeClassLink(district(), extra={"x-total-count": "9999"})) as fake:
        extract = read(fake)
    assert set(coverage(extract).values()) == {"partial"}
    assert met(extract)["rest.count"] == 7


def test_a_page_that_is_too_heavy_is_asked_for_by_halves() -> None:
    """B1.4: 502 usually means that a page is too heavy."""
    with serving(FakeClassLink(district(), heavy=130)) as fake:
        extract = read(fake, page_size=400)
        limits = [int(ask.query["limit"]) for ask in fake.log if ask.path.endswith("/users")]
    assert set(coverage(extract).values()) == {"full"}
    assert limits == [400, 200, 100, 100]


@pytest.mark.parametrize("collection", ["demographics", "courses"])
@pytest.mark.parametrize("how", ["403", "404", "empty", "an error with 200"])
def test_what_the_district_does_not_share_is_absent(collection: str, how: str) -> None:
    """B1.6: demographics are off by default."""
    answers = {
        "403": failure(403, "forbidden", "1.1"),
        "404": failure(404, "unknownobject", "1.1"),
        "empty": Reply(200, json.dumps({collection: []}).encode(), {"x-count": "0", "x-total-count": "0"}),
        "an error with 200": Reply(200, failure(403, "forbidden", "1.1").body),
    }

    def unshared(ask: Ask, _count: int) -> Reply | None:
        return answers[how] if ask.path.endswith(f"/{collection}") else None

    with serving(FakeClassLink(district(), fault=unshared)) as fake:
        found = coverage(read(fake))
    entity = {"demographics": "Demographics", "courses": "Course"}[collection]
    assert found.pop(entity) == "absent"
    assert set(found.values()) == {"full"}


def test_a_share_without_unenrolled_users_is_a_finding() -> None:
    """Known issue 18: guardians and administrators are off by default, and students still list their agents."""
    roster = district()
    roster["users"] = [user for user in roster["users"] if user["role"] in ("student", "teacher")]
    with serving(FakeClassLink(roster)) as fake:
        extract = read(fake)
    assert met(extract) == {"classlink.unenrolled-users": 1, "rest.agent-missing": 60}
    assert coverage(extract)["GuardianLink"] == "absent"


@pytest.mark.parametrize(("day", "expected"), [("2026-10-26", 0), ("2026-10-27", 1)])
def test_a_roster_that_has_not_changed_for_long_is_a_finding(day: str, expected: int) -> None:
    """Known issue 17: a sync that is paused in summer leaves old data readable. The newest record is of 5 October."""
    with serving(FakeClassLink(district(3))) as fake:
        extract = read(fake, at={"as_of": date.fromisoformat(day)})
    assert met(extract)["classlink.stale"] == expected


def test_links_of_the_tenants_server_are_never_followed() -> None:
    """B1.5: href points to the tenant's server, not to the proxy."""
    with serving(FakeClassLink(district(), link=True, base_of_links="https://tenant.example")) as fake:
        extract = read(fake, page_size=100)
    assert set(coverage(extract).values()) == {"full"}
    assert met(extract) == {"rest.link-elsewhere": 2}  # users and enrollments have two pages


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"partner_key": "env:K"},
        {"tenant_id": 7},
        {"access": "direct", "url": "https://d.example"},
        {"partner_key": "env:K", "tenant_id": 7, "page_size": 20_000},
        {"partner_key": "env:K", "tenant_id": 7, "surprise": 1},
        {"partner_key": "env:K", "tenant_id": "7"},
    ],
)
def test_settings_that_are_not_complete_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.Settings(**settings)


def test_it_is_a_source() -> None:
    assert isinstance(SOURCE, Source)
    assert len({rule.code for rule in SOURCE.rules}) == len(SOURCE.rules)
    assert all(field.description for field in SOURCE.Settings.model_fields.values())
