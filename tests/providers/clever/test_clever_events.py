"""Events: only what changed is read, and everything in full wherever events do not suffice."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from clever_reading import Read
from extracts import contact, counts, coverages, found, row, table

from providers.clever.fake import FakeClever, Fault
from rosterkit.sources.base import Extract


@pytest.fixture
def first(clever: FakeClever, read: Read) -> Extract:
    """A full pull, after which there is an event to go on from."""
    clever.update("schools", clever.data.records["schools"][0])
    extract = read()
    assert extract.cursor
    return extract


def user_of(clever: FakeClever, role: str) -> dict[str, Any]:
    return copy.deepcopy(next(u for u in clever.data.records["users"] if role in u["roles"]))


def again(read: Read, before: Extract, **settings: Any) -> Extract:
    return read(context={"cursor": before.cursor}, **settings)


def test_without_a_change_nothing_comes(clever: FakeClever, read: Read, first: Extract) -> None:
    clever.requests.clear()
    extract = again(read, first)
    assert coverages(extract)["User"] == coverages(extract)["Enrollment"] == "delta"
    assert counts(extract)["User"] == counts(extract)["User contact"] == counts(extract)["Enrollment"] == 0
    assert coverages(extract)["AcademicSession"] == coverages(extract)["Org"] == "full"
    assert extract.cursor == first.cursor
    assert not any("users" in request for request in clever.requests)


def test_a_changed_user_comes_alone_and_whole(clever: FakeClever, read: Read, first: Extract) -> None:
    student = user_of(clever, "student")
    student["name"]["first"] = "Renamed"
    clever.update("users", student)
    extract = again(read, first)
    assert counts(extract)["User"] == 1
    assert row(extract, "User", student["id"])["given_name"] == "Renamed"
    assert row(extract, "User", student["id"])["_deleted"] is False
    assert counts(extract)["Role"] == 2
    assert table(extract, "Role").parents[0]["user"].to_list() == [student["id"]]
    assert extract.cursor != first.cursor


def test_a_deleted_user_is_a_delete(clever: FakeClever, read: Read, first: Extract) -> None:
    student = user_of(clever, "student")
    clever.delete("users", student["id"])
    assert row(again(read, first), "User", student["id"])["_deleted"] is True


def test_the_last_event_of_a_record_counts(clever: FakeClever, read: Read, first: Extract) -> None:
    student = user_of(clever, "student")
    clever.delete("users", student["id"])
    clever.create("users", student | {"email": "back@juniper-valley.example"})
    extract = again(read, first)
    assert counts(extract)["User"] == 1
    assert row(extract, "User", student["id"])["email"] == "back@juniper-valley.example"


def test_enrollments_change_with_their_section(clever: FakeClever, read: Read, first: Extract) -> None:
    section = copy.deepcopy(clever.data.records["sections"][1])
    section["students"] = section["students"][1:]
    clever.update("sections", section)
    extract = again(read, first)
    assert counts(extract)["Class"] == 1
    assert counts(extract)["Enrollment"] == len(section["students"]) + len(section["teachers"])
    assert table(extract, "Enrollment").parents[0]["class"].to_list() == [section["id"]]


def test_a_contact_that_changed_has_all_contacts_read(clever: FakeClever, read: Read, first: Extract) -> None:
    """Known issue 7: who a contact without an id is cannot be seen from that contact alone."""
    changed = user_of(clever, "contact")
    changed["email"] = "new@post.example"
    clever.update("users", changed)
    extract = again(read, first)
    assert coverages(extract)["User contact"] == coverages(extract)["GuardianLink"] == "full"
    assert coverages(extract)["User"] == "delta"
    assert counts(extract)["User contact"] == clever.data.counts["User contact"]
    assert counts(extract)["User"] == 0


def test_a_contact_with_a_new_clever_id_is_the_same_person(clever: FakeClever, read: Read, first: Extract) -> None:
    """Known issue 7: without an id of the SIS every edit is a delete and a create."""
    old = next(
        u for u in clever.data.records["users"] if "contact" in u["roles"] and "sis_id" not in u["roles"]["contact"]
    )
    new = copy.deepcopy(old) | {"id": clever.new_id(), "email": "new@post.example"}
    new["roles"]["contact"]["phone"] = "555 987 6543"
    clever.delete("users", old["id"])
    clever.create("users", new)
    extract = again(read, first)
    before = table(first, "User", "contact").rows.select("sourced_id").collect().to_series()
    after = table(extract, "User", "contact").rows.select("sourced_id").collect().to_series()
    assert set(before) == set(after)
    emails = table(extract, "User", "contact").rows.select("email").collect().to_series()
    assert "new@post.example" in emails.to_list()


def test_a_deleted_record_without_roles_may_be_anybody(clever: FakeClever, read: Read, first: Extract) -> None:
    bare = user_of(clever, "contact")
    clever.update("users", {"id": bare["id"], "roles": {}})
    clever.delete("users", bare["id"])
    extract = again(read, first)
    assert coverages(extract)["User contact"] == "full"


def read_whole(extract: Extract) -> bool:
    return coverages(extract)["User"] == "full"


def test_a_cursor_older_than_clever_keeps_events_reads_all(read: Read, first: Extract) -> None:
    later = datetime.now(tz=UTC).date() + timedelta(days=30)
    extract = read(context={"cursor": first.cursor, "as_of": later})
    assert read_whole(extract)
    assert found(extract)["clever.read-in-full"] == 1


def test_an_event_that_clever_no_longer_knows_reads_all(clever: FakeClever, read: Read, first: Extract) -> None:
    clever.forget_events()
    clever.update("users", user_of(clever, "student"))
    assert read_whole(again(read, first))


def test_too_many_events_read_all(clever: FakeClever, read: Read, first: Extract) -> None:
    for _ in range(3):
        clever.update("users", user_of(clever, "student"))
    assert read_whole(again(read, first, events_limit=2))
    assert not read_whole(again(read, first, events_limit=3))


@pytest.mark.parametrize("fault", ["html", "drop", "repeat", "truncate"])
def test_events_that_cannot_all_be_read_read_all(clever: FakeClever, read: Read, first: Extract, fault: str) -> None:
    for _ in range(3):
        clever.update("users", user_of(clever, "student"))
    clever.faults.append(Fault("events", fault, 40))
    extract = again(read, first)
    assert read_whole(extract)
    if fault != "repeat":  # then the newest event is not known either, and the next run reads all again
        assert extract.cursor is None


def test_an_event_without_a_record_reads_all(clever: FakeClever, read: Read, first: Extract) -> None:
    clever.update("users", user_of(clever, "student"))
    clever._events[-1]["data"] = {}
    assert read_whole(again(read, first))


def test_events_in_another_order_read_all(clever: FakeClever, read: Read, first: Extract) -> None:
    """A student who was deleted and came back would be deleted."""
    student = user_of(clever, "student")
    clever.delete("users", student["id"])
    clever.create("users", student)
    clever.update("users", user_of(clever, "teacher"))
    clever._events[-3:-1] = reversed(clever._events[-3:-1])
    extract = again(read, first)
    assert found(extract)["clever.read-in-full"] == 1
    assert not table(extract, "User").changes


@pytest.mark.parametrize(
    "settings",
    [
        {"last_day": "exclusive"},
        {"attributes": []},
        {"scope": {"contact_types": {"Family": "ignore"}}},
        {"version": "v3.0"},
    ],
)
def test_other_settings_read_all(read: Read, first: Extract, settings: dict[str, Any]) -> None:
    """A wider scope reads an API's data in full again."""
    assert read_whole(again(read, first, **settings))


