"""Each reason of the recommendation: two districts on either side of its threshold get different answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from compare_hand import DAY, Hand, sample

from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.recommendation import REASONS, Choice
from rosterkit.compare.settings import CompareSettings, Thresholds, Weights

STUDENTS = 1000


def users(hand: Hand, letter: str, count: int) -> list[dict[str, object]]:
    return [row for row in hand.rows["User"] if str(row["sourced_id"]).startswith(letter)][:count]


def no_contact(hand: Hand, count: int) -> None:
    for row in users(hand, "g", count):
        row.update(email=None, phone=None)


def no_type(hand: Hand, count: int) -> None:
    for row in hand.rows["GuardianLink"][: 2 * count]:
        row["relationship"] = "other"


def at_district(hand: Hand, count: int) -> None:
    hand.own(guardians_need_schools=True)
    for row in [row for row in hand.rows["Role"] if row["role"] == "guardian"][:count]:
        row["org"] = "d"


def no_stable_id(hand: Hand, count: int) -> None:
    hand.can(stable_contact_ids=False)
    hand.own()
    for row in users(hand, "g", STUDENTS)[count:]:
        row["user_ids"] = f'["{{sis:{row["sourced_id"]}}}"]'


def second_school(hand: Hand, count: int) -> None:
    hand.own(primary_school_only=True)
    for number in range(count):
        other = "s1" if users(hand, f"p{number}", 1)[0]["primary_org"] == "s0" else "s0"
        role = {"user": f"p{number}", "org": other, "role": "student", "type": "secondary"}
        hand.rows["Role"].append({"sourced_id": f"p{number}:second", **role})


def at_district_only(hand: Hand, count: int) -> None:
    hand.own(district_staff=False)
    for row in [row for row in hand.rows["Role"] if row["role"] == "teacher"][:count]:
        row["org"] = "d"


def same_titles(hand: Hand, count: int) -> None:
    for row in [row for row in hand.rows["Class"] if row["school"] == "s0"][:count]:
        row["title"] = "Room"


def many_classes(hand: Hand, count: int) -> None:
    hand.can(filters=())
    for number in range(count):
        for extra in range(2, 10):
            row = {"class": f"c{(number // 20 + extra) % 50}", "user": f"p{number}", "school": "s0", "role": "student"}
            hand.rows["Enrollment"].append({"sourced_id": f"more{number}:{extra}", **row})


def no_number(hand: Hand, count: int) -> None:
    for row in users(hand, "p", count):
        row["identifier"] = None


def lost_reference(hand: Hand, count: int) -> None:
    for number in range(count):
        row = {"class": "nowhere", "user": f"p{number}", "school": "s0", "role": "student"}
        hand.rows["Enrollment"].append({"sourced_id": f"lost{number}", **row})


def unusable(hand: Hand, count: int) -> None:
    hand.invalid["User"] = [(f"p{number}", "grades") for number in range(count)]


def fewer_students(hand: Hand, count: int) -> None:
    gone = {f"p{number}" for number in range(count)}
    for entity, column in (
        ("User", "sourced_id"),
        ("Role", "user"),
        ("Enrollment", "user"),
        ("GuardianLink", "student"),
    ):
        hand.rows[entity] = [row for row in hand.rows[entity] if row[column] not in gone]


@dataclass(frozen=True)
class Case:
    """How the reason is made true of so many, and on which counts either side of the threshold is."""

    change: Callable[[Hand, int], None]
    below: int
    above: int


CASES = {
    "guardians": Case(no_contact, 49, 50),  # of 1,000 students, 5 %
    "separation": Case(no_type, 49, 50),
    "guardian_schools": Case(at_district, 19, 20),  # of 1,000 guardians, 2 %
    "guardian_ids": Case(no_stable_id, 49, 50),
    "schools": Case(second_school, 4, 5),  # of 1,000 students, 0.5 %
    "district_staff": Case(at_district_only, 0, 1),  # of 50 teachers, 1 %
    "classrooms": Case(same_titles, 4, 5),  # of 50 classes, 10 %
    "oversharing": Case(many_classes, 99, 100),
    "identity": Case(no_number, 4, 5),
    "undershared": Case(fewer_students, 10, 11),  # of 1,050 students and staff, 1 %
    "references": Case(lost_reference, 60, 75),  # of some 13,500 references, 0.5 %
    "unreadable": Case(unusable, 10, 20),  # of some 3,100 rows, 0.5 %
    "freshness": Case(lambda hand, days: setattr(hand, "stamp", f"2026-09-{30 - days + 1:02}T05:00:00.000Z"), 7, 8),
}
"""By reason: the others are true of a way and not of data, and are tested below."""


def compared(*hands: Hand, settings: CompareSettings | None = None) -> Comparison:
    return compare([hand.delivered() for hand in hands], settings or CompareSettings(), DAY)


def only(*codes: str) -> CompareSettings:
    """Settings in which these reasons alone have a weight, of 20."""
    return CompareSettings(weights=Weights(**{reason.code: 20 if reason.code in codes else 0 for reason in REASONS}))


def best(comparison: Comparison) -> set[str]:
    return {f"{choice.route.source} {choice.route.way}" for choice in comparison.recommendation.best}


def way(comparison: Comparison, name: str, source: str = "kestrel") -> Choice:
    return next(
        choice
        for choice in comparison.recommendation.choices
        if choice.route.way == name and choice.route.source == source
    )


@pytest.mark.parametrize("code", CASES)
def test_either_side_of_the_threshold_gets_another_answer(code: str) -> None:
    """Beside a source without the defect: under the threshold nobody can tell, from there on the other one wins."""
    case = CASES[code]
    answers = []
    for count in (case.below, case.above):
        one, other = sample(), sample(name="plain")
        case.change(one, count)
        comparison = compared(one, other, settings=only(code))
        own = next(c for c in comparison.recommendation.choices if c.route.way == "own" and c.route.source == "kestrel")
        answers.append(("kestrel own" in best(comparison), [reason.code for reason in own.reasons]))
    assert answers == [(True, []), (False, [code])]


def test_every_reason_is_tested_here() -> None:
    ways = {"split", "sign_on", "files", "guardian_file", "own_server", "by_hand"}
    assert set(CASES) | ways == {reason.code for reason in REASONS}
    assert set(Weights.model_fields) == {reason.code for reason in REASONS}
    assert set(Thresholds.model_fields) <= set(Weights.model_fields)


@pytest.mark.parametrize("wanted", [False, True])
def test_C9_one_school_into_two(wanted: bool) -> None:
    settings = only("split").model_copy(update={"split_schools": wanted})
    found = compared(sample().own(splits_schools=False), settings=settings)
    assert best(found) == ({"kestrel through"} if wanted else {"kestrel own", "kestrel through"})


@pytest.mark.parametrize("sign_on", [False, True])
def test_C28_sign_on_is_lost_where_files_go_through_us(sign_on: bool) -> None:
    found = compared(sample().own(sign_on=sign_on), settings=only("sign_on"))
    assert best(found) == ({"kestrel own"} if sign_on else {"kestrel own", "kestrel through"})


@pytest.mark.parametrize("by_district", [False, True])
def test_C25_files_that_the_district_makes(by_district: bool) -> None:
    found = compared(sample().own(files_by_district=by_district), sample(name="plain"), settings=only("files"))
    assert ("kestrel own" in best(found)) is not by_district


def test_own_server_speaks_for_the_vendors_own_pull() -> None:
    assert best(compared(sample(), settings=only("own_server"))) == {"kestrel own"}
    assert best(compared(sample(), settings=only())) == {"kestrel own", "kestrel through"}


@pytest.mark.parametrize(("missing", "offered"), [(49, False), (50, True)])
def test_by_hand_is_a_way_where_guardians_are_missing(missing: int, offered: bool) -> None:
    """C29 e: it is offered from the threshold of missing guardians on, and costs by the number of students."""
    hand = sample()
    no_contact(hand, missing)
    found = compared(hand, settings=only("by_hand"))
    ways = [choice.route.way for choice in found.recommendation.choices]
    assert ("own-by-hand" in ways) is offered
    if offered:
        assert [reason.code for reason in way(found, "own-by-hand").reasons] == ["by_hand"]


@pytest.mark.parametrize(("missing", "best_is_by_hand"), [(19, True), (20, False)])
def test_by_hand_costs_from_its_threshold_on(missing: int, best_is_by_hand: bool) -> None:
    """Of 1,000 students, 2 %: under it nothing is lost by typing, from there on it is no better than to go without."""
    hand = sample()
    no_contact(hand, missing)
    settings = only("guardians", "by_hand").model_copy(update={"thresholds": Thresholds(guardians=0.1)})
    assert (best(compared(hand, settings=settings)) == {"kestrel own-by-hand"}) is best_is_by_hand


def file_of(students: int) -> Hand:
    """A guardian file with a guardian for so many students, by number."""
    people = [
        {"sourced_id": f"f{n}", "given_name": "Ada", "family_name": f"F{n}", "email": "a@b.example"}
        for n in range(students)
    ]
    links = [
        {
            "sourced_id": f"f{n}",
            "asserted_by": "file",
            "guardian": f"f{n}",
            "student": f"4{n:05}",
            "_by_student": "identifier",
        }
        for n in range(students)
    ]
    hand = Hand(name="families", rows={"User": people, "GuardianLink": links})
    return hand.can(entities=("User", "Role", "GuardianLink"), own_pull=None)


@pytest.mark.parametrize(("in_file", "reached"), [(900, False), (960, True)])
def test_C30_a_guardian_file_beside_the_vendors_pull(in_file: int, reached: bool) -> None:
    """Without any guardian of its own: the file wins from the share of students on whom it reaches."""
    hand = sample()
    del hand.rows["GuardianLink"]
    no_contact(hand, STUDENTS)
    found = compared(hand, file_of(in_file), settings=only("guardians"))
    (added,) = found.supplements
    assert (added.links, added.matched, added.without) == (in_file, in_file, STUDENTS - in_file)
    assert ([reason.code for reason in way(found, "own-file").reasons] == []) is reached
    assert [reason.code for reason in way(found, "own").reasons] == ["guardians"]


def test_the_file_costs_what_its_weight_says() -> None:
    found = compared(sample(), file_of(1000), settings=only("guardian_file"))
    assert [c.route.way for c in found.recommendation.best] == ["own", "through"]
    assert way(found, "own-file").points == 80


def test_C29_the_six_ways_stand_beside_a_source_that_lacks_guardians() -> None:
    hand = sample().own(sign_on=True)
    no_contact(hand, 300)
    ways = compared(hand, file_of(250)).repairs["kestrel"]
    assert [one.letter for one in ways] == ["a", "b", "c", "d", "e", "f"]
    assert "300 of 1,000 students" in ways[0].cost
    assert "families links 250 of its 250 rows; 50 students stay without" in ways[2].cost
    assert "no longer sign on with Kestrel" in ways[5].cost
    assert compared(sample()).repairs["kestrel"] == ()


def test_weights_can_be_argued_with() -> None:
    """The same data, another weight: the answer turns."""
    hand = sample().own(sign_on=True)
    at_district(hand, 400)
    hand.own(sign_on=True, guardians_need_schools=True)
    settings = {w: CompareSettings(weights=Weights(sign_on=w, own_server=0)) for w in (0, 40)}
    assert best(compared(hand, settings=settings[0])) == {"kestrel through"}
    assert best(compared(hand, settings=settings[40])) == {"kestrel own"}


def test_a_wider_margin_is_too_close_to_call() -> None:
    hand = sample().own(sign_on=True)
    assert not compared(hand, settings=CompareSettings()).recommendation.too_close
    assert compared(hand, settings=CompareSettings(too_close=50)).recommendation.too_close
