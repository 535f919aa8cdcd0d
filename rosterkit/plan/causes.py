"""What may have gone wrong in a file, seen from the changes that exceeded a limit. Only then is any of this looked at.

Every answer is a short clause for a reason, "" where nothing is suspected. None holds a value of a person.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches

import polars as pl

from rosterkit.plan.records import KEY_FIELD

SUSPECTED = "; suspected cause: "
REASON = f"{{}}{SUSPECTED}{{}}"
"""Of the reason of a hold: what exceeded the limit, and the suspected cause."""

_MOST = 0.8
_SHIFTED = 0.6  # rows whose neighbour has the same value do not change, and break the row of changes
_FEW_VALUES = 12
_WORDS = ("null", "none", "nan", "n/a", "#n/a", "#ref!", "undefined", "(null)")
_YEAR = (330, 400)  # days

BLANK = "the column is blank or unreadable, or its header is misspelt"
ONE_VALUE = "every row has the same value"
WORD = 'a text such as "NULL" stands where cells were empty'
CASE = "only capital and small letters changed"
ENCODING = "the file was written in another encoding than it was read in"
ZEROS = "leading zeros were lost"
PREFIX = "the values have a prefix that they did not have"
SWAPPED_NAMES = "given and family name are swapped"
SWAPPED = "two values are swapped everywhere"
PROMOTED = "grades rise by one: a promotion at the start of a year"
EARLIER_YEAR = "it is the package of another year"
SHIFTED = "the column is shifted by one row against the others"
MOVED_CELLS = "the cells of each row moved to other columns"
SORTED = "the column was sorted or moved apart from the others: the values of one record stand in another"
RECASED = "the ids were re-issued with other capital letters"
STRIPPED = "the ids lost their leading zeros"
PREFIXED = "the ids were re-issued with a prefix"
REISSUED = "the ids were re-issued: the same records come under other ids"
ANOTHER = "it is the package of another district, or all ids were re-issued"
ROLE_MISSING = "the role is missing from the file"
SCHOOL_MISSING = "a school is missing from the file: was the scope changed?"
SHORT = "the file is short: rows are missing"
DELETED = "the source marks these records as deleted"


def _grade(name: str) -> pl.Expr:
    """The only grade of a list, as a number; kindergarten is 0."""
    one = pl.col(name).str.extract(r'^\["(\d\d|KG)"\]$')
    return one.replace({"KG": "00"}).cast(pl.Int32, strict=False)


def _days() -> pl.Expr:
    return (
        (pl.col("after").str.to_date(strict=False) - pl.col("before").str.to_date(strict=False)).dt.total_days().abs()
    )


def _domain(name: str) -> pl.Expr:
    return pl.col(name).str.extract("@(.*)$").str.to_lowercase()


def misread() -> pl.Expr:
    """Whether a new value looks like UTF-8 that was read as another encoding, and the old one does not."""
    signs = "[ÃÂ\ufffd]|â€"
    return pl.col("after").str.contains(signs) & ~pl.col("before").str.contains(signs)


def is_misread(before: str, after: str) -> bool:
    """Whether the new text is the old one, written as UTF-8 and read as Latin-1 or Windows-1252.

    Control characters do not count: a reader may have left them out.
    """
    written, controls = before.encode(), r"[\x80-\x9f\ufffd]"
    read = {re.sub(controls, "", written.decode(name, errors="replace")) for name in ("latin-1", "cp1252")}
    return not before.isascii() and re.sub(controls, "", after) in read


def _shares() -> dict[str, pl.Expr]:
    """By cause, whether a changed field looks like it; the first that most do is named."""
    before, after = pl.col("before"), pl.col("after")
    step = _grade("after") - _grade("before")
    return {
        BLANK: after.is_null(),
        WORD: after.str.to_lowercase().is_in(_WORDS),
        CASE: before.str.to_lowercase() == after.str.to_lowercase(),
        ENCODING: misread(),
        ZEROS: before.str.strip_chars_start("0") == after.str.strip_chars_start("0"),
        PREFIX: after.str.ends_with(before) & (before.str.len_chars() > 1),
        PROMOTED: step == 1,
        EARLIER_YEAR: (step == -1) | _days().is_between(*_YEAR),
    }


def _same_everywhere(rows: pl.DataFrame) -> str:
    if rows["after"].n_unique() == 1:
        return ONE_VALUE
    pairs = rows.select("before", "after").unique()
    swap = pairs.join(pairs, left_on=["before", "after"], right_on=["after", "before"], how="semi")
    return SWAPPED if pairs.height <= _FEW_VALUES and swap.height == pairs.height else ""


def _renamed_domain(rows: pl.DataFrame) -> str:
    local = [pl.col(name).str.extract("^(.*)@").str.to_lowercase() for name in ("before", "after")]
    moved = rows.lazy().filter(local[0] == local[1]).select(old=_domain("before"), new=_domain("after"))
    most = moved.group_by("old", "new").len().sort("len", "old", descending=[True, False]).collect()
    if most.is_empty() or most["len"].sum() < _MOST * rows.height:
        return ""
    return f"the e-mail domain was renamed from {most['old'][0]} to {most['new'][0]}"


def _moved(rows: pl.DataFrame) -> str:
    """Whether the values are those of other rows; ``line`` is the place of each in its file."""
    for step in (1, -1):
        other = rows.lazy().select(line=pl.col("line") + step, _before="before")
        near = rows.lazy().join(other, on="line").filter(pl.col("after") == pl.col("_before"))
        if near.select(pl.len()).collect().item() >= _SHIFTED * rows.height:
            return SHIFTED
    met = rows.select(pl.col("after").is_in(pl.col("before").implode()).mean()).item()
    return SORTED if met is not None and met >= _MOST else ""


def of_field(rows: pl.DataFrame) -> str:
    """The cause that the changes of one field suggest: before, after (text), line."""
    shares = rows.select(
        expr.fill_null(value=False).mean().alias(str(i)) for i, expr in enumerate(_shares().values())
    ).row(0)
    for cause, share in zip(_shares(), shares, strict=True):
        if share >= _MOST:
            return cause
    return _renamed_domain(rows) or _same_everywhere(rows) or _moved(rows)


def of_fields(rows: pl.DataFrame) -> dict[str, str]:
    """By field the cause that its changes suggest: node, field, before, after, line of one entity."""
    parts = {str(name): part for (name,), part in rows.partition_by("field", as_dict=True).items()}
    moved = _fields_with_values_of_others(rows)
    plain = {name: part for name, part in parts.items() if name != KEY_FIELD}
    out = {name: of_field(part) or (MOVED_CELLS if name in moved else "") for name, part in plain.items()}
    if KEY_FIELD in parts:
        keys = parts[KEY_FIELD]
        out[KEY_FIELD] = of_ids(keys["after"], keys["before"], alike=keys.height)
    if "given_name" in parts and "family_name" in parts:
        both = parts["given_name"].join(parts["family_name"], on="node", suffix="_family")
        swapped = (pl.col("after") == pl.col("before_family")) & (pl.col("after_family") == pl.col("before"))
        if both.height and (both.select(swapped.mean()).item() or 0) >= _MOST:
            out |= {"given_name": SWAPPED_NAMES, "family_name": SWAPPED_NAMES}
    return out


def _fields_with_values_of_others(rows: pl.DataFrame) -> set[str]:
    """The fields in which most records get what another field of theirs had: node, field, before, after."""
    after = rows.lazy().select("node", "field", value="after").drop_nulls("value")
    before = rows.lazy().select("node", "field", value="before").drop_nulls("value")
    met = after.join(before, on=["node", "value"]).filter(pl.col("field") != pl.col("field_right"))
    moved = met.unique(["node", "field"]).group_by("field").len("moved")
    share = pl.col("moved") / pl.col("len")
    most = rows.lazy().group_by("field").len().join(moved, on="field").filter(share >= _MOST)
    return set(most.collect()["field"])


def of_attributes(rows: pl.DataFrame, missing: list[str]) -> str:
    """Whether a column came that was not known: before and after are JSON objects; ``missing``: labels of columns that
    the file lacks.
    """
    first = rows.row(0, named=True)
    old, new = (set(json.loads(first[name] or "{}")) for name in ("before", "after"))
    for column in sorted(new - old):
        labels = {label.replace("_", ""): label for label in missing}
        near = get_close_matches(column.lower(), labels, n=1, cutoff=0.5)
        lost = f', and "{labels[near[0]]}" is missing' if near else ""
        return f'the column "{column}" is new{lost}: a misspelt header?'
    return ""


def of_ids(coming: pl.Series, going: pl.Series, *, alike: int = 0) -> str:
    """What new ids have to do with those that are gone; ``alike``: records that come and are equal to one that goes."""
    if coming.is_empty() or going.is_empty():
        return ""
    frames = [
        s.alias("id").to_frame().lazy().with_columns(pl.col("id").str.extract("([^/]*)$")) for s in (coming, going)
    ]
    prefix = _common_prefix(frames[0].collect()["id"])

    def met(new: pl.Expr, old: pl.Expr) -> float:
        found = frames[0].select(_k=new).join(frames[1].select(_k=old).unique(), on="_k", how="semi")
        return float(found.select(pl.len()).collect().item()) / coming.len()

    own = pl.col("id")
    if met(own.str.to_lowercase(), own.str.to_lowercase()) >= _MOST:
        return RECASED
    if met(own.str.strip_chars_start("0"), own.str.strip_chars_start("0")) >= _MOST:
        return STRIPPED
    for length in range(1, len(prefix) + 1):
        if met(own.str.slice(length), own) >= _MOST:
            return PREFIXED
    if alike >= _MOST * coming.len():
        return REISSUED
    return ANOTHER if going.len() >= _MOST * coming.len() else ""


def _common_prefix(ids: pl.Series) -> str:
    low, high = str(ids.min()), str(ids.max())
    same = 0
    while same < min(len(low), len(high)) and low[same] == high[same]:
        same += 1
    return low[:same]


def of_removed(groups: pl.DataFrame, *, deleted: float = 0) -> str:
    """Where records are missing. ``groups``: role, school_id, base, removed; every group that loses any.

    ``deleted``: the share of them that the source itself marks as deleted: those are not missing.
    """
    if deleted >= _MOST:
        return DELETED
    whole = groups.filter(pl.col("removed") >= pl.col("base"))
    lost = int(groups["removed"].sum())
    if int(whole["removed"].sum()) < _MOST * lost:
        return SHORT
    schools = whole["school_id"].n_unique()
    return (
        SCHOOL_MISSING if schools == 1 and groups["school_id"].n_unique() == 1 and whole["role"].len() else ROLE_MISSING
    )
