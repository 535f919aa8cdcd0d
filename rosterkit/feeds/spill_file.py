"""Frames put away on the disk until they are written, so that a large table is never whole in memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import polars as pl

from rosterkit.errors import UsageError

__all__ = ["Spool"]


class Spool:
    """Frames in the order in which they were put away; they come back as often as they are asked for.

    They lie in a file without a name, which nobody else can open and which goes with the process, however that ends.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.rows = 0
        self.filled: set[str] = set()  # the columns with any value
        try:
            self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - closed when nobody can ask for the frames any more
        except OSError as error:
            raise _no_room(error) from error
        self._sizes: list[int] = []
        weakref.finalize(self, self._file.close)

    def put(self, frame: pl.DataFrame) -> None:
        """Puts a frame at the end. Raises UsageError when there is no room."""
        put = BytesIO()
        try:
            frame.write_ipc(put)
            self._file.seek(0, 2)
            self._sizes.append(self._file.write(put.getbuffer()))
            self._file.flush()
        except OSError as error:
            raise _no_room(error) from error
        self.rows += frame.height
        self.filled |= {column.name for column in frame if column.count()}

    def __iter__(self) -> Iterator[pl.DataFrame]:
        begin = 0
        for size in self._sizes:
            self._file.seek(begin)
            yield pl.read_ipc(BytesIO(self._file.read(size)))
            begin += size


def _no_room(error: OSError) -> UsageError:
    why = error.strerror or type(error).__name__
    return UsageError(
        f"What is put away until a feed is written could not be: {why}. Make room on that disk, and build it again."
    )
