"""The proxy's list of applications: which district shares with this partner, under which id and with which token.

The list has no count headers, and a district that is missing from it looks like one that is not enabled. So it is
read until a page brings nothing new.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from providers.classlink.settings import ClassLinkSettings
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.http import Api

_PAGE = 100
_MOST = 1000  # pages
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True)
class Application:
    """One district's share: ``path`` is used as it came, percent-encoded; ``bearer`` is a secret."""

    path: str
    bearer: str
    active: bool

    def __repr__(self) -> str:
        """Without the token."""
        return f"Application({self.path!r})"


def application(api: Api, settings: ClassLinkSettings) -> Application:
    """The application of the district that the settings name; SourceUnreadable where it cannot be used."""
    found = [entry for entry in _listed(api) if str(entry.get("tenant_id")) == str(settings.tenant_id)]
    if settings.application:
        found = [entry for entry in found if entry.get("name") == settings.application]
    enabled = [entry for entry in found if str(entry.get("enabled")).lower() == "true"]
    if not enabled:
        how = "lists as not enabled" if found else "does not list"
        raise SourceUnreadable(
            f"ClassLink {how} the district {settings.tenant_id} for this partner key. "
            "Compare tenant_id with the Partner Portal, and ask the district to enable the application.",
            rule="classlink.not-enabled",
        )
    if len(enabled) > 1:
        raise SourceUnreadable(
            f"The district {settings.tenant_id} shares with {len(enabled)} applications of this partner. "
            "Set application to the name of the one that is meant.",
            rule="classlink.several-applications",
        )
    return _usable(enabled[0])


def _usable(entry: dict[str, Any]) -> Application:
    path, bearer = entry.get("oneroster_application_id"), entry.get("bearer")
    if not isinstance(path, str) or not _SEGMENT.fullmatch(path) or not path.strip("."):
        raise SourceUnreadable(
            f"ClassLink gives the application {entry.get('id')!s:.20} no application id that can stand in an address.",
            rule="classlink.application",
        )
    if not isinstance(bearer, str) or not bearer:
        raise SourceUnreadable(
            f"ClassLink gives the application {entry.get('id')!s:.20} no bearer token.", rule="classlink.application"
        )
    return Application(path, bearer, str(entry.get("tenant_status", "Active")).lower() == "active")


def _listed(api: Api) -> list[dict[str, Any]]:
    """All applications. ``status`` in the answer is not documented and not looked at."""
    every: dict[str, dict[str, Any]] = {}
    offset = 0
    for _ in range(_MOST):
        body = api.read("applications", params={"limit": _PAGE, "offset": offset}).body
        page = body.get("applications")
        if not isinstance(page, list):
            raise SourceUnreadable(
                "ClassLink answers without a list of applications. Check proxy_url and the partner key.",
                rule="classlink.applications",
            )
        entries = [entry for entry in page if isinstance(entry, dict)]
        new = {_key(entry): entry for entry in entries} if entries else {}
        if new.keys() <= every.keys():
            return list(every.values())
        every |= new
        offset += len(page)
    raise SourceUnreadable(
        f"ClassLink's list of applications does not end after {_MOST:,} pages. Check proxy_url.",
        rule="classlink.applications",
    )


def _key(entry: dict[str, Any]) -> str:
    return str((entry.get("id"), entry.get("tenant_id"), entry.get("oneroster_application_id")))
