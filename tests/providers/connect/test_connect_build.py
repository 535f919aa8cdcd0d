from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from connect_files import settings
from feed_settings import read_settings

from providers.connect import FEED
from providers.connect.settings import ConnectSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, Outcome
from rosterkit.testing.feed_suite import AS_OF, built, feed_suite, sent
from rosterkit.testing.roster import MemoryRoster, district

Rows = dict[str, list[dict[str, str]]]


@feed_suite(FEED, settings(), district())
def test_the_feed_keeps_the_contract(check: Any, tmp_path: Path) -> None:
    check(tmp_path)


@feed_suite(FEED, settings(guardians="users"), district())
def test_the_feed_keeps_the_contract_with_guardians_in_users(check: Any, tmp_path: Path) -> None:
    check(tmp_path)


def build(
    roster: MemoryRoster, scratch: Path, last: Sequence[FeedFile] = (), **more: Any
) -> tuple[Rows, pl.DataFrame, Sequence[FeedFile]]:
    """The rows by file, the findings and the files."""
    context: dict[str, Any] = {"last": sent(last)} if last else {}
    context |= {name: more.pop(name) for name in ("suppressed", "ledger") if name in more}
    files, findings = built(FEED, settings(**more), roster, scratch, **context)
    encoding = more.get("encoding", "utf-8")
    rows = {file.name: list(csv.DictReader(io.StringIO(file.content.decode(encoding)))) for file in files}
    return rows, findings.frame(), files


def column(rows: Sequence[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in rows]


def row(rows: Rows, key: str, file: str = "users.csv") -> dict[str, str]:
    return next(row for row in rows[file] if row["sourcedId"] == key)


def keys(findings: pl.DataFrame, rule: str) -> list[str]:
    return findings.filter(pl.col("rule") == rule)["key"].to_list()


def added(roster: MemoryRoster, **records: Sequence[dict[str, Any]]) -> MemoryRoster:
    """The roster with more records, by entity."""
    tables = dict(roster.tables)
    for entity, rows in records.items():
        more = MemoryRoster.of({entity: [{"id": 9000 + place, **record} for place, record in enumerate(rows)]})
        tables[entity] = pl.concat([tables[entity], more.tables[entity]])
    return MemoryRoster(tables, roster.revision + 1)


def role(user: int, org: int, name: str, **more: Any) -> dict[str, Any]:
    return {"sourced_id": f"r-{user}-{org}-{name}", "user_id": user, "org_id": org, "role": name, **more}


def link(guardian: int, student: int, **more: Any) -> dict[str, Any]:
    key = f"x-{guardian}-{student}"
    return {"sourced_id": key, "asserted_by": "file", "guardian_id": guardian, "student_id": student, **more}


def person(number: int, **more: Any) -> dict[str, Any]:
    names = {"given_name": f"Given{number}", "family_name": f"Family{number}", "email": f"p{number}@home.example"}
    return {"id": number, "sourced_id": f"p-{number}", "enabled": True, **names, **more}


def test_C27_the_files_and_their_columns(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path)
    assert [file.name for file in files] == ["users.csv", "classes.csv", "enrollments.csv", "guardians.csv"]
    assert list(rows["guardians.csv"][0]) == [
        *("studentSourcedId", "sourcedId", "givenName", "familyName", "email", "sms", "phone", "language")
    ]
    assert row(rows, "s-08")["grades"] == "05"
    assert "identifier" not in rows["users.csv"][0], "sent only where the setting says so"
    rows, _, _ = build(district(), tmp_path, identifier=True)
    assert row(rows, "s-08")["identifier"] == "780220"


def test_least_data_in_no_file(tmp_path: Path) -> None:
    roster = district().changed("User", "s-02", preferred_given_name="Lu", pronouns="she/her", phone="+12175550199")
    roster = roster.changed("User", "g-01", phone="+12175550188")
    _, _, files = build(roster, tmp_path)
    text = b"".join(file.content for file in files).decode()
    assert [
        word for word in ("María", "Lu,", "she/her", "+12175550199", "+12175550188", "710035") if word in text
    ] == []


def test_C7_a_guardian_without_contact_waits(tmp_path: Path) -> None:
    poor = district().changed("User", "g-03", sms=None)
    rows, findings, files = build(poor, tmp_path)
    assert keys(findings, "C7.no-contact") == ["g-03"]
    assert "g-03" not in column(rows["guardians.csv"], "sourcedId")
    rows, _, _ = build(district().changed("User", "g-03", sms=None, phone="+12175550188"), tmp_path)
    assert "g-03" not in column(rows["guardians.csv"], "sourcedId"), "a home phone takes no text messages"
    rows, _, _ = build(
        district().changed("User", "g-03", sms=None, phone="+12175550188"), tmp_path, phone_credential="phone"
    )
    assert "g-03" in column(rows["guardians.csv"], "sourcedId")
    assert FEED.check(files, None, settings()).outcome is Outcome.WARNINGS


@pytest.mark.parametrize("guardians", ["file", "users"])
def test_C8_refused_only_parents_are_brought_and_an_unknown_type_is_set_aside(guardians: str, tmp_path: Path) -> None:
    roster = district().changed("GuardianLink", "student:g-01:s-01", type="Emergency")
    roster = roster.changed("GuardianLink", "student:g-02:s-02", type="Neighbor")
    rows, findings, _ = build(roster, tmp_path, guardians=guardians)
    assert keys(findings, "C8.contact-type") == ["g-02"]
    (detail,) = findings.filter(pl.col("rule") == "C8.contact-type")["detail"]
    assert "Neighbor" in detail
    if guardians == "file":
        assert column(rows["guardians.csv"], "studentSourcedId") == ["s-07", "s-09"]
    else:
        assert row(rows, "s-02")["agentSourcedIds"] == row(rows, "s-01")["agentSourcedIds"] == ""


def test_C8_golden_a_type_is_mapped_once(tmp_path: Path) -> None:
    roster = district().changed("GuardianLink", "student:g-02:s-02", type="Neighbor")
    rows, findings, _ = build(roster, tmp_path, contact_types={"NEIGHBOR": "send"})
    assert keys(findings, "C8.contact-type") == []
    assert "s-02" in column(rows["guardians.csv"], "studentSourcedId")


def test_C8_a_rule_that_is_taken_out_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "providers.connect.guardians.decided", lambda links, *_: links.with_columns(decision=pl.lit("send"))
    )
    with pytest.raises(AssertionError):
        test_C8_refused_only_parents_are_brought_and_an_unknown_type_is_set_aside("file", tmp_path)


