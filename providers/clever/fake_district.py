"""An invented district as Clever shows it, with defects whose counts are known. The same arguments, the same records.

Nothing here is shared with the code that reads Clever.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]

_GIVEN_NAMES = """
    Amara Bjorn Chidi Dalia Emeka Fatou Giulia Hassan Ilse Jun Kofi Leila Mateo Nadia Oskar Priya Quang Rosa
    Samir Thandiwe Ulrike Viktor Wanjiru Xiomara Yusuf Zofia
"""
_GIVEN = tuple(_GIVEN_NAMES.split())
_FAMILY_NAMES = """
    Abara Bielak Castellanos Dahl Espinoza Fofana Ghosh Halvorsen Ibekwe Jafari Kovacevic Lindqvist Mensah
    Nakamura Okafor Petrosyan Quispe Rahimi Sokolov Tafoya Ulloa Vaillancourt Whitehorse Yeboah Zielinski
"""
_FAMILY = tuple(_FAMILY_NAMES.split())
_SUBJECTS = ("math", "science", "english/language arts", "social studies", "arts and music")
_GRADES = ("Kindergarten", *(str(n) for n in range(1, 13)))
_RACES = ("Caucasian", "Asian", "Black or African American", "Two or More Races", "Unknown", "")
_STAMP = "2026-08-20T06:15:00.000Z"
_FIRST_SECOND = 0x68800000  # an id starts with the second in which it was made: July 2025
_DISTRICT = f"{_FIRST_SECOND:08x}d15721c700000000"


@dataclass
class DistrictData:
    """Records by resource, in ascending order of ids, and what a right reading finds in them."""

    district: Record
    records: dict[str, list[Record]]
    defects: dict[str, int] = field(default_factory=dict)  # rule code: rows
    counts: dict[str, int] = field(default_factory=dict)  # rows of canonical tables
    ids: dict[str, str] = field(default_factory=dict)  # of a district that others serve too: its ids, and Clever's


def completed(resource: str, record: Record, stamp: str) -> Record:
    """The record with what Clever always shows beside it: times, and the ids of version 2 of a user's roles."""
    if resource in ("terms", "courses"):
        return record
    times = {"created": stamp, "last_modified": stamp}
    for kind, role in record.get("roles", {}).items():
        role.update({"legacy_id": record["id"][::-1]}, **(times if kind in ("student", "teacher") else {}))
        if kind == "student":
            role.setdefault("enrollments", [])
    return record | times


def district_record(key: str, name: str, nces_id: str) -> Record:
    """A district as Clever shows it while its sync runs."""
    return {
        "id": key,
        "name": name,
        "state": "running",
        "sis_type": "sftp",
        "nces_id": nces_id,
        "mdr_number": "",
        "launch_date": "2026-08-03",
        "portal_url": f"https://clever.example/in/{key}",
        "login_methods": ["Clever Badges", "Google"],
    }


@dataclass
class _Maker:
    draw: random.Random
    lists: dict[str, list[Record]] = field(
        default_factory=lambda: {r: [] for r in ("schools", "terms", "courses", "sections", "users")}
    )
    made: int = 0

    def add(self, resource: str, **fields: Any) -> Record:
        """A record with the next id: ids rise in the order in which records are made."""
        self.made += 1
        key = f"{_FIRST_SECOND + self.made:08x}{self.made:016x}"
        record = completed(resource, {"id": key, "district": _DISTRICT, **fields}, _STAMP)
        self.lists[resource].append(record)
        return record

    def name(self, family: str = "") -> Record:
        middle = self.draw.choice(("", "", "J", "Wren"))
        return {"first": self.draw.choice(_GIVEN), "middle": middle, "last": family or self.draw.choice(_FAMILY)}


