"""What policy keeps from a sync, on few records in memory: which records are held, and which values are pinned."""

from __future__ import annotations

from typing import Any, cast

import polars as pl
import pytest
from small_records import Rec, Stored, records

from rosterkit.plan.changes import PINS, UPDATE, Changes
from rosterkit.plan.policy import CONTACT_FIELDS, PolicySettings, SchoolPolicy
from rosterkit.plan.policy_holds import PINNED, Policy, apply_policy, pins_of
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import by_name


def held(*some: Rec, policy: Policy, stored: Stored | None = None) -> dict[tuple[str, int], str]:
    made = apply_policy(records(*some), policy, cast("Snapshot", stored or Stored()))
    rows = made.states.filter(pl.col("hold").is_not_null()).select(
        pl.col("entity").cast(pl.String), "id", pl.format("{}: {}", pl.col("hold").cast(pl.String), "hold_reason")
    )
    return {(entity, i): why for entity, i, why in rows.rows()}


def gone(entity: str, i: int, /, cause: str = "absent", key: str = "", **old: Any) -> Rec:
    return Rec(entity, i, "archive", old, {}, key, {"cause": cause})


# ---- nothing but what is new


def test_in_a_window_for_additions_nothing_is_updated_or_archived_but_for_links_that_are_gone() -> None:
    rows = [
        gone("User", 1),
        Rec("User", 2, "update", {"email": "a"}, {"email": "b"}),
        Rec("User", 3, "create", {}, {"email": "c"}),
        Rec("User", 4, "restore", {"email": "c"}, {}),
        gone("GuardianLink", 5, "removed"),
        gone("GuardianLink", 6, "absent"),
        gone("GuardianLink", 7, "cascade"),
        gone("Role", 8, "removed"),
    ]
    expected = dict.fromkeys([("User", 1), ("User", 2), ("GuardianLink", 7), ("Role", 8)], "policy: state tests")
    assert held(*rows, policy=Policy(additions_only="state tests")) == expected
    assert held(*rows, policy=Policy()) == {}


# ---- roles that a source manages


def manages(*roles: str, source: str = "main") -> Policy:
    return Policy(manages={source: frozenset(roles)})


def test_what_a_source_does_not_manage_is_never_archived() -> None:
    rows = [
        gone("Role", 1, role="guardian", user_id=1),
        gone("Role", 2, role="student", user_id=2),
        gone("Enrollment", 3, role="teacher", user_id=3),
        gone("Enrollment", 4, role="student", user_id=4),
        gone("GuardianLink", 5, student_id=2, guardian_id=1),
        gone("User", 6),
        gone("User", 7),
        gone("User", 8),
        gone("User", 9),
        gone("Class", 10),
    ]
    stored = Stored(roles=[(6, "guardian", 1), (7, "student", 1), (8, "student", 1), (8, "guardian", 2)])
    found = held(*rows, policy=manages("student"), stored=stored)
    assert sorted(found) == [("Enrollment", 3), ("GuardianLink", 5), ("Role", 1), ("User", 6)]
    assert set(found.values()) == {"policy: main does not manage this role (source.manages)"}
    assert held(*rows, policy=manages("student", source="other"), stored=stored) == {}
    with_guardians = held(*rows, policy=manages("student", "relative"), stored=stored)
    assert ("GuardianLink", 5) not in with_guardians


def test_what_is_updated_or_new_is_managed_by_nobody_else() -> None:
    rows = [
        Rec("Role", 1, "update", {"role": "guardian"}, {"role": "parent"}),
        Rec("Enrollment", 2, "create", {}, {"role": "teacher"}),
        Rec("GuardianLink", 3, "create", {}, {"student_id": 1, "guardian_id": 2}),
        Rec("User", 4, "update", {"email": "a"}, {"email": "b"}),
        Rec("User", 5, None, {"email": "a"}, {}),
    ]
    assert held(*rows, policy=manages("student"), stored=Stored(roles=[(4, "guardian", 1), (5, "guardian", 1)])) == {}


def test_a_record_of_another_source_is_not_looked_at() -> None:
    row = gone("Role", 1, key="mainland//r-1", role="guardian", user_id=1)
    assert held(row, policy=manages("student")) == {}


