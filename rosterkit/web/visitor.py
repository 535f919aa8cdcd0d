"""Who is there: the session of a browser, and the account behind it.

The cookie holds 256 random bits; the database holds their SHA-256. A log-in begins a new session, so that an id that
somebody else placed in the browser is worth nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from rosterkit.config import Config
from rosterkit.plan.policy import may
from rosterkit.store import access


@dataclass(frozen=True)
class Visitor:
    """``account`` is "" for who has not logged in. ``schools``: sourced ids of the only schools to see; None: all."""

    account: str = ""
    role: str = "viewer"
    schools: tuple[str, ...] | None = None
    csrf: str = ""
    data: dict[str, str] = field(default_factory=dict)
    key: str = ""  # of the session in the database

    @property
    def actor(self) -> str:
        """As the verbs of the workspace take it."""
        return f"{self.account}:{self.role}"

    def may(self, verb: str) -> bool:
        """Whether the role may use a verb of the policy's table."""
        return bool(self.account) and may(self.role, verb)


def name_of_cookie(*, secure: bool) -> str:
    """Over TLS a browser takes the name with the prefix only from this host, and only by TLS."""
    return "__Host-rosterkit" if secure else "rosterkit"


def _key(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def visitor_of(request: Request, folder: Path, config: Config, *, secure: bool) -> Visitor:
    """The visitor of this request; nobody where there is no session, its time is over, or the account is gone."""
    session = request.cookies.get(name_of_cookie(secure=secure), "")
    if not session:
        return Visitor()
    idle, longest = timedelta(minutes=config.web.idle_minutes), timedelta(hours=config.web.longest_hours)
    with access.opened(folder) as connection:
        found = access.session(connection, _key(session), idle=idle, longest=longest)
        if found is None:
            return Visitor()
        nobody = Visitor(csrf=found.csrf, data=found.data, key=_key(session))
        account = access.account(connection, found.account) if found.account else None
    if account is None:
        return nobody
    # The settings give the role where they name the actor: the command line goes by the same.
    role = config.policy.actors.get(account.name, account.role)
    return replace(nobody, account=account.name, role=role, schools=account.schools or None)


def begin(
    response: Response, folder: Path, before: Visitor, account: str, *, secure: bool, data: dict[str, str] | None = None
) -> str:
    """Begins a new session, ends the one before, and sets the cookie; returns the token that forms must carry."""
    session, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with access.opened(folder) as connection:
        if before.key:
            access.end_session(connection, before.key)
        access.begin_session(connection, _key(session), account, csrf, data or {})
    response.set_cookie(name_of_cookie(secure=secure), session, path="/", secure=secure, httponly=True, samesite="lax")
    return csrf


def end(response: Response, folder: Path, visitor: Visitor, *, secure: bool) -> None:
    """Ends the session, here and in the browser."""
    if visitor.key:
        with access.opened(folder) as connection:
            access.end_session(connection, visitor.key)
    response.delete_cookie(name_of_cookie(secure=secure), path="/", secure=secure, httponly=True, samesite="lax")
