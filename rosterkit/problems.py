"""Whatever ends a run, as an exit code and a sentence that says what to do next (docs/exit-codes.md)."""

from __future__ import annotations

import sqlite3
import traceback
from pathlib import Path

from rosterkit.errors import InternalError, RosterkitError

_REPORT = "Please report it, with the output of ROSTERKIT_DEBUG=1."


def sentence(problem: BaseException) -> tuple[int, str]:
    """The exit code and the message. Of a stray exception, where it was and never what: it may hold personal data."""
    if isinstance(problem, RosterkitError):
        ours = isinstance(problem, InternalError)
        return problem.exit_code, f"{problem} {_REPORT}" if ours else str(problem)
    if isinstance(problem, OSError):
        return 2, _system(problem)
    if database := _database(problem):
        return 2, database
    return InternalError.exit_code, _fault(problem)


def _system(problem: OSError) -> str:
    place = f": {problem.filename}" if problem.filename else ""
    return f"The system refused ({problem.strerror or type(problem).__name__}{place}). Mend that and run it again."


def _database(problem: BaseException) -> str:
    """The sentence for a database that the system keeps from us or that is damaged; "" for anything else."""
    cause = getattr(problem, "orig", problem)  # what SQLAlchemy wraps
    # The last byte of SQLite's code is the kind; what stands above it says more than a person needs.
    kind = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    place = "roster.db in the workspace"
    if kind in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"{place} is damaged, or no database of rosterkit's. Put back a copy of the folder, and run it again."
    if kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
        return f"{place} cannot be opened or written ({cause}). See that this user may write there, and run it again."
    if kind == sqlite3.SQLITE_FULL:
        return "The disk is full. Nothing was half-written. Make room, and run it again."
    return ""


def _fault(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"This is a fault of rosterkit's own ({type(problem).__name__}{place}). Nothing was half-written. {_REPORT}"
