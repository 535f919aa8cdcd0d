"""Questions about people: who is there, what they lack, and who is there twice."""

from __future__ import annotations

from functools import partial

import polars as pl

from rosterkit.compare.delivered import FAMILY, Roster
from rosterkit.compare.question import Found, Question
from rosterkit.compare.settings import CompareSettings

_NEEDS = ("User", "Role")
_WORDS = {"student": "students", "staff": "staff", "guardian": "guardians"}


def folded(column: str) -> pl.Expr:
    """A name as it is compared: letters and digits only, without case and accents; null where nothing is left."""
    letters = pl.col(column).str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}\p{Nd}]", "")
    return pl.when(letters != "").then(letters)


def _everybody(group: str, roster: Roster, _settings: CompareSettings) -> Found:
    people = roster.of(group)
    by_role = roster.table("Role").join(people.select("key"), left_on="user", right_on="key", how="semi")
    counts = by_role.group_by("role").agg(pl.col("user").n_unique()).sort("user", "role", descending=[True, False])
    detail = ", ".join(f"{role} {count:,}" for role, count in counts.filter(_of_group(group)).iter_rows())
    return Found(people.select("key").clear(), 0, detail, count=people.height)


def _of_group(group: str) -> pl.Expr:
    role = pl.col("role")
    if group == "student":
        return role == "student"
    return role.is_in(FAMILY) if group == "guardian" else ~role.is_in(["student", *FAMILY])


def _without(group: str, column: str, roster: Roster, _settings: CompareSettings) -> Found:
    people = roster.of(group)
    return Found(people.filter(pl.col(column).is_null()).select("key", "given_name", "school_name"), people.height)


def _same(group: str, column: str, roster: Roster, _settings: CompareSettings) -> Found:
    """People of that group who share a value with somebody of another name, or with another record of their own."""
    people = roster.of(group).filter(pl.col(column).is_not_null())
    value = pl.col(column).str.to_lowercase()
    return Found(people.filter(value.is_duplicated()).select("key", column, "school_name"), roster.of(group).height)


def _same_person(roster: Roster, _settings: CompareSettings) -> Found:
    """Students of one name and grade at one school whose numbers do not tell them apart."""
    students = roster.of("student").with_columns(given=folded("given_name"), family=folded("family_name"))
    together = students.drop_nulls(["given", "family"]).filter(
        pl.struct("given", "family", "grades", "school").is_duplicated()
    )
    return Found(together.select("key", "given_name", "family_name", "grades", "school_name"), students.height)


def _district_staff(roster: Roster, _settings: CompareSettings) -> Found:
    staff = roster.of("staff")
    at_school = roster.roles.filter(pl.col("at_school") & ~pl.col("role").is_in(["student", *FAMILY]))
    rows = staff.join(at_school, left_on="key", right_on="user", how="anti")
    return Found(rows.select("key", "given_name"), staff.height)


def _several_schools(roster: Roster, _settings: CompareSettings) -> Found:
    students = roster.of("student")
    at = roster.roles.filter(pl.col("at_school") & (pl.col("role") == "student"))
    several = at.group_by("user").agg(schools=pl.col("org").n_unique()).filter(pl.col("schools") > 1)
    rows = students.join(several, left_on="key", right_on="user")
    return Found(rows.select("key", "schools", "school_name"), students.height)


def _loses_school(roster: Roster, _settings: CompareSettings) -> Found:
    """Students with a role or a class at a school that is not their primary one."""
    students = roster.of("student").select("key", "school", "school_name")
    at_role = roster.roles.filter(pl.col("at_school") & (pl.col("role") == "student")).select(key="user", at="org")
    member = roster.members.filter(pl.col("role") == "student")
    classes = roster.table("Class").select("key", at="school")
    at_class = member.select("class", key="user").join(classes, left_on="class", right_on="key").select("key", "at")
    schools = roster.schools.select(at="key", lost_school="name")
    elsewhere = pl.concat([at_role, at_class]).unique().join(students, on="key").join(schools, on="at")
    lost = elsewhere.filter(pl.col("at") != pl.col("school")).group_by("key").agg(pl.col("lost_school").sort())
    rows = students.join(lost, on="key").select("key", "school_name", "lost_school")
    return Found(rows, students.height)


