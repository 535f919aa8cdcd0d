"""The same people in two sources: tiers, contradictions, differences by school, and schools (C9)."""

from __future__ import annotations

from compare_hand import DAY, Hand, sample

from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.matching import Matched
from rosterkit.compare.settings import CompareSettings


def both(one: Hand, other: Hand, *, show_values: bool = False) -> Comparison:
    return compare([one.delivered(), other.delivered()], CompareSettings(), DAY, show_values=show_values)


def of(comparison: Comparison, group: str = "student") -> Matched:
    return next(match for match in comparison.matches if match.group == group)


def renamed(hand: Hand) -> Hand:
    """The same people under ids of another system."""
    references = {
        "User": ["sourced_id"],
        "Role": ["user"],
        "Enrollment": ["user"],
        "GuardianLink": ["guardian", "student"],
    }
    for entity, columns in references.items():
        for row in hand.rows[entity]:
            row.update({column: f"x{row[column]}" for column in columns})
    return hand


def user(hand: Hand, key: str) -> dict[str, object]:
    return next(row for row in hand.rows["User"] if row["sourced_id"] == key)


def test_each_tier_looks_at_whom_the_ones_before_left_over() -> None:
    one, other = sample(40, "one"), renamed(sample(40, "other"))
    user(other, "xp0")["user_ids"] = '["{sisId:p0}"]'
    for key in ("p1", "p2"):
        user(one, key)["identifier"] = None
        user(one, key)["state_id"] = user(other, f"x{key}")["state_id"] = f"state-{key}" if key == "p1" else None
    for hand in (one, other):
        for row in hand.rows["User"]:
            row.setdefault("state_id", None)
    match = of(both(one, other))
    assert match.by == {"id": 1, "number": 37, "state_id": 1, "email": 1}
    assert (match.both, match.left_only, match.right_only) == (40, 0, 0)


def test_guardians_without_ids_are_matched_by_name_and_student() -> None:
    one, other = sample(40, "one"), renamed(sample(40, "other"))
    for row in other.rows["User"]:
        if str(row["sourced_id"]).startswith("xg"):
            row["email"] = None
    assert of(both(one, other), "guardian").by == {"name": 40}


def test_a_number_whose_two_names_contradict_matches_nobody() -> None:
    """The second worst failure: one child's record in another child's account."""
    one, other = sample(40, "one"), renamed(sample(40, "other"))
    user(other, "xp3").update(given_name="Somebody", family_name="Else", email="else@wren.example")
    match = of(both(one, other))
    assert (match.both, match.contradicting, match.left_only, match.right_only) == (39, 1, 1, 1)


def test_one_changed_name_is_still_the_same_person() -> None:
    one, other = sample(40, "one"), renamed(sample(40, "other"))
    user(other, "xp3").update(family_name="Newname", email="newname@wren.example")
    match = of(both(one, other))
    assert (match.both, match.contradicting) == (40, 0)
    assert {(found.field, found.count) for found in match.differences} == {("family_name", 1), ("email", 1)}


def test_a_value_that_two_people_share_matches_neither() -> None:
    one, other = sample(40, "one"), renamed(sample(40, "other"))
    for key in ("p1", "p2"):
        user(one, key).update(identifier="same", email=None)
        user(other, f"x{key}").update(identifier="same", email=None)
    match = of(both(one, other))
    assert (match.both, match.left_only, match.right_only) == (38, 2, 2)


def test_differences_are_counted_by_field_and_school() -> None:
    one, other = sample(80, "one"), sample(80, "other")
    for key in ("p0", "p1", "p20"):  # p20 is at the other school
        user(other, key)["email"] = None
    user(other, "p2")["email"] = "P2@WREN.example"  # case alone is no difference
    (found,) = of(both(one, other)).differences
    assert (found.field, found.count, found.only_left, found.only_right) == ("email", 3, 3, 0)
    assert list(found.by_school) == [("Heron School", 2), ("Plover School", 1)]
    assert found.examples["first"].to_list() == ["•••"] * 3
    shown = of(both(one, other, show_values=True)).differences[0].examples
    assert shown.row(0) == ("p0", "p0@wren.example", None, "Heron School")


def test_a_field_that_a_source_has_for_nobody_is_no_difference() -> None:
    one, other = sample(40, "one"), sample(40, "other")
    for row in other.rows["User"]:
        row["username"] = None
    match = of(both(one, other))
    assert match.differences == ()
    assert ("username", "other") in match.not_carried
    assert ("username", "one") not in match.not_carried


def test_who_is_missing_is_counted_by_school() -> None:
    one, other = sample(80, "one"), sample(80, "other")
    for entity, column in (("User", "sourced_id"), ("Role", "user")):
        other.rows[entity] = [row for row in other.rows[entity] if row[column] not in ("p0", "p20", "p21")]
    match = of(both(one, other))
    assert (match.left_only, match.right_only) == (3, 0)
    assert list(match.left_by_school) == [("Plover School", 2), ("Heron School", 1)]


def test_C9_schools_that_differ_in_number_or_name() -> None:
    one, other = sample(40, "one"), sample(40, "other")
    other.rows["Org"][1]["name"] = "Heron Elementary"
    other.rows["Org"][2]["identifier"] = "12"
    other.rows["Org"].append({"sourced_id": "s9", "name": "Tern School", "type": "school", "identifier": "19"})
    found = both(one, other).schools["one", "other"]
    assert [(s.kind, s.number, s.left, s.right) for s in found] == [
        ("other name", "10", "Heron School", "Heron Elementary"),
        ("other number", "Plover School", "11", "12"),
        ("right only", "19", "", "Tern School"),
    ]
    assert both(one, sample(40, "other")).schools["one", "other"] == ()
