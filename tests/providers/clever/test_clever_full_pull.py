"""A whole pull against the fake server: counts, references, values, defects."""

from __future__ import annotations

import polars as pl
import pytest
from clever_reading import Read
from extracts import counts, coverages, found, row, table

from providers.clever import SOURCE
from providers.clever.fake import FakeClever, invent
from providers.clever.fake_defects import DEFECTS, plant
from rosterkit.sources.base import Extract, Source


def test_it_is_a_source() -> None:
    assert isinstance(SOURCE, Source)


def test_every_record_becomes_a_row(clever: FakeClever, read: Read) -> None:
    extract = read(context={"demographics": True})
    assert counts(extract) == clever.data.counts
    assert found(extract) == clever.data.defects
    assert set(coverages(extract).values()) == {"full"}


@pytest.mark.parametrize("page_size", [9, 40, 125, 126])
def test_pages_of_any_size_give_the_same(clever: FakeClever, read: Read, page_size: int) -> None:
    whole, paged = read(), read(page_size=page_size)
    assert paged.id == whole.id
    for one, other in zip(whole.tables, paged.tables, strict=True):
        assert one.rows.collect().equals(other.rows.collect()), one.entity


def references(extract: Extract) -> dict[str, int]:
    """How many references lead nowhere, by entity and column."""
    dangling = {}
    for entity, column, target, space in (
        ("Org", "parent", "Org", ""),
        ("Course", "org", "Org", ""),
        ("Class", "school", "Org", ""),
        ("Class", "course", "Course", ""),
        ("ClassTerm", "class", "Class", ""),
        ("ClassTerm", "session", "AcademicSession", ""),
        ("Role", "user", "User", ""),
        ("Role", "org", "Org", ""),
        ("User", "primary_org", "Org", ""),
        ("Enrollment", "class", "Class", ""),
        ("Enrollment", "user", "User", ""),
        ("GuardianLink", "guardian", "User", "contact"),
        ("GuardianLink", "student", "User", ""),
    ):
        there = table(extract, target, space).rows.select(pl.col("sourced_id"))
        lost = (
            table(extract, entity)
            .rows.drop_nulls(column)
            .join(there, left_on=column, right_on="sourced_id", how="anti")
        )
        if count := lost.select(pl.len()).collect().item():
            dangling[f"{entity}.{column}"] = count
    return dangling


def test_every_reference_stands(read: Read) -> None:
    assert references(read()) == {}


def test_ids_are_unique_in_each_table(read: Read) -> None:
    for made in read(context={"demographics": True}).tables:
        ids = made.rows.select("sourced_id").collect().to_series()
        assert ids.n_unique() == len(ids)
        assert ids.null_count() == 0


def test_a_student_is_read(clever: FakeClever, read: Read) -> None:
    key = next(u["id"] for u in clever.data.records["users"] if "student" in u["roles"])
    record = next(u for u in clever.data.records["users"] if u["id"] == key)
    record["roles"]["student"] |= {
        "grade": "3",
        "dob": "4/9/2017",
        "gender": "F",
        "race": "Asian",
        "preferred_name": {"first": "Kit"},
    }
    extract = read(context={"demographics": True})
    user = row(extract, "User", key)
    expected = {
        "given_name": record["name"]["first"],
        "preferred_given_name": "Kit",
        "username": "p0",
        "identifier": "4000",
        "state_id": "ST0",
        "grades": '["03"]',
        "language": "spa",
        "user_ids": '["{sisId:100}"]',
        "enabled": True,
        "attributes": '{"ext.bus":"0","graduation_year":"2031"}',
        "primary_org": record["roles"]["student"]["school"],
    }
    assert {name: user[name] for name in expected} == expected
    facts = row(extract, "Demographics", key)
    assert (facts["birth_date"], facts["sex"], facts["asian"], facts["white"]) == ("2017-04-09", "female", True, False)
    roles = table(extract, "Role").rows.filter(pl.col("user") == key).collect()
    assert roles["type"].to_list() == ["primary", "secondary"]
    assert roles["end_date"].to_list() == ["2027-05-29", None]  # exclusive


def test_one_person_with_two_roles_is_one_user(clever: FakeClever, read: Read) -> None:
    extract = read()
    key = next(u["id"] for u in clever.data.records["users"] if {"teacher", "staff"} <= set(u["roles"]))
    assert row(extract, "User", key)["user_ids"] == '["{sisId:101}","{staffId:S1}"]'
    roles = table(extract, "Role").rows.filter(pl.col("user") == key).collect()
    assert sorted(roles["role"]) == ["administrator", "teacher"]


