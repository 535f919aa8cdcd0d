"""What comes and what leaves, held against the limits: which records count, in which groups, and why they are held."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan import causes
from rosterkit.plan.causes import REASON
from rosterkit.plan.groups import Groups
from rosterkit.plan.ids import among, minus
from rosterkit.plan.limit_exemptions import Exempt
from rosterkit.plan.limits import Limits, emptied_schools, exceeded, few_removed, halved_classes, over_the_week
from rosterkit.plan.limits_on_creates import overcrowded, reissued, too_many_created, zero_stripped
from rosterkit.plan.plan_day import NO_WEEK, PlanDay, Week
from rosterkit.plan.records import (
    KEY,
    KEY_BIT,
    KEY_FIELD,
    Records,
    by_entity,
    comes,
    has,
    ids_by_entity,
    leaves,
    links,
)
from rosterkit.plan.rollover import beginning
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Entity, by_name, entities

_COUNTED = ("absent", "deleted", "removed", "scope")
_CASCADE = ("cascade", "cascade-explicit")

FOUND: dict[str, type[pl.DataType]] = {"node": pl.Int64, "field": pl.String, "reason": pl.String}
"""What exceeds a limit; ``field`` is "" where the whole record does."""
_SEEN: dict[str, type[pl.DataType]] = {"node": pl.Int64, "role": pl.String}


@dataclass(frozen=True)
class Facts:
    """What the limits know beside the changes and the counts."""

    week: Week = field(default_factory=lambda: NO_WEEK)
    exempt: Exempt = field(default_factory=Exempt)
    plan_day: PlanDay | None = None


@dataclass(frozen=True)
class RecordsOver:
    """``found``: FOUND. ``removed``: node and role of what disappeared today and was counted."""

    found: pl.DataFrame
    removed: pl.DataFrame


@dataclass(frozen=True)
class _Changing:
    """``rows``: node, entity, id, key, active, added, ``own`` (archived by absence or by a row), ``contradicted``,
    ``deleted`` (by a row) and ``relinked`` (stays under another id: as good as gone and come, where so many do that the
    ids may be others').

    ``parents``: node and ``old``, the required parents of what is archived that are proposed for archive too.
    """

    rows: pl.DataFrame
    parents: pl.DataFrame

    @classmethod
    def of(cls, records: Records) -> _Changing:
        archive = (pl.col("action") == "archive").fill_null(value=False)
        nodes = records.states.lazy().filter(archive).select("node", "entity", "id").collect()
        parents = pl.DataFrame(schema={"node": pl.Int64, "old": pl.Int64})
        if nodes.height:
            required = pl.col("required") & among(pl.col("old"), nodes["node"])
            parents = links(records, to=ids_by_entity(nodes)).filter(required).select("node", "old")
        own = leaves() & pl.col("cause").is_in(_COUNTED)
        contradicted = leaves() & pl.col("present") & pl.col("cause").is_in(_CASCADE)
        deleted = (pl.col("cause") == "deleted").fill_null(value=False)
        relinked = has("changed", KEY_BIT) & (pl.col("action") == "update") & pl.col("hold").is_null()
        changing = records.states.lazy().filter(leaves() | comes() | relinked.fill_null(value=False))
        flags = {"added": comes(), "own": own, "contradicted": contradicted, "deleted": deleted, "relinked": relinked}
        return cls(changing.select("node", "entity", "id", "key", "active", **flags).collect(), parents)

    def with_removed(self, mine: pl.DataFrame, held: pl.Series, facts: Facts) -> pl.DataFrame:
        """Rows of one entity with ``lost``, those that leave and count here, and ``removed``, those of them that
        disappeared today; of those, what is neither lost nor added goes.

        What follows from an archived parent counts at the parent, unless that parent is ``held`` by a limit: it stays.
        A record that was delivered and leaves only because its parent does counts as well: its row contradicts the
        loss of the parent, as when a file of schools or classes was cut short.
        """
        parents = self.parents
        with_parent = (
            parents.filter(~among(pl.col("old"), held))["node"] if held.len() and parents.height else parents["node"]
        )
        lost = (pl.col("own") & ~among(pl.col("node"), with_parent)) | pl.col("contradicted")
        lost = lost.fill_null(value=False) & ~among(pl.col("node"), facts.exempt.nodes)
        earlier = among(pl.col("node"), facts.week.earlier)
        counted = mine.lazy().with_columns(lost=lost, removed=lost & ~earlier)
        return counted.filter(pl.col("lost") | pl.col("added") | pl.col("relinked")).collect()


def records_over(groups: Groups, limits: Limits, facts: Facts) -> RecordsOver:
    """What is removed and created and exceeds a limit, parents first; and what was removed and counted."""
    changing = _Changing.of(groups.records)
    held = groups.records.states.filter((pl.col("hold") == "limit").fill_null(value=False))["node"]
    few = min(limits.min_created, limits.min_created_overall, limits.min_reissued, limits.min_shape)
    parts = by_entity(changing.rows)
    emptied = pl.DataFrame(schema={"school_id": pl.Int64, "reason": pl.String})
    out, seen = [pl.DataFrame(schema=FOUND)], [pl.DataFrame(schema=_SEEN)]
    for entity in entities():
        if entity.name not in parts:
            continue
        mine = changing.with_removed(parts[entity.name], held, facts)
        lost, coming = int(mine["lost"].sum()), int((mine["added"] | mine["relinked"]).sum())
        many = coming > few or (lost > 0 and coming > 1)
        if not (many or lost):
            continue
        alarming = many or not few_removed(lost, limits) or emptied.height or facts.week.counts.height
        base = groups.snapshot.group_counts(entity) if alarming else None
        if base is not None and base.is_empty():  # a first load
            continue
        rows = mine.join(groups.records.of(entity.name), on="id", maintain_order="left")
        counted = groups.of_rows(entity.name, rows)
        seen += [counted.lazy().filter("removed").select("node", "role").unique().collect()] if lost else []
        if base is None:
            continue
        if lost and entity.name == "User":
            emptied = emptied_schools(counted, base, limits)
        found = [_removed(groups, entity, rows, counted, base, limits)] if not few_removed(lost, limits) else []
        found += [_at_emptied_schools(entity, counted, emptied)] if lost and emptied.height else []
        found += [_over_the_week(entity, rows, counted, base, limits, facts)] if lost else []
        found += [_created(groups, entity, rows, counted, base, limits, facts)] if many else []
        over = pl.concat(found).unique("node", keep="first", maintain_order=True) if found else pl.DataFrame()
        if over.height:
            held = pl.concat([held, over["node"]])
            out.append(_with_cause_of_ids(entity, over, rows, counted, base))
    return RecordsOver(pl.concat(out), pl.concat(seen))


def _at_emptied_schools(entity: Entity, counted: pl.DataFrame, emptied: pl.DataFrame) -> pl.DataFrame:
    """Node and reason of what is removed at these schools, by school. A guardian link that is gone waits for none."""
    gone = counted.lazy().filter(pl.col("removed") & pl.lit(entity.name != "GuardianLink"))
    return gone.join(emptied.lazy(), on="school_id").sort("node", "school_id").select("node", "reason").collect()


def _over_the_week(
    entity: Entity, rows: pl.DataFrame, counted: pl.DataFrame, base: pl.DataFrame, limits: Limits, facts: Facts
) -> pl.DataFrame:
    before = facts.week.counts
    before = before.filter(pl.col("entity") == entity.name) if before.height else before
    if before.is_empty():
        return pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String})
    lost = rows.filter("lost").select("node", earlier=~pl.col("removed"))
    roles = lost.join(counted.select("node", "role").unique(), on="node", maintain_order="left")
    return over_the_week(roles, before, base, limits)


def _removed(
    groups: Groups, entity: Entity, rows: pl.DataFrame, counted: pl.DataFrame, base: pl.DataFrame, limits: Limits
) -> pl.DataFrame:
    found = exceeded(counted, base, limits)
    if entity.name != "Enrollment":
        return found
    members = rows.select(
        "node", "removed", "added", class_id=pl.coalesce("s.class_id", "class_id"), role=pl.coalesce("s.role", "role")
    )
    losing = members.filter("removed")["class_id"].unique()
    return pl.concat([found, halved_classes(members, groups.snapshot.class_counts(losing), limits)])


def _created(
    groups: Groups,
    entity: Entity,
    rows: pl.DataFrame,
    counted: pl.DataFrame,
    base: pl.DataFrame,
    limits: Limits,
    facts: Facts,
) -> pl.DataFrame:
    """Node and reason of creates and restores; also of what leaves, where as much comes."""
    own = _without_new_parents(groups.records, entity, rows)
    own = minus(own, facts.exempt.nodes) if facts.exempt.nodes.len() else own
    mine = counted.filter(pl.col("removed") | among(pl.col("node"), own))
    everybody = int(base.filter(pl.col("school_id").is_null())["base"].sum())
    coming = rows.filter(pl.col("added") | pl.col("relinked")).select("node", "key")
    anew = rows.filter("relinked")
    swapped = counted.filter(among(pl.col("node"), anew["node"])).with_columns(removed=True, added=True)
    parts = [
        reissued(pl.concat([mine, swapped]), base, limits),
        _too_many(groups, entity, rows, mine, base, limits, facts),
    ]
    leaves_or_is_held = (pl.col("entity") == entity.name) & (pl.col("action") == "archive").fill_null(value=False)
    leaving = groups.records.states.lazy().filter(leaves_or_is_held)
    others = [leaving.select("node", "key").collect(), *([anew.select("node", key=KEY)] if anew.height else [])]
    parts.append(zero_stripped(coming, pl.concat(others), everybody, limits))
    if entity.name == "GuardianLink" and (students := _students(groups.snapshot)):
        links_that_come = rows.filter("added").select("node", "student_id")
        parts.append(overcrowded(links_that_come, _guardians(groups, rows), students, limits))
    return pl.concat(parts)


def _too_many(
    groups: Groups,
    entity: Entity,
    rows: pl.DataFrame,
    mine: pl.DataFrame,
    base: pl.DataFrame,
    limits: Limits,
    facts: Facts,
) -> pl.DataFrame:
    """Node and reason of what comes and is too much, without what begins with a term."""
    allowed = facts.exempt.allowed() if entity.name == "User" and facts.exempt.students else None
    found = too_many_created(mine, base, limits, allowed)
    if found.is_empty() or facts.plan_day is None:
        return found
    new = beginning(groups.records, groups.snapshot, facts.plan_day, entity, rows.filter("added"))
    return too_many_created(mine.filter(~among(pl.col("node"), new)), base, limits) if new.len() else found


def _students(snapshot: Snapshot) -> int:
    counts = snapshot.group_counts(by_name("User"))
    return int(counts.filter((pl.col("role") == "student") & pl.col("school_id").is_null())["base"].sum())


def _guardians(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """student_id and ``base``: how many active links of students who get another one stay."""
    link = by_name("GuardianLink")
    column = link.column("student")
    children = rows.filter("added")["student_id"].drop_nulls().unique()
    ids = groups.snapshot.children(link, column, children)
    stay = minus(ids, rows.filter("removed")["id"])
    if stay.is_empty():
        return pl.DataFrame(schema={"student_id": pl.Int64, "base": pl.UInt32})
    return groups.snapshot.rows(link, stay).group_by("student_id").agg(base=pl.len())


def _without_new_parents(records: Records, entity: Entity, rows: pl.DataFrame) -> pl.Series:
    """Nodes that come, and of which no required reference leads to a record that comes too."""
    coming = records.states.filter(comes()).select("entity", "id")
    new = ids_by_entity(coming)
    child: pl.Expr = pl.lit(value=False)
    for column in entity.refs:
        if column.required and str(column.to) in new:
            child = child | among(pl.col(column.name), new[str(column.to)]).fill_null(value=False)
    return rows.filter(pl.col("added") & ~child)["node"]


_ALIKE = {
    "User": ("given_name", "family_name", "email"),
    "Enrollment": ("class_id", "user_id", "role"),
    "Class": ("title", "school_id", "course_id"),
    "Org": ("name",),
    "Course": ("title", "org_id"),
}
"""What the same record would have in common under another id."""


def _with_cause_of_ids(
    entity: Entity, found: pl.DataFrame, rows: pl.DataFrame, counted: pl.DataFrame, base: pl.DataFrame
) -> pl.DataFrame:
    """The found records with the suspected cause in their reason, as FOUND."""
    held = rows.lazy().join(found.lazy().select("node"), on="node", how="semi")
    coming, going, anew = (held.filter(flag).collect() for flag in ("added", "removed", "relinked"))
    columns = _ALIKE.get(entity.name, ())
    alike = anew.height
    if columns and coming.height and going.height:
        stored = going.select(pl.col(f"s.{name}").alias(name) for name in columns).unique()
        alike += coming.join(stored, on=list(columns), how="semi", nulls_equal=True).height
    old = [going["key"], *([anew[KEY].alias("key")] if anew.height else [])]
    cause = causes.of_ids(pl.concat([coming["key"], anew["key"]]), pl.concat(old), alike=alike)
    if not cause and going.height:
        by = ["role", "school_id"]
        lost = counted.lazy().filter("removed").group_by(by).len("removed").join(base.lazy(), on=by).collect()
        cause = causes.of_removed(lost, deleted=float(going.select(pl.col("deleted").mean()).item() or 0))
    reason = pl.format(REASON, "reason", pl.lit(cause)) if cause else pl.col("reason")
    field = pl.when(among(pl.col("node"), anew["node"])).then(pl.lit(KEY_FIELD)).otherwise(pl.lit(""))
    return found.select("node", field=field, reason=reason)
