"""Defects to plant in a neutral district: each says what every source must then count.

``planted`` is what was planted, by question. ``otherwise`` is what a source finds in its place, and why: a capability
says so (``class.no-students`` at Clever: a class without students is not shown).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from providers.one_sis.district import Neutral, Row

SOURCES = ("oneroster", "oneroster-rest", "classlink", "clever", "clever-csv", "table")
WITHOUT_PEOPLE = {
    *("staff.at-district", "student.several-schools", "student.loses-school"),
    *("student.unreachable", "student.many-guardians"),
    *("student.oversharing", "student.no-class", "student.no-homeroom"),
}
"""Questions about students and staff that need schools, links or classes."""


@dataclass
class Planted:
    """What was planted, by question; and by (question, source) what differs and the capability that says so."""

    counts: dict[str, int] = field(default_factory=dict)
    otherwise: dict[tuple[str, str], tuple[int | None, str]] = field(default_factory=dict)

    def expected(self, question: str, source: str) -> int | None:
        return self.otherwise[question, source][0] if (question, source) in self.otherwise else self.counts[question]


class _Taken:
    """Hands out records that no other defect has."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def __call__(self, what: str, rows: list[Row], count: int) -> list[Row]:
        start = self._used.get(what, 0)
        self._used[what] = start + count
        return rows[start : start + count]


def plant(made: Neutral) -> Planted:
    """Plants all of them."""
    planted, take = Planted(), _Taken()
    _people(made, planted, take)
    _guardians(made, planted, take)
    _classes(made, planted, take)
    _records(made, planted)
    _of_clever_files(made, planted)
    _of_table(made, planted)
    return planted


def _people(made: Neutral, planted: Planted, take: _Taken) -> None:
    # Students of guardians come first to hand: those of later lines are left to the questions about guardians.
    students, staff = made.students, [row for row in made.staff if row["role"] == "teacher"]
    blanks = {
        "student.no-number": ("identifier", students, 5),
        "student.no-email": ("email", students, 11),
        "student.no-username": ("username", students, 6),
        "staff.no-number": ("identifier", staff, 4),
        "staff.no-email": ("email", staff, 3),
        "staff.no-username": ("username", staff, 2),
    }
    for question, (column, rows, count) in blanks.items():
        for row in take("staff" if rows is staff else "student", rows, count):
            row[column] = None
        planted.counts[question] = count
    for question, column, rows, kind in (
        ("student.same-number", "identifier", students, "student"),
        ("student.shared-email", "email", students, "student"),
        ("staff.shared-email", "email", staff, "staff"),
    ):
        four = take(kind, rows, 4)
        for first, second in (four[:2], four[2:]):
            second[column] = first[column]
        planted.counts[question] = 4
    four = take("student", students, 4)
    for first, second in (four[:2], four[2:]):
        second |= {name: first[name] for name in ("givenName", "familyName", "grades", "orgSourcedIds")}
    planted.counts["student.same-person"] = 4
    for row in take("aide", [row for row in made.staff if row["role"] == "aide"], 3):
        row["orgSourcedIds"] = made.district
    planted.counts["staff.at-district"] = 3
    last = made.schools[-1]["sourcedId"]
    for row in take("student", students, 6):
        row["orgSourcedIds"] = f"{row['orgSourcedIds']},{last}"
    planted.counts["student.several-schools"] = planted.counts["student.loses-school"] = 6


def _guardians(made: Neutral, planted: Planted, take: _Taken) -> None:
    of_student: dict[str, list[str]] = {}
    of_guardian: dict[str, list[str]] = {}
    for adult_id, child_id in made.links:
        of_student.setdefault(child_id, []).append(adult_id)
        of_guardian.setdefault(adult_id, []).append(child_id)
    by_id = {row["sourcedId"]: row for row in made.files["users"]}
    # Families of one guardian and one child: what is planted in one touches nobody else.
    small = [
        by_id[s] for s, adults in reversed(of_student.items()) if len(adults) == 1 and of_guardian[adults[0]] == [s]
    ]

    def adult(student: Row) -> Row:
        return by_id[of_student[student["sourcedId"]][0]]

    gone = take("family", small, 8)
    removed = {adult(student)["sourcedId"] for student in gone}
    made.links = {pair: link for pair, link in made.links.items() if pair[0] not in removed}
    kept_alone = take("family", small, 5)
    for student in kept_alone:  # the guardians stay, the links go
        del made.links[adult(student)["sourcedId"], student["sourcedId"]]
    made.files["users"] = [row for row in made.files["users"] if row["sourcedId"] not in removed]
    planted.counts["student.no-guardian"], planted.counts["guardian.unlinked"] = 8 + 5, 5
    for source in ("clever", "clever-csv"):
        planted.otherwise["guardian.unlinked", source] = (0, "a contact without a student is nobody's")
    for student in take("family", small, 4):
        adult(student).update(email=None, phone=None)
    planted.counts["student.unreachable"] = planted.counts["guardian.no-contact"] = 4
    for student in take("family", small, 9):
        made.links[adult(student)["sourcedId"], student["sourcedId"]]["sides"] = {"student"}
    planted.counts["guardian.one-side"] = 9
    many = take("family", small, 2)
    others = [adult(student)["sourcedId"] for student in take("family", small, 5)]
    for student in many:
        for other in others:
            made.links[other, student["sourcedId"]] = {
                "sides": {"student", "guardian"}, "relationship": "Parent", "type": "Parent/Guardian"
            }  # fmt: skip
    planted.counts["student.many-guardians"] = 2
    _told_apart(made, planted, lambda count: [(student, adult(student)) for student in take("family", small, count)])


