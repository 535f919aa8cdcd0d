"""Whether the values of a field stand in other rows than theirs: the rule "moved" of docs/architecture.md, plain."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

Change = tuple[str | None, str | None, int | None]  # before, after, line

MOST, NEIGHBOURS, FEW = 0.8, 0.6, 12
WORDS = ("null", "none", "nan", "n/a", "#n/a", "#ref!", "undefined", "(null)")
BROKEN = re.compile("[ÃÂ\ufffd]|â€")


def grade(value: str) -> int | None:
    found = re.fullmatch(r'\["(\d\d|KG)"\]', value)
    return None if not found else 0 if found[1] == "KG" else int(found[1])


def years_apart(before: str, after: str) -> bool:
    try:
        return 330 <= abs((date.fromisoformat(after) - date.fromisoformat(before)).days) <= 400
    except ValueError:
        return False


def steps(before: str, after: str) -> int | None:
    old, new = grade(before), grade(after)
    return new - old if old is not None and new is not None else None


PLAIN: tuple[Callable[[str, str], bool], ...] = (
    lambda _, after: after.lower() in WORDS,
    lambda before, after: before.lower() == after.lower(),
    lambda before, after: bool(BROKEN.search(after)) and not BROKEN.search(before),
    lambda before, after: before.lstrip("0") == after.lstrip("0"),
    lambda before, after: after.endswith(before) and len(before) > 1,
    lambda before, after: steps(before, after) == 1,
    lambda before, after: steps(before, after) == -1 or years_apart(before, after),
)


def explained(changes: Sequence[Change]) -> bool:
    """Whether another cause is named than values of other rows."""
    if sum(after is None for _, after, _ in changes) >= MOST * len(changes):
        return True
    for fits in PLAIN:
        word = fits is PLAIN[0]  # it looks at the new value alone
        met = [(b or "", a) for b, a, _ in changes if a is not None and (b is not None or word)]
        if sum(fits(b, a) for b, a in met) >= MOST * len(changes):
            return True
    return renamed_domain(changes) or same_everywhere(changes)


def renamed_domain(changes: Sequence[Change]) -> bool:
    def local(value: str | None) -> str | None:
        return value.lower().rpartition("@")[0] or None if value and "@" in value else None

    same = [1 for before, after, _ in changes if local(before) is not None and local(before) == local(after)]
    return bool(same) and len(same) >= MOST * len(changes)


def same_everywhere(changes: Sequence[Change]) -> bool:
    if len({after for _, after, _ in changes}) == 1:
        return True
    pairs = {(before, after) for before, after, _ in changes}
    return len(pairs) <= FEW and all(None not in pair and pair[::-1] in pairs for pair in pairs)


def moved(changes: Sequence[Change]) -> bool:
    """Whether most new values are those of other records: of the row before or after, or anywhere."""
    if explained(changes):
        return False
    before_at = {line: before for before, _, line in changes if line is not None}
    for step in (1, -1):
        near = sum(
            after is not None and line is not None and before_at.get(line - step) == after for _, after, line in changes
        )
        if near >= NEIGHBOURS * len(changes):
            return True
    known = {before for before, _, _ in changes}
    new = [after for _, after, _ in changes if after is not None]
    return bool(new) and sum(after in known for after in new) >= MOST * len(new)


def swapped_names(given: dict[str, Change], family: dict[str, Change]) -> bool:
    both = [(given[key], family[key]) for key in given if key in family]
    hits = sum(g[1] is not None and g[1] == f[0] and f[1] is not None and f[1] == g[0] for g, f in both)
    return bool(both) and hits >= MOST * len(both)
