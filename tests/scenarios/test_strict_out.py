"""A doubtful package in, read leniently; a package out in which strict reading finds no error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_round_trip import with_feed

Files = dict[str, list[dict[str, str]]]


def doubtful(files: Files) -> None:
    """What lenient reading lets pass and strict reading calls an error, in as many places as there are."""
    users = {row["sourcedId"]: row for row in files["users"]}
    users["S1-p0"] |= {"grades": "3, K", "userIds": "local:12", "agentSourcedIds": "S1-p1,S1-p0,S1-t0"}
    users["S1-g1"] |= {"agentSourcedIds": "S1-g2,S1-p1", "givenName": "Noor\nAna"}
    users["S1-p2"] |= {"enabledUser": "TRUE", "role": "Student"}
    files["orgs"].append({"sourcedId": "DEP", "name": "Transport", "type": "department", "parentSourcedId": "DEP"})
    files["classes"][0] |= {"schoolSourcedId": "DEP"}
    files["classes"][1] |= {"subjects": "Art,Music", "subjectCodes": "05"}
    files["courses"].append({"sourcedId": "K 2", "title": "Art", "orgSourcedId": "D", "schoolYearSourcedId": "Y"})
    of_1 = [row for row in files["enrollments"] if row["classSourcedId"] == files["classes"][1]["sourcedId"]]
    of_1[0] |= {"beginDate": "2027-08-01"}
    of_1[1] |= {"beginDate": "2026-10-01", "endDate": "2026-09-01"}
    files["enrollments"].append(of_1[2] | {"sourcedId": "again"})


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_doubtful_roster_goes_out_strictly_valid(scenario: Any, version: str) -> None:
    scenario.sync(scenario.changed(doubtful))
    workspace = with_feed(scenario.workspace.folder, version)
    receipt = workspace.feed_build("out")
    workspace.feed_approve("out", reason="the first file", actor="kim")
    left = set(receipt.findings["rule"])
    assert {"feed.outside-terms", "feed.dates", "feed.school", "feed.depends", "feed.subject-codes"} <= left
    found = workspace.check(Path(receipt.target) / receipt.files[0][0], reading={"strict": True}).findings
    assert set(found.select("rule", "severity").rows()) == {("semantic.enrolled-twice", "info")}
