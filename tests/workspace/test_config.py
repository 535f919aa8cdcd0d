from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from providers.oneroster.feed_settings import FeedSettings
from providers.oneroster.settings import OneRosterSettings
from rosterkit import config
from rosterkit.config import Config
from rosterkit.errors import UsageError
from rosterkit.settings_template import TABLES, plain_fields, template


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        config.loads(text)
    return str(caught.value)


def test_the_template_loads_and_says_nothing_but_the_defaults() -> None:
    loaded = config.loads(template())
    assert loaded == Config(sources=loaded.sources, feeds=loaded.feeds)
    assert loaded.source_name() == "main"
    assert loaded.source("main") == config.SourceEntry(kind="oneroster", settings=OneRosterSettings(path="package.zip"))
    assert loaded.feed() == ("oneroster", config.FeedEntry(kind="oneroster", settings=FeedSettings()))


def test_the_comments_of_the_template_are_the_defaults_too() -> None:
    spoken = "\n".join(line.removeprefix("# ") if " = " in line else line for line in template().splitlines())
    assert spoken != template()
    assert config.loads(spoken) == config.loads(template())


def test_the_template_says_what_every_setting_means() -> None:
    words = " ".join(line.removeprefix("# ") for line in template().splitlines())
    models: list[type[BaseModel]] = [
        *(model for _, model in TABLES.values()),
        config.FeedEntry,
        OneRosterSettings,
        FeedSettings,
    ]
    fields = [field for model in models for field in plain_fields(model).values()]
    assert all(field.description for field in fields)
    shown = [field.description or "" for field in fields if field.default is not None]  # a key without a value is none
    assert [text for text in shown if text.replace("`", "") not in words] == []


def test_the_template_takes_any_path() -> None:
    path = 'C:\\drop "1"/a.zip'
    assert config.loads(template(path)).source("main").settings == OneRosterSettings(path=path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('timezne = "UTC"', "timezne is not a setting; did you mean timezone?"),
        (
            "[limits]\nmax_removed_percnt = 3",
            "limits.max_removed_percnt is not a setting; did you mean max_removed_percent?",
        ),
        ("[caps]\nmembrs = 3", "caps.membrs is not a setting; did you mean members?"),
        ('[sources.a]\nkind = "oneroster"\npth = "b"', "sources.a.pth is not a setting; did you mean path?"),
        ("zzz = 1", "zzz is not a setting; known are approval_hours, approvers, calendar, caps"),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest(text: str, words: str) -> None:
    message = refusal(text)
    assert message.startswith("rosterkit.toml: ")
    assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('timezone = "America/Chicgo"', "did you mean America/Chicago?"),
        ('mode = "sometimes"', "'observe', 'review' or 'auto'"),
        ("plan_days = 0", "plan_days is 0: it must be"),
        ("approval_hours = 745", "approval_hours is 745: it must be"),
        ("demographics = 1", "demographics is 1"),
        ("[limits]\nmax_removed_percent = 100.5", "limits.max_removed_percent is 100.5: it must be 100.0 or less"),
        ("[limits]\nmin_removed = -1", "limits.min_removed is -1: it must be 0 or more"),
        ("[limits]\nmin_removed = 2.5", "it must be a whole number"),
        ("[limits]\nmax_removed_percent = nan", "limits.max_removed_percent is nan"),
        ("[limits]\nhalving_min_size = true", "it must be a whole number"),
        ("[caps]\nratio = 0", "caps.ratio is 0: it must be 1 or more"),
        ("limits = 3", "it must be a table, [limits]"),
        ("sources = 3", "it must be a table, [sources]"),
        ('[sources.a]\nkind = "oneroster"', "sources.a.path is missing"),
        ('[sources.a]\nkind = "oneroster"\npath = ""', "sources.a.path is empty: it must say something."),
        ('[sources.a]\nkind = "oneroster"\npath = "a\\u0000b"', "sources.a.path: a path holds no NUL"),
        (
            '[sources.a]\nkind = "oneroster"\npath = "~nobody-of-that-name/x"',
            "nobody here is called ~nobody-of-that-name",
        ),
        ('[feeds.a]\nkind = "oneroster"\nfolder = "a\\u0000b"', "feeds.a.folder: a path holds no NUL"),
        ('[sources.manual]\nkind = "oneroster"\npath = "y"', '"manual" cannot be a name'),
        ('[feeds."../up"]\nkind = "oneroster"', '"../up" cannot be a name'),
        ("timezone = America/Chicago", "put texts in quotation marks"),
    ],
)
def test_values_out_of_range_are_refused_with_a_sentence(text: str, words: str) -> None:
    message = refusal(text)
    assert words in message
    assert message[-1] in ".?"


