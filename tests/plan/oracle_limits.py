"""The rules "Limits" and "Grace" of docs/architecture.md, slow and plain."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from oracle_causes import Change, moved, swapped_names
from oracle_expect import Announced, comes
from oracle_rollover import Turn, begins
from oracle_words import ENTITIES, Key, Planned, Record, every, target

from rosterkit.plan.limits import Limits
from rosterkit.roster.schema import Entity

NO_SCHOOLS = ("district", "local", "state", "national", "department")
DISTRICT = ""
Found = list[tuple[Record, str]]  # a record, and the field that is held; "" = the record
Unit = tuple[str, str]  # role and school


@dataclass
class Week:
    """What disappeared on earlier days: the active records, and by entity and role how many, and archived ones."""

    earlier: set[Key] = field(default_factory=set)
    gone: Counter[tuple[str, str]] = field(default_factory=Counter)
    archived: Counter[tuple[str, str]] = field(default_factory=Counter)


# ---- where a record counts


def school(planned: Planned, key: str | None) -> str:
    """The school itself; an org that is none, and no org, are the district."""
    org = planned["Org"].get(key) if key else None
    kind = (org.old["type"] if org.stored else org.new["type"]) if org else None
    return key if key and kind and kind not in NO_SCHOOLS else DISTRICT


def value(record: Record, label: str) -> str | None:
    """What is stored of an active record; of one that is to be, what is stored before what is proposed."""
    if record.was_active or record.old[label] is not None:
        return record.old[label]
    return record.new[label]


def of_person(planned: Planned, key: str | None, *, now: bool) -> set[Unit]:
    """The (role, school) of a person's active roles; without any, for what is not there ``now``, of proposed ones."""

    def of(active: bool) -> set[Unit]:
        return {
            (str(value(role, "role")), school(planned, value(role, "org")))
            for role in planned["Role"].values()
            if role.was_active == active and (active or role.action) and value(role, "user") == key
        }

    return of(True) or (set() if now else of(False)) or {("", DISTRICT)}


def units(record: Record, planned: Planned) -> set[Unit]:
    """The (role, school) in which a record counts."""
    name = record.entity.name
    if name == "User":
        return of_person(planned, record.key, now=record.was_active)
    if name in ("UserProfile", "Demographics", "GuardianLink", "UserAttributes"):
        who = value(record, "student" if name == "GuardianLink" else "user")
        return {("", place) for _, place in of_person(planned, who, now=record.was_active)}
    if name == "ClassTerm":
        group = planned["Class"].get(value(record, "class") or "")
        return {("", school(planned, value(group, "school") if group else None))}
    place = {"Role": "org", "Course": "org", "Class": "school", "Enrollment": "school"}.get(name)
    role = str(value(record, "role") or "") if name in ("Role", "Enrollment") else ""
    return {(role, school(planned, value(record, place)) if place else DISTRICT)}


class Base:
    """How many active records there are, by unit and by role."""

    def __init__(self, entity: Entity, planned: Planned) -> None:
        active = [r for r in planned[entity.name].values() if r.was_active]
        places = [units(r, planned) for r in active]
        self.by_unit = Counter(unit for some in places for unit in some)
        self.by_role = Counter(role for some in places for role in {role for role, _ in some})
        self.empty = not active and entity.name not in ("UserProfile", "Demographics", "GuardianLink", "UserAttributes")


def share(base: int, percent: float) -> int:
    return math.floor(base * percent / 100)


# ---- what comes and what leaves


def is_lost(record: Record, planned: Planned, held: set[Key]) -> bool:
    """It leaves and counts here: what follows from an archived parent counts there, unless a limit holds that one."""
    if record.action != "archive" or record.hold or record.announced:
        return False
    if record.how in ("follows", "follows-deleted"):
        return record.delivered is not None
    parents = [target(planned, c, record.old[c.label]) for c in record.entity.refs if c.required]
    with_parent = any(p and p.action == "archive" and (p.entity.name, p.key) not in held for p in parents)
    return record.how in ("absent", "deleted", "unlisted") and not with_parent


