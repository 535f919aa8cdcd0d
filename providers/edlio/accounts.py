"""The people of a roster as Edlio wants them: one row for each person and organization, in the file of their role."""

from __future__ import annotations

from datetime import date

import polars as pl
from polars import selectors as cs

from providers.edlio.columns import FILES, GUARDIANS, PEOPLE, ROLES, STAFF, USERS
from providers.edlio.settings import EdlioSettings
from rosterkit.feeds.base import Roster
from rosterkit.feeds.contacts import decided
from rosterkit.feeds.csvout import one_line
from rosterkit.feeds.languages import iso_639_1
from rosterkit.feeds.mapping import expression
from rosterkit.feeds.people import current_roles, family_links, people, read_by
from rosterkit.feeds.rows import report
from rosterkit.sources.findings import Findings

_RANK = {role: place for place, role in enumerate(ROLES)}
_PART = {role: part for role, (part, _) in ROLES.items()}
_WORD = {role: word for role, (_, word) in ROLES.items()}


def columns_of(part: str, settings: EdlioSettings) -> list[str]:
    """The columns of that file which are sent: the template's, and others that are mapped."""
    return [c.name for c in FILES[part] if c.required or c.template or settings.column(part, c.name)]


def accounts(roster: Roster, settings: EdlioSettings, findings: Findings, as_of: date) -> dict[str, pl.DataFrame]:
    """The rows by part (staff, users, guardians): the file's columns under the district's headers, as texts.

    Besides: ``_user`` (source and sourced_id), ``_id`` (the integer id), and of guardians ``_child`` (the child's).
    """
    everybody = _enabled_people(roster, settings, findings, as_of).lazy()
    places = _places(roster, settings, as_of)
    _report_unknown_roles(roster, everybody, settings, findings, as_of)
    with_place = {part: everybody.join(places.filter(pl.col("part") == part), on="id") for part in (STAFF, USERS)}
    staff, users = pl.collect_all([_rows(part, frame, settings) for part, frame in with_place.items()])
    made = {STAFF: staff, USERS: users}
    if settings.guardians != "none":
        made[GUARDIANS] = _guardians(roster, everybody, places, users, settings, findings)
    return {part: _with_languages(rows, part, settings, findings) for part, rows in made.items()}


def _enabled_people(roster: Roster, settings: EdlioSettings, findings: Findings, as_of: date) -> pl.DataFrame:
    """Everybody whose account is enabled: ``id``, ``user``, and what the columns of any file read."""
    fields = read_by(cell for part in PEOPLE for cell in _cells(part, settings))
    known = people(roster, as_of=as_of, fields=fields)
    if settings.sources:
        known = known.filter(pl.col("source").is_in(settings.sources))
    enabled = pl.col("enabled").fill_null(value=True) & pl.col("account_enabled").fill_null(value=True)
    read = cs.by_name(*(fields - {"id", "user"}), require_all=False)
    everybody = known.select("id", "user", read, _enabled=enabled).collect()
    disabled = everybody.height - int(everybody["_enabled"].sum())
    if disabled:
        findings.add("A14.disabled", file=settings.file_name(USERS), detail=f"{disabled:,} people")
    return everybody.filter("_enabled").drop("_enabled")


def _places(roster: Roster, settings: EdlioSettings, as_of: date) -> pl.LazyFrame:
    """The strongest role of each person at each organization, in each file: ``id``, ``part``, ``word``, ``place``."""
    orgs = roster.table("Org").select(pl.col("id").alias("org_id"), pl.col(settings.organization_id).alias("place"))
    role = pl.col("role")
    return (
        current_roles(roster, as_of)
        .filter(role.is_in(list(ROLES)))
        .with_columns(
            rank=role.replace_strict(_RANK, default=None, return_dtype=pl.Int64),
            part=role.replace_strict(_PART, default=None, return_dtype=pl.String),
            word=role.replace_strict(_WORD, default=None, return_dtype=pl.String),
        )
        .sort("rank")
        .group_by("id", "org_id", "part", maintain_order=True)
        .agg(pl.col("word").first())
        .join(orgs, on="org_id")
    )


def _report_unknown_roles(
    roster: Roster, everybody: pl.LazyFrame, settings: EdlioSettings, findings: Findings, as_of: date
) -> None:
    """A finding for everybody who has roles, and none that Edlio knows (A14)."""
    roles = current_roles(roster, as_of).select("id", known=pl.col("role").is_in(list(ROLES)))
    unknown = roles.group_by("id").agg(pl.col("known").any()).filter(~pl.col("known"))
    rows = everybody.join(unknown, on="id", how="semi").select(_user="user").collect()
    file, column = settings.file_name(STAFF), settings.header("Role")
    report(findings, "A14.role", rows, file=file, column=column)


def _rows(part: str, frame: pl.LazyFrame, settings: EdlioSettings) -> pl.LazyFrame:
    """The file's columns, ``_user`` and ``_id``; ``frame``: people with ``word``, ``place`` and a guardian's child."""
    child = ["_child"] if part == GUARDIANS else []
    return frame.select(pl.col("user").alias("_user"), pl.col("id").alias("_id"), *child, *_cells(part, settings))


