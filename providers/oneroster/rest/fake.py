"""A OneRoster server on loopback, 1.1 or 1.2, for tests and trials: it checks credentials, pages, sorts and filters.

It shares no code with what reads it: signatures are checked by their definition (RFC 5849 §3.4), not by a library.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

from providers.oneroster.rest.fake_roster import Roster

Served = TypeVar("Served", bound="FakeServer")

KEY, SECRET = "district-app", "s3cret&of=the app"
ROOTS = {"1.1": "/ims/oneroster/v1p1/", "1.2": "/ims/oneroster/rostering/v1p2/"}
PLURAL = {"terms": "academicSessions", "gradingPeriods": "academicSessions", "schools": "orgs"}


@dataclass(frozen=True)
class Ask:
    """A request: ``path`` as it was sent, with its escapes."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    target: str
    body: str = ""


@dataclass(frozen=True)
class Reply:
    """An answer. ``cut`` breaks the connection off after so many bytes of the body."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json"
    cut: int | None = None


@dataclass
class FakeServer:
    """What the server holds and how it behaves. Tests change the fields while it runs."""

    roster: Roster
    version: str = "1.1"
    auth: str = "oauth2"  # oauth2, oauth1, oauth1-sha1
    cap: int = 10_000  # the largest page, whatever is asked for
    total: bool = True  # X-Total-Count
    link: bool = False  # Link headers
    per_token: int = 10**9  # how many requests a token is good for
    hidden: set[str] = field(default_factory=set)  # collections that answer 403
    fault: Callable[[Ask, int], Reply | None] = lambda _ask, _count: None  # by request and its number, from 1
    token_answer: Reply | None = None  # in the place of a token
    log: list[Ask] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)  # and how often each was used
    nonces: set[str] = field(default_factory=set)
    base: str = ""
    base_of_links: str = ""  # in the place of its own address
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, ask: Ask) -> Reply:
        """The answer to a request."""
        with self.lock:
            if ask.path == "/token":
                return self.token_answer or self._token(ask)
            self.log.append(ask)
            fault = self.fault(ask, len(self.log))
            return fault or self.data(ask)

    def data(self, ask: Ask) -> Reply:
        """The answer of a collection."""
        if not self.accepts(ask):
            return failure(401, "unauthorisedrequest", self.version)
        root = ROOTS[self.version]
        if not ask.path.startswith(root):
            return failure(404, "unknownobject", self.version)
        return self.collection(ask, ask.path.removeprefix(root))

    def collection(self, ask: Ask, name: str) -> Reply:
        """One page of the collection of that name."""
        if name in self.hidden:
            return failure(403, "forbidden", self.version)
        if name not in self.roster:
            return failure(404, "unknownobject", self.version)
        records = list(self.roster[name])
        if "filter" in ask.query:
            found = re.fullmatch(r"dateLastModified>='([^']*)'", ask.query["filter"])
            if not found:
                return failure(400, "invalid_filter_field", self.version)
            records = [r for r in records if str(r.get("dateLastModified", "")) >= found[1]]
        if ask.query.get("sort"):
            records.sort(key=_key, reverse=ask.query.get("orderBy") == "desc")
        limit, offset = int(ask.query.get("limit", 100)), int(ask.query.get("offset", 0))
        page = records[offset : offset + min(limit, self.cap)]
        headers = self.counts(len(page), len(records))
        if self.link and offset + len(page) < len(records):
            query = urlencode(ask.query | {"limit": limit, "offset": offset + len(page)})
            link = f"{self.base_of_links or self.base}{ask.path}?{query}"
            headers["Link"] = f'<{link}>; rel="next", <{self.base}{ask.path}>; rel="first"'
        elif self.link:
            headers["Link"] = f'<{self.base}{ask.path}>; rel="first"'
        return Reply(200, json.dumps({PLURAL.get(name, name): page}).encode(), headers)

    def counts(self, _page: int, every: int) -> dict[str, str]:
        """The headers that count."""
        return {"X-Total-Count": str(every)} if self.total else {}

    def accepts(self, ask: Ask) -> bool:
        """Whether the credentials are right."""
        given = ask.headers.get("authorization", "")
        if self.auth == "oauth2":
            token = given.removeprefix("Bearer ")
            if token not in self.tokens or self.tokens[token] >= self.per_token:
                return False
            self.tokens[token] += 1
            return True
        name = "sha1" if self.auth == "oauth1-sha1" else "sha256"
        return signature_accepted(ask, self.base, KEY, SECRET, name, self.nonces)

    def _token(self, ask: Ask) -> Reply:
        form = {name: values[0] for name, values in parse_qs(ask.body).items()}
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if ask.method != "POST" or ask.headers.get("authorization") != expected:
            return Reply(401, b'{"error":"invalid_client"}')
        if form.get("grant_type") != "client_credentials" or "/scope/roster-core.readonly" not in form.get("scope", ""):
            return Reply(400, b'{"error":"invalid_scope"}')
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = 0
        return Reply(200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": "3600"}).encode())


def _key(record: Any) -> str:
    return str(record.get("sourcedId")) if isinstance(record, dict) else ""


def failure(status: int, code: str, version: str) -> Reply:
    """An error in the shape of that version ("1.1-text" for the one in the text of 1.1)."""
    base = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "Person Example was refused"}
    if version == "1.1-text":
        body: Any = {"statusInfoSet": [base | {"imsx_codeMinor": code}]}
    else:
        field_name = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}
        body = base | {"imsx_CodeMinor": {"imsx_codeMinorField": [field_name]}}
    return Reply(status, json.dumps(body).encode())


def signature_accepted(ask: Ask, base: str, key: str, secret: str, hash_name: str, nonces: set[str]) -> bool:
    """Whether the request is signed with OAuth 1.0a: RFC 5849 §3.4, without a token, each nonce once."""
    given = ask.headers.get("authorization", "")
    if not given.startswith("OAuth "):
        return False
    found = re.findall(r'(\w+)="([^"]*)"', given)
    parameters = {name: unquote(value) for name, value in found if name != "realm"}
    signature = parameters.pop("oauth_signature", "")
    nonce = parameters.get("oauth_nonce", "")
    method = f"HMAC-{hash_name.upper()}"
    if parameters.get("oauth_consumer_key") != key or parameters.get("oauth_signature_method") != method:
        return False
    if not nonce or nonce in nonces:
        return False
    nonces.add(nonce)
    query = parse_qsl(urlsplit(ask.target).query, keep_blank_values=True)
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in [*parameters.items(), *query])
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join([ask.method, _escaped(base + ask.path), _escaped(normal)])
    digest = hmac.new(f"{_escaped(secret)}&".encode(), text.encode(), getattr(hashlib, hash_name)).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), signature)


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


@contextmanager
def serving(fake: Served, port: int = 0) -> Iterator[Served]:
    """Runs the server on that port of loopback, or on a free one; ``fake.base`` is its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def _reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = fake.answer(Ask(self.command, parts.path, query, headers, self.path, body))
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
            self.close_connection = reply.cut is not None

        def log_message(self, *_: object) -> None:
            """A test's output stays empty."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    fake.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