def invent(students: int = 60, seed: int = 1) -> DistrictData:
    """A district with that many students: schools, terms, courses, staff, families and sections, without defects.

    Every fourth student is the sibling of the one before. Each family has a parent; those with an even number have an
    id of the SIS and are one contact, the others are one contact for each child. Every fifth student has an emergency
    contact besides.
    """
    maker = _Maker(random.Random(seed))  # noqa: S311 - invented people need no secrets
    schools = [
        maker.add(
            "schools",
            name=f"{place} School",
            sis_id=f"{number:03}",
            school_number=f"{number:03}",
            nces_id=f"4100{number:03}",
            low_grade="Kindergarten",
            high_grade="12",
            location={"city": place},
            ext={},
        )
        for number, place in enumerate(("Alder", "Birch", "Cedar", "Dogwood", "Elm")[: 2 + students // 400], start=1)
    ]
    terms = [
        maker.add("terms", name="Fall", start_date="2026-08-17", end_date="2026-12-18"),
        maker.add("terms", name="Spring", start_date="2027-01-04", end_date="2027-05-28"),
    ]
    courses = [maker.add("courses", name=f"{s.title()} {n}", number=f"{n}{s[:2]}") for s in _SUBJECTS for n in (1, 2)]
    teachers = [_teacher(maker, schools, number) for number in range(max(4, students // 12))]
    _staff(maker, schools)
    pupils: list[Record] = []
    families: list[str] = []
    for number in range(students):
        families.append(families[-1] if number % 4 == 3 else maker.draw.choice(_FAMILY))
        pupils.append(_student(maker, schools, number, families[-1]))
    parents = _parents(maker, pupils)
    _sections(maker, schools, terms, courses, teachers, pupils)
    district = district_record(_DISTRICT, "Juniper Valley School District", "4100000")
    data = DistrictData(district, maker.lists)
    data.counts = _counts(data, parents)
    data.defects = {
        "clever.contact-without-id": sum(1 for u in _contacts(data) if "sis_id" not in u["roles"]["contact"])
    }
    return data


def _contacts(data: DistrictData) -> list[Record]:
    return [user for user in data.records["users"] if "contact" in user["roles"]]


def _teacher(maker: _Maker, schools: list[Record], number: int) -> Record:
    school = schools[number % len(schools)]["id"]
    name = maker.name()
    roles: Record = {
        "teacher": {
            "sis_id": f"{100 + number}",  # students have the same numbers
            "teacher_number": f"T{number}",
            "school": school,
            "schools": [school, schools[0]["id"]] if number % 7 == 3 else [school],
            "title": "Teacher",
            "credentials": {"district_username": f"t{number}"},
        }
    }
    if number == 1:  # one person, two roles
        roles["staff"] = {"staff_id": "S1", "title": "Librarian", "department": "Library", "schools": [school]}
    return maker.add("users", name=name, email=f"t{number}@juniper-valley.example", roles=roles)


def _staff(maker: _Maker, schools: list[Record]) -> None:
    everywhere: Record = {"staff_id": "S2", "title": "Nurse", "schools": [s["id"] for s in schools]}
    nowhere: Record = {"staff_id": "S3", "title": "Registrar", "schools": []}
    for number, role in enumerate((everywhere, nowhere), start=2):
        email = f"s{number}@juniper-valley.example"
        maker.add("users", name=maker.name(), email=email, roles={"staff": role})
    maker.add(
        "users", name=maker.name(), email="head@juniper-valley.example", roles={"district_admin": {"title": "Head"}}
    )


def _student(maker: _Maker, schools: list[Record], number: int, family: str) -> Record:
    school = schools[number % 4 // 3 if number % 4 == 3 else number % len(schools)]["id"]
    draw = maker.draw
    second = [schools[-1]["id"]] if number % 20 == 0 and schools[-1]["id"] != school else []
    role = {
        "sis_id": f"{100 + number}",
        "student_number": f"{4000 + number}",
        "state_id": f"ST{number}",
        "school": school,
        "schools": [school, *second],
        "grade": draw.choice(_GRADES),
        "graduation_year": "2031",
        "dob": f"{draw.randrange(1, 13)}/{draw.randrange(1, 29)}/{draw.randrange(2009, 2021)}",
        "gender": draw.choice(("M", "F", "X", "")),
        "race": draw.choice(_RACES),
        "hispanic_ethnicity": draw.choice(("Y", "N", "")),
        "home_language": "Spanish" if number % 3 == 0 else "English",
        "home_language_code": "spa" if number % 3 == 0 else "eng",
        "frl_status": draw.choice(("Free", "Paid")),
        "location": {"address": "", "city": "", "state": "", "zip": ""},
        "credentials": {"district_username": f"p{number}"},
        "enrollments": [{"school": school, "start_date": "2026-08-17", "end_date": "2027-05-28"}],
        "ext": {"bus": f"{number % 9}"} if number % 2 == 0 else {},
    }
    email = f"p{number}@students.juniper-valley.example"
    return maker.add("users", name=maker.name(family), email=email, roles={"student": role})


def _contact(
    maker: _Maker,
    whole_name: str,
    students: list[Record],
    *,
    own: str = "",
    relationship: str = "Parent",
    kind: str,
    phone: str,
) -> Record:
    role: Record = {
        "phone": phone,
        "phone_type": "Cell",
        "student_relationships": [{"student": s["id"], "relationship": relationship, "type": kind} for s in students],
    }
    if own:
        role["sis_id"] = own
    email = f"{whole_name.split(' ', maxsplit=1)[0].lower()}.{phone[-5:]}@post.example"
    return maker.add(
        "users", name={"first": "", "middle": "", "last": whole_name}, email=email, roles={"contact": role}
    )


def _parents(maker: _Maker, pupils: list[Record]) -> int:
    """Adds the contacts; the number of people who are guardians."""
    people = 0
    families: dict[int, list[Record]] = {}
    for number, pupil in enumerate(pupils):
        families.setdefault(number - (number % 4 == 3), []).append(pupil)
    for number, children in families.items():
        name = f"{maker.draw.choice(_GIVEN)} {children[0]['name']['last']}"
        phone = f"(555) 01{number // 100:01}-{number:05}"
        people += 1
        if number % 2 == 0:
            _contact(maker, name, children, own=f"C{number}", kind="Parent/Guardian", phone=phone)
        else:
            for child in children:
                _contact(maker, name, [child], kind="Parent/Guardian", phone=phone)
    for number, pupil in enumerate(pupils):
        if number % 5 == 0:
            phone = f"55502{number:05}"
            _contact(
                maker, f"Neighbor {_FAMILY[number % 25]}", [pupil], relationship="Other", kind="Emergency", phone=phone
            )
    return people


def _sections(
    maker: _Maker,
    schools: list[Record],
    terms: list[Record],
    courses: list[Record],
    teachers: list[Record],
    pupils: list[Record],
) -> None:
    at: dict[str, list[str]] = {}
    for pupil in pupils:
        at.setdefault(pupil["roles"]["student"]["school"], []).append(pupil["id"])
    for number, teacher in enumerate(teachers):
        school = teacher["roles"]["teacher"]["school"]
        here = at.get(school, [])
        other = teachers[(number + len(schools)) % len(teachers)]["id"]
        maker.add(
            "sections",
            name=f"Homeroom {number}",
            sis_id=f"H{number}",
            school=school,
            subject="homeroom/advisory",
            grade="",
            teacher=teacher["id"],
            teachers=[teacher["id"]],
            students=_class(here, number),
        )
        maker.add(
            "sections",
            name=f"{courses[number % len(courses)]['name']} - {teacher['name']['last']} - 3",
            sis_id=f"SEC{number}",
            section_number=f"{number}",
            period="3",
            school=school,
            subject=_SUBJECTS[number % len(_SUBJECTS)],
            grade=_GRADES[number % len(_GRADES)],
            course=courses[number % len(courses)]["id"],
            term_id=terms[number % 2]["id"],
            teacher=teacher["id"],
            teachers=list(dict.fromkeys([teacher["id"], other])),
            students=_class(here, number + 1),
            ext={"room": f"{number}"},
        )


def _class(pupils: list[str], number: int) -> list[str]:
    """Twenty pupils of a school, others for each number."""
    start = number * 20 % max(1, len(pupils))
    return pupils[start : start + 20]


def _counts(data: DistrictData, guardians: int) -> dict[str, int]:
    """How many rows each canonical table has, counted from the records in the plainest way."""
    users, sections = data.records["users"], data.records["sections"]
    roles = 0
    for user in users:
        for kind, role in user["roles"].items():
            if kind in ("student", "teacher"):
                roles += len({role["school"], *role["schools"]})
            elif kind in ("staff", "district_admin"):
                roles += len(role.get("schools", [])) or 1
    links = {
        (contact["name"]["last"], link["student"])
        for contact in _contacts(data)
        for link in contact["roles"]["contact"]["student_relationships"]
        if link["type"] != "Emergency"
    }
    return {
        "Org": 1 + len(data.records["schools"]),
        "AcademicSession": len(data.records["terms"]),
        "Course": len(data.records["courses"]),
        "Class": len(sections),
        "ClassTerm": sum(1 for s in sections if s.get("term_id")),
        "Enrollment": sum(len({s["teacher"], *s["teachers"]}) + len(set(s["students"])) for s in sections),
        "User": len(users) - len(_contacts(data)),
        "Role": roles,
        "User contact": guardians,
        "Role contact": guardians,
        "GuardianLink": len(links),
        "Demographics": sum(1 for u in users if "student" in u["roles"]),
    }
