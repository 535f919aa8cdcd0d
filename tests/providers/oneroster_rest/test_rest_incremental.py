"""Incremental runs: what is asked for, what a missing record means, and where the next run goes on."""

import json
from datetime import date
from typing import Any

import pytest
from rest_runs import AS_OF, coverage, met, on, read, rows

from providers.oneroster.rest.cursor import Cursor
from providers.oneroster.rest.fake import FakeServer, failure, serving
from providers.oneroster.rest.fake_roster import invented


def again(fake: FakeServer, cursor: str | None, *, at: dict[str, Any] | None = None, **more: Any) -> Any:
    return read(fake, at={"cursor": cursor, **(at or {})}, incremental=True, page_size=50, **more)


def test_a_second_run_asks_only_for_what_changed() -> None:
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        first = again(fake, None)
        assert set(coverage(first).values()) == {"full"}
        fake.log.clear()
        roster["users"] = [user for user in roster["users"] if user["sourcedId"] != "U-9"]  # purged without a word
        for user in roster["users"]:
            user["dateLastModified"] = "2026-09-01T00:00:00.000Z"
        roster["users"][3] |= {"givenName": "Nadia", "dateLastModified": "2026-11-20T10:00:00.000Z"}
        roster["users"][4] |= {"status": "tobedeleted", "dateLastModified": "2026-11-20T10:00:00.000Z"}
        second = again(fake, first.cursor)
    assert set(coverage(second).values()) == {"delta"}
    assert {table.changes for table in second.tables} == {True}
    assert set(rows(second, "User")["sourced_id"]) == {roster["users"][3]["sourcedId"], roster["users"][4]["sourcedId"]}
    assert rows(second, "User")["_deleted"].to_list().count(True) == 1
    assert met(second)["rest.incremental"] == 7  # its blindness is stated for each collection
    assert {ask.query["filter"] for ask in fake.log} == {"dateLastModified>='2026-10-04T06:30:00.000Z'"}
    assert second.cursor is not None
    marks = json.loads(second.cursor)["marks"]
    assert marks["users"] == "2026-11-20T10:00:00.000Z"
    assert marks["orgs"] == "2026-10-05T06:30:00.000Z"


def test_the_answer_to_a_filter_may_be_empty() -> None:
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        first = again(fake, None)
        roster["users"] = []
        second = again(fake, first.cursor)
    table = second.table("User")
    assert (table.coverage, rows(second, "User").height) == ("delta", 0)
    assert json.loads(second.cursor)["marks"] == json.loads(first.cursor)["marks"]


def test_links_to_agents_who_did_not_change_are_kept() -> None:
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        first = again(fake, None)
        for user in roster["users"]:
            changed = user["sourcedId"] == "U-3"
            user["dateLastModified"] = "2026-11-20T10:00:00.000Z" if changed else "2026-01-01T00:00:00.000Z"
        second = again(fake, first.cursor)
    links = rows(second, "GuardianLink")
    assert links.select("asserted_by", "guardian", "student").rows() == [("student", "G-3", "U-3")]
    table = second.table("GuardianLink")
    assert table.invalid["column"].to_list() == ["relationship"]  # the guardian's role is not known here: it stays
    assert table.parents[0]["student"].to_list() == ["U-3"]


@pytest.mark.parametrize("why", ["old", "other settings", "future", "full", "damaged", "other format"])
def test_everything_is_read_where_the_cursor_does_not_go_on(why: str) -> None:
    at: dict[str, Any] = {}
    with serving(FakeServer(invented())) as fake:
        cursor = again(fake, None).cursor
        if why == "old":
            at = {"as_of": date(2026, 12, 3)}
        elif why == "future":
            at = {"as_of": date(2026, 11, 25)}
        elif why == "full":
            at = {"full": True}
        elif why == "damaged":
            cursor = cursor[:-3]
        elif why == "other format":
            cursor = cursor.replace('"format":1', '"format":99')
        extract = again(fake, cursor, at=at, end_dates="inclusive" if why == "other settings" else "exclusive")
    assert set(coverage(extract).values()) == {"full"}
    assert json.loads(extract.cursor)["full"] == str(at.get("as_of", AS_OF))


def test_the_last_full_read_is_remembered() -> None:
    with serving(FakeServer(invented())) as fake:
        cursor = again(fake, None).cursor
        for day in (27, 28, 30):
            extract = again(fake, cursor, at={"as_of": date(2026, 11, day)})
            cursor = extract.cursor
            assert set(coverage(extract).values()) == {"delta"}
        last = again(fake, cursor, at={"as_of": date(2026, 12, 3)})
    assert set(coverage(last).values()) == {"full"}


def test_a_collection_that_did_not_come_whole_does_not_advance() -> None:
    """A delta is never lost: what was not read is asked for again."""
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        first = again(fake, None)
        for records in roster.values():
            for record in records:
                record["dateLastModified"] = "2026-11-20T10:00:00.000Z"
        on("users", lambda _ask, _reply: failure(403, "forbidden", "1.1"), fake=fake, page=2)
        second = again(fake, first.cursor)
    table = second.table("User")
    assert (table.coverage, table.changes) == ("partial", True)
    marks = json.loads(second.cursor)["marks"]
    assert marks["users"] == json.loads(first.cursor)["marks"]["users"]
    assert marks["orgs"] == "2026-11-20T10:00:00.000Z"


def test_a_collection_that_never_came_is_read_in_full_next_time() -> None:
    with serving(FakeServer(invented(), hidden={"courses"})) as fake:
        first = again(fake, None)
        fake.hidden = set()
        second = again(fake, first.cursor)
    assert coverage(second)["Course"] == "full"
    assert coverage(second)["Class"] == "delta"


def test_a_collection_without_dates_is_always_read_in_full() -> None:
    roster = invented()
    roster["courses"][1]["dateLastModified"] = None
    with serving(FakeServer(roster)) as fake:
        second = again(fake, again(fake, None).cursor)
    assert coverage(second)["Course"] == "full"


def test_a_date_from_the_future_does_not_hide_later_changes() -> None:
    roster = invented()
    roster["users"][0]["dateLastModified"] = "2099-01-01T00:00:00.000Z"
    with serving(FakeServer(roster)) as fake:
        first = again(fake, None)
    assert json.loads(first.cursor)["marks"]["users"] == "2026-11-25T00:00:00.000Z"


def test_a_cursor_reads_as_it_was_written() -> None:
    cursor = Cursor("abc", date(2026, 11, 26), {"users": "2026-11-20T10:00:00.000Z"})
    assert Cursor.of(cursor.text()) == cursor
    for broken in (None, "", "[]", "{}", "7", '{"format":1,"settings":"a","full":"x","marks":{}}'):
        assert Cursor.of(broken) is None
