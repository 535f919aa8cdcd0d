"""A place: where files are listed, fetched and delivered, whatever the transport.

Everything that is the same for every transport is here: plain names, limits of size and time, new attempts, digests,
resuming, and the errors that people get. A transport (``Wire``) makes single attempts.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from rosterkit.errors import NotDelivered, SourceUnreadable, UsageError
from rosterkit.transport.base import (
    Delivered,
    Fault,
    Fetched,
    Found,
    Outgoing,
    Progress,
    RemoteFile,
    Report,
    Staged,
    Why,
    Wire,
    is_plain,
    no_progress,
)
from rosterkit.transport.outgoing import Digests, check_names, digests, staged
from rosterkit.transport.patience import Patience
from rosterkit.transport.settings import FolderSettings, HttpsSettings, PlaceSettings, S3Settings, SftpSettings

_T = TypeVar("_T")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds between attempts, doubled each time
_LONGEST_ASKED_WAIT = 300.0  # seconds; a place that asks for more (Retry-After) is tried again in the next run


def open_place(settings: PlaceSettings, folder: Path) -> Place:
    """The place that the settings describe; relative paths and ``file:`` references are meant from ``folder``.

    Connects when it is first used. Raises UsageError where a secret cannot be read.
    """
    return Place(_wire(settings, folder), settings)


def _wire(settings: PlaceSettings, folder: Path) -> Wire:
    # Each library takes part of a second to import: only the one that is needed is.
    match settings:
        case FolderSettings():
            from rosterkit.transport.folder import FolderWire  # noqa: PLC0415 - see above

            return FolderWire(settings, folder)
        case SftpSettings():
            from rosterkit.transport.sftp import SftpWire  # noqa: PLC0415 - see above

            return SftpWire(settings, folder)
        case S3Settings():
            from rosterkit.transport.s3 import S3Wire  # noqa: PLC0415 - see above

            return S3Wire(settings, folder)
        case HttpsSettings():
            from rosterkit.transport.https import HttpsWire  # noqa: PLC0415 - see above

            return HttpsWire(settings, folder)


class Place:
    """One place. Use it as a context manager, so that its connection ends."""

    def __init__(self, wire: Wire, settings: PlaceSettings) -> None:
        self._wire = wire
        self.settings = settings
        self._max_bytes = settings.max_bytes
        self._one_file = isinstance(settings, HttpsSettings)
        self._as_one = isinstance(settings, FolderSettings) and bool(settings.subfolder)
        network = None if isinstance(settings, FolderSettings) else settings
        self._attempts = network.attempts if network else 1
        self._seconds = network.file_seconds if network else float("inf")
        self._patience = Patience()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Place {self.name}>"

    @property
    def name(self) -> str:
        """What people call the place; never holds a secret."""
        return self._wire.name

    def close(self) -> None:
        """Ends the connection."""
        self._wire.close()

    def list(self) -> list[RemoteFile]:
        """The files there with plain names, by name. Folders, hidden files and odd names are left out.

        Raises SourceUnreadable where the place does not answer, UsageError where a setting or secret is wrong.
        """
        with _as_reading(self.name):
            files = self._again(lambda _: self._wire.files())
        return sorted((file for file in files if is_plain(file.name)), key=lambda file: file.name)

    def fetch(self, file: RemoteFile, to: Path, progress: Progress = no_progress) -> Fetched:
        """Brings the file to the path ``to``, whole or not at all; what lay there is replaced.

        An attempt that fails is resumed where the place allows it. Size and, where the place has one, checksum are
        verified. Raises SourceUnreadable (its ``rule`` is one of RULES), UsageError where a setting is wrong.
        """
        part = to.with_name(f".{to.name}.part")
        with _as_reading(self.name, file.name):
            self._small_enough(file.size or 0, file.name)
            part.unlink(missing_ok=True)
            report = self._reporter(f"fetching {file.name}", file.size or 0, file.name, progress)
            try:
                got, attempts, verified = self._again(lambda attempt: self._fetched(file, part, attempt, report))
                part.replace(to)
            except OSError as error:
                raise _no_room(to.parent, error) from error
            finally:
                part.unlink(missing_ok=True)
        return Fetched(to, got.size, got.sha256, got.md5, attempts, verified)

    def _fetched(self, file: RemoteFile, part: Path, attempt: int, report: Report) -> tuple[Digests, int, str]:
        try:
            self._resumed(file, part, report)
            got = digests(part)
            return got, attempt, self._verified(file, got)
        except Fault as fault:
            if fault.why in (Why.INCOMPLETE, Why.CHECKSUM):
                part.unlink(missing_ok=True)  # the next attempt starts anew
            raise

    def _verified(self, file: RemoteFile, got: Digests) -> str:
        """How it was verified that the file came whole."""
        if file.size not in (None, got.size):
            text = f"{file.name} has {file.size:,} bytes in the listing, and {got.size:,} came."
            raise Fault(text, Why.INCOMPLETE, again=True)
        kind, theirs = self._wire.digest(file)
        if kind and theirs.lower() != {"sha-256": got.sha256, "md5": got.md5}[kind]:
            raise Fault(f"{file.name} does not match the checksum that the place states.", Why.CHECKSUM, again=True)
        return kind or ("size" if file.size is not None else "not verifiable")

    def _resumed(self, file: RemoteFile, part: Path, report: Report) -> None:
        """Fetches what is missing of the file."""
        start = part.stat().st_size if part.exists() else 0
        if start and file.size is not None and start >= file.size:
            return
        start, chunks = self._wire.read(file, start)
        with part.open("r+b" if start else "wb") as out, closing(chunks):
            out.seek(start)
            for chunk in chunks:
                out.write(chunk)
                self._small_enough(out.tell(), file.name)
                report(out.tell())

    def _small_enough(self, size: int, name: str) -> None:
        if size > self._max_bytes:
            text = f"{name} has more than {self._max_bytes:,} bytes. If that is right, raise max_bytes."
            raise Fault(text, Why.TOO_LARGE)

    def deliver(
        self,
        files: Sequence[Outgoing],
        progress: Progress = no_progress,
        *,
        look_first: Mapping[str, Collection[int]] | None = None,
    ) -> tuple[Delivered, ...]:
        """Delivers the files, and says how the arrival of each was verified.

        All are uploaded before the first is published, where the transport can do that. A file that arrived is not sent
        again by a new attempt at another. ``look_first``: after a run that ended while it sent, what lies there already
        is not sent again (``attempts`` is 0 then); it gives the sizes of what else may lie there, by name. Raises
        NotDelivered, UsageError where a setting, secret or permission is wrong, and Refused (why: ``empty``) where
        there is nothing to send or a file has no bytes.
        """
        with self._staged(files) as ready:
            there = {}
            if look_first is not None:
                found = self._found(ready, look_first)
                there = {file.name: _as_delivered(file, found[file.name]) for file in ready if found[file.name].there}
            missing = [] if len(there) == len(ready) else self._to_send(ready, there)
            attempts: dict[str, int] = {}
            try:
                for file in missing:
                    attempts[file.name] = self._uploaded(file, progress)
                published = self._again(lambda _: self._wire.publish(missing)) if missing else ()
            except Fault as fault:
                if not fault.again:  # otherwise the next run goes on where this one stopped
                    self._wire.discard(missing)
                raise self._undelivered(fault) from None
            except BaseException:
                self._wire.discard(missing)
                raise
        for file, (where, verified, why) in zip(missing, published, strict=True):
            there[file.name] = Delivered(file.name, where, file.size, file.sha256, attempts[file.name], verified, why)
        return tuple(there[file.name] for file in ready)

    def look_up(self, files: Sequence[Outgoing], others: Mapping[str, Collection[int]]) -> tuple[Found, ...]:
        """What a look at the place says of each file. ``others``: the sizes of what else may lie there, by name.

        Raises what ``deliver`` raises.
        """
        with self._staged(files) as ready:
            return tuple(self._found(ready, others).values())

    def remove(self, name: str) -> None:
        """Removes a file. Raises NotDelivered where that is not possible, UsageError where it is not permitted."""
        try:
            self._again(lambda _: self._wire.remove(name))
        except Fault as fault:
            raise self._undelivered(fault) from None

    @contextmanager
    def _staged(self, files: Sequence[Outgoing]) -> Iterator[Sequence[Staged]]:
        """The files as they lie on this machine until the block ends."""
        check_names([file.name for file in files])
        if self._one_file and len(files) > 1:
            raise UsageError(f"{self.name} takes one file, and here are {len(files)}. Give each an address of its own.")
        self._wire.visible.clear()
        with tempfile.TemporaryDirectory(prefix="rosterkit-", ignore_cleanup_errors=True) as scratch:
            yield [staged(file, Path(scratch, str(number))) for number, file in enumerate(files)]

    def _found(self, files: Sequence[Staged], others: Mapping[str, Collection[int]]) -> dict[str, Found]:
        """What a look at the place says, by name."""

        def look(file: Staged) -> Found:
            return self._again(lambda _: self._wire.look_up(file, others.get(file.name, ())))

        try:
            return {file.name: look(file) for file in files}
        except Fault as fault:
            raise self._undelivered(fault) from None

    def _to_send(self, files: Sequence[Staged], there: dict[str, Delivered]) -> Sequence[Staged]:
        """What has to be sent: what is not there; everything, where the files are swapped as one."""
        if self._as_one:
            there.clear()
        return [file for file in files if file.name not in there]

    def _uploaded(self, file: Staged, progress: Progress) -> int:
        report = self._reporter(f"sending {file.name}", file.size, file.name, progress)
        before = file.path.stat()

        def upload(attempt: int) -> int:
            self._wire.upload(file, report)
            return attempt

        attempts = self._again(upload)
        after = file.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Fault(f"{file.name} changed on this machine while it was sent. Send it again.", Why.CHANGED)
        return attempts

    def _undelivered(self, fault: Fault) -> UsageError | NotDelivered:
        arrived = tuple(sorted(self._wire.visible))
        message = f"{self.name}: {fault}" + (" Send again later." if fault.again else "")
        if arrived:
            message += f" What had arrived before: {', '.join(arrived)}."
        if fault.why is Why.SETTINGS:
            return UsageError(message)
        return NotDelivered(message, why=str(fault.why), delivered=arrived)

    def _reporter(self, what: str, total: int, name: str, progress: Progress) -> Report:
        """Reports progress, and stops what takes too long."""
        deadline = time.monotonic() + self._seconds

        def report(done: int) -> None:
            if time.monotonic() > deadline:
                text = f"{name} took longer than {self._seconds:g} seconds. If that is right, raise file_seconds."
                raise Fault(text, Why.TIME)
            progress(what, done, total)

        return report

    def _again(self, work: Callable[[int], _T]) -> _T:
        """The result of the work, which is given the number of the attempt, from 1."""
        from rosterkit.transport.retries import retries  # noqa: PLC0415 - stamina and structlog: 60 ms of every verb

        number = 0

        def helps(error: Exception) -> bool | float:
            unreached = isinstance(error, Fault) and error.why is Why.UNREACHABLE and not error.busy
            return False if unreached and self._patience.ends(number) else _helps(error)

        for attempt in retries(
            on=helps, attempts=self._attempts, timeout=None, wait_initial=_FIRST_WAIT, wait_max=_LONGEST_WAIT
        ):
            with attempt:
                number = attempt.num
                done = work(number)
                self._patience.answered = True
                return done
        raise AssertionError("the last attempt returns or raises")


def _as_delivered(file: Staged, found: Found) -> Delivered:
    return Delivered(file.name, found.where, file.size, file.sha256, 0, found.verified, found.why)


def _helps(error: Exception) -> bool | float:
    """Whether a new attempt may help; or after how many seconds, where the place says so."""
    if not isinstance(error, Fault) or not error.again or (error.after or 0) > _LONGEST_ASKED_WAIT:
        return False
    return True if error.after is None else error.after


@contextmanager
def _as_reading(place: str, file: str = "") -> Iterator[None]:
    try:
        yield
    except Fault as fault:
        message = f"{place}: {fault}"
        if fault.why is Why.SETTINGS:
            raise UsageError(message) from None
        if fault.again:
            message += " Try again later."
        raise SourceUnreadable(message, rule=f"place.{fault.why}", file=file) from None


def _no_room(folder: Path, error: OSError) -> Fault:
    text = (
        f"The file cannot be written to {folder}: {error.strerror or os.strerror(error.errno or 0)}. Make room there."
    )
    return Fault(text, Why.NO_ROOM)
