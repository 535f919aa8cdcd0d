"""The guardian file against the shipped kit of sources, with ids of its own and without."""

from __future__ import annotations

import re

from providers.guardians import SOURCE
from rosterkit.testing.source_cases import csv_case
from rosterkit.testing.source_suite import source_suite

TEXT = """\
Student Number,Guardian ID,First Name,Last Name,E-mail,Mobile,Home Phone,Language,Relationship,Priority
300118,G-1,Nadezhda,Orlova,n.orlova@mail.example,(505) 555-0171,,ru,Mother,1
300118,G-2,"Ilya
Petrovich",Orlov,i.orlov@mail.example,(505) 555-0172,,ru,Father,2
300125,G-1,Nadezhda,Orlova,n.orlova@mail.example,(505) 555-0171,,ru,Mother,1
300132,G-3,Tamsin,"Achebe, Jr.",,(505) 555-0173,(505) 555-0174,en,Step Mom,1
300149,G-4,Ozan,Yildiz,o.yildiz@mail.example,,,tr,Uncle,1
"""
WITHOUT_IDS = re.sub(r"(?m)^(300\d+|Student Number),[^,]*,", r"\1,", TEXT)
PERSONAL = ("First Name", "Last Name", "E-mail", "Mobile", "Home Phone")
REQUIRED = ("Student Number", "First Name", "Last Name")

CASES = [
    csv_case(
        "with-ids",
        "guardians.csv",
        TEXT,
        {"path": "guardians.csv"},
        rows={"User": 4, "GuardianLink": 5},
        locations={("User", "G-3"): ("guardians.csv", 6), ("GuardianLink", "G-1:300125"): ("guardians.csv", 5)},
        required=(*REQUIRED, "Guardian ID"),
        key="Guardian ID",
        personal=PERSONAL,
    ),
    csv_case(
        "with-an-organisation",
        "guardians.csv",
        TEXT,
        {"path": "guardians.csv", "org": "D-1"},
        rows={"User": 4, "Role": 4, "GuardianLink": 5},
        locations={("Role", "G-3:D-1:guardian"): ("guardians.csv", 6)},
        required=(*REQUIRED, "Guardian ID"),
        key="Guardian ID",
        personal=PERSONAL,
    ),
    csv_case(
        "without-ids",
        "guardians.csv",
        WITHOUT_IDS,
        {"path": "guardians.csv", "ids": "generated"},
        rows={"User": 4, "GuardianLink": 5},
        locations={
            ("User", "provisional-beccbb33a3a7b07a3182"): ("guardians.csv", 6),
            ("GuardianLink", "provisional-3c593c96715172600fc1:300125"): ("guardians.csv", 5),
        },
        required=REQUIRED,
        key="Student Number",
        personal=PERSONAL,
    ),
]

test_conformance = source_suite(SOURCE, CASES)
