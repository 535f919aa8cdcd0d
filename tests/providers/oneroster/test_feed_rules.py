"""Each rule of the feed: what is wrong, what is found, and that the rest is strictly valid all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
import pytest
from small_roster import Rows, contents, person, render, role, roster
from strict_validator import faults

from providers.oneroster.feed_rules import RULES

Change = Callable[[Rows], object]
Found = set[tuple[str, str, str, str]]


def _set(entity: str, at: int, **values: object) -> Change:
    return lambda rows: rows[entity][at].update(values)


def _add(entity: str, *more: Mapping[str, object]) -> Change:
    return lambda rows: rows[entity].extend(map(dict, more))


def _all(*changes: Change) -> Change:
    return lambda rows: [change(rows) for change in changes]


CASES: dict[str, tuple[str, Change, Found]] = {
    "id of an org takes what stands on it": (
        "1.2",
        _all(_set("Org", 2, sourced_id="S 2"), _set("Class", 1, school="S 2"), _set("Role", 2, org="S 2")),
        {
            ("feed.id", "orgs.csv", "sourcedId", "S 2"),
            ("feed.depends", "classes.csv", "schoolSourcedId", "C2"),
            ("feed.depends", "roles.csv", "orgSourcedId", "minted"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "duplicate id": (
        "1.1",
        _add("Course", *({"sourced_id": "K2", "title": title, "org": "D"} for title in ("Art", "Arts"))),
        {("feed.duplicate-id", "courses.csv", "sourcedId", "K2")},
    ),
    "required": (
        "1.1",
        _set("User", 4, username=None),
        {("feed.required", "users.csv", "username", "pia")},
    ),
    "blank text is no text": (
        "1.1",
        _set("User", 4, username="  "),
        {("feed.required", "users.csv", "username", "pia")},
    ),
    "a class without terms": (
        "1.1",
        lambda rows: rows["ClassTerm"].pop(),
        {
            ("feed.required", "classes.csv", "termSourcedIds", "C2"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "required date": (
        "1.2",
        _set("AcademicSession", 1, start_date="2026-02-30"),
        {
            ("feed.value", "academicSessions.csv", "startDate", "T1"),
            ("feed.link", "classes.csv", "termSourcedIds", "C1"),
            ("feed.link", "classes.csv", "termSourcedIds", "C2"),
            ("feed.depends", "classes.csv", "termSourcedIds", "C2"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "school year": (
        "1.2",
        _set("AcademicSession", 0, school_year="26-27"),
        {
            ("feed.value", "academicSessions.csv", "schoolYear", "Y"),
            ("feed.link", "academicSessions.csv", "parentSourcedId", "T1"),
            ("feed.link", "classes.csv", "termSourcedIds", "C1"),
            ("feed.link", "courses.csv", "schoolYearSourcedId", "K"),
        },
    ),
    "a token of one's own in 1.1": (
        "1.1",
        _set("Class", 1, type="ext:club"),
        {
            ("feed.value", "classes.csv", "classType", "C2"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "an enrollment role of one's own in 1.1": (
        "1.1",
        _set("Enrollment", 1, role="ext:auditor"),
        {("feed.value", "enrollments.csv", "role", "E2")},
    ),
    "no token at all": ("1.2", _set("Class", 1, type="ext:"), {
        ("feed.value", "classes.csv", "classType", "C2"),
        ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
    }),
    "a session that ends as it begins": (
        "1.2",
        _set("AcademicSession", 1, end_date="2026-08-10"),
        {
            ("feed.dates", "academicSessions.csv", "endDate", "T1"),
            ("feed.link", "classes.csv", "termSourcedIds", "C1"),
            ("feed.link", "classes.csv", "termSourcedIds", "C2"),
            ("feed.depends", "classes.csv", "termSourcedIds", "C2"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "an enrollment that ends before it begins": (
        "1.1",
        _set("Enrollment", 0, end_date="2026-08-09"),
        {("feed.dates", "enrollments.csv", "endDate", "E1")},
    ),
    "parents in a circle, and one beside it": (
        "1.1",
        _all(_set("Org", 0, parent="S2"), _set("Org", 1, parent="S2")),
        {("feed.cycle", "orgs.csv", "parentSourcedId", key) for key in ("D", "S2")},
    ),
    "its own parent": (
        "1.2",
        _set("AcademicSession", 0, parent="Y"),
        {("feed.cycle", "academicSessions.csv", "parentSourcedId", "Y")},
    ),
    "spaces around an item": (
        "1.2",
        _set("Course", 0, subjects='["Life"," Earth"]'),
        {("feed.item", "courses.csv", "subjects", "K")},
    ),
    "missing class": (
        "1.1",
        _set("Enrollment", 1, **{"class": "C9"}),
        {("feed.required", "enrollments.csv", "classSourcedId", "E2")},
    ),
    "a person left out takes roles, enrollments, demographics and links": (
        "1.2",
        _set("User", 0, family_name=None),
        {
            ("feed.required", "users.csv", "familyName", "ana"),
            ("feed.depends", "roles.csv", "userSourcedId", "minted"),
            ("feed.depends", "enrollments.csv", "userSourcedId", "E1"),
            ("feed.depends", "demographics.csv", "sourcedId", "ana"),
        },
    ),
    "a guardian left out is no agent": (
        "1.1",
        _set("User", 2, family_name=None),
        {("feed.required", "users.csv", "familyName", "gus"), ("feed.link", "users.csv", "agentSourcedIds", "ana")},
    ),
    "a guardian without an account": (
        "1.1",
        _set("User", 2, username=None, enabled=None),
        {("feed.guardian-account", "users.csv", "", "gus")},
    ),
    "school that is none": (
        "1.2",
        _set("Class", 1, school="D"),
        {
            ("feed.school", "classes.csv", "schoolSourcedId", "C2"),
            ("feed.depends", "enrollments.csv", "classSourcedId", "E2"),
        },
    ),
    "id of a further row taken": (
        "1.1",
        _all(
            _add("User", person("tess-aide", "Tes", "Sayed")),
            _add("Role", role("r1", "tess-aide", "S1", "teacher"), role("r2", "tess", "S1", "aide", type="secondary")),
        ),
        {("feed.id-clash", "users.csv", "sourcedId", "tess")},
    ),
    "optional date": (
        "1.2",
        _set("Enrollment", 0, end_date="2027-13-01"),
        {("feed.cell", "enrollments.csv", "endDate", "E1")},
    ),
    "sex that 1.1 has no word for": (
        "1.1",
        _set("Demographics", 0, sex="unspecified"),
        {("feed.cell", "demographics.csv", "sex", "ana")},
    ),
    "a person without a role": (
        "1.2",
        lambda rows: rows.update(Role=[role for role in rows["Role"] if role["user"] != "pia"]),
        {("feed.no-role", "users.csv", "role", "pia")},
    ),
    "line break": (
        "1.2",
        _set("Class", 0, title="Biology\r\n1"),
        {("feed.line-break", "classes.csv", "title", "C1")},
    ),
    "line break in an extension": (
        "1.2",
        _set("Org", 1, attributes='{"metadata.city":"Elm\\nMN"}'),
        {("feed.line-break", "orgs.csv", "metadata.city", "S1")},
    ),
    "comma in an item": (
        "1.2",
        _set("Class", 0, periods='["1,2","3"]'),
        {("feed.item", "classes.csv", "periods", "C1")},
    ),
    "user id": (
        "1.2",
        _set("User", 0, user_ids='["{SIS:5}","77"]'),
        {("feed.user-id", "users.csv", "userIds", "ana")},
    ),
    "codes of another number": (
        "1.2",
        _set("Course", 0, subject_codes='["03051"]'),
        {("feed.subject-codes", "courses.csv", "subjectCodes", "K")},
    ),
    "codes that lose an item each": (
        "1.2",
        _set("Course", 0, subjects='["Life, all","Earth"]', subject_codes='["03051"," "]'),
        {
            ("feed.subject-codes", "courses.csv", "subjectCodes", "K"),
            ("feed.item", "courses.csv", "subjects", "K"),
        },
    ),
    "school year that is a term": (
        "1.2",
        _set("Course", 0, school_year="T1"),
        {("feed.school-year", "courses.csv", "schoolYearSourcedId", "K")},
    ),
    "primary org without a role there": (
        "1.2",
        _set("User", 3, primary_org="S2"),
        {("feed.primary-org", "users.csv", "primaryOrgSourcedId", "tess")},
    ),
    "grades as many write them": (
        "1.1",
        _set("User", 0, grades='["9","K"]'),
        {("feed.grade", "users.csv", "grades", "ana")},
    ),
    "families that are none": (
        "1.1",
        _add("GuardianLink", *(
            {"sourced_id": f"g{a}{b}", "asserted_by": "student", "guardian": b, "student": a}
            for a, b in (("ana", "bo"), ("bo", "bo"), ("bo", "tess"))
        )),
        {("feed.family", "users.csv", "agentSourcedIds", "ana"), ("feed.family", "users.csv", "agentSourcedIds", "bo")},
    ),
    "enrolled after the term": (
        "1.2",
        _set("Enrollment", 1, begin_date="2027-01-16"),
        {("feed.outside-terms", "enrollments.csv", "beginDate", "E2")},
    ),
    "another person's profile": (
        "1.2",
        _all(
            _add(
                "UserProfile",
                {"sourced_id": "UP", "user": "bo", "profile_type": "LMS", "vendor_id": "v", "credential_type": "x",
                 "username": "bo"},
            ),
            _set("Role", 4, user_profile="UP", sourced_id="r-tess"),
        ),
        {("feed.profile", "roles.csv", "userProfileSourcedId", "r-tess")},
    ),
    "second primary role": (
        "1.2",
        _add("Role", role("z", "tess", "S1", "aide")),
        {("feed.second-primary", "roles.csv", "roleType", "z")},
    ),
    "role without a word in 1.1": (
        "1.1",
        _add("Role", role("z", "tess", "S1", "ext:coach")),
        {("feed.role", "users.csv", "role", "tess")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_rule(case: str) -> None:
    version, change, expected = CASES[case]
    rows = roster()
    change(rows)
    rendered = render(rows, version)
    keys = rendered.findings.select("rule", "file", "column", "key").rows()
    assert {(r, f, c, "minted" if len(k) == 32 else k) for r, f, c, k in keys} == expected
    assert faults(contents(rendered)) == []
    severity = {rule.code: rule.lenient for rule in RULES}
    assert all(row["severity"] == severity[row["rule"]] and row["value"] == "" for row in rendered.findings.to_dicts())


def test_every_rule_has_a_case() -> None:
    assert {code for _, _, found in CASES.values() for code, *_ in found} == {rule.code for rule in RULES}


def test_codes_are_distinct_and_say_what_to_do() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.code.startswith("feed.") and rule.remedy.endswith(".") for rule in RULES)


def test_a_chain_is_followed_to_its_end() -> None:
    rows = roster()
    rows["Org"][0]["type"] = "ext:region"
    rendered = render(rows, "1.1")
    assert sorted(contents(rendered)) == [
        "academicSessions.csv", "demographics.csv", "manifest.csv", "orgs.csv", "users.csv",
    ]  # fmt: skip
    assert faults(contents(rendered)) == []


def test_spaces_around_a_text_are_not_sent() -> None:
    rows = roster()
    plain = contents(render(rows))["classes.csv"]
    rows["Class"][0]["title"] = f" {rows['Class'][0]['title']}\u2009"
    assert contents(render(rows))["classes.csv"] == plain


def test_an_enrollment_without_a_school_has_that_of_its_class() -> None:
    rows = roster()
    rows["Enrollment"][1]["school"] = None
    rendered = render(rows)
    assert contents(rendered)["enrollments.csv"] == contents(render(roster()))["enrollments.csv"]
    assert rendered.findings.rows() == []


def test_a_row_that_goes_with_another_names_it_and_why_that_is_left_out() -> None:
    rows = roster()
    rows["AcademicSession"][1]["start_date"] = "2026-02-30"
    found = render(rows, "1.2").findings.filter(pl.col("rule") == "feed.depends", pl.col("file") == "enrollments.csv")
    assert found["detail"].to_list() == ["classes.csv C2 is left out: feed.depends termSourcedIds"]
    rows = roster()
    rows["Class"][1]["type"] = "ext:"
    found = render(rows, "1.2").findings.filter(pl.col("rule") == "feed.depends")
    assert found["detail"].to_list() == ["classes.csv C2 is left out: feed.value classType"]
