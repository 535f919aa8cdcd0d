"""An invented district and its runs: who is there in this one, in which order, and how often each row was edited."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.testing.district_draw import Draw, whole

ROW = pl.col("i")
"""The index of a row, in the frames from which rows are made."""


@dataclass(frozen=True, slots=True)
class District:
    """A district to be made up. For N students: N/555 schools, 0.075 N staff, 0.9 N guardians, 0.3 N classes, 8.3 N
    enrollments.
    """

    students: int
    seed: int = 1
    version: str = "1.1"
    demographics: bool = True


@dataclass(frozen=True, slots=True)
class Day:
    """What a later export of the same district is like."""

    number: int = 0
    """How many days have passed; the first is 0."""
    percent: float = 1.0
    """About how many rows of a hundred differ from one day to the next (benchmarks/README.md says which)."""
    inserted: bool = False
    """Today's new rows stand in the middle of their files and not at the end."""
    resorted: bool = False
    """Rows stand in the order of their ids; the content is the same."""
    level: int = 6
    """How hard the zip is pressed: another level, other bytes, the same content."""
    line_breaks: int = 0
    """About how many classes have a title of two lines."""


class State:
    """Who is there in this run, and how often each row was edited."""

    def __init__(self, district: District, day: Day) -> None:
        self.draw = Draw(district.seed)
        self.day = day
        self.version = district.version
        self.students = district.students
        self.schools = max(2, round(district.students / 555))
        self.staff = self.schools * max(4, round(district.students * 0.075 / self.schools))
        self.homerooms = max(1, round(district.students / self.schools / 25))  # of a school, as the next
        self.sections = max(self.homerooms + 18, round(district.students * 0.3 / self.schools))
        self.classes = self.schools * self.sections
        self.new_students = round(district.students * 0.002 * day.percent)  # each day, as the next
        self.new_classes = round(self.classes * 0.001 * day.percent)
        self.all_students = self.students + self.new_students * day.number
        self.all_classes = self.classes + self.new_classes * day.number

    def edits(self, kind: str, at: pl.Expr, rate: float, what: str = "edited") -> pl.Expr:
        """On how many days such a row was edited; ``rate`` where one row in a hundred differs."""
        times = whole(0)
        for day in range(1, self.day.number + 1):
            hit = self.draw.hits(rate * self.day.percent, kind, f"{what} in run {day}", at)
            times = times + hit.cast(pl.UInt64)
        return times

    def gone(self, kind: str, at: pl.Expr, rate: float) -> pl.Expr:
        return self.edits(kind, at, rate, "gone") > 0

    def student_stays(self, at: pl.Expr) -> pl.Expr:
        return ~self.gone("student", at, 0.002) & (at < self.all_students)

    def staff_stays(self, at: pl.Expr) -> pl.Expr:
        """Each school's first stays, and so do those who are guardians too."""
        return ~self.gone("staff", at, 0.002) | (at < self.schools) | (at % whole(9) == 0)

    def class_stays(self, at: pl.Expr) -> pl.Expr:
        return ~self.gone("class", at, 0.001)

    def family_stays(self, at: pl.Expr) -> pl.Expr:
        """Whether guardians of that index are there: indices are those of their first child."""
        return (at % whole(4) != 3) & (self.student_stays(at) | self.sibling_stays(at))

    def sibling_stays(self, at: pl.Expr) -> pl.Expr:
        return (at % whole(4) == 2) & self.student_stays(at + whole(1))

    def is_staff(self, at: pl.Expr) -> pl.Expr:
        """Whether the first guardian of that index works for the district (as staff at // 13)."""
        return (at % whole(117) == 0) & (at % whole(4) != 3) & (at // whole(13) < self.staff) & (at < self.students)

    def student_school(self, at: pl.Expr) -> pl.Expr:
        late = self.draw.below(self.schools, "student", "school", at)
        return pl.when(at < self.students).then(at * whole(self.schools) // whole(self.students)).otherwise(late)

    def class_school(self, at: pl.Expr) -> pl.Expr:
        late = self.draw.below(self.schools, "class", "school", at)
        return pl.when(at < self.classes).then(at // whole(self.sections)).otherwise(late)

    def staff_school(self, at: pl.Expr) -> pl.Expr:
        return at % whole(self.schools)

    def ordered(self, kind: str, first_new: int, stays: pl.Expr, count: int) -> pl.Series:
        """The indices of the rows of a kind that are there, in the order of this run's file."""
        rows = pl.select(i=pl.int_range(count, dtype=pl.UInt64)).filter(stays)
        if self.day.resorted:
            return rows.sort(self.draw.order(kind, ROW))["i"]
        if self.day.inserted:
            place = self.draw.below(first_new, kind, "place", ROW)
            return rows.sort(pl.when(first_new <= ROW).then(place).otherwise(ROW), ROW)["i"]
        return rows["i"]

    def new_from(self, first: int, each_day: int) -> int:
        """The first index that was not there the day before."""
        return first + each_day * max(0, self.day.number - 1)

    def student_order(self) -> pl.Series:
        return self.ordered(
            "student", self.new_from(self.students, self.new_students), self.student_stays(ROW), self.all_students
        )

    def class_order(self) -> pl.Series:
        return self.ordered(
            "class", self.new_from(self.classes, self.new_classes), self.class_stays(ROW), self.all_classes
        )
