"""Which rows are one human: what a block goes by."""

from __future__ import annotations

import pytest

from rosterkit.store.humans import COLUMNS, Known, same_adult, same_human, same_name


def known(**values: str | None) -> Known:
    return Known(tuple(values.get(name) for name in COLUMNS))


OMAR = {"given_name": "Omar", "family_name": "Adeyemi", "identifier": "G77", "email": "gu-2@cedar.example"}
OMAR |= {"username": "omar.a", "sms": "+12175550102"}


@pytest.mark.parametrize(
    "values",
    [
        {"given_name": "Omar", "email": " GU-2@Cedar.example"},
        {"given_name": "Om", "family_name": "Adeyemi", "email": "gu-2@cedar.example"},
        {"given_name": "Omar Kofi", "family_name": "Adeyemi-Boateng", "email": "gu-2@cedar.example"},
        {"given_name": "Omar", "family_name": "Fofana", "identifier": "00g77"},
        {"given_name": "Mo", "family_name": "Adeyemi", "identifier": "G77"},
        {"given_name": "Om", "family_name": "Fofana", "username": "Omar.A"},
        {"identifier": "G77"},
    ],
)
def test_one_human_by_evidence(values: dict[str, str]) -> None:
    assert same_human(known(**OMAR), known(**values))
    assert same_human(known(**values), known(**OMAR))


@pytest.mark.parametrize(
    "values",
    [
        {"given_name": "Omar", "family_name": "Adeyemi"},
        {"given_name": "Amara", "family_name": "Adeyemi", "email": "gu-2@cedar.example"},
        {"given_name": "Vera", "family_name": "Brandt", "identifier": "G77"},
        {"given_name": "Omar", "family_name": "Adeyemi", "identifier": "G78", "sms": "+12175550102"},
    ],
)
def test_without_evidence_or_with_another_name_it_is_another(values: dict[str, str]) -> None:
    assert not same_human(known(**OMAR), known(**values))


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ({"given_name": "Omar", "family_name": "Fofana", "email": "gu-2@cedar.example"}, True),
        ({"given_name": "Omar", "family_name": "Fofana", "phone": "(217) 555-0102"}, True),
        ({"given_name": "Om", "family_name": "A.", "phone": "1 217 555 0102"}, True),
        ({"given_name": "Amara", "family_name": "Adeyemi", "sms": "+12175550102"}, False),
        ({"given_name": "Omar", "family_name": "Fofana", "sms": "0102"}, False),
    ],
)
def test_an_adult_also_by_an_address_or_telephone(values: dict[str, str], same: bool) -> None:
    assert same_adult(known(**OMAR), known(**values)) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Conor", "O\u2019Brien"), ("OBRIEN", "Conor")),
        (("Conor", "O'Brien"), ("Conor", "O Brien")),
        (("Søren", "Müller"), ("Soren", "Mueller")),
        (("Łukasz", "Weiß"), ("Lukasz", "Weiss")),
        (("Ómar", "Adeyemi-Boateng"), ("Omar", "Adeyemi Boateng")),
        (("Om\u200bar", "Adeyemi"), ("Omar", "Adeyemi")),
        (("Omar K.", "Adeyemi"), ("Omar", "Adeyemi")),
    ],
)
def test_one_name_in_two_spellings(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (known(given_name=given, family_name=family) for given, family in (one, other))
    assert same_name(first, second)
    assert same_name(second, first)


@pytest.mark.parametrize("other", [("Omar", "Fofana"), ("Om", "Adeyemi"), ("Omar", None), (None, None)])
def test_two_names(other: tuple[str | None, str | None]) -> None:
    assert not same_name(known(**OMAR), known(given_name=other[0], family_name=other[1]))
