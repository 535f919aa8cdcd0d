"""The columns of a guardian file and the words for relationships, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPELLINGS: Mapping[str, Sequence[str]] = {
    "student": (
        "student id",
        "student number",
        "student no",
        "student unique id",
        "student sourced id",
        "student identifier",
        "student local id",
        "stu id",
        "pupil id",
    ),
    "guardian": (
        "guardian id",
        "guardian unique id",
        "guardian sourced id",
        "sourced id",
        "contact id",
        "contact sis id",
        "parent id",
        "person id",
    ),
    "given_name": ("first name", "given name", "guardian first name", "contact first name", "parent first name"),
    "middle_name": ("middle name", "guardian middle name", "contact middle name", "parent middle name"),
    "family_name": (
        "last name",
        "surname",
        "family name",
        "guardian last name",
        "contact last name",
        "parent last name",
    ),
    "email": ("e-mail", "email address", "guardian email", "contact email", "parent email"),
    "sms": ("mobile", "mobile phone", "mobile number", "cell", "cell phone", "guardian mobile", "text number"),
    "phone": ("home phone", "phone number", "telephone", "landline", "guardian phone", "contact phone"),
    "language": ("language code", "home language", "preferred language", "guardian language"),
    "relationship": ("relation", "relationship to student", "contact relationship", "guardian relationship"),
    "type": ("contact type", "guardian type"),
    "priority": ("contact priority", "order", "contact order", "sequence", "guardian priority"),
}
"""Our column → spellings that are understood, beside the name itself; case, spaces and punctuation do not count."""

PERSON = ("given_name", "middle_name", "family_name", "email", "sms", "phone", "language")
"""The columns that say who the guardian is."""

RELATIONSHIPS: Mapping[str, Sequence[str]] = {
    "mother": ("mom", "mum", "mama", "birth mother", "adoptive mother"),
    "father": ("dad", "papa", "birth father", "adoptive father"),
    "parent": ("parents", "birth parent", "adoptive parent", "parent guardian"),
    "stepmother": ("step mom", "step mother"),
    "stepfather": ("step dad", "step father"),
    "stepparent": ("step parent",),
    "guardian": ("legal guardian", "court appointed guardian", "guardian ad litem"),
    "fosterParent": ("foster parent", "foster mother", "foster father"),
    "grandmother": ("grandma", "maternal grandmother", "paternal grandmother"),
    "grandfather": ("grandpa", "maternal grandfather", "paternal grandfather"),
    "grandparent": ("grandparents",),
    "aunt": (),
    "uncle": (),
    "auntOrUncle": ("aunt uncle", "uncle aunt", "aunt or uncle"),
    "sister": ("half sister", "step sister"),
    "brother": ("half brother", "step brother"),
    "sibling": (),
    "relative": ("family", "cousin", "other relative"),
    "caseworker": ("case worker", "social worker"),
    "neighbor": ("neighbour",),
    "friend": ("family friend",),
    "self": (),
    "other": ("emergency contact", "emergency", "non relative"),
}
"""What is stored → words that are understood as that."""
