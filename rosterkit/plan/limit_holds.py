"""Holds what exceeds a limit: which records come, leave and change, in which groups each counts, and why it is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from rosterkit.plan import causes
from rosterkit.plan.approvals import Approved
from rosterkit.plan.field_kinds import CLEARED, KINDS, NEW_COLUMN
from rosterkit.plan.fields import BITS
from rosterkit.plan.groups import Groups
from rosterkit.plan.ids import among, minus
from rosterkit.plan.limits import Limits, exceeded, halved_classes
from rosterkit.plan.limits_on_creates import overcrowded, reissued, too_many_created, zero_stripped
from rosterkit.plan.limits_on_updates import CHANGED, may_exceed, over_the_limit, renamed, restructured
from rosterkit.plan.records import (
    ENTITY,
    HOLD,
    Records,
    by_entity,
    comes,
    hold_fields,
    ids_by_entity,
    leaves,
    links,
    removed_link,
    set_hold,
)
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Entity, by_name, entities

__all__ = ["NEW_HOLDS", "SUSPECTED", "hold_over_limits"]

NEW_HOLDS: dict[str, type[pl.DataType]] = {
    "entity": pl.String,
    "key": pl.String,
    "action": pl.String,
    "field": pl.String,  # of an update; "" elsewhere
    "reason": pl.String,
}
"""What a limit holds from now on, and is stored."""

_COUNTED = ("absent", "deleted", "removed", "scope")
_CASCADE = ("cascade", "cascade-explicit")
_FOUND: dict[str, type[pl.DataType]] = {"node": pl.Int64, "field": pl.String, "reason": pl.String}
SUSPECTED = "; suspected cause: "
_REASON = f"{{}}{SUSPECTED}{{}}"
_WHOLE_PLAN = "the whole plan waits, as a limit was exceeded in it"


def hold_over_limits(
    records: Records, snapshot: Snapshot, limits: Limits, approved: Approved, fields: pl.DataFrame
) -> tuple[Records, pl.DataFrame]:
    """Holds what exceeds a limit; also returns it (NEW_HOLDS). ``fields``: FIELDS of what updates and restores change.

    What a person approved counts, and is not held: an approval is a ceiling, so one record more is held again.
    """
    groups = Groups(records, snapshot)
    parts = [*_of_status(groups, limits), *_of_updates(groups, limits, fields)]
    found = pl.concat([pl.DataFrame(schema=_FOUND), *parts]).unique(
        ["node", "field"], keep="first", maintain_order=True
    )
    found = _not_approved(found, approved) if found.height else found
    if found.height:
        whole, part = found.filter(pl.col("field") == ""), found.filter(pl.col("field") != "")
        records = set_hold(records, whole.select("node", "reason"), "limit")
        records = hold_fields(records, _bits(records, part))
    if limits.on_limit == "hold_all":
        records = _hold_all(records, found["node"])
    return records, _named(records, found)


def _bits(records: Records, part: pl.DataFrame) -> pl.DataFrame:
    """Node and bits of these fields."""
    named = part.lazy().join(records.states.lazy().select("node", pl.col("entity").cast(pl.String)), on="node")
    bits = named.join(BITS.lazy(), on=["entity", "field"])
    return bits.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32)).collect()


def _not_approved(found: pl.DataFrame, approved: Approved) -> pl.DataFrame:
    if approved.rows.is_empty():
        return found
    given = found.lazy().join(approved.rows.lazy(), on="node", how="left", maintain_order="left")
    bits = BITS.lazy().with_columns(pl.col("entity").cast(ENTITY))
    codes = given.with_columns(
        entity=(pl.col("node") % 32).replace_strict(dict(enumerate(ENTITY.categories)), return_dtype=ENTITY)
    )
    same = codes.join(bits, on=["entity", "field"], how="left", maintain_order="left")
    whole = pl.col("whole").fill_null(value=False)
    part = ((pl.col("bits") & pl.col("bit")) != 0).fill_null(value=False)
    return same.filter(~whole & ~part).select(list(_FOUND)).collect()


def _hold_all(records: Records, found: pl.Series) -> Records:
    """Holds every change where a limit holds any; a guardian link that a row took away waits for no other."""
    held = (pl.col("hold") == "limit").fill_null(value=False)
    if found.is_empty() and not records.states.select(held.any()).item():
        return records
    free = pl.col("action").is_not_null() & pl.col("hold").is_null() & ~removed_link()
    return records.with_states(
        hold=pl.when(free).then(pl.lit("limit", HOLD)).otherwise("hold"),
        hold_reason=pl.when(free).then(pl.lit(_WHOLE_PLAN)).otherwise("hold_reason"),
    )


def _named(records: Records, found: pl.DataFrame) -> pl.DataFrame:
    own = records.states.lazy().select("node", "key", pl.col("entity", "action").cast(pl.String))
    return found.lazy().join(own, on="node", maintain_order="left").select(list(NEW_HOLDS)).collect()


# ---- what comes and what leaves


@dataclass(frozen=True)
class _Moving:
    """``rows``: node, entity, id, key, active, added, ``own`` (archived by absence or by a row) and ``contradicted``.

    ``parents``: node and ``old``, the required parents of what is archived that are proposed for archive too.
    """

    rows: pl.DataFrame
    parents: pl.DataFrame

    @classmethod
    def of(cls, records: Records) -> _Moving:
        archive = (pl.col("action") == "archive").fill_null(value=False)
        nodes = records.states.lazy().filter(archive).select("node", "entity", "id").collect()
        parents = pl.DataFrame(schema={"node": pl.Int64, "old": pl.Int64})
        if nodes.height:
            required = pl.col("required") & among(pl.col("old"), nodes["node"])
            parents = links(records, to=ids_by_entity(nodes)).filter(required).select("node", "old")
        own = leaves() & pl.col("cause").is_in(_COUNTED)
        contradicted = leaves() & pl.col("present") & pl.col("cause").is_in(_CASCADE)
        moving = records.states.lazy().filter(leaves() | comes())
        kept = moving.select("node", "entity", "id", "key", "active", added=comes(), own=own, contradicted=contradicted)
        return cls(kept.collect(), parents)

    def with_removed(self, mine: pl.DataFrame, held: pl.Series) -> pl.DataFrame:
        """Rows of one entity with ``removed``, those that count here; of those, what is neither removed nor added goes.

        What follows from an archived parent counts at the parent, unless that parent is ``held`` by a limit: it stays.
        A record that was delivered and leaves only because its parent does counts as well: its row contradicts the
        loss of the parent, as when a file of schools or classes was cut short.
        """
        with_parent = self.parents.filter(~among(pl.col("old"), held))["node"]
        removed = (pl.col("own") & ~among(pl.col("node"), with_parent)) | pl.col("contradicted")
        return mine.with_columns(removed=removed.fill_null(value=False)).filter(pl.col("removed") | pl.col("added"))


def _of_status(groups: Groups, limits: Limits) -> Iterator[pl.DataFrame]:
    """_FOUND of what is removed and created, parents first."""
    moving = _Moving.of(groups.records)
    held = groups.records.states.filter((pl.col("hold") == "limit").fill_null(value=False))["node"]
    few = min(limits.min_created, limits.min_created_overall, limits.min_reissued, limits.min_shape)
    parts = by_entity(moving.rows)
    for entity in entities():
        if entity.name not in parts:
            continue
        mine = moving.with_removed(parts[entity.name], held)
        gone, coming = mine["removed"].any(), int(mine["added"].sum())
        many = coming > few or (gone and coming > 1)
        if not (many or gone):
            continue
        base = groups.snapshot.group_counts(entity)
        if base.is_empty():  # a first load
            continue
        rows = mine.join(groups.records.of(entity.name), on="id", maintain_order="left")
        counted = groups.of_rows(entity.name, rows)
        found = [_removed(groups, entity, rows, counted, base, limits)] if gone else []
        found += [_created(groups, entity, rows, counted, base, limits)] if many else []
        over = pl.concat(found).unique("node", keep="first", maintain_order=True)
        if over.height:
            held = pl.concat([held, over["node"]])
            yield _with_cause_of_ids(entity, over, rows, counted, base)


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
    groups: Groups, entity: Entity, rows: pl.DataFrame, counted: pl.DataFrame, base: pl.DataFrame, limits: Limits
) -> pl.DataFrame:
    """Node and reason of creates and restores; also of what leaves, where as much comes."""
    own = _without_new_parents(groups.records, entity, rows)
    mine = counted.filter(pl.col("removed") | among(pl.col("node"), own))
    everybody = int(base.filter(pl.col("school_id").is_null())["base"].sum())
    coming = rows.filter("added").select("node", "key")
    parts = [reissued(mine, base, limits), too_many_created(mine, base, limits)]
    leaving = groups.records.states.lazy().filter((pl.col("entity") == entity.name) & pl.col("active"))
    parts.append(zero_stripped(coming, leaving.select("node", "key").collect(), everybody, limits))
    if entity.name == "GuardianLink":
        links_that_come = rows.filter("added").select("node", "student_id")
        parts.append(overcrowded(links_that_come, _guardians(groups, rows), _students(groups.snapshot), limits))
    return pl.concat(parts)


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
    """The found records with the suspected cause in their reason, as _FOUND."""
    held = rows.lazy().join(found.lazy().select("node"), on="node", how="semi")
    coming, going = (held.filter(flag).collect() for flag in ("added", "removed"))
    columns = _ALIKE.get(entity.name, ())
    alike = 0
    if columns and coming.height and going.height:
        stored = going.select(pl.col(f"s.{name}").alias(name) for name in columns).unique()
        alike = coming.join(stored, on=list(columns), how="semi", nulls_equal=True).height
    cause = causes.of_ids(coming["key"], going["key"], alike=alike)
    if not cause and going.height:
        by = ["role", "school_id"]
        lost = counted.lazy().filter("removed").group_by(by).len("removed").join(base.lazy(), on=by).collect()
        cause = causes.of_removed(lost)
    reason = pl.format(_REASON, "reason", pl.lit(cause)) if cause else pl.col("reason")
    return found.select("node", field=pl.lit(""), reason=reason)


# ---- what changes


def _of_updates(groups: Groups, limits: Limits, fields: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """_FOUND of fields; a change that is held already, by a limit or as a case, counts too."""
    counts = pl.col("hold").is_null() | pl.col("hold").is_in(["limit", "case"])
    update = (pl.col("action") == "update").fill_null(value=False)
    states = groups.records.states.lazy().filter(update & counts)
    own = states.select("node", "entity", "id", "active", "unset", line="source_line")
    changed = fields.lazy().join(own, on="node", maintain_order="left").collect()
    for (name,), mine in changed.partition_by("entity", as_dict=True).items():
        entity = by_name(str(name))
        people = entity.name == "User" and mine["node"].n_unique() > limits.max_renamed_people
        if not (people or entity.name == "Org" or may_exceed(mine, limits)):
            continue
        found = _fields_over(groups, entity, mine, limits)
        if found.height:
            yield _with_cause_of_fields(entity, found, mine)


def _fields_over(groups: Groups, entity: Entity, mine: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """node, field and reason of one entity."""
    people = mine.select("node", "id", "active", removed=pl.lit(value=False), added=pl.lit(value=False)).unique("node")
    rows = people.join(groups.records.of(entity.name), on="id", maintain_order="left")
    places = groups.of_rows(entity.name, rows).lazy().select("node", "role", "school_id")
    kinds = KINDS.lazy().filter(pl.col("entity") == entity.name).select("field", "kind")
    own = mine.lazy().join(kinds, on="field").select("node", "field", "kind", "before", "after")
    cleared = own.filter(pl.col("after").is_null() & pl.col("before").is_not_null()).with_columns(kind=pl.lit(CLEARED))
    columns = own.filter(pl.col("field") == "attributes").filter(_new_column()).with_columns(kind=pl.lit(NEW_COLUMN))
    every = pl.concat([own, cleared, columns]).join(places, on="node").select(list(CHANGED)).collect()
    base = groups.snapshot.group_counts(entity)
    found = over_the_limit(every, base, limits)
    if entity.name == "Org":
        parents = mine.filter(pl.col("field") == "parent")["node"]
        orgs = int(base.filter(pl.col("school_id").is_null())["base"].sum())
        return pl.concat([found, restructured(parents, orgs, limits)]).unique(["node", "field"], keep="first")
    if entity.name != "User":
        return found
    both = rows.filter(_differs("given_name") & _differs("family_name")).select("node")
    too_many = renamed(both.lazy().join(places, on="node").collect(), limits)
    whole = mine.lazy().select("node", "field").join(too_many.lazy(), on="node").select("node", "field", "reason")
    return pl.concat([whole.collect(), found]).unique(["node", "field"], keep="first", maintain_order=True)


_KEYS = r'"(?:[^"\\]|\\.)*":'


def _new_column() -> pl.Expr:
    """Attributes, JSON objects of texts, that hold a key which they did not have."""
    new, old = (pl.col(name).fill_null("").str.extract_all(_KEYS) for name in ("after", "before"))
    return new.list.set_difference(old).list.len() > 0


def _differs(name: str) -> pl.Expr:
    """Both sides have a value, and they differ beyond case and outer spaces."""
    new, old = (pl.col(c).str.strip_chars().str.to_lowercase() for c in (name, f"s.{name}"))
    return (new != old).fill_null(value=False)


def _with_cause_of_fields(entity: Entity, found: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    held = found["field"].unique().implode()
    rows = mine.filter(pl.col("field").is_in(held))
    suspected = causes.of_fields(rows.select("node", "field", "before", "after", "line"))
    if "attributes" in suspected:
        unset = int(rows["unset"].bitwise_and() or 0)  # type: ignore[arg-type] # the masks of some rows
        missing = [c.label for i, c in enumerate(entity.columns) if unset & (1 << i)]
        of = rows.filter(pl.col("field") == "attributes")
        suspected["attributes"] = causes.of_attributes(of, missing) or suspected["attributes"]
    moved = [name for name, cause in suspected.items() if cause in (causes.SHIFTED, causes.SORTED)]
    found = _whole(found, mine, moved)
    named = {name: cause for name, cause in suspected.items() if cause}
    cause = pl.col("field").replace_strict(named, default=None, return_dtype=pl.String)
    reason = pl.coalesce(pl.format(_REASON, "reason", cause), "reason")
    return found.select("node", "field", reason=reason)


def _whole(found: pl.DataFrame, mine: pl.DataFrame, moved: list[str]) -> pl.DataFrame:
    """With every other changed field of records that have the values of others in a held field."""
    stand = found.lazy().filter(pl.col("field").is_in(moved)).unique("node", keep="first", maintain_order=True)
    rest = mine.lazy().select("node", "field").join(stand.select("node", "reason"), on="node")
    return pl.concat([found.lazy(), rest]).unique(["node", "field"], keep="first", maintain_order=True).collect()
