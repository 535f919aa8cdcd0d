"""A neutral district in the shape in which each vendor's fake serves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from providers.clever.fake_district import DistrictData, Record
from providers.one_sis.district import Neutral, Row
from providers.oneroster.rest.fake_roster import Roster


def _items(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]


def _to(key: str, kind: str) -> dict[str, str]:
    return {"href": f"https://tenant.example/{kind}s/{key}", "sourcedId": key, "type": kind}


def rest(made: Neutral) -> Roster:
    """The collections of a OneRoster 1.1 server."""
    agents = _agents(made)

    def base(row: Row) -> dict[str, Any]:
        return {"sourcedId": row["sourcedId"], "status": "active", "dateLastModified": made.stamp}

    return {
        "orgs": [
            base(row)
            | {"name": row["name"], "type": row["type"], "identifier": row["identifier"] or ""}
            | ({"parent": _to(row["parentSourcedId"], "org")} if row["parentSourcedId"] else {})
            for row in made.files["orgs"]
        ],
        "academicSessions": [
            base(row)
            | {name: row[name] for name in ("title", "type", "startDate", "endDate", "schoolYear")}
            | ({"parent": _to(row["parentSourcedId"], "academicSession")} if row["parentSourcedId"] else {})
            for row in made.files["academicSessions"]
        ],
        "courses": [
            base(row) | {"title": row["title"], "courseCode": row["courseCode"], "org": _to(made.district, "org")}
            for row in made.files["courses"]
        ],
        "classes": [
            base(row)
            | {
                "title": row["title"],
                "classCode": row["classCode"],
                "classType": row["classType"],
                "course": _to(row["courseSourcedId"], "course"),
                **({"school": _to(row["schoolSourcedId"], "org")} if row["schoolSourcedId"] else {}),
                "terms": [_to(term, "academicSession") for term in _items(row["termSourcedIds"])],
            }
            for row in made.files["classes"]
        ],
        "users": [
            base(row)
            | {
                name: row[name] or ""
                for name in ("username", "givenName", "familyName", "email", "phone", "identifier")
            }
            | {
                "enabledUser": "true",
                "role": row["role"],
                "orgs": [_to(org, "org") for org in _items(row["orgSourcedIds"])],
                "agents": [_to(agent, "user") for agent in agents[row["sourcedId"]]],
                "grades": _items(row["grades"]),
            }
            for row in made.files["users"]
        ],
        "enrollments": [
            base(row)
            | {
                "class": _to(row["classSourcedId"], "class"),
                "user": _to(row["userSourcedId"], "user"),
                "school": _to(row["schoolSourcedId"], "org"),
                "role": row["role"],
                "primary": row["primary"],
            }
            for row in made.files["enrollments"]
        ],
        "demographics": [],
    }


def package(made: Neutral) -> dict[str, list[dict[str, str]]]:
    """The rows of a OneRoster 1.1 package, by file."""
    agents = _agents(made)
    files = {name: [dict(row) for row in rows] for name, rows in made.files.items() if rows}
    for row in files["users"]:
        row.pop("without_id", None)
        row["agentSourcedIds"] = ",".join(agents[row["sourcedId"]])
    for rows in files.values():
        for row in rows:
            row |= {"status": "", "dateLastModified": ""}
    return {name: [{k: v or "" for k, v in row.items()} for row in rows] for name, rows in files.items()}


def _agents(made: Neutral) -> dict[str, list[str]]:
    """Whom each user lists."""
    agents: dict[str, list[str]] = defaultdict(list)
    for (guardian, student), link in made.links.items():
        if "student" in link["sides"]:
            agents[student].append(guardian)
        if "guardian" in link["sides"]:
            agents[guardian].append(student)
    return agents


class _Ids:
    """Clever's ids: 24 hexadecimal digits, rising in the order in which records are made."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, key: str) -> str:
        return self._known.setdefault(key, f"688000{len(self._known):018x}")


