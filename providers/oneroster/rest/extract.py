"""From what came of each collection to the extract: canonical tables, their coverage, and findings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from providers.oneroster.rest.convert import Converted, Note, Reading, converted
from providers.oneroster.rest.fields import BASE
from providers.oneroster.rest.guardians import guardian_links
from providers.oneroster.rest.nested_records import Listed, class_terms, roles, user_profiles
from providers.oneroster.rest.paging import Pulled
from rosterkit.sources.base import Coverage, Extract, Table
from rosterkit.sources.findings import Findings


@dataclass(frozen=True)
class Covered:
    """How much of a collection came, and why not all."""

    coverage: Coverage
    reason: str = ""
    changes: bool = False  # only what changed was asked for


def extract_of(
    pulled: Sequence[Pulled], reading: Reading, findings: Findings, *, name: str, version: str, guardians: bool
) -> Extract:
    """The extract of a pull. ``guardians``: whether links are made of the agents."""
    reads = {one.collection.name: converted(one.raw, one.collection, reading) for one in pulled}
    covered = {one.collection.name: _covered(one, reads[one.collection.name]) for one in pulled}
    for one in pulled:
        _report(one, reads[one.collection.name], covered[one.collection.name], findings)
    tables = [_table(reads[key], covered[key]) for key in reads]
    if "classes" in reads and reads["classes"].has("terms"):
        tables.append(_listed("ClassTerm", class_terms(reads["classes"]), covered["classes"], findings, "classes"))
    if "users" in reads:
        tables += _of_users(reads["users"], covered["users"], findings, _district(reads.get("orgs")), guardians)
    digest = hashlib.sha256()
    for one in pulled:
        digest.update(one.collection.name.encode() + one.digest)
    return Extract(
        id=digest.hexdigest(),
        name=name,
        version=version,
        tables=tuple(tables),
        findings=findings.frame(),
        rows_read={one.collection.name: one.records for one in pulled},
    )


def _covered(pulled: Pulled, read: Converted) -> Covered:
    if pulled.rule and (not pulled.records or pulled.rule in ("rest.not-shared", "rest.unread")):
        return Covered(Coverage.ABSENT, pulled.reason, pulled.filtered)
    if pulled.rule:
        return Covered(Coverage.PARTIAL, pulled.reason, pulled.filtered)
    if read.keyless:
        return Covered(Coverage.PARTIAL, f"{read.keyless:,} records have no id", pulled.filtered)
    if pulled.filtered:
        return Covered(Coverage.DELTA, "only what changed was asked for", changes=True)
    if not pulled.records:
        return Covered(Coverage.ABSENT, "the server answers with an empty list")
    return Covered(Coverage.FULL)


def _report(pulled: Pulled, read: Converted, covered: Covered, findings: Findings) -> None:
    """Adds what was found while the collection was read and converted."""
    file = pulled.collection.name
    if pulled.rule:
        findings.add(pulled.rule, file=file, detail=pulled.reason)
    elif covered.coverage is Coverage.ABSENT:
        findings.add("rest.empty", file=file)
    elif covered.coverage is Coverage.DELTA:
        findings.add("rest.incremental", file=file)
    for rule, detail in pulled.notes:
        findings.add(rule, file=file, detail=detail)
    known = {*BASE, *(field.name for field in pulled.collection.fields), *pulled.collection.left}
    for name in sorted(pulled.raw.present - known):
        findings.add("rest.field-unknown", file=file, column=name if name.isalnum() and len(name) < 60 else "")
    _add(read.notes, findings, file)


def _add(notes: Iterable[Note], findings: Findings, file: str) -> None:
    for note in notes:
        findings.add_rows(note.rule, note.rows, file=file, column=note.column)


def _table(read: Converted, covered: Covered) -> Table:
    """The collection's own entity."""
    invalid = read.invalid.filter(~pl.col("column").str.starts_with(".").fill_null(False))
    return _made(read.collection.entity, read.rows, covered, invalid)


def _listed(entity: str, listed: Listed, covered: Covered, findings: Findings, file: str) -> Table:
    """Records that another collection's records list."""
    _add(listed.notes, findings, file)
    return _made(entity, listed.rows, covered, listed.invalid, listed.parents)


def _made(
    entity: str,
    rows: pl.DataFrame,
    covered: Covered,
    invalid: pl.DataFrame,
    parents: tuple[pl.DataFrame, ...] = (),
) -> Table:
    return Table(
        entity=entity,
        rows=rows.lazy(),
        coverage=covered.coverage,
        reason=covered.reason,
        invalid=invalid,
        parents=parents,
        changes=covered.changes,
    )


def _of_users(
    users: Converted, covered: Covered, findings: Findings, district: str | None, guardians: bool
) -> list[Table]:
    """Roles, profiles and links, as far as the records carry them."""
    tables = []
    if users.present & {"roles", "role"}:
        tables.append(_listed("Role", roles(users, district), covered, findings, "users"))
    if users.has("userProfiles"):
        tables.append(_listed("UserProfile", user_profiles(users), covered, findings, "users"))
    if not guardians or covered.coverage is Coverage.ABSENT:
        return tables
    agents = users.raw.filter(pl.col("agents").list.len() > 0).height
    if agents or covered.coverage is Coverage.DELTA:
        links = guardian_links(users, whole=covered.coverage is Coverage.FULL)
        tables.append(_listed("GuardianLink", links, _links_covered(links, covered), findings, "users"))
    else:
        findings.add("rest.no-agents", file="users")
    return tables


def _links_covered(links: Listed, covered: Covered) -> Covered:
    """Where agents are listed and not one of them is shown, their links are not gone: they are not shared."""
    if links.rows.is_empty() and covered.coverage is Coverage.FULL:
        return Covered(Coverage.ABSENT, "agents are listed, and none of them is among the users that the server shows")
    return covered


def _district(orgs: Converted | None) -> str | None:
    """The id of the only organisation of type district."""
    if orgs is None or not orgs.has("type"):
        return None
    found = orgs.rows.filter((pl.col("type") == "district") & ~pl.col("_deleted"))["sourced_id"]
    return str(found[0]) if len(found) == 1 else None
