from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from edlio_files import settings
from feed_settings import read_settings

from providers.edlio import FEED
from providers.edlio.settings import EdlioSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, Outcome
from rosterkit.testing.feed_suite import AS_OF, built, feed_suite, sent
from rosterkit.testing.roster import MemoryRoster, district


@feed_suite(FEED, settings(guardians="file"), district().without("g-03"))
def test_the_feed_keeps_the_contract(check: Any, tmp_path: Path) -> None:
    check(tmp_path)


def build(
    roster: MemoryRoster, scratch: Path, last: Sequence[FeedFile] = (), as_of: date = AS_OF, **more: Any
) -> tuple[dict[str, list[dict[str, str]]], pl.DataFrame, Sequence[FeedFile]]:
    """The rows by file, the findings and the files."""
    context: dict[str, Any] = {"as_of": as_of}
    context |= {name: more.pop(name) for name in ("suppressed", "ledger") if name in more}
    if last:
        context["last"] = sent(last)
    files, findings = built(FEED, settings(**more), roster, scratch, **context)
    rows = {file.name: list(csv.DictReader(io.StringIO(file.content.decode()))) for file in files}
    return rows, findings.frame(), files


def column(rows: Sequence[dict[str, str]], name: str) -> list[str]:
    return [row[name] for row in rows]


def keys(findings: pl.DataFrame, rule: str) -> list[str]:
    return findings.filter(pl.col("rule") == rule)["key"].to_list()


def with_rows(roster: MemoryRoster, entity: str, *records: dict[str, Any]) -> MemoryRoster:
    more = MemoryRoster.of({entity: [{"id": 9000 + place, **record} for place, record in enumerate(records)]})
    return MemoryRoster({**roster.tables, entity: pl.concat([roster.tables[entity], more.tables[entity]])}, 2)


def test_A6_the_four_files_of_the_template(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path)
    assert [file.name for file in files] == ["Staff.csv", "Users.csv", "Classes.csv", "Enrollments.csv"]
    assert list(rows["Staff.csv"][0]) == [
        *("Unique ID", "Employee ID", "Role", "Title", "Department", "First Name", "Middle Name", "Last Name"),
        *("Email 1", "Phone 1", "Phone 2", "Home Language", "Organization ID"),
    ]
    assert list(rows["Classes.csv"][0]) == [
        *("Classroom ID", "Classroom Name", "Classroom Description", "Organization ID")
    ]
    assert rows["Enrollments.csv"][0] == {"Classroom ID": "c-1", "Person ID": "s-01"}
    assert len(rows["Users.csv"]) == 10


def test_A6_headers_and_names_of_the_district(tmp_path: Path) -> None:
    rows, _, _ = build(
        district(), tmp_path, headers={"Unique ID": "guid"}, file_names={"staff": "adults.csv", "users": "kids.csv"}
    )
    assert set(rows) == {"adults.csv", "kids.csv", "Classes.csv", "Enrollments.csv"}
    assert column(rows["adults.csv"], "guid") == ["t-01", "t-02", "t-03"]


def test_A6_all_people_in_one_file(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path, layout="combined", guardians="file")
    assert set(rows) == {"People.csv", "Classes.csv", "Enrollments.csv"}
    assert {row["Role"] for row in rows["People.csv"]} == {"Teacher", "Student", "Guardian"}
    verdict = FEED.check(files, None, settings(layout="combined"))
    assert verdict.outcome is Outcome.ACCEPTED, verdict.findings.rows()


def test_A14_least_data_only_what_is_required_or_mapped(tmp_path: Path) -> None:
    roster = district().changed("User", "s-02", preferred_given_name="Lu", pronouns="she/her")
    rows, _, files = build(roster, tmp_path)
    filled = {name for row in rows["Users.csv"] for name, value in row.items() if value}
    assert filled == {"Unique ID", "Student ID", "Role", "First Name", "Last Name", "Email 1", "Organization ID"}
    text = b"".join(file.content for file in files).decode()
    assert "María" not in text, "the middle name is optional at Edlio"
    assert "she/her" not in text


