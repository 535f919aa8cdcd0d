"""A workspace that a command can be tested against without a store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rosterkit import config
from rosterkit.plan.plan import Counts
from rosterkit.purging import Purged
from rosterkit.results import (
    Applied,
    Approval,
    Disclosure,
    Explanation,
    FeedCheck,
    FeedReceipt,
    FeedStatus,
    Hold,
    Holding,
    IgnoredLine,
    Matched,
    MatchedPerson,
    Revision,
)
from rosterkit.roster.findings import empty
from rosterkit.settings_template import template
from rosterkit.testing.views import AT, make_delivery, make_plan, make_report, make_view
from rosterkit.transport.rights import Right


class FakeWorkspace:
    """Answers every verb with something made by hand and notes each call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {
            "check": make_report(),
            "plan": make_plan(),
            "undo": make_plan(undoes=4, kind="undo"),
            "show": make_view(),
            "plans": (make_plan(),),
            "approve": Approval("7f3a9c21", "approve", "kim", "checked", AT),
            "approve_held": Approval("7f3a9c21", "approve-held", "kim", "checked", AT, freed=4),
            "reject": Approval("7f3a9c21", "reject", "kim", "cut short", AT),
            "apply": Applied("7f3a9c21", 4, True, {"User": Counts(create=1)}, {}, 0.5),
            "hold": Hold("User", "stu-1", "", "", "person", "moving", "kim", AT),
            "release": (Hold("User", "stu-1", "", "", "person", "moving", "kim", AT),),
            "match": Matched(MatchedPerson("new-5"), MatchedPerson("stu-5")),
            "holds": (Hold("User", "stu-1", "", "", "person", "moving", "kim", AT),),
            "history": (Revision(4, "sync", "7f3a9c21", "kim", AT, {"User": Counts(create=1)}, make_view().lines),),
            "explain": Explanation("User", "stu-1", "active", (), (), "", empty()),
            "ignore_line": None,
            "ignored_lines": (IgnoredLine("main", "9c1d4be0a2f36d57", "kim", "a footer", AT),),
            "decisions": (Approval("7f3a9c21", "approve", "kim", "checked", AT),),
            "feed_check": FeedCheck("oneroster", "oneroster", "accepted", empty(), {"users.csv": 3}, {}),
            "feed_approve": make_delivery(state="sent", actor="kim"),
            "feed_reject": make_delivery(state="rejected", actor="kim"),
            "plan_stamp": "approved",
            "feed_pause": None,
            "feed_resume": None,
            "feed_log": (make_delivery(),),
            "feed_status": (FeedStatus("careers", "oneroster", state="verified", last_at=AT, age_hours=2.0),),
            "target_test": ("sftp://vendor.example", (Right("write", allowed=True),)),
            "vendors_hold": (Holding("careers", "Careers", "outbox/careers", 4, AT, 72, "absent", "Send it again."),),
            "disclosed": (Disclosure(3, "o", "V", "out", AT, True, "users.csv", "sent", (4,), ("email",)),),
            "purge": Purged(True, 2, {"User": 2}, 1, {"in a block that is in force": 1}),
            "feed_confirm": make_delivery(state="verified", actor="kim"),
            "feed_send": FeedReceipt("oneroster", "oneroster", "out", 4, (("o.zip", 9, 90, "ab"),), empty(), AT),
            "feed_build": FeedReceipt("oneroster", "oneroster", "out", 4, (("o.zip", 9, 90, "ab"),), empty(), AT),
        }
        self.config = config.loads(template())
        self.folder: Path | None = None
        self.made: Path | None = None

    def __getattr__(self, verb: str) -> Any:
        def answer(*arguments: Any, **named: Any) -> Any:
            self.calls.append((verb, arguments, named))
            found = self.answers[verb]
            if isinstance(found, BaseException):
                raise found
            return found

        return answer

    def audit(self, *_: Any, **__: Any) -> None:
        """What is seen and done is written by the real one."""

    def last(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        return self.calls[-1]

    def plan_says(self, **values: Any) -> None:
        quiet: dict[str, Any] = {"held": {}, "findings": {}, "coverage": ()}
        self.answers["plan"] = replace(make_plan(), **{**quiet, **values})
