"""What may happen to a tiny district, or to the text that says it, between two packages; each returns what it did."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st
from nights import OWNERS, SPOILT, District, Row, Sheet

from providers.oneroster.format import FILES, Field

T = TypeVar("T")
WORDS = ("Alder", "Birch", " Cedar ", "", "Elm, Jr.", 'the "Fir"', "Łęg")
BY_TYPE = {
    "bool": ("true", "false", "", "perhaps", "1"),
    "date": ("2026-09-01", "2026-11-30", "", "3/4/2026", "2026-13-40"),
    "texts": ("01", "01,02", "02,01", "", "KG", "nonsense"),
    "year": ("2026", "2027", "", "next"),
    "user_ids": ("{LDAP:x1}", "", "broken"),
    "datetime": ("", "2026-10-01T00:00:00.000Z", "yesterday"),
}


class Dice:
    """Draws from hypothesis, in few words."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def one(self, options: Sequence[T]) -> T:
        return self._data.draw(st.sampled_from(options))

    def number(self, least: int, most: int) -> int:
        return self._data.draw(st.integers(least, most))

    def maybe(self) -> bool:
        return self._data.draw(st.booleans())

    def rarely(self, one_in: int) -> bool:
        """True once in so many (three or more): by a number in the middle, since ends are drawn more often."""
        return self.number(1, one_in) == 2


Event = Callable[[District, Dice], str]


def _sheet(district: District, dice: Dice, names: Sequence[str] = ()) -> tuple[str, Sheet]:
    """A sheet that has rows; the big ones more often than the others."""
    filled = [name for name in names or district.sheets if district.sheets[name].rows]
    name = dice.one([*(n for n in ("users", "enrollments") if n in filled), *filled] or ["users"])
    return name, district.sheets[name]


def _row(district: District, dice: Dice, names: Sequence[str] = ()) -> tuple[str, Sheet, Row] | None:
    name, sheet = _sheet(district, dice, names)
    return (name, sheet, dice.one(sheet.rows)) if sheet.rows else None


def _insert(sheet: Sheet, row: Row, dice: Dice) -> None:
    sheet.rows.insert(dice.number(0, len(sheet.rows)), row)


def _drop(district: District, name: str, row: Row) -> None:
    rows = district.sheets[name].rows
    rows.pop(next(at for at, other in enumerate(rows) if other is row))
    district.gone.append((name, row))


def _value(district: District, column: Field, dice: Dice) -> str:
    if column.to and column.to in district.sheets:
        keys = [row.key for row in district.sheets[column.to].rows]
        one = dice.one([*keys, "nowhere", ""])
        return f"{one},{dice.one(keys)}" if column.type == "refs" and one and keys and dice.maybe() else one
    if column.type == "enum":
        return dice.one([*column.tokens, "nonsense", ""])
    return dice.one(BY_TYPE.get(column.type, WORDS))


def edit(district: District, dice: Dice) -> str:
    """A cell of any column but the key."""
    found = _row(district, dice)
    if not found:
        return ""
    name, _, row = found
    column = dice.one([f for f in FILES[district.version][name].fields if f.name not in ("sourcedId", "status")])
    row.cells[column.name] = _value(district, column, dice)
    return f"{name} {row.key}: {column.name} = {row.cells[column.name]!r}"


def edit_plainly(district: District, dice: Dice) -> str:
    """A text of a person, a class or an org that nothing hangs on."""
    columns = {"users": "email", "classes": "location", "orgs": "name", "courses": "title", "enrollments": "primary"}
    found = _row(district, dice, tuple(columns))
    if not found:
        return ""
    name, _, row = found
    value = dice.one(["true", "false", ""]) if name == "enrollments" else district.mint("Hazel")
    row.cells[columns[name]] = value
    return f"{name} {row.key}: {columns[name]} = {value!r}"