def test_demographics_that_are_asked_for_anew_read_all(read: Read, first: Extract) -> None:
    assert read_whole(read(context={"cursor": first.cursor, "demographics": True}))


def test_full_reads_all(read: Read, first: Extract) -> None:
    assert read_whole(read(context={"cursor": first.cursor, "full": True}))


@pytest.mark.parametrize("cursor", ["", "rubbish", "zz", "../../users", "0" * 24])
def test_a_cursor_that_is_none_reads_all(read: Read, cursor: str) -> None:
    assert read_whole(read(context={"cursor": cursor}))


def test_without_events_there_is_no_cursor(clever: FakeClever, read: Read, first: Extract) -> None:
    clever.events_on = False
    extract = again(read, first)
    assert read_whole(extract)
    assert extract.cursor is None
    assert set(coverages(extract).values()) == {"full"}


def test_events_may_be_switched_off(clever: FakeClever, read: Read, first: Extract) -> None:
    clever.requests.clear()
    assert read_whole(again(read, first, events=False))
    assert not any("events" in request for request in clever.requests)


def test_the_cursor_of_a_full_pull_is_taken_before_it(clever: FakeClever, read: Read, first: Extract) -> None:
    """What changes while the pull goes on comes again with the next run's events."""

    def change(what: str, done: int, _total: int) -> None:
        if what == "users" and done == 50:
            clever.update("users", user_of(clever, "student") | {"email": "meanwhile@juniper-valley.example"})

    whole = read(context={"progress": change, "full": True}, page_size=50)
    assert whole.cursor == first.cursor
    assert counts(again(read, whole))["User"] == 1


def test_a_user_who_becomes_a_contact_is_read(clever: FakeClever, read: Read, first: Extract) -> None:
    pupil = user_of(clever, "student")["id"]
    clever.create("users", contact(clever.new_id(), "Ada Nwosu", (pupil, "Parent", "Primary")))
    extract = again(read, first)
    names = table(extract, "User", "contact").rows.select(pl.col("family_name")).collect().to_series()
    assert "Nwosu" in names.to_list()
