"""Clever's JSON records: which fields are read, and how records become columns.

Everything is text here: Clever writes numbers, dates and yes or no as strings, and a number in their place is read as
its text. Field order is not guaranteed and new fields may appear at any time, so what is not named is left out
(schema: swagger-api, v3.1.yml).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import polars as pl

RAW: dict[str, type[pl.DataType]] = {"record": pl.String, "_file": pl.String, "_line": pl.Int64}
"""Raw records: the canonical JSON of each, the resource, and its position in it from 1."""


def _texts(names: str) -> dict[str, pl.DataType]:
    return dict.fromkeys(names.split(), pl.String())


_NAME = pl.Struct(_texts("first middle last"))
_CREDENTIALS = pl.Struct(_texts("district_username"))
_IDS = pl.List(pl.String())
_STUDENT = pl.Struct(
    _texts(
        "sis_id state_id student_number school grade graduation_year dob gender race hispanic_ethnicity ell_status "
        "frl_status iep_status gifted_status section_504_status home_language home_language_code"
    )
    | {
        "schools": _IDS,
        "enrollments": pl.List(pl.Struct(_texts("school start_date end_date"))),
        "preferred_name": _NAME,
        "credentials": _CREDENTIALS,
    }
)
_TEACHER = pl.Struct(
    _texts("sis_id teacher_number state_id title school") | {"schools": _IDS, "credentials": _CREDENTIALS}
)
_STAFF = pl.Struct(_texts("staff_id title department") | {"schools": _IDS, "credentials": _CREDENTIALS})
_CONTACT = pl.Struct(
    _texts("sis_id phone phone_type")
    | {"student_relationships": pl.List(pl.Struct(_texts("student relationship type")))}
)
_ROLES = pl.Struct(
    {
        "student": _STUDENT,
        "teacher": _TEACHER,
        "staff": _STAFF,
        "district_admin": pl.Struct(_texts("title")),
        "contact": _CONTACT,
    }
)

SCHEMAS: dict[str, pl.Struct] = {
    "districts": pl.Struct(_texts("id name nces_id mdr_number state last_sync pause_end sis_type")),
    "schools": pl.Struct(
        _texts("id name last_modified sis_id school_number state_id nces_id mdr_number low_grade high_grade phone")
    ),
    "terms": pl.Struct(_texts("id name start_date end_date")),
    "courses": pl.Struct(_texts("id name number")),
    "sections": pl.Struct(
        _texts("id school last_modified name sis_id subject teacher course term_id section_number period grade")
        | {"teachers": _IDS, "students": _IDS}
    ),
    "users": pl.Struct(_texts("id district email last_modified") | {"name": _NAME, "roles": _ROLES}),
}
"""The fields that are read of each resource."""


def canonical(record: Any) -> str:
    """The record's JSON with sorted keys and without spaces: equal records have equal text."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def raw_frame(records: Iterable[str], resource: str, start: int) -> pl.DataFrame:
    """A page of canonical records (RAW), the first of which has the position ``start`` + 1."""
    # half of a surrogate pair is legal JSON, and no text
    readable = (text.encode("utf-8", "replace").decode() for text in records)
    texts = pl.Series("record", readable, pl.String)
    return texts.to_frame().select("record", _file=pl.lit(resource), _line=pl.int_range(pl.len()) + 1 + start)


def decoded(raw: pl.DataFrame, resource: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The fields of the records as columns beside those of ``raw``, and the raw records that are shaped otherwise.

    A record is shaped otherwise where an object or a list stands for a text, or a text for an object.
    """
    try:
        fields = raw.select(pl.col("record").str.json_decode(SCHEMAS[resource])).unnest("record")
    except pl.exceptions.PolarsError:
        if raw.height == 1:
            return decoded(raw.clear(), resource)[0], raw
        half = raw.height // 2
        parts = [decoded(raw[:half], resource), decoded(raw[half:], resource)]
        return pl.concat([p[0] for p in parts]), pl.concat([p[1] for p in parts])
    return pl.concat([raw, fields], how="horizontal"), raw.clear()


def text(value: pl.Expr) -> pl.Expr:
    """The text without spaces around it; null where it is blank, as Clever writes "" for what is not known."""
    stripped = value.str.strip_chars()
    return pl.when(stripped != "").then(stripped)
