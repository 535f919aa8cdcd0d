"""The rules of OneRoster over REST: what each finding means and what to do."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

_PROTECTED = "kept as stored; absence does not count for it"


def _mended(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(code, "info", "info", meaning, remedy, record="as if the value were written well", example=example)


def _unread(code: str, meaning: str, remedy: str, example: str = "", severity: str = "warning") -> Rule:
    return Rule(code, severity, severity, meaning, remedy, record="keeps the stored value", example=example)


def _unused(code: str, meaning: str, remedy: str, example: str = "") -> Rule:
    return Rule(
        code,
        "error",
        "error",
        meaning,
        remedy,
        row="not read",
        record=_PROTECTED,
        dependants="protected with it",
        example=example,
    )


def _link(code: str, meaning: str, remedy: str, example: str = "", severity: str = "warning") -> Rule:
    return Rule(code, severity, severity, meaning, remedy, record="makes no link", example=example)


def _pull(code: str, meaning: str, remedy: str, example: str = "", severity: str = "error") -> Rule:
    return Rule(
        code,
        severity,
        severity,
        meaning,
        remedy,
        row="what came is read",
        record="is updated; nothing is archived because it is absent, and deletes wait",
        table="partial or absent",
        example=example,
    )


RECORD_RULES = (
    Rule(
        "rest.id-missing",
        "error",
        "error",
        "A record has no sourcedId, or one with a control character in it, or is no JSON object.",
        "Report it to the vendor with the collection and the position.",
        row="not read",
        record="unknown: which one it is cannot be seen",
        table="partial: nothing of the collection is archived because it is absent",
    ),
    Rule(
        "rest.repeated",
        "info",
        "info",
        "The same record came more than once with the same content.",
        "Nothing to do; if it comes back, ask the vendor why.",
        row="read once",
    ),
    _unused(
        "rest.conflict",
        "Records with the same sourcedId contradict each other.",
        "Ask the vendor which one is right; ids must be unique in the district.",
        "two users with the id 4410 and different names",
    ),
    _unused(
        "rest.required",
        "A record lacks a reference or a role without which it cannot be used.",
        "Ask the district to complete the record in the SIS, or to share what it names.",
        "a class without a school; an enrollment whose role is unknown",
    ),
    _mended(
        "rest.shape", "A value has another JSON shape than the standard gives it.", "Tell the vendor.", '"org": "7"'
    ),
    _unread("rest.shape-unread", "A value has a JSON shape that cannot be read.", "Tell the vendor.", '"email": {}'),
    _mended("rest.null-word", "A value is the word NULL; it is taken as blank.", "Ask the vendor to send null."),
    _mended(
        "rest.code-form", "A code is written in another form than the standard's.", "Tell the vendor.", "Scheduled"
    ),
    _unread("rest.code", "The standard knows no such code here.", "Ask the vendor what the code means.", "departments"),
    _mended("rest.boolean-form", "A truth value is not exactly true or false.", "Nothing to do.", "TRUE, 1"),
    _unread("rest.boolean", "A value is neither true nor false.", "Ask the vendor what it means.", "active"),
    _mended("rest.date-form", "A date is not written YYYY-MM-DD.", "Nothing to do.", "2026-09-01T00:00:00Z"),
    _unread("rest.date", "A value is no date, or day and month cannot be told apart.", "Tell the vendor.", "3/4/2026"),
    _mended("rest.year-form", "A school year is not the one year in which it ends.", "Nothing to do.", "2026-2027"),
    _unread("rest.year", "A school year is not a year of four digits.", "Tell the vendor.", "26"),
    _unread("rest.moment", "dateLastModified is no point in time.", "Tell the vendor.", severity="info"),
    _mended("rest.grade", "A grade is not among the CEDS codes; it is kept as it is.", "Agree on the code.", "Year 5"),
    _mended("rest.status", "A status is neither active nor tobedeleted.", "Nothing to do.", "inactive"),
    _mended("rest.reference-blank", "A list has a reference without an id, which is dropped.", "Tell the vendor."),
    _mended("rest.list-repeated", "A list names the same record twice; it counts once.", "Tell the vendor."),
    _unread(
        "rest.role",
        "A user has no role, or a role or an organisation in a list of roles that cannot be read.",
        "Ask the vendor what the role means; the user's other values are read.",
    ),
    _unread(
        "rest.user-without-org",
        "A user has no organisation, so that it is not known where the user has the role.",
        "Ask the district to assign a school in the SIS.",
    ),
    _mended(
        "rest.guardian-without-org",
        "A guardian has no organisation and is taken as one of the district.",
        "Nothing to do.",
    ),
    _mended("rest.profile-id", "A user profile has no profileId and is left out.", "Tell the vendor."),
    _link("rest.agent-missing", "A listed agent is not among the users that the server shows.", "Share the agents."),
    _link("rest.agent-self", "A user is listed as their own agent.", "Correct the SIS."),
    _link("rest.agent-students", "A student is listed as a student's agent.", "Correct the SIS."),
    _link("rest.agent-guardians", "A guardian is listed as a guardian's agent.", "Correct the SIS.", severity="info"),
    _link("rest.agent-role", "An agent, or who lists one, is neither student nor family.", "Correct the SIS."),
    _link("rest.agent-unclear", "Roles do not say who of two is the student.", "Correct the roles in the SIS."),
    Rule(
        "rest.no-agents",
        "info",
        "info",
        "No user lists an agent, so that no guardian is linked to a student.",
        "Ask the vendor to export agents; or read guardians from a file of their own.",
        table="links are absent: stored ones stay",
    ),
    Rule(
        "rest.field-unknown",
        "info",
        "info",
        "Records have a field that the standard does not have; it is not read.",
        "Nothing to do. Vendors put extensions into metadata, which is read.",
    ),
)

PULL_RULES = (
    _pull(
        "rest.count",
        "Another number of records came than the server announced.",
        "Run again when no import runs at the vendor; if it stays, report both numbers to the vendor.",
        "X-Total-Count is 812 and 811 records came",
    ),
    _pull(
        "rest.changed",
        "The data changed while it was read: the total changed, or a record came twice.",
        "Run again when no import runs at the vendor.",
    ),
    _pull(
        "rest.repeated-page",
        "The server sent the same page twice.",
        "Report it to the vendor. If the server sends everything at once, set page_size below the number of records.",
    ),
    _pull("rest.broken-off", "Reading a collection ended early, after a part of it had come.", "Run again later."),
    _pull(
        "rest.not-shared",
        "The server does not show this collection (403, 404 or an error in its place).",
        "Ask the district to share it, or leave it out of the setting collections.",
        severity="warning",
    ),
    _pull("rest.unread", "A collection could not be read at all.", "See the detail; then run again."),
    _pull(
        "rest.empty",
        "The server answers with an empty list. That does not say that all records are gone.",
        "If the collection should hold records, ask the district what it shares.",
        severity="warning",
    ),
    Rule(
        "rest.envelope",
        "info",
        "info",
        "The list of records stands under another key than the standard's, or under none.",
        "Nothing to do.",
    ),
    Rule(
        "rest.warning",
        "info",
        "info",
        "The server sent a warning beside the records.",
        "Look up the code in the standard.",
        example="invalid_sort_field",
    ),
    Rule(
        "rest.filter-refused",
        "info",
        "info",
        "The server does not accept the filter by dateLastModified; the collection was read in full.",
        "Set incremental = false.",
    ),
    Rule(
        "rest.sort-refused",
        "warning",
        "warning",
        "The server does not accept an order, so that pages may overlap while its data changes.",
        "Read when no import runs at the vendor.",
    ),
    Rule(
        "rest.link-elsewhere",
        "info",
        "info",
        "A link to the next page leads to another host; it is not followed, and pages are asked for by their number.",
        "Nothing to do. Credentials are sent to the configured host only.",
    ),
    Rule(
        "rest.incremental",
        "info",
        "info",
        "Only what changed was asked for. Records that were purged or are no longer shared are not seen this way.",
        "Nothing to do: everything is read every full_every_days days. Set incremental = false to read it every time.",
    ),
)

RULES = (*RECORD_RULES, *PULL_RULES)
