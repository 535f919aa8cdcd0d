"""A slow, plain planner, written from docs/architecture.md: dictionaries and loops, one record at a time.

It is held against the engine. ``plan`` folds, judges, protects and settles; ``oracle_holds`` goes on from there;
``apply`` moves the model.
"""

from __future__ import annotations

from dataclasses import replace

from oracle_words import (
    BY_WORD,
    ENTITIES,
    Key,
    Layer,
    Model,
    Night,
    Proposal,
    Record,
    Row,
    Said,
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
            rows[key] = Said(values, bool(row["_deleted"]), row["_modified_at"], row["_line"])
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


def fold(pending: dict[str, Said], layers: list[Layer], stored: dict[str, Row]) -> tuple[Layer, list[set[str]]]:
    """What is said in all of one entity, with the last layer's state; and the records left as stale, by layer."""
    rows, unreadable, owners = dict(pending), frozenset[str](), tuple[Values, ...]()
    left = []
    for layer in layers:
        old = {key for key, said in layer.rows.items() if layer.state != "full" and stale(key, said, rows, stored)}
        fresh = {key: said for key, said in layer.rows.items() if key not in old}
        if layer.state == "full":
            rows = {key: said for key, said in rows.items() if key in layer.unreadable}
            unreadable, owners = frozenset(), ()
        rows = {key: said for key, said in rows.items() if not any(matches(said.values, o) for o in layer.owners)}
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
    rows = {key: said for key, said in layer.rows.items() if not any(matches(said.values, owner) for owner in gone)}
    return replace(layer, rows=rows, owners=tuple(owner for owner in layer.owners if owner not in gone))


def stale(key: str, said: Said, rows: dict[str, Said], stored: dict[str, Row]) -> bool:
    known = [stored[key].modified if key in stored else None, rows[key].modified if key in rows else None]
    return said.modified is not None and any(at is not None and said.modified < at for at in known)


# ---- 2. judge


def judge(entity: Entity, said: Layer, stored: dict[str, Row]) -> dict[str, Record]:
    """Each record by itself; references that do not exist are taken back by ``dangle``."""
    out = {}
    for key in dict.fromkeys([*stored, *said.rows, *said.unreadable]):
        record = Record(entity, key, stored.get(key), said.rows.get(key), key in said.unreadable)
        record.new = dict(stored[key].values) if key in stored else {c.label: None for c in entity.columns}
        if record.said and not record.said.deleted:
            record.new |= record.said.values
        out[key] = record
    return out


def dangle(night: Night) -> None:
    """A reference to a record that is neither stored nor said is a cell that cannot be read."""
    for record in every(night):
        for column in record.entity.refs:
            value = record.new[column.label]
            to = target(night, column, value)
            if value != record.old[column.label] and value is not None and not (to and is_known(to)):
                record.new[column.label] = record.old[column.label]


def is_known(record: Record) -> bool:
    """Whether anything is stored of it, or would come: a delete of what was never stored says nothing."""
    return bool(record.stored or (record.said and not record.said.deleted))


def act(record: Record, said: Layer) -> None:
    row = record.said
    if row and row.deleted:
        if record.was_active and said.state == "partial":
            record.waits = True
        elif record.was_active:
            record.action, record.how = "archive", "deleted"
    elif row:
        record.how = "said"
        if record.stored is None:
            record.action = "create"
        elif not record.was_active:
            record.action = "restore"
        elif record.differs:
            record.action = "update"
    elif record.was_active and any(matches(record.old, owner) for owner in said.owners):
        record.action, record.how = "archive", "unlisted"
    elif record.was_active and not record.unreadable and said.state == "full":
        record.action, record.how = "archive", "absent"


# ---- 3. protect and settle


def protect(night: Night) -> None:
    again = True
    while again:
        again = False
        for record in every(night):
            above = any(
                to is not None and to.protected
                for column in record.entity.refs
                for to in [target(night, column, record.old[column.label])]
            )
            if not record.protected and (record.unreadable or (record.was_active and above)):
                record.protected = again = True
    for record in every(night):
        if record.protected and record.action == "archive" and record.how == "absent":
            record.hold = "protected"


def settle(entity: Entity, night: Night) -> None:
    for column in sorted(entity.refs, key=lambda column: not column.required):
        for record in night[entity.name].values():
            if not keep_target(record, column, night):
                fall_back(record, column, night)
                follow(record, column, night)
    for record in night[entity.name].values():
        if record.action in ("create", "restore") and any(not stands(record, c, night) for c in entity.columns):
            record.action, record.waits = "", True
        if record.action == "update" and not record.differs:
            record.action = ""


def keep_target(record: Record, column: Column, night: Night) -> bool:
    """A record that stays and needs a record which leaves keeps it: whether it does."""
    to = target(night, column, record.new[column.label])
    if not column.needed or not record.active or to is None or not to.was_active or to.active:
        return False
    if record.action in ("create", "restore") and any(not stands(record, c, night) for c in record.entity.columns):
        return False
    if to.freed:
        return False
    to.hold = "needed"
    return True


def fall_back(record: Record, column: Column, night: Night) -> None:
    """A new value whose target will not be active goes back to the stored one."""
    value = record.new[column.label]
    if record.action in ("create", "update", "restore") and value != record.old[column.label] and value is not None:
        to = target(night, column, value)
        if to is None or not to.active:
            record.new[column.label] = record.old[column.label]


def follow(record: Record, column: Column, night: Night) -> None:
    """What stays and refers to a record that leaves goes with it, or its reference is cleared."""
    to = target(night, column, record.new[column.label])
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


def stands(record: Record, column: Column, night: Night) -> bool:
    """Whether a created or restored record has what this column requires."""
    value = record.new[column.label]
    if not column.required:
        return True
    if column.to is None:
        return value is not None
    to = target(night, column, value)
    return to is not None and to.active


# ---- 6. remember


def remembered(night: Night) -> dict[Key, Said]:
    out: dict[Key, Said] = {}
    for record in every(night):
        held = record.action and (record.hold or any(record.held(label) for label in record.differs))
        if record.said and (held or record.waits or unlike_said(record)):
            out[record.entity.name, record.key] = record.said
        if record.how == "unlisted" and record.action == "archive" and record.hold:
            out[record.entity.name, record.key] = Said({}, deleted=True)
    return out


def unlike_said(record: Record) -> bool:
    """Whether a row says other than what stands: it left with its parent, or a reference has no target."""
    if record.said is None or record.said.deleted:
        return False
    values = record.said.values
    other = any(c.label in values and values[c.label] != record.new[c.label] for c in record.entity.refs)
    return other or record.action == "archive"


def stamps(night: Night) -> dict[Key, str]:
    out = {}
    for record in every(night):
        at = record.said.modified if record.said and not record.said.deleted else None
        if (
            record.was_active
            and not record.action
            and at is not None
            and record.stored is not None
            and not unlike_said(record)
        ):
            known = record.stored.modified
            if known is None or known < at:
                out[record.entity.name, record.key] = at
    return out


# ---- the whole


def queue_package(model: Model, extract: Extract) -> dict[str, Layer]:
    """Tonight's layers; a package whose deltas are queued or settled does not say them again."""
    layers = layers_of(extract)
    deltas = {t.entity for t in extract.tables if t.changes}
    known = {package for package, _ in model.queue} | model.settled
    tonight = {
        name: replace(layer, rows={}, unreadable=frozenset(), owners=()) if name in deltas else layer
        for name, layer in layers.items()
    }
    if extract.id in known:
        return tonight
    return layers


def plan(model: Model, extract: Extract) -> tuple[Night, dict[str, Layer], dict[str, Layer]]:
    """Fold, judge, protect and settle; returns the night, what was said in all, and tonight's layers."""
    tonight = queue_package(model, extract)
    packages = [*(layers for _, layers in model.queue), tonight]
    left: list[dict[str, set[str]]] = [{} for _ in packages]
    said = {}
    for e in ENTITIES:
        waiting = {key: row for (name, key), row in model.pending.items() if name == e.name}
        spoken = [
            (without_stale(e, layers[e.name], old), old)
            for layers, old in zip(packages, left, strict=True)
            if e.name in layers
        ]
        said[e.name], gone = fold(waiting, [layer for layer, _ in spoken], model.rows[e.name])
        for (_, old), keys in zip(spoken, gone, strict=True):
            old[e.name] = keys
    night = {e.name: judge(e, said[e.name], model.rows[e.name]) for e in ENTITIES}
    dangle(night)
    for record in every(night):
        act(record, said[record.entity.name])
    protect(night)
    for record in every(night):
        row = tuple(record.old.values())
        line = (record.entity.name, "archive", record.key)
        record.freed = record.action == "archive" and any(
            approved.line[:3] == line and approved.before == row for approved in model.approved
        )
    for entity in ENTITIES:
        settle(entity, night)
    return night, said, tonight


def enqueue(model: Model, extract: Extract) -> None:
    """Keeps the deltas of a new package until a plan that covers them is applied."""
    known = {package for package, _ in model.queue} | model.settled
    deltas = {t.entity for t in extract.tables if t.changes and t.coverage != "absent"}
    if extract.id not in known and deltas:
        layers = {name: layer for name, layer in layers_of(extract).items() if name in deltas}
        model.queue.append((extract.id, layers))


def apply(model: Model, proposal: Proposal) -> None:
    """Section 7, for a plan that may be applied."""
    for record in every(proposal.night):
        name, at = record.entity.name, record.said.modified if record.said else None
        was = record.stored.modified if record.stored else None
        if (
            record.action
            and not record.hold
            and (record.action != "update" or any(not record.held(label) for label in record.differs))
        ):
            values = {label: record.outcome(label) for label in record.new}
            model.rows[name][record.key] = Row(values, record.active, at or was)
    for (name, key), at in proposal.stamps.items():
        model.rows[name][key] = replace(model.rows[name][key], modified=at)
    model.pending = {key: said for key, said in model.pending.items() if key not in proposal.done}
    model.pending = proposal.pending | model.pending if proposal.undoes else model.pending | proposal.pending
    model.settled |= set(proposal.packages)
    model.queue = [(package, layers) for package, layers in model.queue if package not in proposal.packages]
    model.approved = [a for a in model.approved if a not in proposal.used]
    ended = set(proposal.ended)
    done = {line[:4] for line, code in proposal.lines().items() if not code}
    done |= {
        (r.entity.name, r.action, r.key, "") for r in every(proposal.night) if r.action == "restore" and not r.hold
    }
    model.holds = [
        h
        for h in model.holds
        if h not in ended and not (h.code == "limit" and (h.entity, h.action, h.sourced_id, h.field) in done)
    ]
    model.holds += [h for h in proposal.undo_holds if h not in model.holds]
