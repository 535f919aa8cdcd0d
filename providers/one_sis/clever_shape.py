"""A neutral district as Clever shows it. What Clever has no field for is left out, as a district's export would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from providers.clever.fake_district import DistrictData, Record, completed, district_record
from providers.one_sis.district import Neutral, Row, items

_GRADES = {"KG": "Kindergarten", "PK": "PreKindergarten", "TK": "TransitionalKindergarten"}
_SUBJECTS = {
    "Mathematics": "math",
    "Science": "science",
    "English": "english/language arts",
    "History": "social studies",
    "Art": "arts and music",
    "Music": "arts and music",
    "Physical Education": "PE and health",
}
_RACES = {
    "americanIndianOrAlaskaNative": "American Indian",
    "asian": "Asian",
    "blackOrAfricanAmerican": "Black or African American",
    "nativeHawaiianOrOtherPacificIslander": "Hawaiian or Other Pacific Islander",
    "white": "Caucasian",
    "demographicRaceTwoOrMoreRaces": "Two or More Races",
}


class CleverIds:
    """Clever's ids: 24 hexadecimal digits, rising in the order in which records are made."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, key: str) -> str:
        return self.known.setdefault(key, f"688000{len(self.known):018x}")


def clever(made: Neutral) -> DistrictData:
    """The records that Clever makes of the same district: sections without students are not shown (A1.6)."""
    new = CleverIds()
    of_district = new(made.district)
    one = next(org for org in made.files["orgs"] if org["sourcedId"] == made.district)
    district = district_record(of_district, one["name"], one["identifier"] or "")

    def records(resource: str, rows: Iterable[tuple[str, Record]]) -> list[Record]:
        found = ({"id": new(key), "district": of_district, **record} for key, record in rows)
        return sorted((completed(resource, one, made.stamp) for one in found), key=lambda record: record["id"])

    facts = {row["sourcedId"]: row for row in made.files.get("demographics", [])}
    shown = {
        "schools": map(_school, made.schools),
        "terms": map(_term, made.files["academicSessions"]),
        "courses": map(_course, made.files["courses"]),
        "sections": _sections(made, new),
        "users": _users(made, new, facts),
    }
    data = DistrictData(district, {resource: records(resource, rows) for resource, rows in shown.items()})
    data.ids = dict(new.known)
    return data


def _school(row: Row) -> tuple[str, Record]:
    school = {"name": row["name"], "sis_id": row["sourcedId"], "school_number": row["identifier"] or ""}
    return row["sourcedId"], school


def _term(row: Row) -> tuple[str, Record]:
    days = {"start_date": row["startDate"] or "", "end_date": _last(row["endDate"])}
    return row["sourcedId"], {"name": row["title"], **days}


def _course(row: Row) -> tuple[str, Record]:
    return row["sourcedId"], {"name": row["title"], "number": row["courseCode"]}


def _last(end: str | None) -> str:
    """The last day of a term whose end is the day after."""
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat() if end else ""


def _sections(made: Neutral, new: CleverIds) -> Iterable[tuple[str, Record]]:
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"student": [], "teacher": []})
    for row in made.files["enrollments"]:
        members[row["classSourcedId"]][row["role"]].append(new(row["userSourcedId"]))
    for row in made.files["classes"]:
        here = members[row["sourcedId"]]
        if not here["student"]:
            continue
        terms = items(row["termSourcedIds"])
        yield (
            row["sourcedId"],
            {
                "name": row["title"],
                "sis_id": row["sourcedId"],
                "school": new(row["schoolSourcedId"]) if row["schoolSourcedId"] else "",
                "course": new(row["courseSourcedId"]),
                "section_number": row["classCode"] or "",
                "period": (items(row["periods"]) or [""])[0],
                "subject": "homeroom/advisory" if row["classType"] == "homeroom" else _subject(row["subjects"]),
                "grade": _grade((items(row["grades"]) or [""])[0]),
                **({"term_id": new(terms[0])} if terms else {}),
                **({"teacher": here["teacher"][0]} if here["teacher"] else {}),
                "teachers": here["teacher"],
                "students": here["student"],
            },
        )


def _subject(subjects: str | None) -> str:
    """One of Clever's subjects; most of a SIS's own are none."""
    return _SUBJECTS.get((items(subjects) or [""])[0], "other")


def _grade(code: str) -> str:
    return _GRADES.get(code, code.lstrip("0"))


def _users(made: Neutral, new: CleverIds, facts: dict[str, Row]) -> Iterable[tuple[str, Record]]:
    children: dict[str, list[Record]] = defaultdict(list)
    for (guardian, student), link in made.links.items():
        stated = {"relationship": link["relationship"], "type": link["type"]}
        children[guardian].append({"student": new(student), **stated})
    for row in made.files["users"]:
        schools = [new(org) for org in items(row["orgSourcedIds"]) if org != made.district]
        yield row["sourcedId"], _user(row, schools, children[row["sourcedId"]], facts.get(row["sourcedId"], {}))


def _facts(row: Row) -> Record:
    """Birth date, sex and race of a student, where the SIS has them."""
    if not row:
        return {}
    born = date.fromisoformat(row["birthDate"])
    race = next((word for column, word in _RACES.items() if row[column] == "true"), "")
    return {
        "dob": f"{born.month}/{born.day}/{born.year}",
        "gender": {"male": "M", "female": "F"}.get(row["sex"], "X"),
        "race": race,
        "hispanic_ethnicity": "Y" if row["hispanicOrLatinoEthnicity"] == "true" else "N",
    }


def _user(row: Row, schools: list[str], children: list[Record], facts: Row) -> Record:
    name = {"first": row["givenName"], "middle": row["middleName"] or "", "last": row["familyName"]}
    email = row["email"] or ""
    if row["role"] in ("guardian", "parent", "relative"):
        contact: Record = {"phone": row["phone"] or "", "phone_type": "Home", "student_relationships": children}
        if not row.get("without_id"):
            contact["sis_id"] = row["sourcedId"]
        whole = {"first": "", "middle": "", "last": f"{row['givenName']} {row['familyName']}"}
        return {"name": whole, "email": email, "roles": {"contact": contact}}
    login = {"credentials": {"district_username": row["username"]}} if row["username"] else {}
    at = {"school": schools[0] if schools else None, "schools": schools}
    if row["role"] == "student":
        grade = _grade(items(row["grades"])[0]) if row["grades"] else ""
        role = {"sis_id": row["sourcedId"], "student_number": row["identifier"] or "", "grade": grade, **at}
        role |= _facts(facts)
        return {"name": name, "email": email, "roles": {"student": role | login}}
    if row["role"] == "teacher":
        role = {"sis_id": row["sourcedId"], "teacher_number": row["identifier"] or "", **at}
        return {"name": name, "email": email, "roles": {"teacher": role | login}}
    staff: Record = {"schools": schools, **({"staff_id": row["identifier"]} if row["identifier"] else {})}
    return {"name": name, "email": email, "roles": {"staff": staff | login}}
