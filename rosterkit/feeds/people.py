"""People as a feed needs them: one wide row for each active user, from the tables of a roster.

Roles, schools, guardians and attributes stand in tables of their own. Every feed of people needs them joined, so it is
done once, set-wise, by integer ids.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

import polars as pl

from rosterkit.feeds.base import Roster

ATTRIBUTE = "attribute."
"""The prefix of an attribute's column: the attribute ``program`` is the column ``attribute.program``."""

ROLE = "role."
"""The prefix of a role's column: ``role.student`` says whether the person is a student."""

OWN = "own"
"""The user's own record, in a declared order of attribute sources."""

GRADES = ("IT", "PR", "PK", "TK", "KG", *(f"{grade:02}" for grade in range(1, 14)), "PS", "UG", "Other")
"""The CEDS grade codes, lowest first."""

FIELDS = {
    "source": "the source that delivered the record",
    "sourced_id": "the id by which that source knows the record",
    "given_name": "given name",
    "middle_name": "middle name",
    "family_name": "family name",
    "preferred_given_name": "preferred given name",
    "preferred_middle_name": "preferred middle name",
    "preferred_family_name": "preferred family name",
    "pronouns": "pronouns",
    "username": "user name",
    "email": "e-mail address",
    "sms": "mobile phone",
    "phone": "home phone",
    "identifier": "student or staff number",
    "state_id": "state id",
    "language": "home language",
    "user_master_identifier": "master identifier",
    "exit_reason": "why the person left",
    "exit_date": "when the person left",
    "enabled": "whether the source lets the person sign in (TRUE or FALSE)",
    "account_enabled": "whether rosterkit lets the person sign in (TRUE or FALSE)",
    "grades": "all grades, as a list",
    "grade": "the highest grade",
    "graduation_year": "the year in which grade 12 ends, from the grade and the as-of date",
    "roles": "all roles that count on the as-of date, as a list",
    "school": "the sourced_id of the primary school",
    "school_number": "the identifier of the primary school",
    "school_name": "the name of the primary school",
    "schools": "the sourced_ids of all schools, as a list",
    "school_names": "the names of all schools, as a list",
}
"""The columns of ``people`` that a mapping may name, and what they hold."""

_SCHOOL_YEAR_ENDS = "08-31"
_IDS = ("school_id", "school_ids")
_OF_PRIMARY_SCHOOL = frozenset({"school_id", "school", "school_number", "school_name"})
_OF_ALL_SCHOOLS = frozenset({"school_ids", "schools", "school_names"})
_LISTS = ("grades", "roles", "schools", "school_names")
_TEXTS = [
    name
    for name in FIELDS
    if name not in _LISTS and name not in {"grade", "graduation_year", "school", "school_number", "school_name"}
]


