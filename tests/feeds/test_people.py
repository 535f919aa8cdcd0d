from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from rosterkit.errors import UsageError
from rosterkit.feeds.people import FIELDS, family_links, people
from rosterkit.feeds.selection import SchoolRule, Who, chosen, roles_of, schools_of_vendor
from rosterkit.testing.feed_suite import AS_OF
from rosterkit.testing.roster import MemoryRoster, district


def wide(roster: MemoryRoster, **more: Any) -> dict[str, dict[str, Any]]:
    rows = people(roster, as_of=more.pop("as_of", AS_OF), **more).collect()
    return {row["sourced_id"]: row for row in rows.iter_rows(named=True)}


def test_a_student_has_school_grade_and_roles() -> None:
    row = wide(district())["s-07"]
    assert (row["school"], row["school_number"], row["school_name"]) == ("o-2", "017", "Alder Elementary")
    assert (row["roles"], row["grade"], row["user"]) == (["student"], "KG", "sis/s-07")


def test_the_own_record_counts_before_other_sources_unless_the_order_says_otherwise() -> None:
    roster = district().changed("User", "s-05", attributes={"program": "OWN-1"})
    assert wide(roster, fields=["attribute.program"])["s-05"]["attribute.program"] == "OWN-1"
    assert (
        wide(roster, fields=["attribute.program"], order=["registrar"])["s-05"]["attribute.program"] == "BUS-01;HLTH-04"
    )
    assert wide(roster, fields=["attribute.program"])["s-06"]["attribute.program"] == "HLTH-04"
    assert wide(roster, fields=["attribute.no.such"])["s-06"]["attribute.no.such"] is None


def test_the_highest_grade_is_the_grade_by_cedses_order_and_not_by_the_alphabet() -> None:
    row = wide(district().changed("User", "s-07", grades=["01", "KG", "PK"]))["s-07"]
    assert (row["grade"], row["graduation_year"]) == ("01", "2038")


@pytest.mark.parametrize(("day", "year"), [("2027-08-31", "2027"), ("2027-09-01", "2028"), ("2026-11-21", "2027")])
def test_the_graduation_year_rolls_over_after_31_august(day: str, year: str) -> None:
    assert wide(district(), as_of=date.fromisoformat(day))["s-05"]["graduation_year"] == year


def test_only_what_is_asked_for_is_joined() -> None:
    rows = people(district(), as_of=AS_OF, fields=["given_name"]).collect()
    assert not {"roles", "schools", "school_ids"} & set(rows.columns)
    assert {"roles", "grade"} <= set(people(district(), as_of=AS_OF, fields=["roles"]).collect_schema().names())


def test_a_role_that_is_over_does_not_count() -> None:
    roster = district().changed("Role", "s-01:3", end_date=AS_OF.isoformat())
    assert wide(roster)["s-01"]["roles"] is None
    assert wide(roster)["s-01"]["school"] == "o-3"


def test_a_role_is_asked_for_by_its_name_and_counts_on_its_days_only() -> None:
    roster = district().changed("Role", "s-01:3", end_date=AS_OF.isoformat())
    rows = wide(roster, fields=["role.student", "role.aide"], roles=["student"])
    assert "s-01" not in rows
    assert rows["s-02"]["role.student"]
    assert "t-01" not in rows
    assert not any(row["role.aide"] for row in rows.values())
    assert "roles" not in rows["s-02"]


def test_all_roles_of_a_person_are_listed_though_people_are_limited_to_one() -> None:
    roster = district()
    also = roster.tables["Role"].filter(pl.col("sourced_id") == "s-02:3").with_columns(role=pl.lit("aide"))
    roster.tables = {**roster.tables, "Role": pl.concat([roster.tables["Role"], also])}
    assert wide(roster, fields=["roles", "role.student"], roles=["student"])["s-02"]["roles"] == ["aide", "student"]


def test_the_roles_of_several_choices_are_none_where_somebody_may_come_without() -> None:
    student, anybody = Who(roles=("student", "aide")), Who(grades=("12",))
    assert roles_of([student, Who(roles=("teacher",))]) == {"aide", "student", "teacher"}
    assert roles_of([student, anybody]) == frozenset()


def test_the_primary_organisation_is_the_school_only_where_it_is_one() -> None:
    assert wide(district().changed("User", "t-01", primary_org_id=1))["t-01"]["school"] == "o-3"


def test_one_link_for_each_pair_whoever_asserts_it() -> None:
    roster = district()
    links = roster.tables["GuardianLink"]
    twice = links.with_columns(pl.lit("file").alias("asserted_by"), pl.lit("aunt").alias("relationship"))
    roster.tables = {**roster.tables, "GuardianLink": pl.concat([twice, links])}
    found = family_links(roster).collect()
    assert found.height == links.height
    assert set(found["relationship"]) == {"father", "mother", "guardian", "aunt"}  # the blank one takes the file's


def test_people_are_chosen_by_role_grade_school_source_and_attribute() -> None:
    fields = [*FIELDS, "attribute.program", "role.student", "role.teacher"]
    rows = people(district(), as_of=AS_OF, fields=fields).collect()

    def names(**who: Any) -> list[str]:
        return sorted(rows.filter(chosen(Who(**who)))["sourced_id"])

    assert len(names()) == rows.height
    assert names(roles=["student"], grades=["12"]) == ["s-05", "s-06", "s-10"]
    assert names(schools=["017"], roles=["teacher"]) == ["t-03"]
    assert names(sources=["alumni"]) == []
    assert names(attributes={"program": ["ARTS-02"]}) == ["s-10"]


def mapped(rules: list[dict[str, Any]]) -> dict[str, str | None]:
    fields = ["grade", "school_id", "role.student"]
    rows = people(district(), as_of=AS_OF, fields=fields).filter(chosen(Who(roles=("student",))))
    parsed = [SchoolRule(**rule) for rule in rules]
    found = schools_of_vendor(rows, district().table("Org"), parsed, where="feeds.app.schools").collect()
    return dict(found.select("sourced_id", "vendor_school").iter_rows())


def test_several_schools_become_one_and_one_becomes_several_by_grade() -> None:
    assert set(mapped([{"to": "ALL", "schools": ["o-2", "042"]}]).values()) == {"ALL"}
    split = mapped(
        [{"to": "LOW", "schools": ["042"], "grades": ["09", "10"]}, {"to": "UP", "schools": ["042"], "grades": ["11"]}]
    )
    assert (split["s-01"], split["s-04"], split["s-05"], split["s-07"]) == ("LOW", "UP", None, "017")


def test_a_student_lands_in_one_school_only() -> None:
    with pytest.raises(ValueError, match=r"grade 09 of school 042 goes to A and to B"):
        mapped([{"to": "A", "schools": ["042"], "grades": ["09"]}, {"to": "B", "schools": ["042"]}])
    with pytest.raises(UsageError, match=r"names one school as o-3 and as 042"):
        mapped([{"to": "A", "schools": ["042"], "grades": ["09"]}, {"to": "B", "schools": ["o-3"], "grades": ["09"]}])
