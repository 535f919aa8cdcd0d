"""Which record a delivered reference means: the integer id, found among what is planned and what is stored.

A reference names a sourced id of its own source, or a record of the other sources by another kind of key (a number, a
username, an e-mail address). The latter is resolved against the desired state of now: one match links; none or several
is a finding, and the row is deferred.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.ids import among
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import Column, Entity, by_name

_NO_IDS = pl.DataFrame(schema={"sourced_id": pl.String, "id": pl.Int64})
_STUDENT = "student"
_MANY = 10_000  # texts from which on whole columns are quicker than Python
_STAYS = pl.col("action").ne_missing("archive") & (pl.col("active") | pl.col("present"))


def asked_by_kind(entity: Entity, names: Iterable[str]) -> list[Column]:
    """The references that rows with these columns may name by another kind of key than a sourced id of their source."""
    have = set(names)
    return [column for column in entity.refs if f"_by_{column.label}" in have]


@dataclass
class Resolver:
    """Knows every record that is planned so far, parents first, and looks the others up.

    ``planned``: by entity, source and id space, sourced_id and id; ``delivered``: the sourced ids of this run.
    ``rows``: by entity, the planned records as ``compare`` makes them. ``looked_up``: by entity, id, key and active of
    archived records that references mean.
    """

    snapshot: Snapshot
    empty: frozenset[str]  # entities of which nothing was ever stored
    planned: dict[tuple[str, str, str], pl.DataFrame] = field(default_factory=dict)
    delivered: dict[tuple[str, str, str], pl.Series] = field(default_factory=dict)
    rows: dict[str, pl.DataFrame] = field(default_factory=dict)
    looked_up: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def ids(self, target: str, source: str, id_space: str, named: pl.Series) -> pl.DataFrame:
        """sourced_id and id of the records that these texts mean, and perhaps of others."""
        planned = self.planned.get((target, source, id_space), _NO_IDS)
        if target in self.empty:
            return planned
        wanted = set(named.to_list() if named.len() < _MANY else named.unique().to_list()) - {None}
        if planned.height < _MANY:
            rest = wanted.difference(planned["sourced_id"].to_list())
        else:
            rest = set(
                pl.Series("sourced_id", list(wanted), dtype=pl.String)
                .to_frame()
                .join(planned, on="sourced_id", how="anti")["sourced_id"]
            )
        if not rest:
            return planned
        stored = self.snapshot.find(by_name(target), source, id_space, rest)
        if stored.is_empty():
            return planned
        if not stored["active"].all():
            prefix = pl.lit(f"{source}/{id_space}/")
            archived = stored.filter(~pl.col("active")).select("id", "active", key=prefix + pl.col("sourced_id"))
            self.looked_up.setdefault(target, []).append(archived)
        return pl.concat([planned, stored[["sourced_id", "id"]]])

    def targets(self, column: Column, source: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
        """What the references in this column mean: the label, what qualifies it, and the column's name with the id.

        Returns the columns to join on, too. Of a reference by another kind of key, ``_matches`` counts the records.
        """
        label, target = column.label, str(column.to)
        on = [label, *(name for name in (f"_space_{label}", f"_by_{label}") if name in rows.columns)]
        if len(on) == 1:
            found = self.ids(target, source, "", rows[label])
            return pl.DataFrame([found["sourced_id"].alias(label), found["id"].alias(column.name)]), on
        wanted = rows.lazy().select(on).drop_nulls(label).unique().collect()
        frames = [pl.DataFrame(schema={**wanted.schema, column.name: pl.Int64})]
        for part in wanted.partition_by(on[1:]) if wanted.height else ():
            space = (part[on[1]][0] if on[1].startswith("_space") else None) or ""
            kind = part[on[-1]][0] if on[-1].startswith("_by") else None
            found = (
                self._by_kind(column, source, kind, part[label])
                if kind
                else self.ids(target, source, space, part[label])
            )
            frames.append(part.join(found.rename({"sourced_id": label, "id": column.name}), on=label))
        return pl.concat(frames, how="diagonal"), on

    def _by_kind(self, column: Column, source: str, kind: str, named: pl.Series) -> pl.DataFrame:
        """sourced_id (the text that names), id (null where several match) and how many match."""
        target = str(column.to)
        values = set(named.to_list())
        stored = self.snapshot.named(by_name(target), kind, values)
        if target in self.rows:
            rows = self.rows[target]
            stored = stored.filter(~among(pl.col("id"), rows["id"]))
            value = pl.col("key").str.splitn("/", 3).struct.field("field_2") if kind == "sourced_id" else pl.col(kind)
            planned = rows.filter(_STAYS).select("id", source=pl.col("key").str.split("/").list.first(), value=value)
            stored = pl.concat([stored, planned.filter(pl.col("value").is_in(values))])
        stored = stored.filter(pl.col("source") != source)
        if column.label == _STUDENT and target == "User" and stored.height:
            stored = stored.filter(among(pl.col("id"), self._students(stored["id"])))
        found = stored.group_by(sourced_id="value").agg(pl.col("id"), _matches=pl.len())
        return found.with_columns(id=pl.when(pl.col("_matches") == 1).then(pl.col("id").list.first()))

    def _students(self, people: pl.Series) -> pl.Series:
        """Those of these persons who have an active student role in the desired state."""
        roles = self.snapshot.roles_of(people)
        if "Role" in self.rows:
            rows = self.rows["Role"]
            other = roles.select("id", "user_id", "role").filter(~among(pl.col("id"), rows["id"]))
            roles = pl.concat([other, rows.filter(_STAYS).select("id", "user_id", "role")])
        return roles.filter(pl.col("role") == _STUDENT)["user_id"]
