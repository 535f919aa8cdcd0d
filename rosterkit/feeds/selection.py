"""Who is in a feed, and which school of the vendor a school of the roster is: declared rules, no code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl
from pydantic import Field

from rosterkit.errors import UsageError
from rosterkit.feeds.people import ATTRIBUTE, GRADES, ROLE
from rosterkit.feeds.settings import FeedSettings


class Who(FeedSettings):
    """People who meet every condition that is given; without a condition, everybody."""

    roles: tuple[str, ...] = Field(default=(), description="people with one of these roles")
    grades: tuple[str, ...] = Field(default=(), description="people in one of these grades (CEDS codes)")
    schools: tuple[str, ...] = Field(
        default=(), description="people at one of these schools (sourced_id or identifier)"
    )
    sources: tuple[str, ...] = Field(default=(), description="people whose record comes from one of these sources")
    attributes: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="people whose attribute has one of these values"
    )


def chosen(who: Who) -> pl.Expr:
    """Whether a row of ``people`` meets the conditions; never null."""
    conditions = [pl.lit(value=True)]
    if who.roles:
        conditions.append(pl.any_horizontal(ROLE + name for name in who.roles))
    if who.grades:
        conditions.append(_meets("grades", who.grades))
    if who.schools:
        number = pl.col("school_number").is_in(who.schools).fill_null(value=False)
        conditions.append(_meets("schools", who.schools) | number)
    if who.sources:
        conditions.append(pl.col("source").is_in(who.sources))
    for name, values in who.attributes.items():
        conditions.append(pl.col(ATTRIBUTE + name).is_in(values).fill_null(value=False))
    return pl.all_horizontal(conditions)


def roles_of(whos: Iterable[Who]) -> frozenset[str]:
    """The roles of which everybody who meets one of these has one; none where somebody may come without."""
    every = [frozenset(who.roles) for who in whos]
    return frozenset().union(*every) if all(every) else frozenset()


def _meets(column: str, wanted: Sequence[str]) -> pl.Expr:
    return (pl.col(column).list.set_intersection(list(wanted)).list.len() > 0).fill_null(value=False)


class SchoolRule(FeedSettings):
    """One school of the vendor, and the schools (and grades) of the roster that it stands for."""

    to: str = Field(description="the school's id at the vendor")
    schools: tuple[str, ...] = Field(description="the schools of the roster, by sourced_id or identifier")
    grades: tuple[str, ...] = Field(default=(), description="only these grades (CEDS codes); all where it is not given")


def claims(rules: Sequence[SchoolRule]) -> dict[tuple[str, str], str]:
    """The vendor's school by (school of the roster, grade). Raises ValueError where two rules claim one."""
    claimed: dict[tuple[str, str], str] = {}
    for rule in rules:
        for school in rule.schools:
            for grade in rule.grades or GRADES:
                other = claimed.setdefault((school, grade), rule.to)
                if other != rule.to:
                    raise ValueError(
                        f"grade {grade} of school {school} goes to {other} and to {rule.to}. A student can be in one "
                        "of them only: give each rule grades of its own"
                    )
    return claimed


def schools_of_vendor(
    rows: pl.LazyFrame,
    orgs: pl.LazyFrame,
    rules: Sequence[SchoolRule],
    *,
    where: str,
    own: Sequence[str] = ("identifier", "sourced_id"),
) -> pl.LazyFrame:
    """Adds ``vendor_school`` to ``rows`` (``school_id``, ``grade``, whatever else): the vendor's id of the school.

    Several schools of the roster may become one. One school may become several, by grade, and each row lands in exactly
    one. A school that no rule names keeps its identifier, or its sourced_id where it has none (``own``). A row whose
    grade no rule of its school names has null there. ``orgs`` is the table Org.
    Raises UsageError where a school is named in two ways. ``where`` is the table of the rules.
    """
    claimed = claims(rules)
    named = sorted({school for school, _ in claimed})
    both = orgs.filter(pl.col("sourced_id").is_in(named) & pl.col("identifier").is_in(named)).filter(
        pl.col("sourced_id") != pl.col("identifier")
    )
    for school, number in both.select("sourced_id", "identifier").sort("sourced_id").collect().iter_rows():
        raise UsageError(f"The setting {where} names one school as {school} and as {number}. Use one of the two.")
    everyone = sorted({school for rule in rules if not rule.grades for school in rule.schools})
    plain = {school: rule.to for rule in rules if not rule.grades for school in rule.schools}
    table = pl.LazyFrame(
        [(school, grade, to) for (school, grade), to in claimed.items()],
        schema={"_named": pl.String, "grade": pl.String, "_to": pl.String},
        orient="row",
    )
    schools = orgs.select(
        pl.col("id").alias("school_id"),
        pl.coalesce(*own).alias("_own"),
        pl.when(pl.col("sourced_id").is_in(named))
        .then("sourced_id")
        .when(pl.col("identifier").is_in(named))
        .then("identifier")
        .alias("_named"),
    )
    return (
        rows.join(schools, on="school_id", how="left")
        .join(table, on=["_named", "grade"], how="left")
        .with_columns(
            vendor_school=pl.when(pl.col("_named").is_null())
            .then("_own")
            .when(pl.col("_named").is_in(everyone))
            .then(pl.col("_named").replace_strict(plain, default=None, return_dtype=pl.String))
            .otherwise("_to")
        )
        .drop("_own", "_named", "_to")
    )
