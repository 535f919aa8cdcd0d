"""A slow, plain planner, written from docs/architecture.md: dictionaries and loops, one record at a time.

It is held against the engine. ``plan`` folds, judges, protects and settles; ``oracle_holds`` goes on from there;
``apply`` moves the model.
"""

from __future__ import annotations

from dataclasses import replace

from oracle_rollover import Turn, close_ended, ended_too
from oracle_words import (
    BY_WORD,
    ENTITIES,
    Delivered,
    Key,
    Layer,
    Model,
    Planned,
    Proposal,
    Record,
    Row,
    Values,
    every,
    target,
)

from rosterkit.roster.schema import Column, Entity
from rosterkit.sources.base import Extract

# ---- 1. fold


def layers_of(extract: Extract) -> dict[str, Layer]:
    """An extract as plain dictionaries."""
    out = {}
    for entity in ENTITIES:
        table = extract.table(entity.name)
        if table is None or table.coverage == "absent":
            out[entity.name] = Layer("absent", {}, frozenset(), ())
            continue
        invalid = table.invalid.to_dicts()
        cells = {(cell["sourced_id"], cell["column"]) for cell in invalid}
        rows = {}
        for row in table.rows.collect().to_dicts():
            key = row["sourced_id"]
            values = {
                c.label: text(row[c.label])
                for c in entity.columns
                if c.label in row and (key, c.label) not in cells and not (c.required and row[c.label] is None)
            }
            rows[key] = Delivered(values, bool(row["_deleted"]), row["_modified_at"], row["_line"])
        lost = frozenset(cell["sourced_id"] for cell in invalid if cell["column"] is None)
        owners = tuple(
            {k: v for k, v in owner.items() if k not in ("_file", "_line")}
            for parents in table.parents
            for owner in parents.to_dicts()
        )
        out[entity.name] = Layer(str(table.coverage), rows, lost, owners)
    return out


def text(value: object) -> str | None:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else value  # type: ignore[return-value]


def matches(values: Values, owner: Values) -> bool:
    return all(values.get(label) == value for label, value in owner.items())


def merged(pending: dict[str, Delivered], layers: list[Layer], stored: dict[str, Row]) -> tuple[Layer, list[set[str]]]:
    """What is delivered in all of one entity, with the last layer's state; and the records left as stale, by layer."""
    rows, unreadable, owners = dict(pending), frozenset[str](), tuple[Values, ...]()
    left = []
    for layer in layers:
        old = {
            key
            for key, delivered in layer.rows.items()
            if layer.state != "full" and stale(key, delivered, rows, stored)
        }
        fresh = {key: one for key, one in layer.rows.items() if key not in old}
        if layer.state == "full":
            rows = {key: one for key, one in rows.items() if key in layer.unreadable}
            unreadable, owners = frozenset(), ()
        rows = {key: one for key, one in rows.items() if not any(matches(one.values, o) for o in layer.owners)}
        rows |= fresh
        unreadable = (unreadable | layer.unreadable) - frozenset(fresh)
        owners += layer.owners
        left.append(old)
    return Layer(layers[-1].state, rows, unreadable, owners), left


def without_stale(entity: Entity, layer: Layer, left: dict[str, set[str]]) -> Layer:
    """The layer without what rows list that are left themselves; ``left`` by entity."""
    refs = {c.label: str(c.to) for c in entity.refs}

    def old(owner: Values) -> bool:
        return any(value in left.get(refs[label], ()) for label, value in owner.items() if label in refs)

    gone = [owner for owner in layer.owners if old(owner)]
    rows = {key: one for key, one in layer.rows.items() if not any(matches(one.values, owner) for owner in gone)}
    return replace(layer, rows=rows, owners=tuple(owner for owner in layer.owners if owner not in gone))


def stale(key: str, delivered: Delivered, rows: dict[str, Delivered], stored: dict[str, Row]) -> bool:
    known = [stored[key].modified if key in stored else None, rows[key].modified if key in rows else None]
    return delivered.modified is not None and any(at is not None and delivered.modified < at for at in known)


# ---- 2. classify


def classify(entity: Entity, delivered: Layer, stored: dict[str, Row]) -> dict[str, Record]:
    """Each record by itself; references that do not exist are taken back by ``dangle``."""
    out = {}
    for key in dict.fromkeys([*stored, *delivered.rows, *delivered.unreadable]):
        record = Record(entity, key, stored.get(key), delivered.rows.get(key), key in delivered.unreadable)
        record.new = dict(stored[key].values) if key in stored else {c.label: None for c in entity.columns}
        if record.delivered and not record.delivered.deleted:
            record.new |= record.delivered.values
        out[key] = record
    return out


