"""New ids of which a person said whose they are (``rosterkit match``): these pairs go before the tiers of
``plan.person_match``, and the names may differ.

A stated match is not used where the two are not of one kind, or where the stored person may be delivered too: then the
new person waits (a doubt), and nobody is re-linked.
"""

from __future__ import annotations

import polars as pl

from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.person_match import DOUBTS, PAIRS, Candidates, Known, kind_of_role
from rosterkit.plan.records import KEY, Records
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Coverage

TOO = "a person said which stored person this is, but that one is delivered too, or may be: the match is not used"
OTHER_KIND = (
    "a person said which stored person this is, but the kinds (student, guardian, staff) differ: it is not used"
)


def stated_matches(known: Known, new: pl.DataFrame, candidates: Candidates) -> tuple[pl.DataFrame, pl.DataFrame]:
    """PAIRS of new rows and stored persons that somebody said are the same; DOUBTS of those that cannot be used."""
    stated = known.snapshot.matches()
    if stated.is_empty():
        return pl.DataFrame(schema=PAIRS), pl.DataFrame(schema=DOUBTS)
    key = pl.lit(f"{known.desired.source}/{known.desired.id_space}/") + pl.col("sourced_id")
    pairs = new.lazy().select("sourced_id", key=key).join(stated.lazy(), on="key").select(list(PAIRS)).collect()
    if pairs.is_empty():
        return pairs, pl.DataFrame(schema=DOUBTS)
    stored = candidates(known.snapshot.rows(by_name("User"), pairs["id"]))
    # What cannot be read of a partial table may be the row of the stored person.
    certain = pl.lit(known.desired.coverage != Coverage.PARTIAL) | ~pl.col("active")
    free = among(pl.col("id"), stored.filter(certain)["id"])
    both = pairs.join(_of_one_kind(known, pairs), on=list(PAIRS), how="left")
    reason = pl.when(~free).then(pl.lit(TOO)).when(pl.col("alike").is_null()).then(pl.lit(OTHER_KIND))
    judged = both.with_columns(reason=reason)
    return (
        judged.filter(pl.col("reason").is_null()).select(list(PAIRS)),
        judged.filter(pl.col("reason").is_not_null()).select(list(DOUBTS)),
    )


def _of_one_kind(known: Known, pairs: pl.DataFrame) -> pl.DataFrame:
    """Those of the pairs of a student and a student, and so on, with ``alike``."""
    coming = known.roles().lazy().drop_nulls().select("sourced_id", kind_of_role())
    stored = known.snapshot.roles_of(pairs["id"], archived=True).lazy().select(kind_of_role(), id="user_id")
    both = pairs.lazy().join(coming, on="sourced_id").join(stored, on=["id", "kind"])
    return both.select(*PAIRS, alike=pl.lit(value=True)).unique().collect()


def stated_users(records: Records, stated: pl.DataFrame) -> pl.Series:
    """Ids of the users whom these records re-link as somebody said (MATCHES)."""
    users = records.values.get("User")
    if stated.is_empty() or users is None or KEY not in users.columns:
        return NO_IDS
    return users.filter(pl.col(KEY).is_not_null()).join(stated, on=["id", "key"], how="semi")["id"]
