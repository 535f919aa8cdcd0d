"""What policy keeps from a sync: records of roles that a source does not manage or of schools for which it is disabled,
and the contact details of people who have signed in.

A record is kept by a hold. A value is kept by a pin: the store takes what the source delivered, and the pin lies over
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from rosterkit.plan.changes import PINS, Changes
from rosterkit.plan.fields import text
from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.policy import CONTACT_FIELDS, GUARDIAN_ROLES, PolicySettings, rule
from rosterkit.plan.records import Records, set_hold, vanished_link
from rosterkit.plan.snapshot import Snapshot, with_key_parts
from rosterkit.roster.schema import by_name

PINNED: dict[str, type[pl.DataType]] = {
    "pin_id": pl.Int64,
    "entity": pl.String,
    "record": pl.Int64,
    "field": pl.String,
    "value": pl.String,
    "value_id": pl.Int64,
    "code": pl.String,
}
"""The pins in force, as planning needs them."""
_CONTACT = "contact.after-sign-in"
_OWNED = f"the policy lets the sync update it ({_CONTACT})"
_ANOTHER = "the id is another person's now, as somebody approved"


@dataclass(frozen=True)
class Policy:
    """The settings of the policy and the facts that it asks for.

    ``signed_in``: ids of users. ``linked``: ids of users whom a person linked by hand. ``schools``: id and sourced_id
    of organisations. ``manages``, by source: the roles that it manages; a source that is missing manages all.
    ``disabled``, by source: ids of schools. ``additions_only``: why nothing is updated or archived in this plan; ""
    where that is allowed.
    """

    settings: PolicySettings = field(default_factory=PolicySettings)
    signed_in: pl.Series = field(default_factory=lambda: pl.Series("id", [], pl.Int64))
    linked: pl.Series = field(default_factory=lambda: pl.Series("id", [], pl.Int64))
    pins: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PINNED))
    schools: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"id": pl.Int64, "sourced_id": pl.String})
    )
    manages: Mapping[str, frozenset[str]] = field(default_factory=dict)
    disabled: Mapping[str, frozenset[int]] = field(default_factory=dict)
    additions_only: str = ""

    @property
    def overlaid(self) -> pl.Series:
        """Ids of users of whom something is not the source's: they have signed in, a value is pinned, or a person
        linked them.
        """
        pinned = self.pins["record"].filter(self.pins["entity"] == "User").alias("id")
        return pl.concat([self.signed_in, pinned, self.linked]).unique()


NO_POLICY = Policy()
"""No fact: nothing is kept."""


def apply_policy(records: Records, policy: Policy, snapshot: Snapshot) -> Records:
    """Holds what the sync may not change."""
    if policy.additions_only:
        # A link between a guardian and a student that the source took away waits for nothing.
        other = pl.col("action").is_in(["update", "archive"]) & ~vanished_link()
        found = records.states.lazy().filter(other).select("node", reason=pl.lit(policy.additions_only)).collect()
        records = set_hold(records, found, "policy")
    for source, roles in policy.manages.items():
        found = _not_managed(records, source, roles, snapshot)
        reason = pl.lit(f"{source} does not manage this role (source.manages)")
        records = set_hold(records, found.select("node", reason=reason), "policy")
    for source, schools in policy.disabled.items():
        found = _at_schools(records, source, pl.Series("id", sorted(schools), pl.Int64), snapshot)
        reason = pl.lit(f"{source} is disabled for this school (source.disabled)")
        records = set_hold(records, found.select("node", reason=reason), "policy")
    return records


def _acting(records: Records, source: str, entity: str) -> pl.DataFrame:
    """node, action and values of an entity's records of that source that have an action."""
    mine = pl.col("action").is_not_null() & pl.col("key").str.starts_with(f"{source}/")
    states = records.states.lazy().filter((pl.col("entity") == entity) & mine).select("node", "id", "action").collect()
    if states.is_empty() or entity not in records.values:
        return pl.DataFrame()
    return states.join(records.of(entity), on="id")


def _roles(users: pl.Series, snapshot: Snapshot) -> pl.DataFrame:
    """user_id, and the list of ``roles``."""
    return snapshot.roles_of(users).group_by("user_id").agg(roles=pl.col("role").unique())


