"""Members of a zip archive, read as streams: nothing that an archive declares of itself is trusted.

Bytes are counted while they are unpacked, checksums are verified, and members that lie over each other are refused.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from isal import isal_zlib

from rosterkit.errors import SourceUnreadable
from rosterkit.sources.limits import SizeLimits
from rosterkit.sources.package_rules import PACKAGE_RULES

CHUNK = 1 << 20  # unpacked bytes handed on at a time: larger chunks cost page faults on fresh memory
_RATIO_FROM = 1 << 20  # bytes from which on the ratio counts
_END_OF_DIRECTORY = 22  # bytes, without the comment that follows
_ZIP64 = 0xFFFF  # the count of members is in the zip64 record
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_DAMAGE = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, OverflowError, EOFError)
"""What Python raises on forged fields: an offset above 2^63, an impossible name, a directory cut in the middle."""


def refused(rule: str, what: str) -> SourceUnreadable:
    """The refusal of a package, with the remedy of its rule."""
    remedy = next(r.remedy for r in PACKAGE_RULES if r.code == rule)
    return SourceUnreadable(f"{what}. {remedy}", rule=rule)


def zip_entries(file: IO[bytes], limits: SizeLimits) -> list[tuple[str, zipfile.ZipInfo]]:
    """Name and entry of every file in the archive; SourceUnreadable where the archive contradicts itself."""
    try:
        directory = zipfile.ZipFile(file)
    except _DAMAGE as error:
        raise refused("package.not-a-zip", "The package is not a zip archive, or it is cut off") from error
    try:
        entries = directory.infolist()
        if len(entries) > limits.members:
            raise refused("package.too-many-members", f"The package holds more than {limits.members} files")
        if _declared_entries(file, len(directory.comment)) not in (len(entries), _ZIP64):
            raise refused("package.damaged", "The archive's directory does not list as many members as it declares")
        _check_places(file, entries)
        return [(_checked_name(entry), entry) for entry in entries if not entry.is_dir()]
    except _DAMAGE as error:
        raise refused("package.damaged", "The archive's directory holds impossible values") from error


def unpacked(file: IO[bytes], entry: zipfile.ZipInfo, name: str, limits: SizeLimits) -> Iterator[bytes]:
    """The member's bytes; SourceUnreadable where they contradict the archive, or grow beyond the ratio."""
    size = crc = 0
    try:
        for chunk, consumed in _inflated(file, entry, name):
            size += len(chunk)
            if size > _RATIO_FROM and size > limits.ratio * max(consumed, 1):
                raise refused("package.ratio", f"{name} unpacks to more than {limits.ratio} times its size")
            crc = isal_zlib.crc32(chunk, crc)
            yield chunk
    except _DAMAGE as error:
        raise refused("package.damaged", f"{name} cannot be found in the archive") from error
    if crc != entry.CRC or size != entry.file_size:
        raise refused("package.damaged", f"{name} does not match its checksum")


def _declared_entries(file: IO[bytes], comment: int) -> int:
    """How many members the end of the archive declares; a damaged directory may list fewer."""
    file.seek(-(_END_OF_DIRECTORY + comment), os.SEEK_END)
    return int(struct.unpack_from("<H", file.read(_END_OF_DIRECTORY), 10)[0])


def _checked_name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename.replace("\\", "/")
    parts = name.split("/")
    if "\0" in entry.orig_filename or ".." in parts or name.startswith("/") or ":" in parts[0]:
        raise refused("package.path", "A member's name is not a plain relative path")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise refused("package.link", f"{name!a} is a link or a special file")
    if entry.flag_bits & 0x41:
        raise refused("package.encrypted", f"{name!a} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refused("package.compression", f"{name!a} is compressed by method {entry.compress_type}")
    return name


def _check_places(file: IO[bytes], entries: list[zipfile.ZipInfo]) -> None:
    """Refuses data before the first member, and members that lie over each other, as in an archive bomb."""
    end = 0
    for at, entry in enumerate(sorted(entries, key=lambda e: e.header_offset)):
        if at == 0 and entry.header_offset > 0:
            raise refused("package.damaged", "There is other data before the archive")
        if entry.header_offset < end:
            raise refused("package.damaged", "Two members of the archive lie over each other")
        end = _data_start(file, entry) + entry.compress_size
    if end > file.seek(0, os.SEEK_END):
        raise refused("package.damaged", "The package is cut off")


def _data_start(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Where the member's data begin: after a header of its own, which must bear the name that the directory gives."""
    file.seek(entry.header_offset)
    raw = file.read(_LOCAL_HEADER.size)
    if len(raw) < _LOCAL_HEADER.size or raw[:4] != b"PK\x03\x04":
        raise refused("package.damaged", "A member of the archive has no header of its own")
    *_, name_length, extra_length = _LOCAL_HEADER.unpack(raw)
    if file.read(name_length) != entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437"):
        raise refused("package.damaged", "A member of the archive has another name in its own header")
    return int(entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length)


def _inflated(file: IO[bytes], entry: zipfile.ZipInfo, name: str) -> Iterator[tuple[bytes, int]]:
    """Chunks of the member, each with the number of packed bytes that were used so far."""
    start = position = _data_start(file, entry)
    left = entry.compress_size
    stored = entry.compress_type == zipfile.ZIP_STORED
    inflater = isal_zlib.decompressobj(wbits=-15)
    while left and not inflater.eof:
        file.seek(position)
        packed = file.read(min(CHUNK // 4, left))
        if not packed:
            raise refused("package.damaged", f"{name} is cut off")
        position, left = position + len(packed), left - len(packed)
        if stored:
            yield packed, position - start
            continue
        full = True
        while (packed or full) and not inflater.eof:  # a full chunk: more may wait inside, without any input
            try:
                chunk = inflater.decompress(packed, CHUNK)
            except isal_zlib.error as error:  # type: ignore[misc] # its stub says instance, it is a class
                raise refused("package.damaged", f"{name} does not unpack") from error
            packed, full = inflater.unconsumed_tail, len(chunk) == CHUNK
            yield chunk, position - start - len(packed)
    if not stored and (left or inflater.unused_data or not inflater.eof):
        raise refused("package.damaged", f"{name} does not end where the archive says")