def _told_apart(made: Neutral, planted: Planted, families: Callable[[int], list[tuple[Row, Row]]]) -> None:
    """By what guardians are told apart; ``families`` hands out so many pairs of a student and the one guardian."""
    for _, adult in families(7):
        adult["orgSourcedIds"] = made.district
    planted.counts["guardian.at-district"] = 7
    for student, adult in families(12):
        made.links[adult["sourcedId"], student["sourcedId"]] |= {"relationship": "Other", "type": "Primary"}
    planted.counts["guardian.no-type"] = 12
    for _, adult in families(10):
        adult["without_id"] = True
    planted.counts["guardian.no-stable-id"] = 10
    for question, column in (("guardian.shared-email", "email"), ("guardian.shared-phone", "phone")):
        four = [adult for _, adult in families(4)]
        for first, second in (four[:2], four[2:]):
            second[column] = first[column]
        planted.counts[question] = 4
    for source in ("oneroster", "oneroster-rest", "classlink"):
        planted.otherwise["guardian.no-type", source] = (0, "it has roles and no types of contacts")
        planted.otherwise["guardian.no-stable-id", source] = (0, "guardians are users with ids")
    for question in ("guardian.one-side", "guardian.at-district"):
        for source in ("clever", "clever-csv"):
            planted.otherwise[question, source] = (None, "contacts have no organisation and state links alone")


def _classes(made: Neutral, planted: Planted, take: _Taken) -> None:
    classes = {row["sourcedId"]: row for row in made.files["classes"]}
    enrollments = made.files["enrollments"]
    students = made.students[-60:]  # the questions about people and families have others

    def of(student: Row) -> list[Row]:
        return [row for row in enrollments if row["userSourcedId"] == student["sourcedId"]]

    def drop(rows: list[Row]) -> None:
        gone = {row["sourcedId"] for row in rows}
        enrollments[:] = [row for row in enrollments if row["sourcedId"] not in gone]

    taught: dict[str, list[Row]] = {}
    for row in enrollments:
        if row["role"] == "teacher":
            taught.setdefault(row["classSourcedId"], []).append(row)
    for student in take("classes", students, 5):
        known = {row["classSourcedId"] for row in of(student)}
        at = student["orgSourcedIds"]
        other = next(
            key  # with two teachers: classes of one teacher have defects of their own below
            for key, row in classes.items()
            if row["schoolSourcedId"] == at and len(taught[key]) == 2 and key not in known
        )
        enrollments.append(dict(of(student)[0], sourcedId=f"more-{student['sourcedId']}", classSourcedId=other))
    planted.counts["student.oversharing"] = 5
    for student in take("classes", students, 3):
        drop(of(student))
    planted.counts["student.no-class"] = 3
    for student in take("classes", students, 4):
        drop([row for row in of(student) if classes[row["classSourcedId"]]["classType"] == "homeroom"])
    planted.counts["student.no-homeroom"] = 3 + 4
    plain = [row for row in classes.values() if row["classType"] == "scheduled"]
    alone = [row for row in plain if len(taught[row["sourcedId"]]) == 1]
    same = take("plain", alone, 3)
    for row in same[1:]:
        row["courseSourcedId"] = same[0]["courseSourcedId"]
        taught[row["sourcedId"]][0]["userSourcedId"] = taught[same[0]["sourcedId"]][0]["userSourcedId"]
    planted.counts["class.several-of-course"] = 1
    empty = {row["sourcedId"] for row in take("plain", alone, 4)}
    drop([row for row in enrollments if row["classSourcedId"] in empty and row["role"] == "student"])
    planted.counts["class.no-students"] = 4
    planted.otherwise["class.no-students", "clever"] = (0, "a class without students is not shown")
    bare = {row["sourcedId"] for row in take("plain", alone, 3)}
    drop([row for row in enrollments if row["classSourcedId"] in bare and row["role"] == "teacher"])
    planted.counts["class.no-teacher"] = 3
    four = take("plain", [row for row in alone if row["schoolSourcedId"] == made.schools[1]["sourcedId"]], 14)[10:]
    for first, second in (four[:2], four[2:]):
        second["title"] = first["title"]
    planted.counts["class.same-title"] = 4
    summer = _session(made, "summer-26", "Summer 2026", "2026-06-15", "2026-08-01")
    for row in plain[-3:]:
        row["termSourcedIds"] = summer
    planted.counts["class.past"] = 3
    for row in plain[-5:-3]:
        row["termSourcedIds"] = None
    planted.counts["class.no-term"] = 2


