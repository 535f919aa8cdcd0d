"""Rosters drawn at random around the invented district: blanks, shared addresses and numbers, odd roles and links."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import strategies as st

from rosterkit.testing.roster import MemoryRoster, district

__all__ = ["rosters"]

_USERS = [f"s-{n:02}" for n in range(1, 11)] + ["t-01", "t-02", "t-03", "g-01", "g-02", "g-03"]
_IDS = dict(zip(_USERS, range(100, 116), strict=True))
_VALUES: dict[str, list[Any]] = {
    "given_name": [None, "Ada", 'Mia "Mimi"', "Zoë\nMay"],
    "family_name": [None, "Okafor", "O, Hara"],
    "email": [None, "same@home.example", "SAME@home.example", "nobody"],
    "sms": [None, "+12175550100"],
    "identifier": [None, "4711", "004711"],
    "language": [None, "spa", "hmn", "?"],
    "grades": [None, '["09"]', '["KG"]', '["Other"]'],
    "primary_org_id": [None, 1, 2, 3],
    "enabled": [None, False, True],
    "account_enabled": [False, True],
}


def _changed(roster: MemoryRoster, user: str, column: str, value: Any) -> MemoryRoster:
    users = roster.tables["User"]
    new = pl.when(pl.col("sourced_id") == user).then(pl.lit(value, users.schema[column])).otherwise(column)
    return MemoryRoster({**roster.tables, "User": users.with_columns(new.alias(column))})


def _added(roster: MemoryRoster, entity: str, record: dict[str, Any]) -> MemoryRoster:
    rows = roster.tables[entity]
    row = {"id": 9000 + rows.height, "source": "sis", "sourced_id": f"x-{entity}-{rows.height}", **record}
    more = MemoryRoster.of({entity: [row]}).tables[entity]
    return MemoryRoster({**roster.tables, entity: pl.concat([rows, more])})


@st.composite
def rosters(draw: st.DrawFn) -> MemoryRoster:
    """The district with up to twelve changes."""
    roster = district()
    user = st.sampled_from(_USERS)
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["value", "value", "value", "id", "role", "link", "enrollment"]))
        if kind == "value":
            column = draw(st.sampled_from(sorted(_VALUES)))
            roster = _changed(roster, draw(user), column, draw(st.sampled_from(_VALUES[column])))
        elif kind == "id":
            roster = _changed(roster, draw(user), "sourced_id", draw(st.sampled_from(["s-01", 't-"9"', "g,7"])))
        elif kind == "role":
            role = draw(st.sampled_from(["student", "teacher", "principal", "parent", "ext:coach"]))
            org = draw(st.sampled_from([1, 2, 3]))
            roster = _added(roster, "Role", {"user_id": _IDS[draw(user)], "org_id": org, "role": role})
        elif kind == "link":
            ends = {"guardian_id": _IDS[draw(user)], "student_id": _IDS[draw(user)], "asserted_by": "file"}
            kind_of = draw(st.sampled_from([None, "custodial", "Emergency", "Neighbor"]))
            roster = _added(roster, "GuardianLink", {**ends, "type": kind_of})
        else:
            record = {"class_id": draw(st.sampled_from([30, 31])), "user_id": _IDS[draw(user)], "school_id": 3}
            roster = _added(roster, "Enrollment", {**record, "role": draw(st.sampled_from(["student", "teacher"]))})
    return roster
