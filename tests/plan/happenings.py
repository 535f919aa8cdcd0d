"""What happens to a small district between two packages, for hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from rosterkit.roster.schema import by_name, entities

Truth = dict[str, dict[str, dict[str, Any]]]  # entity, sourced id, values

NAMES = ("Ines", "Kofi", "Zofia", "Mateo", "Ayumi", "Tariq", "Odalys", "Bram")
GRADES = ("PK", "KG", "01", "02", "03")
FAMILIES = ("Quispe", "Mensah", "Nowak", "Fofana", "Lindqvist", "Achterberg")
SOFT: dict[str, dict[str, Sequence[Any]]] = {  # what an edit may write, blank among it
    "Org": {"name": ["North", "South"], "identifier": ["1", None], "type": ["school", "district"]},
    "AcademicSession": {"title": ["Fall", "Spring"]},
    "Course": {"title": ["Art", "Music"], "code": ["A1", None]},
    "Class": {"title": ["1a", "2b"], "location": ["Hall", None], "periods": ['["1"]', None]},
    "User": {
        "given_name": NAMES,
        "family_name": FAMILIES,
        "email": ["one@x.example", "two@x.example", None],
        "identifier": ["n1", "n2", "n3", None],
        "username": ["u0", "u1", "u2", None],
        "state_id": ["s1", "s2", None],
        "enabled": [True, False, None],
        "grades": ['["04"]', '["05"]', None],
    },
    "UserProfile": {"username": ["u1", None]},
    "Role": {"type": ["primary", "secondary", None], "role": ["student", "teacher", None]},
    "Enrollment": {"primary": [True, False, None], "begin_date": ["2026-08-20", None]},
    "GuardianLink": {"relationship": ["mother", "guardian", None]},
    "Demographics": {"birth_date": ["2015-04-01", "2014-11-30", None]},
}


def add_person(truth: Truth, i: int, school: int, role: str, *, extras: bool) -> None:
    key = f"P{i}"
    truth["User"][key] = {
        "given_name": NAMES[i % len(NAMES)],
        "family_name": FAMILIES[i % len(FAMILIES)],
        "email": f"{key}@x.example",
        "identifier": f"i{i}",
        "username": f"u{i}",
        "primary_org": f"S{school}",
        "enabled": True,
    }
    truth["Role"][f"{key}|S{school}"] = {"user": key, "org": f"S{school}", "role": role, "type": "primary"}
    if role == "student":
        truth["User"][key]["grades"] = f'["{GRADES[i % 4]}"]'
    if extras:
        truth["Demographics"][key] = {"user": key, "birth_date": f"2015-01-{i % 27 + 1:02}"}
        if i % 3 == 0:
            truth["UserProfile"][f"{key}-u"] = {"user": key, "username": key.lower()}
            truth["Role"][f"{key}|S{school}"]["user_profile"] = f"{key}-u"
    if role == "guardian":
        child = f"P{i % 3}"
        statement = {"asserted_by": "student", "guardian": key, "student": child, "relationship": "father"}
        truth["GuardianLink"][f"{child}|{key}"] = statement
    else:
        for c in (f"C{school}0", f"C{school}{i % 2}"):
            truth["Enrollment"][f"{c}-{key}"] = {
                "class": c,
                "user": key,
                "school": f"S{school}",
                "role": role,
                "primary": False,
            }


def change(truth: Truth, draw: Any) -> None:
    """One thing that happens to the district."""
    happens(truth, draw, draw(st.sampled_from(EVENTS)))


def happens(truth: Truth, draw: Any, what: str) -> None:
    """That thing happens to the district, many of them to one drawn record."""
    name = draw(st.sampled_from([name for name, rows in truth.items() if rows]))
    _HAPPENINGS[what](truth, name, draw(st.sampled_from(sorted(truth[name]))), draw)


def _edit(truth: Truth, name: str, key: str, draw: Any) -> None:
    if name in SOFT:
        label = draw(st.sampled_from(sorted(SOFT[name])))
        truth[name][key][label] = draw(st.sampled_from(SOFT[name][label]))


def _drop(truth: Truth, name: str, key: str, _draw: Any) -> None:
    del truth[name][key]


def _leave(truth: Truth, name: str, key: str, _draw: Any) -> None:
    _with_children(truth, name, key)


def _add(truth: Truth, _name: str, _key: str, draw: Any) -> None:
    role = draw(st.sampled_from(["student", "guardian"]))
    add_person(truth, draw(st.integers(0, 18)), 0, role, extras=draw(st.booleans()))


def rekey(truth: Truth, name: str, key: str, _draw: Any = None) -> None:
    """A record gets another id."""
    truth[name][f"{key}'"] = truth[name].pop(key)
    rename(truth, name, key, f"{key}'")


def _reuse(truth: Truth, _name: str, _key: str, draw: Any) -> None:
    """A person's id is given to another."""
    if truth["User"]:
        key, number = draw(st.sampled_from(sorted(truth["User"]))), draw(st.sampled_from(["z9", None]))
        truth["User"][key] |= {"given_name": "Wren", "family_name": "Okafor", "identifier": number}
        truth["Demographics"].get(key, {})["birth_date"] = "2013-02-03"