@dataclass
class Changing:
    """Of one entity: ``lost`` leaves, ``removed`` disappeared today, ``added`` comes; where each counts."""

    entity: Entity
    lost: list[Record]
    removed: list[Record]
    added: list[Record]
    places: dict[str, set[Unit]]

    def count(self, records: Iterable[Record]) -> tuple[Counter[Unit], Counter[str]]:
        some = [self.places[r.key] for r in records]
        by_role = Counter(role for units_ in some for role in {role for role, _ in units_})
        return Counter(unit for units_ in some for unit in units_), by_role

    def in_(self, records: Iterable[Record], roles: set[str]) -> list[Record]:
        return [r for r in records if roles & {role for role, _ in self.places[r.key]}]

    def at(self, records: Iterable[Record], over: set[Unit]) -> list[Record]:
        return [r for r in records if over & self.places[r.key]]


def records_over(
    planned: Planned, limits: Limits, week: Week, announced: Announced, turn: Turn
) -> tuple[Found, dict[Key, set[str]]]:
    """What is held of what comes and leaves, parents first; and the roles of what disappeared and was counted."""
    held = {(r.entity.name, r.key) for r in every(planned) if r.hold == "limit"}
    few = min(limits.min_created, limits.min_created_overall, limits.min_reissued, limits.min_shape)
    found: dict[Key, Record] = {}
    emptied: set[str] = set()
    seen: dict[Key, set[str]] = {}
    for entity in ENTITIES:
        records = planned[entity.name].values()
        lost = [r for r in records if is_lost(r, planned, held)]
        added = [r for r in records if comes(r)]
        many = len(added) > few or bool(lost and len(added) > 1)
        base = Base(entity, planned)
        if base.empty or not (lost or many):
            continue
        removed = [r for r in lost if (entity.name, r.key) not in week.earlier]
        changing = Changing(entity, lost, removed, added, {r.key: units(r, planned) for r in [*lost, *added]})
        over: list[Record] = []
        if lost:
            over += too_many_removed(changing, base, limits) + over_the_week(changing, base, limits, week)
            over += halved_classes(changing, planned, limits) if entity.name == "Enrollment" else []
            emptied = emptied_schools(changing, base, limits) if entity.name == "User" else emptied
            over += at_schools(changing, emptied) if entity.name != "GuardianLink" else []
            seen |= {(entity.name, r.key): {role for role, _ in changing.places[r.key]} for r in removed}
        if many:
            over += over_created(changing, planned, base, limits, announced, turn)
        found |= {(entity.name, r.key): r for r in over}
        held |= {(entity.name, r.key) for r in over}
    return [(record, "") for record in found.values()], seen


def halved(base: int, removed: int, added: int, limits: Limits) -> bool:
    return removed > 0 and base >= limits.halving_min_size and 2 * (base - removed + added) < base


def too_many_removed(changing: Changing, base: Base, limits: Limits) -> list[Record]:
    gone, gone_by_role = changing.count(changing.removed)
    new, new_by_role = changing.count(changing.added)

    def over(n: int, removed: int, added: int, percent: float, minimum: int) -> bool:
        return halved(n, removed, added, limits) or (removed > share(n, percent) and removed > minimum)

    percent, minimum = limits.max_removed_overall_percent, limits.min_removed_overall
    roles = {r for r, n in gone_by_role.items() if over(base.by_role[r], n, new_by_role[r], percent, minimum)}
    if any(n > share(base.by_role[r], percent) and n > minimum for r, n in gone_by_role.items()):
        return list(changing.removed)
    percent, minimum = limits.max_removed_percent, limits.min_removed
    places = {u for u, n in gone.items() if over(base.by_unit[u], n, new[u], percent, minimum)}
    return changing.in_(changing.removed, roles) + changing.at(changing.removed, places)


def emptied_schools(changing: Changing, base: Base, limits: Limits) -> set[str]:
    """The schools of which less than half of the people stay, whatever their role."""

    def at(units_: Counter[Unit]) -> Counter[str]:
        return sum((Counter({school: n}) for (_, school), n in units_.items()), Counter())

    everybody, gone, new = (
        at(base.by_unit),
        at(changing.count(changing.removed)[0]),
        at(changing.count(changing.added)[0]),
    )
    return {place for place in gone if place and halved(everybody[place], gone[place], new[place], limits)}


def at_schools(changing: Changing, schools: set[str]) -> list[Record]:
    return [r for r in changing.removed if schools & {place for _, place in changing.places[r.key]}]


