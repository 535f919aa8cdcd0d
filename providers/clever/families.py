"""Guardians: contacts in scope as users of an id space of their own, their role, and their links to students."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from providers.clever.cells import attributes, joined_key, json_list
from providers.clever.contacts import identified
from providers.clever.scope import types_in_scope
from providers.clever.settings import Scope
from providers.clever.vocabulary import CONTACT_TYPES, ROLE_OF_RELATIONSHIP
from rosterkit.sources.findings import Findings

CONTACT_SPACE = "contact"
"""The id space of contacts: they never have another role, and their ids may be generated."""


@dataclass(frozen=True)
class Family:
    """Rows of User, Role and GuardianLink, and the links and people of which nobody can say whether they are meant."""

    users: pl.DataFrame
    roles: pl.DataFrame
    links: pl.DataFrame
    links_aside: pl.DataFrame  # INVALID
    people_aside: pl.DataFrame  # INVALID


def family(
    contacts: pl.DataFrame,
    links: pl.DataFrame,
    scope: Scope,
    findings: Findings,
    *,
    district: str,
    keep_full_name: bool,
) -> Family:
    """Who the contacts are, and which of their links are in scope.

    ``contacts`` and ``links`` are what ``people`` makes of contact records.
    """
    ids, apart = identified(contacts, links)
    _report_apart(contacts, apart, findings)
    named = links.join(ids, on="record", maintain_order="left").with_columns(
        key=joined_key(pl.col("sourced_id"), pl.col("student"))
    )
    kept = types_in_scope(named, scope)
    _report_types(kept.undecided, findings)
    rank = pl.col("type").replace_strict(
        list(CONTACT_TYPES.values()), range(len(CONTACT_TYPES)), default=len(CONTACT_TYPES), return_dtype=pl.Int64
    )
    inside = kept.rows.with_columns(rank=rank.fill_null(len(CONTACT_TYPES)))
    inside = inside.sort("rank", "_line", maintain_order=True).unique("key", keep="first", maintain_order=True)
    aside = kept.undecided.join(inside, on="key", how="anti").unique("key", keep="first", maintain_order=True)
    users = _users(contacts.join(ids, on="record", maintain_order="left"), keep_full_name=keep_full_name)
    unsure = users.join(aside, on="sourced_id", how="semi").join(inside, on="sourced_id", how="anti")
    users = users.join(inside, on="sourced_id", how="semi", maintain_order="left")
    whole = pl.lit(None, pl.String).alias("column")
    return Family(
        users.drop("_district"),
        _roles(users, inside, district),
        inside.sort("_line", "key").select(
            "_file", "_line", "relationship", "type", "student", sourced_id="key", guardian="sourced_id"
        ),
        aside.select("_file", "_line", whole, sourced_id="key"),
        unsure.select("_file", "_line", whole, "sourced_id"),
    )


def _report_apart(contacts: pl.DataFrame, apart: pl.DataFrame, findings: Findings) -> None:
    rows = contacts.join(apart, on="record", how="semi").with_columns(key="record")
    for (file,), some in rows.group_by("_file", maintain_order=True):
        findings.add_rows("clever.contact-ambiguous", some.select("_line", "key"), file=str(file))


def _report_types(links: pl.DataFrame, findings: Findings) -> None:
    """One finding for each unknown type, with how many links it sets aside."""
    types = links.group_by("type_key").agg(
        pl.col("type").min(), pl.col("_file").first(), pl.col("_line").min(), count=pl.len()
    )
    for kind, file, line, count in types.sort("type_key").select("type", "_file", "_line", "count").iter_rows():
        findings.add(
            "clever.contact-type-unknown",
            file=file,
            line=line,
            column="type",
            value=kind or "(blank)",
            detail=f"{count:,} links are set aside",
        )


def _users(contacts: pl.DataFrame, *, keep_full_name: bool) -> pl.DataFrame:
    """A row for each person: the newest record's values, and where it has none those of an older one."""
    sis_id = pl.when(pl.col("sis_id").is_not_null()).then(
        pl.concat_str(pl.lit("{sisId:"), pl.col("sis_id"), pl.lit("}"))
    )
    mobile = pl.col("number_type").eq_missing("Cell")
    rows = contacts.sort(
        "_modified_at", "record", descending=[True, False], nulls_last=True, maintain_order=True
    ).select(
        "sourced_id",
        "_file",
        "_line",
        "given_name",
        "middle_name",
        "family_name",
        "email",
        "_modified_at",
        sms=pl.when(mobile).then("number"),
        phone=pl.when(~mobile).then("number"),
        enabled=pl.lit(value=True),
        user_ids=json_list(sis_id),
        attributes=attributes({"full_name": pl.col("full_name")} if keep_full_name else {}),
        _district="district",
    )
    values = [name for name in rows.columns if name not in ("sourced_id", "_line")]
    people = rows.group_by("sourced_id", maintain_order=True).agg(
        pl.col(values).drop_nulls().first(), pl.col("_line").min()
    )
    return people.sort("_line", "sourced_id")


def _roles(users: pl.DataFrame, links: pl.DataFrame, district: str) -> pl.DataFrame:
    """One role for each contact, at the district: parent where it is one of anybody, else guardian, else relative."""
    words = pl.col("relationship").replace_strict(ROLE_OF_RELATIONSHIP, default="guardian", return_dtype=pl.String)
    role = (
        links.select("sourced_id", word=words.fill_null("guardian"))
        .group_by("sourced_id")
        .agg(
            role=pl.when((pl.col("word") == "parent").any())
            .then(pl.lit("parent"))
            .when((pl.col("word") == "guardian").any())
            .then(pl.lit("guardian"))
            .otherwise(pl.lit("relative"))
        )
    )
    org = pl.col("_district").fill_null(pl.lit(district))
    return users.join(role, on="sourced_id", maintain_order="left").select(
        "_file",
        "_line",
        "role",
        sourced_id=joined_key(pl.col("sourced_id"), pl.lit("contact"), org),
        user="sourced_id",
        org=org,
        type=pl.lit("primary"),
    )
