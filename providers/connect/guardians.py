"""Which guardians of which students are sent, in guardians.csv or in users.csv (C7, C8, C18, C19, C24)."""

from __future__ import annotations

import polars as pl

from providers.connect.columns import FILES, GUARDIANS, USERS
from providers.connect.people import named_id
from providers.connect.settings import ConnectSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.contacts import closest, decided
from rosterkit.feeds.languages import iso_639
from rosterkit.feeds.people import family_links
from rosterkit.feeds.rows import report
from rosterkit.sources.findings import Findings


def links(
    roster: Roster, everybody: pl.DataFrame, students: pl.DataFrame, settings: ConnectSettings, findings: Findings
) -> pl.DataFrame:
    """The links that are sent: ``student_id``, ``student`` (its sourcedId), ``guardian_id``, ``guardian``, ``type``,
    ``priority``.

    Only between students of the feed (``id``, ``sourcedId``) and people whose account is enabled. A contact whose type
    nobody has mapped is not sent, and shown (C8).
    """
    file = GUARDIANS if settings.guardians == "file" else USERS
    guardians = everybody.select(guardian_id="id", guardian="_user")
    found = (
        decided(family_links(roster), settings.contact_types, settings.contact_relationships)
        .join(students.lazy().select(student_id="id", student="sourcedId"), on="student_id")
        .join(guardians.lazy(), on="guardian_id")
        .collect()
    )
    unknown = found.filter(pl.col("decision") == "unknown").sort("type").rename({"guardian": "_user"})
    for (kind,), rows in unknown.group_by("type", maintain_order=True):
        report(findings, "C8.contact-type", rows, file=file, detail=f"the type is {kind}")
    return found.filter(pl.col("decision") == "send").select(
        "student_id", "student", "guardian_id", "guardian", "type", "priority"
    )


def chosen(found: pl.DataFrame, settings: ConnectSettings, findings: Findings) -> pl.DataFrame:
    """Of each student's links those that fit, the closest first; ``place`` is their order."""
    placed = closest(found.lazy(), settings.max_guardians, settings.custody_order).collect()
    left = placed.filter(~pl.col("fits"))
    if left.height:
        detail = f"{left['student_id'].n_unique():,} students; {left.height:,} links are left out"
        file = GUARDIANS if settings.guardians == "file" else USERS
        findings.add("connect.agents-left-out", file=file, detail=detail)
    return placed.filter("fits")


def guardian_users(
    found: pl.DataFrame, everybody: pl.DataFrame, at: pl.DataFrame, users: pl.DataFrame, settings: ConnectSettings
) -> pl.DataFrame:
    """Guardians as rows of users.csv, with the schools of their students and never the district (C19).

    ``at``: the Connect schools of students. A guardian who has a row in ``users`` (staff) gets a second one, with
    -guardian after the id.
    """
    schools = (
        found.select("guardian_id", id="student_id")
        .join(at.select("id", "vendor_school"), on="id")
        .group_by("guardian_id")
        .agg(orgSourcedIds=pl.col("vendor_school").unique().sort().str.join(","))
    )
    nothing = pl.lit(None, pl.String)
    plain = named_id("guardian", settings)
    twice = pl.col("id").is_in(users["id"].implode())
    return everybody.join(schools, left_on="id", right_on="guardian_id").select(
        "id",
        "_user",
        sourcedId=pl.when(twice).then(plain + "-guardian").otherwise(plain),
        orgSourcedIds="orgSourcedIds",
        role=pl.col("guardian").fill_null("guardian"),
        givenName="given_name",
        familyName="family_name",
        email="email",
        sms="sms",
        phone=pl.col("phone") if settings.sends_phone else nothing,
        agentSourcedIds=nothing,
        grades=nothing,
        identifier=nothing,
    )


def agents(fitting: pl.DataFrame, guardians: pl.DataFrame) -> pl.DataFrame:
    """``sourcedId`` of each student and ``agentSourcedIds``, the closest first."""
    return (
        fitting.join(guardians.select(guardian_id="id", agent="sourcedId"), on="guardian_id")
        .sort("student", "place")
        .group_by(sourcedId="student", maintain_order=True)
        .agg(agentSourcedIds=pl.col("agent").str.join(","))
    )


def pairs(found: pl.DataFrame, everybody: pl.DataFrame, settings: ConnectSettings) -> pl.DataFrame:
    """The rows of guardians.csv, one for each guardian and student, with ``_user`` and ``id`` of the guardian."""
    nothing = pl.lit(None, pl.String)
    own = named_id("guardian", settings) if settings.guardian_id == "sourced_id" else nothing
    persons = everybody.with_columns(iso_639(everybody["language"], settings.languages)).select(
        guardian_id="id",
        _user="_user",
        sourcedId=own,
        givenName="given_name",
        familyName="family_name",
        email="email",
        sms="sms",
        phone=pl.col("phone") if settings.sends_phone else nothing,
        language="language",
    )
    rows = found.rename({"student": "studentSourcedId"}).join(persons, on="guardian_id")
    headers = {name: settings.guardian_header(name) for name in FILES[GUARDIANS]}
    return rows.select("_user", pl.col("guardian_id").alias("id"), *FILES[GUARDIANS]).rename(headers)
