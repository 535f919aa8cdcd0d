"""A delivery: one build of a feed and what becomes of it. Its states, and when it may leave.

    built ──▶ checked ──▶ sending ──▶ sent | verified
                 │   ▲        │
                 │   └ failed ◀┘
                 ├──▶ waiting ──▶ checked | sending | rejected
                 ├──▶ unchanged
                 └──▶ refused

A delivery is recorded before anything leaves, and its state is written before and after each step. A run that ends in
``sending`` leaves it there: the next run looks at the target before it sends anything (``rosterkit.delivery.sending``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from rosterkit.errors import Refused
from rosterkit.feeds.base import FeedFile, VendorFacts
from rosterkit.feeds.receipt import Sent
from rosterkit.transport.base import Verified

STATES: Mapping[str, str] = {
    "built": "The files are made and recorded. Nothing has looked at them yet.",
    "checked": "The preflight accepts them. They may leave now, or when the vendor's cadence permits it.",
    "waiting": "A person must approve them first.",
    "sending": "They leave now; or a run ended while it sent them, and the next one looks at the target first.",
    "sent": "They arrived. The target lets nobody see whether they arrived whole.",
    "verified": "They arrived, and the target was seen to hold them, by their bytes, a checksum or their size.",
    "failed": "They did not arrive, or nobody can tell. What lay at the target before is still there.",
    "unchanged": "They are the same as the last files that arrived, so they were not sent again.",
    "refused": "The vendor would ignore or reject them: they never leave.",
    "rejected": "A person rejected them: they never leave.",
    "superseded": "Newer files took their place before they left.",
}
"""The states, and what each means."""

FOLLOWS: Mapping[str, frozenset[str]] = {
    "built": frozenset({"checked", "superseded"}),
    "checked": frozenset({"waiting", "sending", "unchanged", "refused", "superseded"}),
    "waiting": frozenset({"checked", "sending", "rejected", "superseded"}),  # checked: approved, and leaves later
    "sending": frozenset({"sent", "verified", "failed"}),
    "sent": frozenset({"verified"}),
    "failed": frozenset({"sending"}),
    "verified": frozenset(),
    "unchanged": frozenset(),
    "refused": frozenset(),
    "rejected": frozenset(),
    "superseded": frozenset(),
}
"""Which states may follow each."""

ARRIVED = ("sent", "verified")
UNSENT = ("built", "checked", "waiting")
"""States that a newer build supersedes."""


class DeliverySettings(BaseModel):
    """``[delivery]``: what is kept of what was sent, and when somebody is notified."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    keep_sent_days: int = Field(
        default=400,
        ge=1,
        le=36_500,
        description="For how many days the bytes of a file that was sent are kept, compressed. Receipts stay. The "
        "bytes of the newest file of a feed always stay: the next one is compared with them.",
    )
    waiting_hours: int = Field(
        default=24, ge=1, description="After so many hours a file that waits for a person is an error, not a warning."
    )
    credential_warning_days: int = Field(
        default=14, ge=1, description="So many days before credentials expire there is a warning."
    )


def worth_sending(feed: str, files: Sequence[FeedFile]) -> None:
    """Raises Refused where there is no file (``empty``), or one has a header and no rows (``header-only``)."""
    if not files:
        raise Refused(
            f"The feed {feed} has no row to send, and an empty delivery would look like an empty district. "
            f'Its findings say why: "rosterkit feed check {feed}". Mend settings or roster, and build it again.',
            why="empty",
        )
    for file in files:
        if not file.rows:
            raise Refused(
                f"{file.name} would hold a header and no rows, which never leaves. The findings say why: "
                f'"rosterkit feed check {feed}". Mend the settings or the roster, and build it again.',
                why="header-only",
            )


def after_sending(files: Iterable[Sent]) -> str:
    """The state of files that arrived: ``verified``, or ``sent`` where one of them could not be verified."""
    return "sent" if any(file.verified in ("", Verified.NONE) for file in files) else "verified"


def same_bytes(files: Iterable[Sent], last: Iterable[Sent]) -> bool:
    """Whether these are the files that were sent last, whatever their names: some carry a date."""
    return sorted(file.sha256 for file in files) == sorted(file.sha256 for file in last)


def may_leave_from(vendor: VendorFacts, last_sent_at: datetime | None, now: datetime) -> datetime | None:
    """From when on the vendor takes another file; None where it takes one now."""
    if last_sent_at is None or not vendor.min_hours_between:
        return None
    at = last_sent_at + timedelta(hours=vendor.min_hours_between)
    return at if at > now else None
