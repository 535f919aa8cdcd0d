"""The rules "Holds and propagation" and "Limits" of docs/architecture.md, slow and plain."""

from __future__ import annotations

import math
from collections import defaultdict

from oracle import enqueue, plan, remembered, stamps
from oracle_words import ENTITIES, Approved, Hold, Line, Model, Night, Proposal, Record, every, target

from rosterkit.plan.limits import Limits
from rosterkit.sources.base import Extract

NO_SCHOOLS = ("district", "local", "state", "national", "department")
DISTRICT = ""


def propose(model: Model, extract: Extract, limits: Limits) -> Proposal:
    """The plan for an extract. It queues the deltas and sets the holds of new limits, as making a plan does."""
    night, _, _ = plan(model, extract)
    for record in every(night):
        for hold in model.holds:
            if (hold.entity, hold.sourced_id, hold.code) == (record.entity.name, record.key, "person"):
                by_person(record, hold)
    for record in every(night):
        mine = [h for h in model.holds if (h.entity, h.sourced_id) == (record.entity.name, record.key)]
        by_undo(record, [h for h in mine if h.code == "undo"])
        if record.action == "archive" and any(h.code == "limit" for h in mine):
            record.hold = record.hold or "limit"
    cases = {record.key for record in night["User"].values() if contradicts(record, night)}
    for key in cases:
        night["User"][key].hold = "case"
    free(night, model.approved)
    fresh = judge_limits(night, limits)
    close(night)
    going = {(r.entity.name, r.action, r.key) for r in every(night) if applies(r)}
    used = [a for a in model.approved if a.line[:3] in going]
    enqueue(model, extract)
    packages = list(dict.fromkeys([*(package for package, _ in model.queue), extract.id]))
    ended = [h for h in model.holds if ends(h, night)]
    model.holds += [h for h in fresh if h not in model.holds]
    pending = remembered(night)
    fresh_words = {key: said for key, said in pending.items() if model.pending.get(key) != said}
    done = set(model.pending) - set(pending)
    return Proposal(night, fresh_words, done, packages, used, ended, fresh, stamps=stamps(night))


def by_person(record: Record, hold: Hold) -> None:
    if hold.field and record.action == "update" and hold.action in ("", "update"):
        record.field_holds.setdefault(hold.field, "person")
    elif not hold.field and record.action and hold.action in ("", record.action):
        record.hold = record.hold or "person"


def by_undo(record: Record, holds: list[Hold]) -> None:
    taken = {(h.field, h.value) for h in holds if h.action == "update"}
    back = [label for label in record.differs if (label, record.new[label]) in taken]
    if record.action == "update" and back == record.differs:
        record.hold = record.hold or "undo"
    elif record.action == "update":
        for label in back:
            record.field_holds.setdefault(label, "undo")
    if record.action == "restore" and any(h.action == "restore" for h in holds) and back == record.differs:
        record.hold = record.hold or "undo"
    if record.action == "archive" and any(h.action == "archive" for h in holds):
        record.hold = record.hold or "undo"


def unlike(old: str | None, new: str | None) -> bool:
    return old is not None and new is not None and old.strip().lower() != new.strip().lower()


def contradicts(record: Record, night: Night) -> bool:
    """Both names and a second identifier: the id may have been given to another person."""
    if record.action not in ("update", "restore") or record.how != "said":
        return False
    seconds = [unlike(record.old[label], record.new[label]) for label in ("identifier", "state_id")]
    seconds += [
        unlike(birth.old["birth_date"], birth.new["birth_date"])
        for birth in night["Demographics"].values()
        if birth.said and not birth.said.deleted and record.key in (birth.old["user"], birth.new["user"])
    ]
    names = all(unlike(record.old[label], record.new[label]) for label in ("given_name", "family_name"))
    return names and any(seconds)


# ---- what a person approved


def before(record: Record) -> tuple[str | None, ...]:
    return tuple(record.old.values()) if record.action in ("archive", "restore") else ()


