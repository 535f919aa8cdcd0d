"""Host keys of the SFTP servers of a workspace: those that sources read from, and those that feeds are sent to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rosterkit.config import Config
from rosterkit.errors import UsageError
from rosterkit.transport.settings import PlaceSettings, SftpSettings
from rosterkit.workspace_folder import WorkspaceFolder

if TYPE_CHECKING:
    from rosterkit.transport.host_keys import HostKey


class HostKeyVerbs(WorkspaceFolder):
    """What a person does with host keys."""

    def host_key(self, name: str) -> HostKey:
        """The key that the server of a source or feed shows now; logs in nowhere, and stores nothing.

        ``name``: of a source or a feed, or ``sources.NAME`` or ``feeds.NAME`` where both are called so.
        """
        from rosterkit.transport.host_keys import host_key  # noqa: PLC0415 - asyncssh takes part of a second to import

        return host_key(_sftp(self.config, name))

    def trust_host_key(self, name: str, fingerprint: str) -> HostKey:
        """Stores the server's key, if it still shows the one with that fingerprint. Raises UsageError where not."""
        from rosterkit.transport.host_keys import trust  # noqa: PLC0415 - as above

        return trust(_sftp(self.config, name), self.folder, fingerprint)


def _sftp(config: Config, name: str) -> SftpSettings:
    """The settings of the SFTP server; UsageError where there is none of that name."""
    places = _places(config)
    found = {key: place for key, place in places.items() if name in (key, key.partition(".")[2])}
    servers = {key: place for key, place in found.items() if isinstance(place, SftpSettings)}
    if len(servers) > 1:
        raise UsageError(f"Both {' and '.join(servers)} are on an SFTP server. Name one of them so.")
    if not servers:
        known = [key for key, place in places.items() if isinstance(place, SftpSettings)]
        there = f"These are: {', '.join(known)}." if known else "Nothing in rosterkit.toml is."
        raise UsageError(f"{name} is not on an SFTP server. {there}")
    return next(iter(servers.values()))


def _places(config: Config) -> Mapping[str, PlaceSettings | None]:
    sources = {f"sources.{name}": entry.place for name, entry in config.sources.items()}
    return sources | {f"feeds.{name}": entry.target for name, entry in config.feeds.items()}
