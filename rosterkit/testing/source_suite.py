"""The conformance kit of sources: one parametrised test that every source must pass, whoever wrote it.

In a provider's tests::

    test_conformance = source_suite(SOURCE, [csv_case(...)])

Each check raises AssertionError with what is wrong. What they ask for is the contract in ``rosterkit.sources.base``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from rosterkit.errors import RosterkitError, SourceUnreadable, UsageError
from rosterkit.roster.findings import FINDINGS
from rosterkit.sources.base import Context, Coverage, Extract, Source, Table
from rosterkit.sources.findings import Findings
from rosterkit.testing.source_cases import Deliver, SourceCase
from rosterkit.testing.source_shape import check_declaration, check_table, own_references
from rosterkit.testing.write_watch import WriteWatch
from rosterkit.transport.secrets import revealed

Check = Callable[[Source, SourceCase, Path], None]
AS_OF = date(2026, 11, 2)


@dataclass(frozen=True)
class Read:
    """What a source answered: an extract and its rows by (entity, id space), or why it refused."""

    extract: Extract | None
    frames: Mapping[tuple[str, str], pl.DataFrame]
    findings: pl.DataFrame
    written: Sequence[str]  # files outside scratch that were written or changed
    refusal: RosterkitError | None = None

    @property
    def tables(self) -> tuple[tuple[Table, pl.DataFrame], ...]:
        """Each table with its rows."""
        found = self.extract.tables if self.extract else ()
        return tuple((table, self.frames[table.entity, table.id_space]) for table in found)


def read(source: Source, deliver: Deliver, folder: Path, *, demographics: bool = False) -> Read:
    """Delivers the roster into a new workspace below ``folder`` and extracts it."""
    workspace, scratch = folder / "workspace", folder / "scratch"
    workspace.mkdir(parents=True)
    scratch.mkdir()
    findings = Findings(source.rules)
    context = Context(
        findings,
        AS_OF,
        scratch,
        workspace,
        demographics=demographics,
        secret=lambda reference: revealed(reference, workspace),
    )
    extract, frames, refusal = None, {}, None
    with deliver(workspace) as settings:
        before = _contents(workspace)
        with WriteWatch(scratch) as watch:
            try:
                extract = source.extract(source.Settings.model_validate(settings), context)
                frames = {(table.entity, table.id_space): table.rows.collect() for table in extract.tables}
            except (SourceUnreadable, UsageError) as error:
                refusal = error
        after = _contents(workspace)
    changed = [path for path in before | after if before.get(path) != after.get(path)]
    shown = extract.findings if extract else findings.frame()
    return Read(extract, frames, shown, [*watch.written, *changed], refusal)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _sound(source: Source, case: SourceCase, folder: Path) -> Read:
    found = read(source, case.deliver, folder, demographics=case.demographics)
    assert found.extract, f"the source refuses a sound roster: {found.refusal}"
    return found


def declaration(source: Source, _case: SourceCase, _folder: Path) -> None:
    """Kind, rules, settings and capabilities are declared and described."""
    check_declaration(source)


def tables(source: Source, case: SourceCase, folder: Path) -> None:
    """Keys, columns, values, references, locations and invalid cells of every table are as the contract says."""
    found = _sound(source, case, folder)
    _well_formed(source, found)


def _well_formed(source: Source, found: Read) -> None:
    keys = [(table.entity, table.id_space) for table, _ in found.tables]
    assert len(set(keys)) == len(keys), f"two tables of one entity and id space: {keys}"
    for table, rows in found.tables:
        assert table.entity in source.capabilities.entities, f"{table.entity} is not in the capabilities"
        check_table(table, rows)


def contents(source: Source, case: SourceCase, folder: Path) -> None:
    """A sound roster is full, has as many rows as the case says, and records stand where it says."""
    found = _sound(source, case, folder)
    full: dict[str, int] = {}
    for table, rows in found.tables:
        if table.coverage is Coverage.FULL:
            full[table.entity] = full.get(table.entity, 0) + rows.height
    assert full == dict(case.rows), f"full tables have {full} rows, expected {dict(case.rows)}"
    for (entity, key), location in case.locations.items():
        records = [rows.filter(pl.col("sourced_id") == key) for table, rows in found.tables if table.entity == entity]
        locations = [at for rows in records for at in rows.select("_file", "_line").rows()]
        assert locations == [location], f"{entity} {key} stands in {locations}, expected {location}"
    assert found.extract
    named = {file for _, rows in found.tables for file in rows["_file"]}
    assert named <= set(found.extract.rows_read), "a _file is not among rows_read"


def references(source: Source, case: SourceCase, folder: Path) -> None:
    """In a sound roster, a reference by this source's own sourced_id names a record that it delivers."""
    found = _sound(source, case, folder)
    for table, rows in found.tables:
        for label, to, values in own_references(table, rows):
            known = {key for other, others in found.tables if other.entity == to for key in others["sourced_id"]}
            assert set(values) <= known, f"{table.entity}.{label} names records of {to} that are not there"


