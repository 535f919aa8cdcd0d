"""The people of an invented district on one day: each value is a function of the row's index (``district_draw``)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rosterkit.testing.district_draw import chosen, whole
from rosterkit.testing.district_state import ROW, State
from rosterkit.testing.district_words import FAMILY, GIVEN, GRADES, MIDDLE, PLACES, plain

_BLANK = pl.lit(None, pl.String)
_RACES = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
    "demographicRaceTwoOrMoreRaces",
    "hispanicOrLatinoEthnicity",
)


class People:
    """Staff, students and guardians: the rows of users.csv, roles.csv, userProfiles.csv and demographics.csv."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._draw = state.draw

    def ids(self, kind: str, at: pl.Expr) -> pl.Expr:
        return self._draw.sourced_id(kind, at)

    def guardian_ids(self, at: pl.Expr) -> pl.Expr:
        """In 1.2 a guardian who works for the district is one user with two roles; in 1.1 each role is a row."""
        own = self.ids("guardian", at)
        if self._state.version == "1.1":
            return own
        return pl.when(self._state.is_staff(at)).then(self.ids("staff", at // whole(13))).otherwise(own)

    def orders(self) -> dict[str, pl.Series]:
        """The indices of each kind of people, in the order of this run's file."""
        state = self._state
        first_new = state.new_from(state.students, state.new_students)
        families = state.family_stays(ROW)
        first = families if state.version == "1.1" else families & ~state.is_staff(ROW)
        second = families & (ROW % whole(5) == 0)
        kinds = {
            "staff": state.ordered("staff", state.staff, state.staff_stays(ROW), state.staff),
            "student": state.student_order(),
            "guardian": state.ordered("guardian", first_new, first, state.all_students),
            "second guardian": state.ordered("second guardian", first_new, second, state.all_students),
        }
        return dict(reversed(kinds.items())) if state.day.resorted else kinds

    def users(self, kind: str, at: pl.Series) -> pl.DataFrame:
        """Rows of users.csv of either version (columns of the other are there too)."""
        person = self._person(kind)
        role = self.role(kind, ROW)
        number = (whole({"staff": 40_000_000, "student": 10_000_000}.get(kind, 70_000_000)) + ROW).cast(pl.String)
        number = pl.format("00{}", number) if kind == "student" else number
        return (
            at.alias("i")
            .to_frame()
            .select(
                sourcedId=self.ids(kind, ROW),
                enabledUser=pl.when(self._draw.hits(0.01, kind, "disabled", ROW))
                .then(pl.lit("false"))
                .otherwise(pl.lit("true")),
                orgSourcedIds=self._orgs(kind),
                primaryOrgSourcedId=self.ids("org", self.school(kind, ROW)),
                role=role,
                **person,
                userIds=pl.concat_str(pl.lit("{SIS:"), number, pl.lit("}")) if kind == "student" else _BLANK,
                identifier=number if kind in ("student", "staff") else _BLANK,
                agentSourcedIds=self._agents(kind),
                grades=self._draw.word(GRADES, "student", "grade", ROW) if kind == "student" else _BLANK,
                pronouns=self._draw.word((None, None, None, "she/her", "he/him", "they/them"), kind, "pronouns", ROW),
            )
        )

    def school(self, kind: str, at: pl.Expr) -> pl.Expr:
        return self._state.staff_school(at) if kind == "staff" else self._state.student_school(at)

    def role(self, kind: str, at: pl.Expr) -> pl.Expr:
        if kind == "student":
            return pl.lit("student")
        staff = (*["teacher"] * 9, "aide" if self._state.version == "1.1" else "counselor")
        return self._draw.word(
            staff if kind == "staff" else ("guardian", "parent", "parent", "relative"), kind, "role", at
        )

    def _person(self, kind: str) -> dict[str, pl.Expr]:
        """Names and addresses; those of a guardian who works for the district are those of the staff."""
        person = self._named(kind, ROW)
        if kind != "guardian":
            return person
        staff = self._named("staff", ROW // whole(13))
        return {name: pl.when(self._state.is_staff(ROW)).then(staff[name]).otherwise(person[name]) for name in person}

    def _named(self, kind: str, at: pl.Expr) -> dict[str, pl.Expr]:
        draw = self._draw
        edits = self._state.edits(kind, at, 0.006)
        edited = draw.below(4, kind, "edited field", at)  # 0 family name, 1 e-mail, 2 and 3 phone
        given = draw.below(len(GIVEN), kind, "given name", at)
        of_family = at - (at % whole(4) == 3).cast(pl.UInt64) if kind == "student" else at
        own = kind in ("staff", "second guardian")
        family = draw.below(len(FAMILY), kind if own else "family", "family name", of_family)
        newer = (family + pl.when(edited == 0).then(edits).otherwise(0)) % whole(len(FAMILY))
        letter = {"staff": "t", "student": "", "guardian": "g", "second guardian": "h"}[kind]
        login = pl.concat_str(
            chosen([plain(n)[:1] for n in GIVEN], given), chosen([plain(n) for n in FAMILY], family), pl.lit(letter), at
        )
        number = draw.below(8_900_000, kind, "phone", at) + pl.when(edited > 1).then(edits).otherwise(0) * whole(17)
        return {
            "username": login,
            "givenName": chosen(GIVEN, given),
            "familyName": chosen(FAMILY, newer),
            "middleName": draw.word([m or None for m in MIDDLE], kind, "middle name", at),
            "email": self._email(kind, at, login, pl.when(edited == 1).then(edits).otherwise(0)),
            "phone": pl.format("555-{}", whole(1_000_000) + number),
        }

    def _email(self, kind: str, at: pl.Expr, login: pl.Expr, edits: pl.Expr) -> pl.Expr:
        """An address; a third of families share one."""
        domain = {"staff": "juniper-valley.example", "student": "students.juniper-valley.example"}.get(
            kind, "post.example"
        )
        own = pl.concat_str(login, pl.lit(f"@{domain}"))
        if kind in ("guardian", "second guardian"):
            shared = self._draw.hits(1 / 3, "family", "one e-mail address", at)
            own = pl.when(shared).then(pl.format("family.{}@post.example", at)).otherwise(own)
        return pl.when(edits > 0).then(pl.format("new{}.{}", edits, own)).otherwise(own)

    def _orgs(self, kind: str) -> pl.Expr:
        one = self.ids("org", self.school(kind, ROW))
        if kind != "staff":
            return one
        return (
            pl.when(self.at_two_schools(ROW))
            .then(pl.concat_str(one, pl.lit(","), self.second_school(ROW)))
            .otherwise(one)
        )

    def at_two_schools(self, at: pl.Expr) -> pl.Expr:
        return self._draw.hits(0.05, "staff", "two schools", at)

    def second_school(self, at: pl.Expr) -> pl.Expr:
        return self.ids("org", (self._state.staff_school(at) + whole(1)) % whole(self._state.schools))

    def _agents(self, kind: str) -> pl.Expr:
        """Whom a row lists: families are stated by the student (0), by the guardians (1) or by both (2)."""
        if kind == "student":
            family = ROW - (ROW % whole(4) == 3).cast(pl.UInt64)
            second = pl.when(family % whole(5) == 0).then(self.ids("second guardian", family))
            both = pl.concat_str(self.guardian_ids(family), second, separator=",", ignore_nulls=True)
            return pl.when(self._stated(family) != 1).then(both)
        if kind == "staff":
            return (
                pl.when(self._staff_parents()).then(self._children(ROW * whole(13)))
                if self._state.version == "1.2"
                else _BLANK
            )
        return self._children(ROW)

    def _staff_parents(self) -> pl.Expr:
        """Which staff are guardians too: those of the family with the index of 13 times theirs."""
        family = ROW * whole(13)
        return (ROW % whole(9) == 0) & self._state.is_staff(family) & self._state.family_stays(family)

    def _stated(self, family: pl.Expr) -> pl.Expr:
        return self._draw.below(3, "family", "stated by", family)

    def _children(self, family: pl.Expr) -> pl.Expr:
        state = self._state
        first = pl.when(state.student_stays(family)).then(self.ids("student", family))
        second = pl.when(state.sibling_stays(family)).then(self.ids("student", family + whole(1)))
        listed = pl.concat_str(first, second, separator=",", ignore_nulls=True)
        return pl.when((self._stated(family) != 0) & (listed != "")).then(listed)

    def roles(self, kind: str, at: pl.Series) -> Iterator[pl.DataFrame]:
        """Rows of roles.csv: everybody's own; second schools of staff; staff who are guardians too."""
        rows = at.alias("i").to_frame()
        own = self.ids("org", self.school(kind, ROW))
        profile = self.ids("profile", ROW) if kind == "staff" else _BLANK
        yield rows.select(
            sourcedId=self.ids(f"role of {kind}", ROW),
            userSourcedId=self.ids(kind, ROW),
            roleType=pl.lit("primary"),
            role=self.role(kind, ROW),
            orgSourcedId=own,
            userProfileSourcedId=profile,
        )
        if kind == "staff":
            yield rows.filter(self.at_two_schools(ROW)).select(
                sourcedId=self.ids("role at second school", ROW),
                userSourcedId=self.ids(kind, ROW),
                roleType=pl.lit("secondary"),
                role=self.role(kind, ROW),
                orgSourcedId=self.second_school(ROW),
            )
            yield rows.filter(self._staff_parents()).select(
                sourcedId=self.ids("role of staff as a parent", ROW),
                userSourcedId=self.ids(kind, ROW),
                roleType=pl.lit("secondary"),
                role=pl.lit("parent"),
                orgSourcedId=self.ids("org", self._state.student_school(ROW * whole(13))),
            )

    def profiles(self, at: pl.Series) -> pl.DataFrame:
        """Rows of userProfiles.csv, which staff have."""
        return (
            at.alias("i")
            .to_frame()
            .select(
                sourcedId=self.ids("profile", ROW),
                userSourcedId=self.ids("staff", ROW),
                profileType=pl.lit("grading"),
                vendorId=pl.lit("gradebook.example"),
                applicationId=pl.lit("marks"),
                credentialType=pl.lit("password"),
                username=pl.format("staff{}", ROW),
            )
        )

    def demographics(self, at: pl.Series) -> pl.DataFrame:
        draw = self._draw
        race = draw.below(8, "student", "race", ROW)
        sexes = ("male", "female") if self._state.version == "1.1" else ("male", "female", "female", "male", "other")
        born = pl.lit("2008-09-01").str.to_date() + pl.duration(
            days=draw.below(4700, "student", "birth", ROW).cast(pl.Int64)
        )
        return (
            at.alias("i")
            .to_frame()
            .select(
                sourcedId=self.ids("student", ROW),
                birthDate=born.dt.to_string("%Y-%m-%d"),
                sex=draw.word(sexes, "student", "sex", ROW),
                **{
                    name: pl.when(race == k).then(pl.lit("true")).otherwise(pl.lit("false"))
                    for k, name in enumerate(_RACES)
                },
                countryOfBirthCode=draw.word(("US",) * 6 + ("MX", "ET", "VN"), "student", "country", ROW),
                cityOfBirth=draw.word((None, *(f"{place} Falls" for place in PLACES)), "student", "city", ROW),
            )
        )
