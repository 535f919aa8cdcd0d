"""Who is who: ids and usernames that may have been given to another human. Each is a case for a person.

An id: given name, family name and a second identifier (number, state id, birth date) all contradict the stored row. Of
who has signed in, has a pinned value or was linked by hand, both names are enough where no number agrees: few guardians
have one, and old names, addresses or links would lie beside the new ones.
A username: it is or was that of another student or member of staff, whose name differs. Who signs in with it would open
the account of the other. Guardians are left out, as a family often has one username.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.policy import GUARDIAN_ROLES
from rosterkit.plan.records import ACTION, Records, bit, delivered_row, has, node
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import by_name

USERNAME = bit(by_name("User"), by_name("User").column("username"))
"""The bit of a username."""

_NONE = pl.Series("node", [], dtype=pl.Int64)


def _contradicts(name: str, stored: str = "s.") -> pl.Expr:
    """Both sides have a value, and they differ beyond case and outer spaces."""
    new, old = (pl.col(c).str.strip_chars().str.to_lowercase() for c in (name, f"{stored}{name}"))
    return (new != old).fill_null(value=False)


def reused_ids(records: Records, overlaid: pl.Series = NO_IDS, stated: pl.Series = NO_IDS) -> pl.Series:
    """Nodes of the persons whose delivered row contradicts the stored one. ``overlaid``: ids of users
    who have signed in, of whom a value is pinned, or whom a person linked by hand. ``stated``: ids of users of whom a
    person said that they come so; they are none of these.
    """
    if "User" not in records.values:
        return _NONE
    others = ~among(pl.col("id"), stated) & _contradicts("given_name") & _contradicts("family_name")
    both = records.of("User").lazy().filter(others)
    agrees = pl.any_horizontal(pl.col(name) == pl.col(f"s.{name}") for name in ("identifier", "state_id"))
    seconds = _contradicts("identifier") | _contradicts("state_id")
    names = both.select("id", second=seconds, agrees=agrees.fill_null(value=False)).collect()
    if names.is_empty():
        return _NONE
    born = pl.Series("id", [], dtype=pl.Int64)
    if "Demographics" in records.values:
        rows = records.of("Demographics").lazy().filter(_contradicts("birth_date"))
        delivered = _delivered(records, "Demographics")
        born = rows.join(delivered, on="id", how="semi").select("s.user_id").collect().to_series()
    has_more = among(pl.col("id"), overlaid) & ~pl.col("agrees")
    second = names.lazy().filter(pl.col("second") | among(pl.col("id"), born) | has_more)
    return (
        second.join(_delivered(records, "User"), on="id", how="semi")
        .select(node("User", pl.col("id")).alias("node"))
        .collect()
        .to_series()
    )


def _delivered(records: Records, entity: str) -> pl.LazyFrame:
    mine = (pl.col("entity") == entity) & pl.col("known") & delivered_row()
    return records.states.lazy().filter(mine).select("id")


def taken_usernames(records: Records, snapshot: Snapshot) -> pl.DataFrame:
    """Node and action of students and staff who get a username that another one has or had, if their names differ."""
    comes = pl.col("action").is_in(["create", "restore"])
    renamed = (pl.col("action") == "update") & has("changed", USERNAME) & ~has("held_fields", USERNAME)
    free = (pl.col("entity") == "User") & pl.col("hold").is_null() & delivered_row() & (comes | renamed)
    acting = records.states.lazy().filter(free.fill_null(value=False)).select("node", "id", "action")
    none = pl.DataFrame(schema={"node": pl.Int64, "action": ACTION})
    if "User" not in records.values:
        return none
    people = records.of("User").lazy().filter(pl.col("username").is_not_null()).join(acting, on="id")
    named = people.select("node", "id", "action", "username", "given_name", "family_name").collect()
    holders = snapshot.usernames(list(set(named["username"])))
    if holders.is_empty():
        return none
    both = named.lazy().join(holders.lazy(), on="username", suffix="_stored")
    other = both.filter(pl.col("id") != pl.col("id_stored"))
    stored = other.rename({f"{name}_stored": f"stored.{name}" for name in ("given_name", "family_name")})
    differ = _contradicts("given_name", "stored.") | _contradicts("family_name", "stored.")
    found = stored.filter(differ).select("node", "action", "id", "id_stored").collect()
    if found.is_empty():
        return none
    guardians = _guardians(records, snapshot, pl.concat([found["id"], found["id_stored"]]).unique())
    apart = ~among(pl.col("id"), guardians) & ~among(pl.col("id_stored"), guardians)
    return found.filter(apart).select("node", "action").unique("node")


def _guardians(records: Records, snapshot: Snapshot, people: pl.Series) -> pl.Series:
    """Those of these persons who have, and will have, no role but that of a guardian."""
    parts = [snapshot.roles_of(people).select("user_id", "role")]
    if "Role" in records.values:
        coming = (pl.col("entity") == "Role") & pl.col("action").is_not_null() & ~pl.col("active")
        new = records.states.lazy().filter(coming).select("id")
        rows = records.of("Role").lazy().join(new, on="id", how="semi").select("user_id", "role")
        parts.append(rows.filter(among(pl.col("user_id"), people)).collect())
    roles = (
        pl.concat(parts).group_by("user_id").agg(only=pl.col("role").is_in(GUARDIAN_ROLES).fill_null(value=False).all())
    )
    return roles.filter("only")["user_id"]
