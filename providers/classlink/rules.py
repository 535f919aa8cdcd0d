"""The rules of ClassLink beside those of OneRoster over REST."""

from __future__ import annotations

from rosterkit.roster.rules import Rule


def _refused(code: str, meaning: str, remedy: str) -> Rule:
    return Rule(code, "refused", "refused", meaning, remedy, row="nothing is read", table="nothing is read")


RULES = (
    _refused(
        "classlink.not-enabled",
        "ClassLink does not list the district for this partner key, or lists it as not enabled.",
        "Compare tenant_id with the Partner Portal, and ask the district to enable the application in Roster Server.",
    ),
    _refused(
        "classlink.several-applications",
        "The district shares with several applications of this partner.",
        "Set application to the name of the one that is meant.",
    ),
    _refused(
        "classlink.application",
        "What ClassLink lists for the district cannot be used: no bearer token, or no application id.",
        "Ask ClassLink to issue them; report the application's id, never its token.",
    ),
    _refused(
        "classlink.applications",
        "ClassLink's list of applications cannot be read.",
        "Check proxy_url and the partner key; then run again.",
    ),
    Rule(
        "classlink.tenant-status",
        "warning",
        "warning",
        "ClassLink lists the district with another status than Active.",
        "Ask the district or ClassLink what the status means for the daily import.",
    ),
    Rule(
        "classlink.perm-rev",
        "error",
        "error",
        "The district's data or permissions changed during each of three attempts to read them.",
        "Run again when no import runs at ClassLink.",
        row="what came is read",
        record="is updated; nothing is archived because it is absent, and deletes wait",
        table="partial",
    ),
    Rule(
        "classlink.started-again",
        "info",
        "info",
        "The district's data or permissions changed while they were read; all was read again from the start.",
        "Nothing to do; if it is often so, read at another time.",
    ),
    Rule(
        "classlink.unenrolled-users",
        "info",
        "info",
        "There are users, but neither an administrator nor a guardian among them.",
        "If they are wanted, ask the district to switch on Unenrolled Users for the application.",
    ),
    Rule(
        "classlink.stale",
        "warning",
        "warning",
        "No record has changed for a long time: the district's import may be paused, as in summer.",
        "Ask the district when its last import ran.",
    ),
)
