"""The rule "The turn of a term" of docs/architecture.md, slow and plain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from oracle_words import Planned, Record, every, target

from rosterkit.plan.calendar import RolloverSettings

WITH_TERM = ("ClassTerm", "Enrollment")


@dataclass(frozen=True)
class Turn:
    """The day, and what is set for the turn of a term."""

    as_of: date
    rollover: RolloverSettings

    @property
    def text(self) -> str:
        return self.as_of.isoformat()


def is_over(session: Record | None, turn: Turn) -> bool:
    return bool(session and session.new["end_date"] and session.new["end_date"] <= turn.text)


def stored_terms(planned: Planned, key: str) -> list[Record]:
    return [t for t in planned["ClassTerm"].values() if t.was_active and t.old["class"] == key]


def known_to_end(session: Record, turn: Turn) -> bool:
    """Its end was stored before it came."""
    end = session.old["end_date"] if session.was_active else None
    assert not end or (session.stored and session.stored.updated)
    return bool(end and end <= turn.text and session.stored and session.stored.updated.isoformat() < end)  # type: ignore[union-attr] # as above


def close_ended(planned: Planned, turn: Turn) -> None:
    """Archives what ended, and drops what the source would bring back of it."""
    if not turn.rollover.close_ended:
        return
    known = {key for key, s in planned["AcademicSession"].items() if known_to_end(s, turn)}
    sessions = {key for key in known if is_over(planned["AcademicSession"][key], turn) and may_close(planned, key)}
    classes = {key for key in planned["Class"] if class_ends(planned, key, known, sessions, turn)}
    courses = {key for key in planned["Course"] if course_ends(planned, key, known, sessions, classes)}
    for name, keys in (("AcademicSession", sessions), ("Class", classes), ("Course", courses)):
        for key in keys:
            end(planned[name][key])
    if any(
        s.stored and s.old["end_date"] and s.old["end_date"] <= turn.text for s in planned["AcademicSession"].values()
    ):
        drop_what_returns(planned, turn)


def may_close(planned: Planned, key: str) -> bool:
    return not planned["AcademicSession"][key].protected


def class_ends(planned: Planned, key: str, known: set[str], sessions: set[str], turn: Turn) -> bool:
    """Each of its terms is over, and it gets none that is not."""
    record, terms = planned["Class"][key], stored_terms(planned, key)
    if not record.was_active or record.protected or not terms or not {t.old["session"] for t in terms} <= known:
        return False
    goes_on = any(t.old["session"] not in sessions for t in terms)
    moved = [t for t in planned["ClassTerm"].values() if t.action in ("create", "restore", "update")]
    new = [t.new["session"] for t in moved if t.new["class"] == key]
    return not goes_on and all(is_over(target_session(planned, one), turn) for one in new if one is not None)


def target_session(planned: Planned, key: str | None) -> Record | None:
    return planned["AcademicSession"].get(key or "")


def course_ends(planned: Planned, key: str, known: set[str], sessions: set[str], classes: set[str]) -> bool:
    """Its school year is over, and no class needs it."""
    record = planned["Course"][key]
    if not record.was_active or record.protected or record.old["school_year"] not in known:
        return False
    others = [c for c in planned["Class"].values() if c.key not in classes and (c.was_active or c.delivered)]
    needed = any(key in ((c.old["course"], c.new["course"]) if c.was_active else (c.new["course"],)) for c in others)
    return not needed and record.new["school_year"] in sessions


def end(record: Record) -> None:
    record.action, record.how, record.hold = "archive", "ended", ""
    record.new = dict(record.old)


def ends(record: Record) -> bool:
    return record.action == "archive" and record.how == "ended" and not record.hold


def drop_what_returns(planned: Planned, turn: Turn) -> None:
    """Restores of sessions that are over, and of what belongs to none but those."""
    back = {name: {k for k, r in planned[name].items() if r.action == "restore" and not r.hold} for name in planned}
    sessions = planned["AcademicSession"]
    over = {key for key in back["AcademicSession"] if is_over(sessions[key], turn)}
    past = over | {key for key, s in sessions.items() if ends(s)}
    listed = [t for t in planned["ClassTerm"].values() if t.delivered and not t.delivered.deleted]
    done = {
        t.key for t in listed if t.new["session"] in past or is_over(target_session(planned, t.new["session"]), turn)
    }
    classes = set()
    for key in back["Class"]:
        terms = {t.key for t in listed if t.new["class"] == key}
        classes |= {key} if terms and terms <= done else set()
    gone = classes | {key for key, c in planned["Class"].items() if ends(c)}
    dropped = [sessions[key] for key in over] + [planned["Class"][key] for key in classes]
    dropped += [planned["ClassTerm"][key] for key in done & back["ClassTerm"]]
    dropped += [planned["Course"][k] for k in back["Course"] if planned["Course"][k].new["school_year"] in past]
    coming = [r for r in planned["Enrollment"].values() if r.action in ("create", "restore") and not r.hold]
    dropped += [r for r in coming if r.new["class"] in gone]
    for record in dropped:
        record.action, record.how = "", "ended"


def ended_too(planned: Planned) -> None:
    """What goes with what ended leaves for that reason as well."""
    for record in every(planned):
        if record.entity.name in WITH_TERM and record.action == "archive" and not record.hold:
            parents = [target(planned, c, record.old[c.label]) for c in record.entity.refs if c.required]
            if any(parent is not None and ends(parent) for parent in parents):
                record.how = "ended"


def sessions_of(planned: Planned, key: str) -> list[Record | None]:
    """Of a class: those of stored terms, and of terms that come."""
    terms = stored_terms(planned, key)
    coming = [t for t in planned["ClassTerm"].values() if t.action in ("create", "restore") and not t.hold]
    found = {t.old["session"] for t in terms} | {t.new["session"] for t in coming if t.new["class"] == key}
    return [target_session(planned, one) for one in found]


def begins(record: Record, planned: Planned, turn: Turn) -> bool:
    """Every session of a class that comes, or of what belongs to it, is about to begin or just did."""
    since = (turn.as_of - timedelta(days=turn.rollover.settling_days)).isoformat()
    if record.entity.name == "Course":
        sessions = [target_session(planned, record.new["school_year"])]
    elif record.entity.name in ("Class", *WITH_TERM):
        key = record.key if record.entity.name == "Class" else record.new["class"]
        sessions = sessions_of(planned, str(key))
    else:
        return False
    return bool(sessions) and all(s is not None and (s.new["start_date"] or "") > since for s in sessions)


def hold_early(planned: Planned, turn: Turn) -> bool:
    """New classes of the next school year wait for the release date; whether any does."""
    release = turn.rollover.release_date
    if not release or turn.text >= release:
        return False
    stored = [s.old for s in planned["AcademicSession"].values() if s.stored]
    years = [s["school_year"] or "" for s in stored if s["start_date"] and s["start_date"] <= turn.text]
    now = max(years, default="")

    def later(session: Record | None) -> bool:
        if session is None or (session.new["start_date"] or "") <= turn.text:
            return False
        return session.new["school_year"] is None or session.new["school_year"] > now

    coming = [c for c in planned["Class"].values() if c.action in ("create", "restore") and not c.hold]
    early = [c for c in coming if (found := sessions_of(planned, c.key)) and all(map(later, found))]
    for record in early:
        record.hold = "early"
    return bool(early)
