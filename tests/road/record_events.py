"""What may happen to records between two packages; each returns what it did."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from nights_events import Dice
from record_nights import Object, Records, contact, person

Event = Callable[[Records, Dice], str]
_KINDS = ("sections", "people", "sections", "people", "staff", "schools", "terms")


def _some(records: Records, dice: Dice, *kinds: str) -> tuple[str, list[Any], Object] | None:
    """A kind, its records, and one of them."""
    kind = dice.one(kinds or _KINDS)
    every: list[Any] = getattr(records, kind)
    sound = [record for record in every if isinstance(record, dict)]
    return (kind, every, dice.one(sound)) if sound else None


def _place(every: list[Any], record: Any) -> int:
    return next(at for at, other in enumerate(every) if other is record)


def _lines_of(records: Records, line: Object) -> list[Object]:
    return [other for other in records.people if isinstance(other, dict) and other.get("id") == line.get("id")]


def _mint(records: Records, start: str) -> str:
    """An id or a word that nobody had."""
    records.minted += 1
    return f"{start}-n{records.minted}"


def edit(records: Records, dice: Dice) -> str:
    """A text of a record, on all of a person's lines."""
    found = _some(records, dice)
    if not found:
        return ""
    kind, _, one = found
    name = dice.one(("given", "family", "email", "grade") if kind in ("staff", "people") else ("name",))
    value = dice.one((_mint(records, "Hazel"), _mint(records, " Łęg "), "", None))
    for line in _lines_of(records, one) if kind == "people" else [one]:
        line[name] = value
    return f"{kind} {one.get('id')}: {name} = {value!r}"


def edit_days(records: Records, dice: Dice) -> str:
    found = _some(records, dice, "terms")
    if found:
        found[2]["end"] = dice.one(("2027-06-20", "2027-01-15", "soon"))
    return f"{found and found[2]}"


def move(records: Records, dice: Dice) -> str:
    """A record, or a line of one, stands elsewhere."""
    found = _some(records, dice, "sections", "people")
    if not found:
        return ""
    kind, every, one = found
    del every[_place(every, one)]
    every.insert(dice.number(0, len(every)), one)
    return f"{kind} {one.get('id')}"


def shuffle(records: Records, dice: Dice) -> str:
    kind = dice.one(_KINDS)
    random.Random(dice.number(0, 99)).shuffle(getattr(records, kind))
    return kind


def remove(records: Records, dice: Dice) -> str:
    """A section, or a person with all of their lines; now and then a school or a term."""
    found = _some(records, dice)
    if not found or (found[0] in ("schools", "terms") and dice.maybe()):
        return ""
    kind, every, one = found
    every[:] = [other for other in every if not isinstance(other, dict) or other.get("id") != one.get("id")]
    records.gone.append((kind, one))
    return f"{kind} {one.get('id')}"


def come_back(records: Records, dice: Dice) -> str:
    if not records.gone:
        return ""
    kind, one = records.gone.pop(dice.number(0, len(records.gone) - 1))
    every: list[Any] = getattr(records, kind)
    every.insert(dice.number(0, len(every)), one)
    return f"{kind} {one.get('id')}"


def add_section(records: Records, dice: Dice) -> str:
    found = _some(records, dice, "sections")
    if not found:
        return ""
    new = copy.deepcopy(found[2]) | {"id": _mint(records, "section")}
    found[1].insert(dice.number(0, len(found[1])), new)
    return f"{new['id']} like {found[2].get('id')}"


def add_person(records: Records, dice: Dice) -> str:
    """A student whose contact another student may have too."""
    key, school = _mint(records, "student"), dice.one(("S1", "S2", "S9"))
    with_contact = {"contact": contact(dice.one(("S1-mother0", key)))} if dice.maybe() else {}
    records.people.insert(dice.number(0, len(records.people)), person(key, school, **with_contact))
    return f"{key} at {school} {list(with_contact)}"


def lose_seat(records: Records, dice: Dice) -> str:
    found = _some(records, dice, "sections")
    if not found or not found[2].get("seats"):
        return ""
    return f"{found[2].get('id')}: {found[2]['seats'].pop(dice.number(0, len(found[2]['seats']) - 1))}"


def take_seat(records: Records, dice: Dice) -> str:
    """Somebody is enrolled, who may not be there, or not yet."""
    found, other = _some(records, dice, "sections"), _some(records, dice, "people", "staff")
    if not found or not other:
        return ""
    who = dice.one((other[2].get("id"), "nobody", f"student-n{records.minted + 1}"))
    role = dice.one(("student", "student", "teacher", "proctor"))
    found[2].setdefault("seats", []).append({"person": who, "role": role})
    return f"{found[2].get('id')}: {who} {role}"


