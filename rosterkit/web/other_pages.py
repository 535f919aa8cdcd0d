"""The comparison of sources, the settings to read, and the audit log."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from rosterkit.compare.comparison import compare
from rosterkit.compare.reading import SourceSpec, read
from rosterkit.errors import UsageError
from rosterkit.private_files import make_private_folder, write_private_file
from rosterkit.render import compare_html
from rosterkit.sources.base import no_progress
from rosterkit.store import access
from rosterkit.transport.patience import somebody_waits
from rosterkit.transport.secrets import references, resolve
from rosterkit.web.guard import Visit
from rosterkit.web.headers import SELF_CONTAINED_POLICY

_PAGE = Path("cache", "comparison.html")
_SECRET = re.compile(r"secret|password|token|key$|credential|passphrase")
HIDDEN = "•••"
_ENTRIES = 100


def comparison(visit: Visit) -> Response:
    """When sources were compared last, and a button to do so now."""
    file = visit.place.folder / _PAGE
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC) if file.exists() else None
    sources = [name for name, entry in visit.workspace.config.sources.items() if entry.enabled]
    return visit.show("comparison.html.j2", title="Compare sources", at=at, sources=sources)


def compare_now(visit: Visit) -> Response:
    """Reads every source of the workspace, and keeps the page; personal values are dots in it."""
    config, folder = visit.workspace.config, visit.place.folder
    asked = [
        SourceSpec(name, e.kind, e.settings, folder, e.place, e.packages)
        for name, e in config.sources.items()
        if e.enabled
    ]
    if not asked:
        raise UsageError("The workspace has no source. Name one in rosterkit.toml: [sources.main].")
    day = datetime.now(config.zone).date()
    with somebody_waits():
        delivered, unread = read(asked, day, secret=_secret, progress=no_progress, demographics=config.demographics)
    page = compare_html.page(compare(delivered, config.compare, day, unread=unread))
    file = folder / _PAGE
    make_private_folder(file.parent)
    half = file.with_suffix(f".{secrets.token_hex(4)}.half")  # two people may compare at once
    write_private_file(half, page.encode())
    half.replace(file)
    visit.log("act", "compare", subject=", ".join(one.name for one in asked))
    return visit.done("/compare", "The sources are compared.")


def _secret(reference: str, folder: Path) -> str:
    return resolve(reference, folder).get_secret_value() if any(references(reference)) else reference


def comparison_page(visit: Visit) -> Response:
    """The page itself: it has its own style, and no script runs in it."""
    file = visit.place.folder / _PAGE
    if not file.exists():
        raise HTTPException(404)
    return HTMLResponse(file.read_text(encoding="utf-8"), headers={"content-security-policy": SELF_CONTAINED_POLICY})


def settings(visit: Visit) -> Response:
    """Every setting with its value; secrets, and where they are, are dots."""
    config = visit.workspace.config
    every = config.model_dump(mode="json")
    for word, entries in (("sources", config.sources), ("feeds", config.feeds)):
        for name, entry in entries.items():  # a model of their own, which the model of the entry does not know
            every[word][name]["settings"] = entry.settings.model_dump(mode="json")
    return visit.show("settings.html.j2", title="Settings", rows=list(_flat("", every)))


def _flat(where: str, value: object) -> Iterator[tuple[str, str]]:
    """Key and value of every setting; those of a source or feed stand beside its kind, as in the file."""
    if isinstance(value, Mapping) and value:
        for name, own in value.items():
            inside = where.count(".") == 1 and name == "settings"
            yield from _flat(where if inside else f"{where}.{name}".strip("."), own)
        return
    yield where, _shown(where, value)


def _shown(where: str, value: object) -> str:
    name = where.rpartition(".")[2]
    if value in (None, "", [], {}):
        return ""
    if _SECRET.search(name) and isinstance(value, str):
        return HIDDEN
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_shown(where, one) for one in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return HIDDEN if any(references(text)) else _without_login(text)


def _without_login(text: str) -> str:
    """An address without the name and password that may stand in it."""
    parts = urlsplit(text) if "://" in text else None
    if parts is None or "@" not in parts.netloc:
        return text
    return urlunsplit(parts._replace(netloc=f"{HIDDEN}@{parts.netloc.rpartition('@')[2]}"))


def audit_log(visit: Visit) -> Response:
    """Who looked at what and did what, the newest first."""
    actor, record, before = visit.asked("actor"), visit.asked("record"), visit.asked("before")
    number = int(before) if before.isdecimal() and len(before) < 16 else 0
    with access.opened(visit.place.folder) as connection:
        rows = access.entries(connection, actor=actor, record=record, before=number, limit=_ENTRIES)
    return visit.show(
        "audit_log.html.j2",
        title="Audit log",
        rows=rows,
        values={"actor": actor, "record": record},
        more=rows[-1].id if len(rows) == _ENTRIES else 0,
    )
