"""A small OpenID Connect provider on loopback: discovery, keys, authorization, tokens."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "rosterkit-of-the-district", "a secret of the provider"


@cache
def key_of(name: str) -> RSAKey:
    """A key by its id, made once: that takes long."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


@dataclass
class Provider:
    """What it says, and what a test lets it say wrong. ``claims`` go over those that are right."""

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: key_of("one"))
    signing: RSAKey | None = None
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    parameters: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    ended: list[dict[str, str]] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)  # of the discovery document

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/end", self._end),
            ]
        )

    def _discovery(self, _request: Request) -> Response:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        addresses = {name: f"{self.address}/{path}" for name, path in names.items()}
        return JSONResponse({"issuer": self.address, **addresses, **self.more})

    def _end(self, request: Request) -> Response:
        self.ended.append(dict(request.query_params))
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 303)

    def _keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    def _authorize(self, request: Request) -> Response:
        self.parameters = dict(request.query_params)
        code = f"code-{len(self.codes)}"
        self.codes[code] = self.parameters
        query = urlencode({"code": code, "state": self.parameters["state"]})
        return RedirectResponse(f"{self.parameters['redirect_uri']}?{query}", 303)

    async def _token(self, request: Request) -> Response:
        form = dict((await request.form()).items())
        parameters = self.codes.pop(str(form.get("code")), None)
        right = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if parameters is None or request.headers.get("authorization") != f"Basic {right}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        if base64.urlsafe_b64encode(challenge).decode().rstrip("=") != parameters["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": "77",
            "iat": now,
            "exp": now + 300,
            "nonce": parameters["nonce"],
        }
        claims |= {"email": "approver", "email_verified": True, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(self.header, claims, self.signing or self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": token})


@contextmanager
def provided() -> Iterator[Provider]:
    provider = Provider()
    with serving(provider.app()) as provider.address:
        yield provider
