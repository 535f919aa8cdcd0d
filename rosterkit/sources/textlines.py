"""The physical lines of a text file, with limits on bytes and on what one record may hold."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from typing import Any

_SURROGATE = re.compile("[\udc80-\udcff]")  # what a byte that is not UTF-8 is decoded to


class NotReadError(Exception):
    """The whole file is not read."""

    def __init__(self, rule: str, line: int, reason: str) -> None:
        super().__init__(reason)
        self.rule, self.line, self.reason = rule, line, reason


class CountedBytes(io.RawIOBase):
    """The bytes of a file, counted and hashed as they are consumed."""

    def __init__(self, raw: io.RawIOBase | io.FileIO, most: int) -> None:
        self._raw, self._most, self._count = raw, most, 0
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer) or 0
        self._count += count
        if self._count > self._most:
            raise NotReadError("textfile.too-large", 0, f"it holds more than {self._most:,} bytes")
        self.sha256.update(memoryview(buffer)[:count])
        return count


class PhysicalLines:
    """The physical lines of a file for ``csv.reader``; it keeps those of the record that is being read."""

    def __init__(self, text: io.TextIOWrapper, most_chars: int) -> None:
        self._text, self._most = text, most_chars
        self.count = 0
        self.begin()

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.first = self.count + 1
        self.record: list[str] = []
        self._chars = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._most + 1)
        if not line:
            raise StopIteration
        self._chars += len(line)
        if self._chars > self._most:
            raise NotReadError("textfile.too-large", self.first, f"a row holds more than {self._most:,} characters")
        self.count += 1
        if not line.isascii() and (wrong := _SURROGATE.search(line)):
            byte = ord(wrong[0]) - 0xDC00
            raise NotReadError("textfile.encoding", self.count, f"byte 0x{byte:02X} is not UTF-8")
        self.record.append(line)
        return line

    @property
    def text(self) -> str:
        return "".join(self.record)

    @property
    def ended(self) -> bool:
        """Whether a line break ends the record."""
        return self.record[-1].endswith(("\n", "\r"))
