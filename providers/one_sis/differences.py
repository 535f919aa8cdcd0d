"""What a source cannot carry of one and the same district: the differences from its OneRoster package.

A test reads one district through every source. Each difference that it sees stands here, and each that stands here is
seen.
"""

from __future__ import annotations

from dataclasses import dataclass

ROWS = "which records there are"
_CLEVER = ("clever", "clever-csv")


@dataclass(frozen=True)
class Difference:
    """Where a source differs: an entity's column, or ``ROWS``."""

    sources: tuple[str, ...]
    entity: str
    columns: tuple[str, ...]
    why: str


DIFFERENCES = (
    Difference(
        ("oneroster-rest", "classlink"),
        "User",
        ("primary_org",),
        "A user of 1.1 lists organisations: the first counts.",
    ),
    Difference(
        ("clever",), "Org", ("attributes",), "A school's id in the SIS is an attribute: the Clever id is the key."
    ),
    Difference(("clever-csv",), "Org", ("name", "identifier"), "The files do not name the district."),
    Difference(_CLEVER, "AcademicSession", ("type", "parent"), "Terms are flat: no school year, no semesters of it."),
    Difference(
        _CLEVER,
        "AcademicSession",
        ("school_year",),
        "The year is that of the last day; an autumn term ends a year early.",
    ),
    Difference(("clever-csv",), "AcademicSession", (ROWS,), "Terms are made from the columns of sections."),
    Difference(
        _CLEVER, "Course", ("school_year", "grades", "subjects", "subject_codes"), "A course is a name and a number."
    ),
    Difference(("clever-csv",), "Course", (ROWS,), "Courses are made from the columns of sections."),
    Difference(_CLEVER, "Class", ("grades",), "A section has one grade."),
    Difference(_CLEVER, "Class", ("subjects", "subject_codes"), "Clever has eleven subjects of its own."),
    Difference(_CLEVER, "Class", ("location",), "A section has no room."),
    Difference(("clever",), "Class", ("attributes",), "A section's id in the SIS is an attribute."),
    Difference(_CLEVER, "ClassTerm", (ROWS,), "A section has one term."),
    Difference(_CLEVER, "User", ("middle_name",), "A contact is one name without parts."),
    Difference(_CLEVER, "User", ("username", "phone"), "Contacts have no user name; students and staff no phone."),
    Difference(_CLEVER, "User", ("enabled",), "Who is shown is active."),
    Difference(_CLEVER, "User", ("user_ids",), "The id in the SIS is one of a user's ids: sisId, staffId."),
    Difference(_CLEVER, "User", ("primary_org",), "Clever names the primary school; a 1.1 package does not."),
    Difference(_CLEVER, "User", ("attributes",), "A contact's whole name is kept."),
    Difference(_CLEVER, "Role", (ROWS,), "Staff are administrators, and contacts belong to the district."),
    Difference(_CLEVER, "Enrollment", ("primary",), "Only a teacher can be the primary one."),
    Difference(_CLEVER, "Enrollment", ("begin_date", "end_date"), "A section lists its members without dates."),
    Difference(_CLEVER, "GuardianLink", (ROWS,), "The contact states the link. In OneRoster either side may."),
    Difference(_CLEVER, "GuardianLink", ("relationship", "type"), "Contacts have a relationship and a type."),
    Difference(
        _CLEVER,
        "Demographics",
        (
            "american_indian_or_alaska_native",
            "asian",
            "black_or_african_american",
            "native_hawaiian_or_other_pacific_islander",
            "white",
            "demographic_race_two_or_more_races",
        ),
        "Race is one word. Where there is none, nothing is known.",
    ),
    Difference(_CLEVER, "Demographics", ("country_of_birth_code", "city_of_birth"), "There is no place of birth."),
)


def document(note: str) -> str:
    """The page ``docs/sources/differences.md``."""
    rows = "".join(_row(one) for one in DIFFERENCES)
    return f"""# One district through every source

{note}

One invented district is read from its OneRoster 1.1 package, and from the fake servers and files of every vendor. The
roster is the same but for what stands here. A test holds the table: a difference that does not stand here fails it, and
so does a line that no longer shows.

| source | entity | differs in | why |
|---|---|---|---|
{rows}"""


def _row(one: Difference) -> str:
    columns = ", ".join(column if column == ROWS else f"`{column}`" for column in one.columns)
    return f"| {', '.join(one.sources)} | {one.entity} | {columns} | {one.why} |\n"
