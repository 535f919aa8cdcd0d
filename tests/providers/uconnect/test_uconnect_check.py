"""Every rule that a file can break: a golden file, a refused one, and the same file accepted once the rule is out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from uconnect_case import FEED, csv, settings, verdict

from rosterkit.errors import UsageError
from rosterkit.feeds.base import FeedFile, LastSent, Outcome
from rosterkit.feeds.preflight import require_transport
from rosterkit.testing.feed_suite import sent


@dataclass(frozen=True)
class Case:
    """Files that break one rule, and what is to come of it."""

    rule: str
    outcome: Outcome
    files: tuple[FeedFile, ...]
    last: LastSent | None = None
    settings: dict[str, Any] = field(default_factory=dict)


WEEK_AGO = date(2026, 11, 14)
LAST = sent([csv()], WEEK_AGO)
HEAD, *BODY = csv().content.splitlines(keepends=True)
SMALL = {"limits": {"gone_rows": 0, "gone_percent": 50}}
MAIL = "aosei@maplehollow.example"

CASES = [
    Case("U4", Outcome.REJECTED, (csv(), csv())),
    Case("U5", Outcome.REJECTED, (csv(name="uconnect-2026-11-21.csv"),)),
    Case("U5", Outcome.REJECTED, (csv(),), sent([csv(name="students.csv")])),
    Case("U6", Outcome.HELD, (FeedFile("uconnect.csv", HEAD + BODY[0], 1),), LAST, {**SMALL, "few_rows": 0}),
    Case("U21", Outcome.REJECTED, (csv(('"Osei, III"', "Osei, III")),)),
    Case("U21", Outcome.REJECTED, (csv(("Tevita", 'Te"vi"ta')),)),
    Case("U22", Outcome.IGNORED, (FeedFile("uconnect.csv", HEAD, 0),)),
    Case("U23", Outcome.REJECTED, (csv(("LAST_NAME", "SURNAME")),)),
    Case("U24", Outcome.REJECTED, (csv(("tfonoti@", "AOSEI@")),)),
    Case("U24", Outcome.REJECTED, (csv(("690002", "690001")),)),
    Case("U28", Outcome.ROWS_IGNORED, (csv((MAIL, "")),)),
    Case("U28", Outcome.ROWS_IGNORED, (csv((MAIL, "aosei at maplehollow")),)),
    Case("U29", Outcome.ROWS_IGNORED, (csv(("690002", "")),)),
    Case("U29", Outcome.REJECTED, (csv(("USER_ID", "NUMBER")),)),
    Case("U31", Outcome.HELD, (csv(("690001", "700999")),), LAST),
    Case("U31", Outcome.HELD, (csv(("Tevita,Fonoti,tfonoti", "Bjarne,Holm,bholm")),), LAST),
    Case("U32", Outcome.ROWS_IGNORED, (csv((",Undergraduate,FALSE", ",,FALSE")),)),
    Case("U32", Outcome.ROWS_IGNORED, (csv((",Undergraduate,FALSE", ",Undergraduate;Alumni,FALSE")),)),
    Case("U32", Outcome.REJECTED, (csv(("USER_TYPE", "KIND")),)),
    Case("U37", Outcome.ROWS_IGNORED, (csv(("Business;Health", "Business;;Health")),)),
    Case("U37", Outcome.ROWS_IGNORED, (csv(("Tevita", "Tevita;T")),)),
    Case("U45", Outcome.REJECTED, (FeedFile("uconnect.csv", csv().content.decode().encode("latin-1"), 3),)),
    Case("U45", Outcome.REJECTED, (csv(("FIRST_NAME", "FIRST_NAME\u200b"), ("AFFINITY", "FIRST_NAME")),)),
    Case("U45", Outcome.REJECTED, (csv((",TRUE,", ',"TRUE,')),)),
]
WARNED = [
    Case("U25", Outcome.WARNINGS, (FeedFile("uconnect.csv", HEAD + BODY[0], 1),)),
    Case("U25", Outcome.WARNINGS, (FeedFile("uconnect.csv", csv().content[:-2], 3),)),
    Case("U34", Outcome.WARNINGS, (csv(),), settings={"communities": {"AFFINITY": ["First Gen"]}}),
    Case("U38", Outcome.WARNINGS, (csv(("2027", "Spring 2027")),)),
    Case("U39", Outcome.WARNINGS, (csv((",FALSE,", ",Y,")),)),
    Case("U40", Outcome.WARNINGS, (csv(("AFFINITY", "DELETE"), ("First Gen;ROTC", "X")),)),
    Case("U45", Outcome.WARNINGS, (FeedFile("uconnect.csv", b"\xef\xbb\xbf" + csv().content, 3),)),
]
EVERY = [pytest.param(case, id=f"{case.rule}-{number}") for number, case in enumerate([*CASES, *WARNED])]


def test_the_golden_file_is_accepted() -> None:
    """The golden case of U4, U5, U6, U21, U22, U23, U24, U25, U28, U29, U31, U32, U37, U39, U40 and U45."""
    found = verdict(last=LAST)
    assert (found.outcome, found.findings.height, dict(found.rows)) == (Outcome.ACCEPTED, 0, {"uconnect.csv": 3})
    assert found.compared == {"new": 0, "changed": 0, "unchanged": 3, "gone": 0, "identity changes": 0}


@pytest.mark.parametrize("case", EVERY)
def test_a_file_that_breaks_a_rule_is_answered_as_uconnect_would(case: Case) -> None:
    found = verdict(*case.files, last=case.last, **case.settings)
    assert found.outcome is case.outcome, found.findings.rows()
    assert case.rule in found.findings["rule"].to_list()


@pytest.mark.parametrize("case", EVERY)
def test_without_its_rule_the_same_file_is_not_answered_so(case: Case) -> None:
    """Each rule is the only one that stops its case: with it taken out the test above fails."""
    without = replace(FEED, checks=[check for check in FEED.checks if check.rule != case.rule])
    found = verdict(*case.files, last=case.last, feed=without, **case.settings)
    order = list(Outcome)
    assert order.index(found.outcome) < order.index(case.outcome), found.findings.rows()


def test_u28_counts_the_ignored_rows_and_names_their_lines_without_their_values() -> None:
    found = verdict(csv((MAIL, "aosei"), ("tfonoti@maplehollow.example", "")))
    assert dict(found.ignored) == {"uconnect.csv": 2}
    assert found.findings.select("rule", "line", "column").rows() == [("U28", 2, "EMAIL"), ("U28", 3, "EMAIL")]
    assert "aosei" not in str(found.findings.rows())


def test_u22_a_file_without_a_record_is_ignored_and_not_only_held() -> None:
    """U22: a person could approve what is held; what uConnect ignores never leaves."""
    empty = FeedFile("uconnect.csv", HEAD, 0)
    found = verdict(empty, last=LAST, limits={"gone_rows": 0, "gone_percent": 1})
    assert found.outcome is Outcome.IGNORED
    assert {"U6", "U22"} <= set(found.findings["rule"])


def test_u30_email_identity_needs_neither_user_id_nor_user_login() -> None:
    without = csv(("USER_ID", "NUMBER"))
    assert verdict(without, identity="email").outcome is Outcome.ACCEPTED
    assert verdict(without, identity="user_login").outcome is Outcome.REJECTED


def test_u40_a_row_flagged_for_deletion_counts_as_gone() -> None:
    flagged = csv(("AFFINITY", "DELETE"), ("First Gen;ROTC", "yes"))
    before = sent([csv(("AFFINITY", "DELETE"), ("First Gen;ROTC", ""))], WEEK_AGO)
    found = verdict(flagged, last=before, limits={"gone_rows": 0, "gone_percent": 1})
    assert (found.outcome, found.findings["rule"].to_list()) == (Outcome.HELD, ["U6"])


def test_u3_the_target_is_s3_and_never_sftp() -> None:
    require_transport(FEED.vendor, "s3", "U3")
    for transport in ("sftp", "folder"):
        with pytest.raises(UsageError, match=f"U3: uConnect does not take files by {transport}"):
            require_transport(FEED.vendor, transport, "U3")
    careless = replace(FEED.vendor, transports=(*FEED.vendor.transports, "sftp"))
    require_transport(careless, "sftp", "U3")  # without the rule the test above fails


def test_headers_can_be_renamed_where_the_pages_of_uconnect_differ() -> None:
    renamed = csv(("EMAIL", "email_address"), ("USER_TYPE", "STAKEHOLDERS"))
    changes: dict[str, Any] = {"headers": {"EMAIL": "email_address"}, "audience_header": "STAKEHOLDERS"}
    assert verdict(renamed, **changes).outcome is Outcome.ACCEPTED
    assert settings(**changes).header("USER_TYPE") == "STAKEHOLDERS"
