"""Guardians of a file that gives them no ids: which rows are about one person, and a provisional id for each.

Two rows are about one person only if given and family name are the same and they share a student, an e-mail address or
a phone number. The id is made of the names and the student that comes first in the order of keys: it does not depend on
the order of the rows, and survives a new address or number. ``plan/identity`` matches ids that do change by evidence.
"""

from __future__ import annotations

import hashlib

import polars as pl

FAMILY = 8
"""An address or number at more students than this is no evidence: it is the school's, or was typed for want of one."""

_GIVEN, _FAMILY_NAME, _LABEL = "_given", "_family", "_label"


def add_provisional_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with ``guardian``, the provisional id.

    ``rows``: ``student``, ``given_name``, ``family_name`` and, where the file has them, ``email``, ``sms``, ``phone``.
    """
    contacts = [name for name in ("email", "sms", "phone") if name in rows.columns]
    frame = rows.with_columns(_folded("given_name").alias(_GIVEN), _folded("family_name").alias(_FAMILY_NAME))
    frame = frame.with_columns(pl.struct("student", _FAMILY_NAME, _GIVEN).rank("dense").alias(_LABEL))
    evidence = frame.with_columns(_evidence(name) for name in contacts)
    while contacts:
        labels = evidence[_LABEL]
        for name in [*contacts, "student"]:
            least = pl.col(_LABEL).min().over(_GIVEN, _FAMILY_NAME, name)
            evidence = evidence.with_columns(
                pl.when(pl.col(name).is_null()).then(_LABEL).otherwise(least).alias(_LABEL)
            )
        if evidence[_LABEL].equals(labels):
            break
    anchors = frame.select(_LABEL, _GIVEN, _FAMILY_NAME, "student").unique(_LABEL)
    ids = anchors.select(
        _LABEL, guardian=pl.Series([_provisional(*row) for row in anchors.drop(_LABEL).rows()], dtype=pl.String)
    )
    joined = evidence.select(_LABEL).join(ids, on=_LABEL, how="left", maintain_order="left")
    return rows.with_columns(joined["guardian"])


def _folded(name: str) -> pl.Expr:
    """A name as it is compared: without case, and with single spaces."""
    value = pl.col(name).fill_null("").str.normalize("NFKC").str.to_lowercase()
    return value.str.replace_all(r"\s+", " ").str.strip_chars()


def _evidence(name: str) -> pl.Expr:
    """The address or number as it is compared; null where it is no evidence."""
    value = pl.col(name).str.to_lowercase() if name == "email" else pl.col(name).str.replace_all(r"\D", "")
    value = pl.when(value.str.len_chars() >= 7).then(value)
    return pl.when(pl.col("student").n_unique().over(value) <= FAMILY).then(value).alias(name)


def _provisional(given: str, family: str, student: str) -> str:
    return "provisional-" + hashlib.sha256(f"{given}\x1f{family}\x1f{student}".encode()).hexdigest()[:20]