def add(district: District, dice: Dice) -> str:
    """A new record like another, somewhere in the file."""
    found = _row(district, dice)
    if not found:
        return ""
    name, sheet, row = found
    key = district.mint(row.key)
    new = row.copy(sourcedId=key) if name != "users" else row.copy(sourcedId=key, username=key.lower(), identifier=key)
    if name == "demographics":
        new.cells["sourcedId"] = dice.one(district.sheets["users"].rows or [new]).key
    _insert(sheet, new, dice)
    return f"{name}: {new.key} is new, after {row.key}"


def enroll(district: District, dice: Dice) -> str:
    """A new person with an enrollment, which may stand in a package before the person does."""
    users, classes = district.sheets["users"], district.sheets["classes"]
    if not users.rows or not classes.rows:
        return ""
    model, class_ = dice.one(users.rows), dice.one(classes.rows)
    key = district.mint("new")
    if dice.maybe():
        _insert(users, model.copy(sourcedId=key, username=key, identifier=key, agentSourcedIds=""), dice)
    cells = {"sourcedId": f"e-{key}", "classSourcedId": class_.key, "userSourcedId": key, "role": "student"}
    cells["schoolSourcedId"] = class_.cells.get("schoolSourcedId", "S1")
    _insert(district.sheets["enrollments"], Row(cells), dice)
    return f"enrollments: e-{key} is new"


def enroll_twice(district: District, dice: Dice) -> str:
    found = _row(district, dice, ("enrollments",))
    if not found:
        return ""
    _, sheet, row = found
    _insert(sheet, row.copy(sourcedId=district.mint(row.key)), dice)
    return f"enrollments: {row.key} under another id too"


def move(district: District, dice: Dice) -> str:
    found = _row(district, dice)
    if not found:
        return ""
    name, sheet, row = found
    sheet.rows.pop(next(at for at, other in enumerate(sheet.rows) if other is row))
    _insert(sheet, row, dice)
    return f"{name} {row.key} moves"


def reorder(district: District, dice: Dice) -> str:
    name, sheet = _sheet(district, dice)
    how = dice.one(["sorted", "backwards", "shuffled"])
    if how == "shuffled":
        random.Random(dice.number(0, 99)).shuffle(sheet.rows)
    else:
        sheet.rows.sort(key=lambda row: row.key, reverse=how == "backwards")
    return f"{name} is {how}"


def leave_well(district: District, dice: Dice) -> str:
    """A record goes with the rows that belong to it."""
    found = _row(district, dice)
    if not found:
        return ""
    name, _, row = found
    _drop(district, name, row)
    for child, column in OWNERS.get(name, {}).items():
        rows = district.sheets[child].rows if child in district.sheets else []
        for other in [r for r in rows if r.cells.get(column) == row.key]:
            _drop(district, child, other)
    return f"{name} {row.key} leaves with what is theirs"


def leave_alone(district: District, dice: Dice) -> str:
    """A record goes, and what belongs to it stays behind."""
    found = _row(district, dice, ("users", "classes", "orgs", "academicSessions", "courses", "users", "enrollments"))
    if not found:
        return ""
    _drop(district, found[0], found[2])
    return f"{found[0]} {found[2].key} leaves alone"


def leave_in_numbers(district: District, dice: Dice) -> str:
    name, sheet = _sheet(district, dice)
    start = dice.number(0, max(len(sheet.rows) - 1, 0))
    leaving = sheet.rows[start : start + dice.number(2, 12)]
    for row in leaving:
        _drop(district, name, row)
    return f"{name}: {len(leaving)} leave" if leaving else ""


def come_back(district: District, dice: Dice) -> str:
    """A row that was there before, as it was or changed."""
    away = [(name, row) for name, row in district.gone if row.key not in {r.key for r in district.sheets[name].rows}]
    if not away:
        return ""
    name, row = dice.one(away[-8:])
    back = row.copy()
    if name == "users" and dice.maybe():
        back.cells["email"] = district.mint("back")
    _insert(district.sheets[name], back, dice)
    return f"{name} {row.key} comes back"


