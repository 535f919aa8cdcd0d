"""What API sources share: one client for a vendor's HTTPS API with time limits, retries, checks and clear errors.

Paging is the source's own. A failed request raises ``ApiError``, which is a ``SourceUnreadable`` with the code of a
rule (``HTTP_RULES``) and the HTTP status. No message holds a token, a header or a value of the query that may be
personal.
"""

from __future__ import annotations

import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from rosterkit.errors import UsageError
from rosterkit.sources.http_address import checked_address, shown_address
from rosterkit.sources.http_answers import (
    AgainError,
    ApiError,
    decompressed,
    failed_connection,
    parsed,
    status_meaning,
)
from rosterkit.sources.http_rules import HTTP_RULES
from rosterkit.transport.patience import Patience

__all__ = ["HTTP_RULES", "Answer", "Api", "ApiError", "HttpLimits", "Walked", "checked_address", "shown_address"]

T = TypeVar("T")

_ERROR_BYTES = 64 * 1024

for _name in ("httpx", "httpcore"):  # they log whole addresses, with queries, and headers
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class HttpLimits:
    """How long to wait, how often to ask again, how much to accept. Times are in seconds."""

    connect: float = 15
    read: float = 60  # between two pieces of an answer
    whole: float = 300  # from the request to the end of its answer
    attempts: int = 6
    wait_initial: float = 0.5  # before the second attempt; doubled each time, with jitter
    wait_max: float = 30
    wait_asked: float = 180  # the longest wait that a server may ask for (Retry-After, a reset header)
    answer_bytes: int = 512 * 1024 * 1024  # of one answer, decompressed
    list_bytes: int = 8 * 1024**3  # of all answers that one list has
    list_pages: int = 100_000
    workers: int = 4  # requests at the same time


@dataclass(frozen=True)
class Answer:
    """A successful answer: its JSON value and its headers."""

    body: Any
    headers: httpx.Headers
    address: str  # as messages may show it
    size: int = 0  # bytes, decompressed


class Walked:
    """How much of one list was read. A list without an end is given up: its server makes new records for ever."""

    def __init__(self, limits: HttpLimits) -> None:
        self._limits = limits
        self._pages = self._bytes = 0

    def add(self, answer: Answer) -> None:
        """Counts a page. Raises ApiError where no list of a district is as long."""
        self._pages += 1
        self._bytes += answer.size
        if self._pages > self._limits.list_pages or self._bytes > self._limits.list_bytes:
            raise ApiError(
                f"The list at {answer.address} does not end after {self._pages:,} pages of {self._bytes:,} bytes.",
                rule="http.endless",
                address=answer.address,
            )