def _cells(part: str, settings: EdlioSettings) -> list[pl.Expr]:
    """The file's columns under the district's headers."""
    given = {"Role": pl.col("word"), "Organization ID": pl.col("place")}
    if part == GUARDIANS:
        given["Student ID"] = pl.col("_child_id")
    cells = []
    for name in columns_of(part, settings):
        value = settings.column(part, name)
        cell = given.get(name, pl.lit(None, pl.String) if value is None else one_line(expression(value)))
        cells.append(cell.alias(settings.header(name)))
    return cells


def _guardians(
    roster: Roster,
    everybody: pl.LazyFrame,
    places: pl.LazyFrame,
    users: pl.DataFrame,
    settings: EdlioSettings,
    findings: Findings,
) -> pl.DataFrame:
    """One row for each guardian, child and organization of the child."""
    links = decided(family_links(roster), settings.contact_types).collect()
    _report_unknown_types(links, everybody, settings, findings)
    words = places.filter(pl.col("part") == GUARDIANS).group_by("id").agg(pl.col("word").sort().first().alias("_word"))
    child = settings.header("Student ID" if settings.child == "student_id" else "Unique ID")
    children = users.lazy().select(
        pl.col("_id").alias("_child"),
        pl.col(child).alias("_child_id"),
        pl.col(settings.header("Organization ID")).alias("place"),
    )
    frame = (
        links.lazy()
        .filter(pl.col("decision") == "send")
        .select(pl.col("guardian_id").alias("id"), pl.col("student_id").alias("_child"))
        .join(children, on="_child")
        .join(everybody, on="id")
        .join(words, on="id", how="left")
        .with_columns(word=pl.col("_word").fill_null("Guardian"))
    )
    return _rows(GUARDIANS, frame, settings).collect()


def _report_unknown_types(
    links: pl.DataFrame, everybody: pl.LazyFrame, settings: EdlioSettings, findings: Findings
) -> None:
    unknown = links.filter(pl.col("decision") == "unknown")
    if unknown.is_empty():
        return
    names = everybody.select("id", pl.col("user").alias("_user")).collect()
    for (kind,), rows in unknown.sort("type").group_by("type", maintain_order=True):
        named = rows.join(names, left_on="guardian_id", right_on="id")
        file = settings.file_name(GUARDIANS)
        report(findings, "A14.contact-type", named, file=file, detail=f"the type is {kind}")


def _with_languages(rows: pl.DataFrame, part: str, settings: EdlioSettings, findings: Findings) -> pl.DataFrame:
    """The home language as ISO 639-1; what has no such code is blank, with a finding."""
    header = settings.header("Home Language")
    codes = iso_639_1(rows[header], settings.languages)
    lost = rows.filter(codes.is_null() & rows[header].is_not_null()).unique("_user", maintain_order=True)
    if lost.height:
        report(findings, "A14.no-language-code", lost, file=settings.file_name(part), column=header)
    return rows.with_columns(codes.alias(header))


def shared_ids(everybody: pl.DataFrame, settings: EdlioSettings) -> pl.Series:
    """Which rows carry a Unique ID that a row of another person has too (A5). Case does not matter."""
    return _of_several(everybody, settings.header("Unique ID"))


def shared_emails(everybody: pl.DataFrame, settings: EdlioSettings) -> pl.Series:
    """Which rows carry a first e-mail address that another person has too, and must wait (A5).

    Where one person who is no guardian shares it only with guardians of the same name, it is one human twice: the
    first row stays, the guardians' wait. Otherwise nobody can tell whose it is, and all wait.
    """
    first, last = settings.header("First Name"), settings.header("Last Name")
    rows = everybody.select(
        "_id",
        email=pl.col(settings.header("Email 1")).str.to_lowercase(),
        name=pl.concat_str(pl.col(first, last).str.to_lowercase().fill_null(""), separator="\n"),
        guardian=pl.col("_part") == GUARDIANS,
    )
    others = pl.col("_id").filter(~pl.col("guardian")).n_unique().over("email")
    one_human = (others == 1) & (pl.col("name").n_unique().over("email") == 1)
    waits = pl.when(one_human).then("guardian").otherwise(pl.lit(value=True))
    shared = pl.col("email").is_not_null() & (pl.col("_id").n_unique().over("email") > 1)
    return rows.select(waits=shared & waits).to_series()


def _of_several(everybody: pl.DataFrame, header: str) -> pl.Series:
    value = pl.col(header).str.to_lowercase()
    several = value.is_not_null() & (pl.col("_id").n_unique().over(value) > 1)
    return everybody.select(several=several).to_series()


def first_file_counts(roster: Roster, made: dict[str, pl.DataFrame], settings: EdlioSettings) -> dict[str, int]:
    """Who will get no account, to be looked at before the first file (A14); guardians count also if not sent."""
    email = settings.header("Email 1")
    guardians = (
        family_links(roster)
        .select(pl.col("guardian_id").alias("id"))
        .unique()
        .join(roster.table("User").select("id", "email"), on="id")
        .select("id", email=pl.col("email").str.strip_chars().str.to_lowercase())
        .filter(pl.col("email").is_not_null())
        .collect()
    )
    staff = made[STAFF].select("_id", email=pl.col(email).str.to_lowercase()).unique()
    sharing = staff.join(guardians, on="email").filter(pl.col("_id") != pl.col("id"))
    return {
        "students without e-mail": made[USERS].filter(pl.col(email).is_null())["_id"].n_unique(),
        "employees who share an address with a parent's account": sharing["_id"].n_unique(),
    }
