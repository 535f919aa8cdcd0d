"""The rules "Holds and propagation" of docs/architecture.md, slow and plain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from oracle import enqueue, plan, remembered, stamps
from oracle_expect import Announced, announce, promote
from oracle_limits import Week, records_over, unlike, updates_over
from oracle_rollover import Turn, hold_early
from oracle_words import Approved, Hold, Line, Model, Planned, Proposal, Record, every, target

from rosterkit.plan.calendar import GraceSettings
from rosterkit.plan.limits import Limits
from rosterkit.sources.base import Extract

GUARDIANS = {"guardian", "parent", "relative"}
STAFF_FREE = {"student"} | GUARDIANS


@dataclass(frozen=True)
class Today:
    """The day of a plan, and the days that a person who disappears stays. ``promotes``: grades may rise by one."""

    as_of: date
    grace: GraceSettings
    turn: Turn
    promotes: bool = False

    def is_school_day(self, day: date) -> bool:
        return day.weekday() < 5

    def since(self, days: int) -> date:
        """The first of so many school days up to this day."""
        day = self.as_of
        while (days := days - self.is_school_day(day)) > 0:
            day -= timedelta(days=1)
        return day

    def days_of(self, roles: set[str]) -> int:
        if roles - STAFF_FREE:
            return self.grace.staff
        return self.grace.guardians if roles and "student" not in roles else self.grace.students


def propose(model: Model, extract: Extract, limits: Limits, today: Today) -> Proposal:
    """The plan for an extract. It queues the deltas and sets the holds of new limits, as making a plan does."""
    planned, _, _ = plan(model, extract, today.turn)
    for record in every(planned):
        mine = [h for h in model.holds if (h.entity, h.sourced_id) == (record.entity.name, record.key)]
        for hold in mine:
            if hold.code == "person":
                by_person(record, hold)
        by_undo(record, [h for h in mine if h.code == "undo"])
        for hold in mine:
            if hold.code == "limit":
                by_limit(record, hold)
    cases = {record.key for record in planned["User"].values() if contradicts(record, planned)}
    for key in cases:
        planned["User"][key].hold = "case"
    free(planned, model.approved)
    announced = announce(planned, model.expected, today.as_of)
    promoted = promote(planned) if today.promotes else set()
    gone = [r for r in planned["User"].values() if (r.action, r.how) == ("archive", "absent") and r.hold != "protected"]
    seen = {("User", record.key): roles_of(planned, record.key) for record in gone}
    fresh, counted = hold_over_limits(planned, limits, week_of(model, limits, today), announced, today.turn)
    for record in takers(planned):
        if record.action == "update":
            record.field_holds["username"] = "case"
        else:
            record.hold = "case"
    close(planned)
    if hold_early(planned, today.turn):
        close(planned, "early")
    for record in gone:
        if (
            not record.hold
            and not record.approved
            and not record.announced
            and waited(model, record, today) < today.days_of(seen["User", record.key])
        ):
            record.hold = "grace"
    hold_of_unknown(planned, model)
    close(planned, "grace")
    name_fields(planned, [*model.holds, *fresh])
    going = {(r.entity.name, r.action, r.key) for r in every(planned) if applies(r)}
    used = [a for a in model.approved if a.line[:3] in going]
    enqueue(model, extract)
    packages = list(dict.fromkeys([*(package for package, _ in model.queue), extract.id]))
    full = {(t.entity) for t in extract.tables if t.coverage == "full"}
    ended = [h for h in model.holds if ends(h, planned, full)]
    model.holds += [h for h in fresh if h not in model.holds]
    pending = remembered(planned)
    fresh_words = {key: one for key, one in pending.items() if model.pending.get(key) != one}
    done = set(model.pending) - set(pending)
    proposal = Proposal(planned, fresh_words, done, packages, used, ended, fresh, stamps=stamps(planned))
    proposal.day = today.as_of
    proposal.absent = counted | seen
    proposal.seen, proposal.promoted = announced.seen(planned), promoted
    proposal.returned = {(name, key) for name, key, _, _ in model.absences if is_back(planned[name].get(key))}
    return proposal


def hold_of_unknown(planned: Planned, model: Model) -> None:
    """What belongs to people who had disappeared stays where this run does not show whether they are still gone."""
    earlier = {key for name, key, _, _ in model.absences if name == "User"}
    people = [r for r in planned["User"].values() if r.key in earlier and r.was_active and not r.action]
    unknown = {id(r) for r in people if not r.delivered}
    for record in every(planned):
        if (record.action, record.how) != ("archive", "absent") or record.hold or record.approved or record.announced:
            continue
        for column in record.entity.refs:
            old = target(planned, column, record.old[column.label])
            if column.required and old is not None and id(old) in unknown:
                record.hold = "grace"


def roles_of(planned: Planned, key: str) -> set[str]:
    return {str(r.old["role"]) for r in planned["Role"].values() if r.was_active and r.old["user"] == key}


def is_back(record: Record | None) -> bool:
    return bool(record and record.delivered and not record.delivered.deleted and record.action != "archive")


def waited(model: Model, record: Record, today: Today) -> int:
    """On how many school days before this one a run saw that the person was gone."""
    days = {day for name, key, day, _ in model.absences if (name, key) == ("User", record.key)}
    return sum(day < today.as_of and today.is_school_day(day) for day in days)


def week_of(model: Model, limits: Limits, today: Today) -> Week:
    first: dict[tuple[str, str], tuple[date, set[str]]] = {}
    for name, key, day, roles in sorted(model.absences, key=lambda one: one[2]):
        first.setdefault((name, key), (day, roles))
    week, since = Week(), today.since(limits.week_days)
    for (name, key), (day, roles) in first.items():
        row = model.rows[name].get(key)
        active = bool(row and row.active)
        if day < today.as_of:
            week.earlier |= {(name, key)} if active else set()
            for role in roles or {""} if day >= since else ():
                week.gone[name, role] += 1
                week.archived[name, role] += not active
    return week


def hold_over_limits(
    planned: Planned, limits: Limits, week: Week, announced: Announced, turn: Turn
) -> tuple[list[Hold], dict[tuple[str, str], set[str]]]:
    """Holds what exceeds a limit, and was not approved; the new holds, and what was removed and counted."""
    moved, seen = records_over(planned, limits, week, announced, turn)
    fresh = []
    for record, label in [*moved, *updates_over(planned, limits)]:
        if record.approved or label in record.freed_labels:
            continue
        fresh.append(Hold(record.entity.name, record.key, "limit", record.action, label))
        if label:
            record.field_holds[label] = "limit"
        else:
            record.hold = record.hold or "limit"
    return fresh, seen


def by_limit(record: Record, hold: Hold) -> None:
    """What an earlier limit holds: that action, or that field whatever its value."""
    if record.action and hold.action == record.action and record.how != "ended":
        if not hold.field:
            record.hold = record.hold or "limit"
        elif hold.field in record.differs:
            record.field_holds.setdefault(hold.field, "limit")


def name_fields(planned: Planned, holds: list[Hold]) -> None:
    """What holds a field: the first hold on it, else the undo of this very value, else what it refers to."""
    named = [hold for hold in holds if hold.field]
    for record in every(planned):
        mine = [h for h in named if (h.entity, h.sourced_id) == (record.entity.name, record.key)]
        for label in set(record.field_holds) - record.held_whole if record.action == "update" else ():
            on_it = [h for h in mine if h.field == label]
            any_value = [h.code for h in on_it if h.code != "undo"]
            undone = ["undo" for h in on_it if h.code == "undo" and h.value == record.new[label]]
            case = ["case"] if record.field_holds[label] == "case" else []
            record.field_holds[label] = (any_value + case + undone + ["dependant"])[0]


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


def contradicts(record: Record, planned: Planned) -> bool:
    """Both names and a second identifier: the id may have been given to another person."""
    if record.action not in ("update", "restore") or record.how != "delivered":
        return False
    seconds = [unlike(record.old[label], record.new[label]) for label in ("identifier", "state_id")]
    seconds += [
        unlike(birth.old["birth_date"], birth.new["birth_date"])
        for birth in planned["Demographics"].values()
        if birth.delivered and not birth.delivered.deleted and record.key in (birth.old["user"], birth.new["user"])
    ]
    names = all(unlike(record.old[label], record.new[label]) for label in ("given_name", "family_name"))
    return names and any(seconds)


def takers(planned: Planned) -> list[Record]:
    """Students and staff who get a username that another one has or had, whose name differs."""
    people = planned["User"].values()
    return [r for r in people if gets_username(r) and any(had_username(other, r, planned) for other in people)]


def gets_username(record: Record) -> bool:
    if record.hold or record.approved or record.how != "delivered" or record.new["username"] is None:
        return False
    if record.action == "update":
        free = not record.held("username") and "username" not in record.freed_labels
        return "username" in record.differs and free
    return record.action in ("create", "restore")


def had_username(other: Record, record: Record, planned: Planned) -> bool:
    if other is record or not other.stored or other.old["username"] != record.new["username"]:
        return False
    if any(set(roles) and set(roles) <= GUARDIANS for roles in map(partial(every_role, planned), (other, record))):
        return False
    return any(unlike(other.old[x], record.new[x]) for x in ("given_name", "family_name"))


def every_role(planned: Planned, person: Record) -> list[str | None]:
    """What a person is, and what is proposed that the person become."""
    roles = planned["Role"].values()
    now = [r.old["role"] for r in roles if r.was_active and r.old["user"] == person.key]
    coming = [r for r in roles if r.action and not r.was_active]
    return now + [r.new["role"] for r in coming if r.new["user"] == person.key]


# ---- what a person approved


def before(record: Record) -> tuple[str | None, ...]:
    return tuple(record.old.values()) if record.action in ("archive", "restore") else ()


def after(record: Record) -> tuple[str | None, ...]:
    return tuple(record.new.values()) if record.action in ("create", "restore") else ()


def held_changes(proposal: Proposal) -> list[Approved]:
    """Everything that a plan holds, as a person may approve it."""
    out = []
    for record in every(proposal.planned):
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


def free(planned: Planned, approved: list[Approved]) -> None:
    """Frees what was approved, exactly as it was; a record that is held whole only if all of it was."""
    for record in every(planned):
        mine = {a for a in approved if a.line[:3] == (record.entity.name, record.action, record.key)}
        if not mine or record.hold in ("protected", "needed"):
            continue
        if record.action == "update":
            lines = {a.line[3:] for a in mine}
            free_ones = [x for x in record.differs if (x, record.old[x], record.new[x]) in lines]
            record.field_holds = {x: code for x, code in record.field_holds.items() if x not in free_ones}
            record.freed_labels = set(free_ones)
            if free_ones == record.differs:
                record.hold, record.approved = "", True
        elif any((a.before, a.after) == (before(record), after(record)) for a in mine):
            record.hold, record.approved = "", True


def applies(record: Record) -> bool:
    """Whether applying does anything to the record."""
    if record.action == "update":
        return any(not record.held(label) for label in record.differs)
    return bool(record.action and not record.hold)


# ---- 5. close


def free_of_others(record: Record) -> bool:
    """A guardian statement that a readable row took away waits for nothing but its own limit."""
    return record.entity.name == "GuardianLink" and record.action == "archive" and record.how in ("deleted", "unlisted")


def vanished_link(record: Record) -> bool:
    """Or one that a full table no longer holds: it waits only with a person who is absent too."""
    gone = record.entity.name == "GuardianLink" and record.action == "archive" and record.how == "absent"
    return gone or free_of_others(record)


def depend(record: Record, code: str, label: str = "") -> bool:
    """Holds the record or one field of its update as a dependant; whether that is news."""
    if not record.action or record.hold:
        return False
    if record.action != "update":
        record.hold = code
        return True
    labels = [x for x in ([label] if label else record.differs) if x in record.differs and not record.held(x)]
    record.field_holds |= dict.fromkeys(labels, code if not label else "dependant")
    record.held_whole |= set() if label else set(labels)
    return bool(labels)


def close(planned: Planned, code: str = "dependant") -> None:
    while any([close_reference(r, planned, c.label, code) for r in every(planned) for c in r.entity.refs]):  # noqa: C419 - all
        pass


def close_reference(record: Record, planned: Planned, label: str, code: str) -> bool:
    """One reference of one record; whether anything was held."""
    column = record.entity.column(label)
    old, new = (target(planned, column, values[label]) for values in (record.old, record.new))
    news = False
    if any(to is not None and to.hold == "case" for to in (old, new)) and not vanished_link(record):
        news |= depend(record, code)
    if new is not None and new.hold and new.action in ("create", "restore") and record.action != "archive":
        news |= depend(record, code)
    if old is not None and old.hold and old.action == "archive" and record.was_active:
        if record.action == "archive" and not free_of_others(record) and record.how != "ended":
            news |= depend(record, code)
        if record.action == "update" and record.new[label] is None:
            news |= depend(record, code, label)
    to = target(planned, column, record.outcome(label))
    if record.active and to is not None and to.action == "archive" and not to.hold:
        news |= depend(to, code)
    return news


# ---- 6. when holds end


def ends(hold: Hold, planned: Planned, full: set[str]) -> bool:
    """Whether the source took back the reason of a hold by a limit, or delivers something new after an undo."""
    record = planned[hold.entity].get(hold.sourced_id)
    if hold.code not in ("limit", "undo"):
        return False
    limit = hold.code == "limit"
    if limit and hold.action in ("create", "restore") and (record is None or record.delivered is None):
        return hold.entity in full and not (record and record.unreadable)
    if record is None:
        return False
    row = record.delivered if record.delivered and not record.delivered.deleted else None
    if limit and hold.action == "create":
        return record.was_active
    if hold.action == "archive":
        return (row is not None and record.action != "archive") or not record.was_active
    if hold.action == "restore":
        return row is not None and (record.was_active if limit else record.was_active or record.active)
    if limit:
        states = row is not None and hold.field in row.values
        return states and record.was_active and hold.field not in record.differs
    return row is not None and hold.field in row.values and row.values[hold.field] != hold.value
