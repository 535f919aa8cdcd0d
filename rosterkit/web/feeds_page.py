"""Feeds: what was built and sent, and files that wait for a person with their counts beside the last file's."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from rosterkit.errors import UsageError
from rosterkit.operate.alarms import beside_waiting
from rosterkit.render.labels import gathered
from rosterkit.store.deliveries import Delivery
from rosterkit.web.guard import Visit

_SHOWN = 50
_LONGEST_ID = 18  # digits of an id in the database


def _name(visit: Visit) -> str:
    name = str(visit.request.path_params["feed"])
    if name not in visit.workspace.config.feeds:
        raise HTTPException(404)
    return name


def feeds(visit: Visit) -> Response:
    """Every feed and the newest deliveries."""
    log = visit.workspace.feed_log()
    newest = {one.feed: one for one in reversed(log)}
    entries = [
        {"name": name, "kind": entry.kind, "newest": newest.get(name)}
        for name, entry in visit.workspace.config.feeds.items()
    ]
    return visit.show("feeds.html.j2", title="Feeds", feeds=entries, log=log[:_SHOWN])


def feed(visit: Visit) -> Response:
    """One feed: what waits, and its log."""
    name = _name(visit)
    log = visit.workspace.feed_log(name)
    waiting = next((one for one in log if one.state == "waiting"), None)
    sent = next((one for one in log if one.arrived), None)
    (status,) = visit.workspace.feed_status(name)
    rules = {rule.code: rule for rule in visit.workspace.rules()}
    return visit.show(
        "feed.html.j2",
        title=f"Feed {name}",
        name=name,
        kind=visit.workspace.config.feeds[name].kind,
        status=status,
        alarms=gathered(beside_waiting(status.alarms), rules).to_dicts(),
        waiting=waiting,
        sent=sent,
        files=_beside(waiting, sent) if waiting else [],
        log=log[:_SHOWN],
        **_preflight(visit, name),
    )


def _beside(waiting: Delivery, sent: Delivery | None) -> list[dict[str, Any]]:
    """The files that wait, each with the rows of the file of that place that was sent last."""
    before = sent.files if sent else ()
    by_name = {file.name: file for file in before}
    out = []
    for number, file in enumerate(waiting.files):
        last = by_name.get(file.name) or (before[number] if number < len(before) else None)
        out.append({"file": file, "last": last})
    return out


def _preflight(visit: Visit, name: str) -> dict[str, Any]:
    """What the vendor would say of a file that is built now; only where it is asked for, because it takes a while."""
    if visit.asked("check") != "1":
        return {"check": None, "found": []}
    try:
        check = visit.workspace.feed_check(name)
    except UsageError as problem:
        raise HTTPException(400, str(problem)) from None
    rules = {rule.code: rule for rule in visit.workspace.rules()}
    return {"check": check, "found": gathered(check.findings, rules).to_dicts()}


def _decided(visit: Visit, verb: str, done: str) -> Response:
    name, reason, seen = _name(visit), visit.given("reason").strip(), visit.given("seen")
    if not reason:
        raise UsageError("A reason is needed: say why, for those who read the log.")
    if not seen.isdecimal() or len(seen) > _LONGEST_ID:
        raise UsageError("This form does not say which file you looked at. Open the page again.")
    act = visit.workspace.feed_approve if verb == "feed approve" else visit.workspace.feed_reject
    act(name, reason=reason[:2_000], actor=visit.visitor.actor, seen=int(seen))
    return visit.done(f"/feeds/{name}", done)


def approve_feed(visit: Visit) -> Response:
    """Approves the file that was shown, and sends it."""
    return _decided(visit, "feed approve", "The file is approved and sent.")


def reject_feed(visit: Visit) -> Response:
    """Rejects it: it never leaves."""
    return _decided(visit, "feed reject", "The file is rejected: it never leaves.")