def _not_managed(records: Records, source: str, roles: frozenset[str], snapshot: Snapshot) -> pl.DataFrame:
    """Nodes of archives of people, roles, enrollments and links whose role the source does not manage."""
    parts = [pl.DataFrame(schema={"node": pl.Int64})]
    for entity in ("Role", "Enrollment"):
        rows = _acting(records, source, entity)
        if rows.height:
            other = (pl.col("action") == "archive") & ~pl.col("s.role").is_in(roles)
            parts.append(rows.filter(other).select("node"))
    links = _acting(records, source, "GuardianLink")
    if links.height and not roles & set(GUARDIAN_ROLES):
        parts.append(links.filter(pl.col("action") == "archive").select("node"))
    users = _acting(records, source, "User")
    if users.height:
        gone = users.filter(pl.col("action") == "archive")
        of = _roles(gone["id"], snapshot)
        strangers = of.filter(pl.col("roles").list.set_intersection(sorted(roles)).list.len() == 0)["user_id"]
        parts.append(gone.filter(pl.col("id").is_in(strangers.implode())).select("node"))
    return pl.concat(parts)


def _at_schools(records: Records, source: str, schools: pl.Series, snapshot: Snapshot) -> pl.DataFrame:
    """Nodes of the source's records at these schools."""
    here = schools.implode()
    parts = [pl.DataFrame(schema={"node": pl.Int64})]
    roles = _acting(records, source, "Role")
    users = _acting(records, source, "User")
    people = pl.Series("id", [], pl.Int64)
    if roles.height:
        mine = roles.filter(pl.any_horizontal(pl.col("org_id", "s.org_id").is_in(here)))
        parts.append(mine.select("node"))
        people = mine["user_id"].alias("id")
    if users.height:
        known = snapshot.roles_of(users["id"])
        people = pl.concat([people, known.filter(pl.col("org_id").is_in(here))["user_id"].alias("id")]).drop_nulls()
        parts.append(users.filter(pl.col("id").is_in(people.implode())).select("node"))
    for entity, own in (("Class", "school_id"), ("Enrollment", "school_id")):
        rows = _acting(records, source, entity)
        if rows.height:
            there = pl.any_horizontal(pl.col(own, f"s.{own}").is_in(here))
            parts.append(rows.filter(there.fill_null(value=False)).select("node"))
    links = _acting(records, source, "GuardianLink")
    if links.height:
        students = pl.concat([links["student_id"], links["s.student_id"]]).drop_nulls().unique()
        known = snapshot.roles_of(students)
        at = pl.concat([people, known.filter(pl.col("org_id").is_in(here))["user_id"].alias("id")]).implode()
        either = pl.any_horizontal(pl.col("student_id", "s.student_id").is_in(at)).fill_null(value=False)
        parts.append(links.filter(either).select("node"))
    return pl.concat(parts).unique()


def pins_of(
    changes: Changes, policy: Policy, snapshot: Snapshot, others: pl.Series = NO_IDS
) -> dict[str, pl.DataFrame]:
    """The ``pins`` part of a plan.

    Values that policy keeps from now on, pins that go on lying over a delivered value, and pins of the policy that its
    settings no longer want. ``others``: ids of users who become another person: no pin of the earlier one stays.
    """
    parts: dict[str, list[pl.DataFrame]] = {}
    for name, update in changes.update.items() if policy.pins.height else ():
        going = update.filter(pl.col("hold").is_null())
        pinned = policy.pins.filter(pl.col("entity") == name)
        if going.height and pinned.height:
            parts.setdefault(name, []).append(_keeping(going, pinned))
    users = changes.update.get("User")
    new = _contacts(users, policy, snapshot, others)
    lifted = _lifted(users, _no_longer_wanted(policy, snapshot, others), _OWNED, snapshot)
    mine = (pl.col("entity") == "User") & among(pl.col("record"), others)
    ended = _lifted(users, policy.pins.filter(mine), _ANOTHER, snapshot)
    parts.setdefault("User", []).extend(frame for frame in (new, lifted, ended) if frame is not None)
    whole = {name: _with_lift(pl.concat(frames)) for name, frames in parts.items() if frames}
    return {name: frame for name, frame in whole.items() if frame.height}


def _with_lift(frame: pl.DataFrame) -> pl.DataFrame:
    """A pin that is lifted is not kept as well."""
    lifted = frame.filter(pl.col("op") == "lift")
    return pl.concat([frame.join(lifted, on=["id", "field"], how="anti"), lifted]).sort("sourced_id", "field")


