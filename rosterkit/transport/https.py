"""HTTPS: GET to read, PUT to an address that was handed out for it (a presigned one).

Such an address is a secret as a whole: it is given by reference, and only its host appears in messages and logs.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import ssl
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import httpx

from rosterkit.errors import UsageError
from rosterkit.transport.base import CHUNK, Fault, Found, Pace, RemoteFile, Report, Staged, Verified, Why, is_same
from rosterkit.transport.secrets import resolve
from rosterkit.transport.settings import HttpsSettings

_MOST_REDIRECTS = 5
_SENDING_ONLY = "the address permits sending only"
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):", re.IGNORECASE)  # RFC 9530


class _OnlyHost(logging.Filter):
    """Cuts addresses in httpx's log to their host: the rest may be a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_host(arg) if isinstance(arg, httpx.URL) else arg for arg in record.args)
        return True


logging.getLogger("httpx").addFilter(_OnlyHost())


class HttpsWire:
    """The transport ``https``."""

    def __init__(self, settings: HttpsSettings, folder: Path) -> None:
        self._settings = settings
        self._url = _address(settings, folder)
        headers = {"Accept-Encoding": "identity"} | settings.headers
        if settings.authorization:
            headers["Authorization"] = resolve(settings.authorization, folder).get_secret_value()
        self._client = httpx.Client(
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept: no place asks for one
            headers=headers,
            verify=_trusted(settings, folder),
            timeout=httpx.Timeout(settings.idle_seconds, connect=settings.connect_seconds),
            max_redirects=_MOST_REDIRECTS,
            event_hooks={"request": [_only_https, self._own_headers_only]},
        )
        self._digest = ("", "")
        self._answers: dict[str, tuple[Verified, str]] = {}
        self.name = _host(self._url)
        self.visible: set[str] = set()

    def _own_headers_only(self, request: httpx.Request) -> None:
        """Takes the district's headers off a request that the server led to another address; httpx does its own."""
        if (request.url.host, request.url.port) != (self._url.host, self._url.port):
            for name in self._settings.headers:
                request.headers.pop(name, None)

    def files(self) -> Sequence[RemoteFile]:
        """The one file at the address. Asks by GET, since presigned addresses permit no other method."""
        with self._plainly(), self._client.stream("GET", self._url, follow_redirects=True) as answer:
            _accepted(answer)
            return [self._remote(answer)]

    def _remote(self, answer: httpx.Response) -> RemoteFile:
        name = self._settings.name or PurePosixPath(unquote(self._url.path)).name or "download"
        headers = answer.headers
        size = int(headers["content-length"]) if headers.get("content-length", "").isdecimal() else None
        return RemoteFile(name, size, _date(headers.get("last-modified", "")), headers.get("etag", ""))

    def read(self, file: RemoteFile, start: int) -> tuple[int, Generator[bytes]]:
        """The file from byte ``start`` on, or from the first where the server does not give parts of it."""
        if not start or not file.version or file.version.startswith("W/"):
            return 0, self._chunks(file, {}, start=0)
        return start, self._chunks(file, {"Range": f"bytes={start}-", "If-Range": file.version}, start=start)

    def _chunks(self, file: RemoteFile, asked: dict[str, str], *, start: int) -> Generator[bytes]:
        with self._plainly(), self._client.stream("GET", self._url, headers=asked, follow_redirects=True) as answer:
            _accepted(answer)
            if file.version and answer.headers.get("etag", file.version) != file.version:
                raise Fault(f"{file.name} changed while it was read.", Why.CHANGED)
            if start and not answer.headers.get("content-range", "").startswith(f"bytes {start}-"):
                raise Fault("The server does not go on where it stopped.", Why.INCOMPLETE, again=True)
            if not start:
                self._digest = _stated(answer.headers)
            yield from answer.iter_raw(CHUNK)

    def digest(self, _file: RemoteFile) -> tuple[str, str]:
        """The checksum that came along with the first byte."""
        return self._digest

    def upload(self, file: Staged, report: Report) -> None:
        """Puts the file. A server takes it whole or not at all, so a new attempt begins anew."""
        report(0)
        headers = {"Content-Length": str(file.size)}
        with self._plainly():
            body = _body(file, report, self._settings.bytes_per_second)
            # What the server writes about it is not read: it may be without end.
            with self._client.stream("PUT", self._url, content=body, headers=headers) as answer:
                _accepted(answer)
        self._answers[file.name] = _verified(answer.headers.get("etag", "").strip('"').lower(), file)
        self.visible.add(file.name)

    def publish(self, files: Sequence[Staged]) -> Sequence[tuple[str, Verified, str]]:
        """What the server answered to the files."""
        return [(self.name, *self._answers[file.name]) for file in files]

    def look_up(self, file: Staged, others: Collection[int]) -> Found:
        """By GET, where the address permits it; presigned ones permit sending only."""
        del others
        unknown = Found(there=None, why=_SENDING_ONLY)
        with self._plainly(), self._client.stream("GET", self._url) as answer:
            if answer.status_code in (404, 410):
                return Found(there=False)
            if not answer.is_success and answer.status_code not in _PASSING:
                return unknown
            _accepted(answer)
            return Found(is_same(answer.iter_raw(CHUNK), file), self.name, Verified.READ_BACK)

    def remove(self, name: str) -> None:
        """Not possible: the address is for reading or sending one file."""
        raise Fault(f"{name} cannot be removed over this address.", Why.REFUSED)

    def discard(self, files: Sequence[Staged]) -> None:
        """Nothing is left behind."""

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turns what goes wrong into a Fault; the causes are left out, since they name the address."""
        try:
            yield
        except httpx.ConnectError as error:
            if "CERTIFICATE" in str(error).upper():
                text = "The certificate of the server is not trusted. Look at the address, and at ca."
                raise Fault(text, Why.SETTINGS) from None
            raise Fault("The server does not answer.", Why.UNREACHABLE, again=True) from None
        except (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise Fault(
                "The server leads on to an address that is not usable. Ask for another.", Why.SETTINGS
            ) from None
        except httpx.HTTPError as error:
            text = f"The connection was lost ({type(error).__name__})."
            raise Fault(text, Why.UNREACHABLE, again=True) from None


def _body(file: Staged, report: Report, limit: int) -> Iterator[bytes]:
    pace = Pace(limit)
    with file.path.open("rb") as source:
        while chunk := source.read(min(CHUNK, limit) if limit else CHUNK):
            yield chunk
            report(source.tell())
            pace.after(source.tell())


def _verified(etag: str, file: Staged) -> tuple[Verified, str]:
    if etag == file.md5:
        return Verified.CHECKSUM, _SENDING_ONLY
    return Verified.NONE, "the server accepted the file, and stated no checksum of it"


def _accepted(answer: httpx.Response) -> None:
    """Raises Fault unless the server did what was asked."""
    status = answer.status_code
    if answer.is_success:
        return
    if status in _PASSING:
        text = f"The server is busy or failed (status {status})."
        raise Fault(text, Why.UNREACHABLE, busy=True, after=_wait(answer.headers.get("retry-after", "")))
    if status in (401, 403):
        text = f"The server refuses it (status {status}). The address or log-in may have expired: ask for a new one."
        raise Fault(text, Why.SETTINGS)
    if status in (404, 410):
        raise Fault(f"There is nothing at the address (status {status}). Ask for a new one.", Why.MISSING)
    if status == 413:
        raise Fault("The server finds the file too large. Ask the vendor for its limit.", Why.TOO_LARGE)
    if status == 507:
        raise Fault("The server has no room. Ask the vendor to make room.", Why.NO_ROOM)
    if status == 416:  # what came so far is as long as the file, or longer
        raise Fault("The server does not go on where it stopped.", Why.INCOMPLETE, again=True)
    if answer.is_redirect:
        raise Fault(f"The server leads on to another address (status {status}). Ask for that one.", Why.SETTINGS)
    raise Fault(f"The server refuses it (status {status}). Ask the vendor why.", Why.REFUSED)


def _wait(retry_after: str) -> float | None:
    """Seconds to wait: the header has a number of them or a date."""
    if retry_after.isascii() and retry_after.strip().isdecimal():
        return float(retry_after)
    until = _date(retry_after)
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until else None


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except (ValueError, OverflowError):  # no date, or one after the year 9999
        return None


def _stated(headers: httpx.Headers) -> tuple[str, str]:
    """The checksum that the server states of the whole file (RFC 9530, or Content-MD5 as storage services do)."""
    found = _DIGEST.search(headers.get("repr-digest", ""))
    try:
        if found:
            return "sha-256", base64.b64decode(found[1], validate=True).hex()
        return ("md5", base64.b64decode(md5, validate=True).hex()) if (md5 := headers.get("content-md5")) else ("", "")
    except binascii.Error:
        return "", ""


def _address(settings: HttpsSettings, folder: Path) -> httpx.URL:
    text = settings.address
    if not text.startswith("https://"):
        text = resolve(text, folder).get_secret_value().strip()
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme != "https" or not url.host:
        raise UsageError(f"What {settings.address} refers to is no https address. Store the whole address there.")
    return url


def _host(url: Any) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii').rpartition('@')[2]}"


def _only_https(request: httpx.Request) -> None:
    if request.url.scheme != "https":
        raise httpx.UnsupportedProtocol("not https")


def _trusted(settings: HttpsSettings, folder: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(folder / settings.ca) if settings.ca else None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"{settings.ca} holds no certificates that can be read ({type(error).__name__}). Name a PEM file."
        ) from error
