"""A Clever server to try things with: real HTTP on loopback, paging, tokens, rate limit, events, and Clever's errors.

    with FakeClever(invent(students=200)) as clever:
        ...  # clever.address, clever.token; clever.update("users", {...}); clever.faults.append(Fault("users", "drop"))

It shares no code with the source.
"""

from __future__ import annotations

import base64
import copy
import json
import threading
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from providers.clever.fake_district import DistrictData, Record, invent

__all__ = ["FakeClever", "Fault", "invent"]

_MAX_LIMIT = 10_000


@dataclass
class Fault:
    """What goes wrong with requests for one resource.

    ``kind``: "status" (answers ``value``), "html" (200 with a page), "drop" (closes after ``value`` bytes), "truncate"
    (a whole answer with ``value`` bytes of its body), "repeat" (ignores starting_after), "last" (an empty page that
    ends the list), "unlisted" (200 without data). ``skip`` requests pass first; it happens ``times`` times, or always
    where that is 0.
    """

    resource: str
    kind: str
    value: int = 0
    skip: int = 0
    times: int = 0
    happened: int = 0

    def happens(self) -> bool:
        if self.skip:
            self.skip -= 1
            return False
        if self.times and self.happened >= self.times:
            return False
        self.happened += 1
        return True


@dataclass
class FakeClever:
    """The server; use it as a context manager. What it serves may be changed at any time."""

    data: DistrictData = field(default_factory=invent)
    token: str = "a" * 40
    client: tuple[str, str] = ("client", "secret")
    unshared: set[str] = field(default_factory=set)  # resources that answer 404; "contact": users of that role
    faults: list[Fault] = field(default_factory=list)
    limit: int = 1200  # requests in a window
    window: float = 60  # seconds
    events_on: bool = True
    other_districts: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._events: list[Record] = []
        self._lock = threading.Lock()
        self._windows: dict[int, int] = {}
        self._made = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"clever": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    # what the district does

    def create(self, resource: str, record: Record) -> None:
        self.data.records[resource].append(record)
        self._event(resource, "created", record)

    def update(self, resource: str, record: Record) -> None:
        """Replaces the record with that id."""
        records = self.data.records[resource]
        at = next(i for i, known in enumerate(records) if known["id"] == record["id"])
        records[at] = record
        self._event(resource, "updated", record)

    def delete(self, resource: str, key: str) -> None:
        records = self.data.records[resource]
        gone = next(record for record in records if record["id"] == key)
        records.remove(gone)
        self._event(resource, "deleted", gone)

    def new_id(self) -> str:
        """An id behind all that there are, of this second."""
        self._made += 1
        return f"{int(time.time()):08x}{self._made:016x}"

    def forget_events(self) -> None:
        """As after 30 days."""
        self._events.clear()

    def _event(self, resource: str, action: str, record: Record) -> None:
        event = {
            "id": self.new_id(),
            "type": f"{resource}.{action}",
            "created": "2026-09-01T06:00:00.000Z",
            "data": {"object": copy.deepcopy(record)},
        }
        self._events.append(event)

    # what the server answers

    def records(self, resource: str, query: dict[str, str]) -> list[Record] | None:
        """All records of that resource, or None where there is no such thing or it is not shared."""
        if resource in self.unshared or (resource == "events" and not self.events_on):
            return None
        if resource == "districts":
            return [self.data.district]
        if resource == "events":
            return self._events
        if resource not in self.data.records:
            return None
        found = self.data.records[resource]
        if resource == "users" and "contact" in self.unshared:
            found = [user for user in found if "contact" not in user["roles"]]
        if resource == "users" and "role" in query:
            found = [user for user in found if query["role"] in user["roles"]]
        return found

    def over_limit(self) -> int | None:
        """Counts a request; where it is one too many, the Unix time at which the window ends."""
        with self._lock:
            window = int(time.time() // self.window)
            self._windows[window] = self._windows.get(window, 0) + 1
            return int((window + 1) * self.window) + 1 if self._windows[window] > self.limit else None

    def fault(self, resource: str) -> Fault | None:
        with self._lock:
            return next((f for f in self.faults if f.resource == resource and f.happens()), None)


class _Handler(BaseHTTPRequestHandler):
    clever: FakeClever
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        self.clever.requests.append(self.path)
        if parts == ["oauth", "tokens"]:
            self._tokens(query)
        elif self.headers.get("Authorization") != f"Bearer {self.clever.token}":
            self._send(401, {"message": "unauthorized"})
        elif reset := self.clever.over_limit():
            self._send(429, {"message": "Rate limit exceeded"}, {"X-RateLimit-Reset": str(reset)})
        elif len(parts) == 3 and parts[0] in ("v3.0", "v3.1"):
            self._one(parts[1], parts[2], query)
        elif len(parts) == 2 and parts[0] in ("v3.0", "v3.1"):
            self._list(parts[0], parts[1], query)
        else:
            self._send(404, {"message": "not found"})

    def _tokens(self, query: dict[str, str]) -> None:
        wanted = base64.b64encode(":".join(self.clever.client).encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self._send(401, {"message": "unauthorized"})
            return
        districts = {self.clever.data.district["id"]: self.clever.token} | dict.fromkeys(
            self.clever.other_districts, "b" * 40
        )
        shown = {d: t for d, t in districts.items() if query.get("district", d) == d}
        entries = [
            {
                "id": d,
                "created": "2026-08-03T15:20:00.000Z",
                "owner": {"type": "district", "id": d},
                "access_token": t,
                "scopes": ["read:sis"],
            }
            for d, t in shown.items()
        ]
        self._send(200, {"data": entries, "links": [{"rel": "self", "uri": self.path}]})

    def _one(self, resource: str, key: str, query: dict[str, str]) -> None:
        for record in self.clever.records(resource, query) or []:
            if record.get("id") == key:
                self._send(200, {"data": record, "links": []})
                return
        self._send(404, {"message": "Resource not found"})

    def _list(self, version: str, resource: str, query: dict[str, str]) -> None:
        records = self.clever.records(resource, query)
        limit = int(query.get("limit", "100"))
        fault = self.clever.fault(resource)
        if fault is not None and self._failed(fault):
            return
        if records is None:
            self._send(404, {"message": "Resource not found"})
            return
        if limit > _MAX_LIMIT:
            self._send(413, {"message": "limit is too large"})
            return
        ids = [str(record.get("id", "")) for record in records]
        start = bisect_right(ids, query.get("starting_after", "")) if "starting_after" in query else 0
        if query.get("ending_before") == "last":
            start = max(0, len(ids) - limit)
        if resource == "districts" or (fault is not None and fault.kind == "repeat"):
            start = 0
        page = [] if fault is not None and fault.kind == "last" else records[start : start + limit]
        body: Record = {"data": [{"data": r, "uri": f"/{version}/{resource}/{r.get('id')}"} for r in page]}
        body["links"] = [{"rel": "self", "uri": self.path}]
        if page and start + limit < len(records):
            following = urlencode({**query, "starting_after": page[-1].get("id", "")})
            body["links"].append({"rel": "next", "uri": f"/{version}/{resource}?{following}"})
        if fault is not None and fault.kind == "unlisted":
            body = {"message": "try again"}
        self._send(200, body, fault=fault)

    def _failed(self, fault: Fault) -> bool:
        """Whether the fault is the whole answer."""
        if fault.kind == "status":
            page = b"<html><body>Something went wrong</body></html>"
            self._bytes(fault.value, page, {"Content-Type": "text/html"})
        elif fault.kind == "html":
            self._bytes(200, b"<!DOCTYPE html><p>Down for maintenance</p>", {"Content-Type": "text/html"})
        else:
            return False
        return True

    def _send(
        self, status: int, body: Record, headers: dict[str, str] | None = None, *, fault: Fault | None = None
    ) -> None:
        content = json.dumps(body).encode()
        if fault is not None and fault.kind == "truncate":
            content = content[: fault.value]
        cut = fault.value if fault is not None and fault.kind == "drop" else None
        self._bytes(status, content, {"Content-Type": "application/json", **(headers or {})}, cut=cut)

    def _bytes(self, status: int, content: bytes, headers: dict[str, str], *, cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if cut is None else content[:cut])
        if cut is not None:
            self.close_connection = True
