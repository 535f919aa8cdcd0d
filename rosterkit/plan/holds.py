"""What holds a change directly: a person, an undo, a limit of an earlier plan, a reused id or username."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rosterkit.plan.approvals import Approved
from rosterkit.plan.fields import BITS
from rosterkit.plan.identity import USERNAME, reused_ids, taken_usernames
from rosterkit.plan.ids import NO_IDS, among, minus
from rosterkit.plan.limit_holds import NEW_HOLDS
from rosterkit.plan.records import (
    ENTITY,
    HOLD,
    KEY,
    KEY_BIT,
    KEY_FIELD,
    Records,
    bit,
    delivered_row,
    has,
    hold_fields,
    set_hold,
)
from rosterkit.plan.snapshot import Snapshot
from rosterkit.plan.stated_match import OTHER_KIND, TOO
from rosterkit.roster import findings
from rosterkit.roster.schema import by_name

_NAMES = sum(bit(by_name("User"), by_name("User").column(name)) for name in ("given_name", "family_name"))
_UNDONE = "it was undone, and the source delivers nothing new"
_MOVED = "the number of the child in this line is another child's by now"
_TAKEN = "the username is that of another person, whose name differs: was it given to somebody else?"
_ID_HELD = "the id under which it comes is held"
_REUSED = "both names and a second identifier contradict the stored person: was the id given to somebody else?"


def under_new_keys(holds: pl.DataFrame, records: Records) -> pl.DataFrame:
    """Stored holds (entity, key, …) with the keys under which their records are in this plan."""
    parts = [
        values.lazy().filter(pl.col(KEY).is_not_null()).select(entity=pl.lit(name), id="id", _old=KEY)
        for name, values in records.values.items()
        if KEY in values.columns
    ]
    if not parts or holds.is_empty():
        return holds
    keys = records.states.lazy().select(pl.col("entity").cast(pl.String), "id", _new="key")
    both = pl.concat(parts).join(keys, on=["entity", "id"]).select("entity", "_new", key="_old")
    named = holds.lazy().join(both, on=["entity", "key"], how="left", maintain_order="left")
    return named.with_columns(key=pl.coalesce("_new", "key")).drop("_new").collect()


def hold_stored(records: Records, holds: pl.DataFrame, fields: pl.DataFrame) -> Records:
    """Sets what persons, undos and the limits of earlier plans hold. ``fields``: FIELDS of the records."""
    if holds.is_empty():
        return records
    named = ("node", "entity", "key", "action", "cause", "changed")
    states = records.states.lazy().filter(pl.col("action").is_not_null()).select(*named)
    mine = holds.lazy().with_columns(pl.col("entity").cast(ENTITY)).join(states, on=["entity", "key"], suffix="_now")
    met = mine.with_columns(pl.col("action_now").cast(pl.String)).sort("hold_id").collect()
    if met.is_empty():
        return records
    records = _by_person(records, met.filter(pl.col("code") == "person"))
    records = _by_undo(records, met.filter(pl.col("code") == "undo"), fields)
    return _by_limit(records, met.filter((pl.col("code") == "limit") & (pl.col("action") == pl.col("action_now"))))


def _by_limit(records: Records, mine: pl.DataFrame) -> Records:
    """What the limits of earlier plans hold: that action, or that field whatever its value."""
    if mine.is_empty():
        return records
    counted = (pl.col("cause") != "ended").fill_null(value=True)  # what ends with its term is outside the limits
    whole = mine.filter((pl.col("field") == "") & counted).select("node", "reason")
    records = set_hold(records, whole.unique("node", keep="last", maintain_order=True), "limit")
    return hold_fields(records, _bits_of(mine.filter(pl.col("field") != "")))


def _bits_of(mine: pl.DataFrame) -> pl.DataFrame:
    """Node and bits of held fields: node, entity, field."""
    bits = mine.with_columns(pl.col("entity").cast(pl.String)).join(BITS, on=["entity", "field"])
    return bits.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32))


def _by_person(records: Records, met: pl.DataFrame) -> Records:
    """Holds that a person set: on the record, on one action of it, or on one field."""
    mine = met.filter((pl.col("action") == "") | (pl.col("action") == pl.col("action_now")))
    if mine.is_empty():
        return records
    whole = (
        mine.filter(pl.col("field") == "").select("node", "reason").unique("node", keep="first", maintain_order=True)
    )
    records = set_hold(records, whole, "person")
    return hold_fields(records, _bits_of(mine))


def _by_undo(records: Records, met: pl.DataFrame, fields: pl.DataFrame) -> Records:
    """Holds that an undo left: the very value that it reverted, or the very record that it archived or brought back."""
    if met.is_empty():
        return records
    values = met.filter(pl.col("field") != "").select("node", "field", after="value").unique()
    same = fields.join(values, on=["node", "field", "after"], how="semi", nulls_equal=True)
    undone = same.group_by("node").agg(bits=pl.col("bit").unique().sum().cast(pl.UInt32))
    whole = met.filter((pl.col("field") == "") & (pl.col("action") == pl.col("action_now")))
    rows = (
        met.lazy()
        .select("node", "changed", action="action_now")
        .unique()
        .join(undone.lazy(), on="node", how="left")
        .with_columns(pl.col("bits").fill_null(0), whole=among(pl.col("node"), whole["node"]))
        .with_columns(all=(pl.col("changed") & ~pl.col("bits")) == 0)
    )
    update = (pl.col("action") == "update") & (pl.col("bits") != 0)
    archived = (pl.col("action") == "archive") & pl.col("whole")
    held = archived | ((update | ((pl.col("action") == "restore") & pl.col("whole"))) & pl.col("all"))
    reason = pl.when(held).then(pl.lit(_UNDONE))
    found = rows.select("node", "bits", reason=reason).collect()
    return hold_fields(set_hold(records, found.select("node", "reason"), "undo"), found.select("node", "bits"))


def hold_reused_ids(
    records: Records, approved: pl.Series, overlaid: pl.Series = NO_IDS, stated: pl.Series = NO_IDS
) -> tuple[Records, pl.DataFrame]:
    """Holds persons whose id looks reused; returns the findings. ``approved``: nodes that a person approved whole.

    ``overlaid``: ids of users of whom something is not the source's (``Policy.overlaid``). ``stated``: as in
    ``identity.reused_ids``.
    """
    found = reused_ids(records, overlaid, stated)
    if found.is_empty():
        return records, findings.empty()
    # This goes before any other hold of the row: it also holds what depends on the person.
    case = among(pl.col("node"), minus(found, approved)) & pl.col("action").is_not_null()
    held = records.with_states(
        hold=pl.when(case).then(pl.lit("case", HOLD)).otherwise("hold"),
        hold_reason=pl.when(case).then(pl.lit(_REUSED)).otherwise("hold_reason"),
    )
    return held, _reported(records.states.lazy().filter(case), "identity.reused-id")


def hold_doubts(records: Records, doubts: pl.DataFrame, approved: pl.Series) -> tuple[Records, pl.DataFrame]:
    """Holds new persons who may be a stored one, and the archives of those (``Compared.doubts``); returns the findings.

    ``approved``: nodes that a person approved whole.
    """
    found = doubts.filter(~among(pl.col("node"), approved)) if approved.len() else doubts
    if found.is_empty():
        return records, findings.empty()
    moves = pl.col("action").is_in(["create", "restore", "archive"])
    named = records.states.lazy().filter(moves).select("node").join(found.lazy(), on="node").collect()
    comes = records.states.lazy().filter(pl.col("action") != "archive").join(named.lazy(), on="node")
    unused = pl.col("reason").is_in([TOO, OTHER_KIND])
    reported = [
        _reported(comes.filter(unused), "identity.unused-match"),
        _reported(comes.filter(~unused), "identity.unclear-person", "may_be"),
    ]
    return set_hold(records, named.select("node", "reason"), "case"), pl.concat(reported)


def hold_moved_names(records: Records, approved: pl.Series) -> tuple[Records, pl.DataFrame]:
    """Holds guardian links that name a child by number (or another kind of key) which is another child's by now.

    Returns the findings. ``approved``: nodes that a person approved whole.
    """
    links = records.values.get("GuardianLink", pl.DataFrame())
    if "_by_student" not in links.columns:
        return records, findings.empty()
    other = pl.col("_by_student").is_not_null() & (pl.col("student_id") != pl.col("s.student_id"))
    moved = links.lazy().filter(other).select("id")
    acting = (pl.col("entity") == "GuardianLink") & pl.col("action").is_in(["update", "restore"]) & pl.col("present")
    states = records.states.lazy().filter(acting & ~among(pl.col("node"), approved))
    found = states.join(moved, on="id", how="semi").select("node", reason=pl.lit(_MOVED)).collect()
    if found.is_empty():
        return records, findings.empty()
    reported = _reported(records.states.lazy().filter(among(pl.col("node"), found["node"])), "identity.moved-number")
    return set_hold(records, found, "case"), reported


def hold_relinked(records: Records, stated: pl.Series = NO_IDS) -> Records:
    """Holds the whole of a re-linked record whose new id is held: it may be another record.

    ``stated``: ids of users whom a person matched. Without their names such a one would be a reused id afterwards.
    """
    held = has("changed", KEY_BIT) & has("held_fields", KEY_BIT) & pl.col("hold").is_null()
    if stated.len():
        mine = (pl.col("entity") == "User") & among(pl.col("id"), stated) & pl.col("hold").is_null()
        held |= mine & has("held_fields", _NAMES)
    found = records.states.lazy().filter(held).select("node", reason=pl.lit(_ID_HELD)).collect()
    return set_hold(records, found, "dependant") if found.height else records


def hold_taken_usernames(
    records: Records, snapshot: Snapshot, approved: Approved
) -> tuple[Records, pl.DataFrame, pl.DataFrame]:
    """Holds who comes with another's username, and the field of who gets one; also those fields (NEW_HOLDS), findings.

    What a limit holds already is no case: one decision is enough.
    """
    found = taken_usernames(records, snapshot)
    if found.height and approved.rows.height:
        named = approved.rows.filter(pl.col("whole") | ((pl.col("bits") & USERNAME) != 0))["node"]
        found = found.filter(~among(pl.col("node"), named))
    if found.is_empty():
        return records, pl.DataFrame(schema=NEW_HOLDS), findings.empty()
    update = pl.col("action") == "update"
    whole, part = found.filter(~update), found.filter(update)
    held = set_hold(records, whole.select("node", reason=pl.lit(_TAKEN)), "case")
    held = hold_fields(held, part.select("node", bits=pl.lit(USERNAME, pl.UInt32)))
    states = records.states.lazy()
    fields = states.join(part.lazy().select("node"), on="node", how="semi").with_columns(
        pl.col("entity").cast(pl.String)
    )
    cases = fields.select("entity", "key", action=pl.lit("update"), field=pl.lit("username"), reason=pl.lit(_TAKEN))
    reported = _reported(states.join(found.lazy().select("node"), on="node", how="semi"), "identity.taken-username")
    return held, cases.collect(), reported


def _reported(states: pl.LazyFrame, rule: str, detail: str = "") -> pl.DataFrame:
    """The findings that these records break the rule; ``detail``: a column that says more."""
    return states.select(
        rule=pl.lit(rule),
        severity=pl.lit("error"),
        file=pl.col("source_file").fill_null(""),
        line=pl.col("source_line").fill_null(0),
        column=pl.lit(""),
        value=pl.lit(""),
        key=pl.col("key").str.splitn("/", 3).struct.field("field_2"),
        detail=pl.col(detail) if detail else pl.lit(""),
    ).collect()


@dataclass(frozen=True)
class Delivered:
    """What the full tables of this run say: ``places``, entity and "source/id space/" of each; ``unread``, keys of
    theirs that stand in rows that cannot be read.
    """

    places: frozenset[tuple[str, str]]
    unread: pl.Series

    def lacks(self) -> pl.Expr:
        """Whether the table of a record (entity, key), where it does not stand, is full."""
        place = pl.concat_str(
            pl.col("entity").cast(pl.String), pl.lit(" "), pl.col("key").str.extract("^([^/]*/[^/]*/)")
        )
        full = place.is_in([f"{entity} {prefix}" for entity, prefix in self.places])
        return full & ~pl.col("key").is_in(self.unread.implode())


def ended_holds(records: Records, holds: pl.DataFrame, delivered: Delivered) -> tuple[int, ...]:
    """Holds by a limit whose reason the source took back, and holds by an undo of which it delivers something new.

    An archive: the record is back. A create or restore: it is there after all, or a full table no longer holds it. A
    field: the delivered value is the stored one.
    """
    mine = holds.lazy().filter(pl.col("code").is_in(["limit", "undo"])) if holds.height else None
    if mine is None:
        return ()
    own = (
        "node",
        "entity",
        "id",
        "key",
        "active",
        "present",
        "deleted",
        "unset",
        "invalid",
        "changed",
        "action",
        "hold",
    )
    states = records.states.lazy().select(own).rename({"action": "now", "hold": "_hold"})
    every = mine.with_columns(pl.col("entity").cast(ENTITY)).join(states, on=["entity", "key"], how="left").collect()
    met = every.filter(pl.col("node").is_not_null())
    back = delivered_row()
    limit = pl.col("code") == "limit"
    archive = (pl.col("action") == "archive") & ((back & pl.col("now").ne_missing("archive")) | ~pl.col("active"))
    returns = pl.col("active") | (pl.col("_hold").is_null() & pl.col("now").is_not_null() & ~limit)
    restore = (pl.col("action") == "restore") & back & returns
    created = (pl.col("action") == "create") & limit & pl.col("active")
    ended = met.filter((pl.col("field") == "") & (archive | restore | created))["hold_id"].to_list()
    comes = pl.col("action").is_in(["create", "restore"]) | (pl.col("field") == KEY_FIELD)
    coming = every.filter(limit & comes)
    ended += coming.filter(~pl.col("present").fill_null(value=False) & delivered.lacks())["hold_id"].to_list()
    valued = met.filter((pl.col("field") != "") & back)
    anew = _delivered_anew(records, valued.filter(~limit))
    return tuple(sorted({*ended, *anew, *_as_stored(valued.filter(limit))}))


def _as_stored(holds: pl.DataFrame) -> list[int]:
    """Holds by a limit on a field that is delivered as it is stored."""
    named = holds.with_columns(pl.col("entity").cast(pl.String)).join(BITS, on=["entity", "field"])
    other = pl.col("unset") | pl.col("invalid") | pl.col("changed")
    return named.filter(pl.col("active") & ((other & pl.col("bit")) == 0))["hold_id"].to_list()


def _delivered_anew(records: Records, holds: pl.DataFrame) -> list[int]:
    """Holds on a reverted value whose field now has another value from the source."""
    out: list[int] = []
    for mine in holds.partition_by("entity", "field") if holds.height else ():
        name, label = str(mine["entity"][0]), str(mine["field"][0])
        entity = by_name(name)
        flag = KEY_BIT if label == KEY_FIELD else bit(entity, entity.column(label))
        delivered = mine.filter(((pl.col("unset") | pl.col("invalid")) & flag) == 0)
        keys = records.states.filter(pl.col("entity") == name).select("id", _now="key")
        values = (
            records.of(entity.name).select("id", _now=pl.col(label).cast(pl.String)) if label != KEY_FIELD else keys
        )
        met = delivered.join(values, on="id")
        out += met.filter(pl.col("_now").ne_missing(pl.col("value")))["hold_id"].to_list()
    return out
