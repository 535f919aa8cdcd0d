"""A mapped table against the shipped kit of sources: attributes, and people."""

from __future__ import annotations

from providers.table import SOURCE
from rosterkit.testing.source_cases import csv_case
from rosterkit.testing.source_suite import source_suite

ATTRIBUTES = """\
Number,Program Code,Card,Note
700011,ROBOTICS,C-0099,"two
lines"
700028,CULINARY,C-0100,
700035,,C-0101,x
"""
PEOPLE = """\
id,first name,last name,email,Class Of,Job,School
A-1,Leopold,Nakamura,l.nakamura@mail.example,2019,Alumnus,70
A-2,Ottilie,Grant,o.grant@mail.example,2021,Alumnus,70
A-2,Ottilie,Grant,o.grant@mail.example,2021,teacher,71
"""

CASES = [
    csv_case(
        "attributes",
        "cards.csv",
        ATTRIBUTES,
        {"path": "cards.csv", "attributes": {"program": "Program Code", "card_id": "Card"}},
        rows={"UserAttributes": 3},
        locations={("UserAttributes", "700028"): ("cards.csv", 4)},
        required=("Number", "Program Code", "Card"),
        key="Number",
        personal=("Card",),
    ),
    csv_case(
        "people",
        "alumni.csv",
        PEOPLE,
        {
            "path": "alumni.csv",
            "rows": "people",
            "attributes": {"graduation": "Class Of"},
            "columns": {"role": "Job"},
            "roles": {"Alumnus": "ext:alumni"},
        },
        rows={"User": 2, "Role": 3},
        locations={("User", "A-2"): ("alumni.csv", 3), ("Role", "A-2:71:teacher"): ("alumni.csv", 4)},
        required=("id", "first name", "last name"),
        key="id",
        personal=("first name", "last name", "email"),
    ),
]

test_conformance = source_suite(SOURCE, CASES)