class Api:
    """One API of a vendor. Use it as a context manager; several threads may share it.

    ``auth`` signs each request (``httpx.Auth``); ``headers`` go with each. ``reset_header`` names the header of a 429
    that says when the limit ends, as a Unix time or in seconds. ``ca_file`` is a file of certificates to trust instead
    of the usual ones; TLS is always verified.
    """

    def __init__(
        self,
        base: httpx.URL,
        *,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        limits: HttpLimits | None = None,
        reset_header: str = "",
        ca_file: Path | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self.base = base
        self.limits = limits or HttpLimits()
        self._reset_header = reset_header
        self._progress = progress
        self._lock = threading.Lock()
        self._patience = Patience()
        self._client = httpx.Client(
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept: an API asks for none
            auth=auth,
            headers=_sendable({"Accept": "application/json", "Accept-Encoding": "gzip", **(headers or {})}),
            timeout=httpx.Timeout(self.limits.read, connect=self.limits.connect),
            follow_redirects=False,  # a redirect would carry the credentials to an address that nobody configured
            verify=_trusted(base, ca_file),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def progress(self, what: str, done: int, total: int = 0) -> None:
        """Tells the watcher how far it is, from any thread."""
        if self._progress:
            with self._lock:
                self._progress(what, done, total)

    def together(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """The results of the calls, in their order, made by ``limits.workers`` threads; the first error is raised."""
        with ThreadPoolExecutor(self.limits.workers) as pool:
            futures = [pool.submit(call) for call in calls]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def url(self, address: str) -> httpx.URL:
        """The address, which may be relative to the base, or ApiError where it is on another host."""
        try:
            url = self.base.join(address)
        except (httpx.InvalidURL, ValueError) as error:
            raise ApiError(
                "The server gave a link that is not an address.", rule="http.rejected", address=shown_address(self.base)
            ) from error
        if (url.scheme, url.host, url.port) != (self.base.scheme, self.base.host, self.base.port):
            raise ApiError(
                f"The server gave a link to {url.host}, and credentials are sent to {self.base.host} only.",
                rule="http.rejected",
                address=shown_address(self.base),
            )
        return url

    def read(
        self,
        address: str,
        *,
        params: Mapping[str, str | int] | None = None,
        method: str = "GET",
        form: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        types: tuple[type, ...] = (dict,),
        final: Container[int] = frozenset(),
    ) -> Answer:
        """The JSON answer of that address (relative to the base, or absolute on its host), asked for until it comes.

        ``auth`` is used in place of the client's own; ``types`` are those that the JSON value may have. A status in
        ``final`` is not asked again. Raises ApiError where it fails for good, UsageError where the credentials hold a
        character that cannot be sent.
        """
        from rosterkit.transport.retries import retries  # noqa: PLC0415 - as in Place

        url = self.url(address)
        url = url.copy_merge_params(dict(params)) if params else url
        request = self._client.build_request(method, url, data=form)
        options = {} if auth is None else {"auth": auth}
        number = 0

        def helps(error: Exception) -> bool | float:
            return False if self._patience.ends(number) else _backoff(error)

        try:
            for attempt in retries(
                on=helps,
                attempts=self.limits.attempts,
                timeout=None,
                wait_initial=self.limits.wait_initial,
                wait_max=self.limits.wait_max,
                wait_jitter=self.limits.wait_initial,
            ):
                with attempt:
                    number = attempt.num
                    return self._once(request, types, final, options)
        except AgainError as error:
            raise error.error from error.__cause__
        raise AssertionError("stamina ends with a result or an error")

    def _once(
        self, request: httpx.Request, types: tuple[type, ...], final: Container[int], options: Mapping[str, Any]
    ) -> Answer:
        address = shown_address(request.url)
        started = time.monotonic()
        try:
            answer = self._client.send(request, stream=True, **options)
            self._patience.answered = True
            try:
                self._check_status(answer, address, final)
                content = self._content(answer, address, started)
            finally:
                answer.close()
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            raise UsageError(
                f"The credentials for {self.base.host} hold a character that cannot be sent, such as a line break."
            ) from None  # the cause shows the credentials
        except httpx.HTTPError as error:
            raise failed_connection(error, address) from error
        return Answer(parsed(content, answer, address, types), answer.headers, address, len(content))

    def _content(self, answer: httpx.Response, address: str, started: float) -> bytes:
        content = bytearray()
        for piece in decompressed(answer):
            content += piece
            if len(content) > self.limits.answer_bytes:
                raise ApiError(
                    f"The answer of {address} is larger than {self.limits.answer_bytes:,} bytes.",
                    rule="http.too-large",
                    address=address,
                )
            if time.monotonic() - started > self.limits.whole:
                raise httpx.ReadTimeout("the whole answer")
        return bytes(content)

    def _check_status(self, answer: httpx.Response, address: str, final: Container[int]) -> None:
        status = answer.status_code
        if status == 200:
            return
        rule, what = status_meaning(status)
        error = ApiError(f"{address} answers {status}: {what}", rule=rule, address=address, status=status)
        error.body = _error_body(answer)
        if status in final or rule not in ("http.rate-limited", "http.server-error"):
            raise error
        wait = self._asked_wait(answer)
        if wait is not None and wait > self.limits.wait_asked:
            raise ApiError(
                f"{address} answers {status} and asks to wait {wait:,.0f} seconds. Run again after that.",
                rule=rule,
                address=address,
                status=status,
            )
        raise AgainError(error, wait)

    def _asked_wait(self, answer: httpx.Response) -> float | None:
        """Seconds that the server asks us to wait, by its own clock where it shows it; None where it does not say."""
        now = _http_date(answer.headers.get("date", "")) or time.time()
        after = answer.headers.get("retry-after", "")
        when = _number(after)
        if when is None and (date := _http_date(after)) is not None:
            when = date - now
        if when is None and answer.status_code == 429 and self._reset_header:
            when = _number(answer.headers.get(self._reset_header, ""))
            if when is not None and when > 1_000_000_000:  # a Unix time: anything smaller counts seconds
                when -= now
        return when if when is not None and when > 0 else None


def _trusted(base: httpx.URL, ca_file: Path | None) -> ssl.SSLContext:
    """The certificates to trust. Plain http (on this machine) needs none, and reading them takes a while."""
    if base.scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        raise UsageError(f"The file of certificates {ca_file} cannot be read: {error.strerror}.") from error


def _error_body(answer: httpx.Response) -> Any:
    """The JSON value of an error's body, None where it has none or it is longer than an error may be."""
    content = bytearray()
    try:
        for piece in decompressed(answer):
            content += piece
            if len(content) > _ERROR_BYTES:
                return None
        return json.loads(content)
    except (httpx.HTTPError, ValueError, RecursionError):
        return None


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    if all(value.isascii() and value.isprintable() for value in headers.values()):
        return dict(headers)
    raise UsageError("A token holds a character that cannot be sent, such as a line break. Check the secret.")


def _backoff(error: Exception) -> bool | float:
    if not isinstance(error, AgainError):
        return False
    return True if error.wait is None else error.wait


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdecimal() else None


def _http_date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):  # no date, or one after the year 9999
        return None
