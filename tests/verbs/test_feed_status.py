"""``feed status``, ``feed send`` and the alarms by age: what a person must know of how feeds stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from providers.oneroster import FEED
from rosterkit.config import loads
from rosterkit.errors import NotDelivered, Refused, UsageError
from rosterkit.feeds.alarms import ALARM_RULES, Standing, alarms
from rosterkit.feeds.delivery import FOLLOWS, STATES, DeliverySettings
from rosterkit.render import feeds
from rosterkit.results import FeedStatus
from rosterkit.transport.credentials import Credential

DAY = date(2026, 9, 15)
NOW = datetime(2026, 9, 15, 12, tzinfo=UTC)


def send(scenario: Any) -> None:
    if scenario.ws.feed_send(as_of=DAY).state == "waiting":
        scenario.ws.feed_approve(reason="compared with the office", actor="kim")


def status(scenario: Any) -> FeedStatus:
    (one,) = scenario.ws.feed_status()
    found: FeedStatus = one
    return found


def rules(scenario: Any) -> dict[str, str]:
    return dict(scenario.ws.feed_alarms().select("rule", "severity").rows())


def later(monkeypatch: pytest.MonkeyPatch, **by: int) -> None:
    at = datetime.now(UTC) + timedelta(**by)
    for module in ("rosterkit.store.plans", "rosterkit.store.deliveries"):
        monkeypatch.setattr(f"{module}.now", lambda: at)


def test_a_feed_of_which_nothing_was_sent(scenario: Any) -> None:
    assert rules(scenario) == {"delivery.none": "warning"}
    assert (status(scenario).state, status(scenario).last_at, status(scenario).waits) == ("", None, "")


def test_a_file_that_waits_is_an_error_after_a_day(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario.ws.feed_send(as_of=DAY)
    assert status(scenario).waits == "a person: it is the first file of this feed"
    assert rules(scenario)["delivery.waiting"] == "warning"
    later(monkeypatch, hours=25)
    assert rules(scenario)["delivery.waiting"] == "error"
    scenario.ws.feed_build(as_of=DAY)  # a newer file takes its place, and the age goes on
    assert rules(scenario)["delivery.waiting"] == "error"


def printed(one: FeedStatus) -> str:
    console = Console(width=250)
    with console.capture() as captured:
        feeds.status(console, [one], {}, UTC)
    return captured.get()


@pytest.mark.parametrize(
    ("hours", "text"), [(0.2, " 0 hours ago "), (1, " 1 hour ago "), (2, " 2 hours ago "), (80, " 3 days ago ")]
)
def test_an_age_is_told_in_words(hours: float, text: str) -> None:
    assert text in printed(FeedStatus("careers", "oneroster", state="verified", last_at=NOW, age_hours=hours))


def test_credentials_are_shown_with_their_age() -> None:
    today = datetime.now(UTC).date()
    for days, text in ((1, "1 day ago"), (0, "today"), (-1, "today")):  # east of here it is tomorrow already
        issued = today - timedelta(days=days)
        key = Credential("password", "file:secrets/app", issued, None)
        assert f"{issued}, {text}" in printed(FeedStatus("app", "oneroster", credentials=(key,)))


def test_what_waits_for_a_person_is_not_built_anew(scenario: Any) -> None:
    first = scenario.ws.feed_send(as_of=DAY).delivery
    assert scenario.ws.feed_send(as_of=DAY).delivery == first
    assert len(scenario.ws.feed_log()) == 1


def test_a_feed_is_stale_when_the_setting_says_so(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario.settings("[feeds.oneroster]", "[feeds.oneroster]\nstale_hours = 48")
    send(scenario)
    assert rules(scenario) == {}
    assert status(scenario).last_at == status(scenario).verified_at
    later(monkeypatch, hours=49)
    assert rules(scenario) == {"delivery.stale": "error"}
    assert scenario.ws.feed_send(as_of=DAY).state == "unchanged"  # it was looked at: the vendor has the newest
    assert rules(scenario) == {}


def test_a_failed_file_is_an_alarm_and_is_sent_again(
    scenario: Any, monkeypatch: pytest.MonkeyPatch, delivered: Any
) -> None:
    from rosterkit.transport.place import Place

    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    deliver = Place.deliver

    def lost(*_: Any, **__: Any) -> None:
        raise NotDelivered("The connection was lost.", why="unreachable")

    monkeypatch.setattr(Place, "deliver", lost)
    with pytest.raises(NotDelivered):
        send(scenario)
    assert rules(scenario) == {"delivery.failed": "error"}
    assert status(scenario).why == "The connection was lost."
    monkeypatch.setattr(Place, "deliver", deliver)
    assert scenario.ws.feed_send(as_of=DAY).state == "verified"
    assert [one.state for one in scenario.ws.feed_log()] == ["verified", "verified"]
    assert scenario.ws.feed_log()[0].runs == 2
    assert rules(scenario) == {}


def test_a_paused_feed_is_stated(scenario: Any) -> None:
    send(scenario)
    scenario.ws.feed_pause(reason="the vendor migrates", actor="kim")
    assert rules(scenario) == {"delivery.paused": "info"}
    with pytest.raises(Refused, match="paused"):
        scenario.ws.feed_send(as_of=DAY)


def test_the_cadence_of_a_vendor_is_kept(scenario: Any, monkeypatch: pytest.MonkeyPatch, delivered: Any) -> None:
    """Vendor-feeds 3.4: not more than once in 24 hours."""
    monkeypatch.setattr(type(FEED), "vendor", replace(FEED.vendor, min_hours_between=24))
    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    receipt = scenario.ws.feed_send(as_of=DAY)
    assert (receipt.state, receipt.why) == (
        "checked",
        "Any product that reads OneRoster CSV takes a file at most once in 24 hours",
    )
    assert status(scenario).next_at is not None
    assert status(scenario).waits == receipt.why
    assert scenario.ws.feed_send(as_of=DAY).delivery == scenario.ws.feed_log()[0]  # the same one goes on waiting
    later(monkeypatch, hours=25)
    assert scenario.ws.feed_send(as_of=DAY).state == "verified"
    assert [one.state for one in scenario.ws.feed_log()] == ["verified", "verified"]


def test_an_approved_file_waits_for_the_cadence_too(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(FEED), "vendor", replace(FEED.vendor, min_hours_between=24))
    send(scenario)
    scenario.settings('# version = "1.2"', 'version = "1.1"')
    scenario.ws.feed_send(as_of=DAY)
    done = scenario.ws.feed_approve(reason="compared", actor="kim")
    assert (done.state, done.actor) == ("checked", "kim")
    later(monkeypatch, hours=25)
    assert scenario.ws.feed_send(as_of=DAY).state == "verified"
    assert scenario.ws.feed_log()[0].actor == "kim"


def test_files_that_are_built_and_left_are_sent_by_the_next_send(scenario: Any, delivered: Any) -> None:
    send(scenario)
    scenario.sync(delivered(values={"stu-01": {"email": "new@birch.example"}}))
    built = scenario.ws.feed_build(as_of=DAY, send=False)
    assert (built.state, status(scenario).waits) == ("checked", "it is built and not sent")
    sent = scenario.ws.feed_send(as_of=DAY)
    assert (sent.state, sent.delivery.id) == ("verified", built.delivery.id)


def test_a_given_file_is_sent_once_it_passes_and_has_a_reason(scenario: Any, tmp_path: Path) -> None:
    send(scenario)
    file = tmp_path / "oneroster.zip"
    file.write_bytes((scenario.ws.folder / "outbox" / "oneroster" / "oneroster.zip").read_bytes())
    with pytest.raises(UsageError, match="reason"):
        scenario.ws.feed_send("oneroster", [file], as_of=DAY, actor="kim", reason=" ")
    done = scenario.ws.feed_send("oneroster", [file], as_of=DAY, actor="kim", reason="mended by hand")
    assert (done.state, done.delivery.origin, done.delivery.reason) == ("verified", "given", "mended by hand")
    file.write_bytes(b"PK")
    assert scenario.ws.feed_send("oneroster", [file], as_of=DAY, actor="kim", reason="again").state == "refused"


def test_a_given_file_waits_where_something_is_blocked(scenario: Any, tmp_path: Path) -> None:
    send(scenario)
    old = tmp_path / "oneroster.zip"
    old.write_bytes((scenario.ws.folder / "outbox" / "oneroster" / "oneroster.zip").read_bytes())
    scenario.ws.suppress("stu-01", reason="court order", actor="kim")
    assert rules(scenario)["safety.still-shown"] == "error"
    done = scenario.ws.feed_send("oneroster", [old], as_of=DAY, actor="kim", reason="the old one")
    assert (done.state, "nobody can tell" in done.why) == ("waiting", True)
    send(scenario)
    assert scenario.ws.feed_send(as_of=DAY, again=True).state == "verified"
    assert "safety.still-shown" not in rules(scenario)


@pytest.mark.parametrize("outcome", ["sent", "failed"])
def test_a_given_file_that_may_lie_over_a_clean_one_alarms(
    scenario: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """It arrived unseen, or its answer was lost: nobody can tell whether the vendor shows who is suppressed."""
    send(scenario)
    old = tmp_path / "oneroster.zip"
    old.write_bytes((scenario.ws.folder / "outbox" / "oneroster" / "oneroster.zip").read_bytes())
    scenario.ws.suppress("stu-01", reason="court order", actor="kim")
    send(scenario)
    assert "safety.still-shown" not in rules(scenario)
    scenario.ws.feed_send("oneroster", [old], as_of=DAY, actor="kim", reason="the old one")

    def lost(*_: object) -> str:
        raise NotDelivered("The answer was lost.", why="unreachable")

    monkeypatch.setattr("rosterkit.delivery.sending.after_sending", lambda _files: "sent")
    if outcome == "failed":
        monkeypatch.setattr("rosterkit.delivery.sending._lying", lost)
        with pytest.raises(NotDelivered):
            scenario.ws.feed_approve(reason="as agreed", actor="kim")
    else:
        scenario.ws.feed_approve(reason="as agreed", actor="kim")
    assert scenario.ws.feed_log()[0].state == outcome
    assert rules(scenario)["safety.still-shown"] == "error"


def test_a_blocked_person_alarms_until_a_file_without_them_was_verified(
    scenario: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN §5: until a file without it has been seen at the target; that it was sent is not enough."""
    send(scenario)
    scenario.ws.suppress("stu-01", reason="court order", actor="kim")
    monkeypatch.setattr("rosterkit.delivery.sending.after_sending", lambda _files: "sent")
    assert scenario.ws.feed_send(as_of=DAY).state == "sent"
    assert rules(scenario)["safety.still-shown"] == "error"
    scenario.ws.feed_confirm(reason="seen in its dashboard", actor="kim")
    assert "safety.still-shown" not in rules(scenario)