def over_the_week(changing: Changing, base: Base, limits: Limits, week: Week) -> list[Record]:
    """What disappeared in the last school days, today's with it, where it is too much of a role."""
    _, today = changing.count(changing.removed)
    roles = set()
    for (name, role), gone in week.gone.items():
        whole = base.by_role[role] + week.archived[name, role]
        many = gone + today[role]
        if name == changing.entity.name and many > share(whole, limits.max_removed_week_percent):
            roles |= {role} if many > limits.min_removed_overall else set()
    return changing.in_(changing.lost, roles)


def halved_classes(changing: Changing, planned: Planned, limits: Limits) -> list[Record]:
    """Of a class that stays, the enrollments whose loss leaves less than half."""

    def of(records: Iterable[Record]) -> Counter[tuple[str | None, str | None]]:
        return Counter((value(r, "class"), value(r, "role")) for r in records)

    base = of(r for r in planned["Enrollment"].values() if r.was_active)
    gone, new = of(changing.removed), of(changing.added)
    low = {group for group, n in gone.items() if halved(base[group], n, new[group], limits)}
    return [r for r in changing.removed if (value(r, "class"), value(r, "role")) in low]


def without_new_parents(changing: Changing, planned: Planned) -> list[Record]:
    """What comes, and refers by no required reference to what comes too."""

    def new_parent(record: Record) -> bool:
        parents = [target(planned, c, record.new[c.label]) for c in record.entity.refs if c.required]
        return any(parent is not None and comes(parent) for parent in parents)

    return [r for r in changing.added if not new_parent(r) and not r.announced]


def allowed(announced: Announced, changing: Changing, role: str, school_: str | None = None) -> int:
    """How many of these were announced; without a school, over all."""
    if changing.entity.name != "User" or role != "student":
        return 0
    return announced.students.total() if school_ is None else announced.students[school_] + announced.students[None]


def over_created(
    changing: Changing, planned: Planned, base: Base, limits: Limits, announced: Announced, turn: Turn
) -> list[Record]:
    own = without_new_parents(changing, planned)
    over = reissued(changing, own, base, limits)
    if too_many_created(changing, own, base, limits, announced):
        rest = [r for r in own if not begins(r, planned, turn)]
        over += too_many_created(changing, rest, base, limits, announced)
    over += zero_stripped(changing, planned, sum(base.by_role.values()), limits)
    return over + (overcrowded(changing, planned, limits) if changing.entity.name == "GuardianLink" else [])


def too_many_created(
    changing: Changing, own: list[Record], base: Base, limits: Limits, announced: Announced
) -> list[Record]:
    known = [r for r in own if any(base.by_role[role] for role, _ in changing.places[r.key])]
    by_unit, by_role = changing.count(own)
    percent, minimum = limits.max_created_overall_percent, limits.min_created_overall
    more = {role: n - allowed(announced, changing, role) for role, n in by_role.items() if base.by_role[role]}
    all_over = any(n > share(base.by_role[role], percent) and n > minimum for role, n in more.items())
    percent, minimum = limits.max_created_percent, limits.min_created
    at = {unit: n - allowed(announced, changing, *unit) for unit, n in by_unit.items() if base.by_role[unit[0]]}
    places = {unit for unit, n in at.items() if n > share(base.by_unit[unit], percent) and n > minimum}
    return (known if all_over else []) + changing.at(own, places)


def reissued(changing: Changing, own: list[Record], base: Base, limits: Limits) -> list[Record]:
    """As many leave as come, of one role: the ids may be new ones; so where everything is exchanged."""
    _, gone = changing.count(changing.removed)
    _, new = changing.count(own)
    roles = set()
    for role in {*gone, *new}:
        both = min(gone[role], new[role])
        whole = base.by_role[role]
        exchanged = gone[role] == whole and both > 1 and limits.max_reissued_percent < 100
        if exchanged or (both > share(whole, limits.max_reissued_percent) and both > limits.min_reissued):
            roles.add(role)
    return changing.in_([*changing.removed, *own], roles)


def zero_stripped(changing: Changing, planned: Planned, everybody: int, limits: Limits) -> list[Record]:
    """What comes under ids that are those of what leaves, but for leading zeros."""

    def bare(key: str) -> str:
        return ":".join(part.lstrip("0") for part in key.split(":"))

    leaving = [r for r in planned[changing.entity.name].values() if r.action == "archive"]
    pairs = [(a, b) for a in changing.added for b in leaving if a.key != b.key and bare(a.key) == bare(b.key)]
    if len({a.key for a, _ in pairs}) <= max(int(everybody * limits.max_shape_percent / 100), limits.min_shape):
        return []
    return [record for pair in pairs for record in pair]


