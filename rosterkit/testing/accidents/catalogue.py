"""The accidents: what happens to the package, which cause a plan must name, and which guard keeps it from harm."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from rosterkit.plan import causes
from rosterkit.testing.accidents.tables import Change, Package, header, moved, table, text, within

__all__ = ["ACCIDENTS", "Accident"]

_PEOPLE = ("student", "teacher", "aide", "guardian", "parent", "relative")
_STUDENTS = ("student",)
_REFERENCES = {  # every column that holds ids of users, by file; lists of ids are separated by commas
    "users": ("sourcedId", "agentSourcedIds"),
    "enrollments": ("userSourcedId",),
    "demographics": ("sourcedId",),
}


@dataclass(frozen=True, slots=True)
class Accident:
    """``cause``: what must stand in a reason or a finding (any one of them). ``guards``: what is taken out to show the
    harm: limits, coverage, cases, grace. ``harmless``: how many records come that nothing refers to.
    """

    name: str
    change: Change
    cause: tuple[str, ...]
    guards: tuple[str, ...] = ("limits",)
    harmless: int = 0
    later: tuple[Change, ...] = ()  # what the packages of the next days are like, where it goes on for days


def _every_user_id(new: Callable[[pl.Expr], pl.Expr]) -> Change:
    def change(package: Package) -> Package:
        for name, columns in _REFERENCES.items():
            if name in package.tables:
                each = {c: pl.col(c).str.split(",").list.eval(new(pl.element())).list.join(",") for c in columns}
                package = package.with_table(name, package.tables[name].with_columns(**each))
        return package

    return change


def _both(*changes: Change) -> Change:
    def change(package: Package) -> Package:
        for one in changes:
            package = one(package)
        return package

    return change


def _columns(name: str, **columns: pl.Expr) -> Change:
    return table(name, lambda rows: rows.with_columns(**columns))


def _prefixed(value: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("JV-"), value)


def _swapped(old: str, new: str) -> pl.Expr:
    return pl.col("role").replace({old: new, new: old})


def _renumbered(package: Package) -> Package:
    """Classes under new ids, in every file that names them."""
    classes = package.tables["classes"]
    new = classes.select(old="sourcedId", new=pl.format("9{}", pl.int_range(pl.len()) + 100_000))
    ids = dict(new.iter_rows())
    package = package.with_table("classes", classes.with_columns(pl.col("sourcedId").replace(ids)))
    enrollments = package.tables["enrollments"].with_columns(pl.col("classSourcedId").replace(ids))
    return package.with_table("enrollments", enrollments)


def _another_district(package: Package) -> Package:
    """The same shape under other ids everywhere, and other names."""
    ids = {"sourcedId", *(c for rows in package.tables.values() for c in rows.columns if "SourcedId" in c)}
    for name, rows in package.tables.items():
        each = {
            c: pl.col(c).str.split(",").list.eval(pl.element().str.reverse() + pl.lit("x")).list.join(",")
            for c in ids & set(rows.columns)
        }
        package = package.with_table(name, rows.with_columns(**each))
    people = package.tables["users"].with_columns(**moved(7, "givenName", "familyName", "email"))
    return package.with_table("users", people)


def _year_before(name: str) -> pl.Expr:
    return pl.col(name).str.to_date(strict=False).dt.offset_by("-1y").dt.to_string("%Y-%m-%d")


def _last_year(package: Package) -> Package:
    sessions = package.tables["academicSessions"].with_columns(
        startDate=_year_before("startDate"), endDate=_year_before("endDate"), schoolYear=pl.lit("2026")
    )
    lower = (pl.col("grades").cast(pl.Int32, strict=False) - 1).cast(pl.String).str.zfill(2)
    users = within(_STUDENTS, grades=pl.coalesce(lower, "grades"))(package.tables["users"])
    enrollments = package.tables["enrollments"].with_columns(
        beginDate=_year_before("beginDate"), endDate=_year_before("endDate")
    )
    return replace(
        package,
        tables={**package.tables, "academicSessions": sessions, "users": users, "enrollments": enrollments},
    )


def _one_school(package: Package) -> Package:
    """The people and enrollments of one school are not in the package."""
    school = str(package.tables["enrollments"]["schoolSourcedId"][0])
    users = package.tables["users"].filter(pl.col("orgSourcedIds") != school)
    enrollments = package.tables["enrollments"].filter(pl.col("schoolSourcedId") != school)
    return package.with_table("users", users).with_table("enrollments", enrollments)


def _left(package: Package) -> Package:
    """A cell of each student was lost, and those after it moved to the left."""
    cells = ("givenName", "familyName", "middleName", "identifier", "email")
    left = {old: pl.col(new) for old, new in itertools.pairwise(cells)}
    return package.with_table("users", within(_STUDENTS, **left)(package.tables["users"]))


def _reparented(package: Package) -> Package:
    orgs = package.tables["orgs"]
    head = orgs.filter(pl.col("type") == "district").with_columns(
        sourcedId=pl.lit("new-district"), parentSourcedId=None
    )
    moved_orgs = orgs.with_columns(
        parentSourcedId=pl.when(pl.col("type") == "school").then(pl.lit("new-district")).otherwise("parentSourcedId")
    )
    return package.with_table("orgs", pl.concat([moved_orgs, head.select(orgs.columns)], how="vertical_relaxed"))


def _one_identity(package: Package) -> Package:
    """One student's id is given to a new child: other names, number and birth date."""
    first = pl.int_range(pl.len()) == 0
    people = within(
        _STUDENTS,
        givenName=pl.when(first).then(pl.lit("Oluwaseun")).otherwise("givenName"),
        familyName=pl.when(first).then(pl.lit("Vandermeer")).otherwise("familyName"),
        identifier=pl.when(first).then(pl.lit("99999999")).otherwise("identifier"),
    )
    return package.with_table("users", people(package.tables["users"]))


