"""Findings about references: what a delivered row refers to and is not there, or leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import polars as pl

from rosterkit.plan.records import bit, has, node
from rosterkit.plan.resolve import Resolver
from rosterkit.roster import findings
from rosterkit.roster.findings import FINDINGS
from rosterkit.roster.schema import Column, Entity

REPORT: dict[str, type[pl.DataType]] = {
    "node": pl.Int64,
    "label": pl.String,
    "rule": pl.String,
    "value": pl.String,  # the id that is missing; "" where it is no id
    "detail": pl.String,
}
"""What is wrong with one reference of one record, before it is a finding."""

_NEAR = 2_000  # ids among which a near one is looked for
_PEOPLE = ("User", "UserProfile")  # whose ids are mostly numbers, each near to many others
_ASKED = 20  # missing ids of one column for which it is


def nothing() -> pl.DataFrame:
    """No reports."""
    return pl.DataFrame(schema=REPORT)


def missing(entity: Entity, source: str, rows: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    """REPORT of the dangling references of compared rows of one source; ``rows`` as ``compare`` makes them."""
    if not rows["dangling"].max():
        return nothing()
    out = [nothing()]
    for column in entity.refs:
        lost = rows.filter(has("dangling", bit(entity, column)) & pl.col("present"))
        if lost.height:
            out.append(_report(column, source, lost.with_columns(node=node(entity.name, pl.col("id"))), resolver))
    return pl.concat(out)


def _report(column: Column, source: str, lost: pl.DataFrame, resolver: Resolver) -> pl.DataFrame:
    label = column.label
    by, matches = f"_by_{label}", f"_matches_{label}"
    by_id = lost.filter(pl.col(by).is_null()) if by in lost.columns else lost
    near = _nearest(column, source, by_id[label], resolver)
    known = pl.col(label).replace_strict(near, default=None, return_dtype=pl.String)
    known = pl.when(known.is_not_null()).then(pl.format('; the nearest known id is "{}"', known)).otherwise(pl.lit(""))
    same = {"label": pl.lit(label), "node": pl.col("node")}
    what = pl.lit(f"no {label} has this id")
    out = by_id.select(**same, rule=pl.lit("reference.missing"), value=label, detail=pl.concat_str(what, known))
    if by not in lost.columns:
        return out.select(list(REPORT))
    none = pl.col(matches).is_null()
    others = lost.filter(pl.col(by).is_not_null()).select(
        **same,
        rule=pl.when(none).then(pl.lit("reference.no-match")).otherwise(pl.lit("reference.ambiguous")),
        value=pl.lit(""),  # a number or an address is personal
        detail=pl.format("{} records match by {}", pl.col(matches).fill_null(0), by),
    )
    return pl.concat([out.select(list(REPORT)), others.select(list(REPORT))])


def _nearest(column: Column, source: str, lost: pl.Series, resolver: Resolver) -> dict[str, str]:
    """Of the first missing ids, the known one that is nearest: the same but for case or spaces, else by its letters."""
    target = str(column.to)
    texts = sorted(set(lost.drop_nulls().to_list()))[:_ASKED]
    forms = {form for text in texts for form in (text.strip(), text.lower(), text.upper())}
    known = forms & set(resolver.ids(target, source, "", pl.Series(sorted(forms), dtype=pl.String))["sourced_id"])
    delivered = resolver.delivered.get((target, source, ""))
    if delivered is not None and delivered.len() <= _NEAR and target not in _PEOPLE:
        known |= set(delivered.to_list())
    folded = {text.strip().casefold(): text for text in sorted(known)}
    near = {}
    for text in texts:
        found = folded.get(text.strip().casefold()) or next(iter(get_close_matches(text, sorted(known), 1, 0.75)), None)
        if found:
            near[text] = found
    return near


def as_findings(
    reports: Iterable[pl.DataFrame], states: pl.DataFrame, waiting: pl.DataFrame, names: Mapping[str, Mapping[str, str]]
) -> pl.DataFrame:
    """FINDINGS of these reports. ``waiting``: node and how many records wait for that one.

    ``names``: by source, what it calls a column ("Entity.label").
    """
    found = pl.concat([nothing(), *reports])
    if found.is_empty():
        return findings.empty()
    called = [
        (*home.split("."), source, name) for source, of in names.items() for home, name in of.items() if "." in home
    ]
    headings = pl.DataFrame(called, schema=["_entity", "label", "_source", "_name"], orient="row") if called else None
    rows = found.lazy().join(
        states.lazy().select("node", "entity", "key", "source_file", "source_line"),
        on="node",
        how="left",
        maintain_order="left",
    )
    rows = rows.join(waiting.lazy(), on="node", how="left", maintain_order="left")
    parts = pl.col("key").str.splitn("/", 3).struct
    rows = rows.with_columns(
        _source=parts.field("field_0"), _key=parts.field("field_2"), _entity=pl.col("entity").cast(pl.String)
    )
    if headings is not None:
        rows = rows.join(headings.lazy(), on=["_entity", "_source", "label"], how="left", maintain_order="left")
    column = pl.coalesce("_name", "label") if headings is not None else pl.col("label")
    first = pl.col("node").is_first_distinct()  # the records that wait are counted once
    count = pl.col("waiting").fill_null(0)
    more = (
        pl.when(first & (count > 0)).then(pl.format("; {} more records wait for this one", count)).otherwise(pl.lit(""))
    )
    shaped = rows.select(
        "rule",
        severity=pl.lit("error"),
        file=pl.col("source_file").fill_null(""),
        line=pl.col("source_line").fill_null(0),
        column=column,
        value="value",
        key="_key",
        detail=pl.concat_str(pl.col("_entity") + ": ", "detail", more),
    )
    return shaped.select(list(FINDINGS)).collect()