def _zeros(truth: Truth, name: str, _key: str, draw: Any) -> None:
    for old in sorted(truth[name])[: draw(st.integers(1, 8))]:
        truth[name][f"0{old}"] = truth[name].pop(old)


def _shrink(truth: Truth, name: str, _key: str, draw: Any) -> None:
    for gone in sorted(truth[name])[: draw(st.integers(2, 12))]:
        del truth[name][gone]


def _domain(truth: Truth, _name: str, _key: str, _draw: Any) -> None:
    """The e-mail domain is renamed."""
    for person in truth["User"].values():
        person["email"] = str(person.get("email") or "").replace("@x.", "@y.") or None


def _crowd(truth: Truth, _name: str, _key: str, draw: Any) -> None:
    """Many new people come."""
    first, school = draw(st.integers(20, 22)), draw(st.integers(0, 1))
    for number in range(first, first + draw(st.integers(2, 6))):
        add_person(truth, number, school, draw(st.sampled_from(["student", "student", "guardian"])), extras=False)


def _close(truth: Truth, _name: str, _key: str, draw: Any) -> None:
    """A school closes; its people leave or move to the district."""
    schools = [key for key in sorted(truth["Org"]) if key.startswith("S")]
    if not schools:
        return
    school = draw(st.sampled_from(schools))
    for key, row in [*truth["Role"].items()]:
        if row.get("org") == school and draw(st.booleans()):
            truth["Role"][key] = row | {"org": "D"}
    _with_children(truth, "Org", school)
    for person in truth["User"].values():
        if person.get("primary_org") == school:
            person["primary_org"] = "D"


def _every(truth: Truth, name: str, _key: str, draw: Any) -> None:
    """A field of every record changes: to one of few values, to blank, or to that of the record before."""
    if name not in SOFT:
        return
    label = draw(st.sampled_from(sorted(SOFT[name])))
    rows = list(truth[name].values())
    before = [row.get(label) for row in rows]
    how = draw(st.sampled_from(["drawn", "shifted", "one"]))
    one = draw(st.sampled_from(SOFT[name][label]))
    for at, row in enumerate(rows):
        drawn = draw(st.sampled_from(SOFT[name][label])) if how == "drawn" else one
        row[label] = before[at - 1] if how == "shifted" else drawn


def _rise(truth: Truth, _name: str, _key: str, draw: Any) -> None:
    """The grades of students rise by one; some of them move on to another school."""
    rising = dict(pairwise(GRADES)) | {"04": "05"}
    for key, person in truth["User"].items():
        to = rising.get(str(person.get("grades"))[2:4])
        if to and draw(st.sampled_from([True, True, False])):
            person["grades"] = f'["{to}"]'
            if draw(st.booleans()):
                _move_on(truth, key, draw(st.sampled_from(["S0", "S1"])), anew=draw(st.booleans()))


def _move_on(truth: Truth, key: str, school: str, *, anew: bool) -> None:
    """A student gets another school: by other values in the same role, or by another role."""
    truth["User"][key]["primary_org"] = school
    for name, role in [*truth["Role"].items()]:
        if role.get("user") == key:
            if anew:
                del truth["Role"][name]
            truth["Role"][f"{key}|{school}" if anew else name] = role | {"org": school}


def _with_children(truth: Truth, name: str, key: str) -> None:
    """A record goes and takes with it what requires it, as an SIS does it well."""
    truth[name].pop(key, None)
    for child in entities():
        for column in child.refs:
            if column.to == name and column.required:
                for row in [k for k, v in truth[child.name].items() if v.get(column.label) == key]:
                    _with_children(truth, child.name, row)


def rename(truth: Truth, name: str, key: str, new: str) -> None:
    """What refers to a record by that id does so by the new one."""
    for child in entities():
        for column in child.refs:
            for row in truth[child.name].values():
                if column.to == name and row.get(column.label) == key:
                    row[column.label] = new


def _point(truth: Truth, name: str, key: str, draw: Any) -> None:
    """A reference moves to another record, to none or to nowhere."""
    refs = by_name(name).refs
    if refs:
        column = draw(st.sampled_from(refs))
        others = sorted(truth[str(column.to)])
        truth[name][key][column.label] = draw(st.sampled_from([*others, "nowhere", None]))


_HAPPENINGS: dict[str, Callable[[Truth, str, str, Any], None]] = {
    "edit": _edit,
    "drop": _drop,
    "leave": _leave,
    "add": _add,
    "point": _point,
    "rekey": rekey,
    "reuse": _reuse,
    "shrink": _shrink,
    "every": _every,
    "zeros": _zeros,
    "domain": _domain,
    "crowd": _crowd,
    "close": _close,
    "rise": _rise,
}
EVENTS = [*_HAPPENINGS, "edit", "drop", "every"]