def _two_students(package: Package) -> tuple[dict[str, str], dict[str, str]]:
    """Two students who have no guardian in the file, and no name in common."""
    students = package.tables["users"].filter((pl.col("role") == "student") & pl.col("agentSourcedIds").is_null())
    one = students.row(0, named=True)
    others = students.filter(*(pl.col(name) != one[name] for name in ("givenName", "familyName")))
    return one, others.row(0, named=True)


def _ids_swapped(package: Package) -> Package:
    """Two students have each other's id: one row was pasted over the other."""
    one, other = (student["sourcedId"] for student in _two_students(package))
    return _columns("users", sourcedId=pl.col("sourcedId").replace({one: other, other: one}))(package)


def _new_student(*taken: str, leaves: bool) -> Change:
    """A new student comes with these values of another, who ``leaves`` or stays."""

    def change(package: Package) -> Package:
        one, other = _two_students(package)
        own = {
            "sourcedId": "new-student",
            "identifier": "99999999",
            "userIds": "{SIS:99999999}",
            "givenName": "Oluwaseun",
            "familyName": "Vandermeer",
            "username": "ovandermeer",
            "email": "ovandermeer@students.juniper-valley.example",
            **{name: one[name] for name in taken},
        }
        users, gone = package.tables["users"], [one["sourcedId"]] if leaves else []
        new = users.filter(pl.col("sourcedId") == other["sourcedId"]).with_columns(
            pl.lit(value).alias(name) for name, value in own.items()
        )
        people = pl.concat([users.filter(~pl.col("sourcedId").is_in(gone)), new])
        kept = package.tables["enrollments"].filter(~pl.col("userSourcedId").is_in(gone))
        return package.with_table("users", people).with_table("enrollments", kept)

    return change


def _usernames_swapped(package: Package) -> Package:
    one, other = (student["username"] for student in _two_students(package))
    return _columns("users", username=pl.col("username").replace({one: other, other: one}))(package)