def _session(made: Neutral, key: str, title: str, start: str | None, end: str | None) -> str:
    semester = next(row for row in made.files["academicSessions"] if row["type"] == "semester")
    made.files["academicSessions"].append(dict(semester, sourcedId=key, title=title, startDate=start, endDate=end))
    return key


def _records(made: Neutral, planted: Planted) -> None:
    first = made.schools[0]
    made.files["orgs"].append(dict(first, sourcedId="empty-school", name="Empty School", identifier="099999"))
    planted.counts["school.no-students"] = 1
    made.schools[2]["identifier"] = None
    planted.counts["school.no-number"] = 1
    made.schools[4]["name"] = made.schools[3]["name"]
    planted.counts["school.same"] = 2
    _session(made, "bridge", "Bridge", "2027-01-05", "2027-02-01")
    planted.counts["term.overlap"] = 3  # the bridge, and the semesters that it overlaps
    _session(made, "open", "Open", None, None)
    planted.counts["term.no-dates"] = 1
    for number, row in enumerate(row for row in made.files["enrollments"][:6]):
        made.files["enrollments"].append(dict(row, sourcedId=f"lost-{number}", userSourcedId=f"nobody-{number}"))
    planted.counts["reference.missing"] = 6
    at = made.schools[3]["sourcedId"]
    lost = [row for row in made.files["classes"] if row["schoolSourcedId"] == at][-1]
    lost["schoolSourcedId"] = None
    planted.counts["record.unusable"] = 1
    named = sum(1 for row in made.files["enrollments"] if row["classSourcedId"] == lost["sourcedId"])
    planted.counts["reference.missing"] += named
    without = ("a class without a school is kept, with a cell that cannot be used", "usernames and days are required")
    planted.otherwise["reference.missing", "oneroster"] = (6, without[0])
    planted.otherwise["record.unusable", "oneroster"] = (1 + 8 + 2, without[1])
    planted.otherwise["reference.missing", "clever"] = (6, "a class and its members are one record")


def _of_clever_files(made: Neutral, planted: Planted) -> None:
    """What the files that districts upload to Clever cannot say."""
    for question in ("term.no-dates", "term.overlap"):
        planted.otherwise[question, "clever-csv"] = (
            0,
            "terms are columns of sections: one without sections is not there",
        )
    planted.otherwise["record.unusable", "clever-csv"] = (0, "a section without a school is kept")
    at_district = {row["sourcedId"] for row in made.staff if row["orgSourcedIds"] == made.district}
    taught = [row for row in made.files["enrollments"] if row["role"] == "teacher"]
    lost = [row for row in taught if row["userSourcedId"] in at_district]
    theirs = {row["classSourcedId"] for row in lost} - {
        row["classSourcedId"] for row in taught if row["userSourcedId"] not in at_district
    }
    why = "a section names teachers only, and staff of the district are none"
    planted.otherwise["reference.missing", "clever-csv"] = (6 + len(lost), why)
    planted.otherwise["class.no-teacher", "clever-csv"] = (planted.counts["class.no-teacher"] + len(theirs), why)


def _of_table(made: Neutral, planted: Planted) -> None:
    """A table has people and their roles, and nothing else."""
    people = {"guardian.unlinked", "student.no-guardian"} | {
        question
        for question in planted.counts
        if question.partition(".")[0] in ("student", "staff") and question not in WITHOUT_PEOPLE
    }
    for question in planted.counts.keys() - people:
        planted.otherwise[question, "table"] = (None, "it has no links, classes, schools and terms")
    planted.otherwise["guardian.unlinked", "table"] = (len(made.guardians), "it has no links")
    planted.otherwise["student.no-guardian", "table"] = (len(made.students), "it has no links")
    for question in ("reference.missing", "record.unusable"):
        planted.otherwise[question, "table"] = (0, "what was planted is in no row of people")
