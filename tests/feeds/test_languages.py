import polars as pl
import pytest

from rosterkit.feeds.languages import codes_of_two_letters, iso_639, iso_639_1


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("es", "es"),
        ("ES", "es"),
        ("spa", "es"),
        ("es-MX", "es"),
        ("Spanish", "es"),
        (" chinese ", "zh"),
        ("chi", "zh"),
        ("hmn", None),
        ("xx", None),
        ("", None),
        ("no language", None),
        (None, None),
    ],
)
def test_a_language_as_two_letters_or_nothing(value: str | None, code: str | None) -> None:
    assert iso_639_1(pl.Series([value], dtype=pl.String), {}).to_list() == [code]


def test_words_of_the_district_go_first() -> None:
    values = pl.Series(["Mexicano", "EN"])
    assert iso_639_1(values, {"mexicano": "es", "en": "fr"}).to_list() == ["es", "fr"]


def test_a_language_without_two_letters_keeps_three() -> None:
    assert iso_639(pl.Series(["hmn", "spa"]), {}).to_list() == ["hmn", "es"]


def test_the_list_of_two_letters_is_whole() -> None:
    codes = codes_of_two_letters()
    assert {"en", "es", "vi", "zu"} <= codes
    assert len(codes) == 183
    assert not {"xx", "zz", "aj"} & codes
