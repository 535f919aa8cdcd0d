"""What every request goes through: who asks, the token of the form, the role, the schools; and the audit log."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from rosterkit.errors import Busy, Refused, RosterkitError, UsageError
from rosterkit.store import access, browse
from rosterkit.store.access import Caller
from rosterkit.store.plans import now
from rosterkit.web.pages import Mask, rendered, seen_through
from rosterkit.web.visitor import Visitor, visitor_of
from rosterkit.workspace import Workspace

_STATUS: Mapping[type[RosterkitError], int] = {Refused: 409, UsageError: 400, Busy: 503}
_FIELDS = 2_000  # of a form: a page has at most 200 lines to choose from


@dataclass(frozen=True)
class Place:
    """The workspace that is served, and how. ``secure``: people come by TLS."""

    folder: Path
    secure: bool = False


@dataclass
class Visit:
    """One request of one visitor."""

    request: Request
    place: Place
    workspace: Workspace
    visitor: Visitor
    form: FormData = field(default_factory=FormData)

    def asked(self, name: str, default: str = "") -> str:
        """A value of the query."""
        return self.request.query_params.get(name, default)

    def given(self, name: str, default: str = "") -> str:
        """A value of the form."""
        value = self.form.get(name, default)
        return value if isinstance(value, str) else default

    @cached_property
    def address(self) -> str:
        """Of the browser."""
        return self.request.client.host if self.request.client else ""

    def show(self, template: str, *, code: int = 200, title: str, **values: object) -> HTMLResponse:
        """The page; htmx asks for a part of it by the header HX-Target, and takes it out of the whole."""
        page = rendered(
            template,
            self.workspace.config.zone,
            now(),
            title=title,
            visitor=self.visitor,
            path=self.request.url.path,
            told=self._told(),
            **values,
        )
        return HTMLResponse(page, code)

    def _told(self) -> str:
        """What was done by the form before, once."""
        told = self.visitor.data.get("told", "")
        if told:
            with access.opened(self.place.folder) as connection:
                access.keep(connection, self.visitor.key, {**self.visitor.data, "told": ""})
        return told

    def sees(self, entity: str, sourced_id: str) -> None:
        """Raises 404, as for a record that is not there, where the account does not see every record of that id."""
        if self.visitor.schools is None:
            return
        mine = frozenset(self.visitor.schools)
        with self.workspace.reading() as connection:
            found = browse.schools_of(connection, entity, sourced_id)
        if not found or not all(schools & mine for schools in found):
            raise HTTPException(404)

    def whole_district(self) -> None:
        """Raises 404 for an account that sees some schools only."""
        if self.visitor.schools is not None:
            raise HTTPException(404)

    def log(self, action: str, verb: str, *, subject: str = "", records: Sequence[str] = ()) -> None:
        """Writes a line of the audit log."""
        self.workspace.audit(action, verb, subject=subject, records=records)

    def done(self, address: str, text: str) -> RedirectResponse:
        """Back to a page of ours, which says what was done in this sentence."""
        with access.opened(self.place.folder) as connection:
            access.keep(connection, self.visitor.key, {**self.visitor.data, "told": text})
        return RedirectResponse(local(address), 303)


Handler = Callable[[Visit], Response]


def local(address: str, otherwise: str = "/") -> str:
    """The address where it is a path of this page; nobody is sent elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:  # such as "//[": an address that is none
        return otherwise
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain and not parts.scheme and not parts.netloc and "\\" not in address else otherwise


def guarded(
    handler: Handler, place: Place, *, open_to_all: bool = False, verb: str = "", district: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint. ``verb``: the role must allow it. ``district``: only for accounts that see the whole district."""

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_fields=_FIELDS, max_files=0) if request.method == "POST" else FormData()
        return await run_in_threadpool(_answer, request, form)

    def _answer(request: Request, form: FormData) -> Response:
        try:
            workspace = Workspace(place.folder)
        except UsageError:  # the message may hold a value, and nobody knows yet who asks
            return PlainTextResponse("rosterkit.toml cannot be read. rosterkit validate says why.\n", 500)
        visitor = visitor_of(request, place.folder, workspace.config, secure=place.secure)
        visit = Visit(request, place, workspace, visitor, form)
        workspace.caller = Caller("web", visitor.account, visit.address)
        try:
            seen_through(_mask(visit))
            if request.method == "POST":
                _refuse_forged(visit)
            if not open_to_all and not visitor.account:
                return _to_log_in(visit)
            _refuse_unpermitted(visit, verb, district=district)
            return handler(visit)
        except HTTPException as problem:
            return problem_page(visit, problem.status_code, problem.detail)
        except RosterkitError as problem:
            return problem_page(visit, _STATUS.get(type(problem), 500), str(problem))

    return endpoint


def _refuse_unpermitted(visit: Visit, verb: str, *, district: bool) -> None:
    if district:
        visit.whole_district()
    if verb and not visit.visitor.may(verb):
        raise HTTPException(403)


def _mask(visit: Visit) -> Mask | None:
    schools = visit.visitor.schools
    if schools is None:
        return None
    with visit.workspace.reading() as connection:
        return Mask.of(browse.words_of_schools(connection, besides=schools))


def _refuse_forged(visit: Visit) -> None:
    """403 where the form is not one that this page made for this session."""
    given = visit.given("csrf") or visit.request.headers.get("x-csrf-token", "")
    origin = visit.request.headers.get("origin", "")
    same = not origin or origin.partition("://")[2] == visit.request.headers.get("host", "")
    if not visit.visitor.csrf or not same or not hmac.compare_digest(given.encode(), visit.visitor.csrf.encode()):
        raise HTTPException(403, "This form is too old, or it came from elsewhere. Open the page again, and repeat it.")


def _to_log_in(visit: Visit) -> Response:
    url = visit.request.url
    back = local(f"{url.path}?{url.query}" if url.query else url.path) if visit.request.method == "GET" else "/"
    return RedirectResponse(f"/log-in?back={quote(back, safe='')}", 303)


_WORDS = {
    400: "That cannot be done",
    403: "You may not do that",
    404: "There is no such page",
    405: "There is no such page",
    409: "It was refused",
    503: "Another run holds the workspace",
}
_SENTENCES = {
    403: "Your role does not allow it. Whoever manages the accounts can change that.",
    404: "There is nothing here, or your account does not see it.",
}


def problem_page(visit: Visit, status: int, detail: str = "") -> Response:
    """An error page: what happened, in a sentence, and the way back; nothing of what was asked for."""
    sentence = _SENTENCES.get(status, "") if not detail or detail in ("Forbidden", "Not Found") else detail
    title = _WORDS.get(status, "Something went wrong")
    return visit.show("problem.html.j2", code=status, title=title, sentence=sentence)
