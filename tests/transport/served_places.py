"""Each kind of place with its server, behind one face: what lies there, and what settings reach it."""

from __future__ import annotations

import os
import ssl
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import TypeAdapter
from sftp_server import PASSWORD, USER, Sftp
from web_servers import S3, Https, Web

from rosterkit.transport import Place, PlaceSettings, Verified, open_place
from rosterkit.transport.host_keys import host_key, trust

ADAPTER: TypeAdapter[Any] = TypeAdapter(PlaceSettings)


class ServedPlace(ABC):
    """A place under test; ``several``: whether it takes more than one file."""

    kind: str
    several = True
    verified: Verified

    def __init__(self, home: Path) -> None:
        self.home = home
        self.work = home / "workspace"
        self.work.mkdir()
        self.given: dict[str, Any] = {}

    def place(self, **more: Any) -> Place:
        return open_place(ADAPTER.validate_python(self.given | more), self.work)

    @abstractmethod
    def put(self, name: str, content: bytes) -> None: ...

    @abstractmethod
    def there(self) -> dict[str, bytes]:
        """Everything that somebody can see there."""


class RemotePlace(ServedPlace):
    """A place with a server, which counts, can be watched, and has faults."""

    server: Sftp | Web

    @property
    def faults(self) -> Any:
        return self.server.faults

    @abstractmethod
    def carried_out(self, name: str) -> int:
        """How often a file of that name was sent to its end."""

    def allow(self, *contents: bytes) -> list[bytes]:
        """Watches from now on: the list fills with what is seen and is none of these."""
        wrong: list[bytes] = []

        def watch() -> None:
            wrong.extend(content for content in self.there().values() if content not in contents)

        self.server.watch = watch
        return wrong

    def close(self) -> None:
        self.server.close()


class ServedFolder(ServedPlace):
    kind = "folder"
    verified = Verified.READ_BACK

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.root = self.work / "outbox"
        self.root.mkdir()
        self.given = {"transport": "folder", "path": "outbox"}

    def put(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)

    def there(self) -> dict[str, bytes]:
        return visible(self.root)


class ServedSftp(RemotePlace):
    kind = "sftp"
    server: Sftp
    verified = Verified.SIZE

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(home)
        self.root = home / "server"
        self.server = Sftp(self.root)
        monkeypatch.setenv("VENDOR_PASSWORD", PASSWORD)
        self.given = {
            "transport": "sftp",
            "host": "127.0.0.1",
            "port": self.server.port,
            "username": USER,
            "password": "env:VENDOR_PASSWORD",
            "connect_seconds": 30.0,
            "idle_seconds": 30.0,
        }
        settings = ADAPTER.validate_python(self.given)
        trust(settings, self.work, host_key(settings).fingerprint)

    def put(self, name: str, content: bytes) -> None:
        (self.root / name).write_bytes(content)

    def there(self) -> dict[str, bytes]:
        return visible(self.root)

    def carried_out(self, name: str) -> int:
        return self.server.seen.renames.count(name)


class ServedS3(RemotePlace):
    kind = "s3"
    server: S3
    verified = Verified.READ_BACK

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, moto_port: int, aws: Any) -> None:
        super().__init__(home)
        self.server = S3(moto_port)
        self.bucket = f"millbrook-{uuid.uuid4().hex[:8]}"
        monkeypatch.setenv("KEY_ID", "AKIAMILLBROOK")
        monkeypatch.setenv("KEY_SECRET", "s3-secret-4711")
        self.aws = aws
        self.aws.create_bucket(Bucket=self.bucket)
        self.given = {
            "transport": "s3",
            "bucket": self.bucket,
            "prefix": "in/",
            "access_key_id": "env:KEY_ID",
            "secret_access_key": "env:KEY_SECRET",
            "endpoint_url": f"http://127.0.0.1:{self.server.port}",
            "part_bytes": 5 << 20,
            "connect_seconds": 30.0,
            "idle_seconds": 30.0,
        }

    def put(self, name: str, content: bytes) -> None:
        self.aws.put_object(Bucket=self.bucket, Key=f"in/{name}", Body=content)

    def there(self) -> dict[str, bytes]:
        listed = self.aws.list_objects_v2(Bucket=self.bucket, Prefix="in/").get("Contents", ())
        keys = [item["Key"] for item in listed]
        return {
            key.removeprefix("in/"): self.aws.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys
        }

    def carried_out(self, name: str) -> int:
        return sum(method == "PUT" and path.endswith(f"/{name}") for method, path, _ in self.server.requests)


class ServedHttps(RemotePlace):
    kind = "https"
    server: Https
    several = False
    verified = Verified.CHECKSUM
    query = "X-Amz-Signature=0123456789abcdef"

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(home)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.work / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.server = Https(context)
        self.address = f"https://127.0.0.1:{self.server.port}/in/users.csv?{self.query}"
        monkeypatch.setenv("VENDOR_ADDRESS", self.address)
        self.given = {
            "transport": "https",
            "address": "env:VENDOR_ADDRESS",
            "ca": "ca.pem",
            "connect_seconds": 30.0,
            "idle_seconds": 30.0,
        }

    def put(self, name: str, content: bytes) -> None:
        self.server.files[f"/in/{name}"] = content

    def there(self) -> dict[str, bytes]:
        return {path.removeprefix("/in/"): content for path, content in dict(self.server.files).items()}

    def carried_out(self, name: str) -> int:
        return sum(method == "PUT" for method, _, _ in self.server.requests)


def visible(root: Path) -> dict[str, bytes]:
    """What a vendor's program sees that takes no hidden files."""
    found = {}
    for path in root.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if not hidden and path.is_file():
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def content(size: int) -> bytes:
    """So many bytes, which differ wherever one looks."""
    return os.urandom(size)
