"""From what was pulled of each resource to the tables of an extract: who contacts are, coverage."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from providers.clever.convert import class_terms, enrollments
from providers.clever.families import CONTACT_SPACE, Family, family
from providers.clever.pull import Pull, absent, nothing, with_deleted, without_unshared
from providers.clever.settings import Scope
from rosterkit.sources.base import INVALID, Coverage, Table
from rosterkit.sources.findings import Findings


def absent_tables(reason: str, *, demographics: bool) -> tuple[Table, ...]:
    """Every table of the source, absent for that reason."""
    entities = [("Org", ""), ("AcademicSession", ""), ("Course", ""), ("Class", ""), ("ClassTerm", "")]
    entities += [("User", ""), ("User", "contact"), ("Role", ""), ("Role", "contact"), ("Enrollment", "")]
    entities += [("GuardianLink", "")] + ([("Demographics", "")] if demographics else [])
    return tuple(absent(entity, space, reason) for entity, space in entities)


def tables(
    pulls: Mapping[str, Pull],
    district: str,
    scope: Scope,
    findings: Findings,
    *,
    keep_full_name: bool,
    demographics: bool,
) -> tuple[Table, ...]:
    """The tables of the extract."""
    return (
        _orgs(pulls, district),
        _plain(pulls["terms"], "AcademicSession"),
        _plain(pulls["courses"], "Course", org=district),
        *_classes(pulls),
        *_people(pulls["users"], demographics=demographics),
        *_families(pulls.get("contacts", pulls["users"]), district, scope, findings, keep_full_name=keep_full_name),
    )


def _plain(pull: Pull, entity: str, **constant: str) -> Table:
    coverage, reason = pull.meaning()
    rows = pull.table(entity)
    if rows is None:
        return nothing(pull, entity)
    rows = rows.with_columns(pl.lit(value).alias(name) for name, value in constant.items())
    return Table(entity, rows.lazy(), coverage, reason, invalid=pull.invalid(entity), changes=pull.changes)


def _orgs(pulls: Mapping[str, Pull], district: str) -> Table:
    parts = [pulls["districts"], pulls["schools"]]
    frames = [frame for pull in parts if (frame := pull.table("Org")) is not None]
    rows = pl.concat(frames).with_columns(
        parent=pl.when(pl.col("type") == "school").then(pl.lit(district)),
    )
    coverage, reason = min((pull.meaning() for pull in parts), key=lambda m: m[0] == Coverage.FULL)
    if coverage == Coverage.ABSENT:  # the district itself was read
        coverage = Coverage.PARTIAL
    invalid = pl.concat(pull.invalid("Org") for pull in parts)
    return Table("Org", rows.lazy(), coverage, reason, invalid=invalid)


def _classes(pulls: Mapping[str, Pull]) -> tuple[Table, Table, Table]:
    pull = pulls["sections"]
    rows, lists = pull.table("Class"), pull.table("section")
    coverage, reason = pull.meaning()
    if rows is None or lists is None:
        return nothing(pull, "Class"), nothing(pull, "ClassTerm"), nothing(pull, "Enrollment")
    if pulls["courses"].coverage == Coverage.ABSENT:
        rows = rows.drop("course")  # a reference that nobody can follow: what is stored stays
    parents = (lists.select(*("_file", "_line"), pl.col("sourced_id").alias("class")),)
    members = enrollments(lists.lazy())
    terms = (
        Table("ClassTerm", class_terms(lists.lazy()), coverage, reason, parents=parents, changes=pull.changes)
        if pulls["terms"].coverage != Coverage.ABSENT
        else absent("ClassTerm", "", pulls["terms"].reason, changes=pull.changes)
    )
    return (
        Table(
            "Class",
            with_deleted(rows, pull),
            coverage,
            reason,
            invalid=pull.invalid("Class"),
            changes=pull.changes,
        ),
        terms,
        Table("Enrollment", members, coverage, reason, parents=parents, changes=pull.changes),
    )


def _people(pull: Pull, *, demographics: bool) -> list[Table]:
    """User, Role and, where they are asked for, Demographics."""
    users, roles = pull.table("User"), pull.table("Role")
    extra = ["Demographics"] if demographics else []
    if users is None or roles is None:
        return [nothing(pull, entity) for entity in ("User", "Role", *extra)]
    coverage, reason = pull.meaning()
    rows = with_deleted(without_unshared(users, pull), pull)
    parents = (users.select("_file", "_line", user="sourced_id"),)
    made = [
        Table("User", rows, coverage, reason, invalid=pull.invalid("User"), changes=pull.changes),
        Table("Role", roles.lazy(), coverage, reason, parents=parents, changes=pull.changes),
    ]
    facts = pull.table("Demographics") if demographics else None
    if facts is not None:
        facts = without_unshared(facts, pull)
        unusable = pull.invalid("Demographics")
        made.append(Table("Demographics", facts.lazy(), coverage, reason, invalid=unusable, changes=pull.changes))
    return made


def _families(
    pull: Pull, district: str, scope: Scope, findings: Findings, *, keep_full_name: bool
) -> tuple[Table, Table, Table]:
    coverage, reason = pull.meaning()
    contacts, links = pull.table("contact"), pull.table("link")
    if contacts is not None and links is not None and contacts.is_empty() and coverage == Coverage.FULL:
        contacts, reason = None, "no contact came: contacts may not be shared with the application"
        findings.add("clever.no-contacts", file="users")
        coverage = Coverage.ABSENT
    if contacts is None or links is None or pull.resource == "events":
        none = Pull(pull.resource, coverage, reason, changes=pull.changes)
        return nothing(none, "User", CONTACT_SPACE), nothing(none, "Role", CONTACT_SPACE), nothing(none, "GuardianLink")
    if pull.coverage == Coverage.PARTIAL:  # half of a person's records may give that person another id
        contacts = contacts.drop_nulls("own_id")
        links = links.join(contacts, on="record", how="semi", maintain_order="left")
    unreadable = pull.invalid("contact").height
    if unreadable and coverage == Coverage.FULL:  # the id that a contact without one was given is not known here
        coverage, reason = Coverage.PARTIAL, f"{unreadable:,} records of users cannot be read, and may be contacts"
    found = family(contacts, links, scope, findings, district=district, keep_full_name=keep_full_name)
    return family_tables(found, coverage, reason, pull.invalid("contact"))


def family_tables(
    found: Family, coverage: Coverage, reason: str, invalid: pl.DataFrame, *, student_space: str = ""
) -> tuple[Table, Table, Table]:
    """Tables User and Role of contacts, and GuardianLink.

    A guardian's links are not stated to come as a whole list: they may be those of several records.
    """
    rows = without_unshared(found.users, Pull("users"))
    roles = found.roles.with_columns(_space_user=pl.lit(CONTACT_SPACE))
    links = found.links.with_columns(asserted_by=pl.lit("guardian"), _space_guardian=pl.lit(CONTACT_SPACE))
    if student_space:
        links = links.with_columns(_space_student=pl.lit(student_space))
    invalid = pl.concat([invalid, found.people_aside.select(*INVALID)])
    return (
        Table("User", rows.lazy(), coverage, reason, CONTACT_SPACE, invalid),
        Table("Role", roles.lazy(), coverage, reason, CONTACT_SPACE),
        Table("GuardianLink", links.lazy(), coverage, reason, invalid=found.links_aside.select(*INVALID)),
    )