def _deleted_by_delta(percent: int) -> Change:
    """A delta that states that so many of a hundred students are gone."""

    def change(package: Package) -> Package:
        students = package.tables["users"].filter(pl.col("role") == "student")
        gone = students.head(students.height * percent // 100)
        deleted = gone.with_columns(status=pl.lit("tobedeleted"), dateLastModified=pl.lit("2026-09-15T00:00:00.000Z"))
        return Package({"users": deleted}, deltas=frozenset({"users"}))

    return change


def _sorted_alone(name: str, column: str) -> Change:
    """One column sorted in a spreadsheet, and the others left as they were."""
    return _columns(name, **{column: pl.col(column).sort()})


def _without_file(name: str) -> Change:
    return lambda package: replace(package, tables={n: rows for n, rows in package.tables.items() if n != name})


def _without_column(name: str, column: str) -> Change:
    return table(name, lambda rows: rows.drop(column))


def _misspelt(package: Package) -> Package:
    """A value of a list that the standard closes is misspelt in a quarter of the rows."""
    hit = pl.int_range(pl.len()) % 4 == 0
    role = pl.when(hit).then(pl.lit("studnet")).otherwise("role")
    return package.with_table("users", within(_STUDENTS, role=role)(package.tables["users"]))


def _utf8_as_latin1(name: str) -> pl.Expr:
    pairs = {c: c.encode().decode("latin-1") for c in "áàâäãéèêëíìîïóòôöõúùûüñçÁÉÍÓÚÑÇßøåæØÅÆőńśćžžčšęąłțāōēī"}
    return pl.col(name).str.replace_many(pairs)


def _first(part: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.head(int(rows.height * part))


def _without(*roles: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.filter(~pl.col("role").is_in(roles))


def _shrinking(part: int) -> Change:
    """Four students of a hundred are missing for each day that has passed, with their enrollments."""

    def change(package: Package) -> Package:
        numbered = package.tables["users"].with_row_index("_row")
        gone = numbered.filter((pl.col("role") == "student") & (pl.col("_row") % 25 < part))["sourcedId"].implode()
        users = package.tables["users"].filter(~pl.col("sourcedId").is_in(gone))
        enrollments = package.tables["enrollments"].filter(~pl.col("userSourcedId").is_in(gone))
        return package.with_table("users", users).with_table("enrollments", enrollments)

    return change


_SHORT = (causes.SHORT, causes.ROLE_MISSING, causes.SCHOOL_MISSING, "cut short", "incomplete")
_OTHERS = (causes.SHIFTED, causes.SORTED)

ACCIDENTS = (
    Accident("one school missing from users and enrollments", _one_school, _SHORT),
    Accident("users: first page only", table("users", _first(0.1)), _SHORT),
    Accident("enrollments: first page only", table("enrollments", _first(0.1)), _SHORT),
    Accident(
        "users: cut short in the middle of a row",
        text("users", lambda b: b[: len(b) // 2]),
        ("csv.", *_SHORT),
        ("limits", "coverage"),
    ),
    Accident(
        "users: header alone", table("users", lambda rows: rows.head(0)), ("csv.empty", *_SHORT), ("limits", "coverage")
    ),
    Accident(
        "users: 4 % of the students lost each day for five days",
        _shrinking(1),
        ("within 7 school days",),
        ("limits", "grace"),
        later=(*map(_shrinking, range(2, 6)), *[_shrinking(5)] * 3),
    ),
    Accident("users: no teacher left", table("users", _without("teacher")), _SHORT),
    Accident("users: nobody of the staff left", table("users", _without("teacher", "aide")), _SHORT),
    Accident("users: no guardian left", table("users", _without("guardian", "parent", "relative")), _SHORT),
    Accident("enrollments: no teacher left", table("enrollments", _without("teacher")), _SHORT),
    Accident("users: no such file", _without_file("users"), ("declares it absent",), ("limits", "coverage")),
    Accident("a delta that deletes 6 % of the students", _deleted_by_delta(6), (*_SHORT, "above the limit")),
    Accident(
        "users: cells of students moved to the left", _left, (*_OTHERS, causes.BLANK, causes.WORD, "above the limit")
    ),
    Accident("user ids prefixed everywhere", _every_user_id(_prefixed), (causes.PREFIXED,)),
    Accident(
        "user ids prefixed in users.csv alone",
        _columns("users", sourcedId=_prefixed(pl.col("sourcedId"))),
        (causes.PREFIXED,),
    ),
    Accident("user ids upper-cased everywhere", _every_user_id(lambda e: e.str.to_uppercase()), (causes.RECASED,)),
    Accident(
        "user ids upper-cased in users.csv alone",
        _columns("users", sourcedId=pl.col("sourcedId").str.to_uppercase()),
        (causes.RECASED,),
    ),
    Accident(
        "user ids zero-stripped everywhere", _every_user_id(lambda e: e.str.strip_chars_start("0")), (causes.STRIPPED,)
    ),
    Accident("all class ids renumbered", _renumbered, (causes.REISSUED, causes.ANOTHER)),
    Accident(
        "all enrollment ids renumbered",
        _columns("enrollments", sourcedId=pl.format("n{}", pl.int_range(pl.len()))),
        (causes.REISSUED,),
    ),
    Accident(
        "users: students and teachers swapped",
        table("users", lambda r: r.with_columns(role=_swapped("student", "teacher"))),
        (causes.SWAPPED, causes.ONE_VALUE, causes.ROLE_MISSING, "above the limit"),
    ),
    Accident(
        "users: everybody is a student",
        _columns("users", role=pl.lit("student")),
        (causes.ONE_VALUE, "above the limit"),
    ),
    Accident(
        "users: everybody is a teacher",
        _columns("users", role=pl.lit("teacher")),
        (causes.ONE_VALUE, "above the limit"),
    ),
    Accident(
        "enrollments: students and teachers swapped",
        table("enrollments", lambda r: r.with_columns(role=_swapped("student", "teacher"))),
        (causes.SWAPPED,),
    ),
    Accident(
        "enrollments: everybody is a teacher", _columns("enrollments", role=pl.lit("teacher")), (causes.ONE_VALUE,)
    ),
    Accident("header renamed: users.email", header("users", "email", "emailAddress"), ("misspelt header",)),
    Accident(
        "header renamed: users.agentSourcedIds", header("users", "agentSourcedIds", "agentIds"), ("misspelt header",)
    ),
    Accident(
        "header renamed: users.orgSourcedIds", header("users", "orgSourcedIds", "orgSourcedId"), ("misspelt header",)
    ),
    Accident(
        "users: column of the agents gone",
        _without_column("users", "agentSourcedIds"),
        ("table.gone",),
        ("limits", "coverage"),
    ),
    Accident(
        "header renamed: users.familyName", header("users", "familyName", "lastName"), ("misspelt header", "column")
    ),
    Accident(
        "header renamed: classes.termSourcedIds",
        header("classes", "termSourcedIds", "termIds"),
        ("misspelt header", "column"),
    ),
    Accident(
        "header with an invisible character: users.sourcedId",
        header("users", "sourcedId", "sourcedId\u200b"),
        ("column", "csv."),
        ("limits", "coverage"),
    ),
    Accident("column blank for all: users.email", _columns("users", email=pl.lit(None, pl.String)), (causes.BLANK,)),
    Accident("column blank for all: users.grades", _columns("users", grades=pl.lit(None, pl.String)), (causes.BLANK,)),
    Accident(
        "column blank for all: users.identifier", _columns("users", identifier=pl.lit(None, pl.String)), (causes.BLANK,)
    ),
    Accident(
        "column blank for all: users.agentSourcedIds",
        _columns("users", agentSourcedIds=pl.lit(None, pl.String)),
        _SHORT,
    ),
    Accident(
        "column blank for all: enrollments.endDate",
        _columns("enrollments", endDate=pl.lit(None, pl.String)),
        (causes.BLANK,),
    ),
    Accident("one id given to another child", _one_identity, ("identity.reused-id",), ("cases",)),
    Accident("ids of two students swapped", _ids_swapped, ("identity.reused-id",), ("cases",)),
    Accident("usernames of two students swapped", _usernames_swapped, ("identity.taken-username",), ("cases",)),
    Accident(
        "username of a leaver given to a new student",
        _new_student("username", leaves=True),
        ("the username is that of another person",),
        ("cases", "grace"),
        later=(_new_student("username", leaves=True),),
    ),
    Accident(
        "username and e-mail of a student given to a new one",
        _new_student("username", "email", leaves=False),
        ("identity.taken-username",),
        ("cases",),
    ),
    Accident(
        "students: ids off by one row, no identifiers",
        _both(
            table("users", within(_STUDENTS, **moved(1, "sourcedId"))),
            _without_column("users", "identifier"),
            _without_file("demographics"),
        ),
        ("both names would change", *_OTHERS),
    ),
    Accident(
        "users: ids sorted alone",
        _sorted_alone("users", "sourcedId"),
        ("identity.reused-id", *_OTHERS),
        ("limits", "cases"),
    ),
    Accident(
        "students: ids off by one row",
        table("users", within(_STUDENTS, **moved(1, "sourcedId"))),
        ("identity.reused-id", *_OTHERS),
        ("limits", "cases"),
    ),
    Accident("names off by one row", table("users", within(_STUDENTS, **moved(1, "givenName", "familyName"))), _OTHERS),
    Accident("family name off by one row", table("users", within(_STUDENTS, **moved(1, "familyName"))), _OTHERS),
    Accident("e-mail off by one row", table("users", within(_STUDENTS, **moved(1, "email"))), _OTHERS),
    Accident(
        "e-mail and username off by one row",
        table("users", within(_STUDENTS, **moved(1, "email", "username"))),
        _OTHERS,
    ),
    Accident(
        "names, e-mail and username off by one row",
        table("users", within(_STUDENTS, **moved(1, "givenName", "familyName", "email", "username"))),
        _OTHERS,
    ),
    Accident("grades off by one row", table("users", within(_STUDENTS, **moved(1, "grades"))), _OTHERS),
    Accident(
        "schools sorted apart from the rest",
        table("users", within(_PEOPLE, **moved(300, "orgSourcedIds"))),
        (causes.ANOTHER, causes.SORTED, causes.SHORT, "above the limit"),
    ),
    Accident(
        "enrollments: class ids off by one row",
        _columns("enrollments", **moved(1, "classSourcedId")),
        (*_OTHERS, "above the limit"),
    ),
    Accident("enrollments: class ids sorted apart", _columns("enrollments", **moved(3000, "classSourcedId")), _OTHERS),
    Accident(
        "enrollments: user ids off by one row",
        _columns("enrollments", **moved(1, "userSourcedId")),
        (*_OTHERS, "above the limit"),
    ),
    Accident(
        "classes: titles and courses off by one row",
        _columns("classes", **moved(1, "title", "courseSourcedId")),
        _OTHERS,
    ),
    Accident("classes: ids off by one row", _columns("classes", **moved(1, "sourcedId")), _OTHERS),
    Accident(
        "given and family name swapped",
        _columns("users", givenName=pl.col("familyName"), familyName=pl.col("givenName")),
        (causes.SWAPPED_NAMES,),
    ),
    Accident("package of another district", _another_district, (causes.ANOTHER,)),
    Accident("package of the year before", _last_year, (causes.EARLIER_YEAR,)),
    Accident(
        "names read in another encoding",
        _columns("users", givenName=_utf8_as_latin1("givenName"), familyName=_utf8_as_latin1("familyName")),
        (causes.ENCODING,),
    ),
    Accident(
        "all names in capitals",
        _columns(
            "users",
            givenName=pl.col("givenName").str.to_uppercase(),
            familyName=pl.col("familyName").str.to_uppercase(),
        ),
        (causes.CASE,),
    ),
    Accident("all schools under a new district", _reparented, ("above the limit", causes.ONE_VALUE), harmless=1),
    Accident(
        "all classes at one school",
        _columns("classes", schoolSourcedId=pl.col("schoolSourcedId").first()),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "one e-mail address for all",
        _columns("users", email=pl.lit("office@juniper-valley.example")),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "the text NULL in e-mail, grades and phone",
        _columns("users", email=pl.lit("NULL"), grades=pl.lit("NULL"), phone=pl.lit("NULL")),
        ("cell.null-literal",),
    ),
    Accident(
        "e-mail domain renamed without notice",
        _columns("users", email=pl.col("email").str.replace("@.*$", "@schools.example")),
        ("e-mail domain",),
    ),
    Accident("one misspelt value in a quarter of the students", _misspelt, ("enum.unknown",), ("limits", "coverage")),
    Accident(
        "leading zeros lost: identifiers",
        _columns("users", identifier=pl.col("identifier").str.slice(1)),
        ("above the limit",),
    ),
)
