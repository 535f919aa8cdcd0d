"""The schools of an invented district on one day: organisations, sessions, courses, classes and enrollments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from rosterkit.testing.district_draw import chosen, whole
from rosterkit.testing.district_state import ROW, State
from rosterkit.testing.district_words import GRADES, PLACES, SUBJECTS

_SESSIONS = (  # title, type, start, end (exclusive), parent
    ("2026-2027", "schoolYear", "2026-08-24", "2027-06-12", None),
    ("Fall semester", "semester", "2026-08-24", "2027-01-16", 0),
    ("Spring semester", "semester", "2027-01-19", "2027-06-12", 0),
    ("First quarter", "gradingPeriod", "2026-08-24", "2026-10-31", 1),
    ("Second quarter", "gradingPeriod", "2026-11-02", "2027-01-16", 1),
    ("Winter trimester", "term", "2026-12-01", "2027-03-06", 0),
)
_TERMS = ((0,), (1, 2), (1,), (2,), (3, 4), (5,))  # sessions of a class
_DAYS = 28  # an enrollment that was edited ends 30 to 57 days after it begins
_MOVED = 1 << 40  # an enrollment that moves to another class has an index of its own
_HOMEROOM = len(SUBJECTS)  # the course of homerooms comes after those of subjects


def _early_ends() -> list[str]:
    """The ends of edited enrollments, by terms and then by day."""
    begins = [date.fromisoformat(_SESSIONS[terms[0]][2]) for terms in _TERMS]
    return [(begin + timedelta(days=30 + day)).isoformat() for begin in begins for day in range(_DAYS)]


class Schools:
    """Rows of orgs.csv, academicSessions.csv, courses.csv, classes.csv and enrollments.csv."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._draw = state.draw
        self._sessions = self._numbered(len(_SESSIONS)).select(self._id("session", ROW)).to_series()
        orgs = self._numbered(state.schools + 1).select(self._id("org", ROW)).to_series()
        self._district = pl.lit(orgs[state.schools])  # the last organisation is the district

    def _id(self, kind: str, at: pl.Expr) -> pl.Expr:
        return self._draw.sourced_id(kind, at)

    @staticmethod
    def _numbered(count: int) -> pl.DataFrame:
        return pl.select(i=pl.int_range(count, dtype=pl.UInt64))

    def orgs(self) -> pl.DataFrame:
        """The schools, and the district as the last."""
        district = whole(self._state.schools) == ROW
        kind = self._draw.word(("Elementary School", "Middle School", "High School"), "org", "kind", ROW)
        return self._numbered(self._state.schools + 1).select(
            sourcedId=self._id("org", ROW),
            name=pl.when(district)
            .then(pl.lit("Juniper Valley Unified"))
            .otherwise(pl.concat_str(self._draw.word(PLACES, "org", "name", ROW), kind, separator=" ")),
            type=pl.when(district).then(pl.lit("district")).otherwise(pl.lit("school")),
            identifier=pl.format("06{}", whole(10_000) + ROW),
            parentSourcedId=pl.when(~district).then(self._district),
        )

    def sessions(self) -> pl.DataFrame:
        titles, types, starts, ends, parents = zip(*_SESSIONS, strict=True)
        return pl.DataFrame(
            {
                "sourcedId": self._sessions,
                "title": titles,
                "type": types,
                "startDate": starts,
                "endDate": ends,
                "parentSourcedId": [None if parent is None else self._sessions[parent] for parent in parents],
                "schoolYear": ["2027"] * len(_SESSIONS),
            }
        )

    def courses(self) -> pl.DataFrame:
        """Each subject in each grade, then homeroom in each."""
        subject, grade = ROW // whole(len(GRADES)), chosen(GRADES, ROW % whole(len(GRADES)))
        titles, subjects, codes = zip(*SUBJECTS, ("Homeroom", "Homeroom", "22106"), strict=True)
        return self._numbered((len(SUBJECTS) + 1) * len(GRADES)).select(
            sourcedId=self._id("course", ROW),
            schoolYearSourcedId=pl.lit(self._sessions[0]),
            title=pl.format("{} ({})", chosen(titles, subject), grade),
            courseCode=pl.format("{}-{}", chosen(codes, subject), grade),
            grades=grade,
            orgSourcedId=self._district,
            subjects=chosen(subjects, subject),
            subjectCodes=chosen(codes, subject),
        )

    def _is_homeroom(self, at: pl.Expr) -> pl.Expr:
        return (at < self._state.classes) & (at % whole(self._state.sections) < self._state.homerooms)

    def _terms(self, at: pl.Expr) -> pl.Expr:
        """Which of _TERMS a class meets in; homerooms meet the whole year."""
        drawn = self._draw.below(len(_TERMS), "class", "terms", at)
        return pl.when(self._is_homeroom(at)).then(whole(0)).otherwise(drawn)

    def classes(self, at: pl.Series) -> pl.DataFrame:
        state, draw = self._state, self._draw
        homeroom = self._is_homeroom(ROW)
        subject = pl.when(homeroom).then(whole(_HOMEROOM)).otherwise(draw.below(len(SUBJECTS), "class", "subject", ROW))
        grade = draw.below(len(GRADES), "class", "grade", ROW)
        titles, subjects, codes = zip(*SUBJECTS, ("Homeroom", "Homeroom", "22106"), strict=True)
        period = draw.below(8, "class", "period", ROW) + whole(1)
        two = draw.hits(0.1, "class", "two grades", ROW) & (grade + whole(1) < len(GRADES))
        listed = [",".join(self._sessions[session] for session in terms) for terms in _TERMS]
        title = pl.format("{}, section {}", chosen(titles, subject), ROW % whole(97) + whole(1))
        room = whole(100) + draw.below(400, "class", "room", ROW) + state.edits("class", ROW, 0.006) * whole(7)
        return at.alias("i").to_frame().select(
            sourcedId=self._id("class", ROW),
            title=pl.when(self._has_line_break(ROW)).then(pl.format('{}\nroom "B"', title)).otherwise(title),
            grades=pl.when(two)
            .then(pl.format("{},{}", chosen(GRADES, grade), chosen((*GRADES, ""), grade + whole(1))))
            .otherwise(chosen(GRADES, grade)),
            courseSourcedId=self._id("course", subject * whole(len(GRADES)) + grade),
            classCode=pl.format("{}-{}", chosen(codes, subject), ROW),
            classType=pl.when(homeroom).then(pl.lit("homeroom")).otherwise(pl.lit("scheduled")),
            location=pl.format("Room {}", room),
            schoolSourcedId=self._id("org", state.class_school(ROW)),
            termSourcedIds=chosen(listed, self._terms(ROW)),
            subjects=chosen(subjects, subject),
            subjectCodes=chosen(codes, subject),
            periods=pl.when(~homeroom).then(period.cast(pl.String)),
        )  # fmt: skip

    def _has_line_break(self, at: pl.Expr) -> pl.Expr:
        wanted = self._state.day.line_breaks
        every = whole(max(1, self._state.classes // max(1, wanted)))
        return (at % every == 1) if wanted else pl.lit(value=False)

    def student_enrollments(self, portion: int) -> Iterator[pl.DataFrame]:
        """A homeroom and seven sections for each student, about ``portion`` rows at a time."""
        order = self._state.student_order()
        if self._state.day.resorted:
            slots = pl.select(slot=pl.int_range(self._state.all_students * 8, dtype=pl.UInt64))["slot"]
            slots = slots.to_frame().sort(self._draw.order("enrollment", self._index(pl.col("slot"))))["slot"]
            for start in range(0, len(slots), portion):
                yield self._enrolled(slots[start : start + portion])
            return
        for start in range(0, len(order), max(1, portion // 8)):
            students = order[start : start + max(1, portion // 8)].alias("i").to_frame()
            eight = students.select((ROW * whole(8)).repeat_by(8).list.explode()).to_series()
            yield self._enrolled(eight + pl.select(pl.int_range(len(eight), dtype=pl.UInt64) % whole(8)).to_series())

    def _index(self, slot: pl.Expr) -> pl.Expr:
        return slot + self._moves(slot) * whole(_MOVED)

    def _moves(self, slot: pl.Expr) -> pl.Expr:
        """How often this place was given to another class; nobody moves to another homeroom."""
        moved = self._state.edits("enrollment", slot, 0.0015, "moved")
        return pl.when(slot % whole(8) == 0).then(whole(0)).otherwise(moved)

    def _enrolled(self, slots: pl.Series) -> pl.DataFrame:
        state, draw = self._state, self._draw
        slot, student, school = pl.col("slot"), pl.col("slot") // whole(8), pl.col("school")
        nth = slot % whole(8)
        sections = whole(state.sections - state.homerooms)
        drawn = draw.below(1 << 30, "student", "sections", student) + nth + self._moves(slot) * whole(8)
        homeroom = draw.below(state.homerooms, "student", "homeroom", student)
        place = pl.when(nth == 0).then(homeroom).otherwise(whole(state.homerooms) + drawn % sections)
        rows = slots.alias("slot").to_frame().with_columns(school=state.student_school(student))
        rows = rows.with_columns(section=school * whole(state.sections) + place)
        rows = rows.filter(state.student_stays(student) & state.class_stays(pl.col("section")))
        edits = state.edits("enrollment", slot, 0.003)
        early = self._terms(pl.col("section")) * whole(_DAYS) + (slot + edits) % whole(_DAYS)
        return rows.select(
            sourcedId=self._id("enrollment", self._index(slot)),
            classSourcedId=self._id("class", pl.col("section")),
            schoolSourcedId=self._id("org", school),
            userSourcedId=self._id("student", student),
            role=pl.lit("student"),
            primary=pl.lit("false"),
            beginDate=self._begin(pl.col("section")),
            endDate=pl.when(edits > 0).then(chosen(_early_ends(), early)).otherwise(self._end(pl.col("section"))),
        )

    def _begin(self, at: pl.Expr) -> pl.Expr:
        return chosen([_SESSIONS[terms[0]][2] for terms in _TERMS], self._terms(at))

    def _end(self, at: pl.Expr) -> pl.Expr:
        return chosen([_SESSIONS[terms[-1]][3] for terms in _TERMS], self._terms(at))

    def teacher_enrollments(self, at: pl.Series, *, second: bool) -> pl.DataFrame:
        """Who teaches these classes; every tenth has a second teacher. The school's first stands in for who is gone."""
        state, kind = self._state, "second teacher" if second else "teacher"
        rows = at.alias("i").to_frame()
        if second:
            rows = rows.filter(ROW % whole(10) == 0)
        each = state.staff // state.schools
        drawn = self._draw.below(each - 1, "class", "teacher", ROW) + whole(1 if second else 0)
        rows = rows.with_columns(school=state.class_school(ROW), drawn=drawn)
        rows = rows.with_columns(teacher=pl.col("school") + pl.col("drawn") * whole(state.schools))
        away = ~state.staff_stays(pl.col("teacher"))
        return rows.select(
            sourcedId=self._id(kind, ROW + away.cast(pl.UInt64) * whole(_MOVED)),
            classSourcedId=self._id("class", ROW),
            schoolSourcedId=self._id("org", pl.col("school")),
            userSourcedId=self._id("staff", pl.when(away).then("school").otherwise("teacher")),
            role=pl.lit("teacher"),
            primary=pl.lit("false" if second else "true"),
            beginDate=self._begin(ROW),
            endDate=self._end(ROW),
        )