def dangle(planned: Planned) -> None:
    """A reference to a record that is neither stored nor delivered is a cell that cannot be read."""
    for record in every(planned):
        for column in record.entity.refs:
            value = record.new[column.label]
            to = target(planned, column, value)
            if value != record.old[column.label] and value is not None and not (to and is_known(to)):
                record.new[column.label] = record.old[column.label]


def is_known(record: Record) -> bool:
    """Whether anything is stored of it, or would come: a delete of what was never stored says nothing."""
    return bool(record.stored or (record.delivered and not record.delivered.deleted))


def act(record: Record, delivered: Layer) -> None:
    row = record.delivered
    if row and row.deleted:
        if record.was_active and delivered.state == "partial":
            record.waits = True
        elif record.was_active:
            record.action, record.how = "archive", "deleted"
    elif row:
        record.how = "delivered"
        if record.stored is None:
            record.action = "create"
        elif not record.was_active:
            record.action = "restore"
        elif record.differs:
            record.action = "update"
    elif record.was_active and any(matches(record.old, owner) for owner in delivered.owners):
        record.action, record.how = "archive", "unlisted"
    elif record.was_active and not record.unreadable and delivered.state == "full":
        record.action, record.how = "archive", "absent"


# ---- 3. protect and resolve


def protect(planned: Planned) -> None:
    again = True
    while again:
        again = False
        for record in every(planned):
            above = any(
                to is not None and to.protected
                for column in record.entity.refs
                for to in [target(planned, column, record.old[column.label])]
            )
            if not record.protected and (record.unreadable or (record.was_active and above)):
                record.protected = again = True
    for record in every(planned):
        if record.protected and record.action == "archive" and record.how == "absent":
            record.hold = "protected"


def resolve(entity: Entity, planned: Planned) -> None:
    for column in sorted(entity.refs, key=lambda column: not column.required):
        for record in planned[entity.name].values():
            if not keep_target(record, column, planned):
                fall_back(record, column, planned)
                follow(record, column, planned)
    for record in planned[entity.name].values():
        if record.action in ("create", "restore") and any(not resolves(record, c, planned) for c in entity.columns):
            record.action, record.waits = "", True
        if record.action == "update" and not record.differs:
            record.action = ""


def keep_target(record: Record, column: Column, planned: Planned) -> bool:
    """A record that stays and needs a record which leaves keeps it: whether it does."""
    to = target(planned, column, record.new[column.label])
    if not column.needed or not record.active or to is None or not to.was_active or to.active:
        return False
    if record.action in ("create", "restore") and any(not resolves(record, c, planned) for c in record.entity.columns):
        return False
    if to.freed:
        return False
    to.hold = "needed"
    return True


def fall_back(record: Record, column: Column, planned: Planned) -> None:
    """A new value whose target will not be active goes back to the stored one."""
    value = record.new[column.label]
    if record.action in ("create", "update", "restore") and value != record.old[column.label] and value is not None:
        to = target(planned, column, value)
        if to is None or not to.active:
            record.new[column.label] = record.old[column.label]


def follow(record: Record, column: Column, planned: Planned) -> None:
    """What stays and refers to a record that leaves goes with it, or its reference is cleared."""
    to = target(planned, column, record.new[column.label])
    if to is None or to.active:
        return
    if record.action == "restore" and not column.required:
        record.new[column.label] = None
    if not record.was_active or not record.active:
        return
    by_word = to.action == "archive" and to.how in BY_WORD
    if record.protected and not by_word:
        return
    if column.required:
        record.action, record.how, record.hold = "archive", "follows-deleted" if by_word else "follows", ""
        record.new, record.waits = dict(record.old), False  # a delete that waited is done
        return
    if record.action != "update":
        record.action, record.how, record.hold = "update", "follows", ""
    record.new[column.label] = None


def resolves(record: Record, column: Column, planned: Planned) -> bool:
    """Whether a created or restored record has what this column requires."""
    value = record.new[column.label]
    if not column.required:
        return True
    if column.to is None:
        return value is not None
    to = target(planned, column, value)
    return to is not None and to.active


# ---- 6. remember


def remembered(planned: Planned) -> dict[Key, Delivered]:
    out: dict[Key, Delivered] = {}
    for record in every(planned):
        held = record.action and (record.hold or any(record.held(label) for label in record.differs))
        if record.delivered and (held or record.waits or unlike_delivered(record)):
            out[record.entity.name, record.key] = record.delivered
        if record.how == "unlisted" and record.action == "archive" and record.hold:
            out[record.entity.name, record.key] = Delivered({}, deleted=True)
    return out


