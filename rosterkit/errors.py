"""What can go wrong with a run, sorted by what the caller can do about it.

A *finding* is about data and never an exception. An exception is about the run. Every message is a sentence that
says what to do next; none carries personal data. Each class knows its exit code (docs/exit-codes.md).

    RosterkitError
    ├── NotDelivered        1   send again later, or look at the vendor's side
    ├── UsageError          2   mend the command or the configuration
    ├── SourceUnreadable    3   look at the package or the place it comes from
    ├── Refused             4   the plan, the state or the policy says no
    ├── Busy                5   another run holds the workspace: try again later
    └── InternalError      70   our own fault: report it
"""

from __future__ import annotations

__all__ = ["Busy", "InternalError", "NotDelivered", "Refused", "RosterkitError", "SourceUnreadable", "UsageError"]


class RosterkitError(Exception):
    """The root of everything rosterkit raises on purpose."""

    exit_code = 70


class NotDelivered(RosterkitError):  # noqa: N818 - the names say what happened, not that it is an error
    """Files did not arrive, or nobody can be sure of it; what is stored here was not changed.

    ``why`` is a stable word for machines, ``delivered`` names the files of the delivery that did arrive.
    """

    exit_code = 1

    def __init__(self, message: str, *, why: str, delivered: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.why = why
        self.delivered = delivered


class UsageError(RosterkitError):
    """The command or the configuration is wrong, and the message says how to mend it."""

    exit_code = 2


class SourceUnreadable(RosterkitError):  # noqa: N818 - as above
    """The source cannot be read at all; nothing was changed.

    ``rule`` is the code of the rule in the catalogue (``rosterkit rules``), ``file`` and ``line`` where, if known.
    """

    exit_code = 3

    def __init__(self, message: str, *, rule: str, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.rule = rule
        self.file = file
        self.line = line


class Refused(RosterkitError):  # noqa: N818 - as above
    """The plan, the state of the store or the policy forbids it; ``why`` is a stable word for machines."""

    exit_code = 4

    def __init__(self, message: str, *, why: str) -> None:
        super().__init__(message)
        self.why = why


class Busy(RosterkitError):  # noqa: N818 - as above
    """Another run holds the workspace."""

    exit_code = 5


class InternalError(RosterkitError):
    """A promise that rosterkit makes to itself was broken; nothing was written."""

    exit_code = 70
