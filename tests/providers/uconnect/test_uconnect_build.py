"""What the feed does by itself: one merged file, identity, populations, flags, leavers, the mapping document."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from uconnect_case import AS_OF, FEED, GIVEN, ROSTER, build, settings

from providers.uconnect import mapping_document
from providers.uconnect.vendor import CRON, REGION
from rosterkit.errors import UsageError
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.mapping_document import mapping_page
from rosterkit.testing.feed_suite import context, sent
from rosterkit.testing.roster import MemoryRoster

PEOPLE_COLUMNS = {"OPT_OUT", "PROGRAM", "AFFINITY"}


def graduate(**values: Any) -> MemoryRoster:
    """The district, and in a table of alumni the student s-05 once more (690-), under another record."""
    roster = ROSTER.changed("User", "s-05", attributes={"graduation": "2026-06-05"})
    users = roster.tables["User"]
    again = users.filter(pl.col("sourced_id") == "s-05").with_columns(
        *(pl.lit(value, users.schema[name]).alias(name) for name, value in values.items()),
        id=pl.lit(900, pl.Int64),
        source=pl.lit("alumni"),
        sourced_id=pl.lit("a-05"),
    )
    return MemoryRoster({**roster.tables, "User": pl.concat([users, again])})


def test_u2_u4_one_csv_holds_every_population(tmp_path: Path) -> None:
    files, rows, _ = build(graduate(identifier="990001", email="mw@alum.example"), tmp_path)
    assert [file.name for file in files] == ["uconnect.csv"]
    assert {row["USER_TYPE"] for row in rows.values()} == {"Undergraduate", "Alumni", "Faculty and Staff"}


def test_u5_the_name_is_the_same_on_every_day(tmp_path: Path) -> None:
    names = {build(ROSTER, tmp_path, as_of=AS_OF + timedelta(days=n))[0][0].name for n in range(3)}
    assert names == {"uconnect.csv"}


def test_u6_the_file_is_full_also_where_nothing_changed(tmp_path: Path) -> None:
    first, rows, _ = build(ROSTER, tmp_path)
    again = build(ROSTER, tmp_path, last=sent(first))
    assert again[1] == rows
    assert len(rows) == 13


def test_u6_under_auto_deprovision_a_shrinking_file_is_held(tmp_path: Path) -> None:
    given = {"auto_deprovision": True, "limits": {"gone_rows": 1}}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    files, _, _ = build(ROSTER.without("s-01", "s-02"), tmp_path, last=last, given=given)
    verdict = FEED.check(files, last, settings(**given))
    assert (verdict.outcome, verdict.findings["rule"].to_list()) == (Outcome.HELD, ["U6"])


def test_u21_a_comma_is_quoted_and_lines_end_as_rfc_4180_has_it(tmp_path: Path) -> None:
    content = build(ROSTER, tmp_path)[0][0].content
    assert b'"Raman, Jr."' in content
    assert content.count(b"\r\n") == content.count(b"\n") == 14
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in build(ROSTER, tmp_path, given={"line_end": "lf"})[0][0].content


def test_u22_a_file_with_a_header_only_is_never_made(tmp_path: Path) -> None:
    assert build(ROSTER.emptied(), tmp_path)[0] == []
    nobody = {"populations": [{"name": "Alumni", "sources": ["no such source"]}]}
    assert build(ROSTER, tmp_path, given=nobody)[0] == []


def test_u24_a_person_in_two_populations_is_withheld_without_the_order(tmp_path: Path) -> None:
    _, rows, findings = build(graduate(), tmp_path)
    found = findings.frame()
    assert "700113" not in rows
    assert len(rows) == 12
    assert set(found.filter(pl.col("rule") == "U24")["key"]) == {"s-05", "a-05"}


def test_u24_the_order_of_populations_decides_which_row_stands(tmp_path: Path) -> None:
    for prefer, kind in ((["Alumni"], "Alumni"), (["Undergraduate", "Alumni"], "Undergraduate")):
        _, rows, findings = build(graduate(), tmp_path, given={"prefer": prefer})
        assert rows["700113"]["USER_TYPE"] == kind
        assert findings.frame()["rule"].to_list() == ["U24.preferred"]


def test_u24_two_people_who_share_an_address_are_withheld_also_with_the_order(tmp_path: Path) -> None:
    for name in ({"given_name": "Halina"}, {"family_name": "Nowak"}):
        shared = graduate(identifier="990001", **name)
        _, rows, _ = build(shared, tmp_path, given={"prefer": ["Alumni"]})
        assert not {"700113", "990001"} & set(rows)


def test_u24_a_graduate_keeps_the_identifier_from_student_to_alumni_time(tmp_path: Path) -> None:
    """U29: the identifier persists; the same human under another record is no change of owner."""
    given = {"prefer": ["Alumni"]}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    _, rows, _ = build(graduate(), tmp_path, last=last, given=given)
    assert rows["700113"]["USER_TYPE"] == "Alumni"


@pytest.mark.parametrize(
    ("identity", "columns"), [("email", set()), ("user_id", {"USER_ID"}), ("user_login", {"USER_LOGIN"})]
)
def test_u26_u27_u30_the_identity_decides_which_identifier_is_sent(
    identity: str, columns: set[str], tmp_path: Path
) -> None:
    _, rows, _ = build(ROSTER, tmp_path, given={"identity": identity})
    header = set(next(iter(rows.values())))
    assert header & {"USER_ID", "USER_LOGIN"} == columns


def test_u30_the_identity_must_be_stated() -> None:
    with pytest.raises(UsageError, match=r"feeds\.uconnect\.identity is wrong"):
        settings(identity=None)


def test_u28_a_row_without_an_address_is_withheld_with_a_finding(tmp_path: Path) -> None:
    _, rows, findings = build(ROSTER.changed("User", "s-02", email=None), tmp_path)
    assert "710035" not in rows
    assert findings.frame().select("rule", "column", "key").rows() == [("U28", "EMAIL", "s-02")]


@pytest.mark.parametrize("given", [{}, {"auto_deprovision": True}])
def test_u31_a_changed_identifier_is_held(given: dict[str, Any], tmp_path: Path) -> None:
    """Under Auto Deprovision the last good row is sent, because absence would delete the person."""
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    _, rows, findings = build(ROSTER.changed("User", "s-03", identifier="799999"), tmp_path, last=last, given=given)
    assert "799999" not in rows
    assert ("710047" in rows) == bool(given)
    assert findings.frame().filter(pl.col("rule") == "U31")["key"].to_list() == ["s-03"]


def test_u31_an_old_identifier_is_never_another_persons(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    moved = ROSTER.without("s-03").changed("User", "s-04", identifier="710047")
    _, rows, findings = build(moved, tmp_path, last=last)
    assert "710047" not in rows
    assert findings.frame()["rule"].to_list() == ["U31"]


def test_u31_the_ledger_remembers_what_the_last_file_does_not(tmp_path: Path) -> None:
    ledger = pl.DataFrame({"user": ["sis/x-99"], "kind": ["USER_ID"], "value": ["710047"]})
    _, rows, findings = build(ROSTER, tmp_path, ledger=ledger)
    assert "710047" not in rows
    assert findings.frame()["key"].to_list() == ["s-03"]


def test_u32_one_population_needs_no_user_type(tmp_path: Path) -> None:
    one = {"populations": [{"name": "Student", "roles": ["student"]}]}
    assert "USER_TYPE" not in next(iter(build(ROSTER, tmp_path, given=one)[1].values()))
    newer = {**one, "audience_header": "STAKEHOLDERS"}
    assert build(ROSTER, tmp_path, given=newer)[1]["690008"]["STAKEHOLDERS"] == "Student"


def test_u33_programs_are_mapped_and_separated_by_semicolons(tmp_path: Path) -> None:
    """U34: many values may map to one community; several values in one cell stand between semicolons."""
    rows = build(ROSTER, tmp_path)[1]
    assert rows["700113"]["PROGRAM"] == "Business;Health"
    assert rows["690114"]["PROGRAM"] == "ARTS-02"


def test_u35_u36_each_community_group_has_a_column_of_its_own(tmp_path: Path) -> None:
    roster = ROSTER.changed("User", "s-01", attributes={"affinity": "First Gen|Military| First Gen"})
    row = build(roster, tmp_path)[1]["710034"]
    assert list(row)[-2:] == ["PROGRAM", "AFFINITY"]
    assert row["AFFINITY"] == "First Gen;Military"


def test_u34_a_group_with_two_columns_is_refused() -> None:
    with pytest.raises(UsageError, match=r'U34: the community group "Career Communities" has two columns'):
        settings(groups={"PROGRAM": "Career Communities", "AFFINITY": "Career Communities"})


def test_u37_a_value_with_a_semicolon_is_withheld_unless_it_is_a_list(tmp_path: Path) -> None:
    roster = ROSTER.changed("User", "s-01", attributes={"affinity": "First Gen;Military"})
    _, rows, findings = build(roster, tmp_path)
    assert "710034" not in rows
    assert findings.frame()["rule"].to_list() == ["U37"]
    listed = {**GIVEN["columns"], "AFFINITY": {"attribute": "affinity", "split": ";"}}
    assert build(roster, tmp_path, given={"columns": listed})[1]["710034"]["AFFINITY"] == "First Gen;Military"


@pytest.mark.parametrize(("day", "year"), [("2027-08-31", "2027"), ("2027-09-01", "2028"), ("soon", None)])
def test_u38_graduation_is_a_year_by_the_cut_off_of_31_august(day: str, year: str | None, tmp_path: Path) -> None:
    roster = ROSTER.changed("User", "s-05", attributes={"graduation": day}, grades=["UG"])
    assert build(roster, tmp_path)[1]["700113"]["GRADUATION"] == year


@pytest.mark.parametrize(
    ("word", "sent_as", "warned"),
    [
        ("1", "TRUE", False),
        ("yes", "TRUE", False),
        ("No", "FALSE", False),
        ("Y", "TRUE", True),
        ("maybe", "FALSE", True),
    ],
)
def test_u39_the_opt_out_is_written_as_true_or_false(word: str, sent_as: str, *, warned: bool, tmp_path: Path) -> None:
    _, rows, findings = build(ROSTER.changed("User", "s-01", attributes={"no_mail": word}), tmp_path)
    assert rows["710034"]["OPT_OUT"] == sent_as
    assert rows["710035"]["OPT_OUT"] is None
    assert ("U39" in findings.frame()["rule"].to_list()) == warned


def test_u40_a_leaver_is_flagged_for_some_weeks_after_some_days(tmp_path: Path) -> None:
    given = {"leaver": "delete_flag", "delete_after_days": 7, "delete_weeks": 2}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    gone = ROSTER.without("s-03")
    seen = {}
    for day in range(0, 29, 7):
        files, rows, _ = build(gone, tmp_path, last=last, given=given, as_of=AS_OF + timedelta(days=day))
        seen[day] = rows["710047"]["DELETE"] if "710047" in rows else None
        last = sent(files)
        assert rows["710034"]["DELETE"] == "FALSE"
    assert seen == {0: "FALSE", 7: "TRUE", 14: "TRUE", 21: None, 28: None}


def test_u40_a_leaver_is_only_absent_by_default(tmp_path: Path) -> None:
    last = sent(build(ROSTER, tmp_path)[0])
    assert "710047" not in build(ROSTER.without("s-03"), tmp_path, last=last)[1]


def test_u40_nobody_is_flagged_for_deletion_under_an_address_that_another_person_has(tmp_path: Path) -> None:
    given = {"leaver": "delete_flag"}
    last = sent(build(ROSTER, tmp_path, given=given)[0])
    moved = ROSTER.without("s-03").changed("User", "s-04", email="aohara@maplehollow.example")
    _, rows, _ = build(moved, tmp_path, last=last, given=given)
    assert {row["DELETE"] for row in rows.values()} == {"FALSE"}


def test_u42_the_mapping_document_lists_values_communities_and_counts(tmp_path: Path) -> None:
    """U34: what uConnect asks for where headers or values differ from its names."""
    document = mapping_document(ROSTER, settings(), context(FEED, tmp_path))
    assert document.rows() == [
        ("PROGRAM", "Career Communities", "ARTS-02", "ARTS-02", 1),
        ("PROGRAM", "Career Communities", "BUS-01", "Business", 2),
        ("PROGRAM", "Career Communities", "HLTH-04", "Health", 2),
    ]
    assert "| PROGRAM | Career Communities | BUS-01 | Business | 2 |" in mapping_page(document)


def test_u7_u12_region_and_clock_are_data() -> None:
    assert REGION == "us-east-1"
    assert CRON == "5 8 * * Sat"
    assert CRON in FEED.vendor.clock


def test_u14_preferred_names_pronouns_and_numbers_leave_only_where_they_are_mapped(tmp_path: Path) -> None:
    roster = ROSTER.changed("User", "s-01", preferred_given_name="Mani", pronouns="they/them", state_id="ST-1")
    content = build(roster, tmp_path)[0][0].content
    assert not [text for text in (b"Mani", b"they/them", b"ST-1", b"+1217") if text in content]
    mapped = {**GIVEN["columns"], "FIRST_NAME": {"first_of": ["preferred_given_name", "given_name"]}}
    assert build(roster, tmp_path, given={"columns": mapped})[1]["710034"]["FIRST_NAME"] == "Mani"


def test_a_wrong_mapping_is_refused_before_a_file_is_built(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'columns\.AFFINITY is wrong: .*it names the field "affinity"'):
        build(ROSTER, tmp_path, given={"columns": {"AFFINITY": "affinity"}})