def unlike_delivered(record: Record) -> bool:
    """Whether a row says other than what stands: it left with its parent, or a reference has no target."""
    if record.delivered is None or record.delivered.deleted:
        return False
    values = record.delivered.values
    other = any(c.label in values and values[c.label] != record.new[c.label] for c in record.entity.refs)
    return other or record.action == "archive"


def stamps(planned: Planned) -> dict[Key, str]:
    out = {}
    for record in every(planned):
        at = record.delivered.modified if record.delivered and not record.delivered.deleted else None
        if (
            record.was_active
            and not record.action
            and at is not None
            and record.stored is not None
            and not unlike_delivered(record)
        ):
            known = record.stored.modified
            if known is None or known < at:
                out[record.entity.name, record.key] = at
    return out


# ---- the whole


def queue_package(model: Model, extract: Extract) -> dict[str, Layer]:
    """Incoming's layers; a package whose deltas are queued or applied does not say them again."""
    layers = layers_of(extract)
    deltas = {t.entity for t in extract.tables if t.changes}
    known = {package for package, _ in model.queue} | model.applied
    incoming = {
        name: replace(layer, rows={}, unreadable=frozenset(), owners=()) if name in deltas else layer
        for name, layer in layers.items()
    }
    if extract.id in known:
        return incoming
    return layers


def plan(model: Model, extract: Extract, turn: Turn) -> tuple[Planned, dict[str, Layer], dict[str, Layer]]:
    """Merges, classifies, protects and resolves; returns the plan, and the layers in all and of this run."""
    incoming = queue_package(model, extract)
    packages = [*(layers for _, layers in model.queue), incoming]
    left: list[dict[str, set[str]]] = [{} for _ in packages]
    delivered = {}
    for e in ENTITIES:
        waiting = {key: row for (name, key), row in model.pending.items() if name == e.name}
        spoken = [
            (without_stale(e, layers[e.name], old), old)
            for layers, old in zip(packages, left, strict=True)
            if e.name in layers
        ]
        delivered[e.name], gone = merged(waiting, [layer for layer, _ in spoken], model.rows[e.name])
        for (_, old), keys in zip(spoken, gone, strict=True):
            old[e.name] = keys
    planned = {e.name: classify(e, delivered[e.name], model.rows[e.name]) for e in ENTITIES}
    dangle(planned)
    for record in every(planned):
        act(record, delivered[record.entity.name])
    protect(planned)
    for record in every(planned):
        row = tuple(record.old.values())
        line = (record.entity.name, "archive", record.key)
        record.freed = record.action == "archive" and any(
            approved.line[:3] == line and approved.before == row for approved in model.approved
        )
    close_ended(planned, turn)
    for entity in ENTITIES:
        resolve(entity, planned)
    ended_too(planned)
    return planned, delivered, incoming


def enqueue(model: Model, extract: Extract) -> None:
    """Keeps the deltas of a new package until a plan that covers them is applied."""
    known = {package for package, _ in model.queue} | model.applied
    deltas = {t.entity for t in extract.tables if t.changes and t.coverage != "absent"}
    if extract.id not in known and deltas:
        layers = {name: layer for name, layer in layers_of(extract).items() if name in deltas}
        model.queue.append((extract.id, layers))


def apply(model: Model, proposal: Proposal) -> None:
    """Section 7, for a plan that may be applied."""
    for record in every(proposal.planned):
        name, at = record.entity.name, record.delivered.modified if record.delivered else None
        was = record.stored.modified if record.stored else None
        if (
            record.action
            and not record.hold
            and (record.action != "update" or any(not record.held(label) for label in record.differs))
        ):
            values = {label: record.outcome(label) for label in record.new}
            model.rows[name][record.key] = Row(values, record.active, at or was, proposal.day)
    for (name, key), at in proposal.stamps.items():
        model.rows[name][key] = replace(model.rows[name][key], modified=at)
    model.pending = {key: one for key, one in model.pending.items() if key not in proposal.done}
    model.pending = proposal.pending | model.pending if proposal.undoes else model.pending | proposal.pending
    model.applied |= set(proposal.packages)
    model.queue = [(package, layers) for package, layers in model.queue if package not in proposal.packages]
    model.approved = [a for a in model.approved if a not in proposal.used]
    model.expected = [replace(one, seen=one.seen + proposal.seen.get(one.id, 0)) for one in model.expected]
    ended = set(proposal.ended)
    done = {line[:4] for line, code in proposal.lines().items() if not code}
    done |= {
        (r.entity.name, r.action, r.key, "") for r in every(proposal.planned) if r.action == "restore" and not r.hold
    }
    model.holds = [
        h
        for h in model.holds
        if h not in ended and not (h.code == "limit" and (h.entity, h.action, h.sourced_id, h.field) in done)
    ]
    model.holds += [h for h in proposal.undo_holds if h not in model.holds]
