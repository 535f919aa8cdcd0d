"""Which stored person a new row means, in tiers (docs/architecture.md, "Identity"): the first tier that finds
somebody decides.

1. the same id in another spelling, with both names; 2. another id of the person; 3. the number; 4. the state id;
5. the e-mail address, with both names; 6. a telephone number, with both names. A surname with an address that a family
shares finds nobody.

Only persons of the same kind (student, guardian, staff) match. Where the number or another id is that of a stored
person and the names differ, or where several persons match, nothing is decided: it is a *doubt*, a case for a person.
So it is where an address or a telephone is the same and the given names only share a part (brothers and sisters), and
where what is no full table brings somebody who is stored and did not leave.
Another family name alone is no doubt where the e-mail address or the state id is the same. Where doubts are the most,
the package may be another district's, and whose names agree by chance is a doubt as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from rosterkit.plan.ids import among, minus
from rosterkit.plan.merge import Desired
from rosterkit.plan.policy import GUARDIAN_ROLES
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Coverage

__all__ = [
    "BETWEEN",
    "DOUBTS",
    "NAMES",
    "PAIRS",
    "Candidates",
    "Known",
    "kind_of_role",
    "kinds",
    "match_people",
    "one_to_one",
    "stored_ids",
]

PAIRS: dict[str, type[pl.DataType]] = {
    "id": pl.Int64,  # of a stored record
    "sourced_id": pl.String,  # of a new one
}
DOUBTS: dict[str, type[pl.DataType]] = PAIRS | {"reason": pl.String}

OTHER_NAME = "a stored person has this number or id, and the names differ: is it the same person?"
PART_OF_NAME = "a stored person has this e-mail address or telephone and nearly this name: is it the same person?"
STILL_THERE = "a stored person who has not left is the same by number, id or address: is it the same person?"
SEVERAL = "several persons may be the one who is stored: which of them is it?"

STRANGERS = "of most who have a stored person's number or address the names differ: are they of another district?"

NAMES, BETWEEN = "Stored: ", "; "
"""What stands before and between the stored persons whom a finding names."""

_FEW = 5  # doubts from which on, where they are the most, nobody else is matched either
_USER = by_name("User")
_SPELLING, _ADDRESS, _TELEPHONE = 1, 5, 6
_TIERS = {"user_master_identifier": 2, "sourced_id": 2, "identifier": 3, "state_id": 4, "email": _ADDRESS}
_TIERS |= {"phone": _TELEPHONE, "sms": _TELEPHONE}
"""By the stored column that is looked up, the tier."""

_OTHER_ID = re.compile(r"^\{[^:]*:|\}$")
"""What stands around an id in ``user_ids``: {LDAP:maya.o} is maya.o."""

_CERTAIN = ("state_id", "email")
"""One of these in common makes up for another family name."""

Candidates = Callable[[pl.DataFrame], pl.DataFrame]
"""Those of stored rows (id, key, …) that may be matched."""


@dataclass(frozen=True)
class Known:
    """What is known beside the new rows of one table of persons. ``roles``: reads sourced_id and role, as delivered;
    asked only where somebody may match. ``leaving``: id and sourced_id of active persons who would leave.
    """

    desired: Desired
    snapshot: Snapshot
    roles: Callable[[], pl.DataFrame]
    leaving: pl.DataFrame


def match_people(known: Known, new: pl.DataFrame, candidates: Candidates) -> tuple[pl.DataFrame, pl.DataFrame]:
    """PAIRS of new rows and stored persons that are the same, and DOUBTS."""
    found = {*_by_spelling(new, known.leaving), *_by_values(known.snapshot, new)}
    nothing = pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=DOUBTS)
    if not found:
        return nothing
    pairs = pl.DataFrame(sorted(found), schema=PAIRS | {"tier": pl.Int8}, orient="row")
    stored = candidates(known.snapshot.rows(_USER, minus(pairs["id"])))
    here = known.desired.source, known.desired.id_space
    gone = (pl.col("source") != here[0]) | (pl.col("id_space") != here[1])
    stays = pl.col("active") & ~gone & ~among(pl.col("id"), known.leaving["id"])
    stored = stored.with_columns(stays=stays).filter(~pl.col("stays") | (known.desired.coverage != Coverage.FULL))
    if stored.is_empty():
        return nothing
    names = ("given_name", "family_name", *_CERTAIN)
    rows = stored.lazy().select("id", "active", "stays", *(pl.col(name).alias(f"s.{name}") for name in names))
    both = pairs.lazy().join(rows, on="id").join(new.lazy().select("sourced_id", *names), on="sourced_id").collect()
    both = _of_same_kind(known, both)
    if both.is_empty():
        return nothing
    return _decided(both.with_columns(_verdict()).filter(pl.col("verdict").is_not_null()))


def one_to_one(pairs: pl.DataFrame) -> pl.DataFrame:
    """The pairs whose records are in no other pair."""
    if pairs.height < 2:
        return pairs
    return pairs.filter(pl.len().over("id") == 1, pl.len().over("sourced_id") == 1)


def _by_spelling(new: pl.DataFrame, leaving: pl.DataFrame) -> list[tuple[int, str, int]]:
    """Pairs and tier of ids that differ in case, outer spaces or leading zeros only."""
    keys: dict[str, list[str]] = {}
    for key in new["sourced_id"] if leaving.height else ():
        keys.setdefault(_folded(key), []).append(key)
    old = zip(leaving["id"], leaving["sourced_id"], strict=True)
    return [(record, key, _SPELLING) for record, text in old for key in keys.get(_folded(text), ())]


def _folded(sourced_id: str) -> str:
    return sourced_id.strip().casefold().lstrip("0")


def _by_values(snapshot: Snapshot, new: pl.DataFrame) -> list[tuple[int, str, int]]:
    """Pairs and tier of persons, archived ones too, who have a value of the new rows."""
    keys: dict[str, dict[str, list[str]]] = {kind: {} for kind in _TIERS}
    for kind, mine in keys.items():
        for key, value in _other_ids(new) if kind == "sourced_id" else zip(new["sourced_id"], new[kind], strict=True):
            if value is not None:
                mine.setdefault(value, []).append(key)
    met = snapshot.having(_USER, {kind: list(mine) for kind, mine in keys.items() if mine})
    return [(record, key, _TIERS[kind]) for record, kind, value in met.iter_rows() for key in keys[kind][value]]


def _other_ids(new: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """sourced_id and value of the ids that the rows state: by one of them another provider, or the same source under
    another name, knows the person.
    """
    for key, text in zip(new["sourced_id"], new["user_ids"], strict=True):
        yield key, key
        for value in json.loads(text) if text else ():
            yield key, _OTHER_ID.sub("", value)


def kinds(roles: Iterable[str]) -> frozenset[str]:
    """What a person with these roles is: student, guardian, staff."""
    return frozenset(pl.DataFrame({"role": list(roles)}, schema={"role": pl.String}).select(kind_of_role())["kind"])


def stored_ids(detail: str) -> tuple[str, ...]:
    """The sourced ids of stored persons that a finding of ``identity.unclear-person`` names."""
    return tuple(detail.removeprefix(NAMES).split(BETWEEN)) if detail.startswith(NAMES) else ()


def kind_of_role() -> pl.Expr:
    """What a person with this role is: student, guardian or staff."""
    guardian = pl.col("role").is_in(GUARDIAN_ROLES)
    other = pl.when(guardian).then(pl.lit("guardian")).otherwise(pl.lit("staff"))
    return pl.when(pl.col("role") == "student").then(pl.lit("student")).otherwise(other).alias("kind")


def _of_same_kind(known: Known, both: pl.DataFrame) -> pl.DataFrame:
    """The pairs of a student and a student, and so on; where no role was delivered, both names must agree."""
    coming = known.roles().lazy().drop_nulls().select("sourced_id", kind_of_role()).unique()
    stored = known.snapshot.roles_of(both["id"].unique(), archived=True).lazy()
    old = stored.select(kind_of_role(), id="user_id").unique()
    alike = both.lazy().select(*PAIRS).unique().join(coming, on="sourced_id").join(old, on=["id", "kind"])
    same = both.lazy().join(alike, on=list(PAIRS), how="semi")
    unknown = both.lazy().join(coming, on="sourced_id", how="anti").filter(_both_names())
    return pl.concat([same, unknown]).collect()


def _tokens(name: str) -> pl.Expr:
    """The parts of a name without accents, case and signs."""
    plain = pl.col(name).str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    return plain.str.extract_all(r"[\p{L}\p{N}]+")


def _agree(name: str) -> pl.Expr:
    """Whether two names share a part, or one begins as the other does: null where one is missing."""
    new, old = _tokens(name), _tokens(f"s.{name}")
    begin, end = new.list.first(), old.list.first()
    alike = begin.str.starts_with(end) | end.str.starts_with(begin)
    return (new.list.set_intersection(old).list.len() > 0) | alike.fill_null(value=False)


def _both_names() -> pl.Expr:
    return (_agree("given_name") & _agree("family_name")).fill_null(value=False)


def _same_letters(name: str) -> pl.Expr:
    return (_tokens(name).list.join("") == _tokens(f"s.{name}").list.join("")).fill_null(value=False)


def _verdict() -> pl.Expr:
    """Same, or the reason of a doubt; null: another person. An archived person whose number is another's now is none,
    nor is one who stays, unless all else says that it is the same.
    """
    by_names = pl.col("tier").is_in([_SPELLING, _ADDRESS, _TELEPHONE])
    other_state = (pl.col("state_id") != pl.col("s.state_id")).fill_null(value=False)
    given, family = (_agree(name).fill_null(value=True) for name in ("given_name", "family_name"))
    certain = pl.any_horizontal(pl.col(name) == pl.col(f"s.{name}") for name in _CERTAIN).fill_null(value=False)
    same = given & (family | certain) & ~other_state
    family_has_it = pl.col("tier").is_in([_ADDRESS, _TELEPHONE]) & ~_same_letters("given_name")
    return (
        pl.when((by_names & ~_both_names()) | (pl.col("stays") & (~same | family_has_it)))
        .then(None)
        .when("stays")
        .then(pl.lit(STILL_THERE))
        .when(same & ~family_has_it)
        .then(pl.lit("same"))
        .when("active")
        .then(pl.when(same).then(pl.lit(PART_OF_NAME)).otherwise(pl.lit(OTHER_NAME)))
        .alias("verdict")
    )


def _decided(both: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """PAIRS and DOUBTS of pairs with tier, active and verdict: the first tier of each new row, active persons first."""
    first = both.lazy().filter(pl.col("tier") == pl.col("tier").min().over("sourced_id"))
    first = first.filter(pl.col("active") == pl.col("active").max().over("sourced_id")).unique([*PAIRS, "verdict"])
    rows = first.collect()
    same = rows.filter(pl.col("verdict") == "same")
    clear = one_to_one(rows.select(list(PAIRS)))
    found = same.join(clear, on=list(PAIRS), how="semi").select(list(PAIRS)).sort("sourced_id")
    rest = rows.filter(~among(pl.col("sourced_id"), found["sourced_id"]), pl.col("active"))
    several = pl.when(pl.col("verdict") == "same").then(pl.lit(SEVERAL)).otherwise("verdict")
    doubts = rest.select(*PAIRS, reason=several).unique(list(PAIRS))
    if doubts["sourced_id"].n_unique() > max(found.height, _FEW):
        doubts = pl.concat([doubts, found.with_columns(reason=pl.lit(STRANGERS))])
        found = found.clear()
    return found, doubts.sort(list(PAIRS))