def _keeping(update: pl.DataFrame, pinned: pl.DataFrame) -> pl.DataFrame:
    own = pinned.select("value", "value_id", "code", "pin_id", "field", id="record")
    met = update.join(own, on=["id", "field"])
    reason = (
        pl.when(pl.col("code") == "person").then(pl.lit("a person pinned this value")).otherwise(pl.lit(_kept_reason()))
    )
    return met.with_columns(op=pl.lit("keep"), before="value", reason=reason).select(list(PINS))


def _kept_reason() -> str:
    return f"{rule(_CONTACT).sentence} ({_CONTACT})"


def _owned_by_sync(users: pl.Series, policy: Policy, snapshot: Snapshot) -> pl.DataFrame:
    """user_id, ``contact`` (a guardian or member of staff), ``owns`` (the sync updates its contact details)."""
    settings = policy.settings
    owns = {school: own.sync_updates_active_contacts for school, own in settings.schools.items()}
    default = settings.sync_updates_active_contacts
    ids = policy.schools.filter(pl.col("sourced_id").is_in(list(owns)))
    by_id = {i: owns[key] for i, key in ids.select("id", "sourced_id").iter_rows()}
    value = pl.col("org_id").replace_strict(by_id, default=default, return_dtype=pl.Boolean)
    roles = snapshot.roles_of(users)
    return roles.group_by("user_id").agg(contact=(pl.col("role") != "student").all(), owns=value.all())


def _contacts(
    update: pl.DataFrame | None, policy: Policy, snapshot: Snapshot, others: pl.Series
) -> pl.DataFrame | None:
    """Contact details of people who have signed in that the source changes and the policy keeps."""
    if update is None or policy.signed_in.is_empty():
        return None
    mine = update.filter(
        pl.col("hold").is_null()
        & pl.col("field").is_in(CONTACT_FIELDS)
        & pl.col("id").is_in(policy.signed_in.implode())
        & ~among(pl.col("id"), others)
    )
    if mine.is_empty():
        return None
    of = _owned_by_sync(mine["id"].unique(), policy, snapshot).filter(pl.col("contact") & ~pl.col("owns"))
    pinned = policy.pins.filter(pl.col("entity") == "User").select("field", id="record")
    kept = mine.join(of, left_on="id", right_on="user_id", how="semi").join(pinned, on=["id", "field"], how="anti")
    return kept.with_columns(
        op=pl.lit("set"),
        value="before",
        value_id=pl.lit(None, pl.Int64),
        code=pl.lit(_CONTACT),
        reason=pl.lit(_kept_reason()),
        pin_id=pl.lit(None, pl.Int64),
    ).select(list(PINS))


def _no_longer_wanted(policy: Policy, snapshot: Snapshot, others: pl.Series) -> pl.DataFrame:
    """Pins of the policy on people whose contact details the sync owns by now."""
    mine = (pl.col("entity") == "User") & (pl.col("code") == _CONTACT) & ~among(pl.col("record"), others)
    pins = policy.pins.filter(mine)
    if pins.is_empty():
        return pins
    of = _owned_by_sync(pins["record"].unique(), policy, snapshot).filter("owns")
    return pins.join(of, left_on="record", right_on="user_id", how="semi")


def _lifted(update: pl.DataFrame | None, gone: pl.DataFrame, reason: str, snapshot: Snapshot) -> pl.DataFrame | None:
    """These pins on users, lifted: what is stored, or will be, counts again."""
    if gone.is_empty():
        return None
    rows = snapshot.rows(by_name("User"), gone["record"].unique())
    columns = [column for column in by_name("User").columns if column.label in set(gone["field"])]
    stored = rows.select("id", "key", *(text(c, c.name).alias(c.label) for c in columns))
    long = stored.unpivot(index=["id", "key"], variable_name="field", value_name="after")
    if update is not None:
        new = update.filter(pl.col("hold").is_null()).select("id", "field", _new="after", _hit=pl.lit(value=True))
        long = long.join(new, on=["id", "field"], how="left").with_columns(
            after=pl.when("_hit").then("_new").otherwise("after")
        )
    keys = rows.select("id", "key")
    met = gone.join(keys, left_on="record", right_on="id").join(
        long.drop("key"), left_on=["record", "field"], right_on=["id", "field"], how="left"
    )
    lifted = met.with_columns(id="record", op=pl.lit("lift"), before="value", reason=pl.lit(reason))
    return with_key_parts(lifted.lazy()).select(list(PINS)).collect()
