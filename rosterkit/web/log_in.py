"""Logging in and out: by password, or by the district's provider (OpenID Connect)."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from rosterkit.errors import Refused
from rosterkit.store import access
from rosterkit.web import accounts, oidc, visitor
from rosterkit.web.guard import Visit, local

_BY_PROVIDER = "provider"  # kept with the session of who logged in there


def log_in_page(visit: Visit) -> Response:
    """The form. Its token belongs to a session that nobody is logged in to."""
    back = local(visit.asked("back", "/"))
    if visit.visitor.account:
        return RedirectResponse(back, 303)
    return _form(visit, back)


def _form(visit: Visit, back: str, refused: str = "", status: int = 200) -> Response:
    place, settings = visit.place, visit.workspace.config.web.oidc
    token = visit.visitor.csrf
    shown = {"back": back, "oidc": settings.label if settings.issuer else "", "refused": refused}
    shown["still_there"] = settings.issuer if visit.asked("out") == _BY_PROVIDER else ""
    if token:
        return visit.show("log_in.html.j2", title="Log in", code=status, token=token, **shown)
    scratch = Response()
    token = visitor.begin(scratch, place.folder, visit.visitor, "", secure=place.secure)
    response = visit.show("log_in.html.j2", title="Log in", code=status, token=token, **shown)
    response.raw_headers += [(name, value) for name, value in scratch.raw_headers if name == b"set-cookie"]
    return response


def log_in(visit: Visit) -> Response:
    """Logs in by name and password, in a new session."""
    back = local(visit.given("back", "/"))
    try:
        found = accounts.log_in(visit.place.folder, visit.given("name").strip(), visit.given("password"), visit.address)
    except Refused as problem:
        return _form(visit, back, str(problem), 429 if problem.why == "too-many" else 403)
    return _logged_in(visit, found.name, back, {})


def _logged_in(visit: Visit, name: str, back: str, data: dict[str, str]) -> Response:
    response = RedirectResponse(back, 303)
    visitor.begin(response, visit.place.folder, visit.visitor, name, secure=visit.place.secure, data=data)
    return response


def log_out(visit: Visit) -> Response:
    """Ends the session. Who logged in by the provider may still be logged in there, which the next page says."""
    if visit.visitor.account:
        visit.log("log-in", "log out")
    there = _BY_PROVIDER in visit.visitor.data
    response = RedirectResponse(f"/log-in?out={_BY_PROVIDER}" if there else "/log-in", 303)
    visitor.end(response, visit.place.folder, visit.visitor, secure=visit.place.secure)
    return response


def log_out_at_provider(visit: Visit) -> Response:
    """Sends the browser there. It is a link, because the answer to a form may lead to no other site."""
    return RedirectResponse(oidc.log_out_address(visit.workspace.config), 303)


def begin_oidc(visit: Visit) -> Response:
    """Sends the browser to the provider; what must come back is kept with a session that nobody is logged in to."""
    if visit.visitor.account:
        return RedirectResponse("/", 303)
    asked = oidc.begin(visit.workspace.config)
    response = RedirectResponse(asked.address, 303)
    data = {**asked.kept, "back": local(visit.asked("back", "/"))}
    visitor.begin(response, visit.place.folder, visit.visitor, "", secure=visit.place.secure, data=data)
    return response


def end_oidc(visit: Visit) -> Response:
    """Takes what the provider says, and logs in the account of that name."""
    kept = visit.visitor.data
    name = oidc.end(visit.workspace.config, visit.place.folder, kept, dict(visit.request.query_params))
    with access.opened(visit.place.folder) as connection:
        found = access.account(connection, name)
        access.record(
            connection, name if found else "", "log-in", "provider" if found else "refused", address=visit.address
        )
    if found is None:
        raise Refused(
            "You are known to the provider, and have no account here. Ask whoever manages them.", why="log-in"
        )
    return _logged_in(visit, found.name, local(kept.get("back", "/")), {_BY_PROVIDER: "1"})