# ---- schools for which a source is disabled


def off(*schools: int, source: str = "main") -> Policy:
    return Policy(disabled={source: frozenset(schools)})


def test_what_is_at_a_disabled_school_stays_as_it_is() -> None:
    rows = [
        gone("Role", 1, user_id=10, org_id=1),
        Rec("Role", 2, "create", {}, {"user_id": 11, "org_id": 1}),
        Rec("Role", 3, "update", {"user_id": 12, "org_id": 1}, {"org_id": 2}),
        Rec("Role", 4, "update", {"user_id": 13, "org_id": 2}, {"type": "primary"}),
        *(Rec("User", i, "update", {"email": "a"}, {"email": "b"}) for i in range(10, 16)),
        Rec("Class", 20, "update", {"school_id": 1, "title": "A"}, {"title": "B"}),
        Rec("Class", 21, "update", {"school_id": 2}, {"school_id": 1}),
        Rec("Class", 22, "update", {"school_id": 2, "title": "A"}, {"title": "B"}),
        gone("Enrollment", 23, school_id=1, user_id=15),
        gone("Enrollment", 24, school_id=None, user_id=15),
        Rec("GuardianLink", 30, "create", {}, {"student_id": 14, "guardian_id": 40}),
        gone("GuardianLink", 31, student_id=10, guardian_id=40),
        Rec("GuardianLink", 32, "create", {}, {"student_id": 13, "guardian_id": 40}),
        Rec("GuardianLink", 33, "create", {}, {"student_id": 50, "guardian_id": 40}),
        Rec("Org", 1, "update", {"name": "A"}, {"name": "B"}),
    ]
    stored = Stored(roles=[(14, "student", 1), (15, "student", 2), (50, "student", 1)])
    found = held(*rows, policy=off(1), stored=stored)
    at = [("Role", 1), ("Role", 2), ("Role", 3), *(("User", i) for i in (10, 11, 12, 14))]
    at += [("Class", 20), ("Class", 21), ("Enrollment", 23), *(("GuardianLink", i) for i in (30, 31, 33))]
    assert sorted(found) == sorted(at)
    assert set(found.values()) == {"policy: main is disabled for this school (source.disabled)"}
    assert held(*rows, policy=off(3), stored=stored) == {}
    assert held(*rows, policy=off(1, source="other"), stored=stored) == {}


def test_what_leaves_a_disabled_school_stays_too_and_people_count_by_the_roles_that_they_have() -> None:
    rows = [
        Rec("User", 14, "update", {"email": "a"}, {"email": "b"}),
        Rec("Class", 21, "update", {"school_id": 1}, {"school_id": 2}),
        Rec("GuardianLink", 30, "update", {"student_id": 14}, {"student_id": 13}),
    ]
    found = held(*rows, policy=off(1), stored=Stored(roles=[(14, "student", 1), (13, "student", 2)]))
    assert sorted(found) == [("Class", 21), ("GuardianLink", 30), ("User", 14)]


# ---- pins


def pin(i: int, record: int, field: str, value: str | None, code: str = "person", entity: str = "User") -> Any:
    return (i, entity, record, field, value, None, code)


def pinned(*pins: Any) -> pl.DataFrame:
    return pl.DataFrame(list(pins), schema=PINNED, orient="row")


def updates(*rows: tuple[int, str, str | None, str | None], hold: str | None = None) -> pl.DataFrame:
    """UPDATE rows of users: id, field, before, after."""
    blank = dict.fromkeys(UPDATE)
    each = [
        blank
        | {"id": i, "source": "main", "id_space": "", "sourced_id": f"u{i}", "action": "update", "hold": hold}
        | {"field": field, "before": before, "after": after}
        for i, field, before, after in rows
    ]
    return pl.DataFrame(each, schema=UPDATE)


def users(*rows: tuple[int, dict[str, Any]]) -> pl.DataFrame:
    columns = {c.name: c.dtype for c in by_name("User").columns}
    each = [{"id": i, "key": f"main//u{i}", **values} for i, values in rows]
    return pl.DataFrame(each, schema={"id": pl.Int64, "key": pl.String, **columns})


