"""Languages as the codes that vendors accept (ISO 639)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from string import ascii_lowercase

import polars as pl

ENGLISH_NAMES: Mapping[str, str] = {
    "albanian": "sq",
    "amharic": "am",
    "arabic": "ar",
    "armenian": "hy",
    "bengali": "bn",
    "burmese": "my",
    "chinese": "zh",
    "english": "en",
    "french": "fr",
    "german": "de",
    "haitian creole": "ht",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "khmer": "km",
    "korean": "ko",
    "nepali": "ne",
    "pashto": "ps",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "punjabi": "pa",
    "russian": "ru",
    "somali": "so",
    "spanish": "es",
    "swahili": "sw",
    "tagalog": "tl",
    "ukrainian": "uk",
    "urdu": "ur",
    "vietnamese": "vi",
}
"""Names that student information systems hold instead of a code; a feed's setting ``languages`` adds to them."""


def iso_639(values: pl.Series, names: Mapping[str, str]) -> pl.Series:
    """The shortest ISO 639 code of each language, or null where it is none: ``spa``, ``es-MX`` and ``Spanish`` are es.

    ``names`` are a district's own words and their codes; they go before everything else. Upper and lower case are one.
    """
    own = {name.strip().lower(): code for name, code in (*ENGLISH_NAMES.items(), *names.items())}
    codes = {value: _code(own.get(value.strip().lower(), value)) for value in values.drop_nulls().unique().to_list()}
    return values.replace_strict(codes, default=None, return_dtype=pl.String)


def iso_639_1(values: pl.Series, names: Mapping[str, str]) -> pl.Series:
    """As ``iso_639``, but only codes of two letters; Hmong has none, and is null."""
    codes = iso_639(values, names)
    return codes.set(codes.str.len_chars() != 2, None)


def _code(value: str) -> str | None:
    import langcodes  # noqa: PLC0415 - takes 120 ms, and a verb that builds no file names no language
    from langcodes.tag_parser import LanguageTagError  # noqa: PLC0415 - as above

    try:
        language = langcodes.Language.get(value.strip())
    except LanguageTagError:
        return None
    return language.language if language.is_valid() else None


@cache
def codes_of_two_letters() -> frozenset[str]:
    """All ISO 639-1 codes."""
    pairs = (first + second for first in ascii_lowercase for second in ascii_lowercase)
    return frozenset(pair for pair in pairs if _code(pair) == pair)