def after(record: Record) -> tuple[str | None, ...]:
    return tuple(record.new.values()) if record.action in ("create", "restore") else ()


def held_changes(proposal: Proposal) -> list[Approved]:
    """Everything that a plan holds, as a person may approve it."""
    out = []
    for record in every(proposal.night):
        line: Line = (record.entity.name, record.action, record.key, "", None, None)
        if record.action == "update":
            out += [
                Approved((*line[:3], label, record.old[label], record.new[label]))
                for label in record.differs
                if record.held(label)
            ]
        elif record.action and record.hold:
            out.append(Approved(line, before(record), after(record)))
    return out


def free(night: Night, approved: list[Approved]) -> None:
    """Frees what was approved, exactly as it was; a record that is held whole only if all of it was."""
    for record in every(night):
        mine = {a for a in approved if a.line[:3] == (record.entity.name, record.action, record.key)}
        if not mine or record.hold in ("protected", "needed"):
            continue
        if record.action == "update":
            lines = {a.line[3:] for a in mine}
            free_ones = [x for x in record.differs if (x, record.old[x], record.new[x]) in lines]
            record.field_holds = {x: code for x, code in record.field_holds.items() if x not in free_ones}
            record.hold = "" if free_ones == record.differs else record.hold
        elif any((a.before, a.after) == (before(record), after(record)) for a in mine):
            record.hold, record.approved = "", True


def applies(record: Record) -> bool:
    """Whether applying does anything to the record."""
    if record.action == "update":
        return any(not record.held(label) for label in record.differs)
    return bool(record.action and not record.hold)


# ---- limits


def school(night: Night, key: str | None) -> str:
    """The school itself; an org that is none, and no org, are the district."""
    org = night["Org"].get(key) if key else None
    kind = (org.old["type"] if org.stored else org.new["type"]) if org else None
    return key if key and kind and kind not in NO_SCHOOLS else DISTRICT


def value(record: Record, label: str) -> str | None:
    """What is stored of an active record; of one that is to be, what is stored before what is proposed."""
    if record.was_active or record.old[label] is not None:
        return record.old[label]
    return record.new[label]


def of_person(night: Night, key: str | None, *, now: bool) -> set[tuple[str, str]]:
    """The (role, school) of a person's active roles; without any, for what is not there ``now``, of proposed ones."""

    def of(active: bool) -> set[tuple[str, str]]:
        return {
            (str(value(role, "role")), school(night, value(role, "org")))
            for role in night["Role"].values()
            if role.was_active == active and (active or role.action) and value(role, "user") == key
        }

    return of(True) or (set() if now else of(False)) or {("", DISTRICT)}


def units(record: Record, night: Night) -> set[tuple[str, str]]:
    """The (role, school) in which a record counts."""
    name = record.entity.name
    if name == "User":
        return of_person(night, record.key, now=record.was_active)
    if name in ("UserProfile", "Demographics", "GuardianLink"):
        who = value(record, "student" if name == "GuardianLink" else "user")
        return {("", place) for _, place in of_person(night, who, now=record.was_active)}
    if name == "ClassTerm":
        group = night["Class"].get(value(record, "class") or "")
        return {("", school(night, value(group, "school") if group else None))}
    place = {"Role": "org", "Course": "org", "Class": "school", "Enrollment": "school"}.get(name)
    role = str(value(record, "role") or "") if name in ("Role", "Enrollment") else ""
    return {(role, school(night, value(record, place)) if place else DISTRICT)}


def vanishes(record: Record, night: Night) -> bool:
    if record.action != "archive" or record.hold:
        return False
    if record.how in ("follows", "follows-deleted"):
        return record.said is not None
    parents = [target(night, c, record.old[c.label]) for c in record.entity.refs if c.required]
    return record.how in ("absent", "deleted", "unlisted") and not any(
        parent is not None and parent.action == "archive" for parent in parents
    )


