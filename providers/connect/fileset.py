"""The rules about whole files, about files together, and about what was last sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import polars as pl

from providers.connect.columns import CLASSES, ENROLLMENTS, FILES, GUARDIANS, REQUIRED, USERS
from providers.connect.people import GUARDIAN_ROLES, STAFF_ROLES
from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.csvout import CsvTable
from rosterkit.feeds.preflight import Given, Hit, gone, gone_of_groups, newly_withheld

_Tables = Mapping[str, CsvTable]


def expected_files(settings: ConnectSettings) -> set[str]:
    """The files that must be there each time."""
    if settings.profile == "guardians_only":
        return {GUARDIANS}
    return {USERS, CLASSES, ENROLLMENTS} | ({GUARDIANS} if settings.guardians == "file" else set())


def _rows(tables: _Tables, file: str, *columns: str) -> pl.DataFrame:
    """The rows of that file with those columns and ``_line``; none where the file or a column is missing."""
    table = tables.get(file)
    if table is None or not set(columns) <= set(table.header):
        return pl.DataFrame(schema={"_line": pl.Int64, **dict.fromkeys(columns, pl.String)})
    return table.rows.select("_line", *columns)


def _items(column: str) -> pl.Expr:
    return pl.col(column).str.split(",").list.eval(pl.element().str.strip_chars())


def _hit(file: str, rows: pl.DataFrame, column: str) -> Iterable[Hit]:
    if rows.height:
        yield Hit(file, column=column, rows=rows.select("_line"))


def _missing_file(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    wanted = expected_files(settings)
    before = {file.name for file in given.last.files} if given.last else set()
    if settings.profile == "full" and GUARDIANS not in before:
        wanted -= {GUARDIANS}  # a district may have no guardian with contact data yet
    for name in sorted(wanted - set(given.tables)):
        yield Hit(name)


def _other_file(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    for name in sorted(set(given.tables) - set(FILES)):
        yield Hit(name)


def _only_guardians(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    if settings.profile == "guardians_only":
        for name in sorted(set(given.tables) & {USERS, CLASSES, ENROLLMENTS}):
            yield Hit(name)


def _guardian_setting(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    if GUARDIANS in given.tables and settings.sync_manages_guardians:
        yield Hit(GUARDIANS, detail="sync_manages_guardians is true")


def _encoding(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    if settings.encoding == "ascii":
        for file in given.files:
            if not file.content.isascii():
                yield Hit(file.name, detail="it has bytes that are not ASCII")


def _names(file: str, settings: ConnectSettings, names: Iterable[str]) -> set[str]:
    return {settings.guardian_header(name) if file == GUARDIANS else name for name in names}


def _header(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    for name, table in given.tables.items():
        if name in FILES and table.header:
            for column in sorted(_names(name, settings, REQUIRED[name]) - set(table.header)):
                yield Hit(name, column=column, line=1, detail="the column is missing or misspelt")


def _unknown_column(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    for name, table in given.tables.items():
        if name in FILES:
            for column in sorted(set(table.header) - _names(name, settings, FILES[name])):
                yield Hit(name, column=column, line=1)


def _no_rows(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    for name, table in given.tables.items():
        if table.header and not table.records:
            yield Hit(name)


def _guardian_school(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    """C19: an organization of a guardian's row that none of the guardian's students has."""
    users = _rows(given.tables, USERS, "sourcedId", "orgSourcedIds", "role", "agentSourcedIds")
    students = users.filter(pl.col("role") == "student")
    theirs = (
        students.select(_items("agentSourcedIds").alias("guardian"), _items("orgSourcedIds").alias("school"))
        .explode("guardian")
        .explode("school")
        .drop_nulls()
        .unique()
    )
    guardians = users.filter(pl.col("role").is_in(GUARDIAN_ROLES))
    at = guardians.select("_line", guardian="sourcedId", school=_items("orgSourcedIds")).explode("school")
    lost = at.join(theirs, on=["guardian", "school"], how="anti").join(
        theirs.select("guardian").unique(), on="guardian", how="semi"
    )
    yield from _hit(USERS, lost.select("_line").unique(), "orgSourcedIds")


def _linked(given: Given) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows of students and of guardians in users.csv, and each link on a student's row (``_line``, ``agent``)."""
    users = _rows(given.tables, USERS, "sourcedId", "role", "agentSourcedIds")
    students = users.filter(pl.col("role") == "student")
    guardians = users.filter(pl.col("role").is_in(GUARDIAN_ROLES))
    links = students.select("_line", agent=_items("agentSourcedIds")).explode("agent").drop_nulls()
    return students, guardians, links


