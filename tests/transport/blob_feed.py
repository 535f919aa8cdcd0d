"""A feed that builds files of any size, other ones for each day: what is sent is not the question here."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import IO, Any

from rosterkit import registry
from rosterkit.feeds.base import FeedContext, FeedFile, LastSent, Outcome, Roster, VendorFacts, Verdict
from rosterkit.feeds.settings import FeedSettings
from rosterkit.roster import findings

__all__ = ["BLOB", "blob", "install", "write"]

_LARGE = 64 << 20


def blob(day: date, size: int, number: int = 0) -> bytes:
    """The bytes of that day's file."""
    return random.Random(f"{day} {number}").randbytes(size)


def write(day: date, size: int, out: IO[bytes]) -> None:
    """As many bytes, a piece at a time; they do not compress."""
    piece = random.Random(str(day)).randbytes(1 << 20)
    for number in range(size >> 20):
        out.write(number.to_bytes(8, "big") + piece[8:])
    out.write(piece[: size % (1 << 20)])


class _Settings(FeedSettings):
    size: int = 3_000
    files: int = 1


class _Blob:
    kind = "blob"
    rules = ()
    vendor = VendorFacts("Birchwood Reader", "users.csv", ("folder", "sftp", "s3", "https"), "none", "absent")
    Settings = _Settings

    def build(self, roster: Roster, settings: Any, context: FeedContext) -> Sequence[FeedFile]:
        del roster
        if settings.size > _LARGE:
            return [FeedFile("users.csv", partial(write, context.as_of, settings.size), 1)]
        names = ["users.csv", *(f"more{n}.csv" for n in range(1, settings.files))]
        return [FeedFile(name, blob(context.as_of, settings.size, n), 1) for n, name in enumerate(names)]

    def check(self, files: Sequence[FeedFile], last_sent: LastSent | None, settings: Any) -> Verdict:
        del last_sent, settings
        return Verdict(Outcome.ACCEPTED, findings.empty(), {file.name: 1 for file in files})

    def identifiers(self, settings: Any) -> Mapping[str, str]:
        del settings
        return {}


BLOB = _Blob()


def install() -> None:
    """Makes it a kind of feed, in this process."""
    known = registry.feed
    registry.feed = lambda kind: BLOB if kind == "blob" else known(kind)  # type: ignore[assignment,return-value] # a feed as others
