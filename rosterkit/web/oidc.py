"""OpenID Connect: the authorization code flow with PKCE, state and nonce (OpenID Connect Core 1.0, RFC 7636).

Logging out at the provider too is RP-Initiated Logout 1.0.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from rosterkit.config import Config
from rosterkit.errors import Refused, UsageError
from rosterkit.transport.secrets import resolve

BACK = "/log-in/provider/back"
"""The path to which the provider sends the browser back."""

_SECONDS = 10
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # never "none", never a shared secret


@dataclass(frozen=True)
class Asked:
    """Where the browser goes, and what must be kept until it comes back."""

    address: str
    kept: dict[str, str]


def begin(config: Config) -> Asked:
    """The address at the provider. Raises UsageError where the settings name none, or it cannot be reached."""
    provider = _provider(config)
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    address = prepare_grant_uri(
        provider["authorization_endpoint"],
        config.web.oidc.client_id,
        "code",
        redirect_uri=f"{config.web.url}{BACK}",
        scope="openid email profile",
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return Asked(str(address), {"state": state, "nonce": nonce, "verifier": verifier})


def end(config: Config, folder: Path, kept: Mapping[str, str], given: Mapping[str, str]) -> str:
    """The name of the account: the claim that the settings name, of a token that is the provider's and ours.

    Raises Refused where anything does not fit: the state, the token's signature, issuer, audience, times or nonce.
    """
    if not kept.get("state") or not hmac.compare_digest(given.get("state", "").encode(), kept["state"].encode()):
        raise Refused("This log-in was not begun here, or it is too old. Log in again.", why="log-in")
    if "code" not in given:
        raise Refused("The provider did not log you in.", why="log-in")
    provider = _provider(config)
    try:
        token = _token(config, folder, provider["token_endpoint"], given["code"], kept["verifier"])
        keys = KeySet.import_key_set(cast("Any", _fetched(provider["jwks_uri"])))
        claims = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS).claims
        _checked(config, claims, kept["nonce"])
    except (JoseError, KeyError, ValueError, httpx.HTTPError) as problem:
        raise Refused(
            f"What the provider answered cannot be trusted ({type(problem).__name__}).", why="log-in"
        ) from None
    return _name(config, claims)


def log_out_address(config: Config) -> str:
    """Where the browser logs out at the provider, who then sends it back; UsageError where the provider offers none."""
    address = str(_provider(config).get("end_session_endpoint") or "")
    if not address:
        raise UsageError("The provider has no address to log out at. Log out on its own page, or close the browser.")
    asked = {"client_id": config.web.oidc.client_id, "post_logout_redirect_uri": f"{config.web.url}/log-in"}
    return str(add_params_to_uri(address, list(asked.items())))


def _checked(config: Config, claims: Mapping[str, Any], nonce: str) -> None:
    """Raises JoseError where the token is another's, for another, over, or of another log-in."""
    settings = config.web.oidc
    jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "value": settings.issuer.rstrip("/")},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate({**claims, "iss": str(claims.get("iss", "")).rstrip("/")})
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != settings.client_id:
        raise ValueError("the token is for another")


def _name(config: Config, claims: Mapping[str, Any]) -> str:
    claim = config.web.oidc.claim
    name = claims.get(claim)
    if not isinstance(name, str) or not name:
        raise Refused(
            f"The provider does not say {claim}. Ask it to, or name another claim: [web.oidc] claim.", why="log-in"
        )
    if claim == "email" and claims.get("email_verified") is not True:
        raise Refused("The provider has not verified your e-mail address.", why="log-in")
    return name


def _provider(config: Config) -> dict[str, Any]:
    settings = config.web.oidc
    if not (settings.issuer and settings.client_id and config.web.url):
        raise UsageError("Log-in by a provider needs [web] url, and issuer and client_id in [web.oidc].")
    found = _fetched(f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != settings.issuer.rstrip("/"):
        raise UsageError("The provider says that it is another issuer. Look at [web.oidc] issuer.")
    return found


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = httpx.get(address, timeout=_SECONDS, follow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as problem:
        raise UsageError(f"The provider cannot be reached ({type(problem).__name__}). Try again later.") from None
    if not isinstance(found, dict):
        raise UsageError("The provider's answer cannot be read.")
    return found


def _token(config: Config, folder: Path, address: str, code: str, verifier: str) -> dict[str, Any]:
    """What the provider gives for the code."""
    settings = config.web.oidc
    asked = {"code": code, "code_verifier": verifier, "client_id": settings.client_id}
    body = prepare_token_request("authorization_code", redirect_uri=f"{config.web.url}{BACK}", **asked)
    secret = resolve(settings.client_secret, folder).get_secret_value() if settings.client_secret else ""
    answer = httpx.post(
        address,
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        auth=(quote(settings.client_id, safe=""), quote(secret, safe="")) if secret else None,
        timeout=_SECONDS,
        follow_redirects=False,
    )
    answer.raise_for_status()
    return dict(answer.json())
