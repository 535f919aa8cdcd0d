"""The fake servers: every answer is as the vendor's schema says, and they share no code with what reads them."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from classlink_schemas import CLASSLINK
from clever_schemas import CLEVER
from oneroster_schemas import ONEROSTER, ONEROSTER_FAILURE, TOKEN

from providers.clever import fake as clever_fake
from providers.clever.fake import FakeClever, invent
from providers.oneroster.rest import fake as rest_fake
from providers.oneroster.rest.fake import Ask, FakeServer, Reply, failure
from providers.oneroster.rest.fake_roster import invented
from rosterkit import registry
from rosterkit.sources.base import Context
from rosterkit.sources.fake_server import Invented
from rosterkit.sources.findings import Findings

PROVIDERS = Path(__file__).parents[3] / "providers"


class Answers:
    """Every answer that a fake gives, checked; how many there were of each kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen = Counter[str]()
        clever_sends, rest_answers = clever_fake._Handler._bytes, FakeServer.answer

        def clever_sent(handler: Any, status: int, content: bytes, headers: dict[str, str], **more: Any) -> None:
            self.of_clever(handler.path, status, content)
            clever_sends(handler, status, content, headers, **more)

        def rest_answered(server: Any, ask: Ask) -> Reply:
            reply = rest_answers(server, ask)
            self.of_oneroster(server.version, ask, reply)
            return reply

        self.wrong: list[str] = []
        monkeypatch.setattr(clever_fake._Handler, "_bytes", clever_sent)
        monkeypatch.setattr(rest_fake.FakeServer, "answer", rest_answered)

    def of_clever(self, path: str, status: int, content: bytes) -> None:
        what = re.sub(r"^/(v3\.[01]/)?", "", path.partition("?")[0])
        what = re.sub(r"/[0-9a-f]{24}$", "/ID", what) if status == 200 else "error"
        self._checked(what, CLEVER, content)
        if what == "events":
            for event in json.loads(content)["data"]:
                resource, changed = event["data"]["type"].split(".")[0], event["data"]["data"]["object"]
                page = {"data": [{"data": changed, "uri": f"/v3.1/{resource}/x"}], "links": []}
                self._checked(resource, CLEVER, json.dumps(page).encode())

    def of_oneroster(self, version: str, ask: Ask, reply: Reply) -> None:
        name = ask.path.rpartition("/")[2]
        if reply.status != 200:
            self._checked("error", {"error": ONEROSTER_FAILURE}, reply.body)
        elif name in ("token", "applications"):
            self._checked(name, {"token": TOKEN, "applications": CLASSLINK}, reply.body)
        else:
            self._checked(name, ONEROSTER[version], reply.body)

    def _checked(self, what: str, schemas: Mapping[str, Any], content: bytes) -> None:
        """Errors are collected: raised in the server's thread nobody would see them."""
        self.seen[what] += 1
        try:
            schemas[what].validate_json(content)
        except (KeyError, ValueError) as error:
            self.wrong.append(f"{what}: {error}"[:2000])


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def pull(
    settings: Mapping[str, object], secrets: Mapping[str, str], folder: Path, cursor: str | None = None
) -> str | None:
    """Reads everything, or what changed since the cursor; the next cursor."""
    named: dict[str, Any] = dict(settings)
    source = registry.source(str(named.pop("kind")))
    references = {f"env:{name}": value for name, value in secrets.items()}
    context = Context(
        Findings(source.rules), date(2026, 10, 1), folder, folder, demographics=True, cursor=cursor,
        secret=lambda reference: references.get(reference, reference),
    )  # fmt: skip
    extract = source.extract(source.Settings.model_validate(named), context)
    return extract.cursor


@pytest.mark.parametrize("kind", ["clever", "classlink", "oneroster"])
def test_the_servers_of_rosterkit_fake_answer_by_the_schema(kind: str, answers: Answers, tmp_path: Path) -> None:
    with registry.fake(kind).serve(Invented(40, 4), 0) as running:
        pull({**running.settings, "page_size": 100}, running.secrets, tmp_path)
    assert answers.wrong == []
    lists = {"users", "sections", "schools"} if kind == "clever" else {"users", "enrollments", "demographics"}
    assert lists <= set(answers.seen)


def test_clever_lists_tokens_and_events_by_the_schema(answers: Answers, tmp_path: Path) -> None:
    client = {"client_id": "env:ID", "client_secret": "env:SECRET"}
    with FakeClever(invent(60)) as clever:
        settings = {"kind": "clever", "address": clever.address, "token_address": clever.address, **client}
        secrets = {"ID": clever.client[0], "SECRET": clever.client[1]}
        clever.update("schools", clever.data.records["schools"][0])
        cursor = pull(settings, secrets, tmp_path)
        for resource in ("users", "sections", "terms"):
            clever.update(resource, dict(clever.data.records[resource][0]))
        clever.delete("users", clever.data.records["users"][-1]["id"])
        clever.unshared.add("courses")
        assert pull(settings, secrets, tmp_path, cursor) != cursor
    assert answers.wrong == []
    assert {"oauth/tokens", "events", "events/ID", "error", "users"} <= set(answers.seen)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_oneroster_server_answers_by_the_schema(version: str, answers: Answers, tmp_path: Path) -> None:
    with rest_fake.serving(FakeServer(invented(20, version=version), version, hidden={"demographics"})) as fake:
        credentials = {"client_id": rest_fake.KEY, "client_secret": "env:S", "token_url": f"{fake.base}/token"}
        settings = {"kind": "oneroster-rest", "url": fake.base, "version": version, "page_size": 30, **credentials}
        pull(settings, {"S": rest_fake.SECRET}, tmp_path)
    assert answers.wrong == []
    assert {"token", "users", "enrollments", "error"} <= set(answers.seen)


@pytest.mark.parametrize("shape", ["1.1", "1.1-text", "1.2"])
def test_an_error_has_one_of_the_shapes_of_the_standard(shape: str) -> None:
    ONEROSTER_FAILURE.validate_json(failure(403, "forbidden", shape).body)


def test_a_schema_refuses_what_is_not_in_it() -> None:
    with pytest.raises(ValueError, match="extra_forbidden"):
        CLEVER["terms"].validate_python(
            {"data": [{"data": {"id": "0" * 24, "district": "0" * 24, "x": 1}, "uri": "/v3.1/t"}], "links": []}
        )


def test_no_fake_shares_code_with_what_reads_it() -> None:
    """A fake imports the standard library and other fakes only."""
    fakes = [path for path in PROVIDERS.rglob("fake*.py") if path.parent.name != "one_sis"]
    assert len(fakes) >= 6
    for path in fakes:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("providers", "rosterkit")):
                assert (node.module or "").rpartition(".")[2].startswith("fake"), f"{path.name} imports {node.module}"
