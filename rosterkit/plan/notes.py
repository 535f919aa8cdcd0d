"""What a reviewer reads first: why a person must approve a plan, and notes on what it holds and could not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rosterkit.plan.causes import SUSPECTED
from rosterkit.plan.changes import Changes
from rosterkit.plan.merge import Delivered, coverages
from rosterkit.sources.base import Coverage, TableCoverage, coverage_in_words

_HELD = {
    "limit": "held by a limit on what may change in one run",
    "case": "held: an id, number or username may have been reused for another person",
    "person": "set aside by a person",
    "undo": "held because a person undid them",
    "policy": "kept by policy",
    "early": "of the next school year, which is not released yet",
    "grace": "gone from the source for a few days only, and waiting with what belongs to them",
    "protected": "kept: a row that cannot be read may be about them",
    "needed": "held: what depends on it would be lost",
    "dependant": "held because it depends on something that is held",
}
"""By code of a hold, what a note says of the records."""


_LONG = 31
"""Days without a plan after which a machine's clock, or a date that was typed, may be wrong."""


def needs_person(
    changes: Changes,
    mode: str,
    settings_digest: str,
    digest_before: str | None,
    known: Collection[str],
    days: int,
) -> str:
    """Why a person must approve these changes; "" where nobody must.

    ``digest_before`` is the settings digest of the last plan that changed the store, None before there is one.
    ``known``: the sources of which the store has a record. ``days``: since the plan that was applied before.
    """
    if changes.empty:
        return ""
    if digest_before is None:
        return "it is the first plan of this source"
    if digest_before != settings_digest:
        return "settings have changed since the last plan that was applied"
    new = {str(source) for frame in changes.create.values() for source in frame["source"].unique()}.difference(known)
    if new:
        return f"it brings the first records of source {', '.join(sorted(new))}"
    orgs = changes.status.get("Org")
    if orgs is not None and "archive" in orgs["action"].to_list():
        return "a school or another organisation would leave, with what belongs to it"
    closing = any((frame["cause"] == "ended").any() for frame in changes.status.values())
    if closing and days > _LONG:
        return f"terms end in it, and its date is {days} days after that of the plan applied before: is it right?"
    return "" if mode == "auto" else f'mode is "{mode}"'


def _records_by_code(held: Changes) -> Counter[str]:
    """How many records each code holds, in whole or in part."""
    found = {(name, *row) for _, name, frame in held.frames() for row in frame[["id", "hold"]].iter_rows()}
    return Counter(code for _, _, code in found)


def _causes(held: Changes) -> list[str]:
    """The causes that limits suspect, each once."""
    reasons = {r for _, _, f in held.frames() for r in f["hold_reason"].filter(f["hold"] == "limit").unique()}
    return sorted({reason.partition(SUSPECTED)[2].removesuffix("?") for reason in reasons if SUSPECTED in reason})


def _on_held(held: Changes) -> list[str]:
    codes = _records_by_code(held)
    counts = [
        f"{codes[code]} {'record is' if codes[code] == 1 else 'records are'} {text}."
        for code, text in _HELD.items()
        if codes[code]
    ]
    return counts + ([f"Suspected cause: {cause}." for cause in _causes(held)] if codes["limit"] else [])


def notes(
    held: Changes,
    delivered: Sequence[Delivered],
    *,
    failed: Mapping[str, str],
    left: Sequence[str],
    applied_before: bool,
    waiting: int,
    first: bool,
    approvers: Mapping[str, int],
) -> tuple[str, ...]:
    """Sentences that a reviewer should read first.

    ``failed``: by source, why it could not be read. ``left``: what was left for the next run, as sentences.
    ``applied_before``: whether changes in a package were applied already. ``waiting``: how many packages of changes
    the plan covers. ``first``: no plan was applied before. ``approvers``: by who approved held changes and why, how
    many records of them are applied now.
    """
    found = ["This is the first plan of this source: everything in it is new."] if first else []
    found += [f"Source {name} could not be read. Its records stay as they are: {why}" for name, why in failed.items()]
    found += left
    if applied_before:
        found.append("The changes in this package were applied before; they are not applied again.")
    if waiting > 1:
        found.append(f"It covers {waiting} packages of changes that were not applied yet.")
    partial = (
        TableCoverage(entity, str(coverage), reason)
        for (entity, _, _), (coverage, reason) in coverages(delivered).items()
        if coverage == Coverage.PARTIAL
    )
    found += [f"{text}: nobody is archived for being absent there." for text in coverage_in_words(partial)]
    found += [
        f"{count} {'record was' if count == 1 else 'records were'} held before and may change now, approved by {who}."
        for who, count in approvers.items()
    ]
    return (*found, *_on_held(held))
