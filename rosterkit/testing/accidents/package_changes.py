"""What goes wrong with a package: each function changes one as an accident does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from rosterkit.testing.accidents.tables import Change, Package, moved, table, within

PEOPLE = ("student", "teacher", "aide", "guardian", "parent", "relative")
STUDENTS = ("student",)
_REFERENCES = {  # every column that holds ids of users, by file; lists of ids are separated by commas
    "users": ("sourcedId", "agentSourcedIds"),
    "enrollments": ("userSourcedId",),
    "demographics": ("sourcedId",),
}


def every_user_id(new: Callable[[pl.Expr], pl.Expr]) -> Change:
    def change(package: Package) -> Package:
        for name, columns in _REFERENCES.items():
            if name in package.tables:
                each = {c: pl.col(c).str.split(",").list.eval(new(pl.element())).list.join(",") for c in columns}
                package = package.with_table(name, package.tables[name].with_columns(**each))
        return package

    return change


def both(*changes: Change) -> Change:
    def change(package: Package) -> Package:
        for one in changes:
            package = one(package)
        return package

    return change


def columns(name: str, **columns: pl.Expr) -> Change:
    return table(name, lambda rows: rows.with_columns(**columns))


def prefixed(value: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("JV-"), value)


def roles_swapped(old: str, new: str) -> pl.Expr:
    return pl.col("role").replace({old: new, new: old})


def renumbered(package: Package) -> Package:
    """Classes under new ids, in every file that names them."""
    classes = package.tables["classes"]
    new = classes.select(old="sourcedId", new=pl.format("9{}", pl.int_range(pl.len()) + 100_000))
    ids = dict(new.iter_rows())
    package = package.with_table("classes", classes.with_columns(pl.col("sourcedId").replace(ids)))
    enrollments = package.tables["enrollments"].with_columns(pl.col("classSourcedId").replace(ids))
    return package.with_table("enrollments", enrollments)


def another_district(package: Package) -> Package:
    """The same shape under other ids everywhere, and other names."""
    ids = {"sourcedId", *(c for rows in package.tables.values() for c in rows.columns if "SourcedId" in c)}
    for name, rows in package.tables.items():
        each = {
            c: pl.col(c).str.split(",").list.eval(pl.element().str.reverse() + pl.lit("x")).list.join(",")
            for c in ids & set(rows.columns)
        }
        package = package.with_table(name, rows.with_columns(**each))
    users = package.tables["users"].with_columns(pl.col("email").str.replace("@.*$", "@fernwood.example"))
    orgs = package.tables["orgs"].with_columns(pl.col("name") + pl.lit(" of Fernwood"))
    return package.with_table("users", users.with_columns(**moved(7, "givenName", "familyName", "email"))).with_table(
        "orgs", orgs
    )


def year_before(name: str) -> pl.Expr:
    return pl.col(name).str.to_date(strict=False).dt.offset_by("-1y").dt.to_string("%Y-%m-%d")


def last_year(package: Package) -> Package:
    sessions = package.tables["academicSessions"].with_columns(
        startDate=year_before("startDate"), endDate=year_before("endDate"), schoolYear=pl.lit("2026")
    )
    lower = (pl.col("grades").cast(pl.Int32, strict=False) - 1).cast(pl.String).str.zfill(2)
    users = within(STUDENTS, grades=pl.coalesce(lower, "grades"))(package.tables["users"])
    enrollments = package.tables["enrollments"].with_columns(
        beginDate=year_before("beginDate"), endDate=year_before("endDate")
    )
    return replace(
        package,
        tables={**package.tables, "academicSessions": sessions, "users": users, "enrollments": enrollments},
    )


def one_school(package: Package) -> Package:
    """The people and enrollments of one school are not in the package."""
    school = str(package.tables["enrollments"]["schoolSourcedId"][0])
    users = package.tables["users"].filter(pl.col("orgSourcedIds") != school)
    enrollments = package.tables["enrollments"].filter(pl.col("schoolSourcedId") != school)
    return package.with_table("users", users).with_table("enrollments", enrollments)


def cells_moved_left(package: Package) -> Package:
    """A cell of each student was lost, and those after it moved to the left."""
    cells = ("givenName", "familyName", "middleName", "identifier", "email")
    left = {old: pl.col(new) for old, new in itertools.pairwise(cells)}
    return package.with_table("users", within(STUDENTS, **left)(package.tables["users"]))


def reparented(package: Package) -> Package:
    orgs = package.tables["orgs"]
    head = orgs.filter(pl.col("type") == "district").with_columns(
        sourcedId=pl.lit("new-district"), parentSourcedId=None
    )
    moved_orgs = orgs.with_columns(
        parentSourcedId=pl.when(pl.col("type") == "school").then(pl.lit("new-district")).otherwise("parentSourcedId")
    )
    return package.with_table("orgs", pl.concat([moved_orgs, head.select(orgs.columns)], how="vertical_relaxed"))


def one_identity(package: Package) -> Package:
    """One student's id is given to a new child: other names, number and birth date."""
    first = pl.int_range(pl.len()) == 0
    people = within(
        STUDENTS,
        givenName=pl.when(first).then(pl.lit("Oluwaseun")).otherwise("givenName"),
        familyName=pl.when(first).then(pl.lit("Vandermeer")).otherwise("familyName"),
        identifier=pl.when(first).then(pl.lit("99999999")).otherwise("identifier"),
    )
    return package.with_table("users", people(package.tables["users"]))


