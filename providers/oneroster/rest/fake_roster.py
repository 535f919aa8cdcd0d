"""An invented district as the JSON objects of OneRoster REST, with planted defects whose number is known.

For tests and trials: it shares no code with what reads it. The same arguments give the same objects.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

Roster = dict[str, list[dict[str, Any]]]
"""Collections by name."""

_GIVEN = (
    "Adaeze",
    "Bjorn",
    "Catalina",
    "Dmitri",
    "Eun-ji",
    "Farid",
    "Giulia",
    "Hamza",
    "Ines",
    "Jamal",
    "Kaia",
    "Luca",
)
_FAMILY = (
    "Okafor",
    "Lindqvist",
    "Reyes",
    "Volkov",
    "Park",
    "Haddad",
    "Moretti",
    "Siddiqui",
    "Duarte",
    "Brooks",
    "Ó Néill",
)
_GRADES = ("KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12")
_SUBJECTS = ("Mathematics", "Reading, Writing", "Science", "History", "Art")
_CHANGED = "2026-10-05T06:30:00.000Z"


def invented(students: int = 60, *, version: str = "1.1", schools: int = 3) -> Roster:
    """A district of that many students, a guardian for each, a teacher for each class, and two administrators."""
    orgs = [_base("D-1") | {"name": "Harbor District", "type": "district", "identifier": "0600"}]
    orgs += [
        _base(f"S-{i}")
        | {"name": f"School {i}", "type": "school", "identifier": f"06{i:02}", "parent": _to("D-1", "org")}
        for i in range(1, schools + 1)
    ]
    sessions = [
        _session("Y-27", "2026-27", "schoolYear", "2026-08-17", "2027-06-12", None),
        _session("T-1", "Fall", "semester", "2026-08-17", "2027-01-16", "Y-27"),
        _session("T-2", "Spring", "semester", "2027-01-16", "2027-06-12", "Y-27"),
    ]
    courses = [
        _base(f"C-{i}")
        | {
            "title": subject,
            "courseCode": f"{100 + i}",
            "schoolYear": _to("Y-27", "academicSession"),
            "org": _to("D-1", "org"),
            "grades": ["03", "04"],
            "subjects": [subject],
            "subjectCodes": [f"0{i}001"],
        }
        for i, subject in enumerate(_SUBJECTS)
    ]
    classes = [_class(i, schools) for i in range(schools * len(_SUBJECTS))]
    users = [_user(f"A-{i}", i, "administrator", ["D-1"]) for i in range(2)]
    users += [_user(f"T-{i}", i, "teacher", [_school(i, schools)]) for i in range(len(classes))]
    for i in range(students):
        school = _school(i, schools)
        users.append(
            _user(f"U-{i}", i, "student", [school]) | {"agents": [_to(f"G-{i}", "user")], "grades": [_GRADES[i % 13]]}
        )
        users.append(_user(f"G-{i}", i + 5, "guardian", [school]) | {"agents": [_to(f"U-{i}", "user")]})
    enrollments = [
        _enrollment(f"E-{i}-{k}", f"K-{(i + k * schools) % len(classes)}", f"U-{i}", _school(i, schools), "student")
        for i in range(students)
        for k in range(3)
    ]
    enrollments += [
        _enrollment(f"E-T-{i}", f"K-{i}", f"T-{i}", _school(i, schools), "teacher") | {"primary": "true"}
        for i in range(len(classes))
    ]
    demographics = [
        _base(f"U-{i}")
        | {"birthDate": f"20{8 + i % 10:02}-04-0{1 + i % 9}", "sex": ("female", "male")[i % 2], "asian": "false"}
        for i in range(students)
    ]
    if version == "1.2":
        users = [_as_12(user) for user in users]
    return {
        "orgs": orgs,
        "academicSessions": sessions,
        "courses": courses,
        "classes": classes,
        "users": users,
        "enrollments": enrollments,
        "demographics": demographics,
    }


def _school(i: int, schools: int) -> str:
    return f"S-{1 + i % schools}"


def _base(key: str) -> dict[str, Any]:
    return {"sourcedId": key, "status": "active", "dateLastModified": _CHANGED}


def _to(key: str, kind: str) -> dict[str, str]:
    return {"href": f"https://tenant.example/ims/oneroster/v1p1/{kind}s/{key}", "sourcedId": key, "type": kind}


def _session(key: str, title: str, kind: str, start: str, end: str, parent: str | None) -> dict[str, Any]:
    session = _base(key) | {"title": title, "type": kind, "startDate": start, "endDate": end, "schoolYear": "2027"}
    return session | ({"parent": _to(parent, "academicSession")} if parent else {})


def _class(i: int, schools: int) -> dict[str, Any]:
    subject = i % len(_SUBJECTS)
    return _base(f"K-{i}") | {
        "title": f"{_SUBJECTS[subject]} {i}",
        "classCode": "",
        "classType": "homeroom" if i % 5 == 0 else "scheduled",
        "location": f"Room {i}",
        "course": _to(f"C-{subject}", "course"),
        "school": _to(_school(i, schools), "org"),
        "terms": [_to("T-1", "academicSession"), _to("T-2", "academicSession")],
        "grades": ["04", "03"],
        "subjects": [_SUBJECTS[subject]],
        "periods": [],
        "resources": [],
    }


def _user(key: str, i: int, role: str, orgs: list[str]) -> dict[str, Any]:
    given, family = _GIVEN[i % len(_GIVEN)], _FAMILY[i % len(_FAMILY)]
    name = f"{given}.{key}".lower()
    return _base(key) | {
        "username": name,
        "userIds": [{"type": "StateID", "identifier": f"ST{i:06}"}] if role == "student" else [],
        "enabledUser": "true",
        "givenName": given,
        "familyName": family,
        "middleName": "",
        "role": role,
        "identifier": f"N{key}",
        "email": f"{name}@harbor.example",
        "sms": "",
        "phone": "",
        "agents": [],
        "orgs": [_to(org, "org") for org in orgs],
        "grades": [],
        "password": "",
    }


def _as_12(user: dict[str, Any]) -> dict[str, Any]:
    """The user as 1.2 has it."""
    kept = {name: value for name, value in user.items() if name not in ("role", "orgs", "password")}
    word = {"administrator": "districtAdministrator"}.get(user["role"], user["role"])
    kept["roles"] = [
        {"roleType": "primary" if at == 0 else "secondary", "role": word, "org": org, "beginDate": "2026-08-17"}
        for at, org in enumerate(user["orgs"])
    ]
    kept |= {"primaryOrg": user["orgs"][0]} if user["orgs"] else {}
    kept |= {"preferredFirstName": "", "pronouns": "", "userMasterIdentifier": f"M-{user['sourcedId']}"}
    if user["role"] == "student":
        profile = {"profileId": "https://reader.example/p1", "profileType": "reading", "vendorId": "reader"}
        credentials = [{"type": "user", "username": user["username"], "password": "hunter2"}]
        kept["userProfiles"] = [profile | {"credentials": credentials}]
    return kept


def _enrollment(key: str, class_id: str, user: str, school: str, role: str) -> dict[str, Any]:
    return _base(key) | {
        "class": _to(class_id, "class"),
        "user": _to(user, "user"),
        "school": _to(school, "org"),
        "role": role,
        "primary": "false",
        "beginDate": "2026-08-17",
        "endDate": "2027-06-12",
    }


def plant(roster: Roster) -> Counter[str]:
    """Puts defects into a 1.1 roster of at least 40 students; how many there are of each rule."""
    users = _chosen(roster)
    _values(roster, users)
    _records(roster, users)
    _agents(users)
    return Counter(
        {
            "rest.boolean-form": 3,
            "rest.boolean": 1,
            "rest.code": 1,
            "rest.code-form": 2,
            "rest.date-form": 1,
            "rest.date": 2,
            "rest.year-form": 1,
            "rest.year": 1,
            "rest.grade": 2,
            "rest.null-word": 2,
            "rest.shape": 1,
            "rest.shape-unread": 2,
            "rest.status": 1,
            "rest.moment": 1,
            "rest.required": 3,
            "rest.conflict": 2,
            "rest.repeated": 1,
            "rest.role": 1,
            "rest.guardian-without-org": 2,
            "rest.user-without-org": 1,
            "rest.reference-blank": 1,
            "rest.list-repeated": 1,
            "rest.field-unknown": 1,
            "rest.agent-missing": 2,
            "rest.agent-self": 1,
            "rest.agent-students": 1,
            "rest.agent-guardians": 1,
            "rest.agent-role": 2,
            "rest.agent-unclear": 1,
        }
    )


def _chosen(roster: Roster) -> dict[str, dict[str, Any]]:
    """People to plant defects in: ``U-i`` are students, ``G-i`` guardians of nobody but them, ``T-i`` teachers."""
    users = {user["sourcedId"]: user for user in roster["users"]}
    students = [user for user in roster["users"] if user["role"] == "student" and user["agents"]]
    listed = Counter(agent["sourcedId"] for student in students for agent in student["agents"])
    families = [(one, users[one["agents"][0]["sourcedId"]]) for one in students]
    families = [(student, guardian) for student, guardian in families if listed[guardian["sourcedId"]] == 1]
    found = {f"U-{i}": student for i, (student, _) in enumerate(families)}
    found |= {f"G-{i}": guardian for i, (_, guardian) in enumerate(families)}
    return found | {f"T-{i}": u for i, u in enumerate(u for u in roster["users"] if u["role"] == "teacher")}


def _values(roster: Roster, users: dict[str, dict[str, Any]]) -> None:
    for key, value in (("U-0", "TRUE"), ("U-1", 1), ("U-2", "False"), ("U-3", "maybe")):
        users[key]["enabledUser"] = value
    users["U-4"]["enabledUser"] = True
    roster["orgs"].append(_base("O-9") | {"name": "Bus depot", "type": "departments"})
    for at in (1, 2):
        roster["classes"][at]["classType"] = "Scheduled"
    roster["academicSessions"][1]["startDate"] = "2026-08-17T00:00:00Z"
    roster["academicSessions"][1]["schoolYear"] = "2026-2027"
    roster["academicSessions"][2]["schoolYear"] = "27"
    for at in (0, 1):
        roster["enrollments"][at]["beginDate"] = "3/4/2026"
    roster["enrollments"][2]["primary"] = True
    users["U-5"]["grades"] = ["Year 5"]
    users["U-6"]["grades"] = ["4", "Year 6"]
    users["U-7"]["grades"] = ["4", "KG", "k"]  # all of them known
    for key in ("U-8", "U-9"):
        users[key]["middleName"] = "NULL"
    users["U-10"]["orgs"] = {"sourcedId": roster["orgs"][1]["sourcedId"]}  # one object in the place of a list
    users["U-11"]["email"] = {"work": "x@harbor.example"}
    users["U-12"]["agents"] = [["G-12"], {"sourcedId": {"id": "G-12"}}]
    users["U-13"]["status"] = "inactive"
    users["U-14"]["status"] = "tobedeleted"
    users["U-15"]["dateLastModified"] = "yesterday"
    del users["U-16"]["status"]  # active
    users["U-16"]["homeLanguage"] = "so"
    users["U-17"]["metadata"] = {"lunch": "free", "bus": 7, "tags": ["a"], "none": None}
    users["U-18"]["identifier"] = 118


def _records(roster: Roster, users: dict[str, dict[str, Any]]) -> None:
    del roster["enrollments"][3]["class"]
    roster["enrollments"][4]["user"] = None
    roster["enrollments"][5]["role"] = None
    twice = dict(users["U-19"]) | {"familyName": "Somebodyelse"}
    roster["users"] += [twice, dict(users["U-20"])]
    users["U-21"]["role"] = None
    users["G-22"]["orgs"] = []
    users["G-23"]["orgs"] = []
    users["U-24"]["orgs"] = []
    roster["classes"][3]["terms"] = [
        *[_to(roster["academicSessions"][1]["sourcedId"], "academicSession")] * 2,
        {"href": "x"},
    ]


def _agents(users: dict[str, dict[str, Any]]) -> None:
    users["U-25"]["agents"].append(_to("G-gone-1", "user"))
    users["U-26"]["agents"] = [_to("G-gone-2", "user")]
    users["U-27"]["agents"].append(_to(users["U-27"]["sourcedId"], "user"))
    users["U-28"]["agents"].append(_to(users["U-29"]["sourcedId"], "user"))
    users["G-30"]["agents"].append(_to(users["G-31"]["sourcedId"], "user"))
    users["U-32"]["agents"].append(_to(users["T-1"]["sourcedId"], "user"))
    users["T-2"]["agents"] = [_to(users["U-33"]["sourcedId"], "user")]
    users["U-21"]["agents"] = [_to(users["T-4"]["sourcedId"], "user"), _to(users["G-21"]["sourcedId"], "user")]
