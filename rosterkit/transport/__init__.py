"""Where bytes come from and go to: folder, SFTP, S3 and HTTPS. Secrets come by reference, host keys are pinned.

    with open_place(settings, folder) as place:
        for file in place.list(): place.fetch(file, folder / file.name)
        place.deliver([Outgoing("users.csv", body)])

Which packages a source takes from a place is decided in ``rosterkit.transport.incoming``; host keys are shown and
trusted in ``rosterkit.transport.host_keys``.
"""

from __future__ import annotations

from rosterkit.transport.base import (
    RULES,
    Body,
    Delivered,
    Fetched,
    Outgoing,
    Progress,
    RemoteFile,
    Verified,
)
from rosterkit.transport.place import Place, open_place
from rosterkit.transport.secrets import SecretReference, resolve
from rosterkit.transport.settings import (
    FolderSettings,
    HttpsSettings,
    PlaceSettings,
    S3Settings,
    SftpSettings,
)

__all__ = [
    "RULES",
    "Body",
    "Delivered",
    "Fetched",
    "FolderSettings",
    "HttpsSettings",
    "Outgoing",
    "Place",
    "PlaceSettings",
    "Progress",
    "RemoteFile",
    "S3Settings",
    "SecretReference",
    "SftpSettings",
    "Verified",
    "open_place",
    "resolve",
]
