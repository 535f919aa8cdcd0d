"""Questions about schools, terms, references, and how the data was delivered."""

from __future__ import annotations

from datetime import date
from functools import partial

import polars as pl

from rosterkit.compare.delivered import Roster, id_of
from rosterkit.compare.people_questions import folded
from rosterkit.compare.question import Find, Found, Question
from rosterkit.compare.settings import CompareSettings

_CHECKED = (
    ("Class", "school", "Org"),
    ("Class", "course", "Course"),
    ("ClassTerm", "session", "AcademicSession"),
    ("User", "primary_org", "Org"),
    ("Role", "user", "User"),
    ("Role", "org", "Org"),
    ("Enrollment", "class", "Class"),
    ("Enrollment", "user", "User"),
    ("Enrollment", "school", "Org"),
    ("GuardianLink", "guardian", "User"),
    ("GuardianLink", "student", "User"),
)
"""Entity, reference, and the entity that it names."""


def _all_schools(roster: Roster, _settings: CompareSettings) -> Found:
    return Found(roster.schools.select("key").clear(), 0, count=roster.schools.height)


def _school_without_number(roster: Roster, _settings: CompareSettings) -> Found:
    rows = roster.schools.filter(pl.col("identifier").is_null())
    return Found(rows.select("key", "name"), roster.schools.height)


def _same_school(roster: Roster, _settings: CompareSettings) -> Found:
    schools = roster.schools.with_columns(name_of=folded("name"))
    number = pl.col("identifier").is_not_null() & pl.col("identifier").is_duplicated()
    named = pl.col("name_of").is_not_null() & pl.col("name_of").is_duplicated()
    return Found(schools.filter(number | named).select("key", "name", number="identifier"), schools.height)


def _school_without_students(roster: Roster, _settings: CompareSettings) -> Found:
    at = roster.table("Role").filter(pl.col("role") == "student").select("org").unique()
    rows = roster.schools.join(at, left_on="key", right_on="org", how="anti")
    return Found(rows.select("key", "name"), roster.schools.height)


def _dangling(roster: Roster, _settings: CompareSettings) -> Found:
    frames, checked = [], 0
    for entity, reference, to in _CHECKED:
        if to in roster.absent:
            continue
        rows = roster.table(entity).drop_nulls(reference)
        checked += rows.height
        lost = rows.join(roster.table(to).select("key"), left_on=reference, right_on="key", how="anti")
        names = {"record": pl.lit(entity), "reference": pl.lit(reference), "missing": id_of(reference)}
        frames.append(lost.select("key", **names))
    if not frames:
        return Found.without_meaning("no record that others name came")
    return Found(pl.concat(frames), checked)


def _unusable(roster: Roster, _settings: CompareSettings) -> Found:
    """Records that came and could not be used, or of which a cell could not; links of unknown type count elsewhere."""
    aside = (pl.col("entity") == "GuardianLink") & pl.col("column").is_null()
    rows = roster.unusable.filter(~aside).select("entity", "column", "_file", "_line", id="sourced_id")
    read = sum(table.height for table in map(roster.table, ("User", "Class", "Enrollment", "Org", "AcademicSession")))
    return Found(rows.rename({"_file": "file", "_line": "line"}), read + rows.filter(pl.col("column").is_null()).height)


def _findings(roster: Roster, _settings: CompareSettings) -> Found:
    """Rules that the reader found broken, each once."""
    rules = (
        roster.extract.findings.filter(pl.col("severity").is_in(["error", "warning"]))
        .group_by("rule", maintain_order=True)
        .agg(pl.col("severity").first(), pl.len().alias("findings"), pl.col("file").first(), pl.col("line").first())
        .rename({"rule": "id"})
    )
    return Found(rules, 0)


def _terms_without_dates(roster: Roster, _settings: CompareSettings) -> Found:
    sessions = roster.table("AcademicSession")
    rows = sessions.filter(pl.col("start_date").is_null() | pl.col("end_date").is_null())
    return Found(rows.select("key", "title", "start_date", "end_date"), sessions.height)


def _overlapping(roster: Roster, _settings: CompareSettings) -> Found:
    """Sessions of one type and parent that overlap in part: one that lies within another is a usual part of it."""
    sessions = roster.table("AcademicSession").drop_nulls(["start_date", "end_date"])
    columns = ["key", "title", "type", "parent", "start_date", "end_date"]
    pairs = sessions.select(columns).join(
        sessions.select(columns), on=["type", "parent"], how="inner", nulls_equal=True
    )
    before = pl.col("start_date") < pl.col("start_date_right")
    meets = pl.col("start_date_right") < pl.col("end_date")
    ends_first = pl.col("end_date") < pl.col("end_date_right")
    found = pairs.filter(before & meets & ends_first)
    first = found.select("key", "title", overlaps="title_right")
    second = found.select(key="key_right", title="title_right", overlaps="title")
    rows = pl.concat([first, second]).unique("key", maintain_order=True)
    return Found(rows, roster.table("AcademicSession").height)


