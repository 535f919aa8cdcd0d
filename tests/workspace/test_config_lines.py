"""Wrong settings are found when the file is read, before anything is built, and named with their line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rosterkit.config import loads
from rosterkit.errors import UsageError
from rosterkit.toml_lines import key_lines, line_of

TEXT = (Path(__file__).parents[2] / "fixtures" / "products" / "rosterkit.toml").read_text(encoding="utf-8")


SFTP = 'transport = "sftp"\nhost = "sftp.example"\npath = "/in"\nusername = "kb"\nkey = "file:key"'


def problem(old: str, new: str) -> tuple[str, int]:
    """The message for the file with one text replaced, and the line on which the new text stands."""
    assert TEXT.count(old) == 1, old
    text = TEXT.replace(old, new)
    with pytest.raises(UsageError) as caught:
        loads(text)
    return str(caught.value), text[: text.index(new)].count("\n") + 1


def test_the_fixture_itself_is_right() -> None:
    assert len(loads(TEXT).feeds) == 4


@pytest.mark.parametrize(
    ("old", "new", "pattern"),
    [
        ('campus_name = "school_name"', 'campus_name = "school_nam"', 'the field "school_nam".*"school_name"'),
        ('CLUBS = { attribute = "clubs", split = "|" }', 'CLUBS = { attribute = "clubs", split = "" }', "split"),
        ('CLUBS = "Clubs"', 'CLUB = "Clubs"', "groups.CLUB names a column"),
        ('username = "identifier"', 'username = { extract = "(" }', "username"),
        ('{ constant = "High School" }', '{ constant = "high school" }', 'H17: .*sends "high school".*"High School"'),
        ('removal = "absent_removed"', 'removal = "yes"', "removal"),
        ('title = "{title} ({teacher})"', 'title = "{titel}"', "title"),
        ('values = { "HLTH-04"', 'vallues = { "HLTH-04"', "vallues is not a setting"),
        ('role = "ext:alumni"', 'role = "alumni"', "alumni"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(old: str, new: str, pattern: str) -> None:
    message, line = problem(old, new)
    assert f"line {line}: " in message, message
    import re

    assert re.search(pattern, message), message


def test_every_problem_has_its_own_line() -> None:
    text = TEXT.replace('campus_name = "school_name"', 'campus_name = "scool"').replace('"absent_removed"', '"no"')
    with pytest.raises(UsageError) as caught:
        loads(text)
    assert str(caught.value).count("line ") == 2


@pytest.mark.parametrize(
    ("feed", "transport", "rule"),
    [
        ("careers", SFTP, "U3: uConnect does not take files by sftp"),
        ("app", 'transport = "folder"\npath = "/srv/drop"', "A10: Edlio app does not take files by folder"),
        ("jobs", SFTP, "Handshake does not take files by sftp"),
    ],
)
def test_u3_a10_a_target_that_the_vendor_does_not_take_is_refused(feed: str, transport: str, rule: str) -> None:
    """U3, A10: a feed that is pointed at a place that its vendor does not read is refused when the file is read."""
    text = f"{TEXT}\n[feeds.{feed}.target]\n{transport}\n"
    line = text[: text.index("transport =")].count("\n") + 1
    with pytest.raises(UsageError, match=rf"line {line}: feeds\.{feed}\.target\.transport: .*{rule}"):
        loads(text)


LINES = '''a = 1
[t]
"b c".d = 2  # [x]
long = """
e = 3
"""
[[t.list]]
f = { g = 4 }
[[t.list]]
[t.list.h]
i = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["a"], 1),
        (["t", "b c", "d"], 3),
        (["t", "e"], 2),
        (["t", "list", "0", "f", "g"], 8),
        (["t", "list", "1", "f"], 9),
        (["t", "list", "1", "h", "i"], 11),
        (["nowhere"], 0),
    ],
)
def test_the_line_of_a_key_or_of_what_stands_around_it(path: list[str], line: int) -> None:
    assert line_of(key_lines(LINES), path) == line


def test_every_key_of_a_file_is_found() -> None:
    import tomllib

    def paths(value: Any, at: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        if not isinstance(value, dict):
            return [at]
        return [path for key, inner in value.items() for path in paths(inner, (*at, key))]

    lines = key_lines(TEXT)
    assert all(line_of(lines, path) for path in paths(tomllib.loads(TEXT)))
