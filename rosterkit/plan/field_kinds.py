"""What kind of value each field is, for the limits: one table."""

from __future__ import annotations

import polars as pl

from rosterkit.plan.limits import Limits
from rosterkit.plan.records import KEY_FIELD
from rosterkit.roster.schema import entities

CLEARED = "cleared"
"""The kind of any field that becomes blank; it is counted beside the field's own kind."""

NEW_COLUMN = "new column"
"""The kind of attributes that gain a column; it is counted beside their own kind."""

_NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "User": {
        "names": (
            "given_name",
            "middle_name",
            "family_name",
            "preferred_given_name",
            "preferred_middle_name",
            "preferred_family_name",
        ),
        "email": ("email",),
        "identifiers": ("username", "identifier", "state_id", "user_ids", "user_master_identifier"),
        "phone": ("sms", "phone"),
        "grade": ("grades",),
        "school": ("primary_org",),
    },
    "UserProfile": {"identifiers": ("username", "vendor_id"), "links": ("user",)},
    "UserAttributes": {"links": ("user",)},
    "Role": {"identifiers": ("user", "org", "role")},
    "Enrollment": {"identifiers": ("class", "user", "role"), "school": ("school",)},
    "GuardianLink": {"links": ("guardian", "student")},
    "Demographics": {"identifiers": ("birth_date",), "links": ("user",)},
    "Class": {"links": ("course",), "school": ("school",)},
    "ClassTerm": {"links": ("class", "session")},
    "Course": {"school": ("org",)},
    "AcademicSession": {"links": ("parent",)},
    "Org": {"links": ("parent",)},
}
"""By entity and kind the fields (labels); every other field is of the kind "other"."""


def _kinds() -> pl.DataFrame:
    of = {(name, label): kind for name, kinds in _NAMES.items() for kind, labels in kinds.items() for label in labels}
    rows = [(e.name, c.label, of.get((e.name, c.label), "other")) for e in entities() for c in e.columns]
    rows += [(entity.name, KEY_FIELD, "identifiers") for entity in entities()]
    return pl.DataFrame(rows, schema=["entity", "field", "kind"], orient="row")


KINDS = _kinds()
"""entity, field (a label) and kind."""


def percents(limits: Limits) -> pl.DataFrame:
    """Kind and the percentage of a group above which its fields are held."""
    found = {
        "names": limits.max_changed_names_percent,
        "email": limits.max_changed_email_percent,
        "identifiers": limits.max_changed_identifiers_percent,
        "links": limits.max_changed_links_percent,
        CLEARED: limits.max_cleared_percent,
        NEW_COLUMN: limits.max_new_column_percent,
        "school": limits.max_changed_school_percent,
        "phone": limits.max_changed_phone_percent,
        "grade": limits.max_changed_grade_percent,
        "other": limits.max_changed_other_percent,
    }
    schema = {"kind": pl.String, "percent": pl.Float64}
    return pl.DataFrame(list(found.items()), schema=schema, orient="row")
