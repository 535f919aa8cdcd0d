"""What records list becomes records of its own: the terms of classes, the roles and profiles of users."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from providers.oneroster.rest.cells import date_text, role_word, stripped
from providers.oneroster.rest.convert import Converted, Note, derived_id
from rosterkit.sources.base import INVALID

FAMILY = ("guardian", "parent", "relative")
"""The roles of a student's people."""

_KEYS = ("_file", "_line", "_modified_at")


@dataclass(frozen=True)
class Listed:
    """The records that another collection's records list, and whose lists could be read."""

    rows: pl.DataFrame
    parents: tuple[pl.DataFrame, ...]
    notes: tuple[Note, ...] = ()
    invalid: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=INVALID))


def items(read: Converted, name: str) -> tuple[pl.DataFrame, list[Note]]:
    """One row (``item``: the id) for each reference in that list of the records that are not deleted; what was odd."""
    lists = (
        read.raw.lazy()
        .filter(~pl.col("_deleted") & ~pl.col("sourced_id").is_in(read.unread(name).implode()))
        .select("sourced_id", *_KEYS, name)
    )
    exploded = lists.explode(name, empty_as_null=False, keep_nulls=False)
    every = exploded.with_columns(item=stripped(pl.col(name).struct.field("sourcedId"))).drop(name).collect()
    blank = every.filter(pl.col("item").is_null())
    named = every.filter(pl.col("item").is_not_null())
    once = pl.struct("sourced_id", "item").is_first_distinct()
    again = named.filter(~once)
    notes = [
        Note("rest.reference-blank", name, blank.select("_line", key="sourced_id")),
        Note("rest.list-repeated", name, again.select("_line", key="sourced_id")),
    ]
    return named.filter(once), [note for note in notes if not note.rows.is_empty()]


def class_terms(classes: Converted) -> Listed:
    """The terms that each class lists."""
    found, notes = items(classes, "terms")
    rows = found.select(derived_id("sourced_id", "item").alias("sourced_id"), *_KEYS, **{"class": "sourced_id"}).hstack(
        [found["item"].alias("session")]
    )
    return Listed(rows, (_parents(classes, "terms", "class"),), tuple(notes))


def roles(users: Converted, district: str | None) -> Listed:
    """What a user is at each organisation: the ``roles`` of 1.2, or the ``role`` at each of the ``orgs`` of 1.1.

    ``district`` is the only organisation of type district: a guardian without an organisation has the role there.
    """
    stated, unread, notes = _roles_12(users)
    older, unread_older, older_notes = _roles_11(users, district)
    rows = pl.concat([stated, older], how="vertical")
    rows = rows.sort("sourced_id", pl.col("type") == "secondary").unique("sourced_id", keep="first")
    rows = rows.sort("_line", "sourced_id")
    if not users.has("roles"):
        rows = rows.drop("begin_date", "end_date", "user_profile")  # 1.1 does not have them: what is stored stays
    parents = _parents(users, "roles", "user").filter(
        ~pl.col("user").is_in(pl.concat([unread, unread_older, users.unread("role")]).implode())
    )
    return Listed(rows, (parents,), (*notes, *older_notes))


def _staying(users: Converted) -> pl.DataFrame:
    return users.raw.filter(~pl.col("_deleted"))


def _roles_12(users: Converted) -> tuple[pl.DataFrame, pl.Series, list[Note]]:
    tokens = users.collection.field("roles").tokens
    lists = _staying(users).select("sourced_id", *_KEYS, "roles")
    found = lists.explode("roles", empty_as_null=False, keep_nulls=False).unnest("roles")
    kind = stripped(pl.col("roleType")).str.to_lowercase()
    org = stripped(pl.col("org").struct.field("sourcedId"))
    profile = stripped(pl.col("userProfile"))
    found = found.with_columns(
        role_text=pl.col("role"), role=role_word(pl.col("role"), tokens), org=org, type=kind, profile=profile
    )
    rows = found.filter(pl.col("role").is_not_null() & pl.col("org").is_not_null()).select(
        derived_id("sourced_id", "org", "role").alias("sourced_id"),
        *_KEYS,
        pl.col("sourced_id").alias("user"),
        "org",
        "role",
        pl.when(pl.col("type").is_in(["primary", "secondary"])).then("type"),
        date_text(pl.col("beginDate")).alias("begin_date"),
        date_text(pl.col("endDate")).alias("end_date"),
        pl.when(pl.col("profile").is_not_null()).then(derived_id("sourced_id", "profile")).alias("user_profile"),
    )
    unread = found.filter(pl.col("role").is_null() | pl.col("org").is_null())
    notes = [Note("rest.role", "roles", unread.select("_line", key="sourced_id", value="role_text"))]
    return rows, unread["sourced_id"], notes if unread.height else []


