"""The accidents: what happens to the package, which cause a plan must name, and which guard keeps it from harm."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.plan import causes
from rosterkit.testing.accidents.package_changes import (
    PEOPLE,
    STUDENTS,
    another_district,
    both,
    cells_moved_left,
    columns,
    deleted_by_delta,
    every_user_id,
    first_part,
    ids_swapped,
    last_year,
    misspelt,
    new_student,
    one_identity,
    one_school,
    prefixed,
    renumbered,
    reparented,
    roles_swapped,
    shrinking,
    sorted_alone,
    usernames_swapped,
    utf8_as_latin1,
    without_column,
    without_file,
    without_roles,
)
from rosterkit.testing.accidents.tables import Change, header, moved, table, text, within


@dataclass(frozen=True, slots=True)
class Accident:
    """``cause``: what must stand in a reason or a finding (the first of them that does is shown). ``guards``: what is
    taken out to show the harm: limits, coverage, cases, grace, identity. ``harmless``: how many records come that
    nothing refers to.
    """

    name: str
    change: Change
    cause: tuple[str, ...]
    guards: tuple[str, ...] = ("limits",)
    harmless: int = 0
    later: tuple[Change, ...] = ()  # what the packages of the next days are like, where it goes on for days


_SHORT = (causes.SHORT, causes.ROLE_MISSING, causes.SCHOOL_MISSING, "cut short", "incomplete")
_OTHERS = (causes.SHIFTED, causes.SORTED)

ACCIDENTS = (
    Accident("one school missing from users and enrollments", one_school, _SHORT),
    Accident("users: first page only", table("users", first_part(0.1)), _SHORT),
    Accident("enrollments: first page only", table("enrollments", first_part(0.1)), _SHORT),
    Accident(
        "users: cut short in the middle of a row",
        text("users", lambda b: b[: len(b) // 2]),
        ("seems to be cut short",),
        ("limits", "coverage"),
    ),
    Accident(
        "users: header alone", table("users", lambda rows: rows.head(0)), ("has no rows",), ("limits", "coverage")
    ),
    Accident(
        "users: 4 % of the students lost each day for five days",
        shrinking(1),
        ("within 7 school days",),
        ("limits", "grace"),
        later=(*map(shrinking, range(2, 6)), *[shrinking(5)] * 3),
    ),
    Accident("users: no teacher left", table("users", without_roles("teacher")), _SHORT),
    Accident("users: nobody of the staff left", table("users", without_roles("teacher", "aide")), _SHORT),
    Accident("users: no guardian left", table("users", without_roles("guardian", "parent", "relative")), _SHORT),
    Accident("enrollments: no teacher left", table("enrollments", without_roles("teacher")), _SHORT),
    Accident("users: no such file", without_file("users"), ("declares it absent",), ("limits", "coverage")),
    Accident("a delta that deletes 6 % of the students", deleted_by_delta(6), (causes.DELETED,)),
    Accident("users: cells of students moved to the left", cells_moved_left, (causes.MOVED_CELLS,)),
    Accident("user ids prefixed everywhere", every_user_id(prefixed), (causes.PREFIXED,), ("limits", "identity")),
    Accident(
        "user ids prefixed in users.csv alone",
        columns("users", sourcedId=prefixed(pl.col("sourcedId"))),
        (causes.PREFIXED,),
        ("limits", "identity"),
    ),
    Accident(
        "user ids upper-cased everywhere",
        every_user_id(lambda e: e.str.to_uppercase()),
        (causes.RECASED,),
        ("limits", "identity"),
    ),
    Accident(
        "user ids upper-cased in users.csv alone",
        columns("users", sourcedId=pl.col("sourcedId").str.to_uppercase()),
        (causes.RECASED,),
        ("limits", "identity"),
    ),
    Accident(
        "user ids zero-stripped everywhere",
        every_user_id(lambda e: e.str.strip_chars_start("0")),
        (causes.STRIPPED,),
        ("limits", "identity"),
    ),
    Accident("all class ids renumbered", renumbered, (causes.REISSUED, causes.ANOTHER), ("limits", "identity")),
    Accident(
        "all enrollment ids renumbered",
        columns("enrollments", sourcedId=pl.format("n{}", pl.int_range(pl.len()))),
        (causes.REISSUED,),
        ("limits", "identity"),
    ),
    Accident(
        "users: students and teachers swapped",
        table("users", lambda r: r.with_columns(role=roles_swapped("student", "teacher"))),
        (causes.SWAPPED,),
    ),
    Accident(
        "users: everybody is a student",
        columns("users", role=pl.lit("student")),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "users: everybody is a teacher",
        columns("users", role=pl.lit("teacher")),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "enrollments: students and teachers swapped",
        table("enrollments", lambda r: r.with_columns(role=roles_swapped("student", "teacher"))),
        (causes.SWAPPED,),
    ),
    Accident(
        "enrollments: everybody is a teacher", columns("enrollments", role=pl.lit("teacher")), (causes.ONE_VALUE,)
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
        without_column("users", "agentSourcedIds"),
        ("table.gone",),
        ("limits", "coverage"),
    ),
    Accident("header renamed: users.familyName", header("users", "familyName", "lastName"), ("misspelt header",)),
    Accident(
        "header renamed: classes.termSourcedIds",
        header("classes", "termSourcedIds", "termIds"),
        ("misspelt header",),
    ),
    Accident(
        "header with an invisible character: users.sourcedId",
        header("users", "sourcedId", "sourcedId\u200b"),
        ("required column sourcedId is missing",),
        ("limits", "coverage"),
    ),
    Accident("column blank for all: users.email", columns("users", email=pl.lit(None, pl.String)), (causes.BLANK,)),
    Accident("column blank for all: users.grades", columns("users", grades=pl.lit(None, pl.String)), (causes.BLANK,)),
    Accident(
        "column blank for all: users.identifier", columns("users", identifier=pl.lit(None, pl.String)), (causes.BLANK,)
    ),
    Accident(
        "column blank for all: users.agentSourcedIds",
        columns("users", agentSourcedIds=pl.lit(None, pl.String)),
        _SHORT,
    ),
    Accident(
        "column blank for all: enrollments.endDate",
        columns("enrollments", endDate=pl.lit(None, pl.String)),
        (causes.BLANK,),
    ),
    Accident("one id given to another child", one_identity, ("identity.reused-id",), ("cases",)),
    Accident("ids of two students swapped", ids_swapped, ("identity.reused-id",), ("cases",)),
    Accident("usernames of two students swapped", usernames_swapped, ("identity.taken-username",), ("cases",)),
    Accident(
        "username of a leaver given to a new student",
        new_student("username", leaves=True),
        ("the username is that of another person",),
        ("cases", "grace"),
        later=(new_student("username", leaves=True),),
    ),
    Accident(
        "username and e-mail of a student given to a new one",
        new_student("username", "email", leaves=False),
        ("identity.taken-username",),
        ("cases",),
    ),
    Accident(
        "students: ids off by one row, no identifiers",
        both(
            table("users", within(STUDENTS, **moved(1, "sourcedId"))),
            without_column("users", "identifier"),
            without_file("demographics"),
        ),
        ("both names would change", *_OTHERS),
    ),
    Accident(
        "users: ids sorted alone",
        sorted_alone("users", "sourcedId"),
        ("identity.reused-id", *_OTHERS),
        ("limits", "cases"),
    ),
    Accident(
        "students: ids off by one row",
        table("users", within(STUDENTS, **moved(1, "sourcedId"))),
        ("identity.reused-id", *_OTHERS),
        ("limits", "cases"),
    ),
    Accident("names off by one row", table("users", within(STUDENTS, **moved(1, "givenName", "familyName"))), _OTHERS),
    Accident("family name off by one row", table("users", within(STUDENTS, **moved(1, "familyName"))), _OTHERS),
    Accident("e-mail off by one row", table("users", within(STUDENTS, **moved(1, "email"))), _OTHERS),
    Accident(
        "e-mail and username off by one row",
        table("users", within(STUDENTS, **moved(1, "email", "username"))),
        _OTHERS,
    ),
    Accident(
        "names, e-mail and username off by one row",
        table("users", within(STUDENTS, **moved(1, "givenName", "familyName", "email", "username"))),
        _OTHERS,
    ),
    Accident("grades off by one row", table("users", within(STUDENTS, **moved(1, "grades"))), _OTHERS),
    Accident(
        "schools sorted apart from the rest",
        table("users", within(PEOPLE, **moved(300, "orgSourcedIds"))),
        (causes.ANOTHER, causes.SORTED),
    ),
    Accident(
        "enrollments: class ids off by one row",
        columns("enrollments", **moved(1, "classSourcedId")),
        _OTHERS,
    ),
    Accident("enrollments: class ids sorted apart", columns("enrollments", **moved(3000, "classSourcedId")), _OTHERS),
    Accident(
        "enrollments: user ids off by one row",
        columns("enrollments", **moved(1, "userSourcedId")),
        _OTHERS,
    ),
    Accident(
        "classes: titles and courses off by one row",
        columns("classes", **moved(1, "title", "courseSourcedId")),
        _OTHERS,
    ),
    Accident("classes: ids off by one row", columns("classes", **moved(1, "sourcedId")), _OTHERS),
    Accident(
        "given and family name swapped",
        columns("users", givenName=pl.col("familyName"), familyName=pl.col("givenName")),
        (causes.SWAPPED_NAMES,),
    ),
    Accident("package of another district", another_district, (causes.ANOTHER,)),
    Accident("package of the year before", last_year, (causes.EARLIER_YEAR,)),
    Accident(
        "names read in another encoding",
        columns("users", givenName=utf8_as_latin1("givenName"), familyName=utf8_as_latin1("familyName")),
        (causes.ENCODING,),
    ),
    Accident(
        "all names in capitals",
        columns(
            "users",
            givenName=pl.col("givenName").str.to_uppercase(),
            familyName=pl.col("familyName").str.to_uppercase(),
        ),
        (causes.CASE,),
    ),
    Accident("all schools under a new district", reparented, (causes.ONE_VALUE,), harmless=1),
    Accident(
        "all classes at one school",
        columns("classes", schoolSourcedId=pl.col("schoolSourcedId").first()),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "one e-mail address for all",
        columns("users", email=pl.lit("office@juniper-valley.example")),
        (causes.ONE_VALUE,),
    ),
    Accident(
        "the text NULL in e-mail, grades and phone",
        columns("users", email=pl.lit("NULL"), grades=pl.lit("NULL"), phone=pl.lit("NULL")),
        ("cell.null-literal",),
    ),
    Accident(
        "e-mail domain renamed without notice",
        columns("users", email=pl.col("email").str.replace("@.*$", "@schools.example")),
        ("e-mail domain",),
    ),
    Accident("one misspelt value in a quarter of the students", misspelt, ("enum.unknown",), ("limits", "coverage")),
    Accident(
        "leading zeros lost: identifiers",
        columns("users", identifier=pl.col("identifier").str.strip_chars_start("0")),
        (causes.ZEROS,),
    ),
)
