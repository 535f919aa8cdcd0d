"""The part "Undo" of docs/architecture.md, slow and plain: the reversal of a revision."""

from __future__ import annotations

from oracle_words import ENTITIES, Delivered, Hold, Line, Model, Planned, Proposal, Record, every, target

OPPOSITE = {"create": "archive", "restore": "archive", "archive": "restore"}


def reverse(model: Model, done: list[Line]) -> Proposal:
    """The undo of the lines that a revision applied."""
    planned: Planned = {
        e.name: {
            key: Record(e, key, row, None, unreadable=False, new=dict(row.values), how="undo")
            for key, row in model.rows[e.name].items()
        }
        for e in ENTITIES
    }
    for entity, action, key, _, _, _ in done:
        record = planned[entity][key]
        if action != "update" and record.was_active == (action != "archive"):
            record.action = OPPOSITE[action]
    for entity, action, key, label, was, wrote in done:
        record = planned[entity][key]
        if action == "update" and record.was_active and record.action in ("", "update"):
            record.new[label] = was
            if record.old[label] != wrote:
                record.field_holds[label] = "changed"
            if record.differs:
                record.action = "update"
    while any([leave_referenced(r, planned, c.label) for r in every(planned) for c in r.entity.refs]):  # noqa: C419 - all
        pass
    pending = {(r.entity.name, r.key): as_delivered(r) for r in every(planned) if going(r)}
    holds = [hold for record in every(planned) for hold in kept_back(record)]
    return Proposal(planned, pending, set(), [], [], [], [], undo_holds=holds, undoes=True)


def leave_referenced(record: Record, planned: Planned, label: str) -> bool:
    """Leaves what would make this active record refer to an inactive one; whether anything was left."""
    to = target(planned, record.entity.column(label), record.outcome(label))
    if not record.active or to is None or to.active:
        return False
    if record.action == "restore" and not record.hold:
        record.hold = "referenced"
    elif record.action == "update" and record.outcome(label) != record.old[label]:
        record.field_holds[label] = "referenced"
    else:
        to.hold = "referenced"
    return True


def going(record: Record) -> bool:
    """Whether the undo does anything to the record."""
    if record.action == "update":
        return any(not record.held(label) for label in record.differs)
    return bool(record.action and not record.hold)


def as_delivered(record: Record) -> Delivered:
    """What the source last delivered of a record that the undo takes back."""
    if record.action == "restore":
        return Delivered({}, deleted=True)
    if record.action == "archive":
        return Delivered(dict(record.old))
    return Delivered({label: record.old[label] for label in record.differs if not record.held(label)})


def kept_back(record: Record) -> list[Hold]:
    """The holds that keep what was undone from coming back."""
    if not going(record):
        return []
    if record.action == "update":
        return [
            Hold(record.entity.name, record.key, "undo", "update", label, record.old[label])
            for label in record.differs
            if not record.held(label)
        ]
    return [Hold(record.entity.name, record.key, "undo", {"archive": "restore", "restore": "archive"}[record.action])]
