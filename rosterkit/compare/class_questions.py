"""Questions about classes: how many, for whom, and how they are named."""

from __future__ import annotations

from functools import partial

import polars as pl

from rosterkit.compare.delivered import Roster
from rosterkit.compare.people_questions import folded
from rosterkit.compare.question import Find, Found, Question
from rosterkit.compare.settings import CompareSettings

_NEEDS = ("Class", "Enrollment", "User")


def _all(roster: Roster, _settings: CompareSettings) -> Found:
    classes = roster.table("Class")
    kinds = classes.group_by(pl.col("type").fill_null("of no type")).len().sort("type")
    detail = ", ".join(f"{kind} {count:,}" for kind, count in kinds.iter_rows())
    return Found(classes.select("key").clear(), 0, detail, count=classes.height)


def _members(roster: Roster, role: str) -> pl.DataFrame:
    return roster.members.filter(pl.col("role") == role).select("class", "user").unique()


def _oversharing(roster: Roster, settings: CompareSettings) -> Found:
    """Students in more classes than the setting allows, or in any class that is no homeroom where only those count."""
    students = roster.of("student")
    member = _members(roster, "student")
    most = settings.classes_per_student
    if settings.homerooms_only:
        homeroom = roster.table("Class").filter(pl.col("type").eq_missing("homeroom")).select("key")
        member = member.join(homeroom, left_on="class", right_on="key", how="anti")
        most = 0
    counts = member.group_by("user").agg(classes=pl.len())
    middle, top = counts.select(pl.col("classes").median(), most=pl.col("classes").max()).row(0)
    detail = f"half of the students have {middle:.0f} or fewer, the most is {top:,}" if counts.height else ""
    rows = students.join(counts.filter(pl.col("classes") > most), left_on="key", right_on="user")
    return Found(rows.select("key", "classes", "school_name"), students.height, detail)


def _sections(roster: Roster, _settings: CompareSettings) -> Found:
    """Pairs of a teacher and a course with several classes; out of all such pairs."""
    classes = roster.table("Class").select("key", "title", "course").drop_nulls("course")
    taught = _members(roster, "teacher").join(classes, left_on="class", right_on="key")
    pairs = taught.group_by("user", "course").agg(
        classes=pl.col("class").n_unique(), titles=pl.col("title").drop_nulls().unique().sort().head(3)
    )
    rows = pairs.filter(pl.col("classes") > 1).rename({"user": "key"})
    return Found(rows.select("key", "classes", "titles"), pairs.height)


def _without(role: str, roster: Roster, _settings: CompareSettings) -> Found:
    classes = roster.table("Class")
    rows = classes.join(_members(roster, role), left_on="key", right_on="class", how="anti")
    return Found(rows.select("key", "title"), classes.height)


def _same_title(roster: Roster, _settings: CompareSettings) -> Found:
    classes = roster.table("Class").with_columns(name=folded("title")).drop_nulls("name")
    rows = classes.filter(pl.struct("school", "name").is_duplicated())
    return Found(rows.select("key", "title"), roster.table("Class").height)


def _no_homeroom(roster: Roster, _settings: CompareSettings) -> Found:
    students = roster.of("student")
    homeroom = roster.table("Class").filter(pl.col("type") == "homeroom").select("key")
    member = _members(roster, "student").join(homeroom, left_on="class", right_on="key", how="semi")
    rows = students.join(member, left_on="key", right_on="user", how="anti")
    return Found(rows.select("key", "school_name"), students.height)


def _no_class(roster: Roster, _settings: CompareSettings) -> Found:
    students = roster.of("student")
    rows = students.join(_members(roster, "student"), left_on="key", right_on="user", how="anti")
    return Found(rows.select("key", "school_name"), students.height)


def _question(
    code: str,
    text: str,
    remedy: str,
    find: Find,
    *,
    warning: float | None = None,
    error: float | None = None,
    reference: str = "",
    needs: tuple[str, ...] = _NEEDS,
    total: bool = False,
) -> Question:
    return Question(code, "Classes", text, remedy, find, needs, warning, error, reference, total)


CLASS_QUESTIONS = (
    _question(
        "class.all", "How many classes are there?", "Compare with the timetable.", _all, needs=("Class",), total=True
    ),
    _question(
        "student.oversharing",
        "Which students are in more classes than are wanted?",
        "Share homerooms or chosen courses only, by the vendor's filter or by the scope of the source.",
        _oversharing,
        warning=10,
        reference="C6",
    ),
    _question(
        "student.no-class",
        "Which students are in no class?",
        "Share their classes too; some vendors send only people who are in a shared class.",
        _no_class,
        warning=2,
        error=20,
    ),
    _question(
        "student.no-homeroom",
        "Which students have no homeroom?",
        "Mark homerooms in the SIS, if the product is to have homerooms only.",
        _no_homeroom,
        warning=10,
        reference="C6",
    ),
    _question(
        "class.several-of-course",
        "Which teachers have several classes of one course?",
        "Decide whether they are one classroom in the product: the feed can join them.",
        _sections,
        warning=20,
        reference="C5",
    ),
    _question(
        "class.no-students",
        "Which classes have no students?",
        "Leave them out, or find out why nobody is enrolled.",
        partial(_without, "student"),
        warning=5,
        reference="C5",
    ),
    _question(
        "class.no-teacher",
        "Which classes have no teacher?",
        "Enter the teacher in the SIS: nobody can open such a class in a product.",
        partial(_without, "teacher"),
        warning=1,
        error=10,
    ),
    _question(
        "class.same-title",
        "Which classes have the same title as another of their school?",
        "Use a title template in the feed, with period or teacher.",
        _same_title,
        warning=10,
        reference="C5",
        needs=("Class",),
    ),
)
