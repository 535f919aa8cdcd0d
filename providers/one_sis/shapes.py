"""A neutral district in the shapes of OneRoster: the collections of a server, and the rows of a package."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from providers.one_sis.clever_shape import clever
from providers.one_sis.district import Neutral, Row, items
from providers.oneroster.rest.fake_roster import Roster

__all__ = ["clever", "package", "rest"]

_USER_ID = re.compile(r"\{([^:}]*):([^}]*)\}")


def _to(key: str, kind: str) -> dict[str, str]:
    return {"href": f"https://tenant.example/{kind}s/{key}", "sourcedId": key, "type": kind}


def _refs(text: str | None, kind: str) -> list[dict[str, str]]:
    return [_to(key, kind) for key in items(text)]


def _texts(row: Row, *names: str) -> dict[str, str]:
    return {name: row[name] or "" for name in names}


def _one(row: Row, column: str, name: str, kind: str) -> dict[str, Any]:
    return {name: _to(row[column], kind)} if row[column] else {}


def rest(made: Neutral) -> Roster:
    """The collections of a OneRoster 1.1 server."""
    agents = _agents(made)

    def base(row: Row) -> dict[str, Any]:
        return {"sourcedId": row["sourcedId"], "status": "active", "dateLastModified": made.stamp}

    makers = {
        "orgs": _org,
        "academicSessions": _session,
        "courses": _course,
        "classes": _class,
        "enrollments": _enrollment,
        "demographics": _demographics,
    }
    found = {name: [base(row) | make(row) for row in made.files.get(name, [])] for name, make in makers.items()}
    users = [base(row) | _user(row) | {"agents": _agent_refs(agents, row)} for row in made.files["users"]]
    return found | {"users": users}


def _org(row: Row) -> dict[str, Any]:
    return _texts(row, "name", "type", "identifier") | _one(row, "parentSourcedId", "parent", "org")


def _session(row: Row) -> dict[str, Any]:
    dates = {name: row[name] for name in ("title", "type", "startDate", "endDate", "schoolYear")}
    return dates | _one(row, "parentSourcedId", "parent", "academicSession")


def _course(row: Row) -> dict[str, Any]:
    return {
        **_texts(row, "title", "courseCode"),
        "grades": items(row["grades"]),
        "subjects": items(row["subjects"]),
        "subjectCodes": items(row["subjectCodes"]),
        **_one(row, "orgSourcedId", "org", "org"),
        **_one(row, "schoolYearSourcedId", "schoolYear", "academicSession"),
    }


def _class(row: Row) -> dict[str, Any]:
    return {
        **_texts(row, "title", "classCode", "classType", "location"),
        "grades": items(row["grades"]),
        "subjects": items(row["subjects"]),
        "subjectCodes": items(row["subjectCodes"]),
        "periods": items(row["periods"]),
        "course": _to(row["courseSourcedId"], "course"),
        **_one(row, "schoolSourcedId", "school", "org"),
        "terms": _refs(row["termSourcedIds"], "academicSession"),
        "resources": [],
    }


def _user(row: Row) -> dict[str, Any]:
    return {
        **_texts(row, "username", "givenName", "familyName", "middleName", "email", "sms", "phone", "identifier"),
        "userIds": [{"type": kind, "identifier": key} for kind, key in _USER_ID.findall(row["userIds"] or "")],
        "enabledUser": row["enabledUser"],
        "role": row["role"],
        "orgs": _refs(row["orgSourcedIds"], "org"),
        "grades": items(row["grades"]),
    }


def _agent_refs(agents: dict[str, list[str]], row: Row) -> list[dict[str, str]]:
    return [_to(agent, "user") for agent in agents[row["sourcedId"]]]


def _enrollment(row: Row) -> dict[str, Any]:
    return {
        "class": _to(row["classSourcedId"], "class"),
        "user": _to(row["userSourcedId"], "user"),
        "school": _to(row["schoolSourcedId"], "org"),
        **{name: row[name] for name in ("role", "primary", "beginDate", "endDate")},
    }


def _demographics(row: Row) -> dict[str, Any]:
    known = {name: value for name, value in row.items() if name not in ("sourcedId", "status", "dateLastModified")}
    return {name: value for name, value in known.items() if value is not None}


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
