"""Records that come under an id that nobody knows and are stored under another: a source that re-issues its ids, a
change of provider, an id in another spelling. They are *re-linked*: the stored record gets the new id.

A stored record of which this run delivers no live row is a candidate; an active person only if that person would leave.
Persons are matched by ``plan.person_match``; any other record by what makes it what it is (``_ALIKE``), and only where
one new and one stored record have that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from rosterkit.plan.ids import among, minus
from rosterkit.plan.merge import Desired
from rosterkit.plan.person_match import PAIRS, Candidates, Known, match_people, one_to_one
from rosterkit.plan.resolve import Resolver
from rosterkit.plan.snapshot import Snapshot, with_key_parts
from rosterkit.plan.stated_match import stated_matches
from rosterkit.roster.schema import Entity, by_name
from rosterkit.sources.base import Coverage

LINKS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,  # of the stored record
    "sourced_id": pl.String,  # the new one
}
_ALIKE: dict[str, tuple[str, ...]] = {
    "Org": ("type", "name", "identifier"),
    "AcademicSession": ("type", "title", "start_date", "end_date"),
    "Course": ("org_id", "title", "code"),
    "Class": ("school_id", "course_id", "title", "code"),
    "ClassTerm": ("class_id", "session_id"),
    "UserAttributes": ("user_id",),
    "UserProfile": ("user_id", "profile_type", "vendor_id", "username"),
    "Role": ("user_id", "org_id", "role"),
    "Enrollment": ("user_id", "class_id", "role"),
    "GuardianLink": ("guardian_id", "student_id", "asserted_by"),
    "Demographics": ("user_id",),
}
"""By entity the columns in which a new and a stored record that are the same agree."""

_NAMED_BY = {"Org": "name", "AcademicSession": "title", "Course": "title", "Class": "title"}
"""The column by which candidates are looked up; of other entities it is the first of ``_ALIKE``, a reference."""


NO_LINKS = pl.DataFrame(schema=LINKS)


@dataclass
class Relinking:
    """Finds the stored records that new rows mean.

    ``desired``: that of the whole plan. ``configured``: the sources of the workspace; records of a source that is no
    longer among them are candidates too. None: only those of the same source are.
    """

    desired: Mapping[str, tuple[Desired, ...]]
    resolver: Resolver
    configured: Collection[str] | None = None
    doubts: list[pl.DataFrame] = field(default_factory=list)
    _former: dict[str, frozenset[tuple[str, str]]] = field(default_factory=dict)

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self.resolver.snapshot

    def find(
        self, one: Desired, rows: pl.DataFrame, new: pl.Series, head: pl.DataFrame, leaving: pl.DataFrame
    ) -> pl.DataFrame:
        """LINKS of the stored records that the new ones of these rows are.

        ``new``: of each row, whether nothing is stored of it. ``head``: sourced_id and ``deleted`` of every row that
        was delivered. ``leaving``: id and sourced_id of active records that a full table lacks, or that a row deletes.
        """
        whole = one.coverage == Coverage.FULL and len(self._places(one)) == 1
        if one.entity.name == "User":
            coming = rows.filter(new)
            known = Known(one, self._snapshot, lambda: self._roles(one, coming["sourced_id"]), leaving)
            same, doubts = self._people(known, coming, lambda stored: self._candidates(one, stored, head))
            if doubts.height:
                prefix = pl.lit(f"{one.source}/{one.id_space}/")
                self.doubts.append(doubts.select("id", "reason", key=prefix + pl.col("sourced_id")))
            return same
        if whole and leaving.is_empty():
            return NO_LINKS
        coming = rows.filter(new)
        entity = one.entity
        stored = self._snapshot.rows(entity, leaving["id"]) if whole else self._stored_rows(one, coming, head)
        if stored.is_empty():
            return NO_LINKS
        same = self._same_id(entity, coming, stored) if not whole and entity.name in _NAMED_BY else NO_LINKS
        rest = coming.join(same, on="sourced_id", how="anti") if same.height else coming
        found = one_to_one(self._alike(one, rest, stored.filter(~among(pl.col("id"), same["id"]))))
        return pl.concat([same, self._of_same_terms(one, found) if entity.name == "Class" else found])

    @staticmethod
    def _people(known: Known, new: pl.DataFrame, candidates: Candidates) -> tuple[pl.DataFrame, pl.DataFrame]:
        """PAIRS of persons that are the same, and DOUBTS: first what people said, then what matches of the rest."""
        stated, unused = stated_matches(known, new, candidates)
        rest = new.filter(~among(pl.col("sourced_id"), pl.concat([stated["sourced_id"], unused["sourced_id"]])))
        same, doubts = match_people(
            known, rest, lambda stored: candidates(stored).filter(~among(pl.col("id"), stated["id"]))
        )
        return pl.concat([stated, same]), pl.concat([unused, doubts])

    def _places(self, one: Desired) -> frozenset[tuple[str, str]]:
        """Where a candidate may stand: at the own place, or where nothing of the entity is delivered any more."""
        name = one.entity.name
        if name not in self._former:
            delivered = {(d.source, d.id_space) for d in self.desired.get(name, ())}
            self._former[name] = self._snapshot.places(one.entity) - delivered
        gone = {
            place
            for place in self._former[name]
            if place[0] == one.source or (self.configured is not None and place[0] not in self.configured)
        }
        return frozenset({(one.source, one.id_space), *gone})

    def _candidates(self, one: Desired, rows: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
        """Those of the stored rows (id, key, …) that may be what comes: nothing of them was delivered."""
        live = head.filter(~pl.col("deleted"))["sourced_id"]
        parts = with_key_parts(rows.lazy()).collect()
        own = (pl.col("source") == one.source) & (pl.col("id_space") == one.id_space)
        here = own & ~pl.any_horizontal(among(pl.col("sourced_id"), s) for s in (live, one.invalid, one.outside))
        places = self._places(one) - {(one.source, one.id_space)}
        there = pl.concat_str("source", pl.lit("/"), "id_space").is_in([f"{s}/{space}" for s, space in places])
        return parts.filter(here | there)

    def _stored_rows(self, one: Desired, new: pl.DataFrame, head: pl.DataFrame) -> pl.DataFrame:
        """Active stored rows that may be among the new ones."""
        entity = one.entity
        name = _NAMED_BY.get(entity.name)
        if name:
            ids = self._snapshot.named(entity, name, new[name].drop_nulls().unique().to_list())["id"]
        else:
            column = next(c for c in entity.refs if c.name == _ALIKE[entity.name][0])
            found, _ = self.resolver.targets(column, one.source, new)
            ids = self._snapshot.children(entity, column, found[column.name].drop_nulls().unique())
        return self._candidates(one, self._snapshot.rows(entity, minus(ids)), head).filter("active")

    @staticmethod
    def _same_id(entity: Entity, new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """LINKS of records of a former source that have the same id and name: the source got another name."""
        on = ["sourced_id", _NAMED_BY[entity.name]]
        return one_to_one(new.select(on).join(stored.select("id", *on), on=on).select(list(LINKS)))

    def _alike(self, one: Desired, new: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """PAIRS of new and stored records that agree in everything that makes them what they are."""
        name = one.entity.name
        on = _ALIKE[name]
        rows = new.lazy()
        for column in one.entity.refs:
            if column.name in on:
                found, by = self.resolver.targets(column, one.source, new)
                named = found.lazy().select(*by, column.name).unique(by, keep="first", maintain_order=True)
                rows = rows.join(named, on=by, how="left", nulls_equal=len(by) > 1, maintain_order="left")
        first = pl.col(on[0]).is_not_null() & pl.col(_NAMED_BY.get(name, on[0])).is_not_null()
        left = rows.filter(first).select("sourced_id", *on)
        return left.join(stored.lazy().select("id", *on), on=on, nulls_equal=True).select(list(PAIRS)).collect()

    def _of_same_terms(self, one: Desired, found: pl.DataFrame) -> pl.DataFrame:
        """Without classes that are held in other terms: next year's class is another class."""
        tables = [d for d in self.desired.get("ClassTerm", ()) if d.source == one.source]
        if found.is_empty() or not tables:
            return found
        term = by_name("ClassTerm")
        parts = [pl.DataFrame(schema={"sourced_id": pl.String, "session_id": pl.Int64})]
        for table in tables:
            mine = table.rows.filter(among(pl.col("class"), found["sourced_id"]), ~pl.col("deleted")).collect()
            sessions, on = self.resolver.targets(term.column("session"), one.source, mine)
            parts.append(
                mine.join(sessions, on=on).select("session_id", sourced_id="class").select("sourced_id", "session_id")
            )
        new = _sets(pl.concat(parts), "sourced_id")
        ids = self._snapshot.children(term, term.column("class"), found["id"])
        old = _sets(self._snapshot.rows(term, ids).select(id="class_id", session_id="session_id"), "id")
        both = found.lazy().join(new, on="sourced_id", how="left").join(old, on="id", how="left", suffix="_stored")
        return both.filter(pl.col("sessions").eq_missing(pl.col("sessions_stored"))).select(list(LINKS)).collect()

    def _roles(self, one: Desired, people: pl.Series) -> pl.DataFrame:
        """sourced_id and role of these persons, as they are delivered."""
        parts = [pl.DataFrame(schema={"sourced_id": pl.String, "role": pl.String})]
        for table in self.desired.get("Role", ()):
            if table.source != one.source:
                continue
            rows = table.rows.filter(~pl.col("deleted"), among(pl.col("user"), people))
            if "_space_user" in rows.collect_schema().names():
                rows = rows.filter(pl.col("_space_user").fill_null("") == one.id_space)
            parts.append(rows.select(pl.col("user").alias("sourced_id"), "role").collect())
        return pl.concat(parts)


def _sets(rows: pl.DataFrame, by: str) -> pl.LazyFrame:
    """By record its sessions as a sorted list."""
    return rows.lazy().drop_nulls().group_by(by).agg(sessions=pl.col("session_id").unique().sort())
