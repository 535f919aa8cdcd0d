"""In which groups (role, school) the records that a plan changes count."""

from __future__ import annotations

from functools import cached_property

import polars as pl

from rosterkit.plan.ids import among, minus
from rosterkit.plan.limits import GROUPS, PEOPLE, PLACE
from rosterkit.plan.records import Records
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.vocabulary import is_school

_FLAGS = ("node", "active", "removed", "added")


def _value(name: str) -> pl.Expr:
    """Of what is active, the stored value; of what is to be, the stored one before the proposed one."""
    stored, new = pl.col(f"s.{name}"), pl.col(name)
    return pl.when("active").then(stored).otherwise(pl.coalesce(stored, new))


class Groups:
    """Where records count."""

    def __init__(self, records: Records, snapshot: Snapshot) -> None:
        self.records = records
        self.snapshot = snapshot

    @cached_property
    def schools(self) -> pl.Series:
        """Ids of the orgs that are schools; every other org counts as the district."""
        schools = [self.snapshot.schools()]
        if "Org" in self.records.values:
            rows = self.records.of("Org")
            schools[0] = minus(schools[0], rows["id"])
            schools.append(rows.filter(is_school(pl.coalesce("s.type", "type")))["id"])
        return pl.concat(schools)

    def of_rows(self, entity: str, rows: pl.DataFrame) -> pl.DataFrame:
        """GROUPS of records (node, active, removed, added) with their values."""
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
