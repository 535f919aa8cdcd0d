"""Clever's words and what they are in the canonical model.

Clever validates these lists, and other values still come (a contact whose relationship is "Guardian"), so they are
matched without regard to case and punctuation, and an unknown value is a finding and never an error of the run.
"""

from __future__ import annotations

import polars as pl

GRADES = {
    "infanttoddler": "IT",
    "preschool": "PR",
    "prekindergarten": "PK",
    "prek": "PK",
    "pk": "PK",
    "1neg": "PK",  # -1, as some systems number the year before kindergarten
    "transitionalkindergarten": "TK",
    "tk": "TK",
    "kindergarten": "KG",
    "kg": "KG",
    "k": "KG",
    "0": "KG",
    "00": "KG",
    **{str(grade): f"{grade:02}" for grade in range(1, 14)},
    **{f"{grade:02}": f"{grade:02}" for grade in range(1, 10)},
    "postgraduate": "PS",
    "ungraded": "UG",
    "other": "Other",
}
"""Clever's grades, and the codes of its CSV files, in CEDS codes."""

RELATIONSHIPS = {
    "parent": "Parent",
    "grandparent": "Grandparent",
    "self": "Self",
    "auntuncle": "Aunt/Uncle",
    "sibling": "Sibling",
    "other": "Other",
}

ROLE_OF_RELATIONSHIP = {"Parent": "parent", "Grandparent": "relative", "Aunt/Uncle": "relative", "Sibling": "relative"}
"""What a contact's role is by its relationship; any other relationship makes a guardian."""

CONTACT_TYPES = {
    "parentguardian": "Parent/Guardian",
    "primary": "Primary",
    "secondary": "Secondary",
    "family": "Family",
    "emergency": "Emergency",
    "other": "Other",
}
"""In the order in which one of them is chosen where a contact names a student more than once."""

PHONE_TYPES = {"cell": "Cell", "mobile": "Cell", "home": "Home", "work": "Work", "other": "Other"}

SUBJECTS = {
    word: word
    for word in (
        "englishlanguagearts",
        "math",
        "science",
        "socialstudies",
        "language",
        "homeroomadvisory",
        "interventionsonlinelearning",
        "technologyandengineering",
        "peandhealth",
        "artsandmusic",
        "other",
    )
}

SEXES = {"m": "male", "f": "female", "x": "other", "male": "male", "female": "female"}

RACES = {
    "caucasian": "white",
    "white": "white",
    "w": "white",
    "c": "white",
    "asian": "asian",
    "a": "asian",
    "blackorafricanamerican": "black_or_african_american",
    "b": "black_or_african_american",
    "americanindian": "american_indian_or_alaska_native",
    "americanindianoralaskanative": "american_indian_or_alaska_native",
    "i": "american_indian_or_alaska_native",
    "hawaiianorotherpacificislander": "native_hawaiian_or_other_pacific_islander",
    "nativehawaiianorotherpacificislander": "native_hawaiian_or_other_pacific_islander",
    "p": "native_hawaiian_or_other_pacific_islander",
    "twoormoreraces": "demographic_race_two_or_more_races",
    "m": "demographic_race_two_or_more_races",
    "unknown": "",
    "u": "",
}
"""The column of Demographics that is true; "" where nothing is known. Letters are those of CSV files."""

YES_NO = {"y": "true", "n": "false", "yes": "true", "no": "false"}

LANGUAGES = {"cpp": "kea", "knn": "kok", "ori": "ory", "nob": "nob", "kar": "kar", "other": None}
"""Codes that Clever writes in its own way, in ISO 639-3; every other code is taken as it is."""


def folded(value: pl.Expr) -> pl.Expr:
    """The text for a look-up: small letters and digits only. A minus before a number becomes "neg" behind it."""
    text = value.str.to_lowercase().str.strip_chars()
    return text.str.replace(r"^-\s*(\d+)$", "${1}neg").str.replace_all(r"[^\p{L}\d]", "")


def known(value: pl.Expr, words: dict[str, str]) -> pl.Expr:
    """What the value is in that list, or null where it is blank or unknown."""
    return folded(value).replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.String)
