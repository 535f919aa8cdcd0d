"""A plan: its summary, and every change by page, with filters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response

from rosterkit.attention import absent_in_words
from rosterkit.errors import UsageError
from rosterkit.plan.person_match import stored_ids
from rosterkit.plan.plan import ACTIONS, Counts, Plan
from rosterkit.render.labels import ENTITY_NAMES, decided, in_words, where
from rosterkit.store import browse, decisions, holds, plans
from rosterkit.store.plan_lines import SORTS, LinePage, LineQuery, created_values, page_of, prepare
from rosterkit.store.plans import now
from rosterkit.web.guard import Visit
from rosterkit.workspace import Workspace

SIZES = (50, 100, 200)
_SCHOOLS = 12  # bars of the chart

_ANY = {"yes": "held, for any reason", "no": "not held"}
_HELD = {
    "grace": "grace: gone for a few days only",
    "early": "early: before its day",
    "limit": "limit: more than is usual",
    "case": "case: an id, number or username may have been reused",
    "person": "person: somebody set it aside",
    "undo": "undo: somebody took it back",
    "dependant": "dependant: it depends on something held",
    "protected": "protected: a row about it cannot be read",
    "needed": "needed: something still needs it",
    "policy": "policy: people own it",
    "pinned": "pinned: a person set the value",
}


def plan_list(visit: Visit) -> Response:
    """The plans, the newest first."""
    found = visit.workspace.plans()
    response = visit.show("plans.html.j2", title="Plans", plans=found[:100], now=now())
    return with_newest_prepared(response, visit, found)


def with_newest_prepared(response: Response, visit: Visit, found: Sequence[Plan]) -> Response:
    """The response, after which the newest plan is made ready: its first page is quick, however large it is."""
    if found:
        response.background = BackgroundTask(_prepare, visit.workspace, found[0])
    return response


def _prepare(workspace: Workspace, plan: Plan) -> None:
    with workspace.reading() as connection:
        prepare(workspace.folder, workspace.database, connection, plan)


def found_plan(visit: Visit) -> Plan:
    """The plan of the address, by its whole id; 404 where there is none."""
    asked = str(visit.request.path_params["plan"])
    try:
        with visit.workspace.reading() as connection:
            plan = plans.find(connection, asked)
    except UsageError:
        raise HTTPException(404) from None
    if plan.id != asked:
        raise HTTPException(404)
    return plan


def query_of(visit: Visit) -> LineQuery:
    """The filters of the address; what is not known is left out."""

    def one_of(name: str, known: Any) -> str:
        value = visit.asked(name)
        return value if value in known else ""

    return LineQuery(
        entity=one_of("entity", ENTITY_NAMES),
        action=one_of("action", ACTIONS),
        field=visit.asked("field")[:100],
        school=visit.asked("school")[:200],
        held=visit.asked("held")[:40],
        search=visit.asked("q")[:200],
        sort=one_of("sort", SORTS),
        descending=visit.asked("descending") == "1",
        page=_number(visit.asked("page"), 1, 10_000_000),
        size=next((size for size in SIZES if str(size) == visit.asked("size")), SIZES[0]),
        schools=visit.visitor.schools,
    )


def _number(text: str, least: int, most: int) -> int:
    return min(max(int(text), least), most) if text.isdecimal() and len(text) < 10 else least


def plan_page(visit: Visit) -> Response:
    """The page."""
    plan, query = found_plan(visit), query_of(visit)
    workspace = visit.workspace
    with workspace.reading() as connection:
        page = page_of(workspace.folder, workspace.database, connection, plan, query)
        made = created_values(connection, plan, page.rows)
        in_force = _stamps(holds.listed(connection))
        signed = decisions.decisions(connection, plan.id)
        names = [row["name"] for row in browse.schools(connection, query.schools)] if query.schools is not None else []
    records = list(_records(in_words(page.rows), made, in_force))
    doubts = stored_by_doubt(visit, plan) if query.held == "case" and visit.visitor.schools is None else {}
    stored = sorted({key for one in records if one["action"] == "create" for key in doubts.get(one["sourced_id"], ())})
    shown = sorted({f"{one['entity']} {one['sourced_id']}" for one in records} | {f"User {key}" for key in stored})
    visit.log("view", "plan", subject=plan.id, records=shown)
    return visit.show(
        "plan.html.j2",
        title=f"Plan {plan.id}",
        plan=plan,
        open=plan.state in ("proposed", "approved") and plan.expires_at > now(),
        expired=plan.state in ("proposed", "approved") and plan.expires_at <= now(),
        absent=absent_in_words(plan),
        decisions=[(decided(one), one.at) for one in signed],
        stamp=workspace.plan_stamp(plan.id),
        approvers=workspace.config.approvers,
        counts=list(_counts(page)),
        chart=_by_school(page, names),
        held_groups=_held_groups(page),
        page=page,
        query=query,
        values=_values(query),
        records=records,
        doubts=doubts,
        stored=stored,
        pages=-(-page.lines // query.size) or 1,
        entities=ENTITY_NAMES,
        actions=ACTIONS,
        held={**_ANY, **{code: _HELD.get(code, code) for code in page.codes}},
        sizes=SIZES,
        schools=names or _schools(page),
    )


def stored_by_doubt(visit: Visit, plan: Plan) -> dict[str, tuple[str, ...]]:
    """By the id of a new person of whom it is unclear who it is, the ids of the stored ones that it may be."""
    with visit.workspace.reading() as connection:
        found = plans.load(connection, plan.id, "finding").get("")
    if found is None:
        return {}
    mine = found.filter(pl.col("rule") == "identity.unclear-person").select("key", "detail")
    return {key: stored_ids(detail) for key, detail in mine.iter_rows()}


def _values(query: LineQuery) -> dict[str, object]:
    """The filters as they stand in an address."""
    named: dict[str, object] = {"q": query.search, "descending": "1" if query.descending else ""}
    named |= {"size": query.size if query.size != SIZES[0] else ""}
    return {name: getattr(query, name) for name in ("entity", "action", "field", "school", "held", "sort")} | named


def _stamps(in_force: list[tuple[Any, ...]]) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for number, entity, sourced_id, *_ in in_force:
        found.setdefault((entity, sourced_id), []).append(number)
    return found


def _records(
    rows: pl.DataFrame, made: Mapping[tuple[str, str], str], in_force: Mapping[tuple[str, str], list[int]]
) -> Iterator[dict[str, Any]]:
    """The lines of each record's change together."""
    for _, lines in groupby(rows.iter_rows(named=True), key=lambda row: (row["record"], row["held"], row["held_why"])):
        some = list(lines)
        first = some[0]
        key = (first["entity"], first["sourced_id"])
        yield {
            **first,
            "lines": [line for line in some if line["field"]],
            "place": where(first["file"] or "", first["line"] or 0),
            "made": made.get(key, "") if first["action"] == "create" else "",
            "stamp": "-".join(["holds", *map(str, in_force.get(key, ()))]),
            "in_force": key in in_force,
        }


