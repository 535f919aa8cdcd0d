"""Which cause is suspected from the changes that exceeded a limit."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from rosterkit.plan import causes

WORDS = [f"{first}{last}" for first in ("Ama", "Ben", "Chi", "Dov") for last in ("rak", "sun", "tol", "vey", "wim")]


def changed(before: Sequence[str | None], after: Sequence[str | None]) -> pl.DataFrame:
    """Changes of one field in lines one after the other."""
    lines = pl.int_range(2, len(before) + 2, eager=True)
    return pl.DataFrame(
        {"before": before, "after": after}, schema={"before": pl.String, "after": pl.String}
    ).with_columns(node=lines, line=lines, field=pl.lit("given_name"))


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        (WORDS, [None] * 20, causes.BLANK),
        (WORDS, ["NULL"] * 20, causes.WORD),
        (WORDS, [w.upper() for w in WORDS], causes.CASE),
        (["Jos\u00e9"] * 20, ["Jos\u00c3\u00a9"] * 20, causes.ENCODING),
        ([f"00{i + 1}" for i in range(20)], [str(i + 1) for i in range(20)], causes.ZEROS),
        (WORDS, [f"X-{w}" for w in WORDS], causes.PREFIX),
        (['["05"]'] * 20, ['["06"]'] * 20, causes.PROMOTED),
        (['["05"]'] * 20, ['["04"]'] * 20, causes.EARLIER_YEAR),
        (["2026-08-20"] * 20, ["2025-08-20"] * 20, causes.EARLIER_YEAR),
        (WORDS, ["Office"] * 20, causes.ONE_VALUE),
        (["student", "teacher"] * 10, ["teacher", "student"] * 10, causes.SWAPPED),
        (WORDS, WORDS[-1:] + WORDS[:-1], causes.SHIFTED),
        (WORDS, WORDS[1:] + WORDS[:1], causes.SHIFTED),
        (WORDS, sorted(WORDS, key=lambda w: w[::-1]), causes.SORTED),
        (WORDS, [f"{w[::-1]}{i}" for i, w in enumerate(WORDS)], ""),
    ],
)
def test_the_cause_of_changes_of_a_field(before: list[str | None], after: list[str | None], cause: str) -> None:
    rows = changed(before, after)
    assert causes.of_field(rows.filter(pl.col("before").ne_missing(pl.col("after")))) == cause


def test_a_renamed_domain_is_named() -> None:
    rows = changed([f"{w}@old.example" for w in WORDS], [f"{w}@new.example" for w in WORDS])
    assert causes.of_field(rows) == "the e-mail domain was renamed from old.example to new.example"


def test_swapped_names_need_both_columns() -> None:
    given = changed(WORDS[:10], WORDS[10:])
    family = changed(WORDS[10:], WORDS[:10]).with_columns(field=pl.lit("family_name"))
    both = causes.of_fields(pl.concat([given, family]))
    assert both == {"given_name": causes.SWAPPED_NAMES, "family_name": causes.SWAPPED_NAMES}


def test_cells_that_moved_to_another_column_are_named() -> None:
    given = changed(WORDS[:10], [f"{w}@oak.example" for w in WORDS[:10]])
    email = changed([f"{w}@oak.example" for w in WORDS[:10]], [str(8000 + 7 * i) for i in range(10)])
    fields = pl.concat([given, email.with_columns(field=pl.lit("email"))])
    assert causes.of_fields(fields) == {"given_name": causes.MOVED_CELLS, "email": ""}


def test_what_the_source_marks_as_deleted_is_not_missing() -> None:
    lost = pl.DataFrame({"role": ["student"], "school_id": [1], "base": [1200], "removed": [72]})
    assert causes.of_removed(lost) == causes.SHORT
    assert causes.of_removed(lost, deleted=0.9) == causes.DELETED


def test_a_new_column_beside_a_missing_one_is_a_misspelt_header() -> None:
    rows = pl.DataFrame({"before": [None], "after": ['{"emailAddress":"x"}']}, schema_overrides={"before": pl.String})
    assert causes.of_attributes(rows, ["email", "phone"]) == (
        'the column "emailAddress" is new, and "email" is missing: a misspelt header?'
    )
    rows = rows.with_columns(after=pl.lit('{"lastName":"x"}'))
    assert '"family_name" is missing' in causes.of_attributes(rows, ["email", "family_name"])


@pytest.mark.parametrize(
    ("coming", "going", "alike", "cause"),
    [
        (["a1", "b2"], ["A1", "B2"], 0, causes.RECASED),
        (["1", "2"], ["01", "002"], 0, causes.STRIPPED),
        (["JV-17", "JV-18"], ["17", "18"], 0, causes.PREFIXED),
        (["901", "902"], ["17", "18"], 2, causes.REISSUED),
        (["901", "902"], ["17", "18"], 0, causes.ANOTHER),
        (["901", "902"], [], 0, ""),
    ],
)
def test_the_cause_of_other_ids(coming: list[str], going: list[str], alike: int, cause: str) -> None:
    keys = [pl.Series("key", [f"main//{i}" for i in ids], dtype=pl.String) for ids in (coming, going)]
    assert causes.of_ids(*keys, alike=alike) == cause