def lines(found: dict[str, pl.DataFrame], entity: str = "User") -> list[tuple[Any, ...]]:
    """op, id, field, before, after, value, code, pin."""
    if entity not in found:
        return []
    assert dict(found[entity].schema) == PINS
    names = ("op", "id", "field", "before", "after", "value", "code", "pin_id")
    return found[entity].select(names).rows()


SIGNED: dict[str, Any] = {"signed_in": pl.Series("id", [1, 2], pl.Int64)}
ROLES = [(1, "guardian", 1), (2, "student", 1), (3, "guardian", 1)]


def made(update: pl.DataFrame | None, policy: Policy, stored: Stored | None = None, *others: int) -> Any:
    changes = Changes(update={} if update is None else {"User": update})
    return pins_of(changes, policy, cast("Snapshot", stored or Stored(roles=ROLES)), pl.Series("id", others, pl.Int64))


def test_contact_details_of_who_has_signed_in_are_kept_with_both_values() -> None:
    update = updates((1, "email", "mine", "sis"), (1, "given_name", "Ana", "Anna"), (2, "email", "a", "b"))
    update = pl.concat([update, updates((3, "email", "a", "b"))])
    found = made(update, Policy(**SIGNED))
    field = "given_name" if "given_name" in CONTACT_FIELDS else ""
    kept = [("set", 1, "email", "mine", "sis", "mine", "contact.after-sign-in", None)]
    kept += [("set", 1, field, "Ana", "Anna", "Ana", "contact.after-sign-in", None)] * bool(field)
    assert lines(found) == kept
    assert found["User"]["reason"][0].endswith("(contact.after-sign-in)")
    assert made(updates((1, "email", "mine", "sis"), hold="limit"), Policy(**SIGNED)) == {}
    assert made(updates((1, "email", "mine", "sis")), Policy(**SIGNED), None, 1) == {}, "it is another person's id now"
    assert made(updates((1, "email", "mine", "sis")), Policy()) == {}
    assert made(None, Policy(**SIGNED)) == {}


@pytest.mark.parametrize(
    ("district", "one", "other", "kept"),
    [(False, None, None, True), (True, None, None, False), (False, True, None, True), (False, True, True, False)],
)
def test_the_setting_of_every_school_of_the_person_counts(
    district: bool, one: bool | None, other: bool | None, kept: bool
) -> None:
    own = {"S-1": one, "S-2": other}
    schools = {key: SchoolPolicy(sync_updates_active_contacts=v) for key, v in own.items() if v is not None}
    settings = PolicySettings(sync_updates_active_contacts=district, schools=schools)
    ids = pl.DataFrame({"id": [1, 2, 3], "sourced_id": ["S-1", "S-2", "S-3"]})
    stored = Stored(roles=[(1, "guardian", 1), (1, "parent", 2)])
    found = made(updates((1, "email", "mine", "sis")), Policy(settings=settings, schools=ids, **SIGNED), stored)
    assert bool(found) is kept


def test_who_is_a_student_too_is_the_syncs() -> None:
    stored = Stored(roles=[(1, "guardian", 1), (1, "student", 1)])
    assert made(updates((1, "email", "mine", "sis")), Policy(**SIGNED), stored) == {}


def test_a_pin_goes_on_lying_over_what_is_delivered() -> None:
    some = pinned(
        pin(7, 1, "email", "pinned"), pin(8, 3, "sms", "kept", "contact.after-sign-in"), pin(9, 5, "email", "x")
    )
    update = updates((1, "email", "old", "new"), (3, "sms", "old", "new"), (3, "email", "old", "new"))
    found = made(update, Policy(pins=some, **SIGNED))
    assert lines(found) == [
        ("keep", 1, "email", "pinned", "new", "pinned", "person", 7),
        ("keep", 3, "sms", "kept", "new", "kept", "contact.after-sign-in", 8),
    ]
    reasons = found["User"]["reason"].to_list()
    assert reasons[0] == "a person pinned this value"
    assert reasons[1].endswith("(contact.after-sign-in)")
    assert made(updates((1, "email", "old", "new"), hold="limit"), Policy(pins=some)) == {}
    title = pinned(pin(7, 1, "title", "By hand", entity="Class"))
    changes = Changes(update={"Class": updates((1, "title", "A", "B"))})
    of_class = pins_of(changes, Policy(pins=title), cast("Snapshot", Stored()))
    assert lines(of_class, "Class") == [("keep", 1, "title", "By hand", "B", "By hand", "person", 7)]