def _past(roster: Roster, _settings: CompareSettings) -> Found:
    """Classes whose terms have all ended."""
    ends = roster.table("AcademicSession").select("key", "title", "end_date")
    terms = roster.table("ClassTerm").join(ends, left_on="session", right_on="key").drop_nulls("end_date")
    last = terms.group_by("class").agg(last_day=pl.col("end_date").max())
    over = last.filter(pl.col("last_day") <= roster.as_of.isoformat())
    classes = roster.table("Class")
    rows = classes.join(over, left_on="key", right_on="class")
    return Found(rows.select("key", "title", "last_day"), classes.height)


def _classes_without_term(roster: Roster, _settings: CompareSettings) -> Found:
    classes = roster.table("Class")
    rows = classes.join(roster.table("ClassTerm"), left_on="key", right_on="class", how="anti")
    return Found(rows.select("key", "title"), classes.height)


def _age(roster: Roster, settings: CompareSettings) -> Found:
    """Days since the newest change beyond what is allowed; 0 while it is fresh."""
    newest = max(
        (text for e in ("User", "Class", "Enrollment") if (text := roster.table(e)["_modified_at"].max()) is not None),
        default=None,
    )
    if newest is None:
        return Found.without_meaning("this source does not say when its records changed")
    days = max(0, (roster.as_of - date.fromisoformat(str(newest)[:10])).days)
    detail = f"the newest change is {days:,} {'day' if days == 1 else 'days'} old"
    late = days if days > settings.stale_days else 0
    return Found(pl.DataFrame(schema={"key": pl.String}), late, detail, count=late)


def _question(
    code: str,
    group: str,
    text: str,
    remedy: str,
    find: Find,
    *,
    needs: tuple[str, ...],
    warning: float | None = None,
    error: float | None = None,
    reference: str = "",
    total: bool = False,
) -> Question:
    return Question(code, group, text, remedy, find, needs, warning, error, reference, total)


_schools = partial(_question, group="Schools and terms", needs=("Org",))
_terms = partial(_question, group="Schools and terms", needs=("AcademicSession",))
_delivery = partial(_question, group="Delivery", needs=())

RECORD_QUESTIONS = (
    _schools(
        code="school.all",
        text="How many schools are there?",
        remedy="Compare with the list of schools.",
        find=_all_schools,
        total=True,
    ),
    _schools(
        code="school.no-number",
        text="Which schools have no number?",
        remedy="Enter the number in the SIS: schools of a product are matched by it.",
        find=_school_without_number,
        warning=0,
    ),
    _schools(
        code="school.same",
        text="Which schools have the number or the name of another?",
        remedy="Tell them apart in the SIS, or map both to one school of the product.",
        find=_same_school,
        warning=0,
        reference="C9",
    ),
    _schools(
        code="school.no-students",
        text="Which schools have no students?",
        remedy="Share the school's students, or leave the school out.",
        find=_school_without_students,
        needs=("Org", "Role"),
        warning=0,
    ),
    _terms(
        code="term.no-dates",
        text="Which terms lack a first or a last day?",
        remedy="Enter the days in the SIS: classes close by them.",
        find=_terms_without_dates,
        warning=0,
    ),
    _terms(
        code="term.overlap",
        text="Which terms of one kind overlap?",
        remedy="Correct the days in the SIS, if it is not meant.",
        find=_overlapping,
        warning=0,
    ),
    _terms(
        code="class.past",
        text="Which classes belong to terms that are over?",
        remedy="Export the current terms only.",
        find=_past,
        needs=("AcademicSession", "Class", "ClassTerm"),
        warning=5,
        error=50,
    ),
    _terms(
        code="class.no-term",
        text="Which classes belong to no term?",
        remedy="Give them a term in the SIS: without one nobody knows when they end.",
        find=_classes_without_term,
        needs=("Class",),
        warning=10,
    ),
    _delivery(
        code="reference.missing",
        text="Which rows name a record that did not come?",
        remedy="Share the records that are named too, or correct the id.",
        find=_dangling,
        warning=0,
        error=1,
    ),
    _delivery(
        code="record.unusable",
        text="Which records came and could not be used as they are?",
        remedy="Correct them in the SIS; rosterkit check says the rule for each.",
        find=_unusable,
        warning=0,
        error=2,
    ),
    _delivery(
        code="rule.broken",
        text="Which rules does the data break?",
        remedy="Look each up with rosterkit rules CODE.",
        find=_findings,
    ),
    _delivery(
        code="source.stale",
        text="For how many days has nothing changed?",
        remedy="See whether the vendor's sync is paused, or on hold, or the export stopped.",
        find=_age,
        warning=0,
        error=0,
    ),
)