def _roles_11(users: Converted, district: str | None) -> tuple[pl.DataFrame, pl.Series, list[Note]]:
    tokens = users.collection.field("role").tokens
    older = _staying(users).filter(pl.col("roles").list.len().fill_null(0) == 0)
    older = older.with_columns(role_text=pl.col("role"), role=role_word(pl.col("role"), tokens))
    listed = older.select("sourced_id", *_KEYS, "role", "orgs")
    listed = listed.explode("orgs", empty_as_null=False, keep_nulls=False)
    listed = listed.with_columns(org=stripped(pl.col("orgs").struct.field("sourcedId")))
    listed = listed.drop("orgs").drop_nulls("org")
    without = older.join(listed, on="sourced_id", how="anti")
    family = pl.col("role").is_in(FAMILY) & (district is not None)
    placed = without.filter(family).select("sourced_id", *_KEYS, "role", org=pl.lit(district, pl.String))
    lost = without.filter(~family.fill_null(False))
    wordless = older.filter(pl.col("role").is_null() & pl.col("role_text").is_null())
    every = pl.concat([listed, placed]).drop_nulls("role")
    rows = every.select(
        derived_id("sourced_id", "org").alias("sourced_id"),
        *_KEYS,
        pl.col("sourced_id").alias("user"),
        "org",
        "role",
        pl.lit("primary").alias("type"),
        *(pl.lit(None, pl.String).alias(name) for name in ("begin_date", "end_date", "user_profile")),
    )
    notes = [
        Note("rest.guardian-without-org", "orgs", placed.select("_line", key="sourced_id")),
        Note("rest.user-without-org", "orgs", lost.select("_line", key="sourced_id")),
        Note("rest.role", "role", wordless.select("_line", key="sourced_id")),
    ]
    unread = pl.concat([lost["sourced_id"], wordless["sourced_id"]])
    return rows, unread, [note for note in notes if not note.rows.is_empty()]


def user_profiles(users: Converted) -> Listed:
    """The profiles of users (1.2), each with its first credential; passwords are never read."""
    lists = _staying(users).select("sourced_id", *_KEYS, "userProfiles")
    found = lists.explode("userProfiles", empty_as_null=False, keep_nulls=False).unnest("userProfiles")
    credential = pl.col("credentials").list.first().struct
    found = found.with_columns(profile=stripped(pl.col("profileId")))
    rows = found.drop_nulls("profile").select(
        derived_id("sourced_id", "profile").alias("sourced_id"),
        *_KEYS,
        stripped(pl.col("profileType")).alias("profile_type"),
        stripped(pl.col("vendorId")).alias("vendor_id"),
        stripped(pl.col("applicationId")).alias("application_id"),
        stripped(pl.col("description")).alias("description"),
        stripped(credential.field("type")).alias("credential_type"),
        stripped(credential.field("username")).alias("username"),
        user="sourced_id",
    )
    rows = rows.unique("sourced_id", keep="first", maintain_order=True)
    without = found.filter(pl.col("profile").is_null())
    notes = [Note("rest.profile-id", "userProfiles", without.select("_line", key="sourced_id"))]
    parents = _parents(users, "userProfiles", "user").filter(~pl.col("user").is_in(without["sourced_id"].implode()))
    return Listed(rows, (parents,), tuple(notes) if without.height else ())


def _parents(read: Converted, name: str, label: str) -> pl.DataFrame:
    """The records whose list in that field could be read."""
    there = read.raw.filter(~pl.col("sourced_id").is_in(read.unread(name).implode()))
    return there.select("_file", "_line", **{label: "sourced_id"})