def people(
    roster: Roster,
    *,
    as_of: date,
    fields: Collection[str] = (*FIELDS, *_IDS),
    order: Sequence[str] = (),
    roles: Collection[str] = (),
) -> pl.LazyFrame:
    """One row for each active user; with ``roles`` only for those who have one of them.

    Columns: ``id`` (Int64), ``user`` (source and sourced_id, "/" between), those of FIELDS (String, Boolean, or
    List(String) in a fixed order), ``school_id`` (Int64), ``school_ids`` (List(Int64)), ``attribute.NAME`` (String)
    and ``role.NAME`` (Boolean: whether the person has that role). Roles, schools and attributes are there where
    ``fields`` names one of them (``read_by``): each is a join over all people.

    A role counts where ``as_of`` is not before its begin date and before its end date. The primary school is the
    primary organisation where that is a school, otherwise the school of a primary role, otherwise the first school.
    ``order`` names the sources whose statement about an attribute counts first, ``own`` for the user's own record;
    sources that it does not name follow, the own record first.
    """
    users = roster.table("User", roles=roles, as_of=as_of).select(
        "id",
        *_TEXTS,
        "primary_org_id",
        "attributes",
        pl.col("grades").str.json_decode(pl.List(pl.String)),
        grade=pl.col("grades").map_batches(_highest, return_dtype=pl.String),
    )
    every = current_roles(roster, as_of)
    frame = users.with_columns(
        user=pl.concat_str("source", "sourced_id", separator="/"), graduation_year=_graduation_year(as_of)
    )
    if "roles" in fields:
        frame = frame.join(_lists_of_roles(every), on="id", how="left")
    if asked := sorted(name.removeprefix(ROLE) for name in fields if name.startswith(ROLE)):
        only = len(asked) == 1 and asked == list(roles)  # everybody has it, and no role need be read
        having = pl.lit(value=True).alias(ROLE + asked[0])
        frame = frame.with_columns(having) if only else _with_roles(frame, current_roles(roster, as_of, asked), asked)
    schools = _schools(roster, users, every)
    if _OF_PRIMARY_SCHOOL.intersection(fields):
        frame = frame.join(_primary_schools(schools), on="id", how="left")
    if _OF_ALL_SCHOOLS.intersection(fields):
        frame = frame.join(_lists_of_schools(schools), on="id", how="left")
    if named := sorted(name.removeprefix(ATTRIBUTE) for name in fields if name.startswith(ATTRIBUTE)):
        return _with_attributes(frame, roster, named, order).drop("primary_org_id")
    return frame.drop("primary_org_id", "attributes")


def read_by(expressions: Iterable[pl.Expr]) -> frozenset[str]:
    """The columns that the expressions read: what to ask ``people`` for."""
    return frozenset(name for each in expressions for name in each.meta.root_names())


def family_links(roster: Roster) -> pl.LazyFrame:
    """One row for each student and guardian: ``student_id``, ``guardian_id``, ``relationship``, ``type``, ``priority``.

    Of several assertions of one link the student's counts first, then the guardian's, then a file's.
    """
    stated_by = pl.col("asserted_by").replace_strict({"student": 0, "guardian": 1, "file": 2}, default=3)
    return (
        roster.table("GuardianLink")
        .sort(stated_by, "source", "sourced_id", nulls_last=True)
        .group_by("student_id", "guardian_id")
        .agg(pl.col("relationship", "type", "priority").drop_nulls().first())
    )


def current_roles(roster: Roster, as_of: date, roles: Collection[str] = ()) -> pl.LazyFrame:
    """The roles that count on ``as_of``, or those of them: user ``id``, ``org_id``, ``role``, ``type``."""
    rows = roster.table("Role", roles=roles, as_of=as_of)
    return rows.select(pl.col("user_id").alias("id"), "org_id", "role", "type")


def _lists_of_roles(roles: pl.LazyFrame) -> pl.LazyFrame:
    once = roles.select("id", "role").unique().sort("id", "role")
    return once.group_by("id", maintain_order=True).agg(pl.col("role").alias("roles"))


