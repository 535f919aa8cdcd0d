"""The guardian file against the shipped kit of sources, with ids of its own and without."""

from __future__ import annotations

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
PERSONAL = ("First Name", "Last Name", "E-mail", "Mobile", "Home Phone")


def case(name: str, **settings: str):
    required = ["Student Number", "First Name", "Last Name", *(["Guardian ID"] if not settings else [])]
    return csv_case(
        name,
        "guardians.csv",
        TEXT if not settings else "\n".join(without_ids(TEXT)),
        {"path": "guardians.csv", **settings},
        rows={"User": 4, "GuardianLink": 5},
        places=(
            {("User", "G-3"): ("guardians.csv", 6), ("GuardianLink", "G-1:300125"): ("guardians.csv", 5)}
            if not settings
            else {("User", "provisional-1c2a"): ("guardians.csv", 6)}
        ),
        required=required,
        key="Student Number" if settings else "Guardian ID",
        personal=PERSONAL,
    )


def without_ids(text: str) -> list[str]:
    import re

    return re.sub(r"(?m)^(300\d+|Student Number),[^,]*,", r"\1,", text).split("\n")


test_with_ids = source_suite(SOURCE, [case("with-ids")])
test_without_ids = source_suite(SOURCE, [case("without-ids", ids="generated")])
