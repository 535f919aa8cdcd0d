"""What a limited plan is asked in tests, on few records in memory."""

from __future__ import annotations

from typing import Any, cast

import polars as pl
from small_records import Rec, Stored, counts, fields_of, records

from rosterkit.plan.approvals import Approved
from rosterkit.plan.limit_holds import NEW_HOLDS, hold_over_limits
from rosterkit.plan.limited_records import Facts
from rosterkit.plan.limits import Limits
from rosterkit.plan.records import Records
from rosterkit.plan.snapshot import Snapshot

OFF = {name: 100 for name in Limits.model_fields if name.endswith("_percent")}
NOTHING = Approved(pl.DataFrame(schema={"node": pl.Int64, "bits": pl.UInt32, "whole": pl.Boolean}))
SIGN = "; suspected cause: "


def off(**changed: Any) -> Limits:
    """Limits that hold nothing but what is said."""
    return Limits(**({**OFF, "halving_min_size": 1000, "max_renamed_people": 1000} | changed))


def student(i: int, action: str | None = None, /, school: int = 1, **more: Any) -> Rec:
    old = {"given_name": f"Ana{i}", "family_name": f"Oduya{i}", "email": f"a{i}@x.example", "primary_org_id": school}
    return Rec("User", i, action, old if action != "create" else {}, old | more if action == "create" else more)


def held(
    *some: Rec, stored: Stored, limits: Limits, facts: Facts | None = None, approved: Approved = NOTHING
) -> tuple[dict[tuple[str, int], str], pl.DataFrame, pl.DataFrame]:
    """By entity and id the reason, with the held fields behind it; NEW_HOLDS; and what was removed and counted."""
    made, new, removed = hold_over_limits(
        records(*some), cast("Snapshot", stored), limits, approved, fields_of(*some), facts
    )
    return reasons(made, new), new, removed


def reasons(made: Records, new: pl.DataFrame) -> dict[tuple[str, int], str]:
    rows = made.states.filter(pl.col("hold").is_not_null()).select(
        pl.col("entity").cast(pl.String), "id", "hold_reason"
    )
    out = {(entity, i): reason for entity, i, reason in rows.rows()}
    assert dict(new.schema) == NEW_HOLDS
    return out


def fields_held(made: Records) -> dict[int, int]:
    return dict(made.states.filter(pl.col("held_fields") != 0).select("id", "held_fields").rows())


def people(n: int, *schools: int) -> dict[str, pl.DataFrame]:
    groups = [("student", s, n) for s in schools or (1,)]
    return {"User": counts(*groups, ("student", None, n * len(groups)))}


def roles(ids: range, school: int = 1, role: str = "student") -> list[tuple[int, str, int]]:
    return [(i, role, school) for i in ids]


def leaving(ids: range, cause: str = "absent", school: int = 1) -> list[Rec]:
    return [Rec("User", i, "archive", student(i).old, {}, state={"cause": cause}) for i in ids]


def enrollment(i: int, action: str, cause: str | None = None, **state: Any) -> Rec:
    old = {"class_id": 7, "user_id": i, "school_id": 1, "role": "student"}
    own = {"cause": cause, **state} if cause else state
    return Rec("Enrollment", i, action, {} if action == "create" else old, old if action == "create" else {}, state=own)


def renamed(n: int, **new: Any) -> list[Rec]:
    each: list[dict[str, Any]] = [{k: f"{v}{i}" for k, v in new.items()} for i in range(n)]
    return [student(i, "update", **values) for i, values in enumerate(each)]


def bits(*names: str) -> int:
    new: dict[str, Any] = dict.fromkeys(names, "x")
    return sum(fields_of(student(0, "update", **new))["bit"].to_list())


STUDENTS = Stored(people(100), roles=roles(range(100)))
ENROLLED = {"Enrollment": counts(("student", 1, 100), ("student", None, 100))}
