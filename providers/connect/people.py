"""Students and staff of a roster as rows of users.csv (C27)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from providers.connect.columns import ROLES, USERS
from providers.connect.schools import people_schools, student_schools
from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.csvout import one_line
from rosterkit.feeds.people import people
from rosterkit.feeds.rows import report
from rosterkit.sources.findings import Findings

GUARDIAN_ROLES = ("guardian", "parent", "relative")
STAFF_ROLES = ("administrator", "teacher", "aide", "proctor")

_RANK = {role: place for place, role in enumerate(ROLES)}


def enabled_people(roster: Roster, findings: Findings, as_of: date, sources: Sequence[str] = ()) -> pl.DataFrame:
    """Everybody (of these sources, or of all) whose account is enabled, with ``_user`` and ``word``.

    ``word`` is Connect's role as student or staff, or null. Also ``id``, ``sourced_id``, names, contact data,
    ``identifier``, ``language``, ``grades``, ``grade``, ``school_ids`` and ``guardian`` (the word of the guardian role,
    or null).
    """
    enabled = pl.col("enabled").fill_null(value=True) & pl.col("account_enabled").fill_null(value=True)
    everybody = (
        people(roster, as_of=as_of, fields=("roles", "school_ids"))
        .filter(pl.col("source").is_in(sources) if sources else pl.lit(value=True))
        .select(
            enabled.alias("_enabled"),
            "id",
            pl.col("user").alias("_user"),
            "sourced_id",
            *(one_line(pl.col(name)) for name in ("given_name", "family_name", "email", "sms", "phone", "identifier")),
            "language",
            "grades",
            "grade",
            "school_ids",
            "roles",
            word=_first_role(guardians=False),
            guardian=_first_role(guardians=True),
        )
        .collect()
    )
    disabled = everybody.height - int(everybody["_enabled"].sum())
    if disabled:
        findings.add("connect.disabled", file=USERS, detail=f"{disabled:,} people")
    return everybody.filter("_enabled").drop("_enabled")


def with_own_contacts(everybody: pl.DataFrame, settings: ConnectSettings, findings: Findings) -> pl.DataFrame:
    """Everybody with the e-mail and mobile number that are theirs alone, for a Connect that wants it so.

    One that people of different names share stays with the one employee among them, and is left out of the other rows.
    """
    name = pl.concat_str(pl.col("given_name", "family_name").str.to_lowercase().fill_null(""), separator="\n")
    staff = pl.col("word").is_in(STAFF_ROLES).fill_null(value=False)
    for column in ("email", settings.phone_credential):
        value = pl.col(column).str.to_lowercase()
        shared = value.is_not_null() & (name.n_unique().over(value) > 1)
        only_staff = staff & (staff.sum().over(value) == 1)
        lost = everybody.select((shared & ~only_staff).fill_null(value=False)).to_series()
        report(findings, "connect.contact-taken", everybody.filter(lost), file=USERS, column=column)
        everybody = everybody.with_columns(pl.when(~lost).then(pl.col(column)).alias(column))
    return everybody


def _first_role(*, guardians: bool) -> pl.Expr:
    """Connect's word for the strongest of a person's roles; only guardians' roles, or only the others."""
    ranks = {role: rank for role, rank in _RANK.items() if (ROLES[role] in GUARDIAN_ROLES) == guardians}
    words = {rank: ROLES[role] for role, rank in ranks.items()}
    rank = pl.element().replace_strict(ranks, default=None, return_dtype=pl.Int64)
    return pl.col("roles").list.eval(rank).list.min().replace_strict(words, default=None, return_dtype=pl.String)


def named_id(kind: str, settings: ConnectSettings) -> pl.Expr:
    """The sourcedId of a person of that kind (student, staff, guardian)."""
    prefix = f"{kind}-" if settings.user_ids == "by_kind" else ""
    return pl.lit(prefix) + pl.col("sourced_id")


def student_rows(
    roster: Roster, everybody: pl.DataFrame, settings: ConnectSettings, findings: Findings, as_of: date
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Students as rows of users.csv, those without a place, and where all are (``student_schools``).

    Rows have ``id`` and ``_user`` beside the file's columns. Students without a school that Connect knows, without a
    rule for their grade (C9) or without a primary school (C33) are withheld, each with a finding.
    """
    students = everybody.filter(pl.col("word") == "student")
    at, no_rule, no_primary = student_schools(roster, students, settings, as_of)
    none = students.filter(pl.col("school_ids").is_null())
    for rule, lost in (("C9.no-rule", no_rule), ("C33.primary-school", no_primary), ("C33.no-school", none)):
        report(findings, rule, lost, file=USERS, column="orgSourcedIds")
    rows = _rows(students, at, "student", settings)
    withheld = students.join(rows, on="id", how="anti").select("id", "_user")
    return rows, withheld, at


def staff_rows(
    everybody: pl.DataFrame, schools: pl.DataFrame, settings: ConnectSettings, findings: Findings
) -> pl.DataFrame:
    """Staff as rows of users.csv; those of the district alone as the setting says (C15).

    People whose roles Connect does not know are withheld, with a finding.
    """
    staff = everybody.filter(pl.col("word").is_in(STAFF_ROLES))
    unknown = everybody.filter(pl.col("word").is_null() & pl.col("guardian").is_null() & pl.col("roles").is_not_null())
    report(findings, "C23.role", unknown, file=USERS, column="role")
    at = people_schools(schools, staff)
    district = staff.filter(pl.col("school_ids").is_null())
    if settings.district_staff == "schools":
        at = pl.concat([at, district.select("id").join(schools.select("vendor_school").unique(), how="cross")])
    else:
        report(findings, "C15.district-staff", district, file=USERS, column="orgSourcedIds")
    return _rows(staff, at, "staff", settings)


def _grades(settings: ConnectSettings) -> pl.Expr:
    return pl.col("grades").list.eval(pl.element().replace(settings.grade_codes)).list.join(",")


def _rows(persons: pl.DataFrame, at: pl.DataFrame, kind: str, settings: ConnectSettings) -> pl.DataFrame:
    """The file's columns for persons who have a school in ``at`` (``id``, ``vendor_school``)."""
    ordered = at.select("id", "vendor_school").unique().sort("id", "vendor_school")
    orgs = ordered.group_by("id", maintain_order=True).agg(orgSourcedIds=pl.col("vendor_school").str.join(","))
    student = kind == "student"
    nothing = pl.lit(None, pl.String)
    return persons.join(orgs, on="id").select(
        "id",
        "_user",
        sourcedId=named_id(kind, settings),
        orgSourcedIds="orgSourcedIds",
        role="word",
        givenName="given_name",
        familyName="family_name",
        email="email",
        sms=nothing if student else pl.col("sms"),
        phone=pl.col("phone") if settings.sends_phone and not student else nothing,
        agentSourcedIds=nothing,
        grades=_grades(settings) if student else nothing,
        identifier=pl.col("identifier") if settings.identifier and student else nothing,
    )