def coverage(source: Source, case: SourceCase, folder: Path) -> None:
    """No table is full where the roster is damaged: cut short, header only, missing, a column or a key unreadable."""
    for name, deliver in case.damaged.items():
        found = read(source, deliver, folder / name.replace("/", " "), demographics=case.demographics)
        entities = case.damaged_entities or tuple(case.rows)
        full = [t.entity for t, _ in found.tables if t.entity in entities and t.coverage is Coverage.FULL]
        assert not full, f"{name}: {', '.join(full)} claims to be full"


def determinism(source: Source, case: SourceCase, folder: Path) -> None:
    """The same roster gives the same extract."""
    first, again = _sound(source, case, folder / "first"), _sound(source, case, folder / "again")
    assert first.extract and again.extract  # noqa: PT018 - for the types
    assert first.extract.id == again.extract.id, "the extract's id differs"
    assert first.findings.equals(again.findings), "findings differ"
    for (table, rows), (other, others) in zip(first.tables, again.tables, strict=True):
        same = rows.equals(others) and table.invalid.equals(other.invalid) and table.coverage is other.coverage
        assert same, f"{table.entity} differs"


def order(source: Source, case: SourceCase, folder: Path) -> None:
    """The order of records does not matter."""
    if case.shuffled is None:
        pytest.skip("the case has no roster in another order")
    first = _sound(source, case, folder / "first")
    other = read(source, case.shuffled, folder / "shuffled", demographics=case.demographics)
    assert _as_set(first) == _as_set(other), "records in another order give another roster"


def _as_set(found: Read) -> dict[tuple[str, str, str], set[tuple[object, ...]]]:
    return {
        (table.entity, table.id_space, table.coverage): {
            *rows.select(sorted(set(rows.columns) - {"_file", "_line"})).rows(),
            *table.invalid.select("sourced_id", "column").rows(),
        }
        for table, rows in found.tables
    }


def writes(source: Source, case: SourceCase, folder: Path) -> None:
    """Nothing is written outside the scratch folder."""
    found = _sound(source, case, folder)
    assert not found.written, f"it writes outside its scratch folder: {found.written[:5]}"


def findings(source: Source, case: SourceCase, folder: Path) -> None:
    """Findings have the contract's columns and declared rules; neither they nor messages hold personal data."""
    declared = {rule.code for rule in source.rules}
    everything = {"sound": case.deliver, **case.damaged, **case.bad}
    for name, deliver in everything.items():
        found = read(source, deliver, folder / name.replace("/", " "), demographics=case.demographics)
        assert found.findings.schema == pl.Schema(FINDINGS), f"{name}: findings have other columns"
        unknown = set(found.findings["rule"]) - declared
        assert not unknown, f"{name}: findings by rules that are not declared: {sorted(unknown)}"
        reasons = " ".join(table.reason for table, _ in found.tables)
        text = "\n".join([*found.findings["value"], *found.findings["detail"], str(found.refusal or ""), reasons])
        shown = [value for value in case.personal if value in text]
        assert not shown, f"{name}: {len(shown)} personal values are shown"


def bad_data(source: Source, case: SourceCase, folder: Path) -> None:
    """Whatever a file holds, the source refuses it with a message, or answers with tables that are well-formed."""
    for name, deliver in {**case.bad, **case.damaged}.items():
        try:
            found = read(source, deliver, folder / name.replace("/", " "), demographics=case.demographics)
            _well_formed(source, found)
        except Exception as error:
            raise AssertionError(f"{name}: {type(error).__name__}: {error}") from error


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        *(declaration, tables, contents, references, coverage, determinism, order, writes, findings, bad_data),
    )
}
"""Every check by name."""


def source_suite(source: Source, cases: Sequence[SourceCase]) -> Callable[..., None]:
    """A test function for pytest, with one test per case and check; assign it to a name that begins with ``test_``."""
    every = [pytest.param(case, check, id=f"{case.name}-{name}") for case in cases for name, check in CHECKS.items()]

    @pytest.mark.parametrize(("case", "check"), every)
    def test(case: SourceCase, check: Check, tmp_path: Path) -> None:
        check(source, case, tmp_path)

    return test