def two_students(package: Package) -> tuple[dict[str, str], dict[str, str]]:
    """Two students who have no guardian in the file, and no name in common."""
    students = package.tables["users"].filter((pl.col("role") == "student") & pl.col("agentSourcedIds").is_null())
    one = students.row(0, named=True)
    others = students.filter(*(pl.col(name) != one[name] for name in ("givenName", "familyName")))
    return one, others.row(0, named=True)


def ids_swapped(package: Package) -> Package:
    """Two students have each other's id: one row was pasted over the other."""
    one, other = (student["sourcedId"] for student in two_students(package))
    return columns("users", sourcedId=pl.col("sourcedId").replace({one: other, other: one}))(package)


def new_student(*taken: str, leaves: bool) -> Change:
    """A new student comes with these values of another, who ``leaves`` or stays."""

    def change(package: Package) -> Package:
        one, other = two_students(package)
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


def usernames_swapped(package: Package) -> Package:
    one, other = (student["username"] for student in two_students(package))
    return columns("users", username=pl.col("username").replace({one: other, other: one}))(package)


def deleted_by_delta(percent: int) -> Change:
    """A delta that states that so many of a hundred students are gone."""

    def change(package: Package) -> Package:
        students = package.tables["users"].filter(pl.col("role") == "student")
        gone = students.head(students.height * percent // 100)
        deleted = gone.with_columns(status=pl.lit("tobedeleted"), dateLastModified=pl.lit("2026-09-15T00:00:00.000Z"))
        return Package({"users": deleted}, deltas=frozenset({"users"}))

    return change


def sorted_alone(name: str, column: str) -> Change:
    """One column sorted in a spreadsheet, and the others left as they were."""
    return columns(name, **{column: pl.col(column).sort()})


def without_file(name: str) -> Change:
    return lambda package: replace(package, tables={n: rows for n, rows in package.tables.items() if n != name})


def without_column(name: str, column: str) -> Change:
    return table(name, lambda rows: rows.drop(column))


def misspelt(package: Package) -> Package:
    """A value of a list that the standard closes is misspelt in a quarter of the rows."""
    hit = pl.int_range(pl.len()) % 4 == 0
    role = pl.when(hit).then(pl.lit("studnet")).otherwise("role")
    return package.with_table("users", within(STUDENTS, role=role)(package.tables["users"]))


def utf8_as_latin1(name: str) -> pl.Expr:
    pairs = {c: c.encode().decode("latin-1") for c in "áàâäãéèêëíìîïóòôöõúùûüñçÁÉÍÓÚÑÇßøåæØÅÆőńśćžžčšęąłțāōēī"}
    return pl.col(name).str.replace_many(pairs)


def first_part(part: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.head(int(rows.height * part))


def without_roles(*roles: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda rows: rows.filter(~pl.col("role").is_in(roles))


def shrinking(part: int) -> Change:
    """Four students of a hundred are missing for each day that has passed, with their enrollments."""

    def change(package: Package) -> Package:
        numbered = package.tables["users"].with_row_index("_row")
        gone = numbered.filter((pl.col("role") == "student") & (pl.col("_row") % 25 < part))["sourcedId"].implode()
        users = package.tables["users"].filter(~pl.col("sourcedId").is_in(gone))
        enrollments = package.tables["enrollments"].filter(~pl.col("userSourcedId").is_in(gone))
        return package.with_table("users", users).with_table("enrollments", enrollments)

    return change
