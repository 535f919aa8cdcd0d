"""Who is whose guardian, as the ``agents`` of users state it from either side.

The standard wants both sides to list each other; servers send one side, the other or both. A link is taken from
whichever side states it, and the two statements stay apart (``asserted_by``).
"""

from __future__ import annotations

import polars as pl

from providers.oneroster.rest.cells import role_word
from providers.oneroster.rest.convert import Converted, Note, derived_id
from providers.oneroster.rest.nested_records import FAMILY, Listed, items
from rosterkit.sources.base import INVALID

# By what the user who lists is, then by what the listed one is: who asserts the link, or the rule that it breaks.
# "both" is a student who is a guardian too, "neither" such as a teacher, "unknown" one whose role could not be read,
# "missing" one who is not in this extract.
_KINDS = ("student", "guardian", "both", "neither", "unknown", "missing")
_UNCLEAR = "rest.agent-unclear"
_ASSERTED = {
    "student": ("rest.agent-students", "student", "student", "rest.agent-role", "student", "student"),
    "guardian": ("guardian", "rest.agent-guardians", "guardian", "rest.agent-role", "guardian", "guardian"),
    "both": ("guardian", "student", _UNCLEAR, "rest.agent-role", _UNCLEAR, _UNCLEAR),
    "neither": ("rest.agent-role",) * 6,
    "unknown": ("guardian", "student", _UNCLEAR, _UNCLEAR, _UNCLEAR, _UNCLEAR),
}


def guardian_links(users: Converted, *, whole: bool) -> Listed:
    """The links between guardians and students.

    ``whole``: the collection of users is complete. An agent who is not in it cannot be linked, and is a finding; in a
    set of changes the agent may be stored already, and the link is kept.
    """
    kinds = _kinds(users)
    pairs, notes = items(users, "agents")
    pairs = pairs.join(kinds, on="sourced_id", how="left", maintain_order="left")
    other = kinds.rename({"sourced_id": "item", "kind": "item_kind", "relation": "item_relation"})
    pairs = pairs.join(other, on="item", how="left", maintain_order="left")
    pairs = pairs.with_columns(pl.col("item_kind").fill_null("missing"))
    outcomes = {f"{a} {b}": word for a, row in _ASSERTED.items() for b, word in zip(_KINDS, row, strict=True)}
    outcome = pl.concat_str("kind", "item_kind", separator=" ").replace_strict(outcomes, return_dtype=pl.String)
    own = pl.col("sourced_id") == pl.col("item")
    gone = (pl.col("item_kind") == "missing") & ~outcome.str.starts_with("rest.") & whole
    asserted = (
        pl.when(own).then(pl.lit("rest.agent-self")).when(gone).then(pl.lit("rest.agent-missing")).otherwise(outcome)
    )
    pairs = pairs.with_columns(asserted=asserted)
    for (rule,), found in pairs.filter(pl.col("asserted").str.starts_with("rest.")).group_by("asserted"):
        notes.append(Note(str(rule), "agents", found.select("_line", key="sourced_id", detail="item")))
    stated = pairs.filter(~pl.col("asserted").str.starts_with("rest."))
    by_student = pl.col("asserted") == "student"
    rows = stated.select(
        derived_id("sourced_id", "item").alias("sourced_id"),
        "_file",
        "_line",
        "_modified_at",
        pl.col("asserted").alias("asserted_by"),
        pl.when(by_student).then("item").otherwise("sourced_id").alias("guardian"),
        pl.when(by_student).then("sourced_id").otherwise("item").alias("student"),
        pl.when(by_student).then("item_relation").otherwise("relation").alias("relationship"),
    )
    unknown = rows.filter(pl.col("relationship").is_null())
    invalid = unknown.select("sourced_id", "_file", "_line", column=pl.lit("relationship")).select(*INVALID)
    unclear = pairs.filter(pl.col("asserted") == _UNCLEAR)["sourced_id"]
    return Listed(rows, _parents(users, kinds, unclear), tuple(notes), invalid)


def _kinds(users: Converted) -> pl.DataFrame:
    """Each user's kind, and the first of their roles as somebody's guardian."""
    tokens = users.collection.field("role").tokens
    item = pl.element()
    listed = pl.col("roles").list.eval(role_word(item.struct.field("role"), tokens)).list.drop_nulls()
    every = pl.concat_list(listed.fill_null([]), role_word(pl.col("role"), tokens)).list.drop_nulls()
    found = users.raw.select("sourced_id", roles=every)
    student = pl.col("roles").list.contains("student")
    families = pl.col("roles").list.eval(item.filter(item.is_in(FAMILY)))
    family = families.list.len() > 0
    kind = (
        pl.when(student & family)
        .then(pl.lit("both"))
        .when(student)
        .then(pl.lit("student"))
        .when(family)
        .then(pl.lit("guardian"))
        .when(pl.col("roles").list.len() > 0)
        .then(pl.lit("neither"))
        .otherwise(pl.lit("unknown"))
    )
    known = found.select("sourced_id", kind=kind, relation=families.list.min())
    seen = users.invalid.filter(pl.col("column").is_null()).select("sourced_id").unique()  # there, and not usable
    seen = seen.join(known, on="sourced_id", how="anti")
    return pl.concat([known, seen.with_columns(kind=pl.lit("unknown"), relation=pl.lit(None, pl.String))])


def _parents(users: Converted, kinds: pl.DataFrame, unclear: pl.Series) -> tuple[pl.DataFrame, ...]:
    """Those whose list could be read and whose side is known, as students and as guardians."""
    unread = pl.concat([users.unread("agents"), unclear]).implode()
    read = users.raw.filter(~pl.col("sourced_id").is_in(unread)).join(kinds, on="sourced_id")

    def of(side: str) -> pl.DataFrame:
        there = read.filter(pl.col("kind").is_in([side, "both"]))
        return there.select("_file", "_line", asserted_by=pl.lit(side), **{side: pl.col("sourced_id")})

    return of("student"), of("guardian")
