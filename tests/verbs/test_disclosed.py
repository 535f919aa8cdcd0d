"""``disclosed``: what left about a person, when, to whom, in which fields; and what vendors hold after an undo."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import pytest
from rich.console import Console

from rosterkit.errors import NotDelivered, UsageError
from rosterkit.render import feeds

DAY = date(2026, 9, 15)


def send(scenario: Any) -> None:
    receipt = scenario.ws.feed_build(as_of=DAY)
    if receipt.state == "waiting":
        scenario.ws.feed_approve(reason="compared with the office", actor="kim")


def by_file(scenario: Any, person: str) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    return {one.file: (one.state, len(one.rows), one.fields) for one in scenario.ws.disclosed(person)}


def test_nothing_left_before_a_file_was_sent(scenario: Any) -> None:
    scenario.ws.feed_build(as_of=DAY)
    assert scenario.ws.disclosed("stu-01") == ()


def test_rows_and_fields_of_a_person_are_told(scenario: Any) -> None:
    send(scenario)
    (one, *others) = scenario.ws.disclosed("stu-01")
    assert (one.feed, one.file, one.state, one.arrived) == ("oneroster", "oneroster.zip/users.csv", "sent", True)
    assert one.target == str(scenario.ws.folder / "outbox" / "oneroster")
    assert {"sourcedId", "givenName", "familyName", "email", "username"} <= set(one.fields)
    assert {"phone", "sms"} & set(one.fields) == set()
    assert [(other.file, other.state, len(other.rows)) for other in others] == [("oneroster.zip/roles.csv", "named", 1)]
    assert "userSourcedId" in others[0].fields


def test_only_what_the_person_had_is_told(scenario: Any, delivered: Any) -> None:
    scenario.sync(delivered(values={"stu-02": {"email": None, "phone": "+15095550142"}}))
    send(scenario)
    fields = by_file(scenario, "main/stu-02")["oneroster.zip/users.csv"][2]
    assert "phone" in fields
    assert "email" not in fields


def test_each_file_that_left_is_told_and_a_file_that_waits_is_not(scenario: Any, delivered: Any) -> None:
    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    send(scenario)
    scenario.settings('# version = "1.2"', 'version = "1.1"')
    assert scenario.ws.feed_build(as_of=DAY).state == "waiting"
    assert len({one.delivery for one in scenario.ws.disclosed("stu-01")}) == 2


def test_somebody_who_never_was_there_is_a_sentence(scenario: Any) -> None:
    with pytest.raises(UsageError, match="There is no User stu-99"):
        scenario.ws.disclosed("stu-99")


def test_old_bytes_are_removed_and_what_left_is_still_known(scenario: Any, delivered: Any, monkeypatch: Any) -> None:
    from datetime import timedelta

    from rosterkit.store import plans

    send(scenario)
    first = scenario.ws.feed_log()[0].id
    now = plans.now()
    monkeypatch.setattr(plans, "now", lambda: now + timedelta(days=401))
    monkeypatch.setattr("rosterkit.store.deliveries.now", plans.now)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    send(scenario)
    found = {(one.delivery == first, one.file) for one in scenario.ws.disclosed("stu-01")}
    assert (True, "oneroster.zip/users.csv") in found
    assert (True, "oneroster.zip/roles.csv") not in found  # its bytes are gone
    assert (False, "oneroster.zip/roles.csv") in found


def test_undo_says_what_vendors_hold(scenario: Any, delivered: Any) -> None:
    assert scenario.ws.vendors_hold() == ()
    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    assert scenario.ws.vendors_hold() == ()  # the newest revision has not left
    (held,) = scenario.ws.vendors_hold(1)
    assert (held.feed, held.revision, held.rows) == ("oneroster", 1, scenario.ws.feed_log()[0].files[0].rows)
    send(scenario)
    (held,) = scenario.ws.vendors_hold()
    assert held.revision == 2
    assert held.recall


def test_a_file_that_was_the_same_for_a_later_revision_is_held_of_that_one(scenario: Any, delivered: Any) -> None:
    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    scenario.sync(delivered())
    assert scenario.ws.feed_send(as_of=DAY).state == "unchanged"
    (held,) = scenario.ws.vendors_hold()
    assert held.revision == 3


def test_a_file_that_may_have_arrived_is_told_too(
    scenario: Any, delivered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise NotDelivered("The connection was lost.", why="unreachable")

    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    monkeypatch.setattr("rosterkit.transport.place.Place.deliver", lost)
    with pytest.raises(NotDelivered):
        scenario.ws.feed_send(as_of=DAY)
    (held,) = scenario.ws.vendors_hold()
    assert (held.revision, held.sent_at) == (2, None)
    console = Console(width=200)
    with console.capture() as captured:
        feeds.holdings(console, [held], UTC, "rosterkit")
    assert "nobody knows whether" in captured.get()