def test_A14_optional_columns_are_mapped_file_by_file(tmp_path: Path) -> None:
    columns = {"staff.Phone 1": "sms", "Email 2": {"attribute": "second"}, "Home Language": "language"}
    rows, _, _ = build(district(), tmp_path, columns=columns)
    assert all(column(rows["Staff.csv"], "Phone 1"))
    assert not any(column(rows["Users.csv"], "Phone 1"))
    assert "Email 2" in rows["Users.csv"][0]
    assert set(column(rows["Users.csv"], "Home Language")) == {"en"}


def test_A14_a_mapping_of_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match=r"feeds\.app\.columns\.Title.*titel"):
        read_settings(EdlioSettings, {"columns": {"Title": "titel"}}, where="feeds.app")


def test_A14_one_row_for_each_organization_and_the_strongest_role_there(tmp_path: Path) -> None:
    roster = with_rows(
        district(),
        "Role",
        {"sourced_id": "r1", "user_id": 110, "org_id": 2, "role": "aide"},
        {"sourced_id": "r2", "user_id": 110, "org_id": 3, "role": "principal"},
        {"sourced_id": "r3", "user_id": 111, "org_id": 2, "role": "teacher", "end_date": "2026-09-01"},
    )
    rows, _, _ = build(roster, tmp_path)
    found = [(row["Unique ID"], row["Organization ID"], row["Role"]) for row in rows["Staff.csv"]]
    assert found == [
        ("t-01", "o-2", "Staff"),
        ("t-01", "o-3", "Administrator"),
        ("t-02", "o-3", "Teacher"),
        ("t-03", "o-2", "Teacher"),
    ]


def test_A14_a_role_that_edlio_does_not_know_is_shown(tmp_path: Path) -> None:
    rows, findings, _ = build(district().changed("Role", "t-02:3", role="ext:coach"), tmp_path)
    assert keys(findings, "A14.role") == ["t-02"]
    assert "t-02" not in column(rows["Staff.csv"], "Unique ID")


def test_A14_languages_are_sent_as_iso_639_1_or_blank(tmp_path: Path) -> None:
    roster = district()
    for user, language in (("s-01", "spa"), ("s-02", "Spanish"), ("s-03", "hmn"), ("s-04", "Mexicano")):
        roster = roster.changed("User", user, language=language)
    rows, findings, files = build(roster, tmp_path, columns={"Home Language": "language"}, languages={"Mexicano": "es"})
    sent_languages = {row["Unique ID"]: row["Home Language"] for row in rows["Users.csv"]}
    assert [sent_languages[f"s-0{n}"] for n in range(1, 5)] == ["es", "es", "", "es"]
    assert keys(findings, "A14.no-language-code") == ["s-03"]
    assert FEED.check(files, None, settings()).outcome is Outcome.ACCEPTED


def test_A5_one_unique_id_of_two_people_is_withheld_for_both(tmp_path: Path) -> None:
    roster = district().changed("User", "t-02", identifier="700112")
    rows, findings, _ = build(roster, tmp_path, columns={"Unique ID": "identifier"}, guardians="none")
    assert keys(findings, "A5.unique-id") == ["t-02", "s-04"]
    assert "700112" not in column(rows["Staff.csv"], "Unique ID") + column(rows["Users.csv"], "Unique ID")


def test_A5_one_number_of_a_student_and_an_employee_is_two_people(tmp_path: Path) -> None:
    users = district().tables["User"].with_columns(pl.col("sourced_id").replace({"t-02": "s-04"}))
    rows, findings, _ = build(MemoryRoster({**district().tables, "User": users}), tmp_path)
    assert keys(findings, "A5.unique-id") == ["s-04", "s-04"]
    assert "s-04" not in column(rows["Staff.csv"], "Unique ID") + column(rows["Users.csv"], "Unique ID")


def test_A5_an_id_that_changed_or_was_anothers_is_held(tmp_path: Path) -> None:
    ledger = pl.DataFrame({"user": ["sis/s-01", "sis/x-9"], "kind": ["Unique ID"] * 2, "value": ["s-1", "S-02"]})
    rows, findings, _ = build(district(), tmp_path, ledger=ledger)
    assert keys(findings, "A5.id-changed") == ["s-01"]
    assert keys(findings, "A5.id-taken") == ["s-02"]
    assert {"s-01", "s-02"} & set(column(rows["Users.csv"], "Unique ID")) == set()


