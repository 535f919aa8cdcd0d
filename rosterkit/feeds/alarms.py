"""What is wrong with how a feed stands: alarms by age, as findings. ``file`` is the feed's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from rosterkit.feeds.delivery import DeliverySettings
from rosterkit.roster import findings
from rosterkit.roster.rules import Rule
from rosterkit.transport.credentials import Credential


def _rule(code: str, severity: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(code, severity, severity, meaning, remedy, row="not touched", record="not touched", example=example)


ALARM_RULES: tuple[Rule, ...] = (
    _rule(
        "delivery.stale",
        "error",
        "No file of this feed arrived for longer than its vendor's clock, or the setting stale_hours, allows.",
        "See rosterkit feed log for what became of the last ones, and run rosterkit feed send.",
        "the vendor reads daily, and the last file arrived 53 hours ago; 48 are allowed",
    ),
    _rule(
        "delivery.none",
        "warning",
        "The feed is configured, and no file of it ever arrived.",
        "Run rosterkit feed build, look at the first file, and approve it.",
    ),
    _rule(
        "delivery.failed",
        "error",
        "The newest file of this feed did not arrive. What lay at the target before is still there.",
        "Mend what the message names, and run rosterkit feed send. rosterkit target test shows what the key may do.",
    ),
    _rule(
        "delivery.interrupted",
        "error",
        "A run ended while it sent this file, so nobody knows yet whether it arrived.",
        "Run rosterkit feed send: it looks at the target first, and sends nothing twice.",
    ),
    _rule(
        "delivery.waiting",
        "warning",
        "A file waits for a person. After waiting_hours this is an error.",
        "Look at it, and run rosterkit feed approve or rosterkit feed reject.",
    ),
    _rule(
        "delivery.refused",
        "error",
        "The vendor would ignore or reject the newest file, so it was not sent.",
        "See the findings of rosterkit feed check, and mend the roster, the mapping or the settings.",
    ),
    _rule(
        "delivery.paused",
        "info",
        "Somebody paused the feed: nothing of it is built or sent.",
        "To go on: rosterkit feed resume.",
    ),
    _rule(
        "credential.expires",
        "warning",
        "A credential of the target expires soon.",
        "Ask the vendor for a new one, store it where the setting refers to, and set credentials_issued.",
    ),
    _rule(
        "credential.expired",
        "error",
        "A credential of the target has expired.",
        "Ask the vendor for a new one, store it where the setting refers to, and set credentials_issued.",
    ),
)


@dataclass(frozen=True)
class Standing:
    """What alarms are made of."""

    feed: str
    state: str  # of the newest delivery; "" where there is none
    why: str
    error: str
    arrived_at: datetime | None  # when a file last arrived, or was found to be unchanged
    waits_since: datetime | None
    allowed_hours: float | None  # without a file that arrived; None: no limit
    paused: str
    credentials: Sequence[Credential]


def alarms(one: Standing, settings: DeliverySettings, now: datetime, today: date) -> pl.DataFrame:
    """The alarms of a feed, the gravest first: FINDINGS."""
    severity = {rule.code: rule.lenient for rule in ALARM_RULES}
    found = [*_of_deliveries(one, settings, now), *_of_credentials(one, settings, today)]
    frames = [
        findings.finding(rule, grave or severity[rule], file=one.feed, detail=detail) for rule, grave, detail in found
    ]
    ranks = {"error": 0, "warning": 1, "info": 2}
    return findings.concat(sorted(frames, key=lambda frame: ranks[frame["severity"][0]]))


_Alarm = tuple[str, str, str]  # rule, severity where it is another than the rule's, detail


def _of_deliveries(one: Standing, settings: DeliverySettings, now: datetime) -> Iterator[_Alarm]:
    if one.paused:
        yield "delivery.paused", "", one.paused
    if one.arrived_at is None:
        yield "delivery.none", "", ""
    elif one.allowed_hours is not None and now - one.arrived_at > timedelta(hours=one.allowed_hours):
        hours = (now - one.arrived_at).total_seconds() / 3600
        yield "delivery.stale", "", f"{_many(hours, 'hour')}; {one.allowed_hours:g} are allowed"
    if one.state == "failed":
        yield "delivery.failed", "", one.error
    if one.state == "sending":
        yield "delivery.interrupted", "", ""
    if one.state == "refused":
        yield "delivery.refused", "", one.why
    if one.waits_since is not None:
        hours = (now - one.waits_since).total_seconds() / 3600
        yield (
            "delivery.waiting",
            "error" if hours > settings.waiting_hours else "",
            f"for {_many(hours, 'hour')}: {one.why}",
        )


def _of_credentials(one: Standing, settings: DeliverySettings, today: date) -> Iterator[_Alarm]:
    for credential in one.credentials:
        if credential.expires is None:
            continue
        left = (credential.expires - today).days
        if left <= 0:
            yield "credential.expired", "", f"{credential.setting}: since {credential.expires}"
        elif left <= settings.credential_warning_days:
            yield "credential.expires", "", f"{credential.setting}: on {credential.expires}, in {_many(left, 'day')}"


def _many(number: float, one: str) -> str:
    return f"{number:.0f} {one}{'' if round(number) == 1 else 's'}"
