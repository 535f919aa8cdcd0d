"""What the feed does by itself: the username and its ledger, leavers, alumni, erasing, labels, parts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from handshake_case import AS_OF, FEED, GIVEN, ROSTER, build, settings

from providers.handshake.columns import COLUMNS
from rosterkit.errors import UsageError
from rosterkit.feeds.base import Outcome
from rosterkit.testing.feed_suite import sent
from rosterkit.testing.roster import MemoryRoster


def with_columns(**more: Any) -> dict[str, Any]:
    return {"columns": {**GIVEN["columns"], **more}}


def with_attributes(**by_person: dict[str, str]) -> MemoryRoster:
    roster = ROSTER
    for key, attributes in by_person.items():
        roster = roster.changed("User", key.replace("_", "-"), attributes=attributes)
    return roster


def test_h2_h12_h13_the_file_has_the_headers_of_the_example_in_their_order(tmp_path: Path) -> None:
    files, rows, _ = build(ROSTER, tmp_path)
    assert [file.name for file in files] == ["20261121_users.csv"]
    order = [column.header for column in COLUMNS]
    header = list(rows["710034"])[1:]
    assert header == sorted(header, key=order.index)
    assert len(order) == 33


def test_h4_h7_the_username_must_be_chosen() -> None:
    with pytest.raises(UsageError, match=r"feeds\.handshake\.username is wrong"):
        settings(username=None)


def test_h4_a_changed_username_is_held(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    _, rows, findings = build(ROSTER.changed("User", "s-03", identifier="799999"), tmp_path, last=last)
    assert not {"799999", "710047"} & set(rows)
    assert findings.frame().select("rule", "column", "key").rows() == [("H4", "username", "s-03")]


def test_h4_a_change_that_a_person_approved_goes_out(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    ledger = pl.DataFrame({"user": ["sis/s-03"], "kind": ["username"], "value": ["799999"]})
    assert "799999" in build(ROSTER.changed("User", "s-03", identifier="799999"), tmp_path, last=last, ledger=ledger)[1]


def test_h6_a_username_is_never_given_to_another_person(tmp_path: Path) -> None:
    """The ledger remembers people who left years ago."""
    ledger = pl.DataFrame({"user": ["sis/x-77"], "kind": ["username"], "value": ["710047"]})
    _, rows, findings = build(ROSTER, tmp_path, ledger=ledger)
    assert "710047" not in rows
    assert findings.frame().select("rule", "key").rows() == [("H6", "s-03")]


def test_h7_the_setting_is_locked_after_the_first_delivery(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    with pytest.raises(UsageError, match=r"setting username is locked since the first delivery \(H7\)"):
        build(ROSTER, tmp_path, last=last, given={"username": "email"})


def test_h8_sso_needs_auth_identifier_and_a_change_of_it_is_held(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="H8: with sso = true set auth_identifier"):
        settings(auth_identifier=None)
    assert "auth_identifier" not in build(ROSTER, tmp_path, given={"sso": False, "auth_identifier": None})[1]["710034"]
    last = sent(build(ROSTER, tmp_path)[0])
    _, rows, findings = build(ROSTER.changed("User", "s-03", username="ansel.ohara"), tmp_path, last=last)
    assert "710047" not in rows
    assert findings.frame().select("rule", "key").rows() == [("H8", "s-03")]


def test_h9_card_id_leaves_only_with_a_kiosk(tmp_path: Path) -> None:
    assert "card_id" not in build(ROSTER, tmp_path)[1]["710034"]
    with pytest.raises(UsageError, match="H9: card_id is sent only with kiosk = true"):
        settings(card_id={"attribute": "card"})
    with pytest.raises(UsageError, match="H9: with kiosk = true set card_id"):
        settings(kiosk=True)


def test_h10_only_the_unique_part_of_the_card_is_sent(tmp_path: Path) -> None:
    card = {"attribute": "card", "extract": "^0*([1-9][0-9]+)$"}
    _, rows, _ = build(ROSTER, tmp_path, given={"kiosk": True, "card_id": card})
    assert rows["700113"]["card_id"] == "10477"


def test_h12_a_misspelt_header_is_refused_in_the_settings() -> None:
    with pytest.raises(UsageError, match='H12: Handshake has no column "Major"'):
        settings(columns={"Major": "grade"})


def test_h17_values_are_written_as_handshake_reads_them(tmp_path: Path) -> None:
    roster = with_attributes(s_01={"vet": "yes", "work": "0", "year": "x"}).changed(
        "User", "s-01", sms="+1 217 555-0142"
    )
    given = with_columns(
        veteran={"attribute": "vet"}, work_study_eligible={"attribute": "work"}, mobile_number="sms"
    )  # fmt: skip
    row = build(roster, tmp_path, given=given)[1]["710034"]
    assert (row["veteran"], row["work_study_eligible"], row["mobile_number"]) == ("TRUE", "FALSE", "(217)555-0142")
    assert row["school_year_name"] == "Freshman"


def test_h18_a_student_without_a_name_is_withheld(tmp_path: Path) -> None:
    _, rows, findings = build(ROSTER.changed("User", "s-03", given_name=None), tmp_path)
    assert "710047" not in rows
    assert findings.frame().select("rule", "column", "key").rows() == [("H18", "first_name", "s-03")]


def test_a_leaver_is_disabled_for_some_weeks_after_some_days(tmp_path: Path) -> None:
    given = {"disable_after_days": 7, "disable_weeks": 2}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    seen = {}
    for day in range(1, 30, 7):
        when = AS_OF + timedelta(days=day)
        files, rows, _ = build(ROSTER.without("s-03"), tmp_path, last=last, given=given, as_of=when)
        seen[day] = rows["710047"]["disabled"] if "710047" in rows else None
        assert rows["710034"]["disabled"] == "FALSE"
        last = sent(files, when)
    assert seen == {1: "FALSE", 8: "TRUE", 15: "TRUE", 22: None, 29: None}


def test_a_leaver_is_only_absent_where_the_setting_says_so(tmp_path: Path) -> None:
    given = {"leaver": "absent"}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    _, rows, _ = build(ROSTER.without("s-03"), tmp_path, last=last, given=given)
    assert "710047" not in rows
    assert "disabled" not in rows["710034"]


def test_a_graduate_is_never_disabled(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    assert "700113" not in build(ROSTER.without("s-05"), tmp_path, last=last)[1]  # a senior
    given = {"never_disable": [], "alumni": {"sources": ["sis"], "grades": ["12"]}}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    _, rows, _ = build(ROSTER.without("s-05", "s-03"), tmp_path, last=last, given=given)
    assert "700113" not in rows
    assert rows["710047"]["disabled"] == "TRUE"


def graduate(**values: Any) -> MemoryRoster:
    """The district, and the student s-05 once more in a table of alumni, under another record."""
    users = ROSTER.tables["User"]
    again = users.filter(pl.col("sourced_id") == "s-05").with_columns(
        *(pl.lit(value, users.schema[name]).alias(name) for name, value in values.items()),
        id=pl.lit(900, pl.Int64),
        source=pl.lit("alumni"),
        sourced_id=pl.lit("a-05"),
    )
    return MemoryRoster({**ROSTER.tables, "User": pl.concat([users, again])})


ALUMNI = {"alumni": {"sources": ["alumni"]}}


@pytest.mark.parametrize(("prefer", "year"), [("nobody", None), ("students", "Senior"), ("alumni", "Alumni")])
def test_a_graduate_in_both_tables_is_sent_once_or_withheld(prefer: str, year: str | None, tmp_path: Path) -> None:
    _, rows, _ = build(graduate(), tmp_path, given={**ALUMNI, "prefer": prefer})
    assert (rows["700113"]["school_year_name"] if "700113" in rows else None) == year
    other = build(graduate(family_name="Wójcik-Lang"), tmp_path, given={**ALUMNI, "prefer": prefer})[1]
    assert "700113" not in other


@pytest.mark.parametrize(("family_name", "sent_now"), [("Wójcik", True), ("Kowalczyk", False)])
def test_h6_a_username_goes_on_with_its_graduate_and_with_nobody_else(
    family_name: str, *, sent_now: bool, tmp_path: Path
) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    later = graduate(family_name=family_name).without("s-05")
    _, rows, findings = build(later, tmp_path, last=last, given=ALUMNI)
    assert ("700113" in rows) == sent_now
    assert ("H6" in findings.frame()["rule"].to_list()) != sent_now


def test_alumni_are_sent_as_such(tmp_path: Path) -> None:
    given = {
        "alumni": {"grades": ["12"]},
        **with_columns(**{"primary_education:end_date": {"attribute": "graduation"}}),
    }
    files, rows, _ = build(ROSTER, tmp_path, given=given)
    row = rows["700113"]
    assert (row["school_year_name"], row["primary_education:currently_attending"]) == ("Alumni", "FALSE")
    assert FEED.check(files, None, settings(**given)).outcome is Outcome.ACCEPTED


def test_a_blank_erases_only_in_columns_that_are_to_be_erased(tmp_path: Path) -> None:
    name = "primary_education:major_names"
    for clear, then in (([], None), ([name], "**CLEAR**")):
        given = {"clear": clear}
        first = build(ROSTER, tmp_path, given=given)
        last = sent(first[0])
        assert first[1]["710034"][name] is None
        gone = MemoryRoster({**ROSTER.tables, "UserAttributes": ROSTER.tables["UserAttributes"].clear()})
        files, rows, _ = build(gone, tmp_path, last=last, given=given)
        assert (rows["700113"][name], rows["710034"][name]) == (then, None)
        assert build(gone, tmp_path, last=sent(files), given=given)[1]["700113"][name] is None
    with pytest.raises(UsageError, match="clear cannot erase disabled"):
        settings(clear=["disabled"])


def test_system_labels_are_sent_whole_because_the_list_replaces_the_old_one(tmp_path: Path) -> None:
    given = with_columns(system_label_names={"attribute": "labels", "split": ","})
    row = build(with_attributes(s_01={"labels": "Pell, Honors ,Pell"}), tmp_path, given=given)[1]["710034"]
    assert row["system_label_names"] == "Pell;Honors"
    with pytest.raises(UsageError, match="clear cannot erase system_label_names"):
        settings(clear=["system_label_names"])


def test_a_large_file_is_split_below_the_size(tmp_path: Path) -> None:
    given = {"megabytes": 0.0006}
    files, rows, _ = build(ROSTER, tmp_path, given=given)
    assert [file.name for file in files[:2]] == ["20261121_users.csv", "20261121_users_2.csv"]
    assert all(len(file.content) < 600 for file in files)
    assert len(rows) == sum(file.rows for file in files) == 7
    assert FEED.check(files, None, settings(**given)).outcome is Outcome.ACCEPTED


def test_a_trial_has_test_in_its_name_and_is_held(tmp_path: Path) -> None:
    files, _, _ = build(ROSTER, tmp_path, given={"trial": True})
    assert files[0].name == "20261121_test_users.csv"
    assert FEED.check(files, None, settings(trial=True)).outcome is Outcome.HELD


def test_h3_only_what_is_mapped_leaves(tmp_path: Path) -> None:
    roster = ROSTER.changed("User", "s-01", preferred_given_name="Mani", pronouns="they/them", phone="+12175550100")
    content = build(roster, tmp_path)[0][0].content
    assert not [text for text in (b"Mani", b"they/them", b"2175550100") if text in content]
    assert b"ethnicity" not in content


def test_h6_entries_for_the_ledger_are_read_from_what_was_sent(tmp_path: Path) -> None:
    from rosterkit.feeds.ledger import entries

    files = build(ROSTER, tmp_path)[0]
    found = entries(files, {kind: kind for kind in FEED.vendor.never_changes})
    assert ("sis/s-03", "username", "710047") in found.rows()
    assert found.height == 14


def test_a_mapping_edit_that_empties_the_feed_is_held(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    given = {"students": {"roles": ["student"], "grades": ["09"]}, "limits": {"gone_rows": 3}, "leaver": "absent"}
    files, _, _ = build(ROSTER, tmp_path, last=last, given=given, as_of=AS_OF + timedelta(days=1))
    verdict = FEED.check(files, last, settings(**given))
    assert (verdict.outcome, verdict.findings["rule"].to_list()) == (Outcome.HELD, ["feed.gone"])