def overcrowded(changing: Changing, planned: Planned, limits: Limits) -> list[Record]:
    """Links that come for students who would have too many guardians, where those are many."""
    students = Base(next(e for e in ENTITIES if e.name == "User"), planned).by_role["student"]
    coming = Counter(r.new["student"] for r in changing.added)
    gone = {r.key for r in changing.removed}
    stay = Counter(r.old["student"] for r in planned["GuardianLink"].values() if r.was_active and r.key not in gone)
    many = {student for student, n in coming.items() if n + stay[student] > limits.max_guardians}
    if not students or len(many) <= max(int(students * limits.max_shape_percent / 100), limits.min_shape):
        return []
    return [r for r in changing.added if r.new["student"] in many]


# ---- what changes

KINDS = {
    "User": {
        "given_name middle_name family_name preferred_given_name preferred_middle_name preferred_family_name": "names",
        "email": "email",
        "username identifier state_id user_ids user_master_identifier": "identifiers",
        "sms phone": "phone",
        "grades": "grade",
        "primary_org": "school",
    },
    "UserProfile": {"username vendor_id": "identifiers", "user": "links"},
    "UserAttributes": {"user": "links"},
    "Role": {"user org role": "identifiers"},
    "Enrollment": {"class user role": "identifiers", "school": "school"},
    "GuardianLink": {"guardian student": "links"},
    "Demographics": {"birth_date": "identifiers", "user": "links"},
    "Class": {"course": "links", "school": "school"},
    "ClassTerm": {"class session": "links"},
    "Course": {"org": "school"},
    "AcademicSession": {"parent": "links"},
    "Org": {"parent": "links"},
}


def percent_of(kind: str, limits: Limits) -> float:
    name = {"cleared": "max_cleared_percent", "new column": "max_new_column_percent"}.get(kind)
    return float(getattr(limits, name or f"max_changed_{kind}_percent"))


def kinds(record: Record, label: str) -> list[str]:
    """The kinds that a changed field counts as."""
    mine = KINDS.get(record.entity.name, {})
    own = next((kind for labels, kind in mine.items() if label in labels.split()), "other")
    old, new = record.old[label], record.new[label]
    out = [own]
    if new is None and old is not None:
        out.append("cleared")
    if label == "attributes" and set(json.loads(new or "{}")) - set(json.loads(old or "{}")):
        out.append("new column")
    return out


def updates_over(planned: Planned, limits: Limits) -> Found:
    """Fields that are held. What is held as a case counts too; what follows from an approved archive does not."""
    found: dict[tuple[Key, str], tuple[Record, str]] = {}
    for entity in ENTITIES:
        changed = [r for r in planned[entity.name].values() if r.action == "update" and r.hold in ("", "limit", "case")]
        base = Base(entity, planned)
        over = fields_over(changed, planned, base, limits)
        over |= restructured(changed, planned, base, limits) if entity.name == "Org" else set()
        over |= renamed(changed, planned, limits) if entity.name == "User" else set()
        wrong = read_wrongly(changed, planned, limits)
        away = strangers(changed, planned, over)
        over |= {(r.key, label) for r in changed if r.key in away for label in counting(r, planned)} | wrong
        rows = {r.key: r for r in changed}
        found |= {((entity.name, key), label): (rows[key], label) for key, label in over}
        if entity.name == "User":
            theirs = [r for r in every(planned) if of_strangers(r, away)]
            parts = [(r, label) for r in theirs for label in (r.differs if r.action == "update" else [""])]
            found |= {((r.entity.name, r.key), label): (r, label) for r, label in parts}
    return list(found.values())


def counting(record: Record, planned: Planned) -> list[str]:
    """The changed fields that count: not references that become blank as a person approved that their target leaves."""
    refs = {c.label: c for c in record.entity.refs if not c.required}

    def follows(label: str) -> bool:
        to = target(planned, refs[label], record.old[label]) if label in refs else None
        leaves = to is not None and to.action == "archive" and not to.hold and (to.approved or to.how == "ended")
        return bool(leaves and record.new[label] is None)

    return [label for label in record.differs if not follows(label) and label not in record.announced_labels]


