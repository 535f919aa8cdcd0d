"""What only shows across rows: the checks of the CSV binding that the package itself can answer.

Two are left out on purpose, because valid packages break them: the terms of a class need not descend from its course's
school year, and the role of an enrollment need not be one of the user's roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from providers.oneroster.rows import FileRead
from providers.oneroster.values import KEY, LINE, shown
from rosterkit.sources.base import Coverage
from rosterkit.sources.findings import Findings

Reads = Mapping[str, FileRead]
Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Check:
    """Rows that break a rule. ``rows`` has LINE and KEY, the column, and perhaps ``detail``."""

    rule: str
    read: FileRead
    column: str
    rows: pl.LazyFrame
    detail: pl.Expr | None = None


def report(checks: Iterator[Check], findings: Findings) -> None:
    """Makes all checks in one go and reports what they find."""
    made = list(checks)
    frames = []
    for check in made:
        field = check.read.file.field(check.column)
        detail = pl.lit("") if check.detail is None else check.detail
        frames.append(
            check.rows.select(
                pl.col(LINE).cast(pl.Int64).alias("_line"),
                rule=pl.lit(check.rule),
                column=pl.lit(check.column),
                key=KEY,
                value=shown(field, pl.col(check.column).cast(pl.String)),
                detail=detail,
            )
        )
    for check, frame in zip(made, pl.collect_all(frames, engine="in-memory"), strict=True):
        findings.add_all(frame, file=check.read.name)


def corrected(reads: Reads, findings: Findings) -> dict[str, FileRead]:
    """The files; a cell that contradicts other rows is taken as unusable, with a finding."""
    found = dict(reads)
    for name in ("orgs", "academicSessions"):
        if found[name].has("parentSourcedId"):
            found[name] = _without_cycles(found[name], findings)
    roles, profiles = found.get("roles"), found.get("userProfiles")
    if roles and profiles and roles.has("userProfileSourcedId") and profiles.has("userSourcedId"):
        found["roles"] = _own_profiles(roles, profiles, findings)
    return found


def row_checks(reads: Reads) -> Iterator[Check]:
    """Every check that has something to look at."""
    if "roles" in reads:
        yield from _roles(reads["users"], reads["roles"])
    for name in ("classes", "enrollments"):
        yield from _types(reads[name], "schoolSourcedId", reads["orgs"], "school", "semantic.school-type")
    sessions = reads["academicSessions"]
    yield from _types(reads["courses"], "schoolYearSourcedId", sessions, "schoolYear", "semantic.school-year-type")
    for name in ("classes", "courses"):
        yield from _subject_codes(reads[name])
    for name, begin in (("academicSessions", "startDate"), ("enrollments", "beginDate"), ("roles", "beginDate")):
        if name in reads and reads[name].has(begin, "endDate"):
            wrong = reads[name].remaining.filter(pl.col("endDate") < pl.col(begin))
            yield Check("semantic.dates", reads[name], "endDate", wrong)
    yield from _enrollment_dates(reads["enrollments"], reads["classes"], sessions)
    yield from _enrolled_twice(reads["enrollments"])
    yield from _names(reads["users"])


def _without_cycles(read: FileRead, findings: Findings) -> FileRead:
    """Takes away parents that lead back to the record: what is left after all leaves are cut is a cycle."""
    pairs = read.remaining.select(KEY, "parentSourcedId").drop_nulls().collect(engine="in-memory")
    parents = dict(pairs.rows())
    size = -1
    while len(parents) != size:
        size = len(parents)
        named = set(parents.values())
        parents = {key: parent for key, parent in parents.items() if key in named and parent in parents}
    if not parents:
        return read
    keys = pl.Series(list(parents), dtype=pl.String)
    wrong = read.rows.filter(pl.col(KEY).is_in(keys.implode()))
    report(iter([Check("semantic.cycle", read, "parentSourcedId", wrong)]), findings)
    return read.without_cells("parentSourcedId", keys)


def _own_profiles(roles: FileRead, profiles: FileRead, findings: Findings) -> FileRead:
    owners = profiles.rows.select(userProfileSourcedId=KEY, owner="userSourcedId")
    named = roles.rows.select(LINE, KEY, "userProfileSourcedId", "userSourcedId").drop_nulls()
    owned = named.join(owners, on="userProfileSourcedId", maintain_order="left")
    wrong = owned.filter(pl.col("owner") != pl.col("userSourcedId")).collect(engine="in-memory")
    if wrong.is_empty():
        return roles
    report(iter([Check("semantic.profile-owner", roles, "userProfileSourcedId", wrong.lazy())]), findings)
    return roles.without_cells("userProfileSourcedId", wrong[KEY])


def _roles(users: FileRead, roles: FileRead) -> Iterator[Check]:
    if roles.has("roleType"):
        primary = roles.remaining.filter(pl.col("roleType") == "primary")
        twice = primary.filter(pl.struct("userSourcedId", "orgSourcedId").is_duplicated())
        yield Check("semantic.primary-roles", roles, "roleType", twice)
    if roles.coverage is not Coverage.FULL or not users.has():
        return  # only a full roles.csv says which roles there are not
    held = roles.remaining.select("userSourcedId", "orgSourcedId")
    without = users.remaining.join(held.select(pl.col("userSourcedId").alias(KEY)), on=KEY, how="anti")
    yield Check("semantic.no-role", users, "sourcedId", without)
    if users.has("primaryOrgSourcedId"):
        at_org = held.select(pl.col("userSourcedId").alias(KEY), primaryOrgSourcedId="orgSourcedId")
        with_roles = held.select(pl.col("userSourcedId").alias(KEY)).unique()
        named = users.remaining.filter(pl.col("primaryOrgSourcedId").is_not_null()).join(with_roles, on=KEY, how="semi")
        elsewhere = named.join(at_org, on=[KEY, "primaryOrgSourcedId"], how="anti")
        yield Check("semantic.primary-org-role", users, "primaryOrgSourcedId", elsewhere)


def _types(read: FileRead, column: str, targets: FileRead, wanted: str, rule: str) -> Iterator[Check]:
    """Targets in the package whose type is another; extended types may be anything."""
    if read.has(column) and targets.has("type"):
        other = (pl.col("type") != wanted) & ~pl.col("type").str.starts_with("ext:")
        others = targets.rows.filter(other).select(pl.col(KEY).alias(column))
        yield Check(rule, read, column, read.remaining.join(others, on=column, how="semi"))


def _subject_codes(read: FileRead) -> Iterator[Check]:
    if read.has("subjects", "subjectCodes"):
        items = [pl.col(name).str.count_matches('","', literal=True) for name in ("subjects", "subjectCodes")]
        wrong = read.remaining.filter(items[0] != items[1])
        yield Check("semantic.subject-codes", read, "subjectCodes", wrong)


def _enrollment_dates(enrollments: FileRead, classes: FileRead, sessions: FileRead) -> Iterator[Check]:
    """Enrollments wholly outside the terms of their class."""
    if not (
        enrollments.has("classSourcedId", "beginDate", "endDate")
        and classes.has("termSourcedIds")
        and sessions.has("startDate", "endDate")
    ):
        return
    listed = classes.rows.select(pl.col(KEY).alias("class"), item=pl.col("termSourcedIds").str.split(","))
    spans = class_spans(
        listed.explode("item", empty_as_null=True), sessions.rows.select("startDate", "endDate", item=KEY)
    )
    rows = enrollments.remaining.select(LINE, KEY, "beginDate", "endDate", "classSourcedId")
    within = rows.join(spans, left_on="classSourcedId", right_on="class", maintain_order="left")
    yield Check("semantic.enrollment-dates", enrollments, "beginDate", outside_terms(within))


def class_spans(listed: Frame, terms: Frame) -> Frame:
    """``class``, ``first`` and ``last`` day of each class's terms, where the dates of all of these are known.

    ``listed`` has a row (``class``, ``item``) for each term of each class; ``terms`` the dates of each ``item``.
    """
    dated = terms.select("item", first="startDate", last="endDate").drop_nulls()
    each = listed.join(dated, on="item", how="left").group_by("class")
    spans = each.agg(pl.col("first").min(), pl.col("last").max(), known=pl.col("first").is_not_null().all())
    return spans.filter("known").drop("known")


def outside_terms(enrollments: Frame) -> Frame:
    """Those that lie wholly outside the span of their class, which they have as ``first`` and ``last``."""
    return enrollments.filter((pl.col("beginDate") >= pl.col("last")) | (pl.col("endDate") <= pl.col("first")))


def _enrolled_twice(enrollments: FileRead) -> Iterator[Check]:
    keys = ["classSourcedId", "userSourcedId", "role"]
    if not enrollments.has(*keys):
        return
    begin = pl.col("beginDate").fill_null("") if enrollments.has("beginDate") else pl.lit("")
    end = pl.col("endDate").fill_null("9999") if enrollments.has("endDate") else pl.lit("9999")
    rows = enrollments.remaining.select(LINE, KEY, *keys, begin=begin, end=end)
    hashes = pl.sum_horizontal(pl.col(name).hash(seed) for seed, name in enumerate(keys))  # quicker than of a struct
    alike = rows.filter(hashes.is_duplicated()).drop_nulls(keys).sort(*keys, "begin", "end", KEY)
    overlapping = alike.filter(pl.col("begin") < pl.col("end").shift(1).over(keys))
    yield Check("semantic.enrolled-twice", enrollments, "userSourcedId", overlapping)


def _names(users: FileRead) -> Iterator[Check]:
    """Usernames and e-mail addresses that two people share, exactly or but for case."""
    if users.has("username", "givenName", "familyName"):
        named = users.remaining.select(LINE, KEY, "username", "givenName", "familyName").drop_nulls()
        shared = named.filter(pl.col("username").is_duplicated())
        # The same username is one human where the names agree: 1.1 has a row for each role.
        name = pl.struct(pl.col("givenName").str.to_lowercase(), pl.col("familyName").str.to_lowercase())
        yield Check("semantic.username-shared", users, "username", shared.filter(name.n_unique().over("username") > 1))
    for column in ("username", "email"):
        if users.has(column):
            yield _differing_in_case(users, column)


def _differing_in_case(users: FileRead, column: str) -> Check:
    folded = pl.col(column).str.to_lowercase()
    rows = users.remaining.select(LINE, KEY, column).drop_nulls().filter(folded.hash().is_duplicated())
    rows = rows.with_columns(folded.alias("folded")).filter(pl.col(column).n_unique().over("folded") > 1)
    others = rows.sort(LINE).group_by("folded").agg(people=pl.concat_str(KEY, pl.lit(" (line "), LINE, pl.lit(")")))
    detail = pl.concat_str(pl.lit("alike but for case: "), pl.col("people").list.head(5).list.join(", "))
    return Check(f"semantic.{column}-case", users, column, rows.join(others, on="folded"), detail)