def change_terms(records: Records, dice: Dice) -> str:
    found = _some(records, dice, "sections")
    if not found:
        return ""
    found[2]["terms"] = dice.one((["autumn"], ["spring", "autumn"], [], ["summer"], "autumn"))
    return f"{found[2].get('id')}: {found[2]['terms']}"


def move_school(records: Records, dice: Dice) -> str:
    found = _some(records, dice, "sections", "people", "staff")
    if not found:
        return ""
    school = dice.one(("S1", "S2", "S9", ""))
    for line in _lines_of(records, found[2]) if found[0] == "people" else [found[2]]:
        line["school"] = school
    return f"{found[0]} {found[2].get('id')}: {school!r}"


def lose_contact(records: Records, dice: Dice) -> str:
    """A line of a student goes, or its contact."""
    lines = [line for line in records.people if isinstance(line, dict) and line.get("contact")]
    if not lines:
        return ""
    one = dice.one(lines)
    if len(_lines_of(records, one)) > 1:
        del records.people[_place(records.people, one)]
    else:
        del one["contact"]
    return f"{one.get('id')}"


def gain_contact(records: Records, dice: Dice) -> str:
    """A student has one more line, which may be one of theirs again."""
    found = _some(records, dice, "people")
    if not found:
        return ""
    one = copy.deepcopy(found[2])
    if not dice.rarely(4):
        one["contact"] = contact(dice.one(("S1-mother0", _mint(records, "contact"))))
    records.people.insert(dice.number(0, len(records.people)), one)
    return f"{one.get('id')}: {one.get('contact')}"


def edit_contact(records: Records, dice: Dice) -> str:
    found = [line for line in records.people if isinstance(line, dict) and line.get("contact")]
    if not found:
        return ""
    one = dice.one(found)
    name = dice.one(("email", "given", "relationship"))
    one["contact"][name] = dice.one(("relative", "parent")) if name == "relationship" else _mint(records, "Rowan")
    return f"{one.get('id')}: {name}"


def twin(records: Records, dice: Dice) -> str:
    """A record twice, or two that share an id."""
    found = _some(records, dice)
    if not found:
        return ""
    other = copy.deepcopy(found[2])
    if dice.maybe():
        other["given" if found[0] in ("staff", "people") else "name"] = _mint(records, "Other")
    found[1].insert(dice.number(0, len(found[1])), other)
    return f"{found[0]} {other.get('id')}"


def spoil(records: Records, dice: Dice) -> str:
    """A record that cannot be read: by its cells, by its id, or at all."""
    found = _some(records, dice, "sections", "people", "staff", "sections", "people", "schools")
    if not found:
        return ""
    kind, every, one = found
    how = dice.one(("school", "id", "text"))
    records.gone.append((kind, copy.deepcopy(one)))
    if how == "text":
        every[_place(every, one)] = '{"id": "' + str(one.get("id"))
    else:
        one[how] = dice.one((None, 7, ["S1"]))
    return f"{kind} {records.gone[-1][1].get('id')}: {how}"


def empty(records: Records, dice: Dice) -> str:
    """A kind has no records at all; they come back one by one, or at once when it is mended."""
    kind = dice.one(("staff", "people", "sections"))
    if not dice.rarely(3):
        return ""
    every: list[Any] = getattr(records, kind)
    records.gone += [(kind, one) for one in every if isinstance(one, dict)]
    every.clear()
    return kind


def mend(records: Records, dice: Dice) -> str:
    """What cannot be read is gone, and of records with one id all but one; a kind that has none has those that left."""
    for kind in ("schools", "terms", "sections", "staff", "people"):
        every: list[Any] = getattr(records, kind)
        every[:] = [r for r in every if isinstance(r, dict) and isinstance(r.get("id"), str)]
        if kind != "people":
            every[:] = list({r["id"]: r for r in every}.values())
        every[:] = every or [one for of, one in records.gone if of == kind and isinstance(one.get("id"), str)]
    return ""


EVENTS: tuple[Event, ...] = (
    *(edit, edit, edit_days, move, move, shuffle, remove, remove, come_back, add_section, add_person),
    *(lose_seat, lose_seat, take_seat, take_seat, change_terms, move_school),
    *(lose_contact, gain_contact, edit_contact, twin, spoil, empty, mend),
)