def _with_roles(frame: pl.LazyFrame, roles: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    flags = roles.group_by("id").agg((pl.col("role") == name).any().alias(ROLE + name) for name in names)
    blanks = (pl.col(ROLE + name).fill_null(value=False) for name in names)
    return frame.join(flags, on="id", how="left").with_columns(blanks)


def _schools(roster: Roster, users: pl.LazyFrame, roles: pl.LazyFrame) -> pl.LazyFrame:
    """One row for each user and school: ``id``, ``school_id``, ``rank`` (0 is the nearest), ``place`` (the school's
    among all by sourced_id) and what FIELDS says of a school.
    """
    school = (
        roster.table("Org")
        .filter(pl.col("type") == "school")
        .sort("sourced_id", "id")
        .with_row_index("place")
        .select(
            "place",
            pl.col("id").alias("school_id"),
            pl.col("sourced_id").alias("school"),
            pl.col("identifier").alias("school_number"),
            pl.col("name").alias("school_name"),
        )
    )
    primary = users.select("id", pl.col("primary_org_id").alias("school_id"), rank=pl.lit(0))
    by_role = roles.select(
        "id", pl.col("org_id").alias("school_id"), rank=pl.when(pl.col("type") == "primary").then(1).otherwise(2)
    )
    return (
        pl.concat([primary, by_role]).group_by("id", "school_id").agg(pl.col("rank").min()).join(school, on="school_id")
    )


def _primary_schools(schools: pl.LazyFrame) -> pl.LazyFrame:
    nearest = schools.sort("id", "rank", "place").unique("id", keep="first", maintain_order=True)
    return nearest.select("id", "school_id", "school", "school_number", "school_name")


def _lists_of_schools(schools: pl.LazyFrame) -> pl.LazyFrame:
    ordered = schools.sort("id", "place").group_by("id", maintain_order=True)
    return ordered.agg(school_ids="school_id", schools="school", school_names="school_name")


def _with_attributes(frame: pl.LazyFrame, roster: Roster, names: Sequence[str], order: Sequence[str]) -> pl.LazyFrame:
    """``frame`` (``id``, ``attributes``) with ``attribute.NAME``: the first statement that is not blank.

    The user's own record is in the frame; what other sources state comes before it or after it, by the declared order.
    """
    ranks = {name: place for place, name in enumerate([*order, *([] if OWN in order else [OWN])])}
    rank = pl.col("source").replace_strict(ranks, default=len(ranks), return_dtype=pl.Int64)
    before = pl.col("_rank") < ranks[OWN]
    others = (
        roster.table("UserAttributes")
        .filter(pl.col("attributes").is_not_null())
        .with_columns(_decoded(names), _rank=rank)
        .sort("_rank", "source", "sourced_id")
        .group_by(pl.col("user_id").alias("id"))
        .agg(
            _stated(name).filter(_stated(name).is_not_null() & when).first().alias(f"_{part}.{name}")
            for part, when in (("before", before), ("after", ~before))
            for name in names
        )
    )
    columns = [
        pl.coalesce(f"_before.{name}", _stated(name), f"_after.{name}").alias(ATTRIBUTE + name) for name in names
    ]
    joined = frame.with_columns(_decoded(names)).join(others, on="id", how="left").with_columns(columns)
    return joined.drop("attributes", *(f"_{part}.{name}" for part in ("before", "after") for name in names))


def _decoded(names: Sequence[str]) -> pl.Expr:
    return pl.col("attributes").str.json_decode(pl.Struct(dict.fromkeys(names, pl.String)))


def _stated(name: str) -> pl.Expr:
    """An attribute out of the decoded ones, null where it is blank."""
    value = pl.col("attributes").struct.field(name)
    return pl.when(value != "").then(value)


def _highest(texts: pl.Series) -> pl.Series:
    """The highest grade of each list of grades, a JSON text. Each list that differs is looked at once."""
    rank = {grade: place for place, grade in enumerate(GRADES)}
    distinct = texts.drop_nulls().unique()
    lists = distinct.str.json_decode(pl.List(pl.String))
    ranks = lists.list.eval(pl.element().replace_strict(rank, default=-1, return_dtype=pl.Int64))
    highest = lists.list.get(ranks.list.arg_max(), null_on_oob=True)
    return texts.replace_strict(distinct, highest, default=None, return_dtype=pl.String)


def _graduation_year(as_of: date) -> pl.Expr:
    """Kindergarten is 12 years before grade 12; other grades than KG and 01 to 12 have no year."""
    this_year = as_of.year + (as_of.strftime("%m-%d") > _SCHOOL_YEAR_ENDS)
    years = {"KG": this_year + 12} | {f"{grade:02}": this_year + 12 - grade for grade in range(1, 13)}
    texts = {grade: str(year) for grade, year in years.items()}
    return pl.col("grade").replace_strict(texts, default=None, return_dtype=pl.String)