def clever(made: Neutral) -> DistrictData:
    """The records that Clever makes of the same district: sections without students are not shown (A1.6)."""
    new = _Ids()
    common = {"created": made.stamp, "last_modified": made.stamp, "district": new(made.district)}
    district = {"id": new(made.district), "name": "Juniper Valley", "state": "running", "sis_type": "sftp"}

    def records(rows: Iterable[tuple[str, Record]]) -> list[Record]:
        return sorted(({"id": new(key), **common, **record} for key, record in rows), key=lambda one: one["id"])

    sessions = made.files["academicSessions"]
    return DistrictData(
        district,
        {
            "schools": records(
                (
                    row["sourcedId"],
                    {"name": row["name"], "sis_id": row["sourcedId"], "school_number": row["identifier"] or ""},
                )
                for row in made.schools
            ),
            "terms": records(
                (
                    row["sourcedId"],
                    {"name": row["title"], "start_date": row["startDate"] or "", "end_date": _last(row["endDate"])},
                )
                for row in sessions
            ),
            "courses": records(
                (row["sourcedId"], {"name": row["title"], "number": row["courseCode"]}) for row in made.files["courses"]
            ),
            "sections": records(_sections(made, new)),
            "users": records(_users(made, new)),
        },
    )


def _last(end: str | None) -> str:
    """The last day of a term whose end is the day after."""
    return (date.fromisoformat(end) - timedelta(days=1)).isoformat() if end else ""


def _sections(made: Neutral, new: _Ids) -> Iterable[tuple[str, Record]]:
    members: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"student": [], "teacher": []})
    for row in made.files["enrollments"]:
        members[row["classSourcedId"]][row["role"]].append(new(row["userSourcedId"]))
    for row in made.files["classes"]:
        here = members[row["sourcedId"]]
        if not here["student"]:
            continue
        terms = _items(row["termSourcedIds"])
        yield (
            row["sourcedId"],
            {
                "name": row["title"],
                "sis_id": row["sourcedId"],
                "school": new(row["schoolSourcedId"]) if row["schoolSourcedId"] else "",
                "course": new(row["courseSourcedId"]),
                "subject": "homeroom/advisory" if row["classType"] == "homeroom" else "math",
                "grade": "",
                **({"term_id": new(terms[0])} if terms else {}),
                **({"teacher": here["teacher"][0]} if here["teacher"] else {}),
                "teachers": here["teacher"],
                "students": here["student"],
            },
        )


def _users(made: Neutral, new: _Ids) -> Iterable[tuple[str, Record]]:
    children: dict[str, list[Record]] = defaultdict(list)
    for (guardian, student), link in made.links.items():
        said = {"relationship": link["relationship"], "type": link["type"]}
        children[guardian].append({"student": new(student), **said})
    for row in made.files["users"]:
        schools = [new(org) for org in _items(row["orgSourcedIds"]) if org != made.district]
        yield row["sourcedId"], _user(row, schools, children[row["sourcedId"]])


def _user(row: Row, schools: list[str], children: list[Record]) -> Record:
    name = {"first": row["givenName"], "middle": "", "last": row["familyName"]}
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
        grade = _items(row["grades"])[0] if row["grades"] else ""
        role = {"sis_id": row["sourcedId"], "student_number": row["identifier"] or "", "grade": grade.lstrip("0"), **at}
        if grade in ("KG", "PK"):
            role["grade"] = "Kindergarten" if grade == "KG" else "PreKindergarten"
        return {"name": name, "email": email, "roles": {"student": role | login}}
    if row["role"] == "teacher":
        role = {"sis_id": row["sourcedId"], "teacher_number": row["identifier"] or "", **at}
        return {"name": name, "email": email, "roles": {"teacher": role | login}}
    staff: Record = {"schools": schools, **({"staff_id": row["identifier"]} if row["identifier"] else {})}
    return {"name": name, "email": email, "roles": {"staff": staff | login}}