def test_A5_an_employee_who_is_a_parent_keeps_the_address_and_the_parent_waits(tmp_path: Path) -> None:
    same = {"email": "b.okafor@maplehollow.example", "given_name": "Beatriz", "family_name": "Okafor"}
    rows, findings, _ = build(district().changed("User", "g-01", **same), tmp_path, guardians="file")
    assert keys(findings, "A5.shared-email") == ["g-01"]
    assert "t-01" in column(rows["Staff.csv"], "Unique ID")
    assert "g-01" not in column(rows["Parents.csv"], "Unique ID")


def test_A5_an_address_of_two_names_is_sent_for_nobody(tmp_path: Path) -> None:
    roster = district().changed("User", "g-01", email="IOKAFOR@maplehollow.example")
    rows, findings, _ = build(roster, tmp_path, guardians="file")
    assert sorted(keys(findings, "A5.shared-email")) == ["g-01", "s-01"]
    assert "s-01" not in column(rows["Users.csv"], "Unique ID")
    assert {"Classroom ID": "c-1", "Person ID": "s-01"} not in rows["Enrollments.csv"]


def test_A14_a_parent_has_one_row_for_each_child_and_school_of_the_child(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path, guardians="users")
    rosa = [row for row in rows["Users.csv"] if row["Unique ID"] == "g-02"]
    assert [(row["Student ID"], row["Organization ID"]) for row in rosa] == [("800417", "o-2"), ("710035", "o-3")]
    assert "g-03" not in column(rows["Users.csv"], "Unique ID"), "no e-mail"
    assert FEED.check(files, None, settings(guardians="users")).outcome is Outcome.ACCEPTED


def test_A14_contacts_that_are_no_parents_are_not_sent_and_an_unknown_type_is_shown(tmp_path: Path) -> None:
    roster = district().changed("GuardianLink", "student:g-01:s-01", type="Emergency")
    roster = roster.changed("GuardianLink", "student:g-02:s-02", type="Neighbor")
    rows, findings, _ = build(roster, tmp_path, guardians="file")
    assert [(row["Unique ID"], row["Student ID"]) for row in rows["Parents.csv"]] == [("g-02", "800417")]
    assert keys(findings, "A14.contact-type") == ["g-02"]
    rows, findings, _ = build(roster, tmp_path, guardians="file", contact_types={"neighbor": "send"})
    assert column(rows["Parents.csv"], "Student ID") == ["800417", "710035"]


def test_A14_a_parent_waits_with_the_child(tmp_path: Path) -> None:
    rows, findings, _ = build(district().changed("User", "s-02", email=None), tmp_path, guardians="file")
    assert keys(findings, "A14.child") == ["g-02"]
    assert column(rows["Parents.csv"], "Student ID") == ["710034", "800417"]


@pytest.mark.parametrize("email", ["iokafor@maplehollow.example", None])
def test_A14_a_parent_waits_where_two_children_have_the_number(tmp_path: Path, email: str | None) -> None:
    """Else Edlio would show one child to the other's parents, also where the right child is withheld."""
    roster = district().changed("User", "s-01", email=email)
    rows, findings, _ = build(roster.changed("User", "s-04", identifier="710034"), tmp_path, guardians="file")
    assert ("s-01" in column(rows["Users.csv"], "Unique ID")) == (email is not None)
    assert keys(findings, "A14.child") == ["g-01"]
    assert "710034" not in column(rows["Parents.csv"], "Student ID")


def test_A14_who_gets_no_account_is_counted_before_the_first_file(tmp_path: Path) -> None:
    roster = district().changed("User", "s-02", email=None).changed("User", "s-03", email=None)
    roster = roster.changed("User", "g-03", email="s.dunne@maplehollow.example")
    _, findings, files = build(roster, tmp_path)
    counts = findings.filter(pl.col("rule") == "A14.first-file")["detail"].to_list()
    assert sorted(counts) == ["1 employees who share an address with a parent's account", "2 students without e-mail"]
    _, findings, _ = build(roster, tmp_path, last=files)
    assert keys(findings, "A14.first-file") == [], "only before the first file"


