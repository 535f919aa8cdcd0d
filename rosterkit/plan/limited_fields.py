"""What changes, held against the limits: which fields of which records count, and why they are held."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from rosterkit.plan import causes
from rosterkit.plan.causes import REASON
from rosterkit.plan.field_kinds import CLEARED, KINDS, NEW_COLUMN, percents
from rosterkit.plan.groups import Groups
from rosterkit.plan.ids import among
from rosterkit.plan.limits import Limits
from rosterkit.plan.limits_on_updates import CHANGED, OFF, may_exceed, over_the_limit, renamed, restructured
from rosterkit.plan.records import Records, links, vanished_link
from rosterkit.roster.schema import Entity, by_name


def fields_over(groups: Groups, limits: Limits, fields: pl.DataFrame, exempt: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """FOUND (``plan.limited_records``) of fields, but for what is exempt (node, field). Of several rows about one field
    of a record the first counts.

    A change that is held already, by a limit or as a case, counts too.
    """
    counts = pl.col("hold").is_null() | pl.col("hold").is_in(["limit", "case"])
    update = (pl.col("action") == "update").fill_null(value=False)
    states = groups.records.states.lazy().filter(update & counts)
    own = states.select("node", "entity", "id", "active", "unset", line="source_line")
    mine = fields.lazy().join(exempt.lazy(), on=["node", "field"], how="anti") if exempt.height else fields.lazy()
    changed = mine.join(own, on="node", maintain_order="left").collect()
    for (name,), rows in changed.partition_by("entity", as_dict=True).items():
        entity = by_name(str(name))
        people = entity.name == "User" and rows["node"].n_unique() > limits.max_renamed_people
        if people or entity.name == "Org" or may_exceed(rows, limits):
            found = _of_entity(groups, entity, rows, limits)
            if found.height:
                named, strangers = _with_cause_of_fields(groups.records, entity, found, rows)
                yield named
                if entity.name == "User" and strangers.height:
                    yield _of_strangers(groups.records, strangers, fields)
        yield _read_wrongly(entity, rows, limits)


def _of_entity(groups: Groups, entity: Entity, mine: pl.DataFrame, limits: Limits) -> pl.DataFrame:
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
        return pl.concat([found, restructured(parents, orgs, limits)])
    if entity.name != "User":
        return found
    both = rows.filter(_differs("given_name") & _differs("family_name")).select("node")
    too_many = renamed(both.lazy().join(places, on="node").collect(), limits)
    whole = mine.lazy().select("node", "field").join(too_many.lazy(), on="node").select("node", "field", "reason")
    return pl.concat([whole.collect(), found])


_KEYS = r'"(?:[^"\\]|\\.)*":'


def _new_column() -> pl.Expr:
    """Attributes, JSON objects of texts, that hold a key which they did not have."""
    new, old = (pl.col(name).fill_null("").str.extract_all(_KEYS) for name in ("after", "before"))
    return new.list.set_difference(old).list.len() > 0


def _differs(name: str) -> pl.Expr:
    """Both sides have a value, and they differ beyond case and outer spaces."""
    new, old = (pl.col(c).str.strip_chars().str.to_lowercase() for c in (name, f"s.{name}"))
    return (new != old).fill_null(value=False)


def _of_strangers(records: Records, people: pl.DataFrame, fields: pl.DataFrame) -> pl.DataFrame:
    """What refers to people (node, reason) who have the values of others: it may be the others' as well.

    A guardian link that a row took away waits for no other hold.
    """
    acting = (pl.col("action").is_not_null() & pl.col("hold").is_null() & ~vanished_link()).fill_null(value=False)
    ids = records.states.filter(among(pl.col("node"), people["node"]))["id"]
    found = links(records, to={"User": ids}).filter("required").select("node", "old", "new")
    both = pl.concat([found.select("node", user="old"), found.select("node", user="new")]).drop_nulls().unique()
    mine = both.lazy().join(people.lazy().select("reason", user="node"), on="user")
    states = records.states.lazy().filter(acting).select("node", "action")
    hit = mine.join(states, on="node").unique("node", keep="first", maintain_order=True).drop("user")
    update = pl.col("action") == "update"
    whole = hit.filter(~update).select("node", "reason", field=pl.lit(""))
    part = hit.filter(update).select("node", "reason").join(fields.lazy().select("node", "field"), on="node")
    return pl.concat([out.select("node", "field", "reason") for out in (whole, part)]).collect()


def _with_cause_of_fields(
    records: Records, entity: Entity, found: pl.DataFrame, mine: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """FOUND with the suspected cause; and node and reason of records that have the values of others."""
    held = found["field"].unique().implode()
    rows = mine.filter(pl.col("field").is_in(held))
    suspected = causes.of_fields(rows.select("node", "field", "before", "after", "line"))
    if "attributes" in suspected:
        of = rows.filter(pl.col("field") == "attributes")
        suspected["attributes"] = causes.of_attributes(of, _missing(records, entity, of)) or suspected["attributes"]
    moved = [name for name, cause in suspected.items() if cause in (causes.SHIFTED, causes.SORTED)]
    named = {name: cause for name, cause in suspected.items() if cause}
    cause = pl.col("field").replace_strict(named, default=None, return_dtype=pl.String)
    reason = pl.coalesce(pl.format(REASON, "reason", cause), "reason")
    found = _whole(found.select("node", "field", reason=reason), mine, moved)
    if causes.ENCODING in suspected.values():
        found = _misread(found, mine)
    strangers = found.filter(pl.col("field").is_in(moved)).unique("node", keep="first", maintain_order=True)
    return found, strangers.select("node", "reason")


def _missing(records: Records, entity: Entity, rows: pl.DataFrame) -> list[str]:
    """The columns that the file of these rows lacks, and that some of their records have a value in."""
    unset = int(rows["unset"].bitwise_and() or 0)  # type: ignore[arg-type] # the masks of some rows
    columns = [c for i, c in enumerate(entity.columns) if unset & (1 << i)]
    stored = records.of(entity.name).lazy().join(rows.lazy().select("id"), on="id", how="semi")
    has = stored.select(pl.col(f"s.{c.name}").is_not_null().any() for c in columns).collect()
    return [c.label for c in columns if has[f"s.{c.name}"][0]]


def _read_wrongly(entity: Entity, mine: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """FOUND of values that are the stored ones read in another encoding: each by itself is wrong, however few.

    Nothing where the limit on such fields is 100 %.
    """
    maybe = mine.filter(pl.all_horizontal(pl.col("before", "after").str.contains("[^\x00-\x7f]")))
    if maybe.is_empty():
        return pl.DataFrame(schema={"node": pl.Int64, "field": pl.String, "reason": pl.String})
    of_kind = KINDS.join(percents(limits).filter(pl.col("percent") < OFF), on="kind", how="semi")
    rows = maybe.join(of_kind.filter(pl.col("entity") == entity.name), on="field", how="semi", maintain_order="left")
    wrong = [causes.is_misread(*values) for values in rows.select("before", "after").iter_rows()]
    reason = pl.format(REASON, pl.lit("the value is the stored one with other characters"), pl.lit(causes.ENCODING))
    return rows.filter(pl.Series(wrong, dtype=pl.Boolean)).select("node", "field", reason=reason)


def _misread(found: pl.DataFrame, mine: pl.DataFrame) -> pl.DataFrame:
    """With every other value that looks misread: where a file has the wrong encoding, no field of it is right."""
    reason = str(found.filter(pl.col("reason").str.ends_with(causes.ENCODING))["reason"][0])
    rest = mine.lazy().filter(causes.misread()).select("node", "field", reason=pl.lit(reason))
    return pl.concat([found.lazy(), rest]).collect()


def _whole(found: pl.DataFrame, mine: pl.DataFrame, moved: list[str]) -> pl.DataFrame:
    """With every other changed field of records that have the values of others in a held field."""
    stand = found.lazy().filter(pl.col("field").is_in(moved)).unique("node", keep="first", maintain_order=True)
    rest = mine.lazy().select("node", "field").join(stand.select("node", "reason"), on="node")
    return pl.concat([found.lazy(), rest]).collect()