def test_c15_staff_of_no_school_and_administrators_belong_to_the_district(clever: FakeClever, read: Read) -> None:
    roles = table(read(), "Role").rows.filter(pl.col("org") == clever.data.district["id"]).collect()
    assert sorted(roles["role"]) == ["administrator", "districtAdministrator"]


def test_a_homeroom_is_known_by_its_subject(clever: FakeClever, read: Read) -> None:
    types = table(read(), "Class").rows.group_by("type").len().collect()
    assert dict(types.iter_rows()) == {"homeroom": 5, "scheduled": 5}


def test_a_person_with_a_birth_date_and_no_permission_has_none(read: Read) -> None:
    assert read().table("Demographics") is None


def test_sensitive_attributes_are_kept_only_where_they_are_named(read: Read) -> None:
    kept = table(read(), "User").rows.select("attributes").collect().to_series()
    assert not kept.str.contains("frl_status").any()
    named = table(read(attributes=["frl_status"]), "User").rows.select("attributes").collect().to_series()
    assert named.str.contains('"frl_status":"').any()
    assert not named.str.contains("ext.bus").any()


def test_a_field_that_nobody_has_is_a_missing_column(clever: FakeClever, read: Read) -> None:
    """The district stops sharing e-mail addresses: what is stored is not cleared."""
    for user in clever.data.records["users"]:
        user["email"] = None
    extract = read()
    assert "email" not in table(extract, "User").rows.collect_schema()
    assert "email" not in table(extract, "User", "contact").rows.collect_schema()


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_is_found_by_its_rule_exactly_as_often(clever: FakeClever, read: Read, name: str) -> None:
    plant(clever.data, name)
    assert found(read(context={"demographics": True})) == clever.data.defects


def test_all_defects_together_are_found(clever: FakeClever, read: Read) -> None:
    plant(clever.data)
    extract = read(context={"demographics": True})
    assert found(extract) == clever.data.defects


def test_a_finding_says_where_and_holds_nothing_personal(clever: FakeClever, read: Read) -> None:
    plant(clever.data)
    findings = read(context={"demographics": True}).findings
    grades = findings.filter(pl.col("column") == "grade")
    assert grades.select("file", "value").rows() == [("users", "Year 9"), ("users", "14")]
    assert (grades["line"] > 0).all()
    personal = findings.filter(pl.col("rule").is_in(["clever.email-unusable"]) | (pl.col("column") == "dob"))
    assert set(personal["value"]) == {""}
    text = str(findings.rows())
    assert "no-address" not in text
    assert not any(u["name"]["last"] in text for u in clever.data.records["users"] if len(u["name"]["last"]) > 4)


def test_an_unknown_grade_keeps_the_stored_one(clever: FakeClever, read: Read) -> None:
    plant(clever.data, "a grade that is not in the list")
    assert table(read(), "User").invalid["column"].to_list() == ["grades", "grades"]


def test_an_unreadable_record_is_protected_and_the_others_are_read(clever: FakeClever, read: Read) -> None:
    plant(clever.data, "a record of another shape")
    extract = read()
    for made in (table(extract, "User"), table(extract, "Class")):
        assert made.invalid["column"].to_list() == [None]
        assert made.coverage == "full"
    # it may be a contact without an id, whose generated id nobody can know
    assert {coverages(extract)[name] for name in ("User contact", "Role contact", "GuardianLink")} == {"partial"}
    assert counts(extract)["User"] == clever.data.counts["User"] - 1


def test_a_record_without_an_id_makes_the_list_partial(clever: FakeClever, read: Read) -> None:
    clever.data.records["terms"][0].pop("id")
    extract = read()
    assert table(extract, "AcademicSession").coverage == "partial"
    assert found(extract)["clever.record-without-id"] == 1


def test_text_that_is_no_unicode_is_read_all_the_same(clever: FakeClever, read: Read) -> None:
    clever.data.records["schools"][0]["name"] = "Alder \ud83d School"
    name = row(read(), "Org", clever.data.records["schools"][0]["id"])["name"]
    assert name == "Alder ? School"


def test_the_end_of_a_term_may_be_exclusive(read: Read) -> None:
    first = table(read(last_day="exclusive"), "AcademicSession").rows.collect()
    assert first["end_date"].to_list() == ["2026-12-18", "2027-05-28"]


def test_a_class_without_a_shared_course_keeps_the_stored_one(clever: FakeClever, read: Read) -> None:
    clever.unshared.add("courses")
    assert "course" not in table(read(), "Class").rows.collect_schema()


def test_a_larger_district_is_read_alike(clever: FakeClever, read: Read) -> None:
    clever.data = invent(900, seed=3)
    extract = read(context={"demographics": True}, page_size=500)
    assert counts(extract) == clever.data.counts
    assert references(extract) == {}