def owned() -> PolicySettings:
    return PolicySettings(sync_updates_active_contacts=True)


def test_pins_of_the_policy_are_lifted_where_the_sync_owns_the_details_by_now() -> None:
    some = pinned(
        pin(7, 1, "email", "kept", "contact.after-sign-in"),
        pin(8, 1, "sms", "mine"),
        pin(9, 3, "sms", "kept", "contact.after-sign-in"),
        pin(10, 1, "title", "x", "contact.after-sign-in", "Class"),
    )
    stored = Stored(roles=ROLES, rows_of={"User": users((1, {"email": "stored"}), (3, {"sms": "s3"}))})
    found = made(updates((3, "sms", "s3", "new")), Policy(settings=owned(), pins=some), stored)
    assert lines(found) == [
        ("lift", 1, "email", "kept", "stored", "kept", "contact.after-sign-in", 7),
        ("lift", 3, "sms", "kept", "new", "kept", "contact.after-sign-in", 9),
    ]
    assert set(found["User"]["reason"]) == {"the policy lets the sync update it (contact.after-sign-in)"}
    assert found["User"].select("source", "id_space", "sourced_id").rows() == [("main", "", "u1"), ("main", "", "u3")]
    held_ = made(updates((3, "sms", "s3", "new"), hold="limit"), Policy(settings=owned(), pins=some), stored)
    assert ("lift", 3, "sms", "kept", "s3", "kept", "contact.after-sign-in", 9) in lines(held_)
    assert made(None, Policy(pins=some), stored) == {}


def test_pins_are_listed_by_record_and_field_and_what_is_lifted_is_not_kept_too() -> None:
    code = "contact.after-sign-in"
    some = pinned(pin(7, 3, "sms", "mine"), pin(8, 1, "sms", "kept", code), pin(9, 1, "email", "kept", code))
    stored = Stored(roles=ROLES, rows_of={"User": users((1, {"email": "stored", "sms": "s1"}))})
    found = made(updates((3, "sms", "a", "b"), (1, "sms", "s1", "new")), Policy(settings=owned(), pins=some), stored)
    assert [row[:3] for row in lines(found)] == [("lift", 1, "email"), ("lift", 1, "sms"), ("keep", 3, "sms")]


def test_no_pin_of_the_earlier_person_stays_on_an_id_that_is_anothers_now() -> None:
    some = pinned(pin(7, 1, "email", "kept", "contact.after-sign-in"), pin(8, 1, "sms", "mine"), pin(9, 3, "sms", "s"))
    some = pl.concat([some, pinned(pin(10, 1, "account_enabled", "false"))])
    stored = Stored(roles=ROLES, rows_of={"User": users((1, {"email": "stored", "sms": "old"}), (3, {}))})
    update = updates((1, "email", "stored", "new"))
    found = made(update, Policy(pins=some, **SIGNED), stored, 1)
    assert lines(found) == [
        ("lift", 1, "account_enabled", "false", None, "false", "person", 10),
        ("lift", 1, "email", "kept", "new", "kept", "contact.after-sign-in", 7),
        ("lift", 1, "sms", "mine", "old", "mine", "person", 8),
    ]
    assert set(found["User"]["reason"]) == {"the id is another person's now, as somebody approved"}


def test_of_whom_something_is_not_the_sources() -> None:
    policy = Policy(
        signed_in=pl.Series("id", [1, 2], pl.Int64),
        linked=pl.Series("id", [2, 3], pl.Int64),
        pins=pinned(pin(7, 4, "email", "x"), pin(8, 5, "title", "x", entity="Class")),
    )
    assert sorted(policy.overlaid) == [1, 2, 3, 4]
    assert (policy.overlaid.name, Policy().overlaid.len()) == ("id", 0)
