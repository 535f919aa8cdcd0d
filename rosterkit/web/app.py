"""The application: every route, with what it asks of the account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from rosterkit.web import decisions, feeds_page, findings_page, log_in, oidc, other_pages, overview, plan_page, records
from rosterkit.web.guard import Handler, Place, guarded
from rosterkit.web.headers import Headers

_GET, _POST = "GET", "POST"
Rule = tuple[str, str, Handler, dict[str, Any]]

ROUTES: tuple[Rule, ...] = (
    (_GET, "/log-in", log_in.log_in_page, {"open_to_all": True}),
    (_POST, "/log-in", log_in.log_in, {"open_to_all": True}),
    (_GET, "/log-in/provider", log_in.begin_oidc, {"open_to_all": True}),
    (_GET, oidc.BACK, log_in.end_oidc, {"open_to_all": True}),
    (_POST, "/log-out", log_in.log_out, {"open_to_all": True}),
    (_GET, "/log-out/provider", log_in.log_out_at_provider, {"open_to_all": True}),
    (_GET, "/", overview.overview, {}),
    (_GET, "/plans", plan_page.plan_list, {}),
    (_GET, "/plans/{plan}", plan_page.plan_page, {}),
    (_POST, "/plans/{plan}/approve", decisions.approve_plan, {"verb": "approve", "district": True}),
    (_POST, "/plans/{plan}/reject", decisions.reject_plan, {"verb": "reject", "district": True}),
    (_POST, "/plans/{plan}/decide", decisions.decide, {}),  # the verb is in the form, and is asked there
    (_GET, "/people", records.people, {}),
    (_GET, "/classes", records.class_list, {}),
    (_GET, "/record", records.record, {}),
    (_POST, "/record/hold", decisions.hold_record, {"verb": "hold"}),
    (_POST, "/record/release", decisions.release_record, {"verb": "release"}),
    (_GET, "/findings", findings_page.findings_page, {}),
    (_GET, "/findings.csv", findings_page.findings_csv, {}),
    (_GET, "/feeds", feeds_page.feeds, {"district": True}),
    (_GET, "/feeds/{feed}", feeds_page.feed, {"district": True}),
    (_POST, "/feeds/{feed}/approve", feeds_page.approve_feed, {"verb": "feed approve", "district": True}),
    (_POST, "/feeds/{feed}/reject", feeds_page.reject_feed, {"verb": "feed reject", "district": True}),
    (_GET, "/compare", other_pages.comparison, {"district": True}),
    (_POST, "/compare", other_pages.compare_now, {"verb": "source", "district": True}),
    (_GET, "/compare/page", other_pages.comparison_page, {"district": True}),
    (_GET, "/runs", overview.runs, {"district": True}),
    (_GET, "/settings", other_pages.settings, {"verb": "source", "district": True}),
    (_GET, "/audit-log", other_pages.audit_log, {"verb": "source", "district": True}),
)
"""Method, path, handler, and what ``guarded`` is told: without ``open_to_all``, somebody must be logged in."""


def create_app(folder: Path, *, secure: bool = False, hosts: tuple[str, ...] = ("127.0.0.1", "localhost")) -> Starlette:
    """The pages of the workspace in ``folder``. ``hosts``: the names by which people reach it; others are refused."""
    place = Place(folder, secure=secure)
    routes: list[Route | Mount] = [
        Route(path, guarded(handler, place, **needs), methods=[method]) for method, path, handler, needs in ROUTES
    ]
    routes.append(Mount("/static", StaticFiles(packages=[("rosterkit.web", "static")])))
    routes.append(Route("/{rest:path}", guarded(_nothing, place), methods=[_GET, _POST]))
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(Headers, secure=secure),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False),
        ],
        exception_handlers={Exception: _fault},
    )


def _nothing(_visit: object) -> Response:
    raise HTTPException(404)


def _fault(_request: Request, problem: Exception) -> Response:
    """Our own fault: it says the kind of error, and nothing of what was asked for or stored."""
    text = f"This is a fault of rosterkit's own ({type(problem).__name__}). Nothing was half-written. Please report it."
    style = '<link rel="stylesheet" href="/static/style.css">'
    head = f'<meta charset="utf-8"><title>Something went wrong · rosterkit</title>{style}'
    body = f'<main><section><h1>Something went wrong</h1><p>{text}</p><p><a href="/">To the overview</a></p></section>'
    return HTMLResponse(f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{body}</main></body></html>', 500)
