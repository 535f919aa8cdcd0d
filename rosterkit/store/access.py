"""Who may open the pages, and who looked at what: accounts, sessions and the audit log, in access.db.

A file of its own, beside roster.db: a log-in never waits for a long apply, and a backup of the roster that is put back
brings no old session back and takes no line out of the audit log. Passwords are argon2id hashes, session ids and tokens
SHA-256: neither can be used by whoever reads the file. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rosterkit.errors import Refused, UsageError
from rosterkit.store.plans import moment, now

FILE = "access.db"
_TABLES = """
create table if not exists account (name text primary key, role text not null, schools text not null,
  password text not null, at text not null) without rowid;
create table if not exists session (hash text primary key, account text, csrf text not null, data text not null,
  begun_at text not null, seen_at text not null) without rowid;
create table if not exists failure (what text not null, at text not null);
create index if not exists ix_failure on failure (what, at);
create table if not exists audit (id integer primary key, at text not null, actor text not null, action text not null,
  verb text not null, subject text not null, records text not null, address text not null,
  way text not null default 'web');
create index if not exists ix_audit_at on audit (at);
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. ``schools``: sourced ids of the only schools that the account sees; empty: all."""

    name: str
    role: str
    schools: tuple[str, ...]
    at: datetime
    has_password: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that was here: ``account`` is "" until somebody logs in."""

    account: str
    csrf: str
    data: dict[str, str]
    begun_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by which way: ``web`` (from a browser's address), ``command line`` (of an operating system's
    account), or ``program`` (any other that uses a workspace).
    """

    way: str = "program"
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log."""

    id: int
    at: datetime
    actor: str
    action: str  # view | act | log-in
    verb: str  # the page, or what was done
    subject: str  # a plan, feed or rule
    records: tuple[str, ...]  # "User stu-1017": the records that were shown or changed
    address: str  # of the browser; of the command line the account of the operating system
    way: str  # web | command line | program


