"""How old the credentials of a place are, and when they expire, as far as that is known (vendor-feeds A1, U8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from rosterkit.errors import UsageError
from rosterkit.transport.secrets import references, resolve
from rosterkit.transport.settings import FolderSettings, PlaceSettings


@dataclass(frozen=True)
class Credential:
    """One secret that a place refers to. ``issued`` and ``expires`` are None where nobody knows them."""

    setting: str
    reference: str
    issued: date | None
    expires: date | None

    def age(self, today: date) -> int | None:
        """Its age in days; a file of another time zone's tomorrow is of today."""
        return max(0, (today - self.issued).days) if self.issued else None


def credentials(settings: PlaceSettings, folder: Path) -> list[Credential]:
    """The credentials of a place. A presigned address says itself when it expires; a file says when it was written.

    ``credentials_issued`` and ``credentials_days`` of the settings go before both. No secret is returned.
    """
    if isinstance(settings, FolderSettings):
        return []
    days = settings.credentials_days
    out = []
    for key, reference in references(settings.model_dump(mode="json")):
        issued = settings.credentials_issued or written_on(reference, folder)
        expires = issued + timedelta(days=days) if issued and days else None
        signed = next(_signed(reference, folder), None) if key == "address" else None
        if signed:
            issued, expires = signed
        out.append(Credential(key, reference, issued, expires))
    return out


def written_on(reference: str, folder: Path) -> date | None:
    """The day on which the file of a secret was written; None for a secret that is no file, or is not there."""
    kind, _, rest = reference.partition(":")
    if kind != "file":
        return None
    try:
        return datetime.fromtimestamp((folder / Path(rest).expanduser()).stat().st_mtime, UTC).date()
    except OSError:
        return None


def _signed(reference: str, folder: Path) -> Iterator[tuple[date, date]]:
    """When a presigned address was issued and when it expires, from its own query."""
    try:
        query = parse_qs(urlsplit(resolve(reference, folder).get_secret_value()).query)
        at = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%S%z")
        yield at.date(), (at + timedelta(seconds=int(query["X-Amz-Expires"][0]))).date()
    except (UsageError, KeyError, ValueError, OverflowError):
        return
