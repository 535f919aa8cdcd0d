import polars as pl
import pytest

from rosterkit.feeds.contacts import Decision, closest, decided

LINKS = pl.LazyFrame(
    {
        "type": ["Custodial", "emergency", None, "Neighbor", " PARENT "],
        "relationship": ["mother", "aunt", "father", "other", None],
    }
)


def test_C8_parents_are_sent_and_an_unknown_type_waits() -> None:
    found = decided(LINKS, {}).collect()["decision"].to_list()
    assert found == ["send", "omit", "send", "unknown", "send"]


def test_C8_a_district_decides_otherwise_and_by_relationship() -> None:
    own: dict[str, Decision] = {"Neighbor": "omit", "EMERGENCY": "send"}
    assert decided(LINKS, own).collect()["decision"].to_list() == ["send", "send", "send", "omit", "send"]
    found = decided(LINKS, own, ["Mother", "aunt"]).collect()["decision"].to_list()
    assert found == ["send", "send", "omit", "omit", "omit"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_closest_guardians_by_type_priority_and_id(seed: int) -> None:
    links = pl.DataFrame(
        {
            "student_id": [1] * 6,
            "guardian": ["d", "c", "b", "a", "f", "e"],
            "type": ["custodial", "custodial", "primary", None, None, "custodial"],
            "priority": ["10", "9", "1", "1", None, None],
        }
    ).sample(fraction=1, shuffle=True, seed=seed)
    placed = closest(links.lazy(), 4).sort("place").collect()
    assert placed["guardian"].to_list() == ["c", "d", "e", "b", "a", "f"]
    assert placed["fits"].to_list() == [True] * 4 + [False] * 2