@contextmanager
def opened(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of the workspace in this folder, made where there is none; readable by its owner only."""
    path = folder / FILE
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("pragma journal_mode=wal")
        columns = [row[1] for row in connection.execute("pragma table_info(audit)")]
        if not columns:
            connection.executescript(_TABLES)
        elif "way" not in columns:  # of an older rosterkit, whose lines are all of the page
            connection.execute("alter table audit add column way text not null default 'web'")
        yield connection


def _account(row: Sequence[str]) -> Account:
    return Account(row[0], row[1], tuple(json.loads(row[2])), moment(row[4]), bool(row[3]))


def accounts(connection: sqlite3.Connection) -> tuple[Account, ...]:
    """Every account, by name."""
    return tuple(map(_account, connection.execute("select name, role, schools, password, at from account")))


def account(connection: sqlite3.Connection, name: str) -> Account | None:
    """The account of that name; None where there is none."""
    query = "select name, role, schools, password, at from account where name=?"
    row = connection.execute(query, (name,)).fetchone()
    return _account(row) if row else None


def password_of(connection: sqlite3.Connection, name: str) -> str:
    """The argon2id hash; "" where there is no such account, or it logs in elsewhere."""
    row = connection.execute("select password from account where name=?", (name,)).fetchone()
    return str(row[0]) if row else ""


def add_account(connection: sqlite3.Connection, name: str, role: str, schools: Sequence[str], password: str) -> None:
    """Adds an account; Refused where the name is taken."""
    try:
        connection.execute(
            "insert into account values (?,?,?,?,?)", (name, role, json.dumps(list(schools)), password, _now())
        )
    except sqlite3.IntegrityError:
        raise Refused(f"There is an account {name} already.", why="exists") from None


def remove_account(connection: sqlite3.Connection, name: str) -> None:
    """Removes an account and ends its sessions; UsageError where there is none."""
    if not connection.execute("delete from account where name=?", (name,)).rowcount:
        raise UsageError(f"There is no account {name}. rosterkit web user list shows them.")
    end_sessions_of(connection, name)


def set_password(connection: sqlite3.Connection, name: str, password: str) -> None:
    """Sets another hash and ends the sessions of the account; UsageError where there is none."""
    if not connection.execute("update account set password=? where name=?", (password, name)).rowcount:
        raise UsageError(f"There is no account {name}. rosterkit web user list shows them.")
    end_sessions_of(connection, name)


def begin_session(connection: sqlite3.Connection, key: str, account: str, csrf: str, data: dict[str, str]) -> None:
    """Stores a session under the hash of its id."""
    at = _now()
    connection.execute("insert into session values (?,?,?,?,?,?)", (key, account, csrf, json.dumps(data), at, at))


def session(connection: sqlite3.Connection, key: str, *, idle: timedelta, longest: timedelta) -> Session | None:
    """The session under that hash, which is seen now; None where there is none or its time is over."""
    query = "select account, csrf, data, begun_at, seen_at from session where hash=?"
    row = connection.execute(query, (key,)).fetchone()
    if row is None:
        return None
    found = Session(row[0], row[1], json.loads(row[2]), moment(row[3]), moment(row[4]))
    at = now()
    if at - found.seen_at > idle or at - found.begun_at > longest:
        end_session(connection, key)
        return None
    if at - found.seen_at > timedelta(minutes=1):
        connection.execute("update session set seen_at=? where hash=?", (at.isoformat(), key))
    return found


def keep(connection: sqlite3.Connection, key: str, data: Mapping[str, str]) -> None:
    """Keeps something with a session."""
    connection.execute("update session set data=? where hash=?", (json.dumps(dict(data)), key))


def end_session(connection: sqlite3.Connection, key: str) -> None:
    """Ends a session, and forgets all that are older than a week."""
    old = (now() - timedelta(days=7)).isoformat()
    connection.execute("delete from session where hash=? or begun_at<?", (key, old))


def end_sessions_of(connection: sqlite3.Connection, account: str) -> None:
    """Ends every session of an account."""
    connection.execute("delete from session where account=?", (account,))


def try_log_in(connection: sqlite3.Connection, limits: Mapping[str, int], *, within: timedelta) -> list[int] | None:
    """Counts a log-in before it is looked at; None where one of ``limits`` was reached of late.

    ``limits``: how many log-ins that are not taken back may be counted, by a text that names a name or an address.
    """
    since, old = (now() - within).isoformat(), (now() - timedelta(days=1)).isoformat()
    connection.execute("begin immediate")
    try:
        connection.execute("delete from failure where at<?", (old,))
        query = "select count(*) from failure where what=? and at>=?"
        counts = {what: connection.execute(query, (what, since)).fetchone()[0] for what in limits}
        if any(counts[what] >= limit for what, limit in limits.items()):
            return None
        add = "insert into failure values (?,?)"
        return [int(connection.execute(add, (what, _now())).lastrowid or 0) for what in limits]
    finally:
        connection.execute("commit")


def take_back(connection: sqlite3.Connection, counted: Sequence[int]) -> None:
    """A log-in that was counted succeeded."""
    connection.executemany("delete from failure where rowid=?", [(one,) for one in counted])


def record(
    connection: sqlite3.Connection,
    actor: str,
    action: str,
    verb: str,
    *,
    subject: str = "",
    records: Sequence[str] = (),
    address: str = "",
    way: str = "web",
) -> None:
    """Writes a line of the audit log: ids only, never a name or a value."""
    values = (_now(), actor, action, verb, subject, json.dumps(list(records)), address, way)
    columns = "at, actor, action, verb, subject, records, address, way"
    connection.execute(f"insert into audit ({columns}) values (?,?,?,?,?,?,?,?)", values)


def forget(connection: sqlite3.Connection, kinds: Collection[str], hashed: Mapping[str, str]) -> None:
    """Puts hashes in the place of the sourced ids of who was purged, and of their records of these kinds."""
    connection.execute("pragma secure_delete=on")
    for number, text in connection.execute("select id, records from audit").fetchall():
        named = [one.partition(" ") for one in json.loads(text)]
        kept = [f"{kind} {hashed.get(key, key) if kind in kinds else key}" for kind, _, key in named]
        if kept != json.loads(text):
            connection.execute("update audit set records=? where id=?", (json.dumps(kept), number))
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)")


def entries(
    connection: sqlite3.Connection,
    *,
    actor: str = "",
    record: str = "",
    since: datetime | None = None,
    limit: int = 100,
    before: int = 0,
) -> tuple[Entry, ...]:
    """The newest lines first: of one actor, of one record by its sourced id, since a time, before a line; 0 is all."""
    query = (
        "select id, at, actor, action, verb, subject, records, address, way from audit where (?1='' or actor=?1) "
        "and (?2='' or exists (select 1 from json_each(records) where substr(value, instr(value, ' ') + 1)=?2)) "
        "and at>=?3 and (?4=0 or id<?4) order by id desc limit ?5"
    )
    start = since.isoformat() if since else ""
    rows = connection.execute(query, (actor, record, start, before, limit or -1))
    return tuple(
        Entry(number, moment(at), who, action, verb, subject, tuple(json.loads(records)), address, way)
        for number, at, who, action, verb, subject, records, address, way in rows
    )


def _now() -> str:
    return now().isoformat()
