"""Paging: everything came only where the server says so. What is cut short is partial, with its reason."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from rest_runs import coverage, met, on, read, rows, with_body

from providers.oneroster.rest.fake import Ask, FakeServer, Reply, serving
from providers.oneroster.rest.fake_roster import Roster, invented
from rosterkit.sources.base import Extract

STYLES: dict[str, Any] = {
    "total": {"total": True, "link": False},
    "link": {"total": False, "link": True},
    "both": {"total": True, "link": True},
    "neither": {"total": False, "link": False},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("cap", "page_size"), [(10_000, 5000), (10_000, 30), (40, 5000), (137, 137), (1, 1)])
def test_all_records_come_however_the_server_pages(style: str, cap: int, page_size: int) -> None:
    roster = invented(3, schools=1) if page_size == 1 else invented()
    with serving(FakeServer(roster, cap=cap, **STYLES[style])) as fake:
        extract = read(fake, page_size=page_size, collections=["orgs", "users"])
    assert set(coverage(extract).values()) == {"full"}
    assert set(rows(extract, "User")["sourced_id"]) == {user["sourcedId"] for user in roster["users"]}
    assert met(extract) == {}


def test_the_order_is_asked_for_and_positions_count_on() -> None:
    with serving(FakeServer(invented())) as fake:
        extract = read(fake, page_size=50)
    assert all(ask.query["sort"] == "sourcedId" and ask.query["orderBy"] == "asc" for ask in fake.log)
    assert rows(extract, "User")["_line"].to_list() == list(range(1, 138))


def test_a_short_page_without_counts_or_links_is_not_the_end() -> None:
    """A server that caps pages without a word: the first page is short, and it is not everything."""
    with serving(FakeServer(invented(), cap=25, total=False)) as fake:
        extract = read(fake, page_size=5000)
    assert rows(extract, "User").height == 137
    assert fake.log[-1].query["offset"] == "60"  # demographics: asked until a page is empty


def users_answer(change: Callable[[Ask, Reply], Reply], *, page: int = 2, size: int = 50, **more: Any) -> Extract:
    """The extract where answers for users are changed from a page on."""
    with serving(FakeServer(invented(), **more)) as fake:
        on("users", change, fake=fake, page=page)
        return read(fake, page_size=size, collections=["orgs", "users"])


def is_partial(extract: Extract, rule: str) -> bool:
    """Whether users, and all that they list, are partial for that rule, and the rest is full."""
    of_users = {"User", "Role", "GuardianLink"}
    found = coverage(extract)
    assert all(found[entity] == ("partial" if entity in of_users else "full") for entity in found), found
    table = extract.table("User")
    assert table is not None
    assert table.reason
    assert not table.changes
    return met(extract)[rule] == 1


def headers(**changed: str) -> Callable[[Ask, Reply], Reply]:
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    return lambda _ask, reply: Reply(reply.status, reply.body, reply.headers | names)


def test_a_total_that_changes_is_a_change_under_us() -> None:
    assert is_partial(users_answer(headers(X_Total_Count="138")), "rest.changed")


def test_more_announced_than_came_is_partial() -> None:
    assert is_partial(users_answer(headers(X_Total_Count="140"), page=1), "rest.count")


def test_fewer_announced_than_came_is_partial() -> None:
    assert is_partial(users_answer(headers(X_Total_Count="60"), page=1), "rest.count")


@pytest.mark.parametrize("cap", [40, 100])
def test_a_total_that_is_only_the_page_is_not_believed(cap: int) -> None:
    """Some servers put the number of records on this page where the total belongs."""

    def page_count(_ask: Ask, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body, {"X-Total-Count": str(len(json.loads(reply.body)["users"]))})

    with serving(FakeServer(invented(), cap=cap)) as fake:
        on("users", page_count, fake=fake)
        extract = read(fake, collections=["users"])
    assert is_partial(extract, "rest.changed")
    assert rows(extract, "User").height == 137


@pytest.mark.parametrize(("status", "expected"), [(400, "full"), (404, "full"), (416, "full"), (500, "partial")])
def test_a_server_may_refuse_the_page_after_the_last(status: int, expected: str) -> None:
    """One page with a total is confirmed by asking for the page behind it."""

    def refuse(ask: Ask, reply: Reply) -> Reply:
        return reply if ask.query["offset"] == "0" else Reply(status, b"{}")

    extract = users_answer(refuse, page=1, size=500)
    assert coverage(extract)["User"] == expected
    assert rows(extract, "User").height == 137


def test_a_page_that_comes_twice_ends_the_pull() -> None:
    first: list[Reply] = []

    def repeat(_ask: Ask, reply: Reply) -> Reply:
        first.append(reply)
        return first[0]

    extract = users_answer(repeat, page=1, total=False)
    assert is_partial(extract, "rest.repeated-page")
    assert len(first) == 2
    assert rows(extract, "User").height == 50


def test_a_link_that_leads_back_ends_the_pull() -> None:
    def back(ask: Ask, reply: Reply) -> Reply:
        link = f'<{ask.path}?limit=50&offset=50>; rel="next"'
        return Reply(reply.status, reply.body, {"Link": link})

    assert is_partial(users_answer(back, page=1), "rest.repeated-page")


def test_a_record_on_two_pages_means_that_another_may_be_missing() -> None:
    """One record left and another came before the next page: as many came as announced, and one is missing."""
    roster = invented()

    def shifted(ask: Ask, reply: Reply) -> Reply:
        if ask.query["offset"] == "0":
            roster["users"] = [user for user in roster["users"] if user["sourcedId"] != "U-9"]
            roster["users"].append(roster["users"][0] | {"sourcedId": "A-00"})
        return reply

    with serving(FakeServer(roster)) as fake:
        on("users", shifted, fake=fake)
        extract = read(fake, page_size=50)
    assert extract.rows_read["users"] == 137
    assert is_partial(extract, "rest.changed")


@pytest.mark.parametrize(("total", "size", "page"), [(True, 50, 2), (False, 136, 1)])
def test_a_record_twice_on_one_page_makes_the_next_offset_skip_another(total: bool, size: int, page: int) -> None:
    """Offsets advance by the records that came: as many came as there are, and one is missing."""
    once = iter([True])

    def twice(_ask: Ask, reply: Reply) -> Reply:
        return with_body(
            reply, lambda body: {"users": body["users"] + (body["users"][:1] if next(once, False) else [])}
        )

    with serving(FakeServer(invented(), total=total)) as fake:
        on("users", twice, fake=fake, page=page)
        extract = read(fake, page_size=size, collections=["users"])
    assert extract.rows_read["users"] == 137
    assert rows(extract, "User").height == 136
    assert is_partial(extract, "rest.changed")


def test_a_link_to_another_host_is_never_followed() -> None:
    """B1.5: links of the tenant's server, behind a proxy. Pages are then asked for by their number."""

    def elsewhere(ask: Ask, reply: Reply) -> Reply:
        link = f'<https://tenant.example{ask.path}?offset=50>; rel="next"'
        return Reply(reply.status, reply.body, {"Link": link} | reply.headers)

    extract = users_answer(elsewhere, page=1)
    assert set(coverage(extract).values()) == {"full"}
    assert met(extract) == {"rest.link-elsewhere": 1}