def rekey(district: District, dice: Dice) -> str:
    """A record under another id; what refers to it may follow."""
    found = _row(district, dice, ("users", "classes", "enrollments"))
    if not found:
        return ""
    name, _, row = found
    old, new = row.key, district.mint(row.key)
    row.cells["sourcedId"] = new
    if dice.maybe():
        for child, column in OWNERS.get(name, {}).items():
            for other in district.sheets[child].rows if child in district.sheets else []:
                if other.cells.get(column) == old:
                    other.cells[column] = new
    return f"{name} {old} is now {new}"


def twin(district: District, dice: Dice) -> str:
    found = _row(district, dice)
    if not found:
        return ""
    name, sheet, row = found
    if dice.maybe():
        sheet.rows.insert(next(at for at, other in enumerate(sheet.rows) if other is row), row.copy())
        return f"{name} {row.key} has a twin beside it"
    _insert(sheet, row.copy(), dice)
    return f"{name} {row.key} has a twin"


def contradict(district: District, dice: Dice) -> str:
    """The key of a row that does not change stands on a second row, which says something else."""
    found = _row(district, dice)
    if not found:
        return ""
    name, sheet, row = found
    other = dice.one(sheet.rows)
    _insert(sheet, other.copy(sourcedId=row.key, dateLastModified=""), dice)
    return f"{name} {row.key} stands on a second row, like that of {other.key}"


def single_out(district: District, dice: Dice) -> str:
    """Of each key of a file the first row stays."""
    name, sheet = _sheet(district, dice)
    first: dict[str, Row] = {}
    for row in sheet.rows:
        first.setdefault(row.key, row)
    sheet.rows = list(first.values())
    return f"{name} has each key once"


def reuse_id(district: District, dice: Dice) -> str:
    found = _row(district, dice, ("users",))
    if not found:
        return ""
    row = found[2]
    row.cells |= {"givenName": "Imani", "familyName": "Castellanos", "identifier": district.mint("N")}
    return f"users {row.key} is another person"


def share_username(district: District, dice: Dice) -> str:
    users = district.sheets["users"]
    if not users.rows:
        return ""
    one, other = dice.one(users.rows), dice.one(users.rows)
    one.cells["username"] = other.cells.get("username", "")
    return f"users {one.key} has the username of {other.key}"


def swap_ids(district: District, dice: Dice) -> str:
    _, sheet = _sheet(district, dice, ("users", "classes"))
    if not sheet.rows:
        return ""
    one, other = dice.one(sheet.rows), dice.one(sheet.rows)
    one.cells["sourcedId"], other.cells["sourcedId"] = other.key, one.key
    return f"{one.key} and {other.key} have each other's ids"


def link(district: District, dice: Dice) -> str:
    """A family link is added or taken away, in the row of either side."""
    users = district.sheets["users"]
    if not users.rows:
        return ""
    row, other = dice.one(users.rows), dice.one(users.rows).key
    agents = [key for key in row.cells.get("agentSourcedIds", "").split(",") if key]
    other = dice.one([other, *agents])
    agents = [key for key in agents if key != other] if other in agents else [*agents, other]
    row.cells["agentSourcedIds"] = ",".join(agents)
    return f"users {row.key} lists {agents}"


def change_role(district: District, dice: Dice) -> str:
    found = _row(district, dice, ("roles",) if district.version == "1.2" else ("users",))
    if not found:
        return ""
    name, _, row = found
    row.cells["role"] = dice.one(["student", "guardian", "teacher", "parent", "aide"])
    return f"{name} {row.key}: role = {row.cells['role']}"


def change_scope(district: District, dice: Dice) -> str:
    """What many rows are judged by: the type of an org or term, or the dates of a term."""
    found = _row(district, dice, ("orgs", "academicSessions"))
    if not found:
        return ""
    name, _, row = found
    values: dict[str, tuple[str, ...]] = {"type": ("school", "district", "department")}
    if name == "academicSessions":
        values = {"type": ("term", "schoolYear"), "endDate": ("2026-08-01", "2027-02-01", "2027-06-15")}
    column = dice.one(sorted(values))
    row.cells[column] = dice.one(values[column])
    return f"{name} {row.key}: {column} = {row.cells[column]}"


