"""S3: one object with its SHA-256, large ones in parts, read back where the key may read (vendor-feeds U1-U11).

An object appears whole or not at all, so there is no temporary name. Amazon checks the SHA-256 that goes along.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from botocore import exceptions as boto

from rosterkit.transport.base import CHUNK, Fault, Found, Pace, RemoteFile, Report, Staged, Verified, Why, is_same
from rosterkit.transport.s3_client import client, code, plainly, status
from rosterkit.transport.settings import S3Settings

_MOST_PARTS = 10_000
_SMALLEST_PART = 5 << 20  # bytes; S3 takes no smaller part but the last
_WRITE_ONLY = "the key may not read"
_DELIVERY = "rosterkit-delivery"  # metadata of an object: which attempt of ours made it
_SHA256 = "sha256"  # metadata of an object: a checksum of the whole, which S3 does not keep of an object in parts


@dataclass
class _Parts:
    """An upload in parts that is under way."""

    upload: str
    size: int
    done: list[dict[str, Any]] = field(default_factory=list)


class S3Wire:
    """The transport ``s3``."""

    def __init__(self, settings: S3Settings, folder: Path) -> None:
        self._settings = settings
        self._client = client(settings, folder)
        self._part_bytes = _SMALLEST_PART if settings.bytes_per_second else settings.part_bytes
        self._tried: dict[str, str] = {}  # the delivery mark of each file that was sent and not acknowledged
        self._parts: dict[str, _Parts] = {}
        self._acknowledged: dict[str, bool] = {}  # whether S3 stated the right checksum of a file
        self.name = f"s3://{settings.bucket}/{settings.prefix}"
        self.visible: set[str] = set()

    # --- reading

    def files(self) -> Sequence[RemoteFile]:
        """The objects under the prefix, without those in folders below it."""
        with self._plainly(self._settings.prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._settings.bucket, Prefix=self._settings.prefix, Delimiter="/"
            )
            return [self._remote(item) for page in pages for item in page.get("Contents", ())]

    def _remote(self, item: dict[str, Any]) -> RemoteFile:
        name = item["Key"].removeprefix(self._settings.prefix)
        return RemoteFile(name, item["Size"], item["LastModified"], item["ETag"])

    def read(self, file: RemoteFile, start: int) -> tuple[int, Generator[bytes]]:
        """The object from byte ``start`` on, as long as it is the version that was listed."""
        return start, self._chunks(file, start)

    def _chunks(self, file: RemoteFile, start: int) -> Generator[bytes]:
        asked = {"IfMatch": file.version} | ({"Range": f"bytes={start}-"} if start else {"ChecksumMode": "ENABLED"})
        with self._plainly(file.name):
            answer = self._client.get_object(**self._object(file.name), **asked)
            yield from answer["Body"].iter_chunks(CHUNK)

    def digest(self, file: RemoteFile) -> tuple[str, str]:
        """The SHA-256 that S3 or rosterkit noted of the whole object; else the ETag of one not in parts, an MD5."""
        with self._plainly(file.name):
            head = self._client.head_object(**self._object(file.name), IfMatch=file.version, ChecksumMode="ENABLED")
        if ours := head.get("Metadata", {}).get(_SHA256):
            return "sha-256", str(ours)
        theirs = head.get("ChecksumSHA256", "")
        if theirs and "-" not in theirs:
            return "sha-256", base64.b64decode(theirs).hex()
        etag = file.version.strip('"')
        is_md5 = len(etag) == 32 and head.get("ServerSideEncryption", "AES256") == "AES256"
        return ("md5", etag) if is_md5 else ("", "")

    # --- sending

    def upload(self, file: Staged, report: Report) -> None:
        """Puts the object. After an answer that was lost, looks first whether it had arrived."""
        report(0)
        with self._plainly(file.name):
            if file.name in self._tried and self._arrived(file):
                self.visible.add(file.name)
                return
            if file.size > self._part_bytes:
                self._in_parts(file, report)
            else:
                self._whole(file, report)
        self.visible.add(file.name)
        del self._tried[file.name]

    def _whole(self, file: Staged, report: Report) -> None:
        checksum = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        with file.path.open("rb") as body:
            answer = self._client.put_object(
                **self._object(file.name), Body=body, ChecksumSHA256=checksum, Metadata=self._marks(file)
            )
        self._checked(file, checksum, answer)
        report(file.size)

    def _in_parts(self, file: Staged, report: Report) -> None:
        """Sends part after part, one in memory at a time; a new attempt goes on with the part that failed."""
        parts = self._parts.get(file.name) or self._begun(file)
        pace, start = Pace(self._settings.bytes_per_second), len(parts.done) * parts.size
        with file.path.open("rb") as body:
            body.seek(start)
            while chunk := body.read(parts.size):
                number = len(parts.done) + 1
                checksum = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
                answer = self._client.upload_part(
                    **self._object(file.name),
                    UploadId=parts.upload,
                    PartNumber=number,
                    Body=chunk,
                    ChecksumSHA256=checksum,
                )
                parts.done.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
                report(body.tell())
                pace.after(body.tell() - start)
        whole = hashlib.sha256(b"".join(base64.b64decode(part["ChecksumSHA256"]) for part in parts.done))
        answer = self._client.complete_multipart_upload(
            **self._object(file.name), UploadId=parts.upload, MultipartUpload={"Parts": parts.done}
        )
        del self._parts[file.name]
        self._checked(file, f"{base64.b64encode(whole.digest()).decode()}-{len(parts.done)}", answer)

    def _begun(self, file: Staged) -> _Parts:
        answer = self._client.create_multipart_upload(
            **self._object(file.name), ChecksumAlgorithm="SHA256", Metadata=self._marks(file)
        )
        size = max(self._part_bytes, math.ceil(file.size / _MOST_PARTS))
        self._parts[file.name] = _Parts(answer["UploadId"], size)
        return self._parts[file.name]

    def _marks(self, file: Staged) -> dict[str, str]:
        self._tried[file.name] = uuid4().hex
        return {_SHA256: file.sha256, _DELIVERY: self._tried[file.name]}

    def _arrived(self, file: Staged) -> bool:
        """Whether the object there is the one whose answer was lost; False where the key may not look."""
        try:
            head = self._client.head_object(**self._object(file.name))
        except boto.ClientError:
            return False
        return bool(head.get("Metadata", {}).get(_DELIVERY) == self._tried[file.name])

    def _checked(self, file: Staged, checksum: str, answer: dict[str, Any]) -> None:
        theirs = answer.get("ChecksumSHA256", "")
        if theirs and theirs != checksum:
            raise Fault(f"S3 states another checksum of {file.name} than was sent.", Why.CHECKSUM, again=True)
        self._acknowledged[file.name] = bool(theirs) or answer.get("ETag", "").strip('"') == file.md5

    def publish(self, files: Sequence[Staged]) -> Sequence[tuple[str, Verified, str]]:
        """Reads the objects back, where that is wanted and permitted."""
        return [self._verified(file) for file in files]

    def _verified(self, file: Staged) -> tuple[str, Verified, str]:
        why = "read_back is off"
        if self._settings.read_back:
            with self._plainly(file.name):
                try:
                    self._read_back(file)
                except boto.ClientError as error:
                    if status(error) != 403:
                        raise
                    why = _WRITE_ONLY
                else:
                    return self._key(file.name), Verified.READ_BACK, ""
        if self._acknowledged.get(file.name):
            return self._key(file.name), Verified.CHECKSUM, why
        return self._key(file.name), Verified.NONE, f"{why}, and the service states no checksum"

    def _read_back(self, file: Staged) -> None:
        if not self._holds(file):
            text = f"{self._key(file.name)} does not hold what was sent. Look whether somebody else writes there."
            raise Fault(text, Why.CHECKSUM)

    def _holds(self, file: Staged) -> bool:
        """Whether the object has these bytes."""
        return is_same(self._client.get_object(**self._object(file.name))["Body"].iter_chunks(CHUNK), file)

    def look_up(self, file: Staged, others: Collection[int]) -> Found:
        """By size and bytes, where the key may read."""
        del others
        with self._plainly(file.name):
            try:
                head = self._client.head_object(**self._object(file.name))
                there = head["ContentLength"] == file.size and self._holds(file)
            except boto.ClientError as error:
                if status(error) == 404:
                    return Found(there=False)
                if status(error) == 403:
                    return Found(there=None, why=_WRITE_ONLY)
                raise
        return Found(there, self._key(file.name), Verified.READ_BACK)

    def remove(self, name: str) -> None:
        """Deletes the object."""
        with self._plainly(name):
            self._client.delete_object(**self._object(name))

    def discard(self, files: Sequence[Staged]) -> None:
        """Aborts what was sent in parts, so that nobody pays for it; some keys may not do that."""
        for file in files:
            self._aborted(file.name)

    def _aborted(self, name: str) -> None:
        if parts := self._parts.pop(name, None):
            with suppress(boto.ClientError, boto.BotoCoreError):
                self._client.abort_multipart_upload(**self._object(name), UploadId=parts.upload)

    def close(self) -> None:
        """Ends the connections, and what was sent in parts and not finished."""
        for name in list(self._parts):
            self._aborted(name)
        self._client.close()

    def _key(self, name: str) -> str:
        return f"{self._settings.prefix}{name}"

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self._settings.bucket, "Key": self._key(name)}

    @contextmanager
    def _plainly(self, name: str) -> Iterator[None]:
        with plainly(self._key(name), self._settings.bucket):
            try:
                yield
            except boto.ClientError as error:
                if code(error) == "NoSuchUpload":
                    self._parts.pop(name, None)  # it expired, or its end was reached and the answer lost
                raise
