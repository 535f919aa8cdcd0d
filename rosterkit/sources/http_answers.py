"""What an API's answer means: which error a status, a broken connection or an unexpected body is."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx

from rosterkit.errors import SourceUnreadable


class ApiError(SourceUnreadable):
    """A request failed for good. ``status`` is the HTTP status, or None where no answer came.

    ``body`` is the JSON value of an error's answer, if it has one. It may hold personal data: show no text of it.
    """

    body: Any = None

    def __init__(self, message: str, *, rule: str, address: str, status: int | None = None) -> None:
        super().__init__(message, rule=rule, file=address)
        self.status = status


class AgainError(Exception):
    """An attempt failed in a way that may pass; ``wait`` is the time the server asked for, in seconds."""

    def __init__(self, error: ApiError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def status_meaning(status: int) -> tuple[str, str]:
    """The rule that a status breaks, and what it means."""
    if status in (401, 403):
        return "http.unauthorised", "the credentials are not accepted."
    if status in (404, 410):
        return "http.missing", "there is no such address, or it is not shared."
    if status == 429:
        return "http.rate-limited", "too many requests."
    if status >= 500 and status != 501:
        return "http.server-error", "the server failed."
    return "http.rejected", "the request is rejected."


def failed_connection(error: httpx.HTTPError, address: str) -> Exception:
    """The attempt's error; a certificate that cannot be verified is not tried again."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ApiError(
                f"The certificate of {address} cannot be verified: {cause.verify_message}.",
                rule="http.unreachable",
                address=address,
            )
        cause = cause.__cause__ or cause.__context__
    names: dict[type[httpx.HTTPError], str] = {
        httpx.ConnectTimeout: "no connection in time",
        httpx.ReadTimeout: "no complete answer in time",
        httpx.ConnectError: "no connection",
        httpx.RemoteProtocolError: "the connection was broken off",
        httpx.ReadError: "the connection was broken off",
        httpx.DecodingError: "the answer cannot be decompressed",
    }
    what = names.get(type(error), type(error).__name__)
    return AgainError(ApiError(f"{address}: {what}.", rule="http.unreachable", address=address))


def decompressed(answer: httpx.Response) -> Iterator[bytes]:
    """The pieces of the answer's body. Raises httpx.DecodingError where it is packed in another way than gzip, once.

    A piece of 64 KiB then has at most some 66 MiB; packed twice it could have a thousand times as much.
    """
    packed = answer.headers.get_list("content-encoding", split_commas=True)
    if packed and [name.strip().lower() for name in packed] not in (["gzip"], ["identity"]):
        raise httpx.DecodingError("only gzip was asked for")
    yield from answer.iter_bytes()


def parsed(content: bytes, answer: httpx.Response, address: str, types: tuple[type, ...]) -> Any:
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_not_json)
    except (ValueError, RecursionError):
        html = "html" in answer.headers.get("content-type", "") or content.lstrip()[:1] == b"<"
        what = "an HTML page" if html else "not JSON, or truncated"
    else:
        if isinstance(value, types):
            return value
        what = f"a JSON {type(value).__name__}"
    message = f"{address} answers 200 with {what} of {len(content):,} bytes."
    raise AgainError(ApiError(message, rule="http.not-json", address=address, status=200))


def _not_json(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
