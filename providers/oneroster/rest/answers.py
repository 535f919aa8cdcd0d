"""What an answer of a OneRoster server holds: the records of a collection, or an error in one of the standard's shapes.

1.2 (and the OpenAPI of 1.1) puts ``imsx_codeMajor`` and its sisters at the root; the text of 1.1 puts them into
``statusInfoSet``, where a warning may stand beside the data. Neither shape is ever read as an empty list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.oneroster.rest.fields import Collection

_ERRORS = frozenset(
    {
        "deletefailure",
        "failure",
        "forbidden",
        "fullsuccess",
        "internal_server_error",
        "invalid_blank_selection_field",
        "invalid_filter_field",
        "invalid_selection_field",
        "invalid_sort_field",
        "invaliddata",
        "linkfailure",
        "server_busy",
        "targetreadfailure",
        "unauthorised",
        "unauthorisedrequest",
        "unauthorized",
        "unknownobject",
        "unsupported",
        "unsupportedoperation",
    }
)
"""Codes that a message may show; a server's own words may hold personal data, and are not shown."""


@dataclass(frozen=True)
class Found:
    """The records of one answer, or None and why there are none."""

    records: list[Any] | None
    code: str = ""  # the standard's code of an error or of a warning beside the data
    key: str = ""  # of the envelope, where it is not the collection's own


def records_in(body: Any, collection: Collection) -> Found:
    """The list of records in an answer's JSON, by the collection's key, or the only other list there is."""
    if isinstance(body, list):
        return Found(body, key="(none)")
    code, failed = _status(body)
    if failed:
        return Found(None, code or "failure")
    for name in collection.envelope:
        if isinstance(body.get(name), list):
            return Found(body[name], code)
    lists = [name for name, value in body.items() if isinstance(value, list) and name not in _STATUS]
    if len(lists) == 1:
        return Found(body[lists[0]], code, key=lists[0])
    return Found(None, code)


_STATUS = ("statusInfoSet", "imsx_CodeMinor", "imsx_codeMinor")


def error_code(body: Any) -> str:
    """The standard's code in the body of an error, or ""."""
    return _status(body)[0] if isinstance(body, dict) else ""


def _status(body: dict[str, Any]) -> tuple[str, bool]:
    """The code that the body states, and whether it says that the request failed."""
    listed = body.get("statusInfoSet")
    statuses = listed if isinstance(listed, list) else [listed if isinstance(listed, dict) else body]
    found = [status for status in statuses if isinstance(status, dict)]
    codes = [code for status in found for code in _codes(status)]
    failed = any(_is_failure(status) for status in found)
    shown = [code for code in codes if code in _ERRORS - {"fullsuccess"}]
    return (shown[0] if shown else ""), failed


def _is_failure(status: dict[str, Any]) -> bool:
    major = str(status.get("imsx_codeMajor", "")).lower()
    return major in ("failure", "unsupported") or str(status.get("imsx_severity", "")).lower() == "error"


def _codes(status: dict[str, Any]) -> list[str]:
    minor = status.get("imsx_CodeMinor", status.get("imsx_codeMinor"))
    if isinstance(minor, str):
        return [_code(minor)]
    fields = minor.get("imsx_codeMinorField") if isinstance(minor, dict) else None
    values = [field.get("imsx_codeMinorFieldValue") for field in fields or [] if isinstance(field, dict)]
    return [_code(value) for value in values if isinstance(value, str)]


def _code(text: str) -> str:
    """The text of 1.1 writes codes with spaces ("unknown object")."""
    known = text.strip().lower()
    return known if known in _ERRORS else known.replace(" ", "")
