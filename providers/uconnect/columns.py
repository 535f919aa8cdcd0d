"""The columns of the uConnect file, where they come from by default, and what uConnect reads in a flag."""

from __future__ import annotations

from rosterkit.feeds.mapping import Value

ORDER = (
    "FIRST_NAME",
    "LAST_NAME",
    "EMAIL",
    "USER_ID",
    "USER_LOGIN",
    "GRADUATION",
    "USER_TYPE",
    "OPT_OUT",
    "DELETE",
    "PROGRAM",
)
"""The columns that uConnect knows, in the order in which they are written; community columns follow."""

REQUIRED = ("FIRST_NAME", "LAST_NAME", "EMAIL", "GRADUATION")
"""Headers that every file has; the identity adds USER_ID or USER_LOGIN."""

UNIQUE = ("EMAIL", "USER_ID", "USER_LOGIN")
"""No two rows have the same value in one of these."""

SINGLE = ("FIRST_NAME", "LAST_NAME", "EMAIL", "USER_ID", "USER_LOGIN", "GRADUATION")
"""Columns that hold one value and never a list."""

FLAGS = ("OPT_OUT", "DELETE")

IDENTITY = {"email": "EMAIL", "user_id": "USER_ID", "user_login": "USER_LOGIN"}
"""The column that identifies a person, by the setting ``identity``."""

TRUE = ("1", "YES", "TRUE")
"""What uConnect reads as yes, in any case; it reads everything else as no."""

FALSE = ("0", "NO", "FALSE")
"""What is plainly meant as no."""

DEFAULTS = {
    "FIRST_NAME": Value(field="given_name"),
    "LAST_NAME": Value(field="family_name"),
    "EMAIL": Value(field="email"),
    "USER_ID": Value(field="identifier"),
    "USER_LOGIN": Value(field="username"),
    "GRADUATION": Value(
        first_of=(Value(attribute="graduation", year_ends="08-31"), Value(field="graduation_year")),
    ),
    "DELETE": Value(constant="FALSE"),
}
"""The mapping where the settings have none. Preferred names, pronouns and demographics are in no column by default."""