def judge_limits(night: Night, limits: Limits) -> list[Hold]:
    """Holds what a limit holds; returns the new holds."""
    fresh = []
    for entity in ENTITIES:
        records = list(night[entity.name].values())
        gone = [r for r in records if vanishes(r, night)]
        held: set[str] = set()
        groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
        for record in records:
            for role, place in units(record, night):
                groups["unit", role, place].append(record)
                if record not in groups["all", role]:
                    groups["all", role].append(record)
            if entity.name == "Enrollment":
                groups["class", str(value(record, "class")), str(value(record, "role"))].append(record)
        for group, members in groups.items():
            leaving = [r for r in members if r in gone]
            if leaving and trips(group[0], members, len(leaving), limits):
                held |= {r.key for r in leaving if not r.approved}
        for key in held:
            night[entity.name][key].hold = "limit"
        fresh += [Hold(entity.name, key, "limit", "archive") for key in sorted(held)]
    return fresh


def trips(kind: str, members: list[Record], vanished: int, limits: Limits) -> bool:
    n = sum(r.was_active for r in members)
    added = sum(r.action in ("create", "restore") and not r.hold for r in members)
    halved = n >= limits.halving_min_size and 2 * (n - vanished + added) < n
    if kind == "class":
        return halved
    percent, floor = limits.max_removed_percent, limits.min_removed
    if kind == "all":
        percent, floor = limits.max_removed_overall_percent, limits.min_removed_overall
    return halved or (vanished > math.floor(n * percent / 100) and vanished > floor)


# ---- 5. close


def free_of_others(record: Record) -> bool:
    """A guardian statement that a readable row took away waits for nothing but its own limit."""
    return record.entity.name == "GuardianLink" and record.action == "archive" and record.how in ("deleted", "unlisted")


def vanished_link(record: Record) -> bool:
    """Or one that a full table no longer holds: it waits only with a person who is absent too."""
    gone = record.entity.name == "GuardianLink" and record.action == "archive" and record.how == "absent"
    return gone or free_of_others(record)


def depend(record: Record, label: str = "") -> bool:
    """Holds the record or one field of its update as a dependant; whether that is news."""
    if not record.action or record.hold:
        return False
    if record.action != "update":
        record.hold = "dependant"
        return True
    labels = [x for x in ([label] if label else record.differs) if x in record.differs and not record.held(x)]
    record.field_holds |= dict.fromkeys(labels, "dependant")
    return bool(labels)


def close(night: Night) -> None:
    while any([close_reference(r, night, c.label) for r in every(night) for c in r.entity.refs]):  # noqa: C419 - all
        pass


def close_reference(record: Record, night: Night, label: str) -> bool:
    """One reference of one record; whether anything was held."""
    column = record.entity.column(label)
    old, new = (target(night, column, values[label]) for values in (record.old, record.new))
    news = False
    if any(to is not None and to.hold == "case" for to in (old, new)) and not vanished_link(record):
        news |= depend(record)
    if new is not None and new.hold and new.action in ("create", "restore") and record.action != "archive":
        news |= depend(record)
    if old is not None and old.hold and old.action == "archive" and record.was_active:
        if record.action == "archive" and not free_of_others(record):
            news |= depend(record)
        if record.action == "update" and record.new[label] is None:
            news |= depend(record, label)
    to = target(night, column, record.outcome(label))
    if record.active and to is not None and to.action == "archive" and not to.hold:
        news |= depend(to)
    return news


# ---- 6. when holds end


def ends(hold: Hold, night: Night) -> bool:
    record = night[hold.entity].get(hold.sourced_id)
    if record is None or hold.code not in ("limit", "undo"):
        return False
    row = record.said if record.said and not record.said.deleted else None
    if hold.action == "archive":
        return (row is not None and record.action != "archive") or not record.was_active
    if hold.action == "restore":
        return row is not None and (record.was_active or record.active)
    return row is not None and hold.field in row.values and row.values[hold.field] != hold.value