def _question(
    code: str,
    text: str,
    remedy: str,
    find: partial[Found],
    *,
    warning: float | None = None,
    error: float | None = None,
    reference: str = "",
    total: bool = False,
    needs: tuple[str, ...] = _NEEDS,
) -> Question:
    return Question(code, "People", text, remedy, find, needs, warning, error, reference, total)


_EVERYBODY = [
    _question(
        f"people.{group}",
        f"How many {word} are there?",
        "Compare the count with what the office knows.",
        partial(_everybody, group),
        total=True,
    )
    for group, word in _WORDS.items()
]

_LACKS = [
    _question(
        "student.no-number",
        "Which students have no student number?",
        "Export the number from the SIS: products recognise a student by it from year to year.",
        partial(_without, "student", "identifier"),
        warning=0,
        error=2,
    ),
    _question(
        "student.no-email",
        "Which students have no e-mail address?",
        "Create the accounts first, or choose products that do not need an address for a student.",
        partial(_without, "student", "email"),
        warning=5,
    ),
    _question(
        "student.no-username",
        "Which students have no username?",
        "Map the directory's login name to the username in the SIS or at the vendor.",
        partial(_without, "student", "username"),
        warning=5,
    ),
    _question(
        "staff.no-number",
        "Which members of staff have no staff number?",
        "Export the number from the SIS.",
        partial(_without, "staff", "identifier"),
        warning=5,
    ),
    _question(
        "staff.no-email",
        "Which members of staff have no e-mail address?",
        "Add the address in the SIS: staff cannot be invited without one.",
        partial(_without, "staff", "email"),
        warning=1,
        error=10,
    ),
    _question(
        "staff.no-username",
        "Which members of staff have no username?",
        "Map the directory's login name to the username in the SIS or at the vendor.",
        partial(_without, "staff", "username"),
        warning=5,
    ),
    _question(
        "staff.at-district",
        "Which members of staff belong to the district and to no school?",
        "Ask the product whether it takes staff of the district from this source, and assign the others a school.",
        partial(_district_staff),
        needs=(*_NEEDS, "Org"),
        reference="C15",
    ),
]

_TWICE = [
    _question(
        "student.same-number",
        "Which students share a student number?",
        "Correct the numbers in the SIS: one child's record may reach another child's account.",
        partial(_same, "student", "identifier"),
        warning=0,
        error=0.2,
    ),
    _question(
        "student.same-person",
        "Which students have the same name, grade and school as another?",
        "Look at each pair in the SIS: merge the records that are one child.",
        partial(_same_person),
        warning=2,
    ),
    _question(
        "student.shared-email",
        "Which students share an e-mail address?",
        "Give each student an address: a shared one gives two children one account.",
        partial(_same, "student", "email"),
        warning=0,
        error=1,
    ),
    _question(
        "staff.shared-email",
        "Which members of staff share an e-mail address?",
        "Use personal addresses in the SIS, not those of an office.",
        partial(_same, "staff", "email"),
        warning=0,
        error=5,
    ),
]

_SCHOOLS = [
    _question(
        "student.several-schools",
        "Which students attend several schools?",
        "Check that each has the right primary school in the SIS.",
        partial(_several_schools),
        needs=(*_NEEDS, "Org"),
        reference="C33",
    ),
    _question(
        "student.loses-school",
        "Which students would lose a school where only the primary one comes?",
        "Send the roster through rosterkit, if the product would take the primary school only.",
        partial(_loses_school),
        needs=(*_NEEDS, "Org"),
        warning=2,
        reference="C33",
    ),
]

PEOPLE_QUESTIONS = (*_EVERYBODY, *_LACKS, *_TWICE, *_SCHOOLS)
