"""What a question is, and what an answer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from rosterkit.compare.delivered import Roster, id_of
from rosterkit.compare.settings import CompareSettings

EXAMPLES = 10
"""So many records prove an answer."""

PERSONAL = frozenset({"given_name", "family_name", "email", "username", "phone", "identifier", "state_id", "value"})
"""Columns of examples whose values are shown only where somebody asks for them."""

HIDDEN = "•••"
"""Stands for a personal value that is there and not shown."""


@dataclass(frozen=True)
class Found:
    """What a question finds in one source: the records, out of how many, and a clause where a count is not enough.

    ``rows`` has ``key`` (or already ``id``), and the columns that prove the answer. ``count`` where it is not the
    number of rows. ``not_asked``: why the question has no meaning for this source.
    """

    rows: pl.DataFrame
    of: int
    detail: str = ""
    count: int | None = None
    not_asked: str = ""

    @classmethod
    def without_meaning(cls, why: str) -> Found:
        """The question has no meaning for this source, for that reason."""
        return cls(pl.DataFrame(schema={"key": pl.String}), 0, not_asked=why)


Find = Callable[[Roster, CompareSettings], Found]


@dataclass(frozen=True)
class Question:
    """One question, asked of every source alike.

    ``warning`` and ``error``: from which percentage on a count is that severe; None: never. ``needs``: the entities
    without which it cannot be answered. ``show``: the columns of an example beside its id.
    """

    code: str
    group: str
    text: str
    remedy: str
    find: Find
    needs: tuple[str, ...]
    warning: float | None = None
    error: float | None = None
    reference: str = ""  # the item of the vendors' documents
    total: bool = False  # it counts what is there: no part of anything, and never severe

    def severity(self, count: int, percent: float) -> str:
        """``error``, ``warning``, ``info`` or "" (nothing to say)."""
        if not count or self.total:
            return ""
        if self.error is not None and percent >= self.error:
            return "error"
        if self.warning is not None and percent >= self.warning:
            return "warning"
        return "info"


@dataclass(frozen=True)
class Answer:
    """What one source answers. ``count`` is None where it cannot be answered, and ``why`` says so."""

    code: str
    source: str
    count: int | None
    of: int = 0
    severity: str = ""
    detail: str = ""
    why: str = ""
    examples: pl.DataFrame = field(default_factory=lambda: pl.DataFrame({"id": []}, schema={"id": pl.String}))

    @property
    def percent(self) -> float:
        """Of a hundred; 0 where there is nothing to be a part of."""
        return 100 * (self.count or 0) / self.of if self.of else 0.0

    @property
    def share(self) -> float:
        """From 0 to 1; 0 where it is not answered."""
        return min(1.0, self.percent / 100)


def answered(question: Question, roster: Roster, settings: CompareSettings, *, show_values: bool) -> Answer:
    """Asks the question of one source."""
    missing = [entity for entity in question.needs if entity in roster.absent]
    if missing:
        why = f"{missing[0]}: {roster.absent[missing[0]]}"
        return Answer(question.code, roster.name, None, why=why)
    found = question.find(roster, settings)
    if found.not_asked:
        return Answer(question.code, roster.name, None, why=found.not_asked)
    count = found.rows.height if found.count is None else found.count
    percent = 100 * count / found.of if found.of else 0.0
    return Answer(
        question.code,
        roster.name,
        count,
        found.of,
        question.severity(count, percent),
        found.detail,
        examples=shown(found.rows, show_values=show_values),
    )


def shown(rows: pl.DataFrame, *, show_values: bool) -> pl.DataFrame:
    """The first records by id, without personal values unless they are asked for; ``id`` stands in front."""
    ids = rows if "id" in rows.columns else rows.with_columns(id=id_of())
    first = ids.sort("id", nulls_last=True).head(EXAMPLES)
    columns = [name for name in first.columns if name not in ("key", "id")]
    texts = [_text(first, name, show_values=show_values) for name in columns]
    return first.select("id", *texts)


def _text(rows: pl.DataFrame, name: str, *, show_values: bool) -> pl.Expr:
    value = pl.col(name)
    if isinstance(rows.schema[name], pl.List):
        value = value.list.eval(pl.element().cast(pl.String)).list.join(", ")
    value = value.cast(pl.String)
    if name in PERSONAL and not show_values:
        value = pl.when(value.is_not_null()).then(pl.lit(HIDDEN))
    return value.alias(name)