def date_enrollment(district: District, dice: Dice) -> str:
    found = _row(district, dice, ("enrollments",))
    if not found:
        return ""
    begin, end = dice.one([("2026-08-20", "2027-01-01"), ("2028-01-01", "2028-02-01"), ("2027-01-01", "2026-09-01")])
    found[2].cells |= {"beginDate": begin, "endDate": end}
    return f"enrollments {found[2].key}: {begin} to {end}"


def spoil(district: District, dice: Dice) -> str:
    found = _row(district, dice)
    if not found:
        return ""
    found[2].spoilt = dice.one(SPOILT)
    return f"{found[0]} {found[2].key} is spoilt: {found[2].spoilt}"


def mend(district: District, dice: Dice) -> str:
    """Every spoilt row of every file is sound again, and nothing holds a line break."""
    for sheet in district.sheets.values():
        for row in sheet.rows:
            row.spoilt = ""
            row.cells = {name: value.replace("\n", " ") for name, value in row.cells.items()}
    return "every row is mended"


def break_line(district: District, dice: Dice) -> str:
    found = _row(district, dice)
    if not found:
        return ""
    name, sheet, row = found
    column = dice.one([c for c in sheet.header if c not in ("sourcedId", "status")] or ["title"])
    row.cells[column] = "Room 1\nannex"
    return f"{name} {row.key}: a line break in {column}"


def change_header(district: District, dice: Dice) -> str:
    name, sheet = _sheet(district, dice)
    how = dice.one(["drop", "add", "mix", "restore", "restore"])
    if how == "drop" and len(sheet.header) > 2:
        sheet.header.remove(dice.one(sheet.header[1:]))
    elif how == "add" and "metadata.house" not in sheet.header:
        sheet.header.insert(dice.number(0, len(sheet.header)), "metadata.house")
        sheet.rows[0:1] = [row.copy(**{"metadata.house": "Otter"}) for row in sheet.rows[0:1]]
    elif how == "mix":
        random.Random(dice.number(0, 99)).shuffle(sheet.header)
    else:
        sheet.header = list(FILES[district.version][name].header)
    return f"{name}: {how} columns"


def restyle(district: District, dice: Dice) -> str:
    """The same values in other bytes."""
    name, sheet = _sheet(district, dice)
    how = dice.one(["quoted", "end", "bom", "ends"])
    if how == "end":
        sheet.end = "\r\n" if sheet.end == "\n" else "\n"
    else:
        setattr(sheet, how, not getattr(sheet, how))
    return f"{name}: {how} is now {getattr(sheet, how)!r}"


def stamp(district: District, dice: Dice) -> str:
    """Every row of a file, or one, with another date of change."""
    name, sheet = _sheet(district, dice)
    date = f"2026-10-{dice.number(1, 28):02}T00:00:00.000Z"
    rows = sheet.rows if dice.maybe() else sheet.rows[:1]
    for row in rows:
        row.cells["dateLastModified"] = date
    return f"{name}: {len(rows)} rows dated {date}"


def mark_deleted(district: District, dice: Dice) -> str:
    found = _row(district, dice)
    if not found:
        return ""
    found[2].cells["status"] = dice.one(["tobedeleted", "active", "", "gone"])
    return f"{found[0]} {found[2].key}: status = {found[2].cells['status']!r}"


EVENTS: tuple[Event, ...] = (
    *(edit, edit, edit, edit_plainly, edit_plainly, add, enroll, enroll_twice, move, reorder, reorder),
    *(leave_well, leave_alone, leave_alone, leave_in_numbers, come_back, come_back, rekey),
    *(twin, contradict, single_out, reuse_id, share_username, swap_ids, link, link, change_role),
    *(change_scope, date_enrollment, spoil, spoil, mend, mend, break_line, change_header, restyle, stamp, mark_deleted),
)
