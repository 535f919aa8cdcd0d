"""What can go wrong between rosterkit and a vendor's API: the rules that every API source shares."""

from __future__ import annotations

from rosterkit.roster.rules import Rule

_NOT_READ = "nothing of this resource is archived because it is absent"


def _refused(code: str, meaning: str, remedy: str, example: str) -> Rule:
    return Rule(
        code,
        "refused",
        "refused",
        meaning,
        remedy,
        row="not read",
        record="keeps every stored value",
        table=_NOT_READ,
        example=example,
    )


HTTP_RULES: tuple[Rule, ...] = (
    _refused(
        "http.unreachable",
        "The server could not be reached, broke the connection off, or did not answer in time, however often it was "
        "asked.",
        "Check the address, the network and the proxy of this machine; then run again.",
        "the connection to api.vendor.example is refused",
    ),
    _refused(
        "http.unauthorised",
        "The server does not accept the credentials (401 or 403).",
        "Compare the token or the client id and secret with what the vendor's page shows, and ask whether the "
        "district has withdrawn its permission.",
        "the district removed the application in the vendor's portal",
    ),
    _refused(
        "http.missing",
        "The server does not have this address (404 or 410), or does not show it to this application.",
        "Check the address, the version and what the district shares with the application.",
        "the district does not share courses",
    ),
    _refused(
        "http.rejected",
        "The server rejects the request (another 4xx) or sends it to another address (3xx).",
        "Check the address and the settings of the source; if they are right, report it with the status.",
        "400 for a page size that the server does not allow",
    ),
    _refused(
        "http.rate-limited",
        "The server asked us to wait (429) more often or longer than the limits of this source allow.",
        "Run again later, and see that no other job uses the same credentials at the same time.",
        "two jobs share one token and both read the whole district",
    ),
    _refused(
        "http.server-error",
        "The server failed (5xx), however often it was asked.",
        "Run again later; if it goes on, report it to the vendor with the address and the time.",
        "503 during the vendor's maintenance",
    ),
    _refused(
        "http.not-json",
        "A successful answer is not the JSON that was expected: an HTML page, a truncated text, or another kind of "
        "value. It is never read as an empty list.",
        "Open the address in a browser on this machine: a proxy or a sign-in page may answer in the vendor's place.",
        "a proxy answers 200 with its own page",
    ),
    _refused(
        "http.too-large",
        "An answer is larger than the limit of this source.",
        "Set a smaller page_size.",
        "a page of 10,000 users with large extension fields",
    ),
    _refused(
        "http.endless",
        "A list does not end: it has more pages or more bytes than that of any district.",
        "Report it to the vendor. If so much is right, set a larger page_size.",
        "a server that gives a new page to every request",
    ),
)
"""Share them: a source that uses ``rosterkit.sources.http`` has them in its own ``rules``."""