def test_other_links_do_not_end_the_pull() -> None:
    link = {"Link": '</style.css>; rel="preload"'}
    extract = users_answer(lambda _ask, reply: Reply(reply.status, reply.body, link), page=1, total=False)
    assert rows(extract, "User").height == 137
    assert coverage(extract)["User"] == "full"


def test_a_last_page_without_a_link_header_is_the_last() -> None:
    """A server that pages by its own cursor and ignores offset: asking by number would bring the first page again."""

    def by_cursor(ask: Ask, reply: Reply) -> Reply:
        at = int(ask.query.get("cursor", "0"))
        page = json.loads(reply.body)["users"][at : at + 50]
        link = {"Link": f'<{ask.path}?cursor={at + 50}>; rel="next"'} if len(page) == 50 else {}
        return Reply(200, json.dumps({"users": page}).encode(), link)

    with serving(FakeServer(invented(), total=False)) as fake:
        on("users", lambda ask, _reply: by_cursor(ask, whole(fake, ask)), fake=fake)
        extract = read(fake, page_size=50)
    assert coverage(extract)["User"] == "full"
    assert rows(extract, "User").height == 137


def whole(fake: FakeServer, ask: Ask) -> Reply:
    """The collection on one page."""
    everything = Ask(ask.method, ask.path, {"limit": "1000"}, ask.headers, ask.target)
    return fake.data(everything)


