"""E-mail addresses and phone numbers as a source delivers them: what is one, and what is unusual.

Values stay as they are written. A value that is none is a finding, and so is not stored.
"""

from __future__ import annotations

import polars as pl

from rosterkit.roster.rules import Rule
from rosterkit.sources.findings import Findings
from rosterkit.sources.textfile import LINE

# What these patterns let pass needs no slower look: nearly all values of a real file.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_PLAIN_EMAIL = rf"^[A-Za-z0-9_+-]+(?:[.'][A-Za-z0-9_+-]+)*@{_LABEL}(?:\.{_LABEL})*\.[A-Za-z]{{2,24}}$"
_LESS_PLAIN_EMAIL = r"(?i)--|^.{65}|\.(?:arpa|invalid|local|localhost|onion|test)$"
_NORTH_AMERICAN = r"^(?:\+?1[ .-]?)?(?:\([2-9][0-8]\d\) ?|[2-9][0-8]\d[ .-]?)[2-9]\d{2}[ .-]?\d{4}$"
_NANP = ("US", "CA")

CONTACT_RULES: tuple[Rule, ...] = (
    Rule(
        "contact.email-invalid",
        "error",
        "error",
        "The value is not an e-mail address.",
        "Correct it at the source.",
        row="read without this value",
        record="keeps its stored e-mail address",
        example="ana.mail.example",
    ),
    Rule(
        "contact.phone-invalid",
        "error",
        "error",
        "The value is not a phone number.",
        "Correct it at the source.",
        row="read without this value",
        record="keeps its stored number",
        example="call the office",
    ),
    Rule(
        "contact.phone-unusual",
        "info",
        "warning",
        "The phone number is not complete, or no number of that kind is in use.",
        "Add the area code, or the country code of a number abroad.",
        record="has the number as it is written",
        example="555-0101, without an area code",
    ),
)


def regions() -> frozenset[str]:
    """The countries whose numbers can be checked, as ISO 3166 codes."""
    import phonenumbers  # noqa: PLC0415 - 10 ms of every verb that names the rules of all sources

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


def check_emails(rows: pl.DataFrame, column: str, findings: Findings, *, file: str) -> pl.Series:
    """Whether each value is invalid (Boolean; False where it is blank); adds a finding for each that is.

    ``rows`` has the column and LINE. Syntax only: no name server is asked.
    """
    values = rows[column].unique().drop_nulls()
    odd = values.filter(~values.str.contains(_PLAIN_EMAIL) | values.str.contains(_LESS_PLAIN_EMAIL))
    wrong = [value for value in odd if not _is_email(value)]
    invalid = rows[column].is_in(wrong).fill_null(value=False)
    findings.add_rows("contact.email-invalid", rows.filter(invalid).select(LINE), file=file, column=column)
    return invalid


def check_phones(rows: pl.DataFrame, column: str, findings: Findings, *, file: str, region: str) -> pl.Series:
    """Whether each value is invalid (Boolean; False where it is blank); adds findings, also for unusual numbers.

    ``region``: the country (ISO 3166, such as ``US``) of numbers that do not begin with "+".
    """
    values = rows[column].unique().drop_nulls()
    if region in _NANP:
        values = values.filter(~values.str.contains(_NORTH_AMERICAN))
    kinds = {value: _phone(value, region) for value in values}
    for rule in ("contact.phone-invalid", "contact.phone-unusual"):
        named = [value for value, kind in kinds.items() if kind == rule]
        hit = rows[column].is_in(named).fill_null(value=False)
        findings.add_rows(rule, rows.filter(hit).select(LINE), file=file, column=column)
    wrong = [value for value, kind in kinds.items() if kind == "contact.phone-invalid"]
    return rows[column].is_in(wrong).fill_null(value=False)


def _is_email(value: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - as in regions

    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _phone(value: str, region: str) -> str:
    """The rule that the number breaks, or ""."""
    import phonenumbers  # noqa: PLC0415 - as in regions

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return "contact.phone-invalid"
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return "contact.phone-unusual"
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return "contact.phone-invalid"
    return "" if phonenumbers.is_valid_number(number) else "contact.phone-unusual"
