"""The settings of the limits, and the limits on what is removed: checked before anything is written.

Both a share and a minimum must be passed. A group is (entity, role, school); people at several schools count in each,
those with none at the district (school 0). What follows from an archived parent counts at the parent.

How many there are is counted by the store; what is removed and what comes is known record by record.
"""

from __future__ import annotations

from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

GROUPS: dict[str, type[pl.DataType]] = {
    "node": pl.Int64,
    "role": pl.String,  # "" where the entity has none
    "school_id": pl.Int64,  # 0 = the district
    "removed": pl.Boolean,  # proposed to be archived, and counted here
    "added": pl.Boolean,  # proposed to be created or restored
}
"""One row for each record that is removed or added, and each group that it counts in."""

PLACE = {"Role": "org_id", "Course": "org_id", "Class": "school_id", "Enrollment": "school_id"}
"""The entities that say themselves where they count, and the column that does."""

PEOPLE = {
    "User": "id",
    "UserProfile": "user_id",
    "Demographics": "user_id",
    "GuardianLink": "student_id",
    "UserAttributes": "user_id",
}
"""The entities that count where a person does, and the column that says who that is."""


def _share(default: float, text: str) -> Any:
    return Field(default=default, ge=0, le=100, description=text)


def _number(default: int, text: str) -> Any:
    return Field(default=default, ge=0, description=text)


class Limits(BaseModel):
    """How much may be removed, created and changed in one run before it is held for a person."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    max_removed_percent: float = _share(
        5,
        "Archives are held where more than this percentage of a group (entity, role, school) is removed, and more than "
        "`min_removed` records are.",
    )
    min_removed: int = _number(5, "Always allow up to this many removals per group.")
    max_removed_overall_percent: float = _share(
        5, "The same over the whole district: archives of that entity and role are then held everywhere."
    )
    min_removed_overall: int = _number(25, "Always allow up to this many removals over the district.")
    max_removed_week_percent: float = _share(
        10,
        "The same over the whole district and the last `week_days` school days, with those who are in grace: what "
        "disappeared in that time and is still there is held then.",
    )
    week_days: int = Field(default=7, ge=1, le=60, description="How many school days the limit over time looks at.")
    halving_min_size: int = _number(
        5,
        "A group of at least this many that falls to none, or to less than half, is held; the same holds for all "
        "people of a school together, and for the enrollments of a class that stays.",
    )
    max_created_percent: float = _share(
        5,
        "Creates and restores are held where more than this percentage of a group comes, and more than `min_created` "
        "records do. A first load is not counted, and neither is what belongs to a new record.",
    )
    min_created: int = _number(25, "Always allow up to this many creates and restores per group.")
    max_created_overall_percent: float = _share(5, "The same over the whole district.")
    min_created_overall: int = _number(25, "Always allow up to this many creates and restores over the district.")
    max_reissued_percent: float = _share(
        2,
        "Creates and archives are both held where more than this percentage of an entity and role comes, and as many "
        "leave: the ids may have been re-issued.",
    )
    min_reissued: int = _number(25, "Always allow up to this many records to come and to leave in one run.")
    max_changed_names_percent: float = _share(
        5,
        "Names of people are held where those of more than this percentage of a group would change. Every field is "
        "counted by itself, and only that field is held. The same over the whole district.",
    )
    max_changed_email_percent: float = _share(5, "The same for e-mail addresses.")
    max_changed_identifiers_percent: float = _share(
        5,
        "The same for identifiers: usernames, numbers, birth dates, the class, user and role of an enrollment, the "
        "user, org and role of a role.",
    )
    max_changed_links_percent: float = _share(
        5, "The same for links: guardian and student, class and term, class and course, parents of orgs and sessions."
    )
    max_cleared_percent: float = _share(5, "The same for any field that becomes blank.")
    max_changed_school_percent: float = _share(10, "The same for the school of a person, a class or an enrollment.")
    max_changed_phone_percent: float = _share(10, "The same for phone numbers.")
    max_changed_grade_percent: float = _share(10, "The same for the grades of people.")
    max_changed_other_percent: float = _share(75, "The same for every other field.")
    max_new_column_percent: float = _share(
        5, "The same for attributes that hold a column which none of these records had: its header may be misspelt."
    )
    min_changed: int = _number(5, "Always allow a field to change in up to this many records per group.")
    min_changed_overall: int = _number(
        25, "Always allow a field to change in up to this many records over the district."
    )
    max_renamed_people: int = _number(
        5,
        "Updates of people are held where given and family name both change at more than this many of one role: "
        "records of one person may stand under the id of another.",
    )
    max_guardians: int = _number(6, "How many guardians a student usually has at most.")
    max_shape_percent: float = _share(
        2,
        "New guardian links are held where more than this percentage of the students would have more than "
        "`max_guardians`; new records, where the ids of as many differ from others by leading zeros alone.",
    )
    min_shape: int = _number(5, "Always allow up to this many of these.")
    on_limit: Literal["hold", "hold_all"] = Field(
        default="hold",
        description="`hold` holds what exceeded a limit and what depends on it. `hold_all` holds the whole plan.",
    )


def few_removed(removed: int, limits: Limits) -> bool:
    """Whether so few records are removed that none of these limits can be passed, however many there are."""
    return removed <= min(limits.min_removed, limits.min_removed_overall, limits.halving_min_size // 2)


_NEVER_HALVED = 1 << 60  # records from which on losing half is too much: no share counts but the one that is set


def _exceeded(counts: pl.LazyFrame, percent: float, minimum: int, halving_min_size: int) -> pl.LazyFrame:
    """Of frames with base, removed, added: those over a limit, with the sentence that says which."""
    share = (pl.col("base") * percent / 100).floor()
    left = pl.col("base") - pl.col("removed") + pl.col("added")
    many = (pl.col("removed") > share) & (pl.col("removed") > minimum)
    halved = (pl.col("base") >= halving_min_size) & (left * 2 < pl.col("base"))
    counted = pl.format("{} of {} would be removed", "removed", "base")
    return counts.filter(many | halved).with_columns(
        reason=pl.when(left == 0)
        .then(pl.format("{}, which leaves none: the file may be incomplete", counted))
        .when(halved)
        .then(pl.format("{}, which leaves less than half: the file may be cut short", counted))
        .otherwise(pl.format("{}, above the limit of {} % and {}", counted, pl.lit(f"{percent:g}"), pl.lit(minimum)))
    )


def _halved(counts: pl.LazyFrame, limits: Limits) -> pl.LazyFrame:
    """Those that fall to none or to less than half, whatever share that is: nobody loses more than all."""
    return _exceeded(counts, 100, 0, limits.halving_min_size)


def _counts(groups: pl.LazyFrame, by: list[str], base: pl.LazyFrame) -> pl.LazyFrame:
    changes = groups.unique(["node", *by]).group_by(by).agg(pl.col("removed", "added").cast(pl.Int64).sum())
    return changes.join(base, on=by, how="left").with_columns(pl.col("base").fill_null(0))


def exceeded(groups: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The records that a limit holds, by group and over all: node and reason, one row each.

    What is above the share over all, in any role, is held in every role: such a file is not believed about the few
    either. ``groups``: GROUPS of one entity. ``base``: snapshot.GROUP_COUNTS.
    """
    lazy, by_school = groups.lazy(), base.lazy().filter(pl.col("school_id").is_not_null())
    in_all = base.lazy().filter(pl.col("school_id").is_null()).drop("school_id")
    size = limits.halving_min_size
    of_group = _exceeded(
        _counts(lazy, ["role", "school_id"], by_school), limits.max_removed_percent, limits.min_removed, size
    )
    counts, of_all = _counts(lazy, ["role"], in_all), (limits.max_removed_overall_percent, limits.min_removed_overall)
    over_all = pl.format("over all, {}", "reason")
    removed = lazy.filter("removed")
    by_all = removed.join(_exceeded(counts, *of_all, size).select("role", reason=over_all), on="role")
    most = _exceeded(counts, *of_all, _NEVER_HALVED).sort("removed", "role", descending=[True, False]).head(1)
    everywhere = removed.join(most.select(reason=over_all), how="cross")
    at_school = pl.format("at this school, {}", "reason")
    by_group = removed.join(of_group.select("role", "school_id", reason=at_school), on=["role", "school_id"])
    return one_reason(by_all, by_group, everywhere).collect()