def _guardian_alone(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    _, guardians, links = _linked(given)
    yield from _hit(USERS, guardians.join(links, left_on="sourcedId", right_on="agent", how="anti"), "sourcedId")


def _no_such_guardian(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    _, guardians, links = _linked(given)
    lost = links.join(guardians, left_on="agent", right_on="sourcedId", how="anti").select("_line").unique()
    yield from _hit(USERS, lost, "agentSourcedIds")


def _student_alone(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    students, guardians, links = _linked(given)
    student = settings.guardian_header("studentSourcedId")
    paired = _rows(given.tables, GUARDIANS, student)
    if guardians.is_empty() and paired.is_empty():
        return
    alone = students.join(links, on="_line", how="anti").join(paired, left_on="sourcedId", right_on=student, how="anti")
    if alone.height:
        yield Hit(USERS, column="agentSourcedIds", detail=f"{alone.height:,} students have no guardian")


def _reference(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    users = _rows(given.tables, USERS, "sourcedId", "role")
    classes = _rows(given.tables, CLASSES, "sourcedId")
    enrolled = _rows(given.tables, ENROLLMENTS, "classSourcedId", "userSourcedId")
    lost = enrolled.join(users, left_on="userSourcedId", right_on="sourcedId", how="anti")
    yield from _hit(ENROLLMENTS, lost, "userSourcedId")
    lost = enrolled.join(classes, left_on="classSourcedId", right_on="sourcedId", how="anti")
    yield from _hit(ENROLLMENTS, lost, "classSourcedId")
    if USERS in given.tables:
        student = settings.guardian_header("studentSourcedId")
        students = users.filter(pl.col("role") == "student")
        paired = _rows(given.tables, GUARDIANS, student)
        yield from _hit(GUARDIANS, paired.join(students, left_on=student, right_on="sourcedId", how="anti"), student)


def _repeated_title(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    classes = _rows(given.tables, CLASSES, "title", "schoolSourcedId").drop_nulls("title")
    yield from _hit(CLASSES, classes.filter(pl.struct("title", "schoolSourcedId").is_duplicated()), "title")


def _empty_class(given: Given, _settings: ConnectSettings) -> Iterable[Hit]:
    classes = _rows(given.tables, CLASSES, "sourcedId")
    students = _rows(given.tables, ENROLLMENTS, "classSourcedId", "role").filter(pl.col("role") == "student")
    empty = classes.join(students, left_on="sourcedId", right_on="classSourcedId", how="anti")
    yield from _hit(CLASSES, empty, "sourcedId")


def _many_classes(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    rows = _rows(given.tables, ENROLLMENTS, "userSourcedId", "role").filter(pl.col("role") == "student")
    count = rows.group_by("userSourcedId").len().filter(pl.col("len") > settings.many_classes).height
    if count:
        yield Hit(ENROLLMENTS, detail=f"{count:,} students have more than {settings.many_classes} classes")


def _contacts(given: Given, settings: ConnectSettings) -> pl.DataFrame:
    """Each e-mail and mobile number of a person: ``_file``, ``_line``, ``person``, ``column``, ``value``.

    Rows of one name with one address or number are one account at Connect, so ``person`` is the name.
    """
    found = []
    for file in (USERS, GUARDIANS):
        names = {name: settings.guardian_header(name) if file == GUARDIANS else name for name in FILES[file]}
        given_name, family_name = names["givenName"], names["familyName"]
        for column in (names["email"], names[settings.phone_credential]):
            rows = _rows(given.tables, file, given_name, family_name, column)
            person = pl.concat_str(pl.col(given_name, family_name).str.to_lowercase().fill_null(""), separator="\n")
            value = pl.col(column).str.to_lowercase()
            found.append(rows.select("_line", _file=pl.lit(file), person=person, column=pl.lit(column), value=value))
    return pl.concat(found).drop_nulls("value")


def _shared(given: Given, settings: ConnectSettings) -> pl.DataFrame:
    several = pl.col("person").n_unique().over("value") > 1
    return _contacts(given, settings).filter(several)


def _shared_contact(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    shared = _shared(given, settings)
    if not settings.unique_contacts and shared.height:
        people = shared["person"].n_unique()
        yield Hit(str(shared["_file"][0]), detail=f"{people:,} people share an address or number with another")


def _contact_taken(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    if settings.unique_contacts:
        for (file, column), rows in _shared(given, settings).group_by("_file", "column", maintain_order=True):
            yield from _hit(str(file), rows, str(column))


def managed(tables: _Tables, settings: ConnectSettings) -> dict[str, pl.Series]:
    """The records that the sync manages, by kind: students, staff, guardians and classes, by id."""
    users = _rows(tables, USERS, "sourcedId", "role")
    own = settings.guardian_header
    key, *names = (own(name) for name in ("sourcedId", "givenName", "familyName", "email"))
    paired = _rows(tables, GUARDIANS, key, *names).select(
        key=pl.coalesce(key, pl.concat_str([pl.col(name).fill_null("") for name in names], separator="\n"))
    )
    of = pl.col("role")
    by_role = users.filter(of.is_in(GUARDIAN_ROLES))["sourcedId"]
    return {
        "students": users.filter(of == "student")["sourcedId"].unique(),
        "staff": users.filter(of.is_in(STAFF_ROLES))["sourcedId"].unique(),
        "guardians": pl.concat([by_role, paired["key"].rename("sourcedId")]).unique(),
        "classes": _rows(tables, CLASSES, "sourcedId")["sourcedId"].unique(),
    }


def _threshold(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    """Of each kind Connect may archive so many percent of the records that it has, rounded down."""
    if given.last is None:
        return
    before, now = managed(given.last_tables, settings), managed(given.tables, settings)
    for kind, ids in before.items():
        lost = ids.filter(~ids.is_in(now[kind].implode())).len()
        allowed = int(ids.len() * settings.deletion_threshold / 100)
        if lost > allowed:
            file = {"classes": CLASSES, "guardians": GUARDIANS if GUARDIANS in given.last_tables else USERS}
            share = f"{lost:,} of {ids.len():,} {kind} are gone"
            yield Hit(file.get(kind, USERS), detail=f"{share}; {settings.deletion_threshold:g} % allow {allowed:,}")


_GROUPS = {
    USERS: (("sourcedId",), ("orgSourcedIds", "role")),
    CLASSES: (("sourcedId",), ("schoolSourcedId",)),
    ENROLLMENTS: (("classSourcedId", "userSourcedId"), ("schoolSourcedId", "role")),
}
"""By file, what a row is known by, and in which groups rows may not get lost."""


def _gone(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    for name, (key, by) in _GROUPS.items():
        table, last = given.tables.get(name), given.last_tables.get(name)
        if table is None or last is None:
            continue
        if name != ENROLLMENTS:
            yield from gone(table, last, key[0], settings.limits)
        if {*key, *by} <= set(table.header) & set(last.header):
            yield from gone_of_groups(table.rows, last.rows, key, by, settings.limits, file=name)


def _withheld(given: Given, settings: ConnectSettings) -> Iterable[Hit]:
    last = {file.name: file for file in given.last.files} if given.last else {}
    for file in given.files:
        if file.name in {USERS, GUARDIANS}:
            yield from newly_withheld(file, last.get(file.name), settings.limits)


FILE_CHECKS: Mapping[str, tuple[Outcome, Callable[[Given, ConnectSettings], Iterable[Hit]]]] = {
    "C5.repeated-title": (Outcome.WARNINGS, _repeated_title),
    "C5.empty-class": (Outcome.WARNINGS, _empty_class),
    "C6.many-classes": (Outcome.WARNINGS, _many_classes),
    "C18.guardian-alone": (Outcome.ROWS_IGNORED, _guardian_alone),
    "C18.no-such-guardian": (Outcome.ROWS_IGNORED, _no_such_guardian),
    "C18.student-alone": (Outcome.WARNINGS, _student_alone),
    "C19.guardian-school": (Outcome.ROWS_IGNORED, _guardian_school),
    "C23.missing-file": (Outcome.REJECTED, _missing_file),
    "C23.other-file": (Outcome.WARNINGS, _other_file),
    "C23.encoding": (Outcome.REJECTED, _encoding),
    "C23.header": (Outcome.REJECTED, _header),
    "C23.unknown-column": (Outcome.WARNINGS, _unknown_column),
    "C23.no-rows": (Outcome.IGNORED, _no_rows),
    "C23.reference": (Outcome.ROWS_IGNORED, _reference),
    "C24.guardian-setting": (Outcome.REJECTED, _guardian_setting),
    "C30.only-guardians": (Outcome.REJECTED, _only_guardians),
    "connect.threshold": (Outcome.HELD, _threshold),
    "connect.shared-contact": (Outcome.WARNINGS, _shared_contact),
    "connect.contact-taken": (Outcome.ROWS_IGNORED, _contact_taken),
    "feed.gone": (Outcome.HELD, _gone),
    "feed.withheld": (Outcome.HELD, _withheld),
}
"""By rule, how Connect (or rosterkit, on its behalf) takes the files where it is broken, and what looks for it."""
