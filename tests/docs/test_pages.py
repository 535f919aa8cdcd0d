from __future__ import annotations

import json
import re
import runpy
import textwrap
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from rosterkit import config, errors, registry
from rosterkit.feeds.alarms import ALARM_RULES
from rosterkit.feeds.delivery import STATES
from rosterkit.plan.plan import LINES
from rosterkit.purging import Purged
from rosterkit.render import json as shapes
from rosterkit.render.labels import Choice, chosen
from rosterkit.results import (
    Applied,
    Approval,
    Disclosure,
    Explanation,
    FeedCheck,
    FeedReceipt,
    FeedStatus,
    Hold,
    Holding,
    Revision,
    Value,
)
from rosterkit.roster.schema import entities
from rosterkit.store.deliveries import Step
from rosterkit.testing.views import AT, RULES, make_delivery, make_findings, make_plan, make_report, make_view
from rosterkit.transport.credentials import Credential
from rosterkit.transport.rights import Right

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BUILD = runpy.run_path(str(DOCS / "build.py"))
verbs = BUILD["verbs"]


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", BUILD["PAGES"])
def test_pages_made_from_the_code_are_up_to_date(page: str) -> None:
    assert read(page) == BUILD["PAGES"][page](), "write it again: python docs/build.py"


def test_what_is_seen_in_the_field_names_rules_that_exist() -> None:
    named = {code for _, codes, _ in BUILD["SEEN"] for code in codes.split()}
    assert named <= registry.rules().keys()


def test_every_command_and_every_option_is_documented() -> None:
    text = read("commands.md")
    for name, verb in verbs():
        section = text.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        spoken = chain.from_iterable(p.opts for p in verb.params if p.param_type_name == "option" and p.name != "help")
        assert [option for option in spoken if option not in section] == [], name


def test_every_rule_is_documented() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    assert [code for code in registry.rules() if f"`{code}`" not in text] == []


def test_every_exit_code_is_documented() -> None:
    text = read("exit-codes.md")
    codes = {getattr(errors, name).exit_code for name in errors.__all__} | {0, 1, 130, 141}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == codes


def test_every_verb_that_gives_1_says_when() -> None:
    table = read("exit-codes.md").partition("Which verbs give 1")[2]
    rows = set(re.findall(r"`([a-z -]+)`", "".join(re.findall(r"^\|([^|]+)\|", table, re.MULTILINE))))
    says = {name for name, verb in verbs() if re.search(r"[Ee]xit (code )?1\b", verb.help or "")}
    assert {name.removesuffix(" --test") for name in says} - {row.removesuffix(" --test") for row in rows} == set()


def keys(document: Any) -> set[str]:
    """Every key of the document but the names of entities and files."""
    if isinstance(document, list):
        return set().union(*map(keys, document)) if document else set()
    if isinstance(document, dict):
        return set(document) | set().union(*map(keys, document.values()), set())
    return set()


def shape_documents() -> dict[str, str]:
    view = make_view()
    hold = Hold("User", "s", "", "", "person", "r", "kim", AT)
    value = Value("email", "b", 4, "7f3a", "users.csv", 12, "kim", AT)
    revision = Revision(4, "sync", "7f3a", "kim", AT, {}, view.lines)
    return {
        "plan": shapes.plan(make_plan()),
        "show": shapes.view(view, chosen(view.lines, Choice()), RULES),
        "check": shapes.check(make_report()),
        "approve": shapes.approval(Approval("p", "approve", "kim", "r", AT)),
        "apply": shapes.applied(Applied("p", 4, True, {}, {}, 0.1)),
        "holds": shapes.holds([hold]),
        "history": shapes.history([revision]),
        "explain": shapes.explanation(
            Explanation("User", "s", "active", (value,), (hold,), "", make_findings()), RULES
        ),
        "feed build": shapes.receipt(
            FeedReceipt("o", "k", "outbox", 4, (("o.zip", 1, 2, "ab"),), make_findings(), AT), RULES
        ),
        "feed check": shapes.feed_check(
            FeedCheck("o", "k", "accepted", make_findings(), {"users.csv": 3}, {"gone": 1}), RULES
        ),
        "feed log": shapes.deliveries([make_delivery(steps=(Step("waiting", AT),))]),
        "feed status": shapes.feed_status(
            [FeedStatus("o", "k", credentials=(Credential("key", "env:K", None, None),))], RULES
        ),
        "undo": shapes.plan(make_plan(), [Holding("o", "V", "outbox", 4, AT, 72, "absent", "Send it again.")]),
        "disclosed": shapes.disclosed(
            [Disclosure(3, "o", "V", "outbox", AT, True, "users.csv", "sent", (4,), ("email",))]
        ),
        "purge": shapes.purged(Purged(True, 2)),
        "target test": shapes.rights("sftp://vendor", [Right("write", allowed=True)]),
        "rules": shapes.rules(RULES.values()),
        "error": shapes.error(3, "no", errors.SourceUnreadable("no", rule="zip.crc")),
    }


@pytest.mark.parametrize(("name", "text"), shape_documents().items(), ids=shape_documents())
def test_every_key_of_every_shape_is_documented(name: str, text: str) -> None:
    page = read("json.md")
    known = set(re.findall(r"`\"?(\w+)\"?`", page)) | set(re.findall(r'"(\w+)":', page))
    values = {"users.csv", "given_name", "family_name", "enabled", "gone"}
    assert keys(json.loads(text)) - values - known == set()


def test_the_shapes_name_every_entity_and_every_column_of_a_line() -> None:
    page = read("json.md")
    assert [name for name in [*LINES, *(entity.name for entity in entities())] if f"`{name}`" not in page] == []


def broken_links(page: Path) -> list[str]:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return [f"{page.name}: {t}" for t in targets if "://" not in t and not (page.parent / t).exists()]


def test_no_link_between_pages_is_broken() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")]
    assert list(chain.from_iterable(map(broken_links, pages))) == []


def test_every_command_in_the_docs_exists() -> None:
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    lines = re.findall(r"^ {4}(rosterkit .*)$|`(rosterkit [^`\n]+)`", text, re.MULTILINE)
    used = {re.sub(r"^rosterkit (-C \S+ )?", "", "".join(found)).split()[0] for found in lines}
    assert len(used) > 5
    known = {name.split()[0] for name, _ in verbs()}
    assert {verb for verb in used if not verb.startswith("-")} <= known


def test_every_state_of_a_delivery_and_every_alarm_is_explained() -> None:
    page = read("delivery.md")
    assert [state for state, text in STATES.items() if f"| `{state}` | {text} |" not in page] == []
    assert [rule.code for rule in ALARM_RULES if f"`{rule.code}`" not in page] == []


def settings_examples(page: Path) -> list[str]:
    """Every block of the page that holds whole tables of rosterkit.toml, not a part of one source or feed."""
    text = page.read_text(encoding="utf-8")
    indented = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    fenced = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [*map(textwrap.dedent, indented), *fenced]
    return [one for one in blocks if re.match(r"\s*\[\[?(?!(?:sources|feeds)\.\w+\.)[a-z]", one)]


def test_every_example_of_settings_is_accepted_as_it_stands() -> None:
    examples = [one for page in sorted(DOCS.rglob("*.md")) for one in settings_examples(page)]
    assert len(examples) > 15
    for example in examples:
        config.loads(example)
