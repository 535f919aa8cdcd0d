"""What limits hold: which records are removed or added, and in which groups (role, school) each counts."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.plan.ids import among, minus
from rosterkit.plan.limits import GROUPS, PEOPLE, PLACE, Limits, exceeded, halved_classes
from rosterkit.plan.records import Records, by_entity, comes, ids_by_entity, leaves, links, set_hold
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import by_name
from rosterkit.roster.vocabulary import is_school

__all__ = ["hold_over_limits"]

_COUNTED = ("absent", "deleted", "removed")
_CASCADE = ("cascade", "cascade-explicit")
_FLAGS = ("node", "active", "removed", "added")


def hold_over_limits(
    records: Records, snapshot: Snapshot, limits: Limits, approved: pl.Series
) -> tuple[Records, dict[str, pl.DataFrame]]:
    """Holds the archives that a limit holds; also returns them by entity: key and reason (to be stored).

    What a person approved counts, and is not held: an approval is a ceiling, so one record more is held again.
    ``approved``: nodes.
    """
    moving = _moving(records)
    if not moving["removed"].any():
        return records, {}
    found = [pl.DataFrame(schema={"node": pl.Int64, "reason": pl.String})]
    groups = _Groups.of(records, snapshot)
    for name, mine in by_entity(moving).items():
        if not mine["removed"].any():
            continue
        entity = by_name(name)
        rows = mine.join(records.of(entity.name), on="id", maintain_order="left")
        found.append(exceeded(groups.of_rows(entity.name, rows), snapshot.group_counts(entity), limits))
        if entity.name == "Enrollment":
            found.append(_halved(rows, snapshot, limits))
    held = pl.concat(found).unique("node", keep="first", maintain_order=True)
    held = held.filter(~among(pl.col("node"), approved)) if approved.len() else held
    if held.is_empty():
        return records, {}
    named = held.join(moving.select("node", "entity", "key"), on="node", maintain_order="left")
    new = {n: f.select("key", "reason") for n, f in by_entity(named).items()}
    return set_hold(records, held, "limit"), new


def _moving(records: Records) -> pl.DataFrame:
    """node, entity, id, key, active, removed, added of the records that are removed or added.

    An archive by absence or by a row counts, unless a required parent is proposed for archive too. A record that was
    delivered and leaves only because its parent does counts as well: its row contradicts the loss of the parent, as
    when a file of schools or classes was cut short.
    """
    archive = (pl.col("action") == "archive").fill_null(value=False)
    going = records.states.lazy().filter(archive)
    nodes = going.select("node", "entity", "id").collect()
    found = links(records, to=ids_by_entity(nodes)) if nodes.height else pl.DataFrame(schema={"node": pl.Int64})
    with_parent = pl.Series("node", [], dtype=pl.Int64)
    if found.height:
        required = pl.col("required") & among(pl.col("old"), nodes["node"])
        with_parent = found.filter(required)["node"]
    own = pl.col("cause").is_in(_COUNTED) & ~among(pl.col("node"), with_parent)
    contradicted = pl.col("present") & pl.col("cause").is_in(_CASCADE)
    return (
        records.states.lazy()
        .filter(leaves() | comes())
        .select("node", "entity", "id", "key", "active", removed=leaves() & (own | contradicted), added=comes())
        .filter(pl.col("removed") | pl.col("added"))
        .collect()
    )


def _halved(rows: pl.DataFrame, snapshot: Snapshot, limits: Limits) -> pl.DataFrame:
    """Enrollments that are held because their class would fall to less than half."""
    members = rows.select(
        "node", "removed", "added", class_id=pl.coalesce("s.class_id", "class_id"), role=pl.coalesce("s.role", "role")
    )
    losing = members.filter("removed")["class_id"].unique()
    return halved_classes(members, snapshot.class_counts(losing), limits)


def _value(name: str) -> pl.Expr:
    """Of what is active, the stored value; of what is to be, the stored one before the proposed one."""
    stored, new = pl.col(f"s.{name}"), pl.col(name)
    return pl.when("active").then(stored).otherwise(pl.coalesce(stored, new))


@dataclass(frozen=True)
class _Groups:
    """Where records count; ``schools``: ids of the orgs that are schools, every other org counts as the district."""

    records: Records
    snapshot: Snapshot
    schools: pl.Series

    @classmethod
    def of(cls, records: Records, snapshot: Snapshot) -> _Groups:
        schools = [snapshot.schools()]
        if "Org" in records.values:
            rows = records.of("Org")
            schools[0] = minus(schools[0], rows["id"])
            schools.append(rows.filter(is_school(pl.coalesce("s.type", "type")))["id"])
        return cls(records, snapshot, pl.concat(schools))

    def of_rows(self, entity: str, rows: pl.DataFrame) -> pl.DataFrame:
        """GROUPS of records that are removed or added, with their values."""
        if entity in PEOPLE:
            out = self._through(rows, PEOPLE[entity])
        elif entity == "ClassTerm":
            named = rows.lazy().select(*_FLAGS, class_id=_value("class_id")).collect()
            out = named.join(self._classes(named["class_id"]), on="class_id", how="left").lazy()
        else:
            place = PLACE.get(entity)
            role = _value("role") if entity in ("Role", "Enrollment") else pl.lit("")
            out = rows.lazy().select(*_FLAGS, role=role, school_id=_value(place) if place else pl.lit(0, pl.Int64))
        role = pl.col("role").fill_null("") if entity in ("User", "Role", "Enrollment") else pl.lit("")
        school = pl.when(among(pl.col("school_id"), self.schools)).then("school_id").otherwise(0)
        return (
            out.with_columns(role.alias("role"), school_id=school.cast(pl.Int64))
            .select(list(GROUPS))
            .unique()
            .collect()
        )

    def _classes(self, ids: pl.Series) -> pl.DataFrame:
        """class_id and school_id of these classes."""
        here = pl.DataFrame(schema={"class_id": pl.Int64, "school_id": pl.Int64})
        if "Class" in self.records.values:
            active = self.records.states.lazy().filter(pl.col("entity") == "Class").select("id", "active")
            rows = self.records.of("Class").lazy().filter(among(pl.col("id"), ids)).join(active, on="id")
            here = rows.select(class_id="id", school_id=_value("school_id")).collect()
        rest = minus(ids, here["class_id"])
        stored = self.snapshot.school_of(rest).select(class_id="id", school_id="school_id")
        return pl.concat([here, stored])

    def _through(self, rows: pl.DataFrame, person: str) -> pl.LazyFrame:
        """Of records that count where a person does: at active roles; what is new, and has none, at proposed ones."""
        who = pl.col("id") if person == "id" else _value(person)
        named = rows.lazy().select(*_FLAGS, user_id=who).collect()
        roles = self._roles(named["user_id"].drop_nulls().unique())
        stored = roles.filter("stored").drop("stored")
        placed = pl.col("active") | among(pl.col("user_id"), stored["user_id"]).fill_null(value=False)
        by_stored = named.lazy().filter(placed).join(stored.lazy(), on="user_id", how="left")
        proposed = roles.lazy().filter(~pl.col("stored")).drop("stored")
        return pl.concat([by_stored, named.lazy().filter(~placed).join(proposed, on="user_id", how="left")])

    def _roles(self, people: pl.Series) -> pl.DataFrame:
        """user_id, role, school_id, stored: the active roles of these persons, and those that are proposed."""
        stored = self.snapshot.roles_of(people).lazy().select("user_id", "role", "org_id", stored=pl.lit(value=True))
        parts = [stored]
        if "Role" in self.records.values:
            mine = (pl.col("entity") == "Role") & pl.col("action").is_not_null() & ~pl.col("active")
            coming = self.records.states.lazy().filter(mine).select("id", "active")
            rows = (
                self.records.of("Role")
                .lazy()
                .join(coming, on="id")
                .with_columns(**{name: _value(name) for name in ("user_id", "role", "org_id")})
            )
            proposed = rows.select("user_id", "role", "org_id", stored=pl.lit(value=False))
            parts.append(proposed.filter(among(pl.col("user_id"), people)))
        org = pl.col("org_id")
        school = pl.when(among(org, self.schools)).then(org).otherwise(0)
        return pl.concat(parts).select("user_id", "role", "stored", school_id=school).unique().collect()