def test_a_disabled_account_is_not_sent(tmp_path: Path) -> None:
    roster = district().changed("User", "s-01", account_enabled=False).changed("User", "t-02", enabled=False)
    rows, findings, _ = build(roster, tmp_path)
    assert findings.filter(pl.col("rule") == "A14.disabled")["detail"].to_list() == ["2 people"]
    assert "s-01" not in column(rows["Users.csv"], "Unique ID")
    assert "t-02" not in column(rows["Staff.csv"], "Unique ID")


def test_the_last_good_row_is_sent_where_absence_may_delete(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path)
    poor = district().changed("User", "s-01", email="nobody")
    rows, findings, _ = build(poor, tmp_path, last=files)
    imani = next(row for row in rows["Users.csv"] if row["Unique ID"] == "s-01")
    assert imani["Email 1"] == "iokafor@maplehollow.example"
    assert keys(findings, "feed.kept") == ["s-01"]
    rows, _, _ = build(poor, tmp_path, last=files, removal="absent_kept")
    assert "s-01" not in column(rows["Users.csv"], "Unique ID"), "absence deletes nobody there"


def test_the_last_good_row_is_not_sent_for_ever(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path)
    poor = district().changed("User", "s-01", email="nobody")
    _, _, kept = build(poor, tmp_path, last=files)
    rows, _, _ = build(poor, tmp_path, last=kept, as_of=AS_OF + timedelta(days=13))
    assert "s-01" in column(rows["Users.csv"], "Unique ID")
    rows, _, _ = build(poor, tmp_path, last=kept, as_of=AS_OF + timedelta(days=14))
    assert "s-01" not in column(rows["Users.csv"], "Unique ID")


def test_the_last_good_row_never_brings_back_a_suppressed_value_or_a_link_that_is_gone(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path, guardians="file")
    hidden = district().changed("User", "s-01", email=None)
    rows, _, _ = build(hidden, tmp_path, last=files, guardians="file", suppressed=frozenset({"sis/s-01"}))
    assert "s-01" not in column(rows["Users.csv"], "Unique ID")
    tables = dict(district().changed("User", "g-02", email="nobody").tables)
    tables["GuardianLink"] = tables["GuardianLink"].filter(pl.col("sourced_id") != "student:g-02:s-02")
    rows, _, _ = build(MemoryRoster(tables), tmp_path, last=files, guardians="file")
    rosa = [row["Student ID"] for row in rows["Parents.csv"] if row["Unique ID"] == "g-02"]
    assert rosa == ["800417"], "the other child's link is gone"


def test_people_who_are_newly_withheld_hold_the_file(tmp_path: Path) -> None:
    _, _, files = build(district(), tmp_path)
    poor = district()
    for number in range(1, 8):
        poor = poor.changed("User", f"s-{number:02}", email="nobody")
    _, _, made = build(poor, tmp_path, last=files)
    verdict = FEED.check(made, sent(files), settings())
    assert verdict.outcome is Outcome.HELD
    assert "feed.withheld" in verdict.findings["rule"].to_list()


def test_classes_can_be_left_out(tmp_path: Path) -> None:
    rows, _, files = build(district(), tmp_path, classes=False)
    assert set(rows) == {"Staff.csv", "Users.csv"}
    assert FEED.check(files, None, settings(classes=False)).outcome is Outcome.ACCEPTED


def test_A14_a_parent_who_is_enrolled_is_in_no_class(tmp_path: Path) -> None:
    more = {"sourced_id": "e-x", "class_id": 30, "user_id": 113, "school_id": 3, "role": "student"}
    rows, findings, files = build(with_rows(district(), "Enrollment", more), tmp_path, guardians="file")
    assert "g-01" not in column(rows["Enrollments.csv"], "Person ID")
    assert "A14.left-out" in findings["rule"].to_list()
    assert FEED.check(files, None, settings(guardians="file")).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(("issued", "expired"), [("2026-11-14", True), ("2026-11-15", False)])
def test_A1_a_link_that_expired_is_named_until_the_credentials_are_stored(
    issued: str, expired: bool, tmp_path: Path
) -> None:
    _, findings, _ = build(district(), tmp_path, stage="credentials", credentials_issued=issued)
    assert ("A1.link-expired" in findings["rule"].to_list()) is expired
    _, findings, _ = build(district(), tmp_path, stage="reviewed", credentials_issued=issued)
    assert "A1.link-expired" not in findings["rule"].to_list()
