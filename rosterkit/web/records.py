"""People, classes and single records: what is stored, where it comes from, and what feeds show of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import polars as pl
from starlette.exceptions import HTTPException
from starlette.responses import Response

from rosterkit.errors import UsageError
from rosterkit.render.labels import ENTITY_NAMES, gathered, in_words
from rosterkit.results import Explanation, Revision
from rosterkit.roster.schema import by_name
from rosterkit.store import browse
from rosterkit.store.feed_people import Shown, shown, whole_rosters
from rosterkit.web.guard import Visit

_ROLES = ("student", "teacher", "aide", "administrator", "guardian", "parent", "relative")
_SIZE = 50
_REVISIONS = 50


def address_of(entity: str, sourced_id: str) -> str:
    """The page of a record."""
    return f"/record?entity={quote(entity)}&id={quote(sourced_id, safe='')}"


def _page(visit: Visit) -> int:
    text = visit.asked("page")
    return max(int(text), 1) if text.isdecimal() and len(text) < 8 else 1


def people(visit: Visit) -> Response:
    """People by name, number, username or e-mail."""
    search, role, school = visit.asked("q")[:200], visit.asked("role"), visit.asked("school")
    status = "archived" if visit.asked("status") == "archived" else "active"
    role, seen, page = role if role in _ROLES else "", visit.visitor.schools, _page(visit)
    with visit.workspace.reading() as connection:
        total, rows = browse.people(
            connection, search=search, role=role, school=school, status=status, page=page, size=_SIZE, seen=seen
        )
        places = browse.schools(connection, seen)
    visit.log("view", "people", records=[f"User {row['sourced_id']}" for row in rows])
    asked = {"q": search, "role": role, "school": school, "status": "" if status == "active" else status}
    return visit.show(
        "people.html.j2",
        title="People",
        total=total,
        rows=rows,
        roles=_ROLES,
        schools=places,
        values=asked,
        page=page,
        pages=-(-total // _SIZE) or 1,
        address_of=address_of,
    )


def class_list(visit: Visit) -> Response:
    """Classes by title or code."""
    search, school, page = visit.asked("q")[:200], visit.asked("school"), _page(visit)
    with visit.workspace.reading() as connection:
        total, rows = browse.classes(
            connection, search=search, school=school, page=page, size=_SIZE, seen=visit.visitor.schools
        )
        places = browse.schools(connection, visit.visitor.schools)
    return visit.show(
        "classes.html.j2",
        title="Classes",
        total=total,
        rows=rows,
        schools=places,
        values={"q": search, "school": school},
        page=page,
        pages=-(-total // _SIZE) or 1,
        address_of=address_of,
    )


def record(visit: Visit) -> Response:
    """One record: a person, a class, or any other."""
    entity, sourced_id = visit.asked("entity"), visit.asked("id")
    if entity not in ENTITY_NAMES or not sourced_id:
        raise HTTPException(404)
    visit.sees(entity, sourced_id)
    workspace, seen = visit.workspace, visit.visitor.schools
    try:
        told = workspace.explain(entity, sourced_id)
    except UsageError:
        raise HTTPException(404) from None
    history = workspace.history(entity, sourced_id) if told.values else ()
    visit.log("view", "record", records=[f"{entity} {sourced_id}"])
    beside: dict[str, Any] = {"roles": [], "classes": [], "family": [], "members": [], "shown": [], "safety": []}
    beside["whole"] = []
    with workspace.reading() as connection:
        if entity == "User":
            beside |= {
                "roles": browse.roles_of(connection, sourced_id, seen),
                "classes": browse.classes_of(connection, sourced_id, seen),
                "family": browse.family_of(connection, sourced_id, seen),
                "shown": _shown(visit, sourced_id),
                "safety": _safety(visit, sourced_id),
                "whole": whole_rosters(connection, workspace.config.feeds),
            }
        if entity == "Class":
            beside["members"] = browse.members_of(connection, sourced_id)
    if beside["members"]:
        visit.log("view", "class", records=[f"User {row['sourced_id']}" for row in beside["members"]])
    return visit.show(
        "record.html.j2",
        title=_title(told, entity, sourced_id),
        entity=entity,
        sourced_id=sourced_id,
        explained=told,
        findings=gathered(told.findings, {rule.code: rule for rule in workspace.rules()}).to_dicts(),
        history=[_revision(one) for one in history[:_REVISIONS]],
        stamp=workspace.record_stamp(entity, sourced_id),
        fields=[column.label for column in by_name(entity).columns],
        back=address_of(entity, sourced_id),
        address_of=address_of,
        **beside,
    )


def _title(told: Explanation, entity: str, sourced_id: str) -> str:
    """What people call the record."""
    values = {one.field: one.pinned_value if one.pinned else one.value for one in told.values}
    name = " ".join(str(values[part]) for part in ("given_name", "family_name") if values.get(part))
    return str(name or values.get("title") or values.get("name") or f"{entity} {sourced_id}")


def _revision(one: Revision) -> dict[str, Any]:
    return {"revision": one, "lines": in_words(one.lines).to_dicts()}


def _shown(visit: Visit, sourced_id: str) -> list[Shown]:
    """What each feed last showed of the person; cells only where no other school can stand in them."""
    with visit.workspace.reading() as connection:
        sources = browse.sources_of(connection, sourced_id)
        return shown(connection, visit.workspace.config.feeds, [f"{source}/{sourced_id}" for source in sources])


def _safety(visit: Visit, sourced_id: str) -> list[dict[str, Any]]:
    """Blocks and suppressions in force, of this person as adult, student or anybody."""
    blocks = visit.workspace.blocks()
    return blocks.filter((pl.col("sourced_id") == sourced_id) | (pl.col("student_key") == sourced_id)).to_dicts()