def fields_over(changed: list[Record], planned: Planned, base: Base, limits: Limits) -> set[tuple[str, str]]:
    by_unit: dict[tuple[str, str, Unit], set[str]] = defaultdict(set)
    by_role: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for record in changed:
        for label in counting(record, planned):
            for kind in kinds(record, label):
                for unit in units(record, planned):
                    by_unit[label, kind, unit].add(record.key)
                    by_role[label, kind, unit[0]].add(record.key)
    everywhere = {
        label
        for (label, kind, role), keys in by_role.items()
        if len(keys) > share(base.by_role[role], percent_of(kind, limits)) and len(keys) > limits.min_changed_overall
    }
    over = {(r.key, label) for r in changed for label in counting(r, planned) if label in everywhere}
    for (label, kind, unit), keys in by_unit.items():
        if len(keys) > share(base.by_unit[unit], percent_of(kind, limits)) and len(keys) > limits.min_changed:
            over |= {(key, label) for key in keys}
    return over


def restructured(changed: list[Record], planned: Planned, base: Base, limits: Limits) -> set[tuple[str, str]]:
    """More than half of the orgs get another parent, at least two."""
    moved_orgs = [r.key for r in changed if "parent" in counting(r, planned)]
    few = len(moved_orgs) < 2 or 2 * len(moved_orgs) <= sum(base.by_role.values())
    return set() if few or limits.max_changed_links_percent == 100 else {(key, "parent") for key in moved_orgs}


def unlike(old: str | None, new: str | None) -> bool:
    return old is not None and new is not None and old.strip().lower() != new.strip().lower()


def renamed(changed: list[Record], planned: Planned, limits: Limits) -> set[tuple[str, str]]:
    """Both names change at too many people, at a school or over all."""
    both = [r for r in changed if all(unlike(r.old[x], r.new[x]) for x in ("given_name", "family_name"))]
    places = {r.key: units(r, planned) for r in both}
    groups: Counter[object] = Counter(unit for some in places.values() for unit in some)
    groups.update(role for some in places.values() for role in {role for role, _ in some})
    over = {group for group, n in groups.items() if n > limits.max_renamed_people}
    hit = [r for r in both if over & places[r.key] or over & {role for role, _ in places[r.key]}]
    return {(r.key, label) for r in hit for label in counting(r, planned)}


def read_wrongly(changed: list[Record], planned: Planned, limits: Limits) -> set[tuple[str, str]]:
    """Values that are the stored ones, written as UTF-8 and read as something else."""

    def wrong(old: str | None, new: str | None) -> bool:
        if not old or not new or old.isascii() or new.isascii():
            return False
        read = (old.encode().decode(name, errors="replace") for name in ("latin-1", "cp1252"))
        return visible(new) in map(visible, read)

    def visible(text: str) -> str:
        return "".join(c for c in text if not "\x80" <= c <= "\x9f" and c != "\ufffd")

    return {
        (r.key, label)
        for r in changed
        for label in counting(r, planned)
        if wrong(r.old[label], r.new[label]) and any(percent_of(kind, limits) < 100 for kind in kinds(r, label)[:1])
    }


def strangers(changed: list[Record], planned: Planned, over: set[tuple[str, str]]) -> set[str]:
    """The records in which the values of a held field are those of others: every other field of theirs is held too."""
    labels = {label for _, label in over}
    mine = [(r, label) for r in changed for label in counting(r, planned) if label in labels]
    changes: dict[str, dict[str, Change]] = {label: {} for label in labels}
    for r, label in mine:
        changes[label][r.key] = (r.old[label], r.new[label], r.delivered.line if r.delivered else None)
    away = {label for label in labels if moved(list(changes[label].values()))}
    if {"given_name", "family_name"} <= labels and swapped_names(changes["given_name"], changes["family_name"]):
        away -= {"given_name", "family_name"}
    return {key for key, label in over if label in away}


def of_strangers(record: Record, people: set[str]) -> bool:
    """What refers to them may be the others' as well; a guardian link that is gone waits for no other hold."""
    if not record.action or record.hold:
        return False
    gone = record.action == "archive" and record.how in ("deleted", "unlisted", "absent")
    who = [c.label for c in record.entity.refs if c.required and str(c.to) == "User"]
    refers = any({record.old[label], record.new[label]} & people for label in who)
    return refers and not (record.entity.name == "GuardianLink" and gone)
