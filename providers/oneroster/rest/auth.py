"""How requests prove who asks: OAuth 2 client credentials and OAuth 1.0a, each as ``httpx.Auth``.

OAuth 2: RFC 6749 §4.4. OAuth 1.0a: RFC 5849 with two legs, no token, and the query in the signature; 1EdTech 1.1 asks
for HMAC-SHA256, and some servers accept HMAC-SHA1 only.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import quote

import httpx
from oauthlib.oauth1 import Client

from rosterkit.sources.http import ApiError


class OAuth1(httpx.Auth):
    """Signs each request, each attempt anew: a nonce is used once.

    ``fixed`` gives ``nonce`` and ``timestamp`` for tests against published signatures.
    """

    def __init__(self, key: str, secret: str, *, method: str = "HMAC-SHA256", **fixed: str) -> None:
        self._client = Client(key, client_secret=secret, signature_method=method, **fixed)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the Authorization header for the exact address that is sent; OneRoster is only read, by GET."""
        request.url = _signable(request.url)
        _, headers, _ = self._client.sign(str(request.url), http_method="GET")
        request.headers["Authorization"] = headers["Authorization"]
        yield request


def _signable(url: httpx.URL) -> httpx.URL:
    """The address with its query encoded as the signature needs it: a link may hold characters such as { and |."""
    query = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", url.query.decode("ascii"))
    return url.copy_with(query=quote(query, safe="-._~=&;:%+,*@!()/?'$").encode())


class ClientCredentials(httpx.Auth):
    """Sends a bearer token, gets one first where there is none, a new one shortly before it expires, and on a 401.

    ``fetch`` asks the token endpoint and returns its JSON object. A 401 with a fresh token is final. Threads may share
    it.
    """

    def __init__(self, fetch: Callable[[], Any], address: str) -> None:
        self._fetch = fetch
        self._address = address
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sends the request with a token, and once more with a new one where the server does not accept it."""
        token = self._current("")
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {self._current(token)}"
            yield request

    def _current(self, refused: str) -> str:
        """A token that has not expired and is not the refused one."""
        with self._lock:
            if not self._token or self._token == refused or time.monotonic() >= self._until:
                self._renew()
            return self._token

    def _renew(self) -> None:
        answer = self._fetch()
        token = answer.get("access_token")
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            raise ApiError(
                f"{self._address} answers 200 without an access token that can be used.",
                rule="http.unauthorised",
                address=self._address,
                status=200,
            )
        self._token = token
        seconds = _seconds(answer.get("expires_in"))
        self._until = time.monotonic() + max(seconds - 30, seconds / 2)


def _seconds(expires_in: Any) -> float:
    """How long the token lasts; servers also send a text, or nothing (an hour then, since a 401 renews it anyway)."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return 3600.0
    return seconds if seconds > 0 else 3600.0
