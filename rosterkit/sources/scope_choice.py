"""Which records of an extract are out of scope, and of which nobody can say: parents first, then what is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from rosterkit.roster.findings import finding
from rosterkit.sources.base import Coverage, Extract
from rosterkit.sources.scope_people import people
from rosterkit.sources.scope_settings import Scope
from rosterkit.sources.scope_tables import KEY, columns, named, references, school_map, schools_named

_ID = ["_space", "sourced_id"]
_LIST = pl.List(pl.String)


@dataclass
class Choice:
    """By entity ``_space`` and ``sourced_id`` of the records out of scope, and of those that cannot be decided."""

    outside: dict[str, pl.DataFrame] = field(default_factory=dict)
    undecided: dict[str, pl.DataFrame] = field(default_factory=dict)
    findings: list[pl.DataFrame] = field(default_factory=list)

    def decide(self, entity: str, rows: pl.DataFrame, inside: pl.Expr) -> None:
        """Keeps the records by a truth value, which is null where it cannot be decided."""
        marked = rows.with_columns(_inside=inside)
        self.outside[entity] = marked.filter(~pl.col("_inside")).select(_ID).unique(maintain_order=True)
        self.undecided[entity] = marked.filter(pl.col("_inside").is_null()).select(_ID).unique(maintain_order=True)

    def own_state(self, rows: pl.DataFrame, entity: str, name: str) -> pl.DataFrame:
        """The rows with that column: whether they themselves are in scope; null where it cannot be decided."""
        own = rows.rename({KEY[0]: "_kept_space", KEY[1]: "_kept"}).rename({"_space": KEY[0], "sourced_id": KEY[1]})
        back = {KEY[0]: "_space", KEY[1]: "sourced_id"}
        return self.state(own, entity, name).rename(back).rename({"_kept_space": KEY[0], "_kept": KEY[1]})

    def state(self, rows: pl.DataFrame, entity: str, name: str) -> pl.DataFrame:
        """The rows with that column: whether the record in KEY is in scope; null where it cannot be decided."""
        parts = [
            frame.select(pl.col("_space").alias(KEY[0]), pl.col("sourced_id").alias(KEY[1]), pl.lit(out).alias(name))
            for frame, out in ((self.outside.get(entity), "out"), (self.undecided.get(entity), "open"))
            if frame is not None
        ]
        if not parts:
            return rows.with_columns(pl.lit(value=True).alias(name))
        joined = rows.join(pl.concat(parts), on=list(KEY), how="left", maintain_order="left")
        word = pl.col(name).fill_null("in")
        return joined.with_columns(pl.when(word != "open").then(word == "in").alias(name))


def choose(extract: Extract, scope: Scope) -> Choice:
    """What is out of scope in this extract."""
    choice = Choice()
    _orgs(extract, scope, choice)
    _courses(extract, scope, choice)
    _classes(extract, scope, choice)
    rows = _people(extract, scope, choice)
    if rows is not None:
        _links(extract, scope, choice)
        _guardians(extract, choice, rows)
    for entity, parents in (
        ("ClassTerm", (("class", "Class"),)),
        ("Role", (("user", "User"), ("org", "Org"))),
        ("Enrollment", (("class", "Class"), ("user", "User"))),
        ("Demographics", (("user", "User"),)),
        ("UserProfile", (("user", "User"),)),
    ):
        _dependants(extract, choice, entity, parents)
    _one_role_each(extract, scope, choice)
    return choice


def _unknown(choice: Choice, what: str, names: Sequence[str]) -> None:
    choice.findings += [finding("scope.unknown", "error", column=what, value=name) for name in sorted(names)]


def _orgs(extract: Extract, scope: Scope, choice: Choice) -> None:
    if not (scope.schools or scope.one_school):
        return
    rows = columns(extract, "Org", "type", "identifier", "name")
    if rows is None:
        rows = pl.DataFrame(schema=dict.fromkeys([*_ID, "type", "identifier", "name"], pl.String))
    chosen = pl.concat([schools_named(extract, scope.schools), pl.Series("sourced_id", [], pl.String)])
    _unknown(choice, "schools", [name for name in scope.schools if schools_named(extract, [name]).is_empty()])
    merged = school_map(extract, scope)
    ends = [name for pair in scope.one_school.items() for name in pair]
    _unknown(choice, "one_school", [name for name in ends if schools_named(extract, [name]).len() != 1])
    wanted = pl.col("sourced_id").is_in(chosen.implode()) if scope.schools else pl.lit(value=True)
    inside = ((pl.col("type") != "school") | wanted) & ~pl.col("sourced_id").is_in(list(merged))
    choice.decide("Org", rows, inside)
    if scope.schools:
        known = pl.concat([rows["sourced_id"], chosen]).implode()
        unseen = _named_orgs(extract).filter(~pl.col("sourced_id").is_in(known))
        choice.undecided["Org"] = pl.concat([choice.undecided["Org"], unseen])


def _named_orgs(extract: Extract) -> pl.DataFrame:
    """The organisations that classes and people name, of which a whole roster must say what they are.

    In a set of changes they need not be there: it says what changed.
    """
    whole = [table for table in extract.tables if not table.changes and table.coverage is not Coverage.DELTA]
    found = [
        references(replace(extract, tables=tuple(whole)), entity, label)
        for entity, label in (("Class", "school"), ("Role", "org"), ("User", "primary_org"))
    ]
    named_by = [frame.select(_space=KEY[0], sourced_id=KEY[1]) for frame in found if frame is not None]
    return (
        pl.concat([pl.DataFrame(schema=dict.fromkeys(_ID, pl.String)), *named_by])
        .drop_nulls()
        .unique(maintain_order=True)
    )


def _courses(extract: Extract, scope: Scope, choice: Choice) -> None:
    rows = columns(extract, "Course", "code", "title")
    if rows is None or not scope.courses:
        return
    labels = ("sourced_id", "code", "title")
    _unknown(choice, "courses", [name for name in scope.courses if named(rows, [name], *labels).is_empty()])
    choice.decide("Course", rows, pl.col("sourced_id").is_in(named(rows, scope.courses, *labels).implode()))


def _classes(extract: Extract, scope: Scope, choice: Choice) -> None:
    rows = references(extract, "Class", "school", "type", "subjects", "subject_codes")
    narrow = scope.homerooms_only or scope.subjects or scope.courses or scope.terms
    if rows is None or not (narrow or "Org" in choice.outside):
        return
    rows = choice.state(rows, "Org", "_school").drop(KEY)
    inside = pl.col("_school")
    if scope.homerooms_only:
        inside &= pl.col("type") == "homeroom"
    if scope.subjects:
        wanted = [name.strip().lower() for name in scope.subjects]
        both = pl.concat_list(_items("subjects"), _items("subject_codes"))
        met = both.list.eval(pl.element().str.to_lowercase().is_in(wanted)).list.any()
        inside &= pl.when(both.list.len() > 0).then(met)
    if scope.courses:
        of_course = references(extract, "Class", "course")
        assert of_course is not None
        state = choice.state(of_course, "Course", "_course").select(
            *_ID, _course=pl.when(pl.col(KEY[1]).is_not_null()).then("_course")
        )
        rows = rows.join(state, on=_ID, how="left", maintain_order="left")
        inside &= pl.col("_course")
    if scope.terms:
        rows = rows.join(_in_terms(extract, scope, choice), on=_ID, how="left", maintain_order="left")
        inside &= pl.col("_term")
    choice.decide("Class", rows, inside)


def _items(label: str) -> pl.Expr:
    return pl.col(label).str.json_decode(_LIST).fill_null(pl.lit([], _LIST))


def _in_terms(extract: Extract, scope: Scope, choice: Choice) -> pl.DataFrame:
    """Of each class with a term, whether it meets in a wanted one: _space, sourced_id, _term."""
    sessions, links = columns(extract, "AcademicSession", "title", "parent"), references(extract, "ClassTerm", "class")
    of = references(extract, "ClassTerm", "session")
    if sessions is None or links is None or of is None:
        return pl.DataFrame(schema={"_space": pl.String, "sourced_id": pl.String, "_term": pl.Boolean})
    _unknown(
        choice, "terms", [name for name in scope.terms if named(sessions, [name], "sourced_id", "title").is_empty()]
    )
    wanted = named(sessions, scope.terms, "sourced_id", "title")
    while True:
        more = sessions.filter(
            pl.col("parent").is_in(wanted.implode()) & ~pl.col("sourced_id").is_in(wanted.implode())
        )["sourced_id"]
        if more.is_empty():
            break
        wanted = pl.concat([wanted, more])
    met = of.with_columns(_term=pl.col(KEY[1]).is_in(wanted.implode())).select(*_ID, "_term")
    named_classes = links.join(met, on=_ID, how="left")
    return named_classes.group_by(_space=KEY[0], sourced_id=KEY[1]).agg(pl.col("_term").any())


def _links(extract: Extract, scope: Scope, choice: Choice) -> None:
    rows = references(extract, "GuardianLink", "student", "type", "relationship")
    if rows is None:
        return
    rows = choice.state(rows, "User", "_student").drop(KEY)
    inside = pl.col("_student")
    if scope.contact_types:
        kinds = {name.strip().lower(): what == "guardian" for name, what in scope.contact_types.items()}
        kind = pl.coalesce("type", "relationship").str.strip_chars().str.to_lowercase()
        known = kind.replace_strict(kinds, default=None, return_dtype=pl.Boolean)
        rows = rows.with_columns(_kind=known, _word=pl.coalesce("type", "relationship"))
        inside &= pl.col("_kind")
        unknown = rows.filter(pl.col("_kind").is_null()).group_by("_word").len().sort("_word")
        choice.findings += [
            finding(
                "scope.contact-type", "warning", column="contact_types", value=word or "", detail=f"{count:,} links"
            )
            for word, count in unknown.iter_rows()
        ]
    choice.decide("GuardianLink", rows, inside)


def _people(extract: Extract, scope: Scope, choice: Choice) -> pl.DataFrame | None:
    """Decides people by their schools and grades, and returns what was found of them."""
    if not (scope.schools or scope.grades or scope.contact_types) and scope.district_staff:
        return None
    outer, unseen = (
        found["Org"]["sourced_id"] if "Org" in found else pl.Series("sourced_id", [], pl.String)
        for found in (choice.outside, choice.undecided)
    )
    rows = people(extract, scope, outer, unseen)
    if rows is not None:
        choice.decide("User", rows, pl.col("inside"))
    return rows


def _guardians(extract: Extract, choice: Choice, rows: pl.DataFrame) -> None:
    """Who is nothing but a guardian follows the links: out of scope where none of them is in scope."""
    links = references(extract, "GuardianLink", "guardian")
    if links is None:
        return
    whole = all(t.coverage is Coverage.FULL for t in extract.tables if t.entity == "GuardianLink")
    links = choice.own_state(links, "GuardianLink", "_in")
    of_person = links.drop_nulls(KEY[1]).group_by(_space=KEY[0], sourced_id=KEY[1])
    state = of_person.agg(some=pl.col("_in").fill_null(value=False).any(), open=pl.col("_in").is_null().any())
    none = pl.lit(value=False) if whole else pl.lit(None, pl.Boolean)  # links that did not come may be in scope
    by_links = pl.when("some").then(pl.lit(value=True)).when("open").then(None).otherwise(none)
    rows = rows.join(state, on=_ID, how="left", maintain_order="left")
    linked = pl.col("guardian") & pl.col("some").is_not_null()
    choice.decide("User", rows, pl.when(linked).then(by_links).otherwise("inside"))
    _narrow(choice, "GuardianLink", choice.state(links, "User", "_parent"))


def _dependants(extract: Extract, choice: Choice, entity: str, parents: Sequence[tuple[str, str]]) -> None:
    for label, target in parents:
        rows = references(extract, entity, label)
        if rows is not None and (target in choice.outside or target in choice.undecided):
            _narrow(choice, entity, choice.state(rows, target, "_parent"))


def _narrow(choice: Choice, entity: str, rows: pl.DataFrame) -> None:
    """Out of scope is also what belongs to a parent that is; undecided, what belongs to one that is not decided."""
    fresh = Choice()
    fresh.decide(entity, rows, pl.col("_parent"))
    for frames, made in ((choice.outside, fresh.outside), (choice.undecided, fresh.undecided)):
        earlier = [frames[entity]] if entity in frames else []
        frames[entity] = pl.concat([*earlier, made[entity]]).unique(maintain_order=True)
    choice.undecided[entity] = choice.undecided[entity].join(choice.outside[entity], on=_ID, how="anti")


def _one_role_each(extract: Extract, scope: Scope, choice: Choice) -> None:
    """Of two roles that are the same since two schools are one, the first stays."""
    rows = columns(extract, "Role", "user", "org", "role") if scope.one_school else None
    if rows is None:
        return
    again = rows.filter(~pl.struct("_space", "user", "org", "role").is_first_distinct()).select(_ID)
    earlier = [choice.outside["Role"]] if "Role" in choice.outside else []
    choice.outside["Role"] = pl.concat([*earlier, again]).unique(maintain_order=True)
