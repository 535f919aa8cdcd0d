"""Scope: which records of an extract are wanted, decided set-wise on its tables, the same for every source.

A record out of scope is neither present nor absent. It is not delivered, and ``Table.outside`` names it. Where the
store holds it, the plan archives it and says that scope did it. A record of which nobody can say (a student whose grade
is blank, a link whose type nobody mapped) is not delivered either, and protected: what is stored of it stays.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from rosterkit.roster.findings import concat
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import Coverage, Extract, Table
from rosterkit.sources.scope_choice import Choice, choose
from rosterkit.sources.scope_settings import Scope
from rosterkit.sources.scope_tables import KEY, keyed, school_map

_PLACES = ("_file", "_line")
_MARK = "scope:"


def scoped(extract: Extract, scope: Scope) -> Extract:
    """The extract with the records in scope. An extract is returned as it is where everything is wanted."""
    if scope.is_open:
        return extract
    tables = tuple(_with_one_school(table, school_map(extract, scope)) for table in extract.tables)
    choice = choose(replace(extract, tables=tables), scope)
    made = tuple(_kept(table, choice) for table in tables)
    return replace(extract, tables=made, findings=concat([extract.findings, *choice.findings]))


def _with_one_school(table: Table, schools: dict[str, str]) -> Table:
    """The table with every reference to a school that is part of another one as one to that other."""
    labels = [c.label for c in by_name(table.entity).refs if c.to == "Org"]
    there = [label for label in labels if label in table.rows.collect_schema().names()]
    if not schools or not there or table.entity == "Org":
        return table
    return replace(table, rows=table.rows.with_columns(pl.col(there).replace(schools)))


def _kept(table: Table, choice: Choice) -> Table:
    """The table without what is out of scope, or cannot be decided."""
    outside, undecided = (_mine(frame, table) for frame in (choice.outside, choice.undecided))
    if outside.is_empty() and undecided.is_empty():
        return _without_outer_schools(table, choice)
    names = table.rows.collect_schema().names()
    away = pl.col("sourced_id").is_in(outside.implode())
    rows = table.rows.filter(~pl.col("sourced_id").is_in(undecided.implode()))
    if table.coverage is Coverage.DELTA:  # a set of changes archives nobody by absence
        known = pl.col("_deleted").fill_null(value=False) if "_deleted" in names else pl.lit(value=False)
        rows = rows.with_columns(_deleted=known | away)
    else:
        rows = rows.filter(~away)
    there = table.rows.filter(pl.col("sourced_id").is_in(undecided.implode())).select("sourced_id", *_PLACES)
    protected = there.select("sourced_id", column=pl.lit(None, pl.String), _file="_file", _line="_line").collect()
    cells = table.invalid.filter(~pl.col("sourced_id").is_in(pl.concat([outside, undecided]).implode()))
    made = replace(
        table,
        rows=rows,
        invalid=pl.concat([cells, protected]),
        parents=tuple(_parents(parents, table, choice, undecided) for parents in table.parents),
        outside=pl.concat([table.outside, outside]).unique(maintain_order=True),
    )
    return _without_outer_schools(made, choice)


def _mine(frames: dict[str, pl.DataFrame], table: Table) -> pl.Series:
    frame = frames.get(table.entity)
    if frame is None:
        return pl.Series("sourced_id", [], pl.String)
    return frame.filter(pl.col("_space") == table.id_space)["sourced_id"]


def _without_outer_schools(table: Table, choice: Choice) -> Table:
    """References that a record can do without no longer name schools that are out of scope."""
    outer = choice.outside.get("Org")
    present = table.rows.collect_schema().names()
    labels = [c.label for c in by_name(table.entity).refs if c.to == "Org" and not c.required and c.label in present]
    if outer is None or outer.is_empty() or not labels:
        return table
    gone = outer["sourced_id"].implode()
    return replace(
        table, rows=table.rows.with_columns(pl.when(~pl.col(n).is_in(gone)).then(n).alias(n) for n in labels)
    )


def _parents(parents: pl.DataFrame, table: Table, choice: Choice, undecided: pl.Series) -> pl.DataFrame:
    """The parents whose lists are known: those in scope, without those that have a child of which nobody can say."""
    for column in by_name(table.entity).refs:
        if column.label not in parents.columns:
            continue
        away = [f for f in (choice.outside.get(str(column.to)), choice.undecided.get(str(column.to))) if f is not None]
        for frame in away:
            marked = keyed(parents.lazy(), column.label).collect()
            parents = marked.join(frame, left_on=list(KEY), right_on=["_space", "sourced_id"], how="anti").drop(KEY)
        if undecided.len():
            of = table.rows.filter(pl.col("sourced_id").is_in(undecided.implode())).select(column.label).collect()
            parents = parents.join(of, on=column.label, how="anti", maintain_order="left")
    return parents


def marked(cursor: str | None, scope: Scope) -> str | None:
    """The cursor of an API, with a mark where only what is in scope was stored."""
    return cursor if cursor is None or scope.is_open else f"{_MARK}{cursor}"


def unmarked(cursor: str | None, scope: Scope) -> str | None:
    """The cursor to go on from; None where everything is to be read.

    With a scope, changes alone do not tell what they belong to. What was read with one lacks what was out of scope.
    """
    return cursor if cursor is not None and scope.is_open and not cursor.startswith(_MARK) else None