def test_the_edges_of_a_range_are_in_it() -> None:
    loaded = config.loads("plan_days = 1\napproval_hours = 744\n[limits]\nmax_removed_percent = 100\nmin_removed = 0")
    assert (loaded.limits.max_removed_percent, loaded.limits.min_removed) == (100, 0)


def test_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rosterkit init"):
        config.load(tmp_path)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_bytes(b'timezone = "\xff"')
    with pytest.raises(UsageError, match="UTF-8"):
        config.load(tmp_path)


def test_a_feed_is_given_the_keys_that_are_its_own() -> None:
    name, feed = config.loads('[feeds.a]\nkind = "oneroster"\nfolder = "out"\nversion = "1.1"').feed("a")
    assert (name, feed.folder, feed.settings) == ("a", "out", FeedSettings(version="1.1"))


def test_every_problem_is_named_at_once() -> None:
    message = refusal('timezone = "Nowhere"\nzzz = 1\n[feeds.a]\nkind = "oneroster"\nversion = "1.3"\nnaem = "r.zip"')
    for words in ("timezone:", "zzz is not", "feeds.a.version is '1.3'", "feeds.a.naem is not a setting; did you mean"):
        assert words in message


@pytest.mark.parametrize(("short", "zone"), [("CST", "America/Chicago"), ("Eastern", "America/New_York")])
def test_an_abbreviation_of_a_zone_suggests_the_zone(short: str, zone: str) -> None:
    assert f"did you mean {zone}?" in refusal(f'timezone = "{short}"')


def test_settings_that_are_nested_tables_name_their_own_keys() -> None:
    message = refusal('[feeds.a]\nkind = "uconnect"\n[feeds.a.limits]\ngone_row = 3')
    assert "feeds.a.limits.gone_row is not a setting; did you mean gone_rows?" in message


def test_which_feed_is_meant_is_never_guessed() -> None:
    two = config.loads('[feeds.one]\nkind = "oneroster"\n[feeds.two]\nkind = "oneroster"')
    with pytest.raises(UsageError, match="name one of one, two"):
        two.feed()
    with pytest.raises(UsageError, match="did you mean one"):
        two.feed("onne")
    with pytest.raises(UsageError, match="No feed is configured"):
        Config().feed()


def test_an_unknown_source_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean main"):
        config.loads(template()).source("mian")


def test_a_feed_goes_to_the_outbox_unless_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ines")
    assert config.FeedEntry(kind="x", settings=FeedSettings()).outbox(tmp_path, "lms") == tmp_path / "outbox" / "lms"
    assert config.FeedEntry(kind="x", settings=FeedSettings(), folder="out").outbox(tmp_path, "lms") == tmp_path / "out"
    assert config.FeedEntry(kind="x", settings=FeedSettings(), folder="~/out").outbox(tmp_path, "lms") == Path(
        "/home/ines/out"
    )


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Config().mode = "auto"


@pytest.mark.parametrize(
    "change",
    [
        'timezone = "Europe/Oslo"',
        'mode = "auto"',
        "demographics = true",
        "[limits]\nmin_removed = 6",
        '[sources.a]\nkind = "oneroster"\npath = "b"\nstrict = true',
    ],
)
def test_the_digest_follows_what_changes_a_plan(change: str) -> None:
    before = config.loads('[sources.a]\nkind = "oneroster"\npath = "b"' if "sources" in change else "")
    assert config.loads(change).settings_digest != before.settings_digest


@pytest.mark.parametrize("change", ["plan_days = 3", "[caps]\nmembers = 9", '[feeds.a]\nkind = "oneroster"'])
def test_the_digest_leaves_out_what_does_not(change: str) -> None:
    assert config.loads(change).settings_digest == Config().settings_digest


def test_a_whole_number_and_the_same_fraction_give_one_digest() -> None:
    one, other = (config.loads(f"[limits]\nmax_removed_percent = {n}") for n in ("5", "5.0"))
    assert one.settings_digest == other.settings_digest