def test_a_wrong_transport_is_refused_with_the_rule_of_the_vendor() -> None:
    """U3, A10: the settings name a way that the vendor does not take."""
    place = 'host = "sftp.example"\nusername = "u"\npassword = "env:P"\n'
    for kind, rule, transport in (("uconnect", "U3", "sftp"), ("edlio", "A10", "ftps"), ("edlio", "A10", "s3")):
        text = f'[feeds.out]\nkind = "{kind}"\n[feeds.out.target]\ntransport = "{transport}"\n{place}'
        with pytest.raises(UsageError, match=rf"feeds.out.target.*{rule}: .* does not take files by {transport}"):
            loads(text)


def test_every_state_has_a_meaning_and_each_is_reached() -> None:
    assert STATES.keys() == FOLLOWS.keys()
    assert {"built"} | set().union(*FOLLOWS.values()) == STATES.keys()


def standing(**other: Any) -> Standing:
    return replace(Standing("careers", "verified", "", "", NOW, None, None, "", ()), **other)


def of(one: Standing) -> list[tuple[str, str]]:
    found = alarms(one, DeliverySettings(), NOW, NOW.date())
    return found.select("rule", "severity").rows()


@pytest.mark.parametrize(
    ("expires", "found"),
    [
        (None, []),
        (NOW.date() + timedelta(days=15), []),
        (NOW.date() + timedelta(days=14), [("credential.expires", "warning")]),
        (NOW.date(), [("credential.expired", "error")]),
    ],
)
def test_credentials_are_warned_of_before_they_expire(expires: date | None, found: list[tuple[str, str]]) -> None:
    assert of(standing(credentials=(Credential("key", "env:K", None, expires),))) == found


def test_an_interrupted_and_a_refused_file_are_alarms() -> None:
    assert of(standing(state="sending")) == [("delivery.interrupted", "error")]
    assert of(standing(state="refused", why="it would be ignored")) == [("delivery.refused", "error")]


def test_every_alarm_has_a_rule_and_the_gravest_comes_first() -> None:
    one = standing(paused="kim paused it", arrived_at=None, state="failed", credentials=())
    assert [severity for _, severity in of(one)] == ["error", "warning", "info"]
    assert {rule for rule, _ in of(one)} <= {rule.code for rule in ALARM_RULES}