def one_reason(*found: pl.LazyFrame, of: tuple[str, ...] = ("node",)) -> pl.LazyFrame:
    """One reason for each node, or what else it is ``of``: that of the first frame, and there the first by its text.

    So the answer, in the order of what it is of, does not depend on the order of rows.
    """
    ranked = pl.concat(frame.select(*of, "reason", rank=i) for i, frame in enumerate(found))
    return ranked.group_by(of).agg(pl.col("reason").sort_by("rank", "reason").first()).sort(of)


def emptied_schools(groups: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The schools of which less than half of the people stay, whatever their role: school_id and reason.

    Where a whole school is missing from a file, its few teachers are too few for a limit of their own.
    ``groups``: GROUPS of people. ``base``: snapshot.GROUP_COUNTS.
    """
    changes = groups.lazy().group_by("school_id").agg(pl.col("removed", "added").cast(pl.Int64).sum())
    in_school = base.lazy().filter(pl.col("school_id") > 0).group_by("school_id").agg(pl.col("base").sum())
    low = _halved(changes.join(in_school, on="school_id"), limits)
    return low.select("school_id", reason=pl.format("of all people at this school, {}", "reason")).collect()


def over_the_week(removed: pl.DataFrame, before: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """The records that the limit over the last school days holds: node and reason.

    ``removed``: node, role and ``earlier`` of what would leave, today or with what had disappeared before. ``before``:
    role, gone and archived, the counts of earlier days. ``base``: snapshot.GROUP_COUNTS.
    """
    in_all = base.lazy().filter(pl.col("school_id").is_null()).drop("school_id")
    once = removed.lazy().unique()
    today = once.filter(~pl.col("earlier")).group_by("role").agg(today=pl.len().cast(pl.Int64))
    counts = before.lazy().join(today, on="role", how="left").join(in_all, on="role", how="left")
    gone = pl.col("gone") + pl.col("today").fill_null(0)
    of = pl.col("base").fill_null(0) + pl.col("archived")
    percent, minimum = limits.max_removed_week_percent, limits.min_removed_overall
    over = counts.filter((gone > (of * percent / 100).floor()) & (gone > minimum) & (pl.col("gone") > 0))
    text = f"over all, {{}} of {{}} were removed within {limits.week_days} school days, above the limit of "
    reason = pl.format(text + f"{percent:g} % and {minimum}", gone, of)
    return one_reason(once.join(over.select("role", reason=reason), on="role")).collect()


def halved_classes(members: pl.DataFrame, base: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Of classes that stay, the enrollments held because the class would fall to less than half: node and reason.

    ``members``: node, class_id, role, removed, added of the enrollments that are removed or added. ``base``: class_id,
    role, base.
    """
    counts = _counts(members.lazy(), ["class_id", "role"], base.lazy())
    low = _halved(counts, limits)
    reason = pl.format("in this class, {}", "reason")
    removed = members.lazy().filter("removed")
    return (
        removed.join(low.select("class_id", "role", reason=reason), on=["class_id", "role"])
        .select("node", "reason")
        .collect()
    )