def test_C8_only_the_relationships_that_are_wanted(tmp_path: Path) -> None:
    rows, _, _ = build(district(), tmp_path, contact_relationships=["Mother", "father"])
    assert column(rows["guardians.csv"], "studentSourcedId") == ["s-01", "s-02"]


def eight_guardians(*, seed: int) -> MemoryRoster:
    """A student with eight guardians: by type and priority they are 208, 207, ..., 201."""
    kinds = [None, "secondary", "primary", "guardian", "parent", "custodial", "custodial", "custodial"]
    priority = [None, "1", "1", "1", "1", None, "10", "9"]
    links = [link(201 + n, 102, type=kinds[n], priority=priority[n]) for n in range(8)]
    roster = district()
    tables = {**roster.tables, "GuardianLink": roster.tables["GuardianLink"].clear()}
    made = added(MemoryRoster(tables), User=[person(201 + n) for n in range(8)], GuardianLink=links)
    return made.shuffled(seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_C24_six_guardians_by_custody_and_priority_never_by_order(seed: int, tmp_path: Path) -> None:
    rows, findings, _ = build(eight_guardians(seed=seed), tmp_path, guardians="users")
    assert row(rows, "s-03")["agentSourcedIds"] == "p-208,p-207,p-206,p-205,p-204,p-203"
    assert {"p-201", "p-202"} & set(column(rows["users.csv"], "sourcedId")) == set()
    (detail,) = findings.filter(pl.col("rule") == "connect.agents-left-out")["detail"]
    assert detail == "1 students; 2 links are left out"
    rows, _, _ = build(eight_guardians(seed=seed), tmp_path)
    assert len(rows["guardians.csv"]) == 6
    rows, _, _ = build(eight_guardians(seed=seed), tmp_path, guardians="users", max_guardians=2)
    assert row(rows, "s-03")["agentSourcedIds"] == "p-208,p-207"


def test_a_guardian_who_cannot_be_sent_leaves_the_place_to_the_next(tmp_path: Path) -> None:
    poor = eight_guardians(seed=1).changed("User", "p-208", email=None)
    rows, _, _ = build(poor, tmp_path, guardians="users")
    assert row(rows, "s-03")["agentSourcedIds"] == "p-207,p-206,p-205,p-204,p-203,p-202"


def test_C18_a_guardian_without_a_student_is_not_sent(tmp_path: Path) -> None:
    roster = district()
    tables = {**roster.tables, "GuardianLink": roster.tables["GuardianLink"].head(1)}
    rows, _, files = build(MemoryRoster(tables), tmp_path, guardians="users")
    assert [r["sourcedId"] for r in rows["users.csv"] if r["role"] == "guardian"] == ["g-01"]
    assert "C18.guardian-alone" not in FEED.check(files, None, settings(guardians="users")).findings["rule"].to_list()


def test_C19_guardians_of_the_district_get_the_schools_of_their_students(tmp_path: Path) -> None:
    roster = district().changed("Role", "g-02:3", org_id=1).changed("User", "g-02", primary_org_id=1)
    rows, _, files = build(roster, tmp_path, guardians="users")
    assert row(rows, "g-02")["orgSourcedIds"] == "o-2,o-3", "of both children, and not the district's"
    assert FEED.check(files, None, settings(guardians="users")).outcome is Outcome.WARNINGS
    assert "o-1" not in {part for r in rows["users.csv"] for part in r["orgSourcedIds"].split(",")}


def test_C24_an_employee_who_is_a_guardian_has_a_row_for_each(tmp_path: Path) -> None:
    roster = added(district(), GuardianLink=[link(110, 108)])
    rows, _, files = build(roster, tmp_path, guardians="users")
    assert row(rows, "t-01")["role"] == "teacher"
    assert row(rows, "t-01-guardian")["role"] == "guardian"
    assert row(rows, "s-09")["agentSourcedIds"] == "g-02,t-01-guardian"
    assert "C23.repeated-id" not in FEED.check(files, None, settings(guardians="users")).findings["rule"].to_list()


def test_C30_only_guardians_beside_another_sync(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path, profile="guardians_only")
    assert list(rows) == ["guardians.csv"]
    assert FEED.check(files, None, settings(profile="guardians_only")).outcome is Outcome.ACCEPTED
    rows, _, _ = build(district(), tmp_path, profile="guardians_only", student_key="identifier")
    assert row(rows, "g-01", "guardians.csv")["studentSourcedId"] == "710034"


def test_C30_guardians_of_a_number_that_two_students_have_are_not_sent(tmp_path: Path) -> None:
    """Else Connect would link them with the other child."""
    roster = district().changed("User", "s-04", identifier="710034")
    rows, findings, _ = build(roster, tmp_path, profile="guardians_only", student_key="identifier")
    assert "710034" not in column(rows["guardians.csv"], "studentSourcedId")
    assert sorted(keys(findings, "C23.repeated-id")) == ["s-01", "s-04"]


def test_C30_refused_a_profile_that_would_send_nothing() -> None:
    with pytest.raises(UsageError, match="C30"):
        read_settings(FEED.Settings, {"profile": "guardians_only", "guardians": "users"}, where="feeds.connect")


def test_C24_refused_two_ways_for_guardians_at_once() -> None:
    with pytest.raises(UsageError, match=r"C24.*manage guardians"):
        read_settings(FEED.Settings, {"sync_manages_guardians": True}, where="feeds.connect")


def two_schools() -> MemoryRoster:
    """Student s-08 is at both schools, and takes a class at each."""
    roster = added(
        district(),
        Role=[role(107, 3, "student", type="secondary")],
        Enrollment=[{"sourced_id": "e-x", "class_id": 30, "user_id": 107, "school_id": 3, "role": "student"}],
    )
    return roster.changed("User", "s-08", primary_org_id=2)


def test_C33_golden_all_schools_or_only_the_primary_one(tmp_path: Path) -> None:
    rows, _, _ = build(two_schools(), tmp_path)
    assert row(rows, "s-08")["orgSourcedIds"] == "o-2,o-3"
    assert ("c-1", "s-08") in {(r["classSourcedId"], r["userSourcedId"]) for r in rows["enrollments.csv"]}
    rows, _, files = build(two_schools(), tmp_path, schools="primary")
    assert row(rows, "s-08")["orgSourcedIds"] == "o-2"
    assert ("c-1", "s-08") not in {(r["classSourcedId"], r["userSourcedId"]) for r in rows["enrollments.csv"]}
    verdict = FEED.check(files, None, settings(schools="primary"))
    assert verdict.outcome is Outcome.WARNINGS, verdict.findings.rows()


def test_C33_refused_several_schools_and_no_primary_one(tmp_path: Path) -> None:
    roster = two_schools().changed("User", "s-08", primary_org_id=None)
    roster = roster.changed("Role", "r-107-3-student", type="primary")
    rows, findings, _ = build(roster, tmp_path, schools="primary")
    assert keys(findings, "C33.primary-school") == ["s-08"]
    assert "s-08" not in column(rows["users.csv"], "sourcedId") + column(rows["enrollments.csv"], "userSourcedId")


def test_C33_a_person_without_a_school_is_shown(tmp_path: Path) -> None:
    roster = district().changed("Role", "s-08:2", org_id=1).changed("User", "s-08", primary_org_id=1)
    rows, findings, _ = build(roster, tmp_path)
    assert keys(findings, "C33.no-school") == ["s-08"]
    assert "s-08" not in column(rows["users.csv"], "sourcedId")


def test_C9_golden_several_schools_become_one(tmp_path: Path) -> None:
    rules = [{"to": "M-1", "schools": ["o-2", "042"]}]
    rows, _, files = build(two_schools(), tmp_path, school_rules=rules)
    assert {r["orgSourcedIds"] for r in rows["users.csv"]} == {"M-1"}
    assert {r["schoolSourcedId"] for r in rows["classes.csv"] + rows["enrollments.csv"]} == {"M-1"}
    assert FEED.check(files, None, settings(known_schools=["M-1"], school_rules=rules)).outcome is Outcome.WARNINGS


_BY_GRADE = [
    {"to": "LOWER", "schools": ["o-3"], "grades": ["09", "10"]},
    {"to": "UPPER", "schools": ["o-3"], "grades": ["11", "12"]},
]


def test_C9_golden_one_school_becomes_two_and_each_student_lands_in_one(tmp_path: Path) -> None:
    roster = added(
        district(),
        Enrollment=[{"sourced_id": "e-x", "class_id": 30, "user_id": 104, "school_id": 3, "role": "student"}],
    )
    rows, _, files = build(roster, tmp_path, school_rules=_BY_GRADE)
    at = {r["sourcedId"]: r["orgSourcedIds"] for r in rows["users.csv"] if r["role"] == "student"}
    assert at["s-01"] == at["s-03"] == "LOWER"
    assert at["s-04"] == at["s-10"] == "UPPER"
    assert at["s-07"] == "o-2", "a school that no rule names keeps its id"
    assert row(rows, "t-01")["orgSourcedIds"] == "LOWER,UPPER"
    assert {r["sourcedId"] for r in rows["classes.csv"]} == {"c-1-LOWER", "c-1-UPPER", "c-2"}
    enrolled = {(r["classSourcedId"], r["userSourcedId"]) for r in rows["enrollments.csv"]}
    assert {("c-1-LOWER", "s-01"), ("c-1-UPPER", "s-05"), ("c-1-LOWER", "t-01"), ("c-1-UPPER", "t-01")} <= enrolled
    assert ("c-1-UPPER", "s-01") not in enrolled
    verdict = FEED.check(files, None, settings(school_rules=_BY_GRADE))
    assert verdict.outcome is Outcome.WARNINGS, verdict.findings.rows()


def test_C9_refused_a_grade_that_no_rule_names(tmp_path: Path) -> None:
    rows, findings, _ = build(district(), tmp_path, school_rules=_BY_GRADE[:1])
    assert set(keys(findings, "C9.no-rule")) == {"s-04", "s-05", "s-06", "s-10"}
    assert "s-04" not in column(rows["users.csv"], "sourcedId")


def test_C9_refused_rules_that_send_a_student_to_two_schools() -> None:
    both = [{"to": "A", "schools": ["o-3"], "grades": ["09"]}, {"to": "B", "schools": ["o-3"], "grades": ["09"]}]
    with pytest.raises(UsageError, match=r"feeds\.messages\.school_rules.*09.*A.*B"):
        read_settings(ConnectSettings, {"school_rules": both}, where="feeds.messages")


def test_C15_staff_of_the_district(tmp_path: Path) -> None:
    roster = district().changed("Role", "t-02:3", org_id=1).changed("User", "t-02", primary_org_id=1)
    rows, findings, _ = build(roster, tmp_path)
    assert keys(findings, "C15.district-staff") == ["t-02"]
    assert "t-02" not in column(rows["users.csv"], "sourcedId")
    rows, _, _ = build(roster, tmp_path, district_staff="schools")
    assert row(rows, "t-02")["orgSourcedIds"] == "o-2,o-3"


def sections() -> MemoryRoster:
    """Two more sections of Biology by t-01, and one by t-02, with students in two of them."""
    classes = [
        {"id": 32, "sourced_id": "c-3", "title": "Biology 4", "course_id": 20, "school_id": 3, "periods": ["4"]},
        {"id": 33, "sourced_id": "c-4", "title": "Biology 5", "course_id": 20, "school_id": 3},
    ]
    enrolled = [(32, 110, "teacher"), (32, 100, "student"), (32, 103, "student"), (33, 111, "teacher")]
    return added(
        district(),
        Class=classes,
        Enrollment=[
            {"sourced_id": f"e-{c}-{u}", "class_id": c, "user_id": u, "school_id": 3, "role": r} for c, u, r in enrolled
        ],
    )


def test_C5_sections_of_one_teacher_and_course_are_one_classroom(tmp_path: Path) -> None:
    rows, _, _ = build(sections(), tmp_path, join_sections=True, title="{course} ({teacher})")
    titles = {r["sourcedId"]: r["title"] for r in rows["classes.csv"]}
    assert titles == {
        "k-1-t-01-o-3": "Biology (Okafor)",
        "k-1-t-02-o-3": "Biology (Greer)",
        "k-1-t-03-o-2": "Biology (Dunne)",
    }
    joined = sorted(r["userSourcedId"] for r in rows["enrollments.csv"] if r["classSourcedId"] == "k-1-t-01-o-3")
    assert joined == ["s-01", "s-02", "s-04", "t-01"], "nobody twice"
    rows, _, _ = build(sections(), tmp_path)
    assert set(column(rows["classes.csv"], "sourcedId")) == {"c-1", "c-2", "c-3", "c-4"}


def test_C6_only_homerooms_subjects_or_courses(tmp_path: Path) -> None:
    rows, _, _ = build(district(), tmp_path, classes="homeroom")
    assert column(rows["classes.csv"], "sourcedId") == ["c-2"]
    assert set(column(rows["enrollments.csv"], "classSourcedId")) == {"c-2"}
    roster = district().changed("Class", "c-1", subjects=["Science"])
    rows, _, _ = build(roster, tmp_path, subjects=["Science"])
    assert column(rows["classes.csv"], "sourcedId") == ["c-1"]
    rows, _, _ = build(district(), tmp_path, courses=["ART1"])
    assert "classes.csv" not in rows


def test_C6_only_classes_of_terms_that_run(tmp_path: Path) -> None:
    over = district().changed("AcademicSession", "y-27", end_date=AS_OF.isoformat())
    rows, _, _ = build(over, tmp_path)
    assert "classes.csv" not in rows, "an end date is exclusive"
    rows, _, _ = build(over, tmp_path, terms="all")
    assert len(rows["classes.csv"]) == 2


def test_C23_marks_and_letters_that_connect_cannot_take(tmp_path: Path) -> None:
    roster = district().changed("User", "s-01", given_name='Imani "Mimi"').changed("Class", "c-1", title='"Bio"\n3')
    rows, findings, files = build(roster, tmp_path)
    assert row(rows, "s-01")["givenName"] == "Imani Mimi"
    assert row(rows, "c-1", "classes.csv")["title"] == "Bio 3"
    assert keys(findings, "C23.text-mended") == ["c-1", "s-01"]
    rows, _, files = build(roster, tmp_path, encoding="ascii")
    assert row(rows, "s-05")["familyName"] == "Wojcik"
    assert row(rows, "s-09")["givenName"] == "Zoe"
    assert all(file.content.isascii() for file in files)
    rows, _, files = build(roster, tmp_path, encoding="iso-8859-1")
    assert row(rows, "s-09")["givenName"] == "Zoë"
    assert FEED.check(files, None, settings(encoding="iso-8859-1")).outcome is Outcome.WARNINGS


def test_C23_refused_one_id_of_two_people_is_sent_for_nobody(tmp_path: Path) -> None:
    users = district().tables["User"].with_columns(pl.col("sourced_id").replace({"t-02": "s-01"}))
    roster = MemoryRoster({**district().tables, "User": users})
    rows, findings, _ = build(roster, tmp_path)
    assert keys(findings, "C23.repeated-id") == ["s-01", "s-01"]
    assert "s-01" not in column(rows["users.csv"], "sourcedId")
    rows, _, _ = build(roster, tmp_path, user_ids="by_kind")
    assert {"student-s-01", "staff-s-01"} <= set(column(rows["users.csv"], "sourcedId"))


def test_a_school_that_is_not_in_connect_withholds_its_people(tmp_path: Path) -> None:
    rows, findings, _ = build(district(), tmp_path, known_schools=["o-3"], school_id="sourced_id")
    assert {r["orgSourcedIds"] for r in rows["users.csv"]} == {"o-3"}
    assert set(keys(findings, "connect.school")) == {"s-07", "s-08", "s-09", "t-03", "c-2"}
    rows, _, _ = build(district(), tmp_path, school_id="identifier")
    assert row(rows, "s-08")["orgSourcedIds"] == "017", "the leading zero stays"


def test_C23_a_role_that_connect_does_not_know_is_shown(tmp_path: Path) -> None:
    rows, findings, _ = build(district().changed("Role", "t-02:3", role="ext:coach"), tmp_path)
    assert keys(findings, "C23.role") == ["t-02"]
    assert "t-02" not in column(rows["users.csv"], "sourcedId")


def test_C27_grades_in_the_codes_of_connect(tmp_path: Path) -> None:
    roster = district().changed("Class", "c-2", grades=["05", "KG"])
    rows, _, _ = build(roster, tmp_path, grade_codes={"KG": "K", "05": "5"})
    assert row(rows, "s-07")["grades"] == "K"
    assert row(rows, "c-2", "classes.csv")["grades"] == "5,K"


def test_a_contact_that_two_share_is_left_out_where_connect_wants_owners(tmp_path: Path) -> None:
    roster = district().changed("User", "g-01", email="B.Okafor@maplehollow.example")
    roster = roster.changed("User", "g-02", sms="+12175550115")
    rows, findings, files = build(roster, tmp_path, unique_contacts=True)
    assert row(rows, "t-01")["email"] == "b.okafor@maplehollow.example"
    assert row(rows, "g-01", "guardians.csv")["email"] == ""
    assert row(rows, "g-02", "guardians.csv")["sms"] == ""
    assert "g-03" not in column(rows["guardians.csv"], "sourcedId"), "no other contact is left"
    assert keys(findings, "connect.contact-taken") == ["g-01", "g-02", "g-03"]
    assert "connect.contact-taken" not in FEED.check(files, None, settings(unique_contacts=True)).findings["rule"]
    rows, _, _ = build(roster, tmp_path)
    assert row(rows, "g-02", "guardians.csv")["sms"] == row(rows, "g-03", "guardians.csv")["sms"]


def test_people_whose_account_is_disabled_are_counted_and_not_sent(tmp_path: Path) -> None:
    roster = district().changed("User", "s-01", account_enabled=False).changed("User", "g-02", enabled=False)
    rows, findings, _ = build(roster, tmp_path)
    assert findings.filter(pl.col("rule") == "connect.disabled")["detail"].to_list() == ["2 people"]
    assert "s-01" not in column(rows["users.csv"], "sourcedId")
    assert column(rows["guardians.csv"], "sourcedId") == ["g-03"]


def test_C14_a_student_who_is_also_given_a_staff_role_stays_a_student(tmp_path: Path) -> None:
    rows, _, _ = build(added(district(), Role=[role(100, 3, "administrator")]), tmp_path)
    assert row(rows, "s-01")["role"] == "student"


def test_the_last_good_row_is_sent_with_the_links_of_today(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path, guardians="users")
    roster = district().changed("User", "s-02", given_name=None)
    gone = {**roster.tables, "GuardianLink": roster.tables["GuardianLink"].filter(pl.col("guardian_id") != 114)}
    rows, findings, _ = build(MemoryRoster(gone), tmp_path, last=files, guardians="users")
    assert row(rows, "s-02")["givenName"] == "Lucía"
    assert row(rows, "s-02")["agentSourcedIds"] == "", "the link is gone, so an older row does not bring it back"
    assert "s-02" in keys(findings, "feed.kept")
    rows, _, _ = build(roster, tmp_path, last=files, guardians="users")
    assert row(rows, "s-02")["agentSourcedIds"] == "g-02"
    rows, _, _ = build(roster, tmp_path, last=files, guardians="users", suppressed=frozenset({"sis/s-02"}))
    assert "s-02" not in column(rows["users.csv"], "sourcedId")


def test_the_last_good_row_of_a_guardian_names_only_children_of_today(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path)
    roster = district().changed("User", "g-02", email=None, sms=None)
    gone = {**roster.tables, "GuardianLink": roster.tables["GuardianLink"].filter(pl.col("student_id") != 101)}
    rows, _, _ = build(MemoryRoster(gone), tmp_path, last=files)
    assert [(r["studentSourcedId"], r["email"]) for r in rows["guardians.csv"] if r["sourcedId"] == "g-02"] == [
        ("s-09", "rosa.ruiz@home.example")
    ]
    _, _, files = build(district(), tmp_path, guardians="users")
    rows, _, _ = build(MemoryRoster(gone), tmp_path, last=files, guardians="users")
    assert row(rows, "g-02")["orgSourcedIds"] == "o-2"


def test_an_id_that_changed_or_was_anothers_is_held(tmp_path: Path) -> None:
    ledger = pl.DataFrame({"user": ["sis/s-01", "sis/x-9"], "kind": ["sourcedId"] * 2, "value": ["s-1", "S-02"]})
    rows, findings, _ = build(district(), tmp_path, ledger=ledger)
    assert keys(findings, "connect.id-changed") == ["s-01"]
    assert keys(findings, "connect.id-taken") == ["s-02"]
    assert {"s-01", "s-02"} & set(column(rows["users.csv"], "sourcedId")) == set()
    roster = added(district(), GuardianLink=[link(110, 108)])
    _, _, files = build(roster, tmp_path, guardians="file")
    _, findings, _ = build(roster, tmp_path, last=files, guardians="users")
    assert keys(findings, "connect.id-changed") == [], "an employee who is a guardian has two ids"


@pytest.mark.parametrize("guardians", ["file", "users"])
def test_the_id_of_a_guardian_who_was_sent_is_held_where_it_changes(guardians: str, tmp_path: Path) -> None:
    """As after a re-link, where the user is the same and the id is another."""
    name = "guardians.csv" if guardians == "file" else "users.csv"
    _, _, files = build(district(), tmp_path, guardians=guardians)
    users = district().tables["User"]
    anew = users.with_columns(pl.col("sourced_id").replace({"g-02": "G-2"}))
    renamed = [replace(f, people=f.people.with_columns(pl.col("user").replace({"sis/g-02": "sis/G-2"}))) for f in files]
    roster = MemoryRoster({**district().tables, "User": anew})
    rows, findings, _ = build(roster, tmp_path, last=renamed, guardians=guardians)
    assert set(keys(findings, "connect.id-changed")) == {"G-2"}
    assert "G-2" not in column(rows[name], "sourcedId")
    assert "g-02" in column(rows[name], "sourcedId"), "the last good row keeps the account"


def test_people_who_are_newly_withheld_hold_the_file(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path)
    poor = district()
    for number in range(1, 8):
        poor = poor.changed("User", f"s-{number:02}", given_name=None)
    _, _, made = build(poor, tmp_path, last=files)
    verdict = FEED.check(made, sent(files), settings())
    assert verdict.outcome is Outcome.HELD
    assert "feed.withheld" in verdict.findings["rule"].to_list()
