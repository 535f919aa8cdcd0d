"""The conformance suite of a feed: what every feed keeps, whoever wrote it.

@feed_suite(FEED, settings, district())
def test_the_feed_keeps_the_contract(check, tmp_path):
check(tmp_path)
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from rosterkit.feeds.base import Feed, FeedContext, FeedFile, LastSent, Outcome
from rosterkit.roster.findings import FINDINGS
from rosterkit.sources.findings import Findings
from rosterkit.testing.roster import MemoryRoster

AS_OF = date(2026, 11, 21)

_PASSES = {Outcome.ACCEPTED, Outcome.WARNINGS}


def context(
    feed: Feed, scratch: Path, *, last: LastSent | None = None, as_of: date = AS_OF, **more: Any
) -> FeedContext:
    """The context of one build."""
    return FeedContext(Findings(feed.rules), as_of, scratch, last_sent=last, **more)


def built(
    feed: Feed, settings: Any, roster: MemoryRoster, scratch: Path, **more: Any
) -> tuple[Sequence[FeedFile], Findings]:
    """The files of one build, and its findings."""
    given = context(feed, scratch, **more)
    return feed.build(roster, settings, given), given.findings


def sent(files: Sequence[FeedFile], as_of: date = AS_OF) -> LastSent:
    """What a build would be given as last sent, had these files been sent at noon of that day."""
    return LastSent(tuple(files), datetime(as_of.year, as_of.month, as_of.day, 12, tzinfo=UTC), as_of)


@dataclass(frozen=True)
class _Case:
    feed: Feed
    settings: Any
    roster: MemoryRoster

    def files(self, scratch: Path, roster: MemoryRoster) -> Sequence[FeedFile]:
        return built(self.feed, self.settings, roster, scratch)[0]

    def bytes_of(self, scratch: Path, roster: MemoryRoster) -> dict[str, bytes]:
        return {file.name: file.content for file in self.files(scratch, roster)}

    @cached_property
    def first(self) -> Sequence[FeedFile]:
        """The files of the roster: built once, for all checks that look at them."""
        with TemporaryDirectory() as scratch:
            return [replace(file, body=file.content) for file in self.files(Path(scratch), self.roster)]


def feed_suite(feed: Feed, settings: Any, roster: MemoryRoster) -> pytest.MarkDecorator:
    """Parametrises a test by ``check``: one for each thing that the contract asks of a feed.

    ``roster`` is one that the vendor would accept under ``settings``.
    """
    case = _Case(feed, settings, roster)
    return pytest.mark.parametrize(
        "check", [pytest.param(partial(found, case), id=found.__name__) for found in _CHECKS]
    )


def is_a_feed(case: _Case, _scratch: Path) -> None:
    assert isinstance(case.feed, Feed)


def equal_input_gives_equal_bytes(case: _Case, scratch: Path) -> None:
    first = {file.name: file.content for file in case.first}
    assert first, "the build made no file of a good roster"
    assert first == case.bytes_of(scratch, case.roster)


def shuffled_rows_give_equal_bytes(case: _Case, scratch: Path) -> None:
    first = {file.name: file.content for file in case.first}
    for seed in (1, 2, 3):
        assert first == case.bytes_of(scratch, case.roster.shuffled(seed))


def writes_nothing_outside_scratch(case: _Case, scratch: Path) -> None:
    place, elsewhere = scratch / "scratch", scratch / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    with _working_in(elsewhere), _watched(place) as written:
        case.bytes_of(place, case.roster)
    assert written == []
    assert list(elsewhere.iterdir()) == []


def what_is_built_is_accepted(case: _Case, _scratch: Path) -> None:
    files = case.first
    verdict = case.feed.check(files, None, case.settings)
    assert verdict.outcome in _PASSES, verdict.findings.rows()
    parts = [file.parts or {file.name: file.rows} for file in files]
    counted = {name: count for part in parts for name, count in part.items()}
    assert verdict.rows, "the verdict counts no rows"
    assert verdict.rows.items() <= counted.items()


def it_is_accepted_again_after_it_was_sent(case: _Case, scratch: Path) -> None:
    files = case.first
    last = sent(files, date(2026, 11, 14))
    again, _ = built(case.feed, case.settings, case.roster, scratch, last=last)
    assert [file.rows for file in again] == [file.rows for file in files]
    assert case.feed.check(again, last, case.settings).outcome in _PASSES


def an_empty_roster_leaves_no_file(case: _Case, scratch: Path) -> None:
    assert not case.files(scratch, case.roster.emptied())


def rows_are_counted(case: _Case, _scratch: Path) -> None:
    for file in case.first:
        assert file.rows > 0
        people = file.people.filter(file.people["row"] > 0)
        assert people.is_empty() or people["row"].to_list() == list(range(1, file.rows + 1))


def rules_are_documented(case: _Case, _scratch: Path) -> None:
    codes = [rule.code for rule in case.feed.rules]
    assert len(codes) == len(set(codes)), "two rules of one code"
    assert [
        rule.code for rule in case.feed.rules if not (rule.meaning.endswith(".") and rule.remedy.endswith("."))
    ] == []


def settings_are_documented(case: _Case, _scratch: Path) -> None:
    assert [name for name, found in case.feed.Settings.model_fields.items() if not found.description] == []


def findings_name_rule_file_and_row(case: _Case, scratch: Path) -> None:
    poor = case.roster
    for sourced_id in case.roster.tables["User"]["sourced_id"].to_list():
        poor = poor.changed("User", sourced_id, email="nobody", given_name=None, identifier=None, username=None)
    files, findings = built(case.feed, case.settings, poor, scratch)
    found = findings.frame()
    for frame in (case.feed.check(files, None, case.settings).findings, found):
        assert frame.columns == list(FINDINGS)
        assert set(frame["rule"]) <= {rule.code for rule in case.feed.rules}
        assert "" not in frame["file"].to_list()
    assert found.filter((found["key"] != "") | (found["line"] > 0)).height, "no finding names a row"


def nothing_as_bytes_is_not_accepted(case: _Case, _scratch: Path) -> None:
    name = re.sub("yyyymmdd", "20261121", case.feed.vendor.files.split(",")[0].strip())
    assert case.feed.check([FeedFile(name, b"", 0)], None, case.settings).outcome not in _PASSES


def any_bytes_get_an_answer(case: _Case, _scratch: Path) -> None:
    for content in (b"\xff\xfe\x00", b'a,"b', b"a,b\r\n1\r\n", b"PK\x03\x04zip", b"\n\n\n", b'"a""'):
        assert case.feed.check([FeedFile("some.csv", content, 1)], None, case.settings).outcome not in _PASSES


def the_checklist_has_ids(case: _Case, _scratch: Path) -> None:
    names = [item.name for item in case.feed.vendor.checklist]
    assert len(names) == len(set(names)), "two items of one name"
    for item in case.feed.vendor.checklist:
        assert re.fullmatch(r"[A-Z]\d+", item.rule), item
        assert item.text.endswith("."), item


_CHECKS: tuple[Callable[[_Case, Path], None], ...] = (
    is_a_feed,
    equal_input_gives_equal_bytes,
    shuffled_rows_give_equal_bytes,
    writes_nothing_outside_scratch,
    what_is_built_is_accepted,
    it_is_accepted_again_after_it_was_sent,
    an_empty_roster_leaves_no_file,
    rows_are_counted,
    rules_are_documented,
    settings_are_documented,
    findings_name_rule_file_and_row,
    nothing_as_bytes_is_not_accepted,
    any_bytes_get_an_answer,
    the_checklist_has_ids,
)


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


_watchers: list[tuple[Path, list[str]]] = []
_hooked: list[bool] = []


@contextmanager
def _watched(scratch: Path) -> Iterator[list[str]]:
    """Collects the paths outside ``scratch`` that Python code opens for writing, makes or removes."""
    if not _hooked:
        sys.addaudithook(_audit)  # an audit hook stays for the life of the process: one is enough
        _hooked.append(True)
    written: list[str] = []
    _watchers.append((scratch.resolve(), written))
    try:
        yield written
    finally:
        _watchers.pop()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers or not arguments or not isinstance(arguments[0], str | bytes | os.PathLike):
        return
    writes = event in {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate"}
    if event == "open":
        writes = bool(int(arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    if writes:
        path = Path(os.fsdecode(arguments[0])).resolve()
        scratch, written = _watchers[-1]
        if not path.is_relative_to(scratch) and "__pycache__" not in path.parts:
            written.append(str(path))
