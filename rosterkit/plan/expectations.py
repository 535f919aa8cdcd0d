"""Announced changes: a school that closes, an e-mail domain that is renamed, new students.

An expectation opens the limits for exactly what it names, until its last day. Where that does not come, the plans after
that day have a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from rosterkit.plan.ids import NO_IDS, among
from rosterkit.plan.limit_exemptions import NO_FIELDS, Exempt
from rosterkit.plan.promotion import promoted, with_their_schools
from rosterkit.plan.records import Records, comes, leaves, links, node, proposed
from rosterkit.plan.snapshot import Snapshot
from rosterkit.roster import findings
from rosterkit.roster.schema import by_name

OVERDUE = "expect.overdue"
_ENOUGH = 0.8  # of the students that were announced
_SCHOOL_FIELDS = {"User": ("primary_org",), "Role": ("org", "role"), "Enrollment": ("school", "class")}


@dataclass(frozen=True, slots=True)
class Expectation:
    """``kind``: school (it closes), domain (renamed) or students (so many new ones). ``school``: its sourced id, of
    the first and perhaps the last; ``org``: its integer id. ``seen``: how many records have come so.
    """

    id: int
    kind: str
    by: date  # the last day on which it opens limits
    school: str = ""
    org: int | None = None
    old: str = ""
    new: str = ""
    count: int = 1
    seen: int = 0

    @property
    def met(self) -> bool:
        """Whether it has come: of students, four of five."""
        return self.seen >= max(1, int(self.count * _ENOUGH))

    @property
    def text(self) -> str:
        """What is expected, in a few words."""
        if self.kind == "school":
            return f"school {self.school} closes"
        if self.kind == "domain":
            return f"the e-mail domain {self.old} becomes {self.new}"
        return f"{self.count} new students" + (f" at school {self.school}" if self.school else "")


@dataclass(frozen=True)
class Announced:
    """``marks``: expectation and node of what shows that it came. ``promoted``: nodes of students whose grade rises."""

    exempt: Exempt
    marks: pl.DataFrame
    promoted: pl.Series

    def seen(self, records: Records) -> dict[int, int]:
        """By expectation how many records come so with this plan."""
        if self.marks.is_empty():
            return {}
        going = records.states.lazy().filter(proposed()).select("node")
        met = (
            self.marks.lazy().join(going, on="node", how="semi").group_by("expectation").agg(pl.col("node").n_unique())
        )
        return {int(which): int(count) for which, count in met.collect().iter_rows()}


_MARKS: dict[str, type[pl.DataType]] = {"expectation": pl.Int64, "node": pl.Int64}


NOTHING = Announced(Exempt(), pl.DataFrame(schema=_MARKS), NO_IDS)
"""Nothing was announced."""


def announced(
    records: Records,
    snapshot: Snapshot,
    expectations: tuple[Expectation, ...],
    fields: pl.DataFrame,
    as_of: date,
    *,
    promotes: bool,
) -> Announced:
    """What of these changes was announced. ``fields``: FIELDS of what updates and restores change.

    ``promotes``: the rise of grades by one was announced.
    """
    if not promotes and not any(one.by >= as_of for one in expectations):
        return NOTHING
    nodes, parts, marks = [NO_IDS.alias("node")], [NO_FIELDS], [pl.DataFrame(schema=_MARKS)]
    students: list[tuple[int | None, int]] = []
    for one in expectations:
        if one.by < as_of:
            continue
        if one.kind == "school" and one.org is not None:
            people = _people_of(records, snapshot, one.org)
            nodes.append(_of_school(records, snapshot, one.org, people))
            parts.append(_moved(records, fields, people))
            org = records.states.filter((pl.col("node") == node("Org", pl.lit(one.org))) & leaves())["node"]
            marks.append(_marked(one, org))
        elif one.kind == "domain":
            renamed = _renamed(fields, one)
            parts.append(renamed)
            marks.append(_marked(one, renamed["node"].unique()))
        elif one.kind == "students" and one.count > one.seen:
            new = _new_students(records, one.org)
            students.append((one.org, one.count - one.seen))
            nodes.append(_their_guardians(records, new, one.count - one.seen))
            marks.append(_marked(one, new["node"]))
    rises = promoted(fields) if promotes else NO_FIELDS
    if rises.height:
        schools, roles = with_their_schools(records, fields, rises)
        parts += [rises, schools]
        nodes += roles
    exempt = Exempt(pl.concat(nodes).unique(), pl.concat(parts).unique(), tuple(students))
    return Announced(exempt, pl.concat(marks), rises["node"])


def _marked(one: Expectation, nodes: pl.Series) -> pl.DataFrame:
    return nodes.alias("node").to_frame().select(expectation=pl.lit(one.id, pl.Int64), node="node")


def _people_of(records: Records, snapshot: Snapshot, org: int) -> pl.Series:
    """Ids of the people who have an active role at this organisation, of those that the plan changes or may follow."""
    ids = [records.of("User")["id"]] if "User" in records.values else []
    for name in ("Role", "Enrollment", "GuardianLink"):
        own = [column for column in ("user_id", "student_id") if name in records.values]
        ids += [records.of(name)[column].alias("id") for column in own if column in records.of(name).columns]
    people = pl.concat(ids).drop_nulls().unique() if ids else NO_IDS
    return snapshot.roles_of(people).filter(pl.col("org_id") == org)["user_id"].unique().alias("id")


def _of_school(records: Records, snapshot: Snapshot, org: int, people: pl.Series) -> pl.Series:
    """Nodes of what leaves with a school, and of the roles and enrollments that its ``people`` get elsewhere.

    While the school itself is there, a file without its people may have been cut short: nothing leaves with it yet.
    """
    moves = _holding(records, {"User": people}, comes(), entities=("Role", "Enrollment"))
    if not _closes(records, snapshot, org):
        return moves
    elsewhere = snapshot.roles_of(people).filter(pl.col("org_id") != org)["user_id"]
    whole = people.filter(~people.is_in(elsewhere.implode()))
    org_ids = pl.Series("id", [org], pl.Int64)
    gone = leaves()
    parts = [
        records.states.filter((pl.col("node") == node("Org", pl.lit(org))) & gone)["node"],
        _holding(records, {"Org": org_ids}, gone),
        moves,
        _holding(records, {"User": whole}, gone, entities=("GuardianLink", "UserProfile", "Demographics")),
        records.states.filter((pl.col("entity") == "User") & gone & among(pl.col("id"), whole))["node"],
    ]
    classes = records.states.filter((pl.col("entity") == "Class") & gone & among(pl.col("node"), parts[1]))["id"]
    parts.append(_holding(records, {"Class": classes}, gone))
    return pl.concat(part.alias("node") for part in parts).unique()


def _closes(records: Records, snapshot: Snapshot, org: int) -> bool:
    """Whether the organisation leaves in this plan, or left before."""
    leaving = records.states.filter((pl.col("node") == node("Org", pl.lit(org))) & leaves())
    return leaving.height > 0 or not snapshot.keys(by_name("Org"), pl.Series("id", [org]))["active"].any()


def _holding(records: Records, to: dict[str, pl.Series], which: pl.Expr, entities: tuple[str, ...] = ()) -> pl.Series:
    """Nodes of such records that refer to one of these."""
    names = [name for name in records.values if not entities or name in entities]
    found = links(records, to=to, names=names)
    if found.is_empty():
        return NO_IDS.alias("node")
    mine = records.states.lazy().filter(which).select("node")
    return found.lazy().select("node").unique().join(mine, on="node", how="semi").collect()["node"]


def _moved(records: Records, fields: pl.DataFrame, people: pl.Series) -> pl.DataFrame:
    """The school of these people, of their roles and of their enrollments, where it changes."""
    parts = [NO_FIELDS]
    for name, labels in _SCHOOL_FIELDS.items():
        if name not in records.values:
            continue
        owner = "id" if name == "User" else "user_id"
        rows = records.of(name).filter(among(pl.col(owner), people)).select(node=node(name, pl.col("id")))
        mine = fields.filter(pl.col("field").is_in(labels)).join(rows, on="node", how="semi")
        parts.append(mine.select("node", "field"))
    return pl.concat(parts)


def _renamed(fields: pl.DataFrame, one: Expectation) -> pl.DataFrame:
    """E-mail addresses and usernames whose domain, and nothing else, changes so."""

    def split(name: str) -> tuple[pl.Expr, pl.Expr]:
        text = pl.col(name).str.to_lowercase()
        return text.str.extract("^(.*)@"), text.str.extract("@([^@]*)$")

    (old_local, old_domain), (new_local, new_domain) = split("before"), split("after")
    same = (old_local == new_local) & (old_domain == one.old.lower()) & (new_domain == one.new.lower())
    mine = fields.filter(pl.col("field").is_in(["email", "username"]) & same.fill_null(value=False))
    return mine.select("node", "field")


def _new_students(records: Records, org: int | None) -> pl.DataFrame:
    """Node and id of students who come (to this school)."""
    if "User" not in records.values or "Role" not in records.values:
        return pl.DataFrame(schema={"node": pl.Int64, "id": pl.Int64})
    coming = records.states.lazy().filter((pl.col("entity") == "User") & comes()).select("node", "id")
    roles = records.of("Role").lazy().filter(pl.col("role") == "student")
    roles = roles.filter(pl.col("org_id") == org) if org is not None else roles
    return coming.join(roles.select(id="user_id").unique(), on="id", how="semi").collect()


def _their_guardians(records: Records, students: pl.DataFrame, count: int) -> pl.Series:
    """Nodes of people who come and are linked with these students, if no more students come than were announced."""
    if students.height > count or "GuardianLink" not in records.values:
        return NO_IDS.alias("node")
    of = records.of("GuardianLink").filter(among(pl.col("student_id"), students["id"]))["guardian_id"]
    mine = (pl.col("entity") == "User") & comes() & among(pl.col("id"), of)
    return records.states.filter(mine)["node"]


def overdue(expectations: tuple[Expectation, ...], as_of: date) -> pl.DataFrame:
    """A finding for each expectation that did not come in time."""
    rows = [
        {"rule": OVERDUE, "severity": "error", "key": one.school, "detail": _detail(one)}
        for one in expectations
        if one.by < as_of and not one.met
    ]
    blank = {"file": pl.lit(""), "line": pl.lit(0, pl.Int64), "column": pl.lit(""), "value": pl.lit("")}
    if not rows:
        return findings.empty()
    return pl.DataFrame(rows).with_columns(**blank).select(list(findings.FINDINGS))


def _detail(one: Expectation) -> str:
    return f"expectation {one.id}: {one.text}; expected by {one.by}, and {one.seen} of {one.count} came"