def test_a_server_that_does_not_page_sends_everything_at_once() -> None:
    roster = invented()
    with serving(FakeServer(roster, total=False)) as fake:
        on("users", lambda _ask, _reply: Reply(200, json.dumps({"users": roster["users"]}).encode()), fake=fake)
        extract = read(fake, page_size=50)
    assert coverage(extract)["User"] == "full"
    assert rows(extract, "User").height == 137


def test_a_server_that_counts_and_does_not_page_sends_everything_at_once() -> None:
    with serving(FakeServer(invented())) as fake:
        on("users", lambda ask, _reply: whole(fake, ask), fake=fake)
        extract = read(fake)
    assert coverage(extract)["User"] == "full"
    assert rows(extract, "User").height == 137


def test_a_lost_link_header_does_not_end_the_pull() -> None:
    def lost(_ask: Ask, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body)

    with serving(FakeServer(invented(), total=False, link=True)) as fake:
        on("users", lost, fake=fake, page=2)
        extract = read(fake, page_size=30)
    assert coverage(extract)["User"] == "full"
    assert rows(extract, "User").height == 137


def test_an_empty_page_with_a_further_link_is_partial() -> None:
    def emptied(_ask: Ask, reply: Reply) -> Reply:
        return Reply(200, b'{"users":[]}', reply.headers)

    extract = users_answer(emptied, total=False, link=True)
    assert is_partial(extract, "rest.broken-off")


def test_an_announced_page_that_is_short_is_partial() -> None:
    """ClassLink's x-count: how many records this page has."""
    assert is_partial(users_answer(headers(x_count="51"), page=2), "rest.count")


@pytest.mark.parametrize("key", ["user", "people", ""])
def test_the_list_is_found_under_another_key_or_none(key: str) -> None:
    """B1.3: the envelope's key differs from server to server."""

    def renamed(_ask: Ask, reply: Reply) -> Reply:
        return with_body(reply, lambda body: {key: body["users"]} if key else body["users"])

    extract = users_answer(renamed, page=1)
    assert rows(extract, "User").height == 137
    assert met(extract) == ({} if key == "user" else {"rest.envelope": 1})


NO_LIST = {
    "nothing": {},
    "null": {"users": None},
    "an object": {"users": {"sourcedId": "U-1"}},
    "two lists": {"students": [], "teachers": []},
    "an error of 1.2": {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_CodeMinor": {"imsx_codeMinorField": [{"imsx_codeMinorFieldValue": "server_busy"}]},
    },
    "an error in the text of 1.1": {
        "statusInfoSet": [{"imsx_codeMajor": "failure", "imsx_codeMinor": "unknown object", "imsx_severity": "error"}]
    },
    "an error beside an empty list": {"users": [], "imsx_codeMajor": "failure"},
}


@pytest.mark.parametrize("what", NO_LIST)
@pytest.mark.parametrize("page", [1, 2])
def test_a_200_without_a_list_is_never_read_as_empty(what: str, page: int) -> None:
    extract = users_answer(lambda _ask, _reply: Reply(200, json.dumps(NO_LIST[what]).encode()), page=page)
    if page == 2:
        assert is_partial(extract, "rest.broken-off")
    else:
        assert coverage(extract)["User"] == "absent"
        assert met(extract)["rest.unread"] == 1
    shown = "".join(extract.findings["detail"])
    assert ("server_busy" in shown) == (what == "an error of 1.2")
    assert ("unknownobject" in shown) == (what == "an error in the text of 1.1")


def test_a_warning_beside_the_records_is_a_finding() -> None:
    warning = {"statusInfoSet": [{"imsx_codeMajor": "success", "imsx_codeMinor": "invalid_sort_field"}]}
    extract = users_answer(lambda _ask, reply: with_body(reply, lambda body: body | warning), page=1)
    assert met(extract) == {"rest.warning": 1}
    assert coverage(extract)["User"] == "full"


@pytest.mark.parametrize("collection", ["users", "demographics", "orgs"])
def test_an_empty_collection_does_not_mean_that_all_are_gone(collection: str) -> None:
    roster: Roster = invented() | {collection: []}
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    entity = {"users": "User", "demographics": "Demographics", "orgs": "Org"}[collection]
    assert coverage(extract)[entity] == "absent"
    assert met(extract)["rest.empty"] == 1


def test_the_order_of_the_server_changes_nothing() -> None:
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        before = rows(read(fake), "User").drop("_line")
        for records in roster.values():
            random.Random(4).shuffle(records)
        after = rows(read(fake), "User").drop("_line")
    assert before.equals(after)