def _counts(page: LinePage) -> Iterator[dict[str, Any]]:
    by_entity = page.by_entity
    for entity in ENTITY_NAMES:
        mine = by_entity.filter(pl.col("entity") == entity)
        if mine.height:
            counts = {
                action: int(mine.filter((pl.col("action") == action) & ~pl.col("is_held"))["records"].sum())
                for action in ACTIONS
            }
            held = int(mine.filter("is_held")["records"].sum())
            yield {"entity": entity, "counts": Counts(**counts), "held": held}


def _held_groups(page: LinePage) -> list[tuple[str, str, int]]:
    held = page.by_entity.filter("is_held").sort("entity", "action")
    return [(entity, action, count) for entity, action, count in held.select("entity", "action", "records").iter_rows()]


def _schools(page: LinePage) -> list[str]:
    return sorted({name for name in page.by_school["school"] if name})


def _by_school(page: LinePage, names: list[str]) -> list[dict[str, Any]]:
    """The schools with most changes: widths of the bars in hundredths of the longest."""
    rows = page.by_school.filter(pl.col("school") != "")
    if names:
        rows = rows.filter(pl.col("school").is_in(names))
    total = rows.group_by("school").agg(pl.col("records").sum()).sort("records", "school", descending=[True, False])
    longest = int(str(total["records"].max() or 1))
    out = []
    for school, count in total.head(_SCHOOLS).iter_rows():
        mine = rows.filter(pl.col("school") == school)
        parts, x = [], 0.0
        for word in (*ACTIONS, "held"):
            some = (
                mine.filter("is_held")
                if word == "held"
                else mine.filter(~pl.col("is_held") & (pl.col("action") == word))
            )
            width = 100 * int(some["records"].sum()) / longest
            if width:
                parts.append(
                    {"word": word, "x": round(x, 2), "width": round(width, 2), "count": int(some["records"].sum())}
                )
            x += width
        out.append({"school": school, "count": count, "parts": parts})
    return out
