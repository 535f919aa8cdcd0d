"""What can be seen only by looking at several rows: the checks of the CSV binding that the package itself can answer.

Two are left out on purpose, because valid packages break them: the terms of a class need not descend from its course's
school year, and the role of an enrollment need not be one of the person's roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from providers.oneroster.celltable import DELETED, KEY, LINE, is_unread, note_rows
from providers.oneroster.rows import FileRead

__all__ = ["checked", "class_spans", "outside_terms"]

Reads = Mapping[str, FileRead]


def checked(reads: Reads) -> dict[str, FileRead]:
    """The files with what they contradict noted; where a cell cannot be meant, it is unread."""
    found = dict(reads)
    for name in ("orgs", "academicSessions"):
        found[name] = _without_cycles(found[name])
    if "roles" in found:
        found["roles"] = _own_profiles(found["roles"], found["userProfiles"])
        _primary_roles(found["roles"])
        _primary_orgs(found["users"], found["roles"])
    for name in ("classes", "enrollments"):
        _types(found[name], "schoolSourcedId", found["orgs"], "school", "semantic.school-type")
    _types(
        found["courses"], "schoolYearSourcedId", found["academicSessions"], "schoolYear", "semantic.school-year-type"
    )
    for name in ("classes", "courses"):
        _subject_codes(found[name])
    for name, begin, end in _date_pairs(found):
        _dates(found[name], begin, end)
    _enrollment_dates(found["enrollments"], found["classes"], found["academicSessions"])
    _enrolled_twice(found["enrollments"])
    _usernames(found["users"])
    return found


def _has(read: FileRead, *columns: str) -> bool:
    """Whether the file is there and has these columns."""
    return read.state != "absent" and read.present.issuperset(columns)


def _note(read: FileRead, rows: pl.DataFrame, rule: str, column: str) -> None:
    note_rows(rows, rule, column, read.file.name, read.notes)


def _standing(read: FileRead) -> pl.DataFrame:
    """The rows whose records stay."""
    return read.rows.filter(~pl.col(DELETED)) if read.rows[DELETED].any() else read.rows


def _without(read: FileRead, column: str, wrong: pl.Series) -> FileRead:
    """The file with these cells unread."""
    unread = (read.unread(column) | wrong).alias(is_unread(column))
    value = pl.when(~wrong).then(column).alias(column)
    return replace(read, rows=read.rows.with_columns(unread, value))


def _without_cycles(read: FileRead) -> FileRead:
    """Takes away parents that lead back to the record: what is left after all leaves are cut is a cycle."""
    if not _has(read, "parentSourcedId"):
        return read
    left = _standing(read).select(key=KEY, parent="parentSourcedId").drop_nulls()
    size = -1
    while left.height != size:
        size = left.height
        left = left.filter(pl.col("parent").is_in(pl.col("key").implode()))
        left = left.filter(pl.col("key").is_in(pl.col("parent").implode()))
    if left.is_empty():
        return read
    wrong = read.rows[KEY].is_in(left["key"].implode())
    _note(read, read.rows.filter(wrong), "semantic.cycle", "parentSourcedId")
    return _without(read, "parentSourcedId", wrong)


def _own_profiles(roles: FileRead, profiles: FileRead) -> FileRead:
    if not _has(roles, "userProfileSourcedId") or not _has(profiles):
        return roles
    owners = profiles.rows.select(profile=KEY, owner="userSourcedId")
    owned = roles.rows.join(
        owners, left_on="userProfileSourcedId", right_on="profile", how="left", maintain_order="left"
    )
    wrong = owned.select((pl.col("owner") != pl.col("userSourcedId")).fill_null(False)).to_series()
    if not wrong.any():
        return roles
    _note(roles, roles.rows.filter(wrong), "semantic.profile-owner", "userProfileSourcedId")
    return _without(roles, "userProfileSourcedId", wrong)


def _primary_roles(roles: FileRead) -> None:
    if _has(roles, "roleType"):
        primary = _standing(roles).filter(pl.col("roleType") == "primary")
        pair = pl.struct("userSourcedId", "orgSourcedId")
        _note(roles, primary.filter(pair.is_duplicated()), "semantic.primary-roles", "roleType")


def _primary_orgs(users: FileRead, roles: FileRead) -> None:
    """Only a bulk roles.csv says which roles there are not."""
    if _has(users, "primaryOrgSourcedId") and roles.state == "full":
        named = _standing(users).drop_nulls("primaryOrgSourcedId")
        held = roles.rows.select(pl.col("userSourcedId").alias(KEY), primaryOrgSourcedId="orgSourcedId")
        without = named.join(held, on=[KEY, "primaryOrgSourcedId"], how="anti", maintain_order="left")
        _note(users, without, "semantic.primary-org-role", "primaryOrgSourcedId")


def _types(read: FileRead, column: str, targets: FileRead, wanted: str, rule: str) -> None:
    """Targets in the package whose type is another; extended types may be anything."""
    if _has(read, column) and _has(targets, "type"):
        others = targets.rows.filter((pl.col("type") != wanted) & ~pl.col("type").str.starts_with("ext:"))[KEY]
        _note(read, _standing(read).filter(pl.col(column).is_in(others.implode())), rule, column)


def _subject_codes(read: FileRead) -> None:
    if _has(read, "subjects", "subjectCodes"):
        items = [pl.col(name).str.count_matches('","', literal=True) for name in ("subjects", "subjectCodes")]
        _note(read, _standing(read).filter(items[0] != items[1]), "semantic.subject-codes", "subjectCodes")


def _date_pairs(reads: Reads) -> Iterator[tuple[str, str, str]]:
    pairs = (("academicSessions", "startDate"), ("enrollments", "beginDate"), ("roles", "beginDate"))
    return ((name, begin, "endDate") for name, begin in pairs if name in reads and _has(reads[name], begin, "endDate"))


def _dates(read: FileRead, begin: str, end: str) -> None:
    _note(read, _standing(read).filter(pl.col(end) < pl.col(begin)), "semantic.dates", end)


def _enrollment_dates(enrollments: FileRead, classes: FileRead, sessions: FileRead) -> None:
    """Enrollments wholly outside the terms of their class."""
    dates = ("startDate", "endDate")
    if (
        _has(enrollments, "classSourcedId", "beginDate", "endDate")
        and _has(classes, "termSourcedIds")
        and _has(sessions, *dates)
    ):
        listed = classes.rows.select(pl.col(KEY).alias("class"), item=pl.col("termSourcedIds").str.split(","))
        spans = class_spans(listed.explode("item"), sessions.rows.select(*dates, item=KEY))
        dated = _standing(enrollments).select(LINE, KEY, "beginDate", "endDate", "classSourcedId")
        outside = outside_terms(dated.join(spans, left_on="classSourcedId", right_on="class", maintain_order="left"))
        _note(enrollments, outside, "semantic.enrollment-dates", "beginDate")


def class_spans(listed: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """``class``, ``first`` and ``last`` day of each class's terms, where the dates of all of these are known.

    ``listed`` has a row (``class``, ``item``) for each term of each class; ``terms`` the dates of each ``item``.
    """
    dated = terms.select("item", first="startDate", last="endDate").drop_nulls()
    each = listed.join(dated, on="item", how="left").group_by("class")
    spans = each.agg(pl.col("first").min(), pl.col("last").max(), known=pl.col("first").is_not_null().all())
    return spans.filter("known").drop("known")


def outside_terms(enrollments: pl.DataFrame) -> pl.DataFrame:
    """Those that lie wholly outside the span of their class, which they have as ``first`` and ``last``."""
    return enrollments.filter((pl.col("beginDate") >= pl.col("last")) | (pl.col("endDate") <= pl.col("first")))


def _enrolled_twice(enrollments: FileRead) -> None:
    if not _has(enrollments):
        return
    keys = ["classSourcedId", "userSourcedId", "role"]
    rows = _standing(enrollments)
    place = rows.select(pl.struct(keys).hash()).to_series()  # most places are taken once: a hash tells that
    rows = rows.filter(place.is_duplicated()).drop_nulls(keys)
    twice = rows.group_by(keys).len().filter(pl.col("len") > 1)
    begin = pl.col("beginDate").fill_null("") if _has(enrollments, "beginDate") else pl.lit("")
    end = pl.col("endDate").fill_null("9999") if _has(enrollments, "endDate") else pl.lit("9999")
    again = rows.join(twice, on=keys, how="semi").with_columns(begin=begin, end=end).sort(*keys, "begin", "end", KEY)
    overlapping = again.filter(pl.col("begin") < pl.col("end").shift(1).over(keys))
    _note(enrollments, overlapping, "semantic.enrolled-twice", "userSourcedId")


def _usernames(users: FileRead) -> None:
    """The same username is one human where the names agree: 1.1 has a row for each role."""
    if _has(users, "username", "givenName", "familyName"):
        named = _standing(users).drop_nulls(["username", "givenName", "familyName"])
        shared = named.filter(pl.col("username").is_duplicated())
        name = pl.struct(pl.col("givenName").str.to_lowercase(), pl.col("familyName").str.to_lowercase())
        differing = shared.group_by("username").agg(names=name.n_unique()).filter(pl.col("names") > 1)
        _note(users, shared.join(differing, on="username", how="semi"), "semantic.username-shared", "username")
