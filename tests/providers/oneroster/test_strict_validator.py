"""The validator of these tests sees what it is there to see."""

from __future__ import annotations

import pytest
from small_roster import contents, render, roster
from strict_validator import faults

CASES = {
    "byte-order mark": ("orgs", b"sourcedId,status", b"\xef\xbb\xbfsourcedId,status"),
    "line ends": ("orgs", b"\n", b"\r\n"),
    "header": ("orgs", b"name,type", b"type,name"),
    "extension": ("orgs", b"metadata.city", b"city"),
    "quotes": ("orgs", b"Elm,school", b'"Elm",school'),
    "repeated id": ("orgs", b"S2,,,", b"S1,,,"),
    "guid": ("courses", b"K,,,", b"K#,,,"),
    "status": ("courses", b"K,,,", b"K,active,,"),
    "token": ("orgs", b",district,", b",province,"),
    "date": ("academicSessions", b"2027-06-11", b"2027-06-31"),
    "boolean": ("users", b",true,", b",True,"),
    "required": ("users", b"Okafor", b""),
    "reference": ("enrollments", b"E1,,,C1", b"E1,,,C8"),
    "user id": ("users", b"{SIS:5}", b"SIS:5"),
    "school": ("classes", b",S2,T1", b",D,T1"),
    "pairs": ("courses", b'"03051,03008"', b"03051"),
    "primary": ("roles", b"ana,primary,student,,,S1", b"bo,primary,student,,,S1"),
}


@pytest.mark.parametrize("case", CASES)
def test_fault_is_seen(case: str) -> None:
    name, before, after = CASES[case]
    files = contents(render(roster()))
    assert before in files[f"{name}.csv"]
    files[f"{name}.csv"] = files[f"{name}.csv"].replace(before, after)
    assert faults(files) != []


def test_manifest_faults_are_seen() -> None:
    files = contents(render(roster()))
    del files["roles.csv"]
    assert "manifest: roles" in faults(files)
