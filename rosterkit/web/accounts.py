"""Accounts of the page: passwords as argon2id hashes, log-ins that are slowed down where they fail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rosterkit.errors import Refused, UsageError
from rosterkit.plan.policy import ROLES
from rosterkit.store import access
from rosterkit.store.access import Account

SHORTEST = 12
"""Characters of a password."""

_LONGEST = 512  # hashing takes longer by length
_WINDOW = timedelta(minutes=15)
_OF_BOTH = 5  # failures of one name from one address in that time, then both wait
_OF_NAME = 30  # of one name from anywhere: nobody is kept out by a few failures of somebody else
_OF_ADDRESS = 20  # of one address
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash("nobody has this password")
"""Hashed for a name that has no account: the answer takes as long."""


def add(
    folder: Path,
    name: str,
    role: str,
    password: str,
    *,
    schools: Sequence[str] = (),
    known: Sequence[str] = (),
    provider: bool = False,
) -> None:
    """Adds an account. ``provider``: it has no password. ``known``: the schools that there are.

    Raises UsageError for an unknown role or school, or a short password, and Refused where the name is taken.
    """
    if not name.strip() or len(name) > 200 or ":" in name or any(not c.isprintable() for c in name):
        raise UsageError("A name is one line of text without a colon, of at most 200 characters.")
    if role not in ROLES:
        raise UsageError(f'There is no role "{role}". It is one of {", ".join(ROLES)}.')
    if unknown := sorted(set(schools) - set(known)):
        raise UsageError(f"There is no school {', '.join(unknown)} in the store. Schools are named by sourced id.")
    hashed = "" if provider else _hashed(password)
    with access.opened(folder) as connection:
        access.add_account(connection, name.strip(), role, schools, hashed)


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= _LONGEST:
        raise UsageError(f"A password has {SHORTEST} to {_LONGEST} characters.")
    return _HASHER.hash(password)


def listed(folder: Path) -> tuple[Account, ...]:
    """Every account, by name."""
    with access.opened(folder) as connection:
        return access.accounts(connection)


def remove(folder: Path, name: str) -> None:
    """Removes an account, and ends its sessions."""
    with access.opened(folder) as connection:
        access.remove_account(connection, name)


def change_password(folder: Path, name: str, password: str) -> None:
    """Sets another password, and ends the account's sessions."""
    hashed = _hashed(password)
    with access.opened(folder) as connection:
        access.set_password(connection, name, hashed)


def log_in(folder: Path, name: str, password: str, address: str) -> Account:
    """The account; Refused, with one message for all reasons, where name or password is wrong.

    Raises Refused (``too-many``) where too many log-ins of this name, or from this address, failed of late.
    """
    limits = {f"name {name} at {address}": _OF_BOTH, f"name {name}": _OF_NAME, f"address {address}": _OF_ADDRESS}
    with access.opened(folder) as connection:
        counted = access.try_log_in(connection, limits, within=_WINDOW)
        if counted is None:
            raise Refused("Too many log-ins failed. Wait a quarter of an hour, then try again.", why="too-many")
        hashed = access.password_of(connection, name)
        found = access.account(connection, name)
        if not _verified(hashed or _NOBODY, password) or not hashed or found is None:
            # What was typed as a name may be a password: only a known name is written down.
            access.record(connection, name if found else "", "log-in", "refused", address=address)
            raise Refused("The name or the password is wrong.", why="log-in")
        access.take_back(connection, counted)
        access.record(connection, name, "log-in", "password", address=address)
    return found


def _verified(hashed: str, password: str) -> bool:
    if len(password) > _LONGEST:
        return False
    try:
        return _HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
